//! The settings.py of the old loadscale.py, which this program succeeds.

use super::draft::{Draft, Section, toml};
use super::source::{Setting, Source};

/// Its settings; the last was never used.
pub(super) const NAMES: [&str; 8] = [
    "MAX_CONN",
    "MIN_CONN",
    "ADD_ON_POLICY",
    "SUB_OFF_POLICY",
    "RACK_CRED_FILE",
    "LOAD_BAL_NAME",
    "AUTO_SCALE_NAME",
    "LOAD_BAL_IP_ADDR",
];

const GROUP: Section = Section::Group;

pub(super) fn bring_over(source: &Source, draft: &mut Draft) {
    for name in source.names().filter(|name| !NAMES.contains(name)) {
        draft.change(format!("{name} is no setting of loadscale.py and was left out."));
    }
    if !draft.has(Section::Cloud) {
        draft.set_plain(Section::Cloud, "kind", &toml("rackspace"));
    }
    credentials(source, draft);
    named(source, draft);
    connections(source, draft);
    if source.has("LOAD_BAL_IP_ADDR") {
        draft.change("LOAD_BAL_IP_ADDR was never used and was left out.");
    }
    for change in [
        "All servers behind the balancer counted, broken and draining ones too; now those that serve do, and servers \
         that are coming count as coming.",
        "A move down that would call for a move up right after it is not made: with few servers the old limits went up \
         and down for ever.",
        "The pause after a move counts from that move and for every process, not from the start of this one, and each \
         policy's own pause counts too.",
    ] {
        draft.change(change);
    }
    draft.run_with("loadscale --interval 5m".to_owned());
}

fn credentials(source: &Source, draft: &mut Draft) {
    const NAME: &str = "RACK_CRED_FILE";
    let written_out = matches!(source.plain(NAME), Some(literal) if super::source::text(literal).is_some());
    if written_out {
        let path = source.text(NAME, draft).unwrap_or_default();
        draft.set(Section::Cloud, "credentials", &toml(path), NAME);
    } else {
        draft.change(format!(
            "{NAME} is not written out; the credentials are looked for in ~/.rackspace_cloud_credentials, unless \
             credentials in [cloud] names their file."
        ));
    }
    draft.change("The credentials file must be readable by nobody but you: chmod 600.");
}

/// Balancer, group and policies: all by name.
fn named(source: &Source, draft: &mut Draft) {
    let mut needed = |name: &str| {
        let text = source.text(name, draft);
        if !source.has(name) {
            draft.problem(None, format!("{name} is missing; write the name that the cloud has for it"));
        }
        text.unwrap_or_default()
    };
    let (group, balancer) = (needed("AUTO_SCALE_NAME"), needed("LOAD_BAL_NAME"));
    draft.set(GROUP, "name", &toml(group), "AUTO_SCALE_NAME");
    draft.set(GROUP, "load_balancers", &format!("[{}]", toml(balancer)), "LOAD_BAL_NAME");
    for (key, name, default) in
        [("scale_up", "ADD_ON_POLICY", "add_on"), ("scale_down", "SUB_OFF_POLICY", "remove_1")]
    {
        let policy = source.text(name, draft);
        let Setting { value, from } = source.or_default(name, policy, default.to_owned());
        draft.set(GROUP, key, &format!("[{}]", toml(value)), &from);
    }
}

/// Connections per server: the upper number is what one carries, the lower one a share of it.
fn connections(source: &Source, draft: &mut Draft) {
    let (most, least) = (source.number("MAX_CONN", draft), source.number("MIN_CONN", draft));
    let most = source.or_default("MAX_CONN", most, 50.0);
    let least = source.or_default("MIN_CONN", least, 40.0);
    if least.value >= most.value || least.value == 0.0 {
        let fault = format!(
            "MIN_CONN is {} and MAX_CONN {}; the first must be above 0 and below the second, or the group would go up and \
             down at once",
            least.value, most.value
        );
        return draft.problem(None, fault);
    }
    draft.set(Section::Capacity, "default", &toml(most.value), &most.from);
    draft.set_plain(GROUP, "scale_up_above", "1.0");
    draft.set(GROUP, "scale_down_below", &share(least.value, most.value).to_string(), &least.from);
}

/// `part` of `whole` in twelve digits, rounded down: exactly `part` on each server is not below it.
fn share(part: f64, whole: f64) -> f64 {
    const DIGITS: f64 = 1e12;
    (part / whole * DIGITS).floor() / DIGITS
}
