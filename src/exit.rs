//! Exit statuses: what each means, and which wins when groups differ.

use std::process::ExitCode;

use crate::model::Outcome;
use crate::record::Record;

/// How a run of the program ended. The order is that of precedence: the first is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: every group was decided: acted, held, or refused by the scaling service's own rules.
    Done,
    /// 75: a group was locked by another pass.
    Locked,
    /// 1: a group could not be read, had no usable reading, or its action failed or is unknown.
    Failed,
    /// 3: the cloud refused the sign-in.
    SignInRefused,
    /// 2: usage, settings or credentials file.
    Usage,
}

impl Exit {
    /// The number that the shell sees.
    pub fn status(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::SignInRefused => 3,
            // EX_TEMPFAIL of sysexits.h: try again later.
            Exit::Locked => 75,
        }
    }

    /// What one record means for the exit status.
    pub fn of(record: &Record) -> Exit {
        match (record.reason.as_str(), record.outcome) {
            ("locked", _) => Exit::Locked,
            ("sign_in_refused", _) => Exit::SignInRefused,
            (_, Some(Outcome::Failed | Outcome::Unknown)) => Exit::Failed,
            ("fleet_unreadable" | "journal_unusable", _) => Exit::Failed,
            ("no_reading" | "stale_reading" | "reading_before_move" | "unknown_capacity" | "outage", _) => {
                Exit::Failed
            }
            _ => Exit::Done,
        }
    }

    /// The worst of all records.
    pub fn worst<'a>(records: impl IntoIterator<Item = &'a Record>) -> Exit {
        records.into_iter().map(Exit::of).max().unwrap_or(Exit::Done)
    }
}

/// The status of an error that kept a command from its work: settings and credentials unless it says other.
pub fn of_error(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<cloud::Fault>() {
        Some(cloud::Fault::SignInRefused { .. }) => Exit::SignInRefused,
        Some(cloud::Fault::Misconfigured(_)) | None => Exit::Usage,
        Some(_) => Exit::Failed,
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}
