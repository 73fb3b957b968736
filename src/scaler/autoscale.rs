//! Autoscale v1.0 scaling groups, moved by their policies.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use cloud::autoscale::{self, Executed, GroupEntry, Manifest, State};

use cloud::{Directory, Fault, Listed, Session, compute};

use super::{Detail, Scaled, Scaler, Seen, unreadable};
use crate::known::Known;
use crate::memo::Memo;
use crate::model::{Change, Direction, Effect, Fleet, Limits, Moves, Outcome, Step, Unreadable};
use crate::tick::Tick;

/// What is remembered of a group, beside what the journal keeps.
const KNOWN_GROUP: &str = "group";
/// What is remembered of a server.
const KNOWN_FLAVOR: &str = "server_flavor";
/// What is remembered of the list.
const KNOWN_LIST: &str = "group_list";
const PAGES: &str = "pages";

/// From so many groups on, their state is read from the paged list rather than one by one.
const LIST_FROM: usize = 10;
/// How long limits, policies and cooldowns from an earlier pass may stand in where no move depends on them.
const DETAILS_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Groups on one page of the list (the service's default and maximum).
const PAGE: usize = 100;

type Groups = Arc<Vec<GroupEntry>>;

/// The scaling groups of one account and region, for all groups of the settings.
pub struct Autoscale {
    session: Session,
    known: Arc<Known>,
    /// How many groups the settings name.
    configured: usize,
    list: Memo<(), Result<Groups, Unreadable>>,
}

/// One scaling group.
pub struct ScalingGroup {
    /// Its account's groups.
    pub autoscale: Arc<Autoscale>,
    /// Its name or id.
    pub reference: String,
    /// Policies that may move it up, by name or id.
    pub scale_up: Vec<String>,
    /// Policies that may move it down, by name or id.
    pub scale_down: Vec<String>,
    /// Whether each server's flavor is asked for.
    pub flavors: bool,
}

impl Autoscale {
    /// The groups that `session` signs in to; `configured` of them are worked.
    pub fn new(session: Session, known: Arc<Known>, configured: usize) -> Autoscale {
        Autoscale { session, known, configured, list: Memo::new() }
    }

    /// Whether reading the whole list takes fewer requests than asking for each group.
    fn list_is_cheaper(&self) -> bool {
        let pages = self.known.get(KNOWN_LIST, PAGES).and_then(|pages| pages.parse().ok());
        self.configured > pages.unwrap_or(0).max(LIST_FROM)
    }

    async fn list(&self, tick: &Tick) -> Result<Groups, Unreadable> {
        let ask = async {
            let groups = autoscale::groups(&self.session, tick.deadline).await.map_err(unreadable)?;
            self.known.put(KNOWN_LIST, PAGES, &(groups.len() / PAGE + 1).to_string());
            Ok(Arc::new(groups))
        };
        self.list.get(tick, (), ask).await
    }

    async fn find(&self, tick: &Tick, reference: &str) -> Result<String, Unreadable> {
        let list = self.list(tick).await?;
        let found = Directory::new(&list).find(reference).map(|entry| entry.id().to_owned());
        let id = found.map_err(|why| Unreadable::Failed(format!("scaling group: {why}")))?;
        self.known.put(KNOWN_GROUP, reference, &id);
        Ok(id)
    }

    /// The group's manifest, by its remembered id if there is one and it still holds.
    async fn manifest(&self, tick: &Tick, reference: &str) -> Result<Manifest, Unreadable> {
        if let Some(id) = self.known.get(KNOWN_GROUP, reference) {
            match autoscale::manifest(&self.session, &id, tick.deadline).await {
                Err(Fault::NotFound { .. }) => self.known.forget(KNOWN_GROUP, reference),
                other => return other.map_err(unreadable),
            }
        }
        let id = self.find(tick, reference).await?;
        autoscale::manifest(&self.session, &id, tick.deadline).await.map_err(unreadable)
    }

    /// The group's state from the list; none if the id that is remembered for it is not there any more.
    async fn listed_state(&self, tick: &Tick, reference: &str) -> Result<Option<State>, Unreadable> {
        let Some(id) = self.known.get(KNOWN_GROUP, reference) else { return Ok(None) };
        let list = self.list(tick).await?;
        // The service lists groups in the order of their ids; a search by halves costs nothing if it does not.
        let entry = list.binary_search_by(|entry| entry.id().cmp(&id)).ok().and_then(|at| list.get(at));
        Ok(entry.or_else(|| list.iter().find(|entry| entry.id() == id)).map(|entry| entry.state.clone()))
    }

    async fn flavors(&self, tick: &Tick, servers: &[String]) -> Result<Vec<String>, Unreadable> {
        let asked = servers.iter().map(|id| self.flavor(tick, id));
        join_all(asked).await.into_iter().collect()
    }

    async fn flavor(&self, tick: &Tick, server: &str) -> Result<String, Unreadable> {
        if let Some(flavor) = self.known.get(KNOWN_FLAVOR, server) {
            return Ok(flavor);
        }
        let flavor = compute::flavor_of(&self.session, server, tick.deadline).await.map_err(unreadable)?;
        self.known.put(KNOWN_FLAVOR, server, &flavor);
        Ok(flavor)
    }
}

impl ScalingGroup {
    /// The state from the list with details from an earlier pass, where that is cheaper and fresh enough.
    /// The list does not tell which servers are active, so it is no help where their flavors count.
    async fn remembered(&self, tick: &Tick, earlier: Option<&Fleet>) -> Result<Option<Fleet>, Unreadable> {
        let fresh =
            |fleet: &&Fleet| tick.at.duration_since(fleet.details_at) < DETAILS_FOR && self.knows(fleet);
        let useful = !self.flavors && self.autoscale.list_is_cheaper();
        let Some(earlier) = earlier.filter(fresh).filter(|_| useful) else { return Ok(None) };
        let state = self.autoscale.listed_state(tick, &self.reference).await?;
        Ok(state.map(|state| with_state(earlier.clone(), &state)))
    }

    /// Whether the moves that are remembered are those that the settings list now.
    fn knows(&self, fleet: &Fleet) -> bool {
        let steps = fleet.moves.steps();
        let names = |step: &Step, reference: &String| step.name == *reference || step.id == *reference;
        let listed = |direction| if direction == Direction::Up { &self.scale_up } else { &self.scale_down };
        steps.len() == self.scale_up.len() + self.scale_down.len()
            && steps.iter().all(|step| listed(step.direction).iter().any(|reference| names(step, reference)))
    }

    fn fleet_of(&self, manifest: &Manifest, at: Timestamp) -> Result<Fleet, Unreadable> {
        let up = steps(manifest, &self.scale_up, Direction::Up);
        let down = steps(manifest, &self.scale_down, Direction::Down);
        let problems: Vec<String> =
            [&up, &down].iter().filter_map(|steps| steps.as_ref().err().cloned()).collect();
        let (Ok(mut moves), Ok(down)) = (up, down) else {
            return Err(Unreadable::Failed(problems.join("; ")));
        };
        moves.extend(down);
        let fleet = Fleet {
            active: 0,
            desired: 0,
            limits: Limits { min: manifest.config.min, max: manifest.config.max },
            paused: false,
            trouble: None,
            cooldown: manifest.config.cooldown,
            moves: Moves::Steps(moves),
            flavor: manifest.launch.flavor.clone(),
            details_at: at,
        };
        Ok(with_state(fleet, &manifest.state))
    }
}

#[async_trait]
impl Scaler for ScalingGroup {
    async fn fleet(&self, tick: &Tick, detail: Detail<'_>) -> Result<Seen, Unreadable> {
        let remembered = match detail {
            Detail::Remembered(earlier) => self.remembered(tick, earlier).await?,
            Detail::Anew => None,
        };
        if let Some(fleet) = remembered {
            return Ok(Seen { fleet, flavors: None });
        }
        let manifest = self.autoscale.manifest(tick, &self.reference).await?;
        let flavors = match self.flavors {
            true => Some(self.autoscale.flavors(tick, &manifest.servers).await?),
            false => None,
        };
        Ok(Seen { fleet: self.fleet_of(&manifest, tick.at)?, flavors })
    }

    async fn scale(&self, tick: &Tick, change: &Change) -> Scaled {
        let Some(id) = self.autoscale.known.get(KNOWN_GROUP, &self.reference) else {
            let error = format!("the id of scaling group {:?} is not known", self.reference);
            return Scaled { outcome: Outcome::Failed, error: Some(error) };
        };
        let Some(policy) = &change.by else {
            let error = "a scaling group moves by its policies only".to_owned();
            return Scaled { outcome: Outcome::Failed, error: Some(error) };
        };
        let session = &self.autoscale.session;
        match autoscale::execute(session, &id, &policy.id, tick.deadline).await {
            Executed::Done => Scaled { outcome: Outcome::Executed, error: None },
            Executed::Refused { kind, message } => {
                Scaled { outcome: Outcome::Refused, error: Some(format!("{kind}: {message}")) }
            }
            Executed::Unknown(fault) => Scaled { outcome: Outcome::Unknown, error: Some(fault.to_string()) },
            Executed::Failed(fault) => {
                if matches!(fault, Fault::NotFound { .. }) {
                    self.autoscale.known.forget(KNOWN_GROUP, &self.reference);
                }
                Scaled { outcome: Outcome::Failed, error: Some(fault.to_string()) }
            }
        }
    }
}

/// `fleet` with the numbers of `state`.
fn with_state(fleet: Fleet, state: &State) -> Fleet {
    Fleet {
        active: state.active,
        desired: state.desired,
        paused: state.paused,
        trouble: trouble(state),
        ..fleet
    }
}

/// The group's own words, if it is in ERROR.
fn trouble(state: &State) -> Option<String> {
    let words =
        if state.errors.is_empty() { "it gives no reason".to_owned() } else { state.errors.join("; ") };
    (state.status == "ERROR").then_some(words)
}

/// The policies named by `references` in the manifest, or all problems with finding them.
fn steps(manifest: &Manifest, references: &[String], direction: Direction) -> Result<Vec<Step>, String> {
    let directory = Directory::new(&manifest.policies);
    let found = references.iter().map(|reference| {
        let policy = directory.find(reference).map_err(|why| why.to_string())?;
        step(policy, direction).ok_or_else(|| format!("{reference:?} has an effect that is unknown here"))
    });
    let (good, bad): (Vec<_>, Vec<_>) = found.partition(Result::is_ok);
    if !bad.is_empty() {
        let problems: Vec<String> = bad.into_iter().filter_map(Result::err).collect();
        return Err(format!("scaling policy: {}", problems.join("; ")));
    }
    Ok(good.into_iter().flatten().collect())
}

fn step(policy: &autoscale::Policy, direction: Direction) -> Option<Step> {
    let effect = match policy.effect? {
        autoscale::Effect::Change(n) => Effect::Change(n),
        autoscale::Effect::ChangePercent(p) => Effect::Percent(p),
        autoscale::Effect::DesiredCapacity(n) => Effect::Desired(n),
    };
    Some(Step {
        id: policy.id.clone(),
        name: policy.name.clone(),
        direction,
        effect,
        cooldown: policy.cooldown,
    })
}
