//! TOML text to a tree whose every key knows its line.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::scalar::Scalar;

/// A value and the line its key stands on.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What TOML can hold, as far as settings are concerned.
#[derive(Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Table(Table),
    /// A date or a number that fits no type of ours; the words name it in a message.
    Other(&'static str),
}

impl Value {
    /// What it is, for a message; the value itself could be a secret.
    pub(super) fn described(&self) -> &'static str {
        match self {
            Value::Scalar(Scalar::Text(_)) => "text",
            Value::Scalar(Scalar::Integer(_) | Scalar::Float(_)) => "a number",
            Value::Scalar(Scalar::Flag(_)) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(what) => what,
        }
    }
}

/// The entries of a table, sorted by name.
#[derive(Debug)]
pub(super) struct Table(pub(super) Vec<(String, Node)>);

impl Table {
    /// The entry of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }
}

/// A place where the text is not TOML.
#[derive(Debug)]
pub(super) struct SyntaxFault {
    pub(super) line: usize,
    pub(super) message: String,
}

/// Reads what can be read, and tells every place that cannot. Never repeats the text itself: it may hold a secret.
pub(super) fn read(text: &str) -> (Table, Vec<SyntaxFault>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    let faults = errors.into_iter().map(|error| SyntaxFault {
        line: error.span().map_or(1, |span| lines.at(&span)),
        message: error.message().to_owned(),
    });
    let faults = faults.collect();
    (lines.table(root.into_inner()), faults)
}

/// Where each line begins, to turn an offset into a line number.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Lines(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn at(&self, span: &Range<usize>) -> usize {
        self.0.partition_point(|&start| start <= span.start).max(1)
    }

    /// Takes the parser's tree apart as it goes: both whole would be the most memory that thousands of groups need.
    fn table(&self, table: DeTable<'_>) -> Table {
        let entry = |(key, value): (Spanned<DeString<'_>>, Spanned<DeValue<'_>>)| {
            let line = self.at(&key.span());
            (key.into_inner().into_owned(), Node { line, value: self.value(value.into_inner()) })
        };
        Table(table.into_iter().map(entry).collect())
    }

    fn item(&self, item: Spanned<DeValue<'_>>) -> Node {
        Node { line: self.at(&item.span()), value: self.value(item.into_inner()) }
    }

    fn value(&self, value: DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Scalar(Scalar::Text(text.into_owned())),
            DeValue::Boolean(flag) => Value::Scalar(Scalar::Flag(flag)),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::Scalar(Scalar::Integer(number)),
                Err(_) => Value::Other("a number beyond 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => Value::Scalar(Scalar::Float(number)),
                Err(_) => Value::Other("a number that cannot be read"),
            },
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(items) => Value::List(items.into_iter().map(|item| self.item(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get<'a>(table: &'a Table, name: &str) -> &'a Node {
        table.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    #[test]
    fn keys_know_their_lines() {
        let (table, faults) = read("a = 1_000\n\n[b]\nc = \"x\"\n[[g]]\nd = [\n 1,\n 2]\n[[g]]\n");
        assert!(faults.is_empty());
        assert!(matches!(get(&table, "a").value, Value::Scalar(Scalar::Integer(1000))));
        let Value::Table(b) = &get(&table, "b").value else { panic!("b is a table") };
        assert_eq!((get(&table, "b").line, get(b, "c").line), (3, 4));
        let Value::List(groups) = &get(&table, "g").value else { panic!("g is a list") };
        assert_eq!((groups[0].line, groups[1].line), (5, 9));
        let Value::Table(first) = &groups[0].value else { panic!("a group is a table") };
        let Value::List(items) = &get(first, "d").value else { panic!("d is a list") };
        assert_eq!((items[0].line, items[1].line), (7, 8));
    }

    #[test]
    fn every_broken_line_is_told_and_none_repeated() {
        let (_, faults) = read("a = \nb = \"hunter2\nc = 1\nc = 2\n");
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert!(lines.contains(&1) && lines.contains(&2) && lines.contains(&4), "{faults:?}");
        assert!(!format!("{faults:?}").contains("hunter2"));
    }
}
