//! What systemd hands over to the service.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::machine::Program;

#[test]
fn a_key_that_systemd_hands_over_is_used_and_none_is_made() {
    let mut program = Program::imagined();
    let made = program.folder.path().join("otter.db.key");
    assert_eq!(program.ask("GET", "t/groups", "").0, 200, "it serves, and with that listens to signals");
    assert_eq!(program.stop(), 0);
    // A service of its own with the key from elsewhere; its group may read it, as where the service is no root.
    let credentials = tempfile::tempdir().unwrap();
    let key = credentials.path().join("otter.key");
    fs::rename(&made, &key).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o440)).unwrap();
    program.credentials = Some(credentials.path().to_owned());
    program.run();
    assert_eq!(program.ask("GET", "t/groups", "").0, 200);
    assert!(!made.exists(), "the key beside the database is not missed");
    assert_eq!(program.stop(), 0, "{}", program.log());
}
