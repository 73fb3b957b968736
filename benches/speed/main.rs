//! How fast is it? Each figure compares the program as a user starts it with something known, side by side,
//! against a sandbox in another process.
//!
//! `cargo bench --no-default-features` prints all figures, `cargo bench --no-default-features -- warm`
//! one. docs/performance.md says what each means. In reading order:
//! * `cloud`: the sandbox in its own process, and what is told to it. `program`: loadscale in one place.
//! * `measure`: what a process cost; medians of runs that take turns. `http`: requests without a library.
//! * `memory`, `warm`, `journal`, `crowd`, `start`: a figure each. `replay`: one of the library, in process.

#![allow(clippy::print_stdout, reason = "a bench reports to whoever started it")]

use std::path::Path;

use anyhow::{Result, bail};

mod cloud;
mod crowd;
mod http;
mod journal;
mod measure;
mod memory;
mod program;
mod replay;
mod start;
mod warm;

type Figure = fn() -> Result<()>;

/// In the order of measuring. Memory comes first: the system only tells the largest of all processes that
/// have ended so far, and none after it is as large.
const FIGURES: [(&str, Figure); 6] = [
    ("memory", memory::figure),
    ("warm", warm::figure),
    ("journal", journal::figure),
    ("crowd", crowd::figure),
    ("start", start::figure),
    ("replay", replay::figure),
];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [serve, groups, balancers, folder] = words.as_slice()
        && serve == cloud::SERVE
    {
        return cloud::serve(groups.parse()?, balancers.parse()?, Path::new(folder));
    }
    let known = |word: &String| FIGURES.iter().any(|(name, _)| name == word);
    if let Some(stranger) = words.iter().find(|word| !known(word)) {
        bail!("there is no figure {stranger:?}; there are {}", FIGURES.map(|(name, _)| name).join(", "));
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    for (name, figure) in FIGURES.into_iter().filter(|(name, _)| wanted(name)) {
        println!("\n{name}");
        figure()?;
    }
    Ok(())
}
