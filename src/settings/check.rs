//! A document against the schema: every key known, every value of its exact type and in range.
//!
//! What passes goes on as a tree for the layering; what does not is told and left out, so that one
//! wrong line does not hide the next.

use std::collections::{BTreeSet, HashMap};

use config::{Value as Layered, ValueKind};

use super::document::{self, Node, Table, Value};
use super::hours::ZONE;
use super::nearest::hint;
use super::problem::{Problem, Report};
use super::scalar::Scalar;
use super::schema::{Form, KIND, Key, Kind, join};

/// Parts of names that only credentials have.
const SECRET: [&str; 7] = ["api_key", "api-key", "apikey", "passw", "token", "secret", "username"];

/// Where secrets belong.
pub(super) const SECRETS_BELONG: &str = "credentials do not stand in settings; write them into the credentials file \
    (see credentials.example) or give them as LOADSCALE_USERNAME with LOADSCALE_API_KEY or LOADSCALE_PASSWORD, \
    and renew this one if others could read it here";

/// Where those of a notifier belong.
const NOTIFIERS_SECRETS_BELONG: &str = "secrets do not stand in settings; write it into the section \
    [notifier NAME] of the credentials file, or set LOADSCALE_NOTIFIER_NAME_KEY, as docs/notify.md says, \
    and renew this one if others could read it here";

/// Whether a key that is not known looks like one of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

/// Entries that passed, on their way to the layering.
pub(super) type Right = HashMap<String, Layered>;

/// Checks a whole file by itself; returns what was right.
pub(super) fn text(text: &str, keys: &[Key], report: &mut Report) -> Right {
    let (table, faults) = document::read(text);
    let broken = faults.iter().map(|fault| fault.line).collect();
    for fault in faults {
        let origin = report.line(fault.line);
        let fault = format!("this is not TOML: {}", fault.message);
        report.add(Problem { origin, key: String::new(), value: None, fault });
    }
    Checker { report, broken }.table("", keys, 1, table)
}

struct Checker<'a> {
    report: &'a mut Report,
    /// Lines that are not TOML: what else seems wrong there only follows from that.
    broken: BTreeSet<usize>,
}

impl Checker<'_> {
    fn tell(&mut self, line: usize, key: &str, value: Option<String>, fault: impl Into<String>) {
        if !self.broken.contains(&line) {
            let origin = self.report.line(line);
            self.report.add(Problem { origin, key: key.to_owned(), value, fault: fault.into() });
        }
    }

    fn table(&mut self, at: &str, keys: &[Key], line: usize, table: Table) -> Right {
        let missing = keys.iter().filter(|key| key.required && table.get(key.name).is_none());
        for key in missing.filter(|_| self.broken.is_empty()).collect::<Vec<_>>() {
            self.tell(
                line,
                &join(at, key.name),
                None,
                format!("is missing; it must be {}", key.form.wanted()),
            );
        }
        let mut right = Right::new();
        for (name, node) in table.0 {
            let full = join(at, &name);
            match keys.iter().find(|key| key.name == name) {
                Some(key) => right.extend(self.value(&full, &key.form, node).map(|value| (name, value))),
                None => self.unknown(&full, &name, keys, node.line),
            }
        }
        right
    }

    fn unknown(&mut self, full: &str, name: &str, keys: &[Key], line: usize) {
        if is_secret(name) {
            let of_notifier = full.starts_with(super::notifier::SECTION);
            let belong = if of_notifier { NOTIFIERS_SECRETS_BELONG } else { SECRETS_BELONG };
            return self.tell(line, full, None, belong);
        }
        let fault = match hint(name, keys.iter().map(|key| key.name)) {
            none if none.is_empty() => {
                let known: Vec<_> = keys.iter().map(|key| key.name).collect();
                format!("unknown key; known here: {}", known.join(", "))
            }
            hint => format!("unknown key{hint}"),
        };
        self.tell(line, full, None, fault);
    }

    /// One value by its form; records where it stands even if it is wrong.
    fn value(&mut self, at: &str, form: &Form, node: Node) -> Option<Layered> {
        self.report.origins.record(at, self.report.line(node.line));
        let kind = match (form, node.value) {
            (Form::Table(keys), Value::Table(table)) => {
                ValueKind::Table(self.table(at, keys, node.line, table))
            }
            (Form::Kinds(kinds), Value::Table(table)) => {
                ValueKind::Table(self.kinds(at, kinds, node.line, table)?)
            }
            (Form::PerFlavor { value, .. }, Value::Table(table)) => {
                ValueKind::Table(self.per_flavor(at, value, table))
            }
            (Form::Limit, Value::Table(table)) => ValueKind::Table(self.hours(at, node.line, table)),
            (Form::Tables(keys), Value::List(nodes)) => {
                let one = |this: &mut Self, at: &str, line, table| this.table(at, keys, line, table);
                ValueKind::Array(self.tables(at, node.line, nodes, one))
            }
            (Form::TaggedTables(kinds), Value::List(nodes)) => {
                // One without a kind stays as an empty table, so that the others keep their numbers.
                let one = |this: &mut Self, at: &str, line, table| {
                    this.kinds(at, kinds, line, table).unwrap_or_default()
                };
                ValueKind::Array(self.tables(at, node.line, nodes, one))
            }
            (Form::Names, Value::List(nodes)) => {
                ValueKind::Array(self.texts(at, &Form::Text, node.line, nodes)?)
            }
            (Form::Choices(words), Value::List(nodes)) => {
                ValueKind::Array(self.texts(at, &Form::Choice(words), node.line, nodes)?)
            }
            (Form::Arguments, Value::List(nodes)) => {
                ValueKind::Array(self.texts(at, &Form::Lines, node.line, nodes)?)
            }
            (Form::Headers, Value::Table(table)) => ValueKind::Table(self.headers(at, table)),
            (Form::Urls, Value::List(nodes)) => {
                ValueKind::Array(self.texts(at, &Form::Url, node.line, nodes)?)
            }
            (form, Value::Scalar(scalar)) => self.scalar(at, form, node.line, &scalar)?,
            (form, other) => {
                let fault = format!("is {} but must be {}", other.described(), form.wanted());
                self.tell(node.line, at, None, fault);
                return None;
            }
        };
        Some(Layered::new(None, kind))
    }

    fn scalar(&mut self, at: &str, form: &Form, line: usize, scalar: &Scalar) -> Option<ValueKind> {
        match scalar.fault(form) {
            Some(fault) => {
                self.tell(line, at, scalar.shown(form), fault);
                None
            }
            None => Some(scalar.clone().into()),
        }
    }

    /// A tagged table: its kind first, then the keys of that kind.
    fn kinds(&mut self, at: &str, kinds: &[Kind], line: usize, table: Table) -> Option<Right> {
        let names = || kinds.iter().map(|kind| kind.name);
        let wanted = format!("must be \"{}\"", names().collect::<Vec<_>>().join("\" or \""));
        let tag = join(at, KIND);
        match table.get(KIND).map(|node| (node.line, &node.value)) {
            None => self.tell(line, &tag, None, format!("is missing; it {wanted}")),
            Some((line, Value::Scalar(Scalar::Text(word)))) => {
                match kinds.iter().find(|kind| kind.name == word) {
                    Some(kind) => return Some(self.table(at, kind.keys, line, table)),
                    None => self.tell(line, &tag, Some(format!("{word:?}")), wanted + &hint(word, names())),
                }
            }
            Some((line, _)) => self.tell(line, &tag, None, wanted),
        }
        None
    }

    fn per_flavor(&mut self, at: &str, form: &Form, table: Table) -> Right {
        let mut right = Right::new();
        for (flavor, node) in table.0 {
            let full = join(at, &flavor);
            right.extend(self.value(&full, form, node).map(|value| (flavor, value)));
        }
        right
    }

    /// Numbers by local time, beside the zone whose time that is.
    fn hours(&mut self, at: &str, line: usize, table: Table) -> Right {
        if table.get(ZONE).is_none() {
            let fault = "is missing; it must be the IANA name of a time zone, such as \"America/Vancouver\"";
            self.tell(line, &join(at, ZONE), None, fault);
        }
        let mut right = Right::new();
        for (name, node) in table.0 {
            let form = if name == ZONE { Form::Text } else { Form::Count(0) };
            right.extend(self.value(&join(at, &name), &form, node).map(|value| (name, value)));
        }
        right
    }

    fn tables(
        &mut self,
        at: &str,
        line: usize,
        nodes: Vec<Node>,
        one: impl Fn(&mut Self, &str, usize, Table) -> Right,
    ) -> Vec<Layered> {
        if nodes.is_empty() {
            self.tell(line, at, Some("[]".into()), "is empty; write at least one");
        }
        let mut right = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let full = format!("{at}[{index}]");
            self.report.origins.record(&full, self.report.line(node.line));
            let entries = match node.value {
                Value::Table(table) => one(self, &full, node.line, table),
                other => {
                    self.tell(
                        node.line,
                        &full,
                        None,
                        format!("is {} but must be a table", other.described()),
                    );
                    Right::new()
                }
            };
            right.push(entries.into());
        }
        right
    }

    /// Texts by header name (RFC 9110, section 5.1: a token).
    fn headers(&mut self, at: &str, table: Table) -> Right {
        let mut right = Right::new();
        for (name, node) in table.0 {
            let full = join(at, &name);
            let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            if name.is_empty() || !name.chars().all(token) {
                self.tell(node.line, &full, None, "is no name of an HTTP header");
                continue;
            }
            right.extend(self.value(&full, &Form::Text, node).map(|value| (name, value)));
        }
        right
    }

    /// A list of texts of one form; distinct ones, unless they are a program's arguments.
    fn texts(&mut self, at: &str, form: &Form, line: usize, nodes: Vec<Node>) -> Option<Vec<Layered>> {
        if nodes.is_empty() {
            self.tell(line, at, Some("[]".into()), "is empty; write at least one");
            return None;
        }
        let mut texts = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let full = format!("{at}[{index}]");
            match node.value {
                Value::Scalar(Scalar::Text(text))
                    if texts.contains(&text) && !matches!(form, Form::Lines) =>
                {
                    self.tell(
                        node.line,
                        &full,
                        Some(format!("{text:?}")),
                        "stands in this list twice; name it once",
                    );
                }
                Value::Scalar(scalar) => {
                    if self.scalar(&full, form, node.line, &scalar).is_some() {
                        texts.extend(scalar.text());
                    }
                }
                other => {
                    self.tell(
                        node.line,
                        &full,
                        None,
                        format!("is {} but must be text in quotes", other.described()),
                    );
                }
            }
        }
        Some(texts.into_iter().map(Layered::from).collect())
    }
}

impl From<Scalar> for ValueKind {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Text(text) => text.into(),
            Scalar::Integer(number) => number.into(),
            Scalar::Float(number) => number.into(),
            Scalar::Flag(flag) => flag.into(),
        }
    }
}
