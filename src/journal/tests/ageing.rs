//! Days, weeks and months: new segments, thinning, idle times, clocks that go back.

use super::*;

async fn passes(bench: &Bench, days: impl IntoIterator<Item = i64>) -> State {
    let mut state = State::default();
    for (n, days) in days.into_iter().enumerate() {
        state = bench.pass(day(days), if n % 2 == 0 { 400.0 } else { 180.0 }).await;
    }
    state
}

#[tokio::test]
async fn each_day_has_its_segment() {
    let bench = Bench::new();
    let state = passes(&bench, [0, 1, 2]).await;
    assert_eq!(bench.segments(), ["2026-01-01.jsonl", "2026-01-02.jsonl", "2026-01-03.jsonl"]);
    assert_eq!(recall_from_scratch(&bench).await, state);
}

#[tokio::test]
async fn after_a_week_a_day_is_thinned_and_nothing_is_forgotten() {
    let bench = Bench::new();
    let state = passes(&bench, 0..=8).await;
    let segments = bench.segments();
    assert_eq!(segments[..2], ["2026-01-01.thin.jsonl", "2026-01-02.jsonl"]);
    let thinned = fs::read_to_string(bench.dir().join(&segments[0])).unwrap();
    let lines: Vec<&str> = thinned.lines().collect();
    assert_eq!(lines[0], r#"{"thinned":{"at":"2026-01-01T12:00:00Z","load":400.0,"serving":4,"desired":4}}"#);
    assert!(lines[1].starts_with(r#"{"snapshot":"#) && lines.len() == 2, "{thinned}");
    assert_eq!(recall_from_scratch(&bench).await, state);
}

#[tokio::test]
async fn after_ninety_days_an_outline_goes() {
    let bench = Bench::new();
    let state = passes(&bench, 0..=92).await;
    let segments = bench.segments();
    assert_eq!((segments[0].as_str(), segments.len()), ("2026-01-03.thin.jsonl", 91));
    assert_eq!(recall_from_scratch(&bench).await, state);
}

#[tokio::test]
async fn an_idle_time_however_long_forgets_nothing() {
    for idle in [8, 30, 91, 400] {
        let bench = Bench::new();
        passes(&bench, [0, 1]).await;
        let state = passes(&bench, [idle, idle + 1]).await;
        assert!(state.memory.policies.contains_key("id-up"));
        assert_eq!(recall_from_scratch(&bench).await, state, "idle for {idle} days");
    }
}

#[tokio::test]
async fn thinning_cut_short_before_the_old_day_was_removed_is_finished_later() {
    let bench = Bench::new();
    let before = passes(&bench, [0]).await;
    let whole = bench.only_segment();
    let (text, checkpoint) = (fs::read(&whole).unwrap(), fs::read(bench.checkpoint()).unwrap());
    passes(&bench, [9]).await;
    fs::remove_file(bench.dir().join("2026-01-10.jsonl")).unwrap();
    fs::write(&whole, text).unwrap();
    fs::write(bench.checkpoint(), checkpoint).unwrap();
    assert_eq!(bench.segments(), ["2026-01-01.jsonl", "2026-01-01.thin.jsonl"]);
    assert_eq!(bench.recall().await.unwrap(), before, "the checkpoint tells of the whole day");
    let state = passes(&bench, [10]).await;
    assert_eq!(bench.segments(), ["2026-01-01.thin.jsonl", "2026-01-11.jsonl"]);
    assert_eq!(recall_from_scratch(&bench).await, state);
}

#[tokio::test]
async fn a_clock_that_goes_back_goes_on_in_the_last_segment() {
    let bench = Bench::new();
    let state = passes(&bench, [5, 3, 4]).await;
    assert_eq!(bench.segments(), ["2026-01-06.jsonl"]);
    assert_eq!(recall_from_scratch(&bench).await, state);
}
