//! Many one-shots started at once: one of them acts.

use futures::future::join_all;

use crate::cloud::{HIGH, LONG_COOLDOWN, Stage};
use crate::program::answer_of;
use crate::soak;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_shots_started_at_once_execute_once() {
    let processes = soak::count("one-shots started at once", 12, 50);
    let stage = Stage::start().await;
    stage.rules(LONG_COOLDOWN);
    stage.load(HIGH);
    let answers = join_all((0..processes).map(|_| answer_of(stage.command(&[])))).await;
    let mut acted = 0;
    for answer in &answers {
        let record = answer.record();
        match (answer.status, record["outcome"].as_str(), record["reason"].as_str()) {
            (0, Some("executed"), Some("above_band")) => acted += 1,
            (75, None, Some("locked")) => {}
            (0, None, Some("pending_covers" | "cooling_down")) => {}
            other => panic!("{other:?}: {answer:?}"),
        }
    }
    assert_eq!((acted, stage.executions()), (1, 1));
}
