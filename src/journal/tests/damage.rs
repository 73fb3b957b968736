//! What a crash or a careless hand leaves behind.

use super::*;

#[tokio::test]
async fn a_last_line_torn_at_any_byte_is_cut_and_written_over() {
    let bench = Bench::new();
    let before = bench.pass(day(0), 180.0).await;
    let segment = bench.only_segment();
    let whole = fs::metadata(&segment).unwrap().len();
    bench.pass(minutes_later(day(0), 1), 400.0).await;
    let text = fs::read(&segment).unwrap();
    let second_line = whole + 1 + text[whole as usize..].iter().position(|b| *b == b'\n').unwrap() as u64;
    let kept = fs::read(bench.checkpoint()).unwrap();
    for cut in whole..second_line {
        fs::write(&segment, &text[..cut as usize]).unwrap();
        assert_eq!(recall_from_scratch(&bench).await, before, "cut at byte {cut}");
        if cut % 16 == 0 {
            let after = bench.pass(minutes_later(day(0), 2), 180.0).await;
            assert_eq!(recall_from_scratch(&bench).await, after, "appended after a cut at byte {cut}");
        }
        fs::write(bench.checkpoint(), &kept).unwrap();
    }
}

#[tokio::test]
async fn a_move_begun_and_torn_off_before_its_outcome_counts_as_made() {
    let bench = Bench::new();
    bench.pass(day(0), 400.0).await;
    let segment = bench.only_segment();
    let text = fs::read_to_string(&segment).unwrap();
    truncate(&segment, text.rfind("{\"settled\"").unwrap() as u64 + 5);
    let state = recall_from_scratch(&bench).await;
    assert_eq!(state.memory.changed_at, Some(day(0)));
    assert_eq!(state.memory.open.unwrap().change.to, 5);
}

#[tokio::test]
async fn a_checkpoint_that_does_not_fit_costs_no_decision() {
    let bench = Bench::new();
    bench.pass(day(0), 180.0).await;
    let old = fs::read(bench.checkpoint()).unwrap();
    let state = bench.pass(minutes_later(day(0), 1), 400.0).await;
    let newest = fs::read_to_string(bench.checkpoint()).unwrap();
    let length = fs::metadata(bench.only_segment()).unwrap().len();
    let ahead = newest.replace(&format!("\"end\":{length}"), "\"end\":999999");
    assert_ne!(ahead, newest);
    for checkpoint in [old.as_slice(), b"", b"{\"segment\":", newest.as_bytes(), ahead.as_bytes()] {
        fs::write(bench.checkpoint(), checkpoint).unwrap();
        assert_eq!(bench.recall().await.unwrap(), state, "{}", String::from_utf8_lossy(checkpoint));
    }
    assert_eq!(recall_from_scratch(&bench).await, state);
}

#[tokio::test]
async fn a_checkpoint_is_what_a_pass_starts_from() {
    let bench = Bench::new();
    let state = bench.pass(day(0), 180.0).await;
    let length = fs::metadata(bench.only_segment()).unwrap().len();
    fs::write(bench.only_segment(), vec![b'x'; length as usize]).unwrap();
    assert_eq!(bench.recall().await.unwrap(), state);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_told_with_file_byte_and_remedy() {
    let bench = Bench::new();
    bench.pass(day(0), 180.0).await;
    let segment = bench.only_segment();
    let mut text = fs::read(&segment).unwrap();
    let broken_at = text.len();
    text.extend_from_slice(b"{\"pass\":\"no such thing\"}\n");
    fs::write(&segment, &text).unwrap();
    let told = bench.recall().await.unwrap_err().to_string();
    for part in [segment.to_str().unwrap(), &format!("byte {broken_at}"), "move the file away"] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(fs::read(&segment).unwrap(), text, "left as it was");
}

#[tokio::test]
async fn appending_without_having_read_cuts_nothing_off() {
    let bench = Bench::new();
    bench.pass(day(0), 180.0).await;
    let entry = Entry::Found { at: minutes_later(day(0), 1), desired: 4 };
    bench.lock().await.append(&[entry]).await.unwrap();
    assert_eq!(fs::read_to_string(bench.only_segment()).unwrap().lines().count(), 3);
}

#[tokio::test]
async fn every_entry_reads_back_as_it_was_written() {
    let bench = Bench::new();
    let state = bench.pass(day(0), 50.0).await;
    let last_server = seen(minutes_later(day(0), 1), 1.0, 1);
    let mut fleet = last_server.clone();
    fleet.fleet.as_mut().unwrap().limits.min = 0;
    let decision = decide(&Rules::default(), &state.memory, &fleet);
    let entry = Entry::Pass { pass: Box::new(Pass { seen: fleet, decision }), memory: digest(&state.memory) };
    let text = serde_json::to_string(&entry).unwrap();
    assert!(text.contains("would_flap"), "{text}");
    assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
}
