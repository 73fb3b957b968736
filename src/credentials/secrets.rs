//! Secrets that are not the cloud's sign-in: keys, passwords and headers of the other parts, each from a
//! variable or from a section of the credentials file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use secrecy::SecretString;

use super::pyrax::{self, Entries};
use super::{CredentialsError, DEFAULT_FILE, private_file};
use crate::settings::{CloudSettings, Surroundings, Variables};

/// Where such secrets are looked for. Nothing is read before one is asked for: who needs none needs no file.
pub struct Secrets {
    variables: Variables,
    file: PathBuf,
    /// Whether the settings name the file, so that it must be there.
    named: bool,
    sections: OnceLock<HashMap<String, Entries>>,
}

/// The names of one secret.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What it is, for a message: `the key of Heroku's Platform API`.
    pub what: &'a str,
    /// The variable that holds it, which goes before the file.
    pub variable: &'a str,
    /// The section of the credentials file.
    pub section: &'a str,
    /// The key in that section.
    pub key: &'a str,
}

impl Secrets {
    /// Those of this user: in the file that the settings name, or else in the usual one.
    pub fn new(cloud: &CloudSettings, around: &Surroundings) -> Secrets {
        let usual = || around.home.clone().unwrap_or_default().join(DEFAULT_FILE);
        Secrets {
            variables: around.variables.clone(),
            named: cloud.credentials.is_some(),
            file: cloud.credentials.clone().unwrap_or_else(usual),
            sections: OnceLock::new(),
        }
    }

    /// One secret, from its variable, else from the file.
    ///
    /// # Errors
    /// [`CredentialsError::NoSecret`] if it is in neither; [`CredentialsError::File`] if the file cannot be used.
    pub fn one(&self, wanted: Wanted<'_>) -> Result<SecretString, CredentialsError> {
        self.any(wanted)?.ok_or_else(|| CredentialsError::NoSecret {
            what: wanted.what.to_owned(),
            variable: wanted.variable.to_owned(),
            line: format!("[{}] {}", wanted.section, wanted.key),
            file: self.file.clone(),
        })
    }

    /// The same where it may be in neither.
    ///
    /// # Errors
    /// [`CredentialsError::File`] if the file cannot be used.
    pub fn any(&self, wanted: Wanted<'_>) -> Result<Option<SecretString>, CredentialsError> {
        if let Some(value) = self.variable(wanted.variable) {
            return Ok(Some(value));
        }
        let mut section = self.section(wanted.section)?.into_iter();
        Ok(section.find(|(key, _)| key.eq_ignore_ascii_case(wanted.key)).map(|(_, value)| value))
    }

    /// The variable's value, if it is set; an empty one counts as not set.
    pub fn variable(&self, name: &str) -> Option<SecretString> {
        self.variables.get(name).map(SecretString::from)
    }

    /// All entries of a section of the file, by name; none if there is no such section.
    ///
    /// # Errors
    /// [`CredentialsError::File`] if the file cannot be used, or has a name without a value there.
    pub fn section(&self, name: &str) -> Result<Vec<(String, SecretString)>, CredentialsError> {
        let Some(entries) = self.sections()?.get(name) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (key, value) in entries {
            let Some(value) = value else {
                let fault = format!("[{name}] {key} has neither = nor : after it; write it as name = value");
                return Err(self.fault(private_file::FileFault::Content(fault)));
            };
            found.push((key.clone(), value.trim().into()));
        }
        Ok(found)
    }

    /// The credentials file, whether it is there or not.
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn sections(&self) -> Result<&HashMap<String, Entries>, CredentialsError> {
        if let Some(sections) = self.sections.get() {
            return Ok(sections);
        }
        let read = if self.named || self.file.exists() { self.read()? } else { HashMap::new() };
        Ok(self.sections.get_or_init(|| read))
    }

    fn read(&self) -> Result<HashMap<String, Entries>, CredentialsError> {
        let text = private_file::read(&self.file).map_err(|fault| self.fault(fault))?;
        pyrax::sections(&text, "a section").map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: private_file::FileFault) -> CredentialsError {
        CredentialsError::File { path: self.file.clone(), fault }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    const KEY: Wanted<'_> =
        Wanted { what: "the key", variable: "HEROKU_API_KEY", section: "heroku", key: "api_key" };

    fn secrets(text: Option<&str>, variables: Variables) -> (tempfile::TempDir, Secrets) {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            let path = folder.path().join(DEFAULT_FILE);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let home = Some(folder.path().to_owned());
        let around = Surroundings { variables, home, ..Surroundings::default() };
        let settings = crate::settings::from_text(
            "[[group]]\nname = \"g\"\nload_balancers = [\"l\"]\nscale_up = [\"u\"]\nscale_down = [\"d\"]\n",
            Path::new("settings.toml"),
            &around,
        );
        let secrets = Secrets::new(&settings.unwrap().cloud, &around);
        (folder, secrets)
    }

    #[test]
    fn the_variable_goes_before_the_file() {
        let file = Some("[heroku]\nAPI_KEY = from-file\n");
        let (_folder, both) = secrets(file, [("HEROKU_API_KEY", "from-variable")].into());
        assert_eq!(both.one(KEY).unwrap().expose_secret(), "from-variable");
        let (_folder, one) = secrets(file, [("HEROKU_API_KEY", "")].into());
        assert_eq!(one.one(KEY).unwrap().expose_secret(), "from-file");
    }

    #[test]
    fn what_is_nowhere_is_told_with_both_places() {
        for file in [None, Some("[rackspace_cloud]\nusername = me\n")] {
            let (_folder, secrets) = secrets(file, Variables::default());
            let told = secrets.one(KEY).unwrap_err().to_string();
            assert!(told.contains("HEROKU_API_KEY") && told.contains("[heroku] api_key"), "{told}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_once_it_is_needed() {
        let (folder, secrets) = secrets(Some("[heroku]\napi_key = hunter2\n"), Variables::default());
        let path = folder.path().join(DEFAULT_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let told = secrets.one(KEY).unwrap_err().to_string();
        assert!(told.contains("chmod 600") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_line_that_is_no_entry_is_told_without_its_neighbours() {
        let (_folder, secrets) = secrets(Some("[heroku]\napi_key = hunter2\noops\n"), Variables::default());
        let told = secrets.one(KEY).unwrap_err().to_string();
        assert!(told.contains("oops") && !told.contains("hunter2"), "{told}");
    }
}
