//! One function for each source of credentials: nothing, something whole, or an error that says what lacks.

use std::path::Path;

use cloud::{Credentials, Domain, Identifier};

use super::openstack::{self, FieldFault, Fields};
use super::{CredentialsError, CredentialsSource, Found, clouds_yaml, private_file, pyrax};
use crate::settings::{CloudKind, Surroundings, Variables};

pub(super) const USERNAME: &str = "LOADSCALE_USERNAME";
pub(super) const API_KEY: &str = "LOADSCALE_API_KEY";
pub(super) const PASSWORD: &str = "LOADSCALE_PASSWORD";
const TOKEN: &str = "LOADSCALE_TOKEN";
const OS: &str = "OS_";
pub(super) const OS_CLOUD: &str = "OS_CLOUD";

type Answer = Result<Option<Found>, CredentialsError>;

/// Where nobody signs in, a token may still be asked for.
pub(super) fn from_token(variables: &Variables) -> Found {
    match variables.get(TOKEN) {
        Some(token) => Found::plain(Credentials::Token(token.into()), CredentialsSource::Variables),
        None => Found::plain(Credentials::Anonymous, CredentialsSource::Nothing),
    }
}

/// The API key goes before the password, as in the file.
pub(super) fn from_variables(variables: &Variables) -> Answer {
    let incomplete = |missing: &str| CredentialsError::Incomplete {
        origin: CredentialsSource::Variables,
        missing: missing.to_owned(),
    };
    let (api_key, password) = (variables.get(API_KEY), variables.get(PASSWORD));
    let Some(username) = variables.get(USERNAME) else {
        return match (api_key.or(password), variables.get(TOKEN)) {
            (Some(_), _) => Err(incomplete(USERNAME)),
            (None, Some(_)) => {
                let why = format!(
                    "{TOKEN} is for cloud.kind = \"none\" alone; set {USERNAME} with {API_KEY} or {PASSWORD}"
                );
                Err(CredentialsError::Unfit { origin: CredentialsSource::Variables, why })
            }
            (None, None) => Ok(None),
        };
    };
    let username = username.to_owned();
    let credentials = match (api_key, password) {
        (Some(api_key), _) => Credentials::ApiKey { username, api_key: api_key.into() },
        (None, Some(password)) => {
            let user = Identifier::Name { name: username, domain: Domain::Id("default".into()) };
            Credentials::Password { user, password: password.into(), project: None }
        }
        (None, None) => return Err(incomplete(&format!("{API_KEY} or {PASSWORD}"))),
    };
    Ok(Some(Found::plain(credentials, CredentialsSource::Variables)))
}

pub(super) fn from_file(path: &Path, kind: CloudKind) -> Result<Found, CredentialsError> {
    let credentials = private_file::read(path)
        .and_then(|text| pyrax::parse(&text, kind))
        .map_err(|fault| CredentialsError::File { path: path.to_owned(), fault })?;
    Ok(Found::plain(credentials, CredentialsSource::File(path.to_owned())))
}

pub(super) fn from_clouds_yaml(cloud: &str, around: &Surroundings) -> Result<Found, CredentialsError> {
    let places = clouds_yaml::places(around);
    let Some(path) = places.iter().find(|path| path.exists()) else {
        let looked = places.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(CredentialsError::NoCloudsYaml { cloud: cloud.to_owned(), looked });
    };
    let fields =
        clouds_yaml::read(path, cloud).map_err(|(path, fault)| CredentialsError::File { path, fault })?;
    let origin = CredentialsSource::CloudsYaml { path: path.clone(), cloud: cloud.to_owned() };
    Found::from_fields(&fields, origin, str::to_owned)
}

pub(super) fn from_os_variables(variables: &Variables) -> Answer {
    let mut fields = Fields::default();
    fields.extend(
        variables.beginning_with(OS).map(|(name, value)| (name[OS.len()..].to_lowercase(), value.to_owned())),
    );
    if !fields.are_there() {
        return Ok(None);
    }
    let variable = |field: &str| format!("{OS}{}", field.to_uppercase());
    Found::from_fields(&fields, CredentialsSource::OsVariables, variable).map(Some)
}

impl Found {
    fn plain(credentials: Credentials, source: CredentialsSource) -> Self {
        Found { credentials, source, identity_url: None, region: None }
    }

    /// `name` is how the source writes a field.
    fn from_fields(
        fields: &Fields,
        origin: CredentialsSource,
        name: impl Fn(&str) -> String,
    ) -> Result<Self, CredentialsError> {
        match fields.credentials() {
            Ok(credentials) => Ok(Found {
                credentials,
                source: origin,
                identity_url: fields.get("auth_url").map(str::to_owned),
                region: fields.get("region_name").map(str::to_owned),
            }),
            Err(FieldFault::Missing(field)) => {
                Err(CredentialsError::Incomplete { origin, missing: name(field) })
            }
            Err(FieldFault::AuthType(kind)) => {
                let why = format!(
                    "{} is {kind:?}; what is understood is {}",
                    name("auth_type"),
                    openstack::AUTH_TYPES.join(", ")
                );
                Err(CredentialsError::Unfit { origin, why })
            }
        }
    }
}
