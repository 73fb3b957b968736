//! Which settings file: the one that was named, else the first one that is there.

use std::fmt;
use std::path::{Path, PathBuf};

use super::surroundings::Surroundings;

/// Names the settings file when the command line does not.
const VARIABLE: &str = "LOADSCALE_SETTINGS";
/// The file's usual name.
const FILE: &str = "settings.toml";

/// No settings file was named, and none is where one is looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NotFound {
    /// Where it was looked for, in order.
    pub looked: Vec<PathBuf>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no settings file: --settings names none, ${VARIABLE} is not set, and there is none at")?;
        self.looked.iter().try_for_each(|path| writeln!(f, "  {}", path.display()))?;
        write!(
            f,
            "copy settings.example.toml to one of these places and fill it in, \
             or run `loadscale demo` to see it work first, without any settings"
        )
    }
}

/// The file to read. One that was named is taken even if it is not there: reading it will say so.
pub(super) fn find(named: Option<&Path>, around: &Surroundings) -> Result<PathBuf, NotFound> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    if let Some(path) = around.variables.get(VARIABLE) {
        return Ok(around.expand(path, Path::new("")).unwrap_or_else(|| PathBuf::from(path)));
    }
    let here = around.folder.join(FILE);
    let of_user = around.config.iter().map(|folder| folder.join("loadscale").join(FILE));
    let looked: Vec<_> = std::iter::once(here).chain(of_user).collect();
    looked.iter().find(|path| path.exists()).cloned().ok_or(NotFound { looked })
}
