//! What waits, what is sent, what is given up: on real files.

#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::model::Interest;
use crate::notifier::memory::Memory;
use crate::notifier::tests::notice;

fn outbox() -> (tempfile::TempDir, Outbox) {
    let state = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(state.path().join("outbox"));
    (state, outbox)
}

fn watch(name: &str, told: &Memory) -> Watch {
    Watch { name: name.to_owned(), interest: Interest::default(), notifier: Box::new(told.clone()) }
}

fn titled(title: &str) -> Notice {
    Notice { id: format!("id-{title}"), title: title.to_owned(), ..notice() }
}

fn titles(told: &Memory) -> Vec<String> {
    told.told().into_iter().map(|notice| notice.title).collect()
}

/// Changes every letter that waits.
fn with_letters(outbox: &Outbox, change: impl Fn(&mut Letter)) {
    for (path, mut letter) in outbox.letters().unwrap() {
        change(&mut letter);
        write(&path, &letter).unwrap();
    }
}

fn hour_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(1)
}

#[tokio::test]
async fn what_is_put_in_is_sent_in_order_and_then_gone() {
    let (_state, outbox) = outbox();
    let told = Memory::default();
    for title in ["first", "second", "third"] {
        outbox.put("ops", &titled(title)).unwrap();
    }
    assert_eq!(outbox.deliver(&[watch("ops", &told)], None).await, None);
    assert_eq!(titles(&told), ["first", "second", "third"]);
    assert_eq!(outbox.names().unwrap(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_failure_lets_one_notifier_rest_and_keeps_its_order() {
    let (_state, outbox) = outbox();
    let (down, up) = (Memory::default(), Memory::default());
    down.fail_next(Undelivered::failed("no route"));
    for (notifier, title) in [("down", "first"), ("up", "other"), ("down", "second")] {
        outbox.put(notifier, &titled(title)).unwrap();
    }
    let watches = [watch("down", &down), watch("up", &up)];
    let rest = outbox.deliver(&watches, None).await.unwrap();
    assert!(rest > Duration::from_secs(20) && rest <= FIRST_PAUSE, "{rest:?}");
    assert_eq!((titles(&down), titles(&up)), (vec![], vec!["other".to_owned()]));
    // Not due yet, by whichever process.
    outbox.deliver(&watches, None).await;
    assert_eq!(titles(&down), [] as [&str; 0]);
    with_letters(&outbox, |letter| letter.not_before = hour_ago());
    outbox.deliver(&watches, None).await;
    assert_eq!(titles(&down), ["first", "second"]);
}

#[tokio::test]
async fn the_receivers_own_pause_is_kept_up_to_an_hour() {
    for (asked, kept) in [(120, 120), (9_999_999, 3600), (1, 30)] {
        let (_state, outbox) = outbox();
        let told = Memory::default();
        let retry_after = Some(Duration::from_secs(asked));
        told.fail_next(Undelivered::Failed { why: "slow down".to_owned(), retry_after });
        outbox.put("ops", &notice()).unwrap();
        let before = Timestamp::now();
        outbox.deliver(&[watch("ops", &told)], None).await;
        let letter = outbox.letters().unwrap().remove(0).1;
        let pause = letter.not_before.duration_since(before).as_secs();
        assert!(pause >= kept && letter.tries == 1, "{asked}: {pause}");
        let after = letter.not_before.duration_since(Timestamp::now()).as_secs();
        assert!(after <= kept, "{asked}: {after}");
    }
}

#[tokio::test]
async fn what_is_refused_too_old_or_tried_too_often_is_given_up() {
    let (_state, outbox) = outbox();
    let told = Memory::default();
    told.fail_next(Undelivered::Refused("no such field".to_owned()));
    outbox.put("ops", &titled("refused")).unwrap();
    outbox.put("ops", &titled("taken")).unwrap();
    outbox.deliver(&[watch("ops", &told)], None).await;
    assert_eq!(titles(&told), ["taken"]);

    outbox.put("ops", &titled("old")).unwrap();
    with_letters(&outbox, |letter| letter.queued = Timestamp::now() - SignedDuration::from_hours(25));
    outbox.put("ops", &titled("tried")).unwrap();
    with_letters(&outbox, |letter| letter.tries += MOST_TRIES);
    outbox.deliver(&[watch("ops", &told)], None).await;
    assert_eq!(titles(&told), ["taken"]);
    assert_eq!(outbox.names().unwrap(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn what_is_for_a_notifier_of_other_settings_waits_until_it_is_too_old() {
    let (_state, outbox) = outbox();
    outbox.put("gone", &notice()).unwrap();
    assert_eq!(outbox.deliver(&[], None).await, None);
    assert_eq!(outbox.names().unwrap().len(), 1);
    with_letters(&outbox, |letter| letter.queued = Timestamp::now() - SignedDuration::from_hours(25));
    outbox.deliver(&[], None).await;
    assert_eq!(outbox.names().unwrap().len(), 0);
}

#[tokio::test]
async fn only_one_sends_at_a_time() {
    let (_state, outbox) = outbox();
    let told = Memory::default();
    outbox.put("ops", &notice()).unwrap();
    let held = outbox.lock().unwrap().unwrap();
    assert_eq!(outbox.deliver(&[watch("ops", &told)], None).await, Some(FIRST_PAUSE));
    assert_eq!(titles(&told), [] as [&str; 0]);
    drop(held);
    outbox.deliver(&[watch("ops", &told)], None).await;
    assert_eq!(told.told().len(), 1);
}

#[tokio::test]
async fn a_budget_that_is_spent_leaves_the_rest_as_it_was() {
    let (_state, outbox) = outbox();
    let told = Memory::default();
    outbox.put("ops", &notice()).unwrap();
    outbox.deliver(&[watch("ops", &told)], Some(Instant::now())).await;
    assert_eq!(titles(&told), [] as [&str; 0]);
    assert_eq!(outbox.letters().unwrap()[0].1.tries, 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_never_answers_costs_a_try_and_no_more_than_its_patience() {
    struct Silent;
    #[async_trait::async_trait]
    impl crate::notifier::Notifier for Silent {
        async fn notify(&self, _: &Notice) -> Result<(), Undelivered> {
            std::future::pending().await
        }
    }
    let (_state, outbox) = outbox();
    let silent = Watch { name: "ops".to_owned(), interest: Interest::default(), notifier: Box::new(Silent) };
    outbox.put("ops", &notice()).unwrap();
    let begun = Instant::now();
    outbox.deliver(&[silent], Some(begun + crate::notifier::BUDGET)).await;
    assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    assert_eq!(outbox.letters().unwrap()[0].1.tries, 1);
}

#[tokio::test]
async fn a_torn_letter_is_put_aside_and_holds_up_nobody() {
    let (_state, outbox) = outbox();
    let told = Memory::default();
    outbox.put("ops", &titled("whole")).unwrap();
    fs::write(outbox.dir.join("00000000000000000001-x.json"), "{\"notifier\":").unwrap();
    outbox.deliver(&[watch("ops", &told)], None).await;
    assert_eq!(titles(&told), ["whole"]);
    assert!(outbox.dir.join("00000000000000000001-x.unreadable").exists());
}

#[test]
fn a_flood_drives_out_the_oldest() {
    let (_state, outbox) = outbox();
    outbox.put("page", &titled("of somebody else")).unwrap();
    outbox.put("ops", &titled("real")).unwrap();
    let text = fs::read(outbox.names().unwrap().remove(0)).unwrap();
    for number in 0..MOST_WAITING - 2 {
        fs::write(outbox.dir.join(format!("{number:020}-x.ops.{LETTER}")), &text).unwrap();
    }
    let names = |outbox: &Outbox| outbox.names().unwrap();
    outbox.put("ops", &titled("last that fits")).unwrap();
    assert_eq!(names(&outbox).len(), MOST_WAITING + 1);
    outbox.put("ops", &titled("one more")).unwrap();
    assert_eq!(names(&outbox).len(), MOST_WAITING + 1, "nobody else's letter gives way");
    assert!(!outbox.dir.join(format!("{:020}-x.ops.{LETTER}", 0)).exists());
    assert!(outbox.dir.join(format!("{:020}-x.ops.{LETTER}", 1)).exists());
}

#[test]
fn letters_are_for_their_owner_only() {
    let (_state, outbox) = outbox();
    outbox.put("ops", &notice()).unwrap();
    let _lock = outbox.lock().unwrap();
    for entry in fs::read_dir(&outbox.dir).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    assert_eq!(fs::metadata(&outbox.dir).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn pauses_grow_to_an_hour() {
    let pauses = [1, 2, 3, 7, 8, 20, u32::MAX].map(|tries| pause(tries).as_secs());
    assert_eq!(pauses, [30, 60, 120, 1920, 3600, 3600, 3600]);
}

#[test]
fn a_clock_that_was_set_back_puts_off_no_letter_beyond_the_longest_pause() {
    let now = Timestamp::now();
    let later = now + SignedDuration::from_hours(100);
    let letter =
        Letter { notifier: "ops".into(), queued: later, tries: 1, not_before: later, notice: notice() };
    assert_eq!(letter.due(now), Some(after(now, LONGEST_PAUSE)));
    assert_eq!(letter.hopeless(now), None);
}
