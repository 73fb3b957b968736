//! Every journal that a test leaves is read again: each whole pass in it must be decided as it was.

use std::fs;
use std::path::Path;

use loadscale::journal::jsonl::Jsonl;
use loadscale::journal::retrace::Retrace;

/// Retraces every group's journal in the state folders below `home`; the passes that came out otherwise.
pub(crate) fn deviations(home: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for groups in folders(home).iter().map(|state| state.join("groups")) {
        for group in folders(&groups) {
            let key = group.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.extend(deviations_of(&Jsonl::new(groups.clone()), &key));
        }
    }
    found
}

fn deviations_of(journal: &Jsonl, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut retrace = Retrace::default();
    let read = journal.entries(key, |entry| {
        let moment = retrace.take(&entry).filter(|moment| !moment.is_reproduced());
        found.extend(moment.map(|moment| format!("{key}: {:?} is now {:?}", moment.pass, moment.again())));
    });
    found.extend(read.err().map(|fault| fault.to_string()));
    found
}

/// The folders in `dir`; none if it is none itself.
fn folders(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
