//! How much of a large test an ordinary run does; all of it with `LOADSCALE_SOAK=1`.

use std::io::{self, Write};

/// Whether everything is to be run.
pub(crate) fn is_full() -> bool {
    std::env::var_os("LOADSCALE_SOAK").is_some_and(|value| value == "1")
}

/// `full` in a full run, else `ordinary`, which is told past the test harness's capture.
pub(crate) fn count(what: &str, ordinary: usize, full: usize) -> usize {
    if is_full() {
        return full;
    }
    // A closed stderr takes nothing from the test.
    let _ = writeln!(io::stderr(), "scaled down: {what}: {ordinary} of {full}; all with LOADSCALE_SOAK=1");
    ordinary
}
