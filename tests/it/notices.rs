//! Notices of real passes: to real receivers and programs, through an outbox that outlives the process.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use sandbox::{Ask, Fault, GroupPlan, Plan, Planned, Times, When};
use serde_json::{Value, json};

use crate::cloud::{BALANCER, GROUP, HIGH, LONG_COOLDOWN, RIGHT, Stage, group_table, small};
use crate::program::Answer as Run;
use crate::receiver::{Answer, Receiver};
use crate::running::Running;

/// A cloud whose settings have this notifier.
async fn stage(notifier: &str) -> Stage {
    let stage = Stage::start().await;
    with(&stage, "", notifier);
    stage
}

fn with(stage: &Stage, rules: &str, notifier: &str) {
    let group = group_table(GROUP, BALANCER, rules);
    stage.settings(&format!("{group}[[notifier]]\n{notifier}\n"));
}

/// A webhook that is told of every scale.
fn webhook(receiver: &Receiver, more: &str) -> String {
    format!("kind = \"webhook\"\nurl = {:?}\nwhen = [\"every-scale\"]\n{more}", receiver.url("/hook"))
}

/// What waits in the outbox, the oldest first.
fn waiting(stage: &Stage) -> Vec<(PathBuf, Value)> {
    let letter = |path: &PathBuf| {
        path.parent().is_some_and(|dir| dir.ends_with("outbox"))
            && path.extension().is_some_and(|e| e == "json")
    };
    let files = stage.state_files().into_iter().filter(|(path, _)| letter(path));
    let mut letters: Vec<_> =
        files.map(|(path, text)| (path, serde_json::from_str(&text).expect("a letter"))).collect();
    letters.sort_by(|(one, _), (other, _)| one.cmp(other));
    letters
}

/// As if the pause after a failure had passed.
fn let_the_pause_pass(stage: &Stage) {
    for (path, mut letter) in waiting(stage) {
        letter["not_before"] = letter["queued"].clone();
        fs::write(path, letter.to_string()).expect("written");
    }
}

#[track_caller]
fn scaled(run: &Run) {
    run.told("executed", "above_band", 0);
}

#[tokio::test]
async fn a_scale_reaches_a_webhook_with_all_that_is_known_of_it() {
    let mut receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    let run = stage.run(&[]).await;
    scaled(&run);
    let posted = receiver.next().await;
    let body = &posted.body;
    assert_eq!(
        (posted.path.as_str(), &posted.headers["content-type"].as_bytes()),
        ("/hook", &b"application/json".as_slice())
    );
    assert_eq!(body["title"], "Group01: scaled up from 2 to 3 servers");
    assert_eq!(
        (&body["condition"], &body["phase"], &body["level"], &body["group"]),
        (&json!("every-scale"), &json!("happened"), &json!("info"), &json!(GROUP))
    );
    assert_eq!(body["record"], run.record());
    let text = body["text"].as_str().expect("a text");
    assert!(text.contains("Load balancers: load_balancer\n") && text.contains("policy \"add_on\""), "{text}");
    assert_eq!(waiting(&stage).len(), 0);
    stage.run(&[]).await.told("null", "pending_covers", 0);
    assert_eq!(receiver.others().len(), 0);
}

#[tokio::test]
async fn what_a_receiver_does_not_take_waits_for_a_later_process() {
    let mut receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    receiver.answer(&[Answer::Status(503)]);
    let run = stage.run(&[]).await;
    scaled(&run);
    assert!(run.stderr.contains("could not be told") && run.stderr.contains("503"), "{run:?}");
    let first = receiver.next().await;
    assert_eq!(waiting(&stage)[0].1["tries"], 1);

    stage.run(&[]).await.told("null", "pending_covers", 0);
    assert_eq!(receiver.others().len(), 0, "its pause is not over");

    let_the_pause_pass(&stage);
    stage.run(&[]).await.told("null", "pending_covers", 0);
    let second = receiver.next().await;
    assert_eq!(second.bytes, first.bytes);
    assert_eq!(second.headers["webhook-id"], first.headers["webhook-id"]);
    assert_eq!(waiting(&stage).len(), 0);
}

#[tokio::test]
async fn what_a_receiver_refuses_for_good_is_given_up_and_logged() {
    let receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    receiver.answer(&[Answer::Status(422)]);
    let run = stage.run(&[]).await;
    scaled(&run);
    assert!(run.stderr.contains("will not be told") && run.stderr.contains("422"), "{run:?}");
    assert_eq!(waiting(&stage).len(), 0);
}

#[tokio::test]
async fn a_receiver_that_is_gone_changes_neither_record_nor_status() {
    let receiver = Receiver::start().await;
    let notifier = webhook(&receiver, "");
    drop(receiver);
    let stage = stage(&notifier).await;
    stage.load(HIGH);
    scaled(&stage.run(&[]).await);
    assert_eq!(stage.executions(), 1);
    assert_eq!(waiting(&stage).len(), 1);
}

#[tokio::test]
async fn a_single_pass_has_the_same_end_with_a_receiver_that_does_not_answer() {
    let mut receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    receiver.answer(&[Answer::Silence]);
    scaled(&stage.run(&[]).await);
    receiver.next().await;
    let [(_, letter)] = <[_; 1]>::try_from(waiting(&stage)).expect("one letter");
    assert_eq!((&letter["tries"], &letter["notice"]["condition"]), (&json!(1), &json!("every-scale")));
}

#[tokio::test]
async fn passes_go_on_while_a_receiver_does_not_answer() {
    let mut receiver = Receiver::start().await;
    let stage = stage("").await;
    let every = webhook(&receiver, "").replace("every-scale", "every-pass");
    with(&stage, LONG_COOLDOWN, &every);
    receiver.answer(&[Answer::Silence]);
    let mut running = Running::start(stage.command(&["--interval", "50ms"]));
    receiver.next().await;
    // Whatever they find: their interval is short, and the machine may be slow.
    for _ in 0..5 {
        running.record().await;
    }
    assert_eq!(receiver.others().len(), 0, "they keep their order");
    running.kill().await;
    let left = waiting(&stage).len();
    assert!(left >= 5, "{left}");
}

#[tokio::test]
async fn what_a_killed_run_left_is_sent_by_the_next_one() {
    let mut receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    receiver.answer(&[Answer::Silence]);
    let running = Running::start(stage.command(&["--interval", "1h"]));
    let first = receiver.next().await;
    running.kill().await;
    stage.run(&[]).await.told("null", "pending_covers", 0);
    assert_eq!(receiver.next().await.bytes, first.bytes);
    assert_eq!((waiting(&stage).len(), receiver.others().len()), (0, 0));
}

#[tokio::test]
async fn a_service_sends_what_its_last_pass_left_before_it_ends() {
    let mut receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    let mut running = Running::start(stage.command(&["--interval", "1h"]));
    running.record().await;
    running.signal(Signal::TERM);
    assert_eq!(running.end().await.code(), Some(0));
    assert_eq!(receiver.next().await.body["phase"], "happened");
    assert_eq!(waiting(&stage).len(), 0);
}

#[tokio::test]
async fn what_stands_is_told_once_by_many_single_passes_and_then_its_end() {
    let mut receiver = Receiver::start().await;
    let url = receiver.url("/hook");
    let notifier = format!(
        "kind = \"webhook\"\nurl = {url:?}\nwhen = [\"reading-missing\", \"recovered\"]\nreading_missing_for = \"0s\""
    );
    let stage = stage(&notifier).await;
    stage.warm().await;
    let fault = Fault::status(404);
    let planned = Planned { ask: Ask::Stats, fault, when: When::Before, times: Times::Always };
    stage.cloud.faults().plan(planned);
    for _ in 0..3 {
        stage.run(&[]).await.told("null", "no_reading", 1);
    }
    stage.cloud.faults().clear();
    stage.run(&[]).await.told("null", "inside_band", 0);
    let (begun, ended) = (receiver.next().await.body, receiver.next().await.body);
    assert_eq!((&begun["phase"], &begun["level"]), (&json!("began"), &json!("error")));
    assert_eq!(ended["phase"], "ended");
    assert_eq!((&ended["key"], &ended["since"]), (&begun["key"], &begun["since"]));
    assert_eq!(receiver.others().len(), 0);
}

#[tokio::test]
async fn a_need_beyond_the_maximum_is_told() {
    let mut receiver = Receiver::start().await;
    let group = GroupPlan { min: 2, max: 2, ..GroupPlan::default() };
    let stage = Stage::with(Plan { groups: vec![group], ..small() }).await;
    with(&stage, "", &webhook(&receiver, "").replace("every-scale", "needs-exceed-max"));
    stage.load(HIGH);
    stage.run(&[]).await;
    let body = receiver.next().await.body;
    assert_eq!(body["title"], "Group01: needs 3 servers, more than its maximum of 2");
    assert!(body["next_step"].as_str().is_some_and(|step| step.contains("raise max")), "{body}");
}

#[tokio::test]
async fn a_dry_run_tells_only_what_it_was_asked_to() {
    let mut receiver = Receiver::start().await;
    let stage = stage(&webhook(&receiver, "")).await;
    stage.load(HIGH);
    stage.run(&["--dry-run"]).await.told("dry_run", "above_band", 0);
    assert_eq!(receiver.others().len(), 0);
    assert!(!stage.state().join("notices").exists() && !stage.state().join("outbox").exists());

    with(&stage, "", &webhook(&receiver, "").replace("every-scale", "dry-run-would-scale"));
    for _ in 0..2 {
        stage.run(&["--dry-run"]).await.told("dry_run", "above_band", 0);
    }
    assert_eq!(receiver.next().await.body["title"], "Group01: would scale up from 2 to 3 servers");
    assert_eq!(receiver.others().len(), 0);
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn a_program_is_told_on_its_standard_input() {
    let stage = stage("kind = \"command\"\ncommand = [\"sh\", \"-c\", \"cat > told; env > around\"]\nwhen = [\"every-scale\"]").await;
    stage.load(HIGH);
    scaled(&stage.run(&[]).await);
    let read = |name: &str| fs::read_to_string(stage.home().join(name)).expect("it was run");
    let told: Value = serde_json::from_str(&read("told")).expect("JSON");
    assert_eq!(told["title"], "Group01: scaled up from 2 to 3 servers");
    assert!(!read("around").contains("LOADSCALE_"));
}

#[tokio::test]
async fn the_console_and_the_log_are_told_at_once_and_the_records_stay_alone_on_stdout() {
    for (kind, expected) in [
        ("console", "notice: info: Group01: scaled up from 2 to 3 servers. Next step: nothing to do."),
        ("log", "Group01: scaled up from 2 to 3 servers"),
    ] {
        let stage = stage(&format!("kind = {kind:?}\nwhen = [\"every-scale\"]")).await;
        stage.load(HIGH);
        let run = stage.run(&["-v"]).await;
        scaled(&run);
        assert!(run.stderr.contains(expected), "{run:?}");
        assert!(!stage.state().join("outbox").exists());
    }
}

#[tokio::test]
async fn ready_templates_go_to_the_secret_url_and_say_it_nowhere() {
    for template in ["slack", "teams", "discord", "plain"] {
        let mut receiver = Receiver::start().await;
        let notifier = format!(
            "kind = \"webhook\"\nname = \"hook-1\"\ntemplate = {template:?}\nwhen = [\"every-scale\"]"
        );
        let mut stage = stage(&notifier).await;
        stage.variables(vec![
            ("LOADSCALE_NOTIFIER_HOOK_1_URL", receiver.url("/services/hunter2")),
            ("LOADSCALE_NOTIFIER_HOOK_1_SIGNING_KEY", "whsec_aHVudGVyMw==".to_owned()),
            ("LOADSCALE_NOTIFIER_HOOK_1_AUTHORIZATION", "Bearer hunter4".to_owned()),
        ]);
        stage.load(HIGH);
        // Its answer says the URL again.
        receiver.answer(&[Answer::Status(500)]);
        let run = stage.run(&["-vvv"]).await;
        scaled(&run);
        let posted = receiver.next().await;
        assert_eq!(posted.path, "/services/hunter2");
        assert_eq!(posted.headers["authorization"], "Bearer hunter4");
        assert!(posted.headers["webhook-signature"].to_str().is_ok_and(|s| s.starts_with("v1,")));
        assert!(posted.body.to_string().contains("Group01: scaled up from 2 to 3 servers"), "{posted:?}");
        assert_eq!(waiting(&stage).len(), 1);
        let mut said = vec![run.stdout.clone(), run.stderr.clone()];
        said.extend(stage.state_files().into_iter().map(|(_, text)| text));
        for text in said {
            for secret in ["hunter2", "hunter3", "hunter4", "aHVudGVyMw"] {
                assert!(!text.contains(secret), "{template}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn pagerduty_resolves_what_it_triggered_with_a_key_from_the_credentials_file() {
    let mut receiver = Receiver::start().await;
    let notifier = format!(
        "kind = \"webhook\"\nname = \"pager\"\ntemplate = \"pagerduty\"\nurl = {:?}\n\
         when = [\"needs-exceed-max\", \"recovered\"]",
        receiver.url("/v2/enqueue")
    );
    let group = GroupPlan { min: 2, max: 2, ..GroupPlan::default() };
    let stage = Stage::with(Plan { groups: vec![group], ..small() }).await;
    with(&stage, "", &notifier);
    let key = &stage.cloud.plan().account.api_key;
    stage.credentials(&format!("api_key = {key}\n[notifier pager]\nrouting_key = hunter2"));
    stage.load(HIGH);
    stage.run(&[]).await;
    stage.load(RIGHT);
    stage.run(&[]).await;
    let (trigger, resolve) = (receiver.next().await.body, receiver.next().await.body);
    assert_eq!((&trigger["routing_key"], &trigger["event_action"]), (&json!("hunter2"), &json!("trigger")));
    assert_eq!((&resolve["event_action"], &resolve["dedup_key"]), (&json!("resolve"), &trigger["dedup_key"]));
}

#[tokio::test]
async fn a_body_of_ones_own_is_filled_in() {
    let mut receiver = Receiver::start().await;
    let body =
        "body = '{\"text\": \"{group}: {desired_from} to {desired_to}\", \"servers\": \"{desired_to}\"}'";
    let stage = stage(&webhook(&receiver, body)).await;
    stage.load(HIGH);
    scaled(&stage.run(&[]).await);
    assert_eq!(receiver.next().await.body, json!({ "text": "Group01: 2 to 3", "servers": 3 }));
}

#[tokio::test]
async fn a_notifier_without_its_secret_is_told_before_any_pass() {
    let stage = stage("kind = \"webhook\"\nname = \"hook-1\"\ntemplate = \"slack\"").await;
    for command in [&[][..], &["check"]] {
        let run = stage.run(command).await;
        assert_eq!(run.status, 2, "{run:?}");
        assert!(run.stderr.contains("LOADSCALE_NOTIFIER_HOOK_1_URL"), "{run:?}");
        assert!(run.stderr.contains("[notifier hook-1] url"), "{run:?}");
    }
    assert_eq!(stage.executions(), 0);
}

#[tokio::test]
async fn check_shows_who_is_told_what() {
    let stage = stage("kind = \"console\"").await;
    let run = stage.run(&["check"]).await;
    let values = run.record()["values"].clone();
    let value = |key: &str| {
        let mut found = values.as_array().into_iter().flatten().filter(|value| value["key"] == key);
        found.next().map(|value| value["value"].clone())
    };
    assert_eq!(value("notifier[0].when"), Some(json!("needs-exceed-max, reading-missing, recovered")));
}
