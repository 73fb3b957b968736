//! Which source is taken, and what is said when it cannot be.

#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cloud::{ApplicationCredential, Domain};
use secrecy::ExposeSecret;

use super::*;
use crate::settings;

const EXAMPLE: &str = include_str!("../../credentials.example");
const SECRET: &str = "hunter2";

/// A home with files in it, and variables.
struct Home {
    folder: tempfile::TempDir,
    around: Surroundings,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings {
            folder: folder.path().join("here"),
            home: Some(folder.path().into()),
            ..Surroundings::default()
        };
        Home { folder, around }
    }

    fn with<const N: usize>(mut self, variables: [(&str, &str); N]) -> Self {
        self.around.variables = variables.into();
        self
    }

    fn file(self, name: &str, text: &str, mode: u32) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    fn find(&self, cloud: &str) -> Result<Found, CredentialsError> {
        let text = format!(
            "{cloud}\n[[group]]\nname = \"g\"\nload_balancers = [\"l\"]\nscale_up = [\"u\"]\nscale_down = [\"d\"]\n"
        );
        let settings = settings::from_text(&text, Path::new("settings.toml"), &self.around).unwrap();
        find(&settings.cloud, &self.around)
    }

    /// What is said, which must not repeat a secret.
    fn told(&self, cloud: &str) -> String {
        let error = self.find(cloud).expect_err("these credentials cannot be used");
        let told = format!("{error} {error:?}");
        assert!(!told.contains(SECRET), "{told}");
        error.to_string()
    }
}

const FILE: &str = "[rackspace_cloud]\nusername = of-file\napi_key = hunter2\n";
const OPENSTACK: &str = "[cloud]\nkind = \"openstack\"\nidentity_url = \"https://keystone\"";

fn user(found: &Found) -> String {
    assert!(!format!("{found:?}").contains(SECRET));
    match &found.credentials {
        Credentials::ApiKey { username, .. } => format!("key of {username}"),
        Credentials::Password { user: Identifier::Name { name, .. }, .. } => format!("password of {name}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_first_source_that_is_there_is_taken_whole() {
    let named = "[cloud]\ncredentials = \"~/named\"";
    let os = [("OS_USERNAME", "of-os"), ("OS_PASSWORD", SECRET)];
    let home = || {
        Home::new().file(".rackspace_cloud_credentials", FILE, 0o600).file(
            "named",
            &FILE.replace("of-file", "of-named"),
            0o400,
        )
    };

    let found = home().find("").unwrap();
    assert_eq!(user(&found), "key of of-file");
    assert!(found.source.to_string().ends_with("/.rackspace_cloud_credentials"));
    assert_eq!(user(&home().with(os).find("").unwrap()), "password of of-os");
    assert_eq!(user(&home().with(os).find(named).unwrap()), "key of of-named");
    let ours = home().with([
        ("LOADSCALE_USERNAME", "of-env"),
        ("LOADSCALE_API_KEY", SECRET),
        ("LOADSCALE_PASSWORD", "x"),
    ]);
    assert_eq!(user(&ours.find(named).unwrap()), "key of of-env");
    let ours = home().with([("LOADSCALE_USERNAME", "of-env"), ("LOADSCALE_PASSWORD", SECRET)]);
    assert_eq!(user(&ours.find(named).unwrap()), "password of of-env");
}

#[test]
fn a_source_half_there_is_told_and_not_passed_over() {
    for (variables, missing) in [
        (
            [("LOADSCALE_USERNAME", "me"), ("LOADSCALE_API_KEY", "")],
            "LOADSCALE_API_KEY or LOADSCALE_PASSWORD is missing",
        ),
        ([("LOADSCALE_PASSWORD", SECRET), ("X", "")], "LOADSCALE_USERNAME is missing"),
        ([("OS_USERNAME", "me"), ("OS_AUTH_URL", "https://k/v3")], "OS_PASSWORD is missing"),
        ([("OS_PASSWORD", SECRET), ("OS_USERNAME", "")], "OS_USERNAME is missing"),
        (
            [("OS_APPLICATION_CREDENTIAL_ID", "i"), ("OS_PASSWORD", SECRET)],
            "OS_APPLICATION_CREDENTIAL_SECRET is missing",
        ),
    ] {
        let told = Home::new().file(".rackspace_cloud_credentials", FILE, 0o600).with(variables).told("");
        assert!(told.contains(missing), "{told}");
    }
}

#[test]
fn no_source_at_all_says_where_one_could_be() {
    let told = Home::new().told("");
    for place in [
        "LOADSCALE_USERNAME",
        "cloud.credentials",
        "OS_CLOUD",
        ".rackspace_cloud_credentials",
        "credentials.example",
    ] {
        assert!(told.contains(place), "{told}");
    }
}

#[test]
fn a_cloud_without_sign_in_takes_a_token_or_nothing() {
    let none = "cloud.kind = \"none\"\n[cloud.endpoints]\nautoscale = \"http://localhost\"\nload_balancer = \"http://localhost\"";
    assert!(matches!(Home::new().find(none).unwrap().credentials, Credentials::Anonymous));
    let home = Home::new().with([("LOADSCALE_TOKEN", SECRET)]);
    assert!(matches!(home.find(none).unwrap().credentials, Credentials::Token(_)));
    assert!(home.told("").contains("LOADSCALE_TOKEN is for cloud.kind = \"none\" alone"));
}

#[test]
fn a_file_is_refused_for_its_own_reason() {
    let named = "[cloud]\ncredentials = \"~/c\"";
    let told = Home::new().file("c", FILE, 0o640).told(named);
    assert!(
        told.contains("others may read it (mode 640)") && told.contains("chmod 600 ") && told.contains("/c"),
        "{told}"
    );
    assert!(Home::new().told(named).contains("there is no such file"));
    assert!(Home::new().file("c/in", "", 0o600).told(named).contains("not a regular file"));
    assert!(Home::new().file("c", &format!("\u{feff}{FILE}"), 0o600).told(named).contains("byte order mark"));
    assert!(Home::new().file("c", &"#\n".repeat(40_000), 0o600).told(named).contains("larger than 64 KiB"));
    let told = Home::new().file("c", FILE, 0o600).told(&format!("{OPENSTACK}\ncredentials = \"~/c\""));
    assert!(told.contains("there is no section [keystone]"), "{told}");
}

#[test]
fn openstacks_variables_make_up_every_form() {
    let home = Home::new().with([
        ("OS_AUTH_URL", "https://keystone/v3"),
        ("OS_REGION_NAME", "RegionOne"),
        ("OS_USERNAME", "me"),
        ("OS_PASSWORD", SECRET),
        ("OS_USER_DOMAIN_NAME", "Users"),
        ("OS_PROJECT_NAME", "shop"),
        ("OS_PROJECT_DOMAIN_ID", "p1"),
    ]);
    let found = home.find(OPENSTACK).unwrap();
    assert_eq!(
        (found.identity_url.as_deref(), found.region.as_deref()),
        (Some("https://keystone/v3"), Some("RegionOne"))
    );
    let Credentials::Password { user, password, project } = found.credentials else { panic!("no password") };
    assert_eq!(user, Identifier::Name { name: "me".into(), domain: Domain::Name("Users".into()) });
    assert_eq!(project, Some(Identifier::Name { name: "shop".into(), domain: Domain::Id("p1".into()) }));
    assert_eq!(password.expose_secret(), SECRET);
    assert!(home.told("").contains("for a Keystone v3"), "an OpenStack password must not go to Rackspace");

    let home = Home::new()
        .with([("OS_APPLICATION_CREDENTIAL_ID", "id"), ("OS_APPLICATION_CREDENTIAL_SECRET", SECRET)]);
    let Credentials::ApplicationCredential { credential, .. } = home.find(OPENSTACK).unwrap().credentials
    else {
        panic!("no application credential")
    };
    assert_eq!(credential, ApplicationCredential::Id("id".into()));
    assert!(home.told("").contains("application credentials are Keystone's"));

    let home = Home::new().with([
        ("OS_AUTH_TYPE", "v3oidcpassword"),
        ("OS_USERNAME", "me"),
        ("OS_PASSWORD", SECRET),
    ]);
    assert!(home.told(OPENSTACK).contains("OS_AUTH_TYPE is \"v3oidcpassword\""));
}

const CLOUDS: &str = "clouds:\n  shop:\n    auth:\n      auth_url: https://keystone/v3\n      username: me\n      \
    project_id: 123456\n      user_domain_id: default\n    region_name: RegionOne\n    interface: public\n    verify: true\n";

#[test]
fn a_cloud_of_clouds_yaml_with_its_secret_beside() {
    let secure = "clouds:\n  shop:\n    auth:\n      password: hunter2\n";
    let home = Home::new()
        .with([("OS_CLOUD", "shop"), ("OS_USERNAME", "not-me")])
        .file(".config/openstack/clouds.yaml", CLOUDS, 0o644)
        .file(".config/openstack/secure.yaml", secure, 0o600);
    let found = home.find(OPENSTACK).unwrap();
    assert_eq!(user(&found), "password of me");
    assert_eq!(found.region.as_deref(), Some("RegionOne"));
    let Credentials::Password { project, .. } = &found.credentials else { panic!("no password") };
    assert_eq!(*project, Some(Identifier::Id("123456".into())));

    let home = home.file("here/clouds.yaml", &format!("{CLOUDS}    auth_type: v3token\n"), 0o644);
    assert!(
        home.told(OPENSTACK).contains("auth_type is \"v3token\""),
        "the working folder goes before the home"
    );
}

#[test]
fn a_clouds_yaml_that_cannot_be_used_is_told() {
    let home =
        |text: &str, mode| Home::new().with([("OS_CLOUD", "shop")]).file("here/clouds.yaml", text, mode);
    let whole = format!("{}      password: hunter2\n", &CLOUDS[..CLOUDS.find("    region_name").unwrap()]);
    assert!(home(&whole, 0o600).find(OPENSTACK).is_ok());
    assert!(home(&whole, 0o644).told(OPENSTACK).contains("chmod 600"));
    assert!(home(CLOUDS, 0o644).told(OPENSTACK).contains("password is missing"));
    assert!(home("clouds:\n  shpo: {}\n", 0o644).told(OPENSTACK).contains("no cloud \"shop\""));
    let told = home("clouds:\n  shop:\n    auth: hunter2\n", 0o644).told(OPENSTACK);
    assert!(told.contains("line 3"), "{told}");
    assert!(Home::new().with([("OS_CLOUD", "shop")]).told(OPENSTACK).contains("there is no clouds.yaml at"));
}

#[test]
fn the_example_is_read_as_it_is() {
    let home = Home::new().file(".rackspace_cloud_credentials", EXAMPLE, 0o600);
    assert_eq!(user(&home.find("").unwrap()), "key of your-user-name");
    assert_eq!(user(&home.find(OPENSTACK).unwrap()), "password of your-user-name");
}
