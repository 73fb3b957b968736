//! From what the user wrote to a controller that can work: settings, credentials, session, parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cloud::Session;
use cloud::heroku::{Access, Heroku};
use sha2::{Digest, Sha256};

use crate::cli::CommonArgs;
use crate::controller::{Controller, Group};
use crate::credentials::{self, Found, Secrets, Wanted};
use crate::journal::jsonl::Jsonl;
use crate::journal::{Journal, Rehearsal};
use crate::known::Known;
use crate::monitor::Monitor;
use crate::monitor::balancers::{Balancers, Connections};
use crate::monitor::octavia::Octavia;
use crate::monitor::rackspace_lb::RackspaceLb;
use crate::notifier::{Notices, Watch};
use crate::scaler::Scaler;
use crate::scaler::autoscale::{Autoscale, ScalingGroup};
use crate::scaler::heroku::{Apps, ProcessType};
use crate::settings::{
    self, CloudSettings, Flavors, GroupSettings, MonitorSettings, ScalerSettings, Settings, Surroundings,
};

mod archive;
mod heartbeat;
mod notifiers;

pub use archive::Archive;

/// Everything a command needs to know before it starts.
pub struct Setup {
    /// What the user set, all groups included.
    pub settings: Settings,
    /// Who signs in, and where that was found.
    pub credentials: Found,
    /// What else is secret, looked up when a part needs it.
    pub secrets: Secrets,
    /// Where journals, the token, names and notices are kept.
    pub state_dir: PathBuf,
    /// The groups that were asked for, in the order of the settings.
    pub groups: Vec<GroupSettings>,
}

/// Where the key to Heroku is found; the variable is that of Heroku's own command line.
const HEROKU_KEY: Wanted<'_> = Wanted {
    what: "the key to Heroku's Platform API",
    variable: "HEROKU_API_KEY",
    section: "heroku",
    key: "api_key",
};

/// The parts that groups share.
struct Shared {
    known: Arc<Known>,
    rackspace_lb: Arc<Balancers<RackspaceLb>>,
    octavia: Arc<Balancers<Octavia>>,
    autoscale: Arc<Autoscale>,
    /// None where no group is an app's.
    apps: Option<Arc<Apps>>,
}

impl Setup {
    /// Reads settings and credentials, as the command line and the environment of this process say.
    ///
    /// # Errors
    /// Every problem of the settings file at once; else that of the credentials; a `--group` that is not
    /// in the settings; no folder to keep state in.
    pub fn load(args: &CommonArgs) -> Result<Setup> {
        let around = Surroundings::of_process().context("the environment cannot be read")?;
        Setup::load_in(&around, args.settings.as_deref(), &state_dir(args)?, &args.groups)
    }

    /// The same in other surroundings.
    ///
    /// # Errors
    /// See [`Setup::load`].
    pub fn load_in(
        around: &Surroundings,
        file: Option<&Path>,
        state_dir: &Path,
        groups: &[String],
    ) -> Result<Setup> {
        let mut settings = settings::load(file, around)?;
        let credentials = credentials::find(&settings.cloud, around)?;
        credentials.complete(&mut settings);
        let groups = chosen(&settings, groups)?;
        let secrets = Secrets::new(&settings.cloud, around);
        Ok(Setup { settings, credentials, secrets, state_dir: state_dir.to_owned(), groups })
    }

    /// A session with the cloud of the settings, which has not signed in yet.
    ///
    /// # Errors
    /// Addresses or credentials that cannot work together.
    pub fn session(&self) -> Result<Session> {
        let config = self.settings.cloud.config(self.credentials.credentials.clone(), &self.state_dir);
        Ok(Session::new(config)?)
    }

    /// A controller over the chosen groups; in a dry run one that changes and writes nothing.
    ///
    /// # Errors
    /// See [`Setup::session`]; a group or a notifier without a secret that it needs.
    pub fn controller(&self, dry_run: bool) -> Result<Controller> {
        let session = self.session()?;
        let notices = Arc::new(Notices::new(self.watches()?, &self.state_dir, dry_run));
        let known =
            Arc::new(Known::open(Some(self.state_dir.join(format!("known-{}.json", self.cloud_key())))));
        let shared = Shared {
            rackspace_lb: Arc::new(Balancers::new(RackspaceLb::new(session.clone()), Arc::clone(&known))),
            octavia: Arc::new(Balancers::new(
                Octavia::new(session.clone(), Arc::clone(&known)),
                Arc::clone(&known),
            )),
            autoscale: Arc::new(Autoscale::new(session, Arc::clone(&known), self.groups.len())),
            apps: self.apps()?,
            known,
        };
        let capacity = Arc::new(self.settings.capacity.clone());
        let group = |group: &GroupSettings| -> Result<Group> {
            Ok(Group {
                name: group.name.clone(),
                key: self.group_key(group),
                rules: group.rules.clone(),
                monitor: self.monitor(group, &shared)?,
                scaler: self.scaler(group, &shared)?,
                capacity: Arc::clone(&capacity),
                fixed: group.fixed_servers.clone(),
            })
        };
        let groups = self.groups.iter().map(group).collect::<Result<_>>()?;
        let real = self.journal();
        let journal: Box<dyn Journal> = if dry_run { Box::new(Rehearsal::new(real)) } else { Box::new(real) };
        Ok(Controller { groups, journal, notices, known: shared.known, dry_run })
    }

    fn watches(&self) -> Result<Vec<Watch>> {
        let watches =
            self.settings.notifiers.iter().map(|notifier| notifiers::watch(notifier, &self.secrets));
        Ok(watches.collect::<Result<_, _>>()?)
    }

    /// Where the groups' pasts are kept.
    pub fn journal(&self) -> Jsonl {
        journal(&self.state_dir)
    }

    fn monitor(&self, group: &GroupSettings, shared: &Shared) -> Result<Box<dyn Monitor>> {
        Ok(match &group.monitor {
            MonitorSettings::RackspaceLb { load_balancers, stats_cache } => {
                let balancers = Arc::clone(&shared.rackspace_lb);
                Box::new(Connections {
                    balancers,
                    references: load_balancers.clone(),
                    stats_cache: *stats_cache,
                })
            }
            MonitorSettings::Octavia { load_balancers, stats_cache } => {
                let balancers = Arc::clone(&shared.octavia);
                Box::new(Connections {
                    balancers,
                    references: load_balancers.clone(),
                    stats_cache: *stats_cache,
                })
            }
            MonitorSettings::Heartbeat(settings) => Box::new(
                heartbeat::monitor(settings, &self.secrets)
                    .with_context(|| format!("group {:?}: its heartbeat", group.name))?,
            ),
        })
    }

    fn scaler(&self, group: &GroupSettings, shared: &Shared) -> Result<Box<dyn Scaler>> {
        Ok(match &group.scaler {
            ScalerSettings::Autoscale { group: reference, scale_up, scale_down } => Box::new(ScalingGroup {
                autoscale: Arc::clone(&shared.autoscale),
                reference: reference.clone(),
                scale_up: scale_up.clone(),
                scale_down: scale_down.clone(),
                flavors: group.flavors == Flavors::Servers,
            }),
            ScalerSettings::Heroku { app, process } => {
                let apps = shared.apps.as_ref().context("no way to Heroku was made")?;
                let least = u32::from(group.rules.widest().min != Some(0));
                let (apps, app, process) = (Arc::clone(apps), app.clone(), process.clone());
                Box::new(ProcessType { apps, app, process, least })
            }
        })
    }

    /// The way to Heroku, if a group needs one.
    fn apps(&self) -> Result<Option<Arc<Apps>>> {
        let needed = |group: &GroupSettings| matches!(group.scaler, ScalerSettings::Heroku { .. });
        if !self.groups.iter().any(needed) {
            return Ok(None);
        }
        let cloud = &self.settings.cloud;
        let heroku = Heroku::new(Access {
            key: self.secrets.one(HEROKU_KEY)?,
            address: cloud.endpoints.heroku.clone(),
            ca_file: cloud.ca_file.clone(),
            allow_plain_http: cloud.allow_plain_http,
            pacing: ::cloud::Pacing::default(),
        })?;
        Ok(Some(Arc::new(Apps::new(heroku))))
    }

    fn cloud_key(&self) -> String {
        cloud_key(&self.settings.cloud, &self.credentials.account())
    }

    /// The key of a group's journal.
    pub fn group_key(&self, group: &GroupSettings) -> String {
        group_key(&self.cloud_key(), group)
    }
}

/// Where the groups' pasts are kept below the state folder.
fn journal(state_dir: &Path) -> Jsonl {
    Jsonl::new(state_dir.join("groups"))
}

/// Tells clouds apart: the same scaling group of the same cloud and account always has the same journal.
fn cloud_key(cloud: &CloudSettings, account: &str) -> String {
    let place = [cloud.identity_url.as_ref(), cloud.region.as_ref(), cloud.endpoints.autoscale.as_ref()];
    short_hash(&(place, cloud.endpoints.load_balancer.as_ref(), account))
}

fn group_key(cloud_key: &str, group: &GroupSettings) -> String {
    format!("{}-{}", slug(&group.name), short_hash(&(cloud_key, &group.name, group.scaler.target())))
}

/// A group's name as a folder can bear it.
fn slug(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    name.chars().map(word).take(40).collect()
}

/// The groups that `--group` names, or all.
fn chosen(settings: &Settings, names: &[String]) -> Result<Vec<GroupSettings>> {
    let unknown: Vec<&str> =
        names.iter().filter(|name| settings.group(name).is_none()).map(String::as_str).collect();
    if !unknown.is_empty() {
        let known: Vec<&str> = settings.groups.iter().map(|group| group.name.as_str()).take(10).collect();
        bail!(
            "--group {}: {} has no such group; it has {}",
            unknown.join(", "),
            settings.path.display(),
            known.join(", ")
        );
    }
    let wanted = |group: &&GroupSettings| names.is_empty() || names.contains(&group.name);
    Ok(settings.groups.iter().filter(wanted).cloned().collect())
}

/// Where state is kept: `--state-dir`, else the user's state folder.
///
/// # Errors
/// When there is neither.
pub fn state_dir(args: &CommonArgs) -> Result<PathBuf> {
    if let Some(dir) = &args.state_dir {
        return Ok(dir.clone());
    }
    // Where the system knows no state folder, its folder for local data serves.
    let base = dirs::state_dir().or_else(dirs::data_local_dir);
    Ok(base
        .context("no home folder is known to keep state in; name a folder with --state-dir")?
        .join("loadscale"))
}

/// The first 48 bits of a SHA-256, enough to keep a few thousand names apart.
fn short_hash(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_vec(value).unwrap_or_default();
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
