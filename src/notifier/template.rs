//! A webhook's body as the user writes it: JSON whose texts may name fields of the notice in braces.

use serde_json::{Map, Value};

use super::Notice;

/// The fields that a template may name, and where the notice's JSON has each.
const FIELDS: [(&str, &str); 34] = [
    ("id", "/id"),
    ("key", "/key"),
    ("time", "/time"),
    ("group", "/group"),
    ("condition", "/condition"),
    ("phase", "/phase"),
    ("since", "/since"),
    ("level", "/level"),
    ("title", "/title"),
    ("text", "/text"),
    ("next_step", "/next_step"),
    ("record", "/record"),
    ("connections", "/record/connections"),
    ("signal", "/record/signal/value"),
    ("unit", "/record/signal/unit"),
    ("capacity", "/record/capacity"),
    ("utilization", "/record/utilization"),
    ("needed", "/record/needed"),
    ("action", "/record/action"),
    ("policy", "/record/policy"),
    ("desired_from", "/record/desired_from"),
    ("desired_to", "/record/desired_to"),
    ("outcome", "/record/outcome"),
    ("reason", "/record/reason"),
    ("explanation", "/record/explanation"),
    ("error", "/record/error"),
    ("serving", "/record/servers/serving"),
    ("active", "/record/servers/active"),
    ("pending", "/record/servers/pending"),
    ("desired", "/record/servers/desired"),
    ("min", "/record/servers/min"),
    ("max", "/record/servers/max"),
    ("load_balancers", "/record/load_balancers"),
    ("reading_age_seconds", "/record/reading_age_seconds"),
];

/// A body with places to fill.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Fixed(Value),
    /// A text that is nothing but one field becomes the field itself: a number stays a number.
    Field(&'static str),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Words(String),
    Field(&'static str),
}

impl Template {
    /// Reads a template: `{"text": "{title}"}`; `{{` stands for a brace.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to write.
    pub fn parse(text: &str) -> Result<Template, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
        Node::parse(value).map(Template)
    }

    /// The body for a notice.
    pub(super) fn fill(&self, notice: &Notice) -> Result<Value, serde_json::Error> {
        Ok(self.0.fill(&serde_json::to_value(notice)?))
    }
}

impl Node {
    fn parse(value: Value) -> Result<Node, String> {
        Ok(match value {
            Value::String(text) => match pieces(&text)?.as_slice() {
                [] => Node::Fixed(Value::String(text)),
                [Piece::Field(pointer)] => Node::Field(pointer),
                pieces => Node::Text(pieces.to_vec()),
            },
            Value::Array(items) => Node::List(items.into_iter().map(Node::parse).collect::<Result<_, _>>()?),
            Value::Object(table) => {
                let entry = |(key, value)| Node::parse(value).map(|node| (key, node));
                Node::Table(table.into_iter().map(entry).collect::<Result<_, _>>()?)
            }
            fixed => Node::Fixed(fixed),
        })
    }

    fn fill(&self, notice: &Value) -> Value {
        match self {
            Node::Fixed(value) => value.clone(),
            Node::Field(pointer) => notice.pointer(pointer).cloned().unwrap_or(Value::Null),
            Node::Text(pieces) => pieces.iter().map(|piece| piece.text(notice)).collect::<String>().into(),
            Node::List(nodes) => nodes.iter().map(|node| node.fill(notice)).collect(),
            Node::Table(entries) => {
                let entry = |(key, node): &(String, Node)| (key.clone(), node.fill(notice));
                Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
            }
        }
    }
}

impl Piece {
    fn text(&self, notice: &Value) -> String {
        match self {
            Piece::Words(words) => words.clone(),
            Piece::Field(pointer) => match notice.pointer(pointer) {
                None | Some(Value::Null) => "-".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            },
        }
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut words, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find('{') {
        words.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            words.push('{');
            rest = after;
            continue;
        }
        let (name, after) = rest.split_once('}').ok_or_else(|| {
            format!("has a {{ without its }} in {text:?}; name a field in braces, or write {{{{ for a brace")
        })?;
        if !words.is_empty() {
            pieces.push(Piece::Words(std::mem::take(&mut words)));
        }
        pieces.push(Piece::Field(pointer(name)?));
        rest = after;
    }
    words.push_str(rest);
    if !words.is_empty() {
        pieces.push(Piece::Words(words));
    }
    Ok(pieces)
}

fn pointer(name: &str) -> Result<&'static str, String> {
    let found = FIELDS.iter().find(|(field, _)| *field == name).map(|(_, pointer)| *pointer);
    found.ok_or_else(|| {
        let known: Vec<&str> = FIELDS.iter().map(|(field, _)| *field).collect();
        format!("names {{{name}}}, which a notice does not have; it has {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests;
