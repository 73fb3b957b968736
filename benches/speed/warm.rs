//! A warm pass that ends in an execution, beside curl making three given requests on one connection.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::http::{Connection, Request};
use crate::measure::{Cost, compare, run, side_by_side};
use crate::program::{Station, token};

/// Runs of each; with the delay, whose cost is sure, fewer do.
const ROUNDS: usize = 60;
const DELAYED_ROUNDS: usize = 20;

/// What every answer is delayed by in the second half.
const DELAY: &str = "20ms";

/// The program's time over curl's, bare and with [`DELAY`].
const GOAL: f64 = 1.0;
const DELAYED_GOAL: f64 = 0.75;

pub(crate) fn figure() -> Result<()> {
    let cloud = Cloud::start(2, 2)?;
    let mut ours = Station::new(&cloud, 1);
    let mut curl = Curl::over(&cloud, 2)?;
    let (pass, three) = side_by_side(ROUNDS, || ours.pass(), || curl.three_requests())?;
    compare("wall, no delay", (pass.wall, three.wall), GOAL);
    compare("CPU, no delay", (pass.cpu, three.cpu), GOAL);
    cloud.set_latency(DELAY)?;
    let (pass, three) = side_by_side(DELAYED_ROUNDS, || ours.pass(), || curl.three_requests())?;
    compare("wall, 20 ms a request", (pass.wall, three.wall), DELAYED_GOAL);
    Ok(())
}

/// curl, which knows every address beforehand.
struct Curl<'a> {
    cloud: &'a Cloud,
    group: String,
    /// Up and down, by turns.
    policies: [String; 2],
    token: PathBuf,
    runs: usize,
}

impl<'a> Curl<'a> {
    /// For a group that loadscale has looked up once.
    fn over(cloud: &'a Cloud, number: usize) -> Result<Curl<'a>> {
        let mut station = Station::new(cloud, number);
        station.pass()?;
        let token = token(&station.state_dir())?;
        let groups = format!("{}/groups", cloud.places.autoscale);
        let list = read(&groups, &token)?;
        let entries = list["groups"].as_array().context("no list of groups")?;
        let entry = entries.iter().find(|entry| entry["state"]["name"] == station.group());
        let id = entry.and_then(|entry| entry["id"].as_str()).context("the group is not listed")?;
        let group = format!("{groups}/{id}");
        let manifest = read(&group, &token)?;
        let policy = |name: &str| {
            let policies = manifest["group"]["scalingPolicies"].as_array()?;
            let policy = policies.iter().find(|policy| policy["name"] == name)?;
            Some(format!("{group}/policies/{}/execute", policy["id"].as_str()?))
        };
        let policies = [policy("remove_1"), policy("add_on")];
        let [Some(down), Some(up)] = policies else { anyhow::bail!("the group lacks its policies") };
        // In a file, as the token does not belong on a command line.
        let file = cloud.folder.path().join("curl-header");
        fs::write(&file, format!("X-Auth-Token: {token}\n"))?;
        Ok(Curl { cloud, group, policies: [down, up], token: file, runs: 0 })
    }

    /// Reads the group's state twice, since the sandbox's balancers have a port of their own and curl is
    /// to need one connection only, and executes a policy.
    fn three_requests(&mut self) -> Result<Cost> {
        self.cloud.settle()?;
        let execute = &self.policies[self.runs % 2];
        self.runs += 1;
        let state = format!("{}/state", self.group);
        let mut command = Command::new("curl");
        for (url, method) in [(&state, "GET"), (&state, "GET"), (execute, "POST")] {
            command.args(["--next", "--fail", "--silent", "--output", "/dev/null", "--request", method]);
            command.arg("--header").arg(format!("@{}", self.token.display())).arg(url);
        }
        Ok(run(&mut command)?.0)
    }
}

fn read(url: &str, token: &str) -> Result<Value> {
    let Request { origin, .. } = Request::get(url)?;
    let path = &url.parse::<url::Url>()?[url::Position::BeforePath..].to_owned();
    let answer = Connection::open(origin)?.send(&Request::signed(origin, path, token))?;
    Ok(serde_json::from_slice(&answer.body)?)
}
