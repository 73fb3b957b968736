//! The credentials file in pyrax's INI form, by the rules of Python's ConfigParser.
//!
//! `=` or `:` between name and value, `#` and `;` begin comment lines, indented lines continue a value,
//! names of keys in any case but sections exactly, `[DEFAULT]` for what a section lacks, the last of
//! two equal keys wins. `%` stands for itself: interpolation would break a secret with a % in it.

use std::collections::HashMap;

use cloud::{Credentials, Domain, Identifier};
use configparser::ini::Ini;

use super::private_file::FileFault;
use crate::settings::CloudKind;
use crate::settings::nearest::nearest;

const RACKSPACE: &str = "rackspace_cloud";
const KEYSTONE: &str = "keystone";
/// Where ConfigParser looks for what a section lacks.
const FALLBACK: &str = "DEFAULT";

/// Names and values of one section; none where a line has neither `=` nor `:`.
pub(super) type Entries = HashMap<String, Option<String>>;

/// The credentials for a kind of cloud. No message repeats a value.
pub(super) fn parse(text: &str, kind: CloudKind) -> Result<Credentials, FileFault> {
    let sections = sections(text, section_name(kind))?;
    let section = Section::find(section_name(kind), &sections)?;
    match kind {
        CloudKind::Openstack => keystone(&section),
        CloudKind::Rackspace | CloudKind::None => rackspace(&section),
    }
}

/// Every section with its entries; a file without any is told to begin with `[first]`.
pub(super) fn sections(text: &str, first: &str) -> Result<HashMap<String, Entries>, FileFault> {
    let sections = Ini::new_from_defaults(rules()).read(text.to_owned()).map_err(FileFault::Content)?;
    if sections.contains_key("") {
        let fault = format!("something stands before the first section; begin with [{first}]");
        return Err(FileFault::Content(fault));
    }
    Ok(sections)
}

fn rules() -> configparser::ini::IniDefault {
    let mut rules = Ini::new_cs().defaults();
    // A section that no file can have, so that text before the first section shows.
    rules.default_section = String::new();
    rules.comment_symbols = vec!['#', ';'];
    rules.delimiters = vec!['=', ':'];
    rules.enable_inline_comments = false;
    rules.multiline = true;
    rules
}

fn section_name(kind: CloudKind) -> &'static str {
    match kind {
        CloudKind::Openstack => KEYSTONE,
        CloudKind::Rackspace | CloudKind::None => RACKSPACE,
    }
}

/// `api_key` goes before `password`, as in pyrax; but each is only ever sent as what it is.
fn rackspace(section: &Section<'_>) -> Result<Credentials, FileFault> {
    let username = section.word("username")?.ok_or_else(|| section.missing("username"))?;
    if let Some(api_key) = section.word("api_key")? {
        return Ok(Credentials::ApiKey { username, api_key: api_key.into() });
    }
    let password = section.password()?.ok_or_else(|| section.missing("api_key"))?;
    Ok(Credentials::Password { user: by_name(username), password: password.into(), project: None })
}

fn keystone(section: &Section<'_>) -> Result<Credentials, FileFault> {
    Ok(Credentials::Password {
        user: by_name(section.word("username")?.ok_or_else(|| section.missing("username"))?),
        password: section.password()?.ok_or_else(|| section.missing("password"))?.into(),
        project: Some(Identifier::Id(
            section.word("tenant_id")?.ok_or_else(|| section.missing("tenant_id"))?,
        )),
    })
}

/// Keystone's name for its first domain; pyrax knew no others.
fn by_name(name: String) -> Identifier {
    Identifier::Name { name, domain: Domain::Id("default".into()) }
}

struct Section<'a> {
    name: &'static str,
    entries: &'a Entries,
    fallback: Option<&'a Entries>,
}

impl<'a> Section<'a> {
    fn find(name: &'static str, sections: &'a HashMap<String, Entries>) -> Result<Self, FileFault> {
        match sections.get(name) {
            Some(entries) => Ok(Section { name, entries, fallback: sections.get(FALLBACK) }),
            None => {
                let similar = nearest(name, sections.keys().map(String::as_str));
                let similar = similar
                    .map(|found| format!("; it has [{found}], which is not the same"))
                    .unwrap_or_default();
                Err(FileFault::Content(format!("there is no section [{name}] in it{similar}")))
            }
        }
    }

    /// A value as it stands; empty counts as not there.
    fn value(&self, key: &str) -> Result<Option<&'a str>, FileFault> {
        let in_entries =
            |entries: &'a Entries| entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        match in_entries(self.entries).or_else(|| self.fallback.and_then(in_entries)) {
            Some((_, None)) => Err(self.fault(key, "has neither = nor : after it; write it as name = value")),
            Some((_, Some(value))) => Ok(Some(value.trim()).filter(|value| !value.is_empty())),
            None => Ok(None),
        }
    }

    /// A value that has no spaces in it, without the comment that Python 2 allowed after it.
    fn word(&self, key: &str) -> Result<Option<String>, FileFault> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        let word = comment(value).map_or(value, |at| value[..at].trim_end());
        if word.contains(char::is_whitespace) {
            return Err(self.fault(key, "has a space or line break in it; write it on one line without"));
        }
        Ok(Some(word.to_owned()))
    }

    /// A password may have anything in it, so what follows ` ;` cannot be told from a comment.
    fn password(&self) -> Result<Option<String>, FileFault> {
        let Some(value) = self.value("password")? else { return Ok(None) };
        if comment(value).is_some() {
            let fault = "has \" ;\" in it, which may or may not begin a comment; move the comment to a line of its own, \
                or give the password as LOADSCALE_PASSWORD";
            return Err(self.fault("password", fault));
        }
        Ok(Some(value.to_owned()))
    }

    fn missing(&self, key: &str) -> FileFault {
        // A line without a separator is a name to the parser, but may be anything to its writer.
        let names = self.entries.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name.as_str());
        let similar = nearest(key, names.filter(|name| !name.eq_ignore_ascii_case(key)));
        let similar =
            similar.map(|found| format!("; it has {found}, which is not the same")).unwrap_or_default();
        let wanted = if key == "api_key" { "api_key or password" } else { key };
        self.fault(wanted, &format!("is missing or empty{similar}"))
    }

    fn fault(&self, key: &str, fault: &str) -> FileFault {
        FileFault::Content(format!("[{}] {key} {fault}", self.name))
    }
}

/// Where a comment begins behind a value: at a `;` after white space.
fn comment(value: &str) -> Option<usize> {
    value.match_indices(';').map(|(at, _)| at).find(|at| value[..*at].ends_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn api_key(text: &str) -> (String, String) {
        match parse(text, CloudKind::Rackspace) {
            Ok(Credentials::ApiKey { username, api_key }) => (username, api_key.expose_secret().to_owned()),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    fn fault(text: &str, kind: CloudKind) -> String {
        let told = parse(text, kind).expect_err(text).to_string();
        assert!(!told.contains("hunter2"), "{told}");
        told
    }

    #[test]
    fn the_forms_that_config_parser_reads() {
        let expected = ("me".to_owned(), "a%b=c".to_owned());
        for text in [
            "[rackspace_cloud]\nusername = me\napi_key = a%b=c\n",
            "# c\n; c\n[rackspace_cloud]\r\nUSERNAME:me\r\nApi_Key:a%b=c\r\n",
            "[rackspace_cloud]\nusername = me ; who\napi_key = a%b=c\t; what\n",
            "[rackspace_cloud]\nusername =\n   me\napi_key = a%b=c\npassword = other\n",
            "[DEFAULT]\nusername = me\n[other]\nx = y\n[rackspace_cloud]\napi_key = old\napi_key = a%b=c\n",
            "[rackspace_cloud]\nusername=me\n\n# comment\n\napi_key   =    a%b=c   \n[keystone]\nusername = you",
        ] {
            assert_eq!(api_key(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_password_stands_in_for_a_missing_key() {
        let text = "[rackspace_cloud]\nusername = me\napi_key =\npassword = it's; 100% a \"secret\"\n";
        let Ok(Credentials::Password { password, project: None, .. }) = parse(text, CloudKind::Rackspace)
        else {
            panic!("no password")
        };
        assert_eq!(password.expose_secret(), "it's; 100% a \"secret\"");
    }

    #[test]
    fn keystone_needs_all_three() {
        let text = "[keystone]\nusername = me\npassword = hunter2\n";
        assert!(fault(text, CloudKind::Openstack).contains("[keystone] tenant_id is missing"));
        let text = format!("{text}tenant_id = 42\n");
        let Ok(Credentials::Password { project, .. }) = parse(&text, CloudKind::Openstack) else {
            panic!("no password")
        };
        assert_eq!(project, Some(Identifier::Id("42".into())));
    }

    #[test]
    fn what_cannot_be_used_says_why_and_repeats_nothing() {
        for (text, expected) in [
            ("username = me\napi_key = hunter2\n", "before the first section"),
            (
                "[Rackspace_Cloud]\nusername = me\napi_key = hunter2\n",
                "it has [Rackspace_Cloud], which is not the same",
            ),
            ("[rackspace_cloud\nusername = me\n", "line 1"),
            ("[rackspace_cloud]\napi_key = hunter2\n", "username is missing"),
            ("[rackspace_cloud]\nusername = me\n", "api_key or password is missing"),
            ("[rackspace_cloud]\nusername = me\napikey = hunter2\n", "it has apikey, which is not the same"),
            ("[rackspace_cloud]\nusername = me\napi_key hunter2\n", "api_key or password is missing"),
            ("[rackspace_cloud]\nusername = me\napi_key\n", "neither = nor :"),
            ("[rackspace_cloud]\nusername = me\napi_key = hunter2\n  hunter2\n", "line break"),
            (
                "[rackspace_cloud]\nusername = me\npassword = hunter2 ; old\n",
                "may or may not begin a comment",
            ),
        ] {
            let told = fault(text, CloudKind::Rackspace);
            assert!(told.contains(expected), "{text:?}: {told}");
        }
    }
}
