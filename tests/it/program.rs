//! The program as a user starts it, and what it answered.

use std::path::Path;
use std::process::{Command, Output};

/// The program in an empty home, so that nothing of the machine's user reaches in.
pub(crate) fn loadscale(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadscale"));
    command.env_clear().current_dir(home).env("HOME", home);
    command
}

/// What a finished run said and how it ended.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end.
pub(crate) fn answer(command: &mut Command) -> Answer {
    Answer::from(command.output().expect("the program starts"))
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        Answer {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
