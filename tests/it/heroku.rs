//! Heroku apps: scaled by their pages or by a cloud's balancers, and everything that Heroku may say to it.

use std::fs;
use std::time::Duration;

use sandbox::{Ask, GroupPlan, HerokuPlan, Plan};
use serde_json::Value;

use crate::cloud::{BALANCER, PER_SERVER, Stage, small};
use crate::page::{BROKEN, Page};

/// An app with so many web dynos of a size, whose next ones take an hour of the sandbox's clock to start.
pub(crate) fn app(size: &str, quantity: u32) -> Plan {
    let web = ("web".to_owned(), size.to_owned(), quantity);
    let worker = ("worker".to_owned(), "standard-1x".to_owned(), 1);
    Plan { heroku: HerokuPlan { processes: vec![web, worker], ..HerokuPlan::default() }, ..small() }
}

/// A user of Heroku alone.
async fn stage(plan: Plan, rules: &str) -> Stage {
    let mut stage = Stage::with(plan).await;
    stage.variables(vec![("HEROKU_API_KEY", stage.cloud.plan().heroku.key.clone())]);
    settings(&stage, &group("web", rules));
    stage
}

fn group(process: &str, rules: &str) -> String {
    let scaler = format!("{{ kind = \"heroku\", app = \"sandbox-app\", process = {process:?} }}");
    format!("[[group]]\nname = {process:?}\nscaler = {scaler}\nmax = 5\n{rules}\n")
}

fn settings(stage: &Stage, groups: &str) {
    let url = stage.cloud.heroku_url();
    let text = format!(
        "[cloud]\nkind = \"none\"\ncredentials = \"credentials\"\n[cloud.endpoints]\nheroku = {url:?}\n{groups}"
    );
    fs::write(stage.home().join("settings.toml"), text).expect("written");
}

/// Settings for an app that is judged by the small cloud's balancer.
pub(crate) fn by_balancer(stage: &mut Stage, rules: &str) {
    let key = stage.cloud.plan().heroku.key.clone();
    stage.variables(vec![("HEROKU_API_KEY", key)]);
    let rules = format!("load_balancers = [{BALANCER:?}]\n{rules}");
    stage.settings(&format!(
        "\"standard-1x\" = {PER_SERVER}\n[cloud.endpoints]\nheroku = {:?}\n{}",
        stage.cloud.heroku_url(),
        group("web", &rules)
    ));
}

fn numbers(record: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| record["servers"][name].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn a_page_that_fails_gets_a_dyno_which_is_pending_until_it_is_up() {
    let page = Page::start().await;
    page.answers(BROKEN);
    let stage = stage(app("standard-1x", 2), &page.right()).await;
    for _ in 1..3 {
        stage.run(&[]).await.told("null", "not_confirmed", 0);
    }
    let moved = stage.run(&[]).await.told("executed", "above_band", 0);
    assert_eq!((&moved["desired_from"], &moved["desired_to"]), (&2.into(), &3.into()));
    assert_eq!((&moved["policy"], &moved["error"]), (&Value::Null, &Value::Null));
    assert_eq!((stage.cloud.heroku().quantity("web"), stage.cloud.heroku().changes()), (3, 1));
    let starting = stage.run(&[]).await.told("null", "not_confirmed", 0);
    assert_eq!(numbers(&starting, &["active", "pending", "desired", "min", "max"]), [2, 1, 3, 1, 5]);
    stage.run(&[]).await.told("null", "not_confirmed", 0);
    stage.run(&[]).await.told("null", "in_flight", 0);
    stage.cloud.advance(crate::cloud::BOOT).await;
    let up = stage.run(&[]).await.told("null", "not_confirmed", 0);
    assert_eq!(numbers(&up, &["active", "pending"]), [3, 0]);
}

#[tokio::test]
async fn quick_pages_take_dynos_away_but_not_the_last() {
    let page = Page::start().await;
    for min in ["", "min = { zone = \"UTC\", \"2001-01-01\" = 2 }"] {
        let rules = format!("{}\nscale_down_after = 2\n{min}", page.low());
        let stage = stage(app("standard-1x", 2), &rules).await;
        stage.run(&[]).await.told("null", "not_confirmed", 0);
        stage.run(&[]).await.told("executed", "below_band", 0);
        assert_eq!(stage.cloud.heroku().quantity("web"), 1);
        stage.run(&[]).await.told("null", "not_confirmed", 0);
        stage.run(&[]).await.told("null", "at_min", 0);
        assert_eq!(stage.cloud.heroku().quantity("web"), 1, "an app is shut down only where min = 0 says so");
    }
}

#[tokio::test]
async fn connections_on_a_balancer_move_an_app_straight_to_need() {
    let mut stage = Stage::with(app("standard-1x", 2)).await;
    by_balancer(&mut stage, "");
    stage.load(240);
    let record = stage.run(&[]).await.told("executed", "above_band", 0);
    assert_eq!((&record["needed"], &record["capacity"]), (&5.into(), &100.0.into()));
    assert_eq!((stage.cloud.heroku().quantity("web"), stage.cloud.heroku().changes()), (5, 1));
    stage.run(&[]).await.told("null", "pending_covers", 0);
}

#[tokio::test]
async fn what_somebody_did_by_hand_is_told_and_respected() {
    let page = Page::start().await;
    let rules = format!("{}\ncooldown = \"1h\"\nscale_up_after = 1", page.right());
    let stage = stage(app("standard-1x", 2), &rules).await;
    stage.run(&[]).await.told("null", "inside_band", 0);
    stage.cloud.heroku().set_by_hand("web", 4);
    stage.cloud.advance(crate::cloud::BOOT).await;
    page.answers(BROKEN);
    let record = stage.run(&[]).await.told("null", "cooling_down", 0);
    let told = record["explanation"].as_str().expect("a sentence");
    assert!(told.contains("Somebody else has changed desired capacity from 2 to 4."), "{told}");
    let later = stage.run(&[]).await.told("null", "cooling_down", 0);
    assert!(!later["explanation"].as_str().expect("a sentence").contains("Somebody else"), "{later}");
    assert_eq!((stage.cloud.heroku().quantity("web"), stage.cloud.heroku().changes()), (4, 0));
}

#[tokio::test]
async fn a_change_by_hand_past_the_limits_is_mended_at_once() {
    let page = Page::start().await;
    let stage = stage(app("standard-1x", 2), &format!("{}\ncooldown = \"1h\"", page.right())).await;
    stage.run(&[]).await.told("null", "inside_band", 0);
    stage.cloud.heroku().set_by_hand("web", 9);
    stage.run(&[]).await.told("executed", "outside_limits", 0);
    assert_eq!(stage.cloud.heroku().quantity("web"), 5);
}

#[tokio::test]
async fn sizes_that_cannot_be_scaled_are_named() {
    let page = Page::start().await;
    let stage = stage(app("eco", 1), &page.right()).await;
    let check = stage.run(&["check"]).await;
    assert!(
        check.status == 1 && check.stdout.contains("cannot be more than 1 dyno of size eco"),
        "{check:?}"
    );
    page.answers(BROKEN);
    for _ in 1..3 {
        stage.run(&[]).await.told("null", "not_confirmed", 0);
    }
    stage.run(&[]).await.told("null", "at_max", 0);
    settings(&stage, &group("web", &format!("{}\nmin = 2", page.right())));
    let record = stage.run(&[]).await.record();
    assert_eq!(stage.cloud.heroku().quantity("web"), 1, "{record}");
}

#[tokio::test]
async fn the_key_is_looked_for_in_two_places_and_told_nowhere() {
    let page = Page::start().await;
    let mut stage = stage(app("standard-1x", 1), &page.right()).await;
    let key = stage.cloud.plan().heroku.key.clone();
    stage.variables(Vec::new());
    let missing = stage.run(&[]).await;
    assert_eq!(missing.status, 2, "{missing:?}");
    for place in ["HEROKU_API_KEY", "[heroku] api_key"] {
        assert!(missing.stderr.contains(place), "{missing:?}");
    }
    let api_key = stage.cloud.plan().account.api_key.clone();
    stage.credentials(&format!("api_key = {api_key}\n[heroku]\napi_key = {key}"));
    let by_file = stage.run(&["-vvv"]).await;
    by_file.told("null", "inside_band", 0);
    crate::secrets::are_kept(&stage, &by_file);
    stage.variables(vec![("HEROKU_API_KEY", "HRKU-no-such-key".to_owned())]);
    let refused = stage.run(&["-vvv"]).await;
    let record = refused.told("null", "sign_in_refused", 3);
    assert!(
        record["error"].as_str().is_some_and(|told| told.contains("heroku authorizations:create")),
        "{record}"
    );
    assert!(!refused.stderr.contains("HRKU-no-such-key"), "{refused:?}");
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let page = Page::start().await;
    let stage = stage(app("standard-1x", 1), &page.right()).await;
    stage.cloud.clock().freeze();
    stage.cloud.heroku().set_allowance(1);
    // Nothing comes back before the clock goes on, which is after the refusal of the second request.
    let refill = async {
        stage.cloud.requests().seen(|entry| entry.status == Some(429)).await;
        stage.cloud.clock().advance(Duration::from_secs(60));
    };
    let (answer, ()) = tokio::join!(stage.run(&[]), refill);
    answer.told("null", "inside_band", 0);
}

#[tokio::test]
async fn two_process_types_of_an_app_ask_for_its_dynos_once() {
    let page = Page::start().await;
    let stage = stage(app("standard-1x", 2), "").await;
    let groups = [group("web", &page.right()), group("worker", &page.right())].concat();
    settings(&stage, &groups);
    let records = stage.run(&[]).await.records();
    let active: Vec<_> = records.iter().map(|record| record["servers"]["active"].as_u64()).collect();
    assert_eq!(active, [Some(2), Some(1)], "{records:?}");
    let asked = |ask| stage.cloud.requests().count(ask);
    assert_eq!((asked(Ask::Dynos), asked(Ask::Formation), asked(Ask::SignIn)), (1, 2, 0));
}

#[tokio::test]
async fn check_and_status_work_for_an_app() {
    let page = Page::start().await;
    let stage = stage(app("standard-1x", 2), &page.right()).await;
    let check = stage.run(&["check", "--strict"]).await;
    assert_eq!(check.status, 0, "{check:?}");
    for words in ["2 active, 2 desired, limits 1..any number", "flavor standard-1x", "\"Heroku\""] {
        assert!(check.stdout.contains(words), "{words}: {check:?}");
    }
    let status = stage.run(&["status"]).await.record();
    assert_eq!(numbers(&status["now"], &["active", "desired", "max"]), [2, 2, 5]);
    assert_eq!(stage.cloud.heroku().changes(), 0);
}

#[tokio::test]
async fn an_app_or_process_that_is_not_there_says_so() {
    let page = Page::start().await;
    let stage = stage(app("standard-1x", 2), "").await;
    settings(&stage, &group("clock", &page.right()));
    let record = stage.run(&[]).await.told("null", "fleet_unreadable", 1);
    let told = record["error"].as_str().expect("a sentence");
    assert!(
        told.contains("no such process type") && told.contains("Couldn't find that process type"),
        "{told}"
    );
}

#[tokio::test]
async fn a_group_of_the_cloud_beside_an_app_is_worked_too() {
    let page = Page::start().await;
    let group_plan = GroupPlan { min: 2, ..GroupPlan::default() };
    let mut stage = Stage::with(Plan { groups: vec![group_plan], ..app("standard-1x", 2) }).await;
    by_balancer(&mut stage, "");
    let path = stage.home().join("settings.toml");
    let of_app = fs::read_to_string(&path).expect("written");
    let of_cloud = format!(
        "[[group]]\nname = \"Group01\"\nscale_up = [\"add_on\"]\nscale_down = [\"remove_1\"]\n{}\n",
        page.right()
    );
    fs::write(path, of_app + &of_cloud).expect("written");
    let reasons: Vec<_> =
        stage.run(&[]).await.records().iter().map(|record| record["reason"].clone()).collect();
    assert_eq!(reasons, ["inside_band", "inside_band"]);
}
