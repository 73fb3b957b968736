//! Reads a body that should be JSON, and says exactly what is wrong with one that is not.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBody(pub(crate) String);

/// The body as a `T`. Only a body that fails is read a second time to find the path to the fault,
/// so that good ones cost nothing for it.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadBody> {
    serde_json::from_slice(body).map_err(|_| BadBody(complaint::<T>(body)))
}

/// The same for a body that holds a secret: a complaint names the place, but quotes nothing.
pub(crate) fn read_secret<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadBody> {
    serde_json::from_slice(body).map_err(|_| match fault::<T>(body) {
        Err(what) => BadBody(what.into()),
        Ok(error) if error.inner().to_string().starts_with("missing field") => BadBody(error.to_string()),
        Ok(error) if error.inner().is_data() => {
            BadBody(format!("{}: not of the expected type", error.path()))
        }
        Ok(_) => BadBody("no valid JSON".into()),
    })
}

fn complaint<T: DeserializeOwned>(body: &[u8]) -> String {
    fault::<T>(body).map_or_else(str::to_owned, |error| error.to_string())
}

/// The fault in a body that is known to have one; or what there is instead of JSON.
fn fault<T: DeserializeOwned>(
    body: &[u8],
) -> Result<serde_path_to_error::Error<serde_json::Error>, &'static str> {
    match body.trim_ascii_start().first() {
        None => return Err("an empty body instead of JSON"),
        Some(b'<') => return Err("an HTML page instead of JSON"),
        Some(_) => {}
    }
    match serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)) {
        Err(error) => Ok(error),
        Ok(_) => Err("something follows the end of the JSON"),
    }
}

/// `value`, or its default where it is null.
pub(crate) fn null_is_default<'de, T, D>(value: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// An id that some services write as a number, others as a string.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(u64),
    Text(String),
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        match id {
            Id::Number(number) => number.to_string(),
            Id::Text(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Nodes {
        #[allow(dead_code)]
        nodes: Vec<Node>,
    }

    #[derive(Debug, Deserialize)]
    struct Node {
        #[allow(dead_code)]
        port: u16,
    }

    #[track_caller]
    fn complains(body: &str, expected: &str) {
        let BadBody(what) = read::<Nodes>(body.as_bytes()).expect_err("a bad body");
        assert!(what.contains(expected), "{what}");
    }

    #[test]
    fn the_path_to_the_fault_is_named() {
        complains(r#"{"nodes":[{"port":80},{}]}"#, "nodes[1]: missing field `port`");
        complains(r#"{"nodes":[{"port":"80"}]}"#, "nodes[0].port: invalid type: string");
    }

    #[test]
    fn a_secret_is_not_quoted() {
        for (body, expected) in [
            (r#"{"nodes":[{"port":"t0k"}]}"#, "nodes[0].port: not of the expected type"),
            (r#""t0k""#, ".: not of the expected type"),
            (r#"{"nodes":t0k}"#, "no valid JSON"),
        ] {
            let BadBody(what) = read_secret::<Nodes>(body.as_bytes()).expect_err("a bad body");
            assert_eq!(what, expected);
        }
    }

    #[test]
    fn what_is_no_json_is_named() {
        complains("", "an empty body");
        complains("\n <!doctype html>", "an HTML page");
        complains(r#"{"nodes":["#, "EOF");
        complains(r#"{"nodes":[]} {}"#, "follows the end");
    }
}
