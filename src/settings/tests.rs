//! Whole files in, settings or the full list of problems out.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::*;

pub(super) const GROUP: &str =
    "[[group]]\nname = \"g\"\nload_balancers = [\"lb\"]\nscale_up = [\"up\"]\nscale_down = [\"down\"]\n";

fn around() -> Surroundings {
    Surroundings { folder: "/here".into(), home: Some("/home/me".into()), ..Surroundings::default() }
}

pub(super) fn read(text: &str) -> Settings {
    from_text(text, Path::new("settings.toml"), &around()).unwrap_or_else(|why| panic!("{why}"))
}

fn problems_with(text: &str, around: &Surroundings) -> Vec<String> {
    match from_text(text, Path::new("settings.toml"), around) {
        Err(SettingsError::Faulty(problems)) => problems.0.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn problems(text: &str) -> Vec<String> {
    problems_with(text, &around())
}

/// The one problem of a text.
pub(super) fn problem(text: &str) -> String {
    let mut all = problems(text);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn the_least_file_gets_every_default() {
    let settings = read(GROUP);
    assert_eq!(settings.cloud.kind, CloudKind::Rackspace);
    assert_eq!(settings.cloud.identity_url.as_deref(), Some(::cloud::RACKSPACE_IDENTITY));
    assert_eq!(settings.cloud.rates, Rates::default());
    let group = &settings.groups[0];
    assert_eq!(group.rules, crate::model::Rules::default().into());
    assert_eq!(group.flavors, Flavors::Launch);
    let five_minutes = Duration::from_secs(300);
    assert_eq!(
        group.monitor,
        MonitorSettings::RackspaceLb { load_balancers: vec!["lb".into()], stats_cache: five_minutes }
    );
    assert_eq!(
        group.scaler,
        ScalerSettings::Autoscale {
            group: "g".into(),
            scale_up: vec!["up".into()],
            scale_down: vec!["down".into()]
        }
    );
}

#[test]
fn the_long_form_is_the_short_form() {
    let long = "[[group]]\nname = \"g\"\n\
        monitor = { kind = \"rackspace-lb\", load_balancers = [\"lb\"] }\n\
        scaler = { kind = \"autoscale\", scale_up = [\"up\"], scale_down = [\"down\"] }\n";
    assert_eq!(read(long).groups, read(GROUP).groups);
}

#[test]
fn the_short_form_follows_the_cloud() {
    let settings = read(&format!("[cloud]\nkind = \"openstack\"\n{GROUP}"));
    assert_eq!(settings.groups[0].monitor.kind(), "octavia");
    assert_eq!(settings.groups[0].monitor.stats_cache(), Duration::from_secs(10));
    assert_eq!(settings.cloud.identity_url, None);
}

#[test]
fn both_forms_of_one_thing_are_refused() {
    let text = format!("{GROUP}monitor = {{ kind = \"octavia\", load_balancers = [\"other\"] }}\n");
    let told = problem(&text);
    assert!(
        told.starts_with("settings.toml:3: group[0].load_balancers: is the short form of group[0].monitor"),
        "{told}"
    );
}

#[test]
fn flavors_with_dots_and_quotes_keep_their_names() {
    let settings = read(&format!("[capacity]\n\"m1.small\" = 5\nM1_Small = 7.5\n{GROUP}"));
    assert_eq!(settings.capacity.of("m1.small"), Some(5.0));
    assert_eq!(settings.capacity.of("M1_Small"), Some(7.5));
    assert_eq!(settings.capacity.of("m1_small"), None);
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_file() {
    let told = problems(
        "[cloud]\nregoin = \"DFW\"\nkind = \"rackspce\"\nallow_plain_http = \"yes\"\n\
         [capacity]\n\"general1-2\" = -5\ndefault = nan\n\
         [[group]]\nname = \"a\"\nload_balancers = []\nscale_up = [\"x\", \"x\"]\nscale_down = \"y\"\n\
         scale_up_after = 1.6\ncooldown = 30\nscale_up_above = 0.5\nmin = 3\nmax = 2\n",
    );
    let expected = [
        "settings.toml:2: cloud.regoin: unknown key; did you mean region?",
        "settings.toml:3: cloud.kind = \"rackspce\": must be one of \"rackspace\", \"openstack\", \"none\"; did you mean rackspace?",
        "settings.toml:4: cloud.allow_plain_http = \"yes\": must be true or false, without quotes",
        "settings.toml:6: capacity.general1-2 = -5: must be a number above zero",
        "settings.toml:7: capacity.default = NaN: must be a number above zero",
        "settings.toml:8: group[0].scale_down_below = 0.8: must be below scale_up_above, which is 0.5; between the two lies what is right",
        "settings.toml:10: group[0].load_balancers = []: is empty; write at least one",
        "settings.toml:11: group[0].scale_up[1] = \"x\": stands in this list twice; name it once",
        "settings.toml:12: group[0].scale_down = \"y\": must be a list of names or ids in quotes, such as [\"web\"]",
        "settings.toml:13: group[0].scale_up_after = 1.6: must be a whole number of at least 1, without quotes",
        "settings.toml:14: group[0].cooldown = 30: must be a duration in quotes with its unit, such as \"30s\", \"5m\" or \"1h\"",
        "settings.toml:16: group[0].min = 3: is more than max, which is 2",
    ];
    assert_eq!(told, expected);
}

#[test]
fn text_that_is_not_toml_is_told_with_its_line_and_not_repeated() {
    let told = problems(&format!("[cloud]\nregion = \"hunter2\nregoin = 1\n{GROUP}"));
    assert!(told[0].starts_with("settings.toml:2: this is not TOML"), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("cloud.regoin")), "{told:#?}");
    assert!(!told.join("").contains("hunter2"));
}

#[test]
fn a_missing_group_is_told() {
    assert!(problem("").contains("group: is missing"));
    assert!(problem("group = []").contains("group = []: is empty"));
}

#[test]
fn a_secret_is_refused_and_not_printed() {
    for key in ["api_key", "password", "auth_token", "API-KEY"] {
        let told = problem(&format!("[cloud]\n{key} = \"hunter2\"\n{GROUP}"));
        assert!(told.contains("credentials do not stand in settings"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let told = problem(&format!("[cloud.endpoints]\ncompute = \"https://me:hunter2@host/v2\"\n{GROUP}"));
    assert!(told.contains("holds a user or password") && !told.contains("hunter2"), "{told}");
}

#[test]
fn variables_win_over_the_file_and_are_checked_as_strictly() {
    let mut around = around();
    around.variables = [
        ("LOADSCALE__CLOUD__REGION", "ORD"),
        ("LOADSCALE__CLOUD__RATES__COMPUTE", "2.5"),
        ("LOADSCALE__CAPACITY__DEFAULT", "70"),
        ("LOADSCALE__CLOUD__CREDENTIALS", "creds"),
    ]
    .into();
    let text = format!("[cloud]\nregion = \"DFW\"\nca_file = \"ca.pem\"\n{GROUP}");
    let settings = from_text(&text, Path::new("conf/settings.toml"), &around).unwrap();
    assert_eq!(settings.cloud.region.as_deref(), Some("ORD"));
    assert_eq!(settings.cloud.rates.compute, Rate::PerSecond(2.5));
    assert_eq!(settings.capacity.of("any"), Some(70.0));
    assert_eq!(settings.cloud.credentials.as_deref(), Some(Path::new("/here/creds")));
    assert_eq!(settings.cloud.ca_file.as_deref(), Some(Path::new("/here/conf/ca.pem")));

    around.variables = [
        ("LOADSCALE__CAPACITY__DEFAULT", "many"),
        ("LOADSCALE__CLOUD__API_KEY", "hunter2"),
        ("LOADSCALE_CLOUD__REGION", "ORD"),
        ("LOADSCALE__CLOUD__REGION", ""),
    ]
    .into();
    let told = problems_with(&text, &around);
    let expected = [
        "$LOADSCALE_CLOUD__REGION: names no setting that a variable can override; did you mean LOADSCALE__CLOUD__REGION?",
        "$LOADSCALE__CAPACITY__DEFAULT: capacity.default = \"many\": must be a number above zero",
        "$LOADSCALE__CLOUD__API_KEY: credentials do not stand in settings",
        "$LOADSCALE__CLOUD__REGION: cloud.region = \"\": is empty",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
    assert!(!told.join("").contains("hunter2"));
}

#[test]
fn plain_http_leaves_the_machine_only_if_allowed() {
    let text = format!("[cloud.endpoints]\nautoscale = \"http://10.0.0.1/v1.0\"\n{GROUP}");
    assert!(problem(&text).contains("in clear"));
    read(&format!("cloud.allow_plain_http = true\n{text}"));
    for host in ["127.0.0.1:9000", "[::1]:9000", "localhost"] {
        read(&text.replace("10.0.0.1", host));
    }
}

#[test]
fn without_a_sign_in_the_endpoints_must_be_given() {
    let told = problems(&format!("[cloud]\nkind = \"none\"\n{GROUP}"));
    assert!(told[0].contains("cloud.endpoints.autoscale: is missing"), "{told:#?}");
    assert!(told[1].contains("cloud.endpoints.load_balancer: is missing"), "{told:#?}");
    assert_eq!(told.len(), 2);
    let whole = "[cloud]\nkind = \"none\"\nidentity_url = \"https://id\"\ncredentials = \"c\"\n\
        endpoints = { autoscale = \"https://a\", load_balancer = \"https://l\" }\n";
    let told = problems(&format!("{whole}{GROUP}"));
    assert!(
        told[0].starts_with("settings.toml:3: cloud.identity_url") && told[0].contains("nobody signs in"),
        "{told:#?}"
    );
    assert_eq!(told.len(), 1, "the credentials file may hold other secrets: {told:#?}");
}

#[test]
fn groups_do_not_share_a_name_or_a_scaling_group() {
    assert!(
        problem(&format!("{GROUP}{GROUP}"))
            .starts_with("settings.toml:7: group[1].name = \"g\": is the name of group[0] too")
    );
    let other = "[[group]]\nname = \"h\"\nload_balancers = [\"lb\"]\n\
        scaler = { kind = \"autoscale\", group = \"g\", scale_up = [\"up\"], scale_down = [\"down\"] }\n";
    assert!(problem(&format!("{GROUP}{other}")).contains("moves the same scaling group as group[0]"));
}

#[test]
fn fixed_servers_need_a_capacity() {
    let text = format!("{GROUP}fixed_servers = {{ big = 2 }}\n");
    assert!(
        problem(&text).contains("group[0].fixed_servers.big = 2: what one such server carries is not known")
    );
    assert_eq!(read(&format!("[capacity]\nbig = 9\n{text}")).groups[0].fixed_servers["big"], 2);
}

#[test]
fn every_value_tells_where_it_came_from() {
    let mut around = around();
    around.variables = [("LOADSCALE__CLOUD__REGION", "ORD")].into();
    let settings =
        from_text(&format!("{GROUP}cooldown = \"90s\"\n"), Path::new("settings.toml"), &around).unwrap();
    let rows: Vec<_> = settings
        .origins()
        .into_iter()
        .map(|row| format!("{} = {} ({})", row.key, row.value, row.origin))
        .collect();
    for expected in [
        "cloud.region = ORD ($LOADSCALE__CLOUD__REGION)",
        "cloud.kind = rackspace (default)",
        "group[0].load_balancers = lb (settings.toml:3)",
        "group[0].monitor.stats_cache = 5m (default)",
        "group[0].cooldown = 1m 30s (settings.toml:6)",
        "group[0].scaler.group = g (default)",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected} is not in {rows:#?}");
    }
}

#[test]
fn what_nobody_wrote_is_taken_from_the_credentials() {
    let mut settings = read(&format!("[cloud]\nregion = \"DFW\"\n{GROUP}"));
    settings.adopt(Some("https://keystone/v3"), Some("ORD"), "the OS_ variables");
    assert_eq!(settings.cloud.identity_url.as_deref(), Some("https://keystone/v3"));
    assert_eq!(settings.cloud.region.as_deref(), Some("DFW"));
    let rows = settings.origins();
    let row = rows.iter().find(|row| row.key == "cloud.identity_url").unwrap();
    assert_eq!(row.origin.to_string(), "the OS_ variables");
}

#[test]
fn the_file_is_looked_for_in_order_and_its_absence_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut around = around();
    around.folder = folder.path().into();
    around.config = Some(folder.path().join("config"));
    let told = load(None, &around).unwrap_err().to_string();
    assert!(told.contains("config/loadscale/settings.toml") && told.contains("loadscale demo"), "{told}");

    let of_user = folder.path().join("config/loadscale");
    std::fs::create_dir_all(&of_user).unwrap();
    std::fs::write(of_user.join("settings.toml"), GROUP).unwrap();
    assert_eq!(load(None, &around).unwrap().path, of_user.join("settings.toml"));
    std::fs::write(folder.path().join("settings.toml"), GROUP).unwrap();
    assert_eq!(load(None, &around).unwrap().path, folder.path().join("settings.toml"));

    around.variables = [("LOADSCALE_SETTINGS", "/nowhere/settings.toml")].into();
    let told = load(None, &around).unwrap_err().to_string();
    assert!(told.starts_with("cannot read the settings file /nowhere/settings.toml"), "{told}");
}

const HEARTBEAT: &str = "[[group]]\nname = \"g\"\nscale_up = [\"up\"]\nscale_down = [\"down\"]\n\
    [group.monitor]\nkind = \"heartbeat\"\n";

#[test]
fn a_heartbeat_gets_every_default() {
    let settings = read(&format!("{HEARTBEAT}urls = [\"https://a/beat\"]\nhigh = \"2s\"\n"));
    let group = &settings.groups[0];
    assert_eq!((group.rules.rules.scale_up_after, group.rules.rules.scale_down_after), (3, 5));
    let MonitorSettings::Heartbeat(heartbeat) = &group.monitor else { panic!("{:?}", group.monitor) };
    let (low, high) = (Duration::from_millis(200), Duration::from_secs(2));
    assert_eq!((heartbeat.low, heartbeat.high, heartbeat.timeout), (low, high, high));
    assert_eq!((heartbeat.samples, heartbeat.percentile, heartbeat.reuse), (1, 50.0, false));
}

#[test]
fn what_a_heartbeat_cannot_mean_is_told() {
    let told = problems(&format!(
        "{HEARTBEAT}urls = [\"a/beat\"]\nlow = \"1s\"\ntimeout = \"500ms\"\nstatus = 700\npercentile = 101\n\
         method = \"HEAD\"\nbody = \"Beat\"\n"
    ));
    for (told, expected) in told.iter().zip([
        "monitor.urls[0] = \"a/beat\": is no URL",
        "monitor.low = \"1s\": must be below high",
        "monitor.timeout = \"500ms\": must not be below high",
        "monitor.status = 700: must be an HTTP status",
        "monitor.percentile = 101: must be at most 100",
        "monitor.body = \"Beat\": cannot be found",
    ]) {
        assert!(
            told.replace("= 1s", "= \"1s\"").replace("= 500ms", "= \"500ms\"").contains(expected),
            "{told}"
        );
    }
    assert_eq!(told.len(), 6, "{told:#?}");
}

#[test]
fn a_heartbeats_secrets_do_not_stand_in_settings() {
    let urls = "urls = [\"http://pages.example.com/beat\"]\n";
    for header in ["Authorization", "cookie", "X-Api-Key", "X-Page-Token"] {
        let told = problem(&format!("{HEARTBEAT}{urls}headers = {{ {header} = \"hunter2\" }}\n"));
        assert!(told.contains("[heartbeat NAME]") && !told.contains("hunter2"), "{told}");
    }
    let told = problem(&format!("{HEARTBEAT}{urls}headers = {{ \"X Y\" = \"z\" }}\n"));
    assert!(told.contains("no name of an HTTP header"), "{told}");
    let told = problem(&format!("{HEARTBEAT}urls = [\"https://a/\"]\ncredential = \"Bearer hunter2\"\n"));
    assert!(told.contains("must be a name") && !told.contains("hunter2"), "{told}");
    let exposed = format!("{HEARTBEAT}{urls}credential = \"page\"\n");
    assert!(problem(&exposed).contains("in clear"));
    read(&format!("cloud.allow_plain_http = true\n{exposed}"));
    read(&format!("{HEARTBEAT}{urls}"));
}

#[test]
fn pages_alone_need_no_endpoint_of_a_balancer() {
    let told = problems(&format!("cloud.kind = \"none\"\n{HEARTBEAT}urls = [\"https://a/\"]\n"));
    assert!(told.len() == 1 && told[0].contains("cloud.endpoints.autoscale: is missing"), "{told:#?}");
}

const APP: &str = "cloud.kind = \"none\"\n[[group]]\nname = \"g\"\n\
    monitor = { kind = \"heartbeat\", urls = [\"https://a/\"] }\nscaler = { kind = \"heroku\", app = \"a\" }\n";

#[test]
fn an_app_needs_a_max_and_no_endpoint() {
    let told = problem(APP);
    assert!(told.contains("group[0].max: is missing; Heroku sets no limit"), "{told}");
    let settings = read(&format!("{APP}max = 3\n"));
    let expected = ScalerSettings::Heroku { app: "a".into(), process: "web".into() };
    assert_eq!(settings.groups[0].scaler, expected);
    let twice = format!(
        "{APP}max = 3\n{}max = 3\n",
        APP.replace("\"g\"", "\"h\"").replace("cloud.kind = \"none\"\n", "")
    );
    assert!(problem(&twice).contains("group[1].scaler.app = \"a/web\": moves the same"));
}
