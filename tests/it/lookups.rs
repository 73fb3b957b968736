//! Names to ids: lists read to their end, duplicates told, ids remembered until they no longer hold.

use sandbox::{Ask, Fault, GroupPlan, LoadBalancerPlan, Plan};

use crate::cloud::{BALANCER, GROUP, HIGH, Stage, group_table, small};

#[tokio::test]
async fn lists_are_read_to_their_last_page() {
    let stage = Stage::with(Plan::crowd(130, 130)).await;
    stage.settings(&group_table("Group00130", "lb-130", ""));
    stage.cloud.load_balancer("lb-130").expect("planned").set_connections(Some((60, 0)));
    let mark = stage.mark();
    let record = stage.run(&[]).await.told("executed", "above_band", 0);
    assert_eq!((&record["group"], &record["connections"]), (&"Group00130".into(), &60.into()));
    let asked = stage.asked(mark);
    let pages = |ask| asked.iter().filter(|asked| **asked == ask).count();
    assert_eq!((pages(Ask::LoadBalancerList), pages(Ask::GroupList)), (2, 2), "{asked:?}");
}

#[tokio::test]
async fn two_balancers_of_one_name_are_told_with_both_ids() {
    let plan = small();
    let twice = vec![LoadBalancerPlan::default(), LoadBalancerPlan::default()];
    let stage = Stage::with(Plan { load_balancers: twice, ..plan }).await;
    let ids: Vec<String> = stage.cloud.load_balancers().iter().map(|lb| lb.id().to_string()).collect();
    let record = stage.run(&[]).await.told("null", "no_reading", 1);
    let error = record["error"].as_str().unwrap_or_default();
    assert!(ids.len() == 2 && ids.iter().all(|id| error.contains(id)), "{ids:?} in {error}");
    stage.settings(&group_table(GROUP, &ids[0], ""));
    stage.run(&[]).await.told("null", "inside_band", 0);
}

#[tokio::test]
async fn two_groups_of_one_name_are_told_with_both_ids() {
    let plan = small();
    let other = GroupPlan { load_balancers: Vec::new(), ..plan.groups[0].clone() };
    let twice = vec![plan.groups[0].clone(), other];
    let stage = Stage::with(Plan { groups: twice, ..plan }).await;
    let record = stage.run(&[]).await.told("null", "fleet_unreadable", 1);
    let error = record["error"].as_str().unwrap_or_default().to_owned();
    let ids = stage.group_ids().await;
    assert!(ids.len() == 2 && ids.iter().all(|id| error.contains(id)), "{ids:?} in {error}");
    let by_id = format!(
        "[[group]]\nname = \"mine\"\nload_balancers = [{BALANCER:?}]\n[group.scaler]\nkind = \"autoscale\"\n\
         group = {:?}\nscale_up = [\"add_on\"]\nscale_down = [\"remove_1\"]\n",
        ids[0]
    );
    stage.settings(&by_id);
    assert_eq!(stage.run(&[]).await.told("null", "inside_band", 0)["group"], "mine");
}

#[tokio::test]
async fn a_name_that_nothing_has_is_told() {
    let stage = Stage::start().await;
    stage.settings(&group_table(GROUP, "load_balancr", ""));
    let record = stage.run(&[]).await.told("null", "no_reading", 1);
    assert!(record["error"].as_str().unwrap_or_default().contains("load_balancr"), "{record}");
    stage.settings(&group_table("Group1", BALANCER, ""));
    let record = stage.run(&[]).await.told("null", "fleet_unreadable", 1);
    assert!(record["error"].as_str().unwrap_or_default().contains("Group1"), "{record}");
    stage.settings(&group_table(GROUP, BALANCER, "").replace("add_on", "ad_on"));
    let record = stage.run(&[]).await.told("null", "fleet_unreadable", 1);
    assert!(record["error"].as_str().unwrap_or_default().contains("ad_on"), "{record}");
}

#[tokio::test]
async fn an_id_that_no_longer_holds_is_looked_up_again_in_the_same_pass() {
    for (gone, list) in [
        (Ask::Stats, Ask::LoadBalancerList),
        (Ask::LoadBalancer, Ask::LoadBalancerList),
        (Ask::Manifest, Ask::GroupList),
    ] {
        let stage = Stage::start().await;
        stage.warm().await;
        stage.load(HIGH);
        stage.cloud.faults().next(gone, Fault::status(404));
        let mark = stage.mark();
        stage.run(&[]).await.told("executed", "above_band", 0);
        let asked = stage.asked(mark);
        assert_eq!(asked.iter().filter(|asked| **asked == list).count(), 1, "{gone:?}: {asked:?}");
        assert_eq!(stage.executions(), 1);
    }
}

#[tokio::test]
async fn an_execution_that_is_not_found_has_the_group_looked_up_again() {
    let stage = Stage::start().await;
    stage.warm().await;
    stage.load(HIGH);
    stage.cloud.faults().next(Ask::Execute, Fault::status(404));
    stage.run(&[]).await.told("failed", "above_band", 1);
    let mark = stage.mark();
    stage.run(&[]).await.told("executed", "above_band", 0);
    assert!(stage.asked(mark).contains(&Ask::GroupList));
    assert_eq!(stage.executions(), 1);
}

#[tokio::test]
async fn one_balancer_is_read_once_however_many_groups_share_it() {
    let groups: Vec<GroupPlan> =
        (1..=5).map(|number| GroupPlan { name: format!("g{number}"), ..GroupPlan::default() }).collect();
    let tables: String = groups.iter().map(|group| group_table(&group.name, BALANCER, "")).collect();
    let stage = Stage::with(Plan { groups, ..small() }).await;
    stage.settings(&tables);
    let mark = stage.mark();
    let records = stage.run(&[]).await.records();
    assert_eq!(records.len(), 5);
    let asked = stage.asked(mark);
    for ask in [Ask::SignIn, Ask::LoadBalancerList, Ask::GroupList, Ask::Stats, Ask::LoadBalancer] {
        assert_eq!(asked.iter().filter(|asked| **asked == ask).count(), 1, "{ask:?}: {asked:?}");
    }
}
