//! Where the program was started: its variables and folders, as plain data that a test can make up.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Everything outside the settings file that settings and credentials are looked for in.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The environment variables that can matter here.
    pub variables: Variables,
    /// The working folder.
    pub folder: PathBuf,
    /// The user's home, if there is one.
    pub home: Option<PathBuf>,
    /// The XDG configuration folder, if there is one.
    pub config: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// The working folder is gone, or a variable of ours is not valid Unicode.
    pub fn of_process() -> io::Result<Self> {
        Ok(Surroundings {
            variables: Variables::of_process()?,
            folder: std::env::current_dir()?,
            home: dirs::home_dir(),
            config: dirs::config_dir(),
        })
    }

    /// A path as the user wrote it: `~` is the home, and a relative path starts at `base`. None if it needs a home
    /// and there is none.
    pub(crate) fn expand(&self, written: &str, base: &Path) -> Option<PathBuf> {
        match written.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => Some(self.home.as_ref()?.join(&rest[1..])),
            _ => Some(base.join(written)),
        }
    }
}

/// Environment variables by name. `Debug` tells only the names: the values may be secrets.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The prefixes of the variables that are read at all.
    const OURS: [&'static str; 3] = ["LOADSCALE_", "OS_", "HEROKU_API_KEY"];

    fn of_process() -> io::Result<Self> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if !Self::OURS.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let value = value.into_string().map_err(|_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("${name} is not valid UTF-8; set it anew or unset it"),
                )
            })?;
            variables.insert(name, value);
        }
        Ok(Variables(variables))
    }

    /// The value of a variable; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All that begin with a prefix, empty ones too, in the order of their names.
    pub fn beginning_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .range(prefix.to_owned()..)
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Variables {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Variables(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
