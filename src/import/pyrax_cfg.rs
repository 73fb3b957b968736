//! pyrax's `~/.pyrax.cfg`: where to sign in, an environment a section.

use configparser::ini::Ini;

use super::draft::{Draft, Section, toml};

/// The section that is the default wherever it stands.
const DEFAULT: &str = "settings";

/// Whether a text is in this form, and no Python.
pub(super) fn is_one(text: &str) -> bool {
    header(text).is_some_and(|section| !section.is_empty())
}

/// The name in the first line that says anything, if that is a section's.
fn header(text: &str) -> Option<&str> {
    let says = |line: &&str| !line.is_empty() && !line.starts_with(['#', ';']);
    let first = text.trim_start_matches('\u{feff}').lines().map(str::trim).find(says)?;
    first.strip_prefix('[')?.strip_suffix(']').filter(|name| !name.contains(['\'', '"', ',']))
}

pub(super) fn bring_over(text: &str, environment: Option<&str>, draft: &mut Draft) {
    let mut ini = Ini::new();
    if let Err(why) = ini.read(text.to_owned()) {
        return draft.problem(None, format!("is no INI file: {why}"));
    }
    let mut sections = ini.sections();
    sections.sort_unstable();
    let wanted = match environment {
        Some(name) => name.to_lowercase(),
        None if sections.iter().any(|section| section == DEFAULT) => DEFAULT.to_owned(),
        None => header(text).unwrap_or(DEFAULT).to_lowercase(),
    };
    if !sections.contains(&wanted) {
        return draft.problem(None, format!("has no environment {wanted:?}; it has {}", sections.join(", ")));
    }
    tell_others(&sections, &wanted, draft);
    Environment { ini: &ini, name: &wanted }.bring_over(draft);
}

fn tell_others(sections: &[String], wanted: &str, draft: &mut Draft) {
    let others: Vec<_> = sections.iter().filter(|section| *section != wanted).map(String::as_str).collect();
    if !others.is_empty() {
        draft.change(format!(
            "Of the environments in .pyrax.cfg this is {wanted:?}; the others ({}) were left out. --environment chooses one.",
            others.join(", ")
        ));
    }
}

struct Environment<'a> {
    ini: &'a Ini,
    name: &'a str,
}

impl Environment<'_> {
    fn get(&self, key: &str) -> Option<String> {
        self.ini.get(self.name, key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn bring_over(&self, draft: &mut Draft) {
        let Some(kind) = self.kind(draft) else { return };
        draft.set(Section::Cloud, "kind", &toml(kind), "identity_type");
        self.address(kind, draft);
        match self.get("region") {
            Some(region) => draft.set(Section::Cloud, "region", &toml(region), "region"),
            None => draft.change("No region: that of your account is used, as pyrax did."),
        }
        self.tell_rest(draft);
    }

    fn kind(&self, draft: &mut Draft) -> Option<&'static str> {
        let kind = self.get("identity_type");
        match kind.as_deref().map(|kind| kind.rsplit('.').next().unwrap_or(kind).to_lowercase()).as_deref() {
            Some("rackspace" | "rax_identity" | "raxidentity") => return Some("rackspace"),
            Some("keystone" | "keystone_identity" | "keystoneidentity") => return Some("openstack"),
            Some(_) => draft.problem(None, "identity_type must be rackspace or keystone"),
            None => {
                let fault = format!(
                    "the environment {:?} has no identity_type; write rackspace or keystone",
                    self.name
                );
                draft.problem(None, fault);
            }
        }
        None
    }

    /// Where one signs in. pyrax's own address for Rackspace is loadscale's default.
    fn address(&self, kind: &str, draft: &mut Draft) {
        let Some(address) = self.get("auth_endpoint") else { return };
        if kind == "rackspace" {
            draft.change(
                "auth_endpoint was left out: for Rackspace pyrax 1.8 did not use it either. identity_url in [cloud] takes \
                 another address.",
            );
            return;
        }
        let base = address.trim_end_matches('/');
        let version_3 = match base.strip_suffix("/v2.0") {
            Some(base) => {
                draft.change(
                    "Keystone v2.0 is gone; loadscale signs in by v3, so the address ends in /v3 now.",
                );
                format!("{base}/v3")
            }
            None => base.to_owned(),
        };
        draft.set(Section::Cloud, "identity_url", &toml(version_3), "auth_endpoint");
    }

    fn tell_rest(&self, draft: &mut Draft) {
        for key in ["tenant_id", "tenant_name"] {
            if self.get(key).is_some() {
                draft.change(format!(
                    "{key} belongs to the credentials: write it into their file (see credentials.example)."
                ));
            }
        }
        if self.get("keyring_username").is_some() {
            draft.change("keyring_username was left out: loadscale reads no keyring; credentials.example says what it reads.");
        }
        if self.get("verify_ssl").is_some_and(|value| value.eq_ignore_ascii_case("false")) {
            draft.change(
                "verify_ssl = False was left out: loadscale always checks certificates; ca_file in [cloud] names an authority \
                 of your own.",
            );
        }
        if self.get("use_servicenet").is_some_and(|value| value == "True") {
            draft.change("use_servicenet was left out: loadscale uses the catalog's public addresses; [cloud.endpoints] takes others.");
        }
        let ignored = ["username", "password", "api_key"].into_iter().filter(|key| self.get(key).is_some());
        for key in ignored {
            draft.change(format!("{key} in .pyrax.cfg was ignored by pyrax and was left out; write it into the credentials file."));
        }
        for key in ["encoding", "custom_user_agent", "debug", "http_debug"] {
            if self.get(key).is_some() {
                draft.change(format!("{key} was left out: it says nothing about scaling."));
            }
        }
    }
}
