//! From records to notices, and what a notice says.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::conditions::Event;
use super::memory::Memory;
use super::notice::Address;
use super::*;
use crate::model::{Condition, Outcome};
use crate::record::{Action, Record, Servers};

fn record(minute: i64, needed: u32) -> Record {
    let time = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
    let servers = Servers {
        serving: Some(3),
        active: Some(3),
        pending: Some(0),
        desired: Some(3),
        min: Some(2),
        max: Some(5),
    };
    let explanation = "That is why.".to_owned();
    Record {
        servers,
        needed: Some(needed),
        ..Record::not_passed("web", time, "above_band", explanation, None)
    }
}

fn moved(minute: i64, outcome: Option<Outcome>) -> Record {
    let (action, policy) = (Action::ScaleUp, Some("add_on".to_owned()));
    let (desired_from, desired_to) = (Some(3), Some(4));
    Record { action, policy, desired_from, desired_to, outcome, ..record(minute, 4) }
}

fn notice_of(condition: Condition, phase: Phase, record: &Record) -> Notice {
    let since = record.time - SignedDuration::from_mins(25);
    let event = Event { condition, phase, since, from: Some(1) };
    let to = Address { notifier: "ops", group_key: "web-1" };
    Notice::new(&to, &event, &Interest::default(), record)
}

/// One that tells that nine servers are needed and five allowed; the fleet was about to go from three to four.
pub(super) fn notice() -> Notice {
    let record = Record { desired_from: Some(3), needed: Some(9), ..record(60, 9) };
    notice_of(Condition::NeedsExceedMax, Phase::Began, &record)
}

fn watch(name: &str, when: &[Condition], notifier: &Memory) -> Watch {
    let interest = Interest { when: when.iter().copied().collect(), ..Interest::default() };
    Watch { name: name.to_owned(), interest, notifier: Box::new(notifier.clone()) }
}

/// What the one-shot of a cron job does: everything made anew, one pass, one round of sending.
async fn one_shot(state: &Path, told: &Memory, before: Option<&Record>, record: &Record) {
    let when = [Condition::NeedsExceedMax, Condition::EveryScale, Condition::Recovered];
    let notices = Notices::new(vec![watch("ops", &when, told)], state, false);
    notices.take("web-1", before, record).await;
    notices.send(None).await;
}

fn titles(told: &Memory) -> Vec<String> {
    told.told().into_iter().map(|notice| notice.title).collect()
}

#[tokio::test]
async fn single_passes_tell_what_one_long_run_would() {
    let state = tempfile::tempdir().unwrap();
    let told = Memory::default();
    for minute in 0..10 {
        one_shot(state.path(), &told, None, &record(minute, if minute < 8 { 9 } else { 5 })).await;
    }
    assert_eq!(
        titles(&told),
        ["web: needs 9 servers, more than its maximum of 5", "web: its maximum is enough again, after 8m"]
    );
}

#[tokio::test]
async fn a_move_whose_pass_was_killed_is_told_by_the_next_one_and_only_once() {
    let state = tempfile::tempdir().unwrap();
    let told = Memory::default();
    one_shot(state.path(), &told, None, &record(0, 3)).await;
    let killed = moved(5, Some(Outcome::Executed));
    one_shot(state.path(), &told, Some(&killed), &record(10, 3)).await;
    one_shot(state.path(), &told, Some(&killed), &record(15, 3)).await;
    assert_eq!(titles(&told), ["web: scaled up from 3 to 4 servers"]);
}

#[tokio::test]
async fn a_move_that_was_told_is_not_told_by_the_next_one() {
    let state = tempfile::tempdir().unwrap();
    let told = Memory::default();
    let executed = moved(0, Some(Outcome::Executed));
    one_shot(state.path(), &told, None, &executed).await;
    one_shot(state.path(), &told, Some(&executed), &record(5, 3)).await;
    assert_eq!(titles(&told), ["web: scaled up from 3 to 4 servers"]);
}

#[tokio::test]
async fn a_notifier_that_is_new_is_told_nothing_old() {
    let state = tempfile::tempdir().unwrap();
    let told = Memory::default();
    one_shot(state.path(), &told, Some(&moved(0, Some(Outcome::Executed))), &record(5, 3)).await;
    assert_eq!(titles(&told), [] as [&str; 0]);
}

#[tokio::test]
async fn a_dry_run_tells_only_who_asked_and_leaves_the_others_memory_alone() {
    let state = tempfile::tempdir().unwrap();
    let (asked, other) = (Memory::default(), Memory::default());
    let watches = || {
        let asks = [Condition::DryRunWouldScale, Condition::NeedsExceedMax, Condition::EveryPass];
        vec![watch("asks", &asks, &asked), watch("other", &[Condition::NeedsExceedMax], &other)]
    };
    let dry = Notices::new(watches(), state.path(), true);
    dry.take("web-1", None, &Record { needed: Some(9), ..moved(0, Some(Outcome::DryRun)) }).await;
    dry.send(None).await;
    assert_eq!(titles(&asked), ["web: would scale up from 3 to 4 servers"]);
    assert_eq!(titles(&other), [] as [&str; 0]);
    let real = Notices::new(watches(), state.path(), false);
    real.take("web-1", None, &record(5, 9)).await;
    real.send(None).await;
    assert_eq!(titles(&other), ["web: needs 9 servers, more than its maximum of 5"]);
}

#[tokio::test]
async fn nobody_who_is_told_nothing_leaves_a_file() {
    let state = tempfile::tempdir().unwrap();
    let notices = Notices::new(Vec::new(), state.path(), false);
    notices.take("web-1", None, &moved(0, None)).await;
    assert_eq!(notices.send(None).await, None);
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_tells_again_rather_than_never() {
    let state = tempfile::tempdir().unwrap();
    let told = Memory::default();
    one_shot(state.path(), &told, None, &record(0, 9)).await;
    std::fs::write(state.path().join("notices/web-1.json"), "{").unwrap();
    one_shot(state.path(), &told, None, &record(5, 9)).await;
    assert_eq!(told.told().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_postman_sends_what_comes_while_he_works_and_what_is_left_when_he_goes() {
    let state = tempfile::tempdir().unwrap();
    let told = Memory::default();
    let watches = vec![watch("ops", &[Condition::EveryPass], &told)];
    let notices = std::sync::Arc::new(Notices::new(watches, state.path(), false));
    let postman = Postman::employ(std::sync::Arc::clone(&notices));
    notices.take("web-1", None, &record(0, 3)).await;
    while told.told().is_empty() {
        tokio::task::yield_now().await;
    }
    notices.take("web-1", None, &record(5, 3)).await;
    postman.retire().await;
    assert_eq!(told.told().len(), 2);
}

#[test]
fn a_notice_says_what_where_how_many_why_and_what_next() {
    let Notice { title, text, next_step, level, .. } =
        notice_of(Condition::EveryScale, Phase::Happened, &moved(60, Some(Outcome::Executed)));
    assert_eq!((title.as_str(), level.name()), ("web: scaled up from 3 to 4 servers", "info"));
    assert_eq!(
        text,
        "Group: web\n\
         Servers: 3 serving, 3 active, 0 pending, desired 3, needed 4, limits 2 to 5\n\
         Move: from 3 to 4 servers by policy \"add_on\": executed\n\
         Why: That is why.\n\
         Pass: 1970-01-01T01:00:00Z"
    );
    assert_eq!(next_step, "nothing to do.");
}

#[test]
fn titles_of_every_condition() {
    let failed = Record { error: Some("503".to_owned()), ..moved(60, Some(Outcome::Failed)) };
    for (condition, phase, record, expected) in [
        (Condition::EveryPass, Phase::Happened, record(60, 3), "web: held at 3 servers (above_band)"),
        (Condition::ScaleFails, Phase::Began, failed, "web: scaling up from 3 to 4 servers failed"),
        (
            Condition::ScaleFails,
            Phase::GoesOn,
            moved(60, None),
            "web: scaling up from 3 to 4 servers may have failed, for 25m now",
        ),
        (
            Condition::NeedsBelowMin,
            Phase::Began,
            record(60, 1),
            "web: needs 1 servers, fewer than its minimum of 2",
        ),
        (
            Condition::ScaleDiffExceeds,
            Phase::Began,
            record(60, 3),
            "web: went from 1 to 3 servers within 10m",
        ),
        (Condition::ReadingMissing, Phase::Began, record(60, 3), "web: no usable reading for 25m"),
        (Condition::ReadingMissing, Phase::Ended, record(60, 3), "web: readings are back, after 25m"),
        (
            Condition::OutsideLimits,
            Phase::Began,
            record(60, 3),
            "web: 3 servers are outside its limits, 2 to 5",
        ),
    ] {
        let notice = notice_of(condition, phase, &record);
        assert_eq!(notice.title, expected);
        assert!(!notice.next_step.is_empty());
    }
}

#[test]
fn a_notice_made_again_after_a_crash_is_the_same() {
    let again = notice();
    assert_eq!(again.id, notice().id);
    let ended = notice_of(Condition::NeedsExceedMax, Phase::Ended, &record(60, 3));
    assert_ne!(ended.id, again.id);
    assert_eq!(ended.key, again.key);
}
