//! What the operator sets for servers that are processes.

use std::path::PathBuf;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::Deserialize;

/// How the processes are made and treated.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessSettings {
    /// The program and its arguments; `{port}`, `{id}` and `{name}` are filled in, the name with
    /// letters, digits and `._-` only. It has to stay in the foreground: when the process that was
    /// started ends, the server has failed.
    pub command: Vec<String>,
    /// The first port that a server may get.
    pub first_port: u16,
    /// The last one.
    pub last_port: u16,
    /// Where records and outputs lie.
    pub folder: PathBuf,
    /// A path that answers a GET with 2xx when the server is well; if absent, taking a connection
    /// is enough.
    pub health_path: Option<String>,
    /// The pause between two looks at a server that is well.
    #[serde(with = "duration")]
    pub health_interval: Duration,
    /// How long a server has to end after SIGTERM before it gets SIGKILL.
    #[serde(with = "duration")]
    pub stop_after: Duration,
    /// How long a server's output may become, in bytes, before it is put aside and begun anew; what
    /// was put aside before goes. Looked at every `health_interval`.
    pub output_bytes: u64,
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            first_port: 31_000,
            last_port: 31_999,
            folder: PathBuf::from("otter-servers"),
            health_path: None,
            health_interval: Duration::from_secs(5),
            stop_after: Duration::from_secs(10),
            output_bytes: 10 << 20,
        }
    }
}

impl ProcessSettings {
    /// What is right by itself and wrong together: the keys, the one to be told first, and what is wrong.
    pub(crate) fn problems(&self) -> Vec<(&'static [&'static str], &'static str)> {
        let mut found: Vec<(&'static [&'static str], &'static str)> = Vec::new();
        let mut tell = |wrong: bool, keys, what| found.extend(wrong.then_some((keys, what)));
        let program = self.command.first().is_some_and(|program| !program.is_empty());
        tell(!program, &["launcher.command"], "is required: the program and its arguments");
        let ports = &["launcher.last_port", "launcher.first_port"];
        tell(self.first_port > self.last_port, ports, "is below first_port");
        tell(self.health_interval.is_zero(), &["launcher.health_interval"], "must be longer than 0s");
        tell(self.output_bytes == 0, &["launcher.output_bytes"], "must be more than 0");
        found
    }
}
