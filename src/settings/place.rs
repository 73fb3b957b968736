//! Where a group's settings are written: what a path in them starts at, and what `[cloud]` allows there.

use std::path::{Path, PathBuf};

use ::cloud::http::is_loopback;
use url::Url;

use super::problem::Report;
use super::surroundings::Surroundings;

/// What is needed to resolve more than single values.
pub(super) struct Place<'a> {
    /// The folder of the settings file, at which a relative path starts.
    pub(super) base: &'a Path,
    pub(super) around: &'a Surroundings,
    /// Whether credentials may go over plain http.
    pub(super) allow_plain_http: bool,
}

/// Plain http to anything but this machine.
pub(super) fn is_exposed(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

impl Place<'_> {
    /// The path that was `written` for `key`; told if it needs a home and there is none. One in a variable
    /// starts at the working folder.
    pub(super) fn path(&self, written: &str, key: &str, report: &mut Report) -> Option<PathBuf> {
        let base = if report.origins.is_variable(key) { &self.around.folder } else { self.base };
        let path = self.around.expand(written, base);
        if path.is_none() {
            let fault = "~ stands for no folder here, since no home is known; write the path in full";
            report.tell(key, Some(format!("{written:?}")), fault);
        }
        path
    }
}
