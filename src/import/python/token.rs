//! Python text to statements of tokens: as much of the language as it takes to find where an assignment begins and
//! ends (Python's reference, chapter 2).

use std::iter::Peekable;
use std::str::Chars;

use super::NotPython;

/// The words that begin a statement with others inside it.
const BLOCKS: [&str; 11] =
    ["if", "elif", "else", "for", "while", "try", "except", "finally", "with", "class", "def"];

/// One token. What no literal has in it is only told apart from what one has.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Number(String),
    Text(String),
    Sign(char),
}

/// The tokens between two ends of statements.
#[derive(Debug, Default)]
pub(super) struct Statement {
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// Whether it stands inside another statement.
    pub(super) indented: bool,
    pub(super) tokens: Vec<Token>,
}

/// Every statement of `text`.
pub(super) fn statements(text: &str) -> Result<Vec<Statement>, NotPython> {
    // Python reads every end of a line alike.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let rest = text.chars().peekable();
    let mut reader = Reader { rest, line: 1, depth: 0, at_start: true, indented: false };
    let mut statements = Vec::new();
    let mut statement = Statement::default();
    while let Some(piece) = reader.piece()? {
        match piece {
            Piece::Token(Token::Sign(':')) if reader.depth == 0 && begins_block(&statement) => {
                // What follows on this line depends on it as if it were indented.
                reader.indented = true;
                statements.push(std::mem::take(&mut statement));
            }
            Piece::Token(token) => {
                if statement.tokens.is_empty() {
                    (statement.line, statement.indented) = (reader.line, reader.indented);
                }
                statement.tokens.push(token);
            }
            Piece::End => statements.push(std::mem::take(&mut statement)),
        }
    }
    statements.push(statement);
    Ok(statements.into_iter().filter(|statement| !statement.tokens.is_empty()).collect())
}

fn begins_block(statement: &Statement) -> bool {
    matches!(statement.tokens.first(), Some(Token::Name(word)) if BLOCKS.contains(&word.as_str()))
}

enum Piece {
    Token(Token),
    End,
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    /// Brackets that are open: inside them a line does not end a statement.
    depth: usize,
    /// Whether nothing has been read of this line.
    at_start: bool,
    /// Whether what follows on this line depends on another statement.
    indented: bool,
}

impl Reader<'_> {
    fn piece(&mut self) -> Result<Option<Piece>, NotPython> {
        while let Some(next) = self.rest.next() {
            if std::mem::replace(&mut self.at_start, false) {
                self.indented = next.is_whitespace();
            }
            match next {
                '\n' => {
                    self.line += 1;
                    self.at_start = self.depth == 0;
                    if self.at_start {
                        return Ok(Some(Piece::End));
                    }
                }
                '\\' if self.rest.next_if_eq(&'\n').is_some() => self.line += 1,
                ';' if self.depth == 0 => return Ok(Some(Piece::End)),
                '#' => while self.rest.next_if(|c| *c != '\n').is_some() {},
                c if c.is_whitespace() => {}
                c => return self.token(c).map(|token| Some(Piece::Token(token))),
            }
        }
        Ok(None)
    }

    fn token(&mut self, first: char) -> Result<Token, NotPython> {
        match first {
            '"' | '\'' => self.text(first, false),
            c if c.is_alphabetic() || c == '_' => {
                let name = self.while_of(c, |c| c.is_alphanumeric() || c == '_');
                self.after_name(name)
            }
            c if c.is_ascii_digit() => {
                Ok(Token::Number(self.while_of(c, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))))
            }
            '(' | '[' | '{' => {
                self.depth += 1;
                Ok(Token::Sign(first))
            }
            ')' | ']' | '}' => {
                self.depth = self
                    .depth
                    .checked_sub(1)
                    .ok_or_else(|| self.fault("a bracket is closed that was not open"))?;
                Ok(Token::Sign(first))
            }
            sign => Ok(Token::Sign(sign)),
        }
    }

    /// A name, unless it is the prefix of a text: `u""`, `b""`, `r""` and both.
    fn after_name(&mut self, name: String) -> Result<Token, NotPython> {
        let prefix = name.to_ascii_lowercase();
        let plain = matches!(prefix.as_str(), "u" | "b" | "r" | "br" | "rb" | "ur");
        match self.rest.next_if(|c| plain && matches!(c, '"' | '\'')) {
            Some(quote) => self.text(quote, prefix.contains('r')),
            None => Ok(Token::Name(name)),
        }
    }

    fn while_of(&mut self, first: char, belongs: impl Fn(char) -> bool) -> String {
        let mut word = String::from(first);
        while let Some(next) = self.rest.next_if(|c| belongs(*c)) {
            word.push(next);
        }
        word
    }

    fn text(&mut self, quote: char, raw: bool) -> Result<Token, NotPython> {
        let begun = NotPython { line: self.line, fault: "a text is begun and never ended" };
        let long = self.rest.next_if_eq(&quote).is_some();
        if long && self.rest.next_if_eq(&quote).is_none() {
            return Ok(Token::Text(String::new()));
        }
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or_else(|| begun.clone())? {
                '\n' if !long => return Err(begun),
                '\\' if !raw => self.escape(&mut text),
                '\\' => {
                    text.push('\\');
                    // Even here a quote after it does not end the text.
                    text.extend(self.rest.next_if(|c| *c != '\n'));
                }
                c if c == quote && (!long || self.two_more(quote)) => return Ok(Token::Text(text)),
                c => {
                    self.line += usize::from(c == '\n');
                    text.push(c);
                }
            }
        }
    }

    fn two_more(&mut self, quote: char) -> bool {
        let mut ahead = self.rest.clone();
        let ends = ahead.next() == Some(quote) && ahead.next() == Some(quote);
        if ends {
            self.rest = ahead;
        }
        ends
    }

    /// The escapes that have one letter; any other stands for itself, backslash and all, as in Python.
    fn escape(&mut self, text: &mut String) {
        let Some(next) = self.rest.next() else { return };
        match next {
            '\n' => self.line += 1,
            '\\' | '\'' | '"' => text.push(next),
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            other => text.extend(['\\', other]),
        }
    }

    fn fault(&self, fault: &'static str) -> NotPython {
        NotPython { line: self.line, fault }
    }
}
