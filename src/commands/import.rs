//! `loadscale import`: settings of other programs, brought over.

use std::fs::{self, File as NewFile};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::exit::Exit;
use crate::import::{File, Imported, import};
use crate::output::Printer;
use crate::settings::{self, SettingsError, Surroundings};

/// What came of it, as `--json` tells it.
#[derive(Serialize)]
struct Line<'a> {
    settings: &'a str,
    changes: &'a [String],
}

/// Brings the files over, and prints the settings or writes them to `output` and prints what changed.
///
/// # Errors
/// Files that cannot be read or brought over, settings that would not be taken, and an output that is there already.
pub fn run(json: bool, files: &[PathBuf], output: Option<&Path>, environment: Option<&str>) -> Result<Exit> {
    let texts = files.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let files: Vec<File<'_>> = texts.iter().map(|(name, text)| File { name, text }).collect();
    let imported = import(&files, environment)?;
    ensure_taken(&imported, output)?;
    if let Some(path) = output {
        write(path, &imported.settings)?;
    }
    print(json, &imported, output);
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<(String, String)> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok((path.display().to_string(), text))
}

/// What has been written here must be settings. Without a group it is the beginning of some.
fn ensure_taken(imported: &Imported, output: Option<&Path>) -> Result<()> {
    let around = Surroundings::of_process().context("the environment cannot be read")?;
    let path = output.unwrap_or(Path::new("settings.toml"));
    match settings::from_text(&imported.settings, path, &around) {
        Err(SettingsError::Faulty(problems)) if imported.has_group => {
            bail!("what was imported contradicts itself; mend it there and import it again: {problems}")
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, settings: &str) -> Result<()> {
    let file = NewFile::options().write(true).create_new(true).open(path);
    let mut file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already; move it away, or name another file with --output", path.display())
        }
        file => file.with_context(|| format!("{} cannot be written", path.display()))?,
    };
    file.write_all(settings.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))
}

fn print(json: bool, imported: &Imported, output: Option<&Path>) {
    let mut printer = Printer::new(json, []);
    match output {
        _ if json => printer.json_line(&Line { settings: &imported.settings, changes: &imported.changes }),
        None => imported.settings.lines().for_each(|line| printer.line(line)),
        Some(path) => {
            printer.line(&format!("{} is written. What is not as it was, and why:", path.display()));
            imported.changes.iter().for_each(|change| printer.line(&format!("* {change}")));
        }
    }
}
