//! Locks, permissions, and a rehearsal's clean hands.

use std::os::unix::fs::PermissionsExt;

use super::super::Rehearsal;
use super::*;

#[tokio::test]
async fn a_group_is_held_by_one_pass_and_free_again_after_it() {
    let bench = Bench::new();
    let held = bench.lock().await;
    assert!(matches!(bench.journal.lock(GROUP).await, Err(Fault::Locked)));
    assert!(bench.journal.lock("group02").await.is_ok(), "another group is free");
    assert!(bench.journal.peek(GROUP).await.is_ok(), "looking takes no lock");
    drop(held);
    assert!(bench.journal.lock(GROUP).await.is_ok());
}

#[tokio::test]
async fn whoever_gets_the_lock_next_folds_what_others_appended() {
    let bench = Bench::new();
    let mine = bench.pass(day(0), 400.0).await;
    let elsewhere = Jsonl::new(bench.home.path().join("journal"));
    assert_eq!(elsewhere.lock(GROUP).await.unwrap().recall().await.unwrap(), mine);
    assert_eq!(elsewhere.peek(GROUP).await.unwrap(), mine);
}

#[tokio::test]
async fn only_the_owner_can_read_any_of_it() {
    let bench = Bench::new();
    bench.pass(day(0), 400.0).await;
    bench.pass(day(9), 400.0).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for dir in [bench.dir(), bench.home.path().join("journal")] {
        assert_eq!(mode(&dir), 0o700, "{}", dir.display());
    }
    let files: Vec<PathBuf> = fs::read_dir(bench.dir()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "lock, checkpoint, a thinned day and a whole one: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_rehearsal_remembers_its_moves_and_writes_none() {
    let bench = Bench::new();
    let real = bench.pass(day(0), 180.0).await;
    let files = || fs::read_dir(bench.dir()).unwrap().count();
    let (text, count) = (fs::read(bench.only_segment()).unwrap(), files());
    let rehearsal = Rehearsal::new(Jsonl::new(bench.home.path().join("journal")));
    let held = bench.lock().await;
    let mut guard = rehearsal.lock(GROUP).await.unwrap();
    let mut state = guard.recall().await.unwrap();
    assert_eq!(state, real, "it starts where the journal stands, locked or not");
    for entries in entries(&state.clone(), minutes_later(day(0), 1), 400.0) {
        guard.append(&entries).await.unwrap();
        entries.iter().for_each(|entry| state.fold(entry));
    }
    guard.checkpoint(&state).await.unwrap();
    drop((guard, held));
    assert!(state.memory.changed_at.is_some());
    assert_eq!(rehearsal.lock(GROUP).await.unwrap().recall().await.unwrap(), state);
    assert_eq!((fs::read(bench.only_segment()).unwrap(), files()), (text, count));
    assert_eq!(bench.recall().await.unwrap(), real);
}

#[tokio::test]
async fn a_rehearsal_of_a_group_without_a_past_makes_no_folder() {
    let bench = Bench::new();
    let rehearsal = Rehearsal::new(Jsonl::new(bench.home.path().join("journal")));
    let state = rehearsal.lock(GROUP).await.unwrap().recall().await.unwrap();
    assert_eq!(state, State::default());
    assert!(!bench.home.path().join("journal").exists());
}
