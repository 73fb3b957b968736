//! Settings and journals without the cloud: what can be told of a group's past when nobody signs in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, anyhow, bail};

use super::{chosen, cloud_key, group_key, journal, slug, state_dir};
use crate::cli::CommonArgs;
use crate::credentials::{self, CredentialsError};
use crate::journal::jsonl::Jsonl;
use crate::settings::{self, GroupSettings, Settings, Surroundings};

/// The groups that were asked for, and where their journals are.
pub struct Archive {
    /// The groups, in the order of the settings.
    pub groups: Vec<GroupSettings>,
    settings: Settings,
    state_dir: PathBuf,
    /// Whose groups they are; on another machine nobody may be able to say.
    account: Result<String, CredentialsError>,
}

impl Archive {
    /// Reads settings, and whose they are if credentials can be found.
    ///
    /// # Errors
    /// Every problem of the settings file at once; a `--group` that is not in the settings; no folder that state
    /// is kept in.
    pub fn load(args: &CommonArgs) -> Result<Archive> {
        let around = Surroundings::of_process().context("the environment cannot be read")?;
        let mut settings = settings::load(args.settings.as_deref(), &around)?;
        let found = credentials::find(&settings.cloud, &around);
        let account = found.map(|found| {
            found.complete(&mut settings);
            found.account()
        });
        let groups = chosen(&settings, &args.groups)?;
        Ok(Archive { groups, settings, state_dir: state_dir(args)?, account })
    }

    /// The groups' journals.
    pub fn journal(&self) -> Jsonl {
        journal(&self.state_dir)
    }

    /// The key of a group's journal. Without credentials it is that of the one journal under the group's name.
    ///
    /// # Errors
    /// Without credentials also when there is no such journal, or several.
    pub fn group_key(&self, group: &GroupSettings) -> Result<String> {
        let why = match &self.account {
            Ok(account) => return Ok(group_key(&cloud_key(&self.settings.cloud, account), group)),
            Err(why) => why,
        };
        let root = self.journal().dir("");
        let mut named = named(&root, &slug(&group.name)).with_context(|| format!("{}", root.display()))?;
        match (named.pop(), named.len()) {
            (Some(key), 0) => Ok(key),
            (None, _) => bail!("{}: there is no journal of it in {}", group.name, root.display()),
            (Some(last), more) => Err(anyhow!("{why}").context(format!(
                "{}: {} has {} journals under that name, the last {last}, and whose is meant only the credentials tell",
                group.name,
                root.display(),
                more + 1
            ))),
        }
    }
}

/// The folders in `root` of groups whose names read like this, in order.
fn named(root: &Path, slug: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let hash = name.rsplit_once('-').filter(|(before, _)| *before == slug);
        if hash.is_some_and(|(_, hash)| hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn folders_are_told_apart_by_the_whole_name() {
        let root = tempfile::tempdir().unwrap();
        for name in ["web-0123456789ab", "web-eu-0123456789ab", "web-notes", "web-ba9876543210"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        assert_eq!(named(root.path(), "web").unwrap(), ["web-0123456789ab", "web-ba9876543210"]);
        assert!(named(&root.path().join("none"), "web").unwrap().is_empty());
    }
}
