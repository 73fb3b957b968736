//! The desk, tried with what comes in the middle of a round; its service and group serve the tests next door, too.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::app::Parts;
use crate::balancer::Memory;
use crate::clock::SystemClock;
use crate::launcher::Simulated;
use crate::service::groups::{self, NewGroup};
use crate::settings::{Auth, Settings};

/// A service whose worker has ended: its work is done at a desk of the test's.
pub(in crate::worker) async fn app() -> App {
    let database = "sqlite::memory:".to_owned();
    let settings = Settings { database, auth: Auth::None, ..Settings::default() };
    let clock = Arc::new(SystemClock);
    let launcher = Arc::new(Simulated::new(clock.clone(), std::time::Duration::ZERO));
    let parts = Parts { settings, clock, launcher, balancer: Arc::new(Memory::default()) };
    let app = App::start(parts).await.unwrap();
    app.halt();
    while app.works() {
        tokio::task::yield_now().await;
    }
    app
}

pub(in crate::worker) async fn empty_group(app: &App) -> GroupKey {
    let body = json!({
        "groupConfiguration": {"name": "g", "cooldown": 0, "minEntities": 0},
        "launchConfiguration": {"type": "launch_server", "args": {"server": {"flavorRef": "1", "imageRef": "1"}}},
    });
    let new = NewGroup::read(&body, app.now()).unwrap();
    groups::create(app, "t", new, None).await.unwrap().group.key
}

async fn due(app: &App, key: &GroupKey) -> Option<Timestamp> {
    app.read().await.unwrap().group(key).await.unwrap().unwrap().progress.due
}

#[tokio::test]
async fn a_group_that_is_triggered_between_the_end_of_its_round_and_the_news_of_it_has_another() {
    let app = app().await;
    let key = empty_group(&app).await;
    let mut desk = Desk::new(app.clone());
    desk.look().await;
    desk.one_ends().await;
    while due(&app, &key).await.is_some() {
        tokio::task::yield_now().await;
    }
    groups::converge(&app, key.clone()).await.unwrap();
    desk.look().await;
    while !desk.is_clear() {
        desk.one_ends().await;
    }
    assert_eq!(due(&app, &key).await, None, "the trigger was served");
}

#[tokio::test]
async fn a_group_that_was_found_due_during_its_round_has_no_other_when_that_has_served_it() {
    let app = app().await;
    let key = empty_group(&app).await;
    let mut desk = Desk::new(app.clone());
    desk.look().await;
    desk.look().await;
    assert!(desk.missed.contains(&key), "it is due as long as its round is in hand");
    let mut ended = 0;
    while !desk.is_clear() {
        desk.one_ends().await;
        ended += 1;
    }
    assert_eq!((ended, due(&app, &key).await), (3, None), "a gathering, a round, and a gathering of none");
}
