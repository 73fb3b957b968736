//! Process types of Heroku apps, set to any number of dynos.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::heroku::{Dyno, Formation, Heroku};
use cloud::{Fault, Undone};
use jiff::Timestamp;

use super::{Detail, Scaled, Scaler, Seen, unreadable};
use crate::memo::Memo;
use crate::model::{Change, Fleet, Limits, Moves, Outcome, Unreadable};
use crate::tick::Tick;

type Dynos = Result<Arc<Vec<Dyno>>, Unreadable>;

/// The apps of one account.
pub struct Apps {
    heroku: Heroku,
    /// An app's dynos are asked for once a pass, however many of its process types are scaled.
    dynos: Memo<String, Dynos>,
}

impl Apps {
    /// Those that `heroku` has the key to.
    pub fn new(heroku: Heroku) -> Apps {
        Apps { heroku, dynos: Memo::new() }
    }

    async fn dynos(&self, tick: &Tick, app: &str) -> Dynos {
        let ask = async { self.heroku.dynos(app, tick.deadline).await.map(Arc::new).map_err(unreadable) };
        self.dynos.get(tick, app.to_owned(), ask).await
    }
}

/// One process type of an app. Nothing of it is remembered from pass to pass.
pub struct ProcessType {
    /// Its account's apps.
    pub apps: Arc<Apps>,
    /// The app, by name or id.
    pub app: String,
    /// The process type, such as `web`.
    pub process: String,
    /// No fewer dynos, whatever is decided: an app is shut down only where `min = 0` says so.
    pub least: u32,
}

impl ProcessType {
    /// A fleet by its formation and the dynos of the app.
    fn fleet_of(&self, formation: Formation, dynos: &[Dyno], at: Timestamp) -> Fleet {
        // What an account may have of the larger sizes differs, and is not told: the settings say how many.
        let most = formation.most().unwrap_or(u32::MAX);
        Fleet {
            active: serving(dynos, &self.process),
            desired: formation.quantity,
            limits: Limits { min: self.least.min(most), max: most },
            paused: false,
            trouble: None,
            cooldown: Duration::ZERO,
            moves: Moves::Exact,
            flavor: Some(formation.size),
            details_at: at,
        }
    }
}

/// Dynos that serve; idle ones do as soon as somebody asks. Those that are starting, or have crashed and will
/// be started again, are on their way.
fn serving(dynos: &[Dyno], process: &str) -> u32 {
    let serves = |dyno: &&Dyno| dyno.process == process && matches!(dyno.state.as_str(), "up" | "idle");
    u32::try_from(dynos.iter().filter(serves).count()).unwrap_or(u32::MAX)
}

#[async_trait]
impl Scaler for ProcessType {
    async fn fleet(&self, tick: &Tick, _detail: Detail<'_>) -> Result<Seen, Unreadable> {
        let formation = self.apps.heroku.formation(&self.app, &self.process, tick.deadline);
        let (formation, dynos) = futures::join!(formation, self.apps.dynos(tick, &self.app));
        let fleet = self.fleet_of(formation.map_err(unreadable)?, &dynos?, tick.at);
        Ok(Seen { fleet, flavors: None })
    }

    async fn scale(&self, tick: &Tick, change: &Change) -> Scaled {
        let told = |outcome, fault: Fault| Scaled { outcome, error: Some(fault.to_string()) };
        match self.apps.heroku.scale(&self.app, &self.process, change.to, tick.deadline).await {
            Ok(()) => Scaled { outcome: Outcome::Executed, error: None },
            Err(Undone::Failed(fault)) => told(Outcome::Failed, fault),
            Err(Undone::Unknown(fault)) => told(Outcome::Unknown, fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynos_that_are_starting_do_not_serve_yet() {
        let dyno = |process: &str, state: &str| Dyno { process: process.into(), state: state.into() };
        let dynos = [
            dyno("web", "up"),
            dyno("web", "starting"),
            dyno("web", "idle"),
            dyno("web", "crashed"),
            dyno("worker", "up"),
            dyno("run", "up"),
        ];
        assert_eq!((serving(&dynos, "web"), serving(&dynos, "worker"), serving(&dynos, "clock")), (2, 1, 0));
    }
}
