//! Literals of Python: what a value is that is written out.

use std::iter::Peekable;
use std::slice::Iter;

use super::token::Token;

/// Brackets within brackets; deeper than anybody writes settings.
const DEEPEST: usize = 50;

/// A value that is written out.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `None`.
    None,
    /// `True` or `False`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text of any kind.
    Text(String),
    /// A list or a tuple.
    List(Vec<Literal>),
    /// A dictionary, in the order it is written in.
    Dict(Vec<(Literal, Literal)>),
}

type Tokens<'a> = Peekable<Iter<'a, Token>>;

/// The value that `tokens` write out; none if they do not.
pub(super) fn value_of(tokens: &[Token]) -> Option<Literal> {
    let mut tokens = tokens.iter().peekable();
    let value = value(&mut tokens, DEEPEST)?;
    tokens.next().is_none().then_some(value)
}

fn value(tokens: &mut Tokens<'_>, deepest: usize) -> Option<Literal> {
    let deeper = deepest.checked_sub(1)?;
    match tokens.next()? {
        Token::Name(name) if name == "dict" => {
            tokens.next_if(|next| **next == Token::Sign('('))?;
            keywords(tokens, deeper)
        }
        Token::Name(name) => named(name),
        Token::Number(digits) => number(digits),
        Token::Text(first) => {
            let mut text = first.clone();
            // Texts that follow each other are one.
            while let Some(Token::Text(more)) = tokens.next_if(|next| matches!(next, Token::Text(_))) {
                text.push_str(more);
            }
            Some(Literal::Text(text))
        }
        Token::Sign('-') => match value(tokens, deeper)? {
            Literal::Integer(number) => Some(Literal::Integer(number.checked_neg()?)),
            Literal::Float(number) => Some(Literal::Float(-number)),
            _ => None,
        },
        Token::Sign('[') => Some(Literal::List(list(tokens, ']', deeper)?.0)),
        Token::Sign('(') => {
            let (mut items, comma) = list(tokens, ')', deeper)?;
            // Brackets around one value do not make a tuple of it.
            if items.len() == 1 && !comma { items.pop() } else { Some(Literal::List(items)) }
        }
        Token::Sign('{') => entries(tokens, deeper),
        Token::Sign(_) => None,
    }
}

fn named(name: &str) -> Option<Literal> {
    match name {
        "None" => Some(Literal::None),
        "True" => Some(Literal::Flag(true)),
        "False" => Some(Literal::Flag(false)),
        _ => None,
    }
}

/// A decimal number, `1_000` and Python 2's `30L` included.
fn number(digits: &str) -> Option<Literal> {
    let digits = digits.replace('_', "");
    let whole = digits.strip_suffix(['l', 'L']).unwrap_or(&digits);
    let leading_zero = whole.len() > 1 && whole.starts_with('0') && !whole.contains('.');
    // 010 is eight in Python 2 and an error in Python 3.
    if leading_zero {
        return None;
    }
    match whole.parse() {
        Ok(number) => Some(Literal::Integer(number)),
        Err(_) => digits.parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Float),
    }
}

/// Values up to `close`, and whether a comma stands behind the last.
fn list(tokens: &mut Tokens<'_>, close: char, deepest: usize) -> Option<(Vec<Literal>, bool)> {
    let mut items = Vec::new();
    let mut comma = false;
    while tokens.next_if(|next| **next == Token::Sign(close)).is_none() {
        if !items.is_empty() && !comma {
            return None;
        }
        items.push(value(tokens, deepest)?);
        comma = tokens.next_if(|next| **next == Token::Sign(',')).is_some();
    }
    Some((items, comma))
}

/// `key: value` up to `}`; `key = value` too, as autoscalebot's README has it.
fn entries(tokens: &mut Tokens<'_>, deepest: usize) -> Option<Literal> {
    let mut entries = Vec::new();
    let mut comma = true;
    while tokens.next_if(|next| **next == Token::Sign('}')).is_none() {
        if !comma {
            return None;
        }
        let key = value(tokens, deepest)?;
        tokens.next_if(|next| matches!(next, Token::Sign(':' | '=')))?;
        entries.push((key, value(tokens, deepest)?));
        comma = tokens.next_if(|next| **next == Token::Sign(',')).is_some();
    }
    Some(Literal::Dict(entries))
}

/// `dict(key=value, …)` from behind its bracket.
fn keywords(tokens: &mut Tokens<'_>, deepest: usize) -> Option<Literal> {
    let mut entries = Vec::new();
    let mut comma = true;
    while tokens.next_if(|next| **next == Token::Sign(')')).is_none() {
        let Some(Token::Name(key)) = tokens.next().filter(|_| comma) else { return None };
        tokens.next_if(|next| **next == Token::Sign('='))?;
        entries.push((Literal::Text(key.clone()), value(tokens, deepest)?));
        comma = tokens.next_if(|next| **next == Token::Sign(',')).is_some();
    }
    Some(Literal::Dict(entries))
}
