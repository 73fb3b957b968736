//! Nothing lost and nothing half done: groups, policies and webhooks come, change and go while the service is
//! killed again and again; what is there afterwards is held against what the callers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::lost::{kill_under, kills, records};
use crate::machine::{Caller, Program, eventually};
use crate::support::{change, new_group};

/// Names of things, and their ids: `c0.1` is a group, `c0.1/2` a policy of it, `c0.1/2/3` a webhook of that. No
/// name is used twice, so that nothing can be there twice unseen.
type Things = BTreeMap<String, String>;

/// How many callers there are, and how many groups each of them keeps at the most.
const CALLERS: usize = 3;
const GROUPS: usize = 3;
/// A policy with so many webhooks is due to go.
const WEBHOOKS: usize = 20;

/// One change, to be asked for.
struct Wish {
    method: &'static str,
    path: String,
    body: Value,
    /// Names that are gone after it.
    lost: Vec<String>,
    /// Names that are there after it.
    gained: Vec<String>,
    ids: Ids,
}

/// Where the ids of the names that are gained come from.
enum Ids {
    /// The answer, at these places.
    Told(Vec<&'static str>),
    /// They were known before.
    Kept(Vec<String>),
}

/// What one caller has been told.
struct Ledger {
    caller: usize,
    made: u32,
    things: Things,
    /// The change whose answer did not come: it was made or it was not.
    doubt: Option<Wish>,
}

impl Ledger {
    fn new(caller: usize) -> Self {
        Self { caller, made: 0, things: Things::new(), doubt: None }
    }

    /// Asks for one change. Whether it was answered: else there is nothing more to be asked before the service
    /// is there again.
    fn work(&mut self, caller: Caller) -> bool {
        let wish = self.wish();
        let answer = caller.try_ask(wish.method, &format!("t/{}", wish.path), &wish.body.to_string());
        let Ok((status, body)) = answer else {
            self.doubt = Some(wish);
            return false;
        };
        assert!((200..300).contains(&status), "{} {}: {status} {body}", wish.method, wish.path);
        self.settle(wish, &body)
    }

    /// Notes a change that was acknowledged. An answer that was cut off leaves it in doubt.
    fn settle(&mut self, wish: Wish, body: &Value) -> bool {
        let ids: Option<Vec<String>> = match &wish.ids {
            Ids::Kept(ids) => Some(ids.clone()),
            Ids::Told(places) => {
                places.iter().map(|place| Some(body.pointer(place)?.as_str()?.to_owned())).collect()
            }
        };
        let Some(ids) = ids else {
            self.doubt = Some(wish);
            return false;
        };
        self.things.retain(|name, _| !wish.lost.contains(name));
        self.things.extend(wish.gained.into_iter().zip(ids));
        true
    }

    fn wish(&mut self) -> Wish {
        let groups = self.within("", 0);
        let Some(group) = any(&groups).cloned() else { return self.new_group() };
        let policies = self.within(&group, 1);
        let Some(policy) = any(&policies).cloned() else { return self.delete(&group) };
        let full = self.within(&policy, 2).len() >= WEBHOOKS;
        match rand::random::<u8>() % 8 {
            0 | 1 if groups.len() < GROUPS => self.new_group(),
            0 => self.delete(&group),
            1 | 2 => self.rename(&group),
            3 => self.new_policy(&group),
            _ if full => self.delete(&policy),
            4 => self.delete(&policy),
            _ => self.new_webhook(&policy),
        }
    }

    /// Names below this one with so many slashes.
    fn within(&self, above: &str, slashes: usize) -> Vec<String> {
        let below = |name: &&String| {
            name.matches('/').count() == slashes
                && (above.is_empty() || name.starts_with(&format!("{above}/")))
        };
        self.things.keys().filter(below).cloned().collect()
    }

    fn number(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn group_name(&mut self) -> String {
        let number = self.number();
        format!("c{}.{number}", self.caller)
    }

    /// The path of a thing.
    fn path(&self, name: &str) -> String {
        let kinds = ["groups", "policies", "webhooks"];
        let ends = name.match_indices('/').map(|(at, _)| at).chain([name.len()]);
        let parts = ends.zip(kinds).map(|(end, kind)| format!("{kind}/{}", self.things[&name[..end]]));
        parts.collect::<Vec<_>>().join("/")
    }

    fn new_group(&mut self) -> Wish {
        let (name, one, two) = (self.group_name(), self.number(), self.number());
        let mut body = new_group(1, 3);
        body["groupConfiguration"]["name"] = json!(name);
        body["scalingPolicies"] = json!([policy(one), policy(two)]);
        let gained = vec![name.clone(), format!("{name}/{one}"), format!("{name}/{two}")];
        let places = vec!["/group/id", "/group/scalingPolicies/0/id", "/group/scalingPolicies/1/id"];
        Wish {
            method: "POST",
            path: "groups".to_owned(),
            body,
            lost: Vec::new(),
            gained,
            ids: Ids::Told(places),
        }
    }

    fn new_policy(&mut self, group: &str) -> Wish {
        let number = self.number();
        self.add(group, "policies", number, json!([policy(number)]), "/policies/0/id")
    }

    fn new_webhook(&mut self, policy: &str) -> Wish {
        let number = self.number();
        self.add(policy, "webhooks", number, json!([{"name": number.to_string()}]), "/webhooks/0/id")
    }

    fn add(&self, above: &str, kind: &str, number: u32, body: Value, place: &'static str) -> Wish {
        let path = format!("{}/{kind}", self.path(above));
        let gained = vec![format!("{above}/{number}")];
        Wish { method: "POST", path, body, lost: Vec::new(), gained, ids: Ids::Told(vec![place]) }
    }

    /// A new configuration with a new name; all that is in the group stays in it.
    fn rename(&mut self, group: &str) -> Wish {
        let name = self.group_name();
        let body = json!({"name": name, "cooldown": 0, "minEntities": 1, "maxEntities": 3, "metadata": {}});
        let lost = self.all_of(group);
        let gained = lost.iter().map(|old| format!("{name}{}", &old[group.len()..])).collect();
        let ids = Ids::Kept(lost.iter().map(|old| self.things[old].clone()).collect());
        Wish { method: "PUT", path: format!("{}/config", self.path(group)), body, lost, gained, ids }
    }

    fn delete(&self, name: &str) -> Wish {
        let force = if name.contains('/') { "" } else { "?force=true" };
        let (path, ids) = (format!("{}{force}", self.path(name)), Ids::Kept(Vec::new()));
        let lost = self.all_of(name);
        Wish { method: "DELETE", path, body: Value::Null, lost, gained: Vec::new(), ids }
    }

    /// A thing and all within it.
    fn all_of(&self, name: &str) -> Vec<String> {
        let inside = format!("{name}/");
        self.things.keys().filter(|there| *there == name || there.starts_with(&inside)).cloned().collect()
    }

    /// Holds what is there against what was told: exactly that, with the change in doubt made whole or not at all.
    fn check(&mut self, there: &Things, when: &str) {
        let own = format!("c{}.", self.caller);
        let there: Things = there
            .iter()
            .filter(|(name, _)| name.starts_with(&own))
            .map(|(name, id)| (name.clone(), id.clone()))
            .collect();
        let names: BTreeSet<&String> = there.keys().collect();
        let told: BTreeSet<&String> = self.things.keys().collect();
        let doubt = self.doubt.take();
        let (lost, gained) = doubt.map(|wish| (wish.lost, wish.gained)).unwrap_or_default();
        let made: BTreeSet<&String> =
            told.iter().copied().filter(|name| !lost.contains(name)).chain(&gained).collect();
        assert!(
            names == told || names == made,
            "{when}: there is {names:?}; told was {told:?}; in doubt: {lost:?} to {gained:?}"
        );
        for (name, id) in &there {
            assert!(self.things.get(name).is_none_or(|told| told == id), "{when}: {name} is another one");
        }
        self.things = there;
    }
}

fn any(names: &[String]) -> Option<&String> {
    use rand::seq::IndexedRandom;
    names.choose(&mut rand::rng())
}

fn policy(number: u32) -> Value {
    let mut policy = change(1);
    policy["name"] = json!(number.to_string());
    policy
}

/// All that is there.
fn things(program: &Program) -> Things {
    let mut all = Things::new();
    let mut add = |above: &str, thing: &Value, name: &Value| {
        let name = format!("{above}{}", name.as_str().unwrap());
        let id = thing["id"].as_str().unwrap().to_owned();
        assert_eq!(all.insert(name.clone(), id), None, "{name} is there twice");
        format!("{name}/")
    };
    let listed = program.ask("GET", "t/groups?limit=100", "").1;
    for listed in listed["groups"].as_array().unwrap() {
        let path = format!("t/groups/{}?webhooks=true", listed["id"].as_str().unwrap());
        let group = program.ask("GET", &path, "").1["group"].clone();
        let above = add("", &group, &group["groupConfiguration"]["name"]);
        for policy in group["scalingPolicies"].as_array().unwrap() {
            let above = add(&above, policy, &policy["name"]);
            for webhook in policy["webhooks"].as_array().unwrap() {
                add(&above, webhook, &webhook["name"]);
            }
        }
    }
    all
}

/// The groups of the servers that the launcher has written down, one for each server.
fn groups_of_servers(program: &Program) -> Vec<String> {
    let group = |id: &String| {
        let text = std::fs::read(program.servers().join(format!("{id}.json"))).ok()?;
        let record: Value = serde_json::from_slice(&text).unwrap();
        Some(record["metadata"]["rax:autoscale:group:id"].as_str().unwrap().to_owned())
    };
    let mut groups: Vec<String> = records(program).iter().filter_map(group).collect();
    groups.sort();
    groups
}

#[test]
fn groups_that_come_change_and_go_are_as_was_acknowledged_after_every_kill() {
    let mut program = Program::start("");
    let ledgers: Vec<Mutex<Ledger>> = (0..CALLERS).map(|caller| Mutex::new(Ledger::new(caller))).collect();
    for kill in 0..kills() {
        kill_under(&mut program, CALLERS, |worker, caller| ledgers[worker].lock().unwrap().work(caller));
        let there = things(&program);
        for ledger in &ledgers {
            ledger.lock().unwrap().check(&there, &format!("kill {kill}"));
        }
    }
    let there = things(&program);
    let mut groups: Vec<String> =
        there.iter().filter(|(name, _)| !name.contains('/')).map(|(_, id)| id.clone()).collect();
    groups.sort();
    eventually("each group has its one server, and there is no other", || {
        let processes: BTreeSet<String> = program.processes().into_iter().collect();
        groups_of_servers(&program) == groups && records(&program) == processes
    });
    for group in groups {
        assert_eq!(program.ask("DELETE", &format!("t/groups/{group}?force=true"), "").0, 204);
    }
    eventually("no server is left", || records(&program).is_empty() && program.processes().is_empty());
}
