//! What is taken from a Python file, what is not, and that nothing in it can break the reader.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn value(text: &str) -> Option<Literal> {
    let assignments = read(&format!("A = {text}\n")).unwrap();
    assignments.of("A").unwrap().value.clone()
}

fn text(text: &str) -> Literal {
    Literal::Text(text.to_owned())
}

#[test]
fn literals_of_every_kind_are_read() {
    use Literal::{Dict, Flag, Float, Integer, List};
    for (written, expected) in [
        ("None", Literal::None),
        ("True  # always", Flag(true)),
        ("30", Integer(30)),
        ("-1_000", Integer(-1000)),
        ("30L", Integer(30)),
        ("1e3", Float(1000.0)),
        ("0.5", Float(0.5)),
        ("'it''s'", text("its")),
        (r#""a \"b\" \\ \d""#, text(r#"a "b" \ \d"#)),
        (r"u'x'", text("x")),
        (r"R'\d\''", text(r"\d\'")),
        ("'''two\n'lines'\n'''", text("two\n'lines'\n")),
        ("''", text("")),
        ("[]", List(vec![])),
        ("('a', 'b',)", List(vec![text("a"), text("b")])),
        ("('a')", text("a")),
        ("('a',)", List(vec![text("a")])),
        ("('a'\n     'b')", text("ab")),
        ("[  # one\n  1,\n  2]", List(vec![Integer(1), Integer(2)])),
        ("{\"0:00\": 2, \"9:00\" = 5}", Dict(vec![(text("0:00"), Integer(2)), (text("9:00"), Integer(5))])),
        ("dict(a=1, b='x')", Dict(vec![(text("a"), Integer(1)), (text("b"), text("x"))])),
    ] {
        assert_eq!(value(written), Some(expected), "{written}");
    }
}

#[test]
fn what_is_no_literal_has_no_value() {
    for written in [
        "os.environ['KEY']",
        "30 * 60",
        "f()",
        "[1 2]",
        "{1: 2 3: 4}",
        "{1}",
        "1, 2",
        "f'{x}'",
        "x",
        "010",
        "dict(1)",
        "[x for x in y]",
        "(1",
        "-'a'",
        "1e999",
        "1 + \\\n 1",
    ] {
        let read = read(&format!("A = {written}\n")).unwrap();
        assert_eq!(read.of("A").unwrap().value, None, "{written}");
    }
}

#[test]
fn only_what_is_certain_to_be_assigned_has_a_value() {
    let file = "\
#!/usr/bin/env python
'''A docstring = 1'''
import os; A = 1
if os.name == 'nt':
    B = 2
if True: C = 3; D = 4
E = 5
E += 1
F == 6
def f(A=2):
    return A
G: int = 7
G: int = 8
print 'x'
H = {
    'I': 9,
}
try:
    from local import *
except ImportError:
    pass
";
    let read = read(file).unwrap();
    let found: Vec<_> = read.all().map(|a| (a.name.as_str(), a.line, a.value.clone())).collect();
    let found: Vec<_> = found.into_iter().filter(|(name, ..)| *name != "H").collect();
    let number = |n| Some(Literal::Integer(n));
    assert_eq!(
        found,
        [
            ("A", 3, number(1)),
            ("B", 5, None),
            ("C", 6, None),
            ("D", 6, None),
            ("E", 8, None),
            ("G", 13, number(8)),
            ("I", 15, number(9))
        ]
    );
}

#[test]
fn what_cannot_be_python_is_told_with_its_line_and_not_repeated() {
    for (text, line) in [("A = 1\nB = 'hunter2\nC = 1", 2), ("A = '''\n\n", 1), ("A = 1\n)", 2)] {
        let told = read(text).unwrap_err();
        assert_eq!(told.line, line, "{text}");
        assert!(!told.fault.contains("hunter2"));
    }
    assert_eq!(value(&format!("{}1{}", "[".repeat(5000), "]".repeat(5000))), None, "too deep to be meant");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_text_breaks_the_reader(text in "[a-z=:;,.'\"\\\\\\[\\](){}#0-9 \r\n\t\u{fe}]{0,80}") {
        let _ = read(&text);
    }

    #[test]
    fn every_text_comes_back_from_its_literal(written in "\\PC{0,20}") {
        let escaped = written.replace('\\', "\\\\").replace('\'', "\\'");
        prop_assert_eq!(value(&format!("'{escaped}'")), Some(text(&written)));
    }
}
