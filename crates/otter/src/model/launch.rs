//! A launch configuration: what a new server or stack of a group is made from and which balancers get it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::read::{Fields, Problems, items, text};

/// The network whose addresses Cloud Load Balancers reach.
const SERVICE_NET: &str = "11111111-1111-1111-1111-111111111111";
/// The most balancers that a launch configuration may name.
const MOST_BALANCERS: usize = 5;
/// Shortest and longest time for connections to end on a server that is to go, in seconds.
const DRAINING: std::ops::RangeInclusive<f64> = 30.0..=3600.0;

/// A launch configuration that has been found in order, kept as it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch(Value);

/// A balancer that a launch configuration names, with the port at which servers join it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BalancerHold {
    /// A Cloud Load Balancer.
    Cloud {
        /// Its id.
        id: String,
        /// The servers' port.
        port: u16,
    },
    /// A RackConnect v3 pool, which knows its port itself.
    RackConnect {
        /// Its id.
        id: String,
    },
}

impl Launch {
    /// Takes a document that was found in order when it was stored.
    pub fn stored(document: Value) -> Self {
        Self(document)
    }

    /// Reads a launch configuration of either type.
    pub fn read(path: &str, value: &Value, problems: &mut Problems) -> Option<Self> {
        let fields = Fields::open(path, value, &["type", "args"], problems)?;
        let kind = fields.need("type", problems)?;
        let args = fields.need("args", problems)?;
        match kind.as_str() {
            Some("launch_server") => read_server_args(&fields.at("args"), args, problems),
            Some("launch_stack") => read_stack_args(&fields.at("args"), args, problems),
            _ => {
                problems.tell(&fields.at("type"), "must be launch_server or launch_stack");
                return None;
            }
        }?;
        Some(Self(without_null_metadata(value)))
    }

    /// The document, as it is shown to the user.
    pub fn document(&self) -> &Value {
        &self.0
    }

    /// The `server` object; `None` for a stack.
    pub fn server(&self) -> Option<&Map<String, Value>> {
        self.0.pointer("/args/server")?.as_object()
    }

    /// The `stack` object; `None` for a server.
    pub fn stack(&self) -> Option<&Map<String, Value>> {
        self.0.pointer("/args/stack")?.as_object()
    }

    /// The user's metadata for new servers.
    pub fn server_metadata(&self) -> BTreeMap<String, String> {
        let metadata = self.server().and_then(|server| server.get("metadata")?.as_object());
        metadata
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    /// The balancers that new servers join.
    pub fn balancers(&self) -> Vec<BalancerHold> {
        let listed = self.0.pointer("/args/loadBalancers").and_then(Value::as_array);
        listed
            .into_iter()
            .flatten()
            .filter_map(|item| read_balancer("", item, &mut Problems::default()))
            .collect()
    }

    /// How long connections get to end on a server that is to go, in seconds; `None` for not at all.
    pub fn draining_timeout(&self) -> Option<f64> {
        self.0.pointer("/args/draining_timeout")?.as_f64()
    }

    /// What is wrong with the files that new servers get: contents have to be base64.
    pub fn personality_problems(&self) -> Vec<String> {
        let files = self.server().and_then(|server| server.get("personality")?.as_array());
        let contents = |file: &Value| {
            let (path, contents) = (file.get("path")?.as_str()?, file.get("contents")?.as_str()?);
            STANDARD
                .decode(contents)
                .is_err()
                .then(|| format!("Invalid base64 encoding for contents of path \"{path}\""))
        };
        files.into_iter().flatten().filter_map(contents).collect()
    }

    /// Whether servers join a Cloud Load Balancer and are yet kept off the network where it would
    /// find them.
    pub fn lacks_service_net(&self) -> bool {
        let cloud = self.balancers().iter().any(|hold| matches!(hold, BalancerHold::Cloud { .. }));
        let networks = self.server().and_then(|server| server.get("networks"));
        cloud && networks.is_some_and(|networks| !has_service_net(networks))
    }
}

fn has_service_net(networks: &Value) -> bool {
    let wanted = serde_json::json!({"uuid": SERVICE_NET});
    networks.as_array().is_some_and(|networks| networks.contains(&wanted))
}

/// Metadata given as `null` is dropped, since Nova does not take it.
fn without_null_metadata(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(server) = value.pointer_mut("/args/server").and_then(Value::as_object_mut)
        && server.get("metadata").is_some_and(Value::is_null)
    {
        server.remove("metadata");
    }
    value
}

fn read_server_args(path: &str, args: &Value, problems: &mut Problems) -> Option<()> {
    let fields = Fields::open(path, args, &["server", "loadBalancers", "draining_timeout"], problems)?;
    if let Some(server) = fields.need("server", problems) {
        read_server(&fields.at("server"), server, problems);
    }
    if let Some(listed) = fields.get("loadBalancers") {
        read_balancers(&fields.at("loadBalancers"), listed, problems);
    }
    fields.number("draining_timeout", DRAINING, problems);
    Some(())
}

fn read_server(path: &str, server: &Value, problems: &mut Problems) -> Option<()> {
    let fields = Fields::open_any(path, server, problems)?;
    if let Some(flavor) = fields.need("flavorRef", problems) {
        let good = flavor.as_str().is_some_and(|id| !id.is_empty() && !id.contains(char::is_whitespace));
        if !good {
            problems.tell(&fields.at("flavorRef"), "must be a string without white space, not empty");
        }
    }
    read_image(&fields, problems);
    for key in ["block_device_mapping", "block_device_mapping_v2"] {
        if let Some(devices) = fields.get(key)
            && !devices.as_array().is_some_and(|devices| devices.iter().all(Value::is_object))
        {
            problems.tell(&fields.at(key), "must be an array of objects");
        }
    }
    if fields.get("name").is_some_and(|name| !name.is_string()) {
        problems.tell(&fields.at("name"), "must be a string");
    }
    if let Some(files) = fields.get("personality") {
        read_personality(&fields.at("personality"), files, problems);
    }
    if let Some(metadata) = fields.get("metadata").filter(|metadata| !metadata.is_null()) {
        read_server_metadata(&fields.at("metadata"), metadata, problems);
    }
    Some(())
}

/// An image is needed unless the server boots from a block device.
fn read_image(fields: &Fields<'_>, problems: &mut Problems) {
    let from_device = ["block_device_mapping", "block_device_mapping_v2"]
        .iter()
        .any(|key| fields.get(key).is_some_and(|devices| !devices.is_null()));
    let good = match fields.get("imageRef") {
        None | Some(Value::Null) => from_device,
        Some(Value::String(image)) if image.is_empty() => from_device,
        Some(Value::String(image)) => !image.trim().is_empty(),
        Some(_) => false,
    };
    if !good {
        problems.tell(
            &fields.at("imageRef"),
            "must be a string, not blank; it may be missing only where block_device_mapping is given",
        );
    }
}

fn read_personality(path: &str, files: &Value, problems: &mut Problems) -> Option<()> {
    for (at, file) in items(path, files, 0..=usize::MAX, problems)?.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let Some(fields) = Fields::open_any(&path, file, problems) else { continue };
        if let Some(name) = fields.need("path", problems) {
            text(&fields.at("path"), name, 1..=255, problems);
        }
        if let Some(contents) = fields.need("contents", problems) {
            text(&fields.at("contents"), contents, 0..=usize::MAX, problems);
        }
    }
    Some(())
}

fn read_server_metadata(path: &str, metadata: &Value, problems: &mut Problems) -> Option<()> {
    Fields::open_any(path, metadata, problems)?;
    for (key, value) in metadata.as_object()? {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_:. ".contains(c);
        if key.is_empty() || key.len() > 255 || !key.chars().all(plain) {
            problems.tell(path, "a key must have 1 to 255 letters, digits, blanks or any of - _ : .");
        }
        text(&format!("{path}.{key}"), value, 0..=255, problems);
    }
    Some(())
}

fn read_balancers(path: &str, listed: &Value, problems: &mut Problems) -> Option<()> {
    let listed = items(path, listed, 0..=MOST_BALANCERS, problems)?;
    for (at, item) in listed.iter().enumerate() {
        read_balancer(&format!("{path}[{at}]"), item, problems);
        if listed[..at].contains(item) {
            problems.tell(path, "has the same item twice");
        }
    }
    Some(())
}

fn read_balancer(path: &str, item: &Value, problems: &mut Problems) -> Option<BalancerHold> {
    let kind = item.get("type").map_or(Some("CloudLoadBalancer"), Value::as_str);
    match kind {
        Some("CloudLoadBalancer") => read_cloud_balancer(path, item, problems),
        Some("RackConnectV3") => {
            let fields = Fields::open(path, item, &["loadBalancerId", "type"], problems)?;
            let id = fields.need("loadBalancerId", problems)?;
            let id = text(&fields.at("loadBalancerId"), id, 1..=usize::MAX, problems)?;
            Some(BalancerHold::RackConnect { id: id.to_owned() })
        }
        _ => {
            problems.tell(path, "type must be CloudLoadBalancer or RackConnectV3");
            None
        }
    }
}

fn read_cloud_balancer(path: &str, item: &Value, problems: &mut Problems) -> Option<BalancerHold> {
    let fields = Fields::open(path, item, &["loadBalancerId", "port", "type"], problems)?;
    let id = match fields.need("loadBalancerId", problems) {
        Some(Value::String(id)) if !id.trim().is_empty() => Some(id.clone()),
        Some(Value::Number(id)) if !id.is_f64() => Some(id.to_string()),
        Some(_) => {
            problems.tell(&fields.at("loadBalancerId"), "must be an integer or a string, not blank");
            None
        }
        None => None,
    };
    fields.need("port", problems);
    let port = fields.integer("port", 0..=u32::from(u16::MAX), problems);
    Some(BalancerHold::Cloud { id: id?, port: u16::try_from(port?).ok()? })
}

fn read_stack_args(path: &str, args: &Value, problems: &mut Problems) -> Option<()> {
    const KEYS: [&str; 7] = [
        "template",
        "template_url",
        "disable_rollback",
        "environment",
        "files",
        "parameters",
        "timeout_mins",
    ];
    let fields = Fields::open(path, args, &["stack"], problems)?;
    let stack = fields.need("stack", problems)?;
    let stack = Fields::open(&fields.at("stack"), stack, &KEYS, problems)?;
    if stack.get("template").is_some() == stack.get("template_url").is_some() {
        problems.tell(&fields.at("stack"), "needs exactly one of template and template_url");
    }
    if stack.get("template").is_some_and(|template| !template.is_string() && !template.is_object()) {
        problems.tell(&stack.at("template"), "must be a string or an object");
    }
    if stack.get("template_url").is_some_and(|url| !url.is_string()) {
        problems.tell(&stack.at("template_url"), "must be a string");
    }
    if stack.get("disable_rollback").is_some_and(|flag| !flag.is_boolean()) {
        problems.tell(&stack.at("disable_rollback"), "must be true or false");
    }
    stack.number("timeout_mins", f64::MIN..=f64::MAX, problems);
    Some(())
}
