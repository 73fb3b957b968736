//! The fixture: a sandbox in this process, and a home with settings and credentials that fit it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sandbox::{Api, Ask, Entry, GroupPlan, LoadBalancer, Plan, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Answer, answer_of, loadscale};

/// The names of the small cloud.
pub(crate) const BALANCER: &str = "load_balancer";
pub(crate) const GROUP: &str = "Group01";
/// The capacity of one server in these settings.
pub(crate) const PER_SERVER: u64 = 50;
/// Connections that are right for the two servers of the small cloud.
pub(crate) const RIGHT: u64 = 90;
/// Connections that are too many for them, and right for three.
pub(crate) const HIGH: u64 = 140;
/// Longer than any test by the real clock, so that only the sandbox's clock ends it.
pub(crate) const BOOT: Duration = Duration::from_secs(3600);
/// The settings' own cooldown, longer than any test too.
pub(crate) const LONG_COOLDOWN: &str = "cooldown = \"1h\"";

/// A cloud, and a user of it.
pub(crate) struct Stage {
    pub(crate) cloud: Sandbox,
    home: TempDir,
    face: Face,
    /// The program's environment, beside its home.
    variables: Vec<(&'static str, String)>,
}

/// Which of the cloud's two faces the user looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    /// Identity v2.0 and Cloud Load Balancers, with a credentials file.
    Rackspace,
    /// Keystone v3 and Octavia, with credentials in the environment.
    OpenStack,
}

/// One balancer and one group of two servers, whose next ones take an hour of the sandbox's clock to boot.
pub(crate) fn small() -> Plan {
    let group = GroupPlan { min: 2, ..GroupPlan::default() };
    Plan { real: false, boot_delay: BOOT, groups: vec![group], ..Plan::default() }
}

impl Stage {
    /// The small cloud with the right load, and settings without any rules.
    pub(crate) async fn start() -> Stage {
        Stage::with(small()).await
    }

    /// The cloud of `plan`, and settings for its first group.
    pub(crate) async fn with(plan: Plan) -> Stage {
        let stage = Stage::set(plan, Face::Rackspace).await;
        stage.credentials(&format!("api_key = {}", stage.cloud.plan().account.api_key));
        stage
    }

    /// The same from its OpenStack side, signed in to with an application credential.
    pub(crate) async fn openstack(plan: Plan) -> Stage {
        let mut stage = Stage::set(plan, Face::OpenStack).await;
        let account = stage.cloud.plan().account.clone();
        stage.variables = vec![
            ("OS_APPLICATION_CREDENTIAL_ID", account.application_credential_id),
            ("OS_APPLICATION_CREDENTIAL_SECRET", account.application_credential_secret),
        ];
        stage
    }

    async fn set(plan: Plan, face: Face) -> Stage {
        let cloud = Sandbox::start(plan).await.expect("a sandbox");
        let home = tempfile::tempdir().expect("a folder");
        let stage = Stage { cloud, home, face, variables: Vec::new() };
        stage.rules("");
        if stage.cloud.load_balancer(BALANCER).is_some() {
            stage.load(RIGHT);
        }
        stage
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home().join("state")
    }

    /// Lets the first balancer carry so many connections.
    pub(crate) fn load(&self, connections: u64) {
        self.balancer().set_connections(Some((connections, 0)));
    }

    pub(crate) fn balancer(&self) -> &LoadBalancer {
        self.cloud.load_balancer(BALANCER).expect("the small cloud's balancer")
    }

    /// Writes the credentials file: the user, and `secret` as a line of it.
    pub(crate) fn credentials(&self, secret: &str) {
        let username = &self.cloud.plan().account.username;
        let path = self.home().join("credentials");
        fs::write(&path, format!("[rackspace_cloud]\nusername = {username}\n{secret}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }

    /// Writes settings for the small cloud's group with more lines for it.
    pub(crate) fn rules(&self, more: &str) {
        self.settings(&group_table(GROUP, BALANCER, more));
    }

    /// Has the program find these variables and no others.
    pub(crate) fn variables(&mut self, variables: Vec<(&'static str, String)>) {
        self.variables = variables;
    }

    /// Writes settings: how to reach this cloud, what servers carry, and `groups`.
    pub(crate) fn settings(&self, groups: &str) {
        let cloud = match self.face {
            Face::Rackspace => {
                format!("credentials = \"credentials\"\nidentity_url = {:?}", self.cloud.identity_url())
            }
            Face::OpenStack => {
                format!("kind = \"openstack\"\nidentity_url = {:?}", self.cloud.keystone_url())
            }
        };
        let text = format!(
            "[cloud]\nregion = {:?}\n{cloud}\n\
             [cloud.rates]\nautoscale = \"unlimited\"\nload_balancer = \"unlimited\"\n\
             [capacity]\n\"general1-2\" = {PER_SERVER}\n{groups}",
            self.cloud.plan().region
        );
        fs::write(self.home().join("settings.toml"), text).expect("written");
    }

    /// The program, with this home's settings and state and `--json`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.state(), args)
    }

    /// The same with another state folder, as another user's or machine's would be.
    pub(crate) fn command_in(&self, state: &Path, args: &[&str]) -> Command {
        let mut command = loadscale(self.home());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(["--json".as_ref(), "--state-dir".as_ref(), state.as_os_str()]);
        command.args(args.iter().map(OsStr::new));
        command
    }

    /// One run to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Answer {
        answer_of(self.command(args)).await
    }

    /// A pass that finds all well, after which ids and token are known and the group's journal has begun.
    pub(crate) async fn warm(&self) {
        self.load(RIGHT);
        self.run(&[]).await.told("null", "inside_band", 0);
    }

    /// Pauses the first group, as its owner would.
    pub(crate) async fn pause(&self) {
        let id = self.group_ids().await.swap_remove(0);
        let url = format!("{}/groups/{id}/pause", self.cloud.autoscale_url());
        let paused = http().post(url).header("X-Auth-Token", self.own_token().await).send().await;
        assert!(paused.expect("an answer").status().is_success());
    }

    /// The ids of the first hundred groups.
    pub(crate) async fn group_ids(&self) -> Vec<String> {
        let url = format!("{}/groups", self.cloud.autoscale_url());
        let list = http().get(url).header("X-Auth-Token", self.own_token().await).send().await;
        let list: Value = list.expect("an answer").json().await.expect("JSON");
        let groups = list["groups"].as_array().expect("a list").iter();
        groups.map(|group| group["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// A token for what the fixture itself does.
    async fn own_token(&self) -> String {
        let account = &self.cloud.plan().account;
        let (username, key) = (&account.username, &account.api_key);
        let body =
            json!({ "auth": { "RAX-KSKEY:apiKeyCredentials": { "username": username, "apiKey": key } } });
        let url = format!("{}/tokens", self.cloud.identity_url());
        let signed_in = http().post(url).json(&body).send().await.expect("an answer");
        let grant: Value = signed_in.json().await.expect("JSON");
        grant["access"]["token"]["id"].as_str().expect("a token").to_owned()
    }

    /// What was asked from the `mark`th request on.
    pub(crate) fn asked(&self, mark: u64) -> Vec<Ask> {
        self.cloud.requests().since(mark).into_iter().map(|entry: Entry| entry.ask).collect()
    }

    /// The number of the next request.
    pub(crate) fn mark(&self) -> u64 {
        self.cloud.requests().total()
    }

    /// How often policies really were executed.
    pub(crate) fn executions(&self) -> u64 {
        self.cloud.executions().total()
    }

    /// Everything below the state folder: path and content.
    pub(crate) fn state_files(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        collect(&self.state(), &mut found);
        found
    }

    /// The lines of the group's journal, or nothing.
    pub(crate) fn journal(&self) -> String {
        let is_journal = |path: &Path| path.extension().is_some_and(|extension| extension == "jsonl");
        self.state_files().into_iter().filter(|(path, _)| is_journal(path)).map(|(_, text)| text).collect()
    }

    /// The file that holds the token.
    #[track_caller]
    pub(crate) fn token_file(&self) -> PathBuf {
        let mut files = self.state_files().into_iter().map(|(path, _)| path).filter(|path| is_token(path));
        files.next().expect("a token file")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let deviations = crate::retraced::deviations(self.home());
        assert!(deviations.is_empty() || std::thread::panicking(), "decided otherwise:\n{deviations:#?}");
    }
}

/// A client that looks neither for certificates nor for a proxy.
fn http() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().expect("a client")
}

/// Whether this is the one file that may hold a secret.
pub(crate) fn is_token(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("token-"))
}

/// A `[[group]]` that moves by the sandbox's usual policies.
pub(crate) fn group_table(group: &str, balancer: &str, more: &str) -> String {
    format!(
        "[[group]]\nname = {group:?}\nload_balancers = [{balancer:?}]\n\
         scale_up = [\"add_on\"]\nscale_down = [\"remove_1\"]\n{more}\n"
    )
}

/// The service that answers a kind of request.
pub(crate) fn service_of(ask: Ask) -> Api {
    match ask {
        Ask::SignIn | Ask::TokenCheck => Api::Identity,
        Ask::LoadBalancerList | Ask::LoadBalancer | Ask::Nodes | Ask::Stats => Api::LoadBalancer,
        Ask::Servers | Ask::Server | Ask::Flavors => Api::Compute,
        Ask::Formation | Ask::Dynos | Ask::Quantity => Api::Heroku,
        Ask::GroupList | Ask::Manifest | Ask::GroupState | Ask::Policies | Ask::Execute => Api::Autoscale,
        _ => Api::Octavia,
    }
}

fn collect(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable folder");
        entries.for_each(|entry| collect(&entry.expect("an entry").path(), found));
    } else if path.is_file() {
        let text = String::from_utf8_lossy(&fs::read(path).expect("a readable file")).into_owned();
        found.push((path.to_owned(), text));
    }
}
