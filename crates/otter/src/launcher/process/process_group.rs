//! The processes that a server is: told apart from all others, looked at, signalled and ended (Linux: /proc).

use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, spawn_blocking};

/// How often a group that is to end is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long a group that got SIGKILL may take before that is told and tried again.
const KILLED: Duration = Duration::from_secs(10);

/// A process group: the process that was started, which leads it, and those that it started.
///
/// Numbers are given again, so more than the number is kept: of the leader when it started, of the others
/// their session, and the boot in which that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessGroup {
    /// Its number, which was its leader's.
    id: i32,
    /// The session that all of its processes are in.
    session: i32,
    /// When the leader started, in clock ticks since the boot; `None` if it had ended when the group was found.
    started: Option<u64>,
    /// The boot of the machine, by the name that Linux gives it.
    boot: String,
}

impl ProcessGroup {
    /// The group that a process is in; `None` if there is no such process.
    pub(super) fn of(process: i32) -> Option<Self> {
        let Stat { group: id, session, .. } = Stat::of(process)?;
        Some(Self { id, session, started: Stat::of(id).map(|leader| leader.started), boot: boot() })
    }

    /// Whether the process that was started lives.
    pub(super) fn leader_lives(&self) -> bool {
        let leader = Stat::of(self.id).filter(Stat::lives);
        leader.is_some_and(|leader| Some(leader.started) == self.started) && self.boot == boot()
    }

    /// Whether any of its processes lives. One that has ended and that nobody has asked about since (a zombie)
    /// does not: where nothing takes in orphans, it stays for ever.
    pub(super) fn lives(&self) -> bool {
        // Without a process there is no need to look at all of them, and with its leader there is none, either.
        let some = Pid::from_raw(self.id)
            .is_some_and(|id| test_kill_process_group(id) != Err(rustix::io::Errno::SRCH));
        if !some || self.boot != boot() {
            return false;
        }
        match Stat::of(self.id) {
            // As long as a group lives its number is given to nobody, so a leader with another start is another's.
            Some(leader) if Some(leader.started) != self.started => false,
            Some(leader) if self.is_member(&leader) => true,
            _ => processes().filter_map(Stat::of).any(|process| self.is_member(&process)),
        }
    }

    fn is_member(&self, process: &Stat) -> bool {
        process.lives() && (process.group, process.session) == (self.id, self.session)
    }

    /// Sends a signal to all of its processes, if there are any.
    fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(id) = Pid::from_raw(self.id).filter(|_| self.lives()) else { return Ok(()) };
        match kill_process_group(id, signal) {
            // They have just ended.
            Err(rustix::io::Errno::SRCH) => Ok(()),
            sent => Ok(sent?),
        }
    }

    /// SIGTERM to all of its processes, SIGKILL to those that have not ended after a while; returns when none
    /// lives.
    pub(super) async fn end(&self, patience: Duration) {
        self.signal_and_tell(Signal::TERM).await;
        if self.ends_within(patience).await {
            return;
        }
        tracing::warn!(group = self.id, "processes do not end by themselves");
        self.signal_and_tell(Signal::KILL).await;
        while !self.ends_within(KILLED).await {
            tracing::error!(group = self.id, "processes do not even end when they are killed");
            self.signal_and_tell(Signal::KILL).await;
        }
    }

    async fn signal_and_tell(&self, signal: Signal) {
        let sent =
            self.aside(move |group| group.signal(signal)).await.unwrap_or_else(|error| Err(error.into()));
        if let Err(error) = sent {
            tracing::error!(group = self.id, ?signal, %error, "processes cannot be signalled");
        }
    }

    async fn ends_within(&self, patience: Duration) -> bool {
        let ended = async {
            // What could not be looked at may live.
            while self.aside(Self::lives).await.unwrap_or(true) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(patience, ended).await.is_ok()
    }

    /// Looks through /proc where that keeps nobody waiting.
    async fn aside<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let group = self.clone();
        spawn_blocking(move || look(&group)).await
    }
}

/// The numbers of all processes.
pub(super) fn processes() -> impl Iterator<Item = i32> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.parse().ok())
}

/// The name of this boot. Where it cannot be read it is the same for all.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// What the system tells anybody of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    group: i32,
    session: i32,
    started: u64,
}

impl Stat {
    fn of(process: i32) -> Option<Self> {
        // A name need not be text. One that has just ended tells nothing.
        Self::read(&String::from_utf8_lossy(&fs::read(format!("/proc/{process}/stat")).ok()?))
    }

    /// The fields 3, 5, 6 and 22 of /proc/PID/stat, see proc_pid_stat(5); the name before them, in brackets,
    /// may hold spaces and brackets.
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Self {
            state: field(3)?.chars().next()?,
            group: field(5)?.parse().ok()?,
            session: field(6)?.parse().ok()?,
            started: field(22)?.parse().ok()?,
        })
    }

    fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use super::*;

    /// A process that waits, and leads a group of its own.
    fn sleeper() -> (Child, ProcessGroup) {
        let child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let group = ProcessGroup::of(i32::try_from(child.id()).unwrap()).unwrap();
        (child, group)
    }

    #[test]
    fn a_line_of_a_process_is_read_whatever_its_name() {
        let line = "7 (a) R 1 (b) S 1 6 5 0 -1 4194304 101 0 0 0 0 0 0 0 20 0 1 0 2505309 3133440 388";
        let read = Stat::read(line);
        assert_eq!(read, Some(Stat { state: 'S', group: 6, session: 5, started: 2_505_309 }));
        assert_eq!(Stat::read("7 (cut) S 1 6"), None);
        assert_eq!(Stat::read(""), None);
    }

    #[test]
    fn a_number_that_was_given_again_is_not_ours() {
        let (mut child, ours) = sleeper();
        assert!(ours.leader_lives() && ours.lives());
        let later = ProcessGroup { started: ours.started.map(|started| started + 1), ..ours.clone() };
        let of_another_boot = ProcessGroup { boot: "another".to_owned(), ..ours.clone() };
        let of_another_session = ProcessGroup { session: ours.session + 1, ..ours.clone() };
        for other in [&later, &of_another_boot, &of_another_session] {
            assert!(!other.lives(), "{other:?}");
            other.signal(Signal::KILL).unwrap();
        }
        assert!(!later.leader_lives() && !of_another_boot.leader_lives());
        assert!(ours.leader_lives(), "nobody has signalled it");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn a_process_that_has_ended_and_was_not_asked_about_does_not_live() {
        let (mut child, group) = sleeper();
        // Returns although nobody asks about the child, which stays a zombie.
        group.end(Duration::from_secs(60)).await;
        assert!(!group.leader_lives() && !group.lives());
        child.wait().unwrap();
        group.signal(Signal::KILL).unwrap();
    }
}
