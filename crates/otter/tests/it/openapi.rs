//! The description of the API: whatever the tests ask and are answered is held against it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Answer, Service};

pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../openapi.json")).unwrap());

/// Validators by where in the document their schema is.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

/// Panics if a request that was accepted, or an answer, is not as described.
pub(crate) fn check(method: &str, path: &str, sent: &Value, answer: &Answer) {
    let (status, method) = (answer.status.as_u16(), method.to_lowercase());
    let Some((template, operation)) = operation(&method, path) else {
        assert!(matches!(status, 404 | 405), "{method} {path} is not described and answers {status}");
        return;
    };
    let at = format!("{method} {template}");
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema")
        && answer.status.is_success()
    {
        validate(&format!("{at}, request"), schema, sent);
    }
    let responses = &operation["responses"];
    let described = responses.get(status.to_string());
    let described = described.or_else(|| responses.get("default").filter(|_| status >= 400));
    let described = described.unwrap_or_else(|| panic!("{at}: {status} is not described"));
    match described.get("content") {
        None => assert_eq!(answer.text, "", "{at}: a body that is not described"),
        Some(content) => {
            let kind = answer.headers["content-type"].to_str().unwrap();
            let schema = content.get(kind).unwrap_or_else(|| panic!("{at}: {kind} is not described"));
            if kind == "application/json" {
                validate(&format!("{at}, {status}"), &schema["schema"], &answer.body);
            }
        }
    }
}

fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    // Both forms are described by one; a second slash begins an empty name.
    let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        let same = |(wanted, part): (&&str, &&str)| wanted.starts_with('{') || wanted == part;
        template.len() == parts.len() && template.iter().zip(&parts).all(same)
    };
    let mut fitting = DOCUMENT["paths"].as_object().unwrap().iter().filter(|(template, _)| fits(template));
    fitting.find_map(|(template, operations)| Some((template.as_str(), operations.get(method)?)))
}

fn validate(at: &str, schema: &Value, value: &Value) {
    let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let validator = validators.entry(at.to_owned()).or_insert_with(|| {
        // References begin at the root of a document, so the shared schemas come along.
        let whole = json!({"allOf": [schema], "components": DOCUMENT["components"]});
        jsonschema::validator_for(&whole).unwrap()
    });
    let wrong: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{at} is not as described: {wrong:#?}\n{value:#}");
}

#[tokio::test]
async fn everything_that_is_described_is_there() {
    let service = Service::start().await;
    assert_eq!(service.ask_at("GET", "/openapi.json", None).await.body, *DOCUMENT);
    for (template, operations) in DOCUMENT["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let path = template.replace(['{', '}'], "");
            let answer = service.ask_at(&method.to_uppercase(), &path, None).await;
            let kind = answer.error().1;
            assert!(!matches!(kind, "NotFoundError" | "MethodNotAllowedError"), "{method} {template}");
        }
    }
}
