//! Single values: exact types, ranges, and how a value is shown in a message.

use std::ops::RangeInclusive;

use url::Url;

use super::duration;
use super::nearest::hint;
use super::schema::Form;

/// The word for a rate without a limit.
pub(super) const UNLIMITED: &str = "unlimited";

/// The rates that make sense, in requests a second: slower, no pass would end; faster is unlimited.
pub(super) const RATES: RangeInclusive<f64> = 0.01..=1_000_000.0;

/// The longest value that a message repeats.
const SHOWN: usize = 80;

/// One value of the four types that a scalar key can have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
}

impl Scalar {
    /// Reads an environment variable, which has no types, as the type that its key wants.
    pub(super) fn from_variable(text: &str, form: &Form) -> Scalar {
        let typed = match form {
            Form::Flag => text.parse().ok().map(Scalar::Flag),
            Form::Count(_) => text.parse().ok().map(Scalar::Integer),
            Form::Number | Form::NumberOrZero | Form::Rate => text.parse().ok().map(Scalar::Float),
            _ => None,
        };
        typed.unwrap_or_else(|| Scalar::Text(text.to_owned()))
    }

    /// The value as a message may repeat it; none if it could hold a secret.
    pub(super) fn shown(&self, form: &Form) -> Option<String> {
        match self {
            Scalar::Text(text) if matches!(form, Form::Url) && text.contains(['@', '?']) => None,
            Scalar::Text(text) if text.chars().count() > SHOWN => {
                Some(format!("{:?}...", text.chars().take(SHOWN).collect::<String>()))
            }
            Scalar::Text(text) => Some(format!("{text:?}")),
            Scalar::Integer(number) => Some(number.to_string()),
            Scalar::Float(number) => Some(number.to_string()),
            Scalar::Flag(flag) => Some(flag.to_string()),
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<String> {
        if let Scalar::Text(text) = self { Some(text.clone()) } else { None }
    }

    /// What is wrong with the value for a key of this form, and what to write.
    pub(super) fn fault(&self, form: &Form) -> Option<String> {
        let verdict = match (form, self) {
            (Form::Text, Scalar::Text(text)) => text_fault(text),
            (Form::Lines, Scalar::Text(text)) if !text.trim().is_empty() => Ok(()),
            (Form::Choice(words), Scalar::Text(word)) => choice_fault(words, word),
            (Form::Url, Scalar::Text(text)) => url_fault(text),
            (Form::Flag, Scalar::Flag(_)) => Ok(()),
            (Form::Count(least), Scalar::Integer(number)) => count_fault(*least, *number),
            (Form::Limit, Scalar::Integer(number)) => count_fault(0, *number),
            (Form::Number, Scalar::Float(number)) => number_fault(*number),
            (Form::Number, Scalar::Integer(number)) => number_fault(*number as f64),
            (Form::NumberOrZero, Scalar::Float(number)) => not_negative_fault(*number),
            (Form::NumberOrZero, Scalar::Integer(number)) => not_negative_fault(*number as f64),
            (Form::Rate, Scalar::Float(number)) => rate_fault(*number),
            (Form::Rate, Scalar::Integer(number)) => rate_fault(*number as f64),
            (Form::Rate, Scalar::Text(word)) if word == UNLIMITED => Ok(()),
            (Form::DurationOrZero, Scalar::Text(text)) => duration::parse(text).map(drop),
            (Form::Duration, Scalar::Text(text)) => duration::parse(text).and_then(not_zero),
            (form, _) => Err(format!("must be {}", form.wanted())),
        };
        verdict.err()
    }
}

impl Form {
    /// What a value of this form is, with an example.
    pub(super) fn wanted(&self) -> String {
        match self {
            Form::Text => "text in quotes".into(),
            Form::Lines => "text in quotes that is not blank".into(),
            Form::Choices(words) => format!("a list of some of \"{}\"", words.join("\", \"")),
            Form::Arguments => {
                "a list of a program and its arguments in quotes, such as [\"logger\", \"-t\"]".into()
            }
            Form::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
            Form::Url => "a URL in quotes, such as \"https://host/v1.0\"".into(),
            Form::Flag => "true or false, without quotes".into(),
            Form::Number => "a number above zero, without quotes, such as 50 or 0.8".into(),
            Form::NumberOrZero => "a number of zero or more, without quotes, such as 0 or 0.1".into(),
            Form::Count(least) => format!("a whole number of at least {least}, without quotes"),
            Form::Limit => "a whole number without quotes, or a table of them by local time, such as \
                { zone = \"America/Vancouver\", \"9:00\" = 5, \"17:00\" = 2 }"
                .into(),
            Form::Duration | Form::DurationOrZero => {
                "a duration in quotes with its unit, such as \"30s\", \"5m\" or \"1h\"".into()
            }
            Form::Rate => format!("a number of requests a second, or \"{UNLIMITED}\""),
            Form::Names => "a list of names or ids in quotes, such as [\"web\"]".into(),
            Form::Urls => "a list of URLs in quotes, such as [\"https://host/beat\"]".into(),
            Form::Headers => "a table of texts by header name, such as { Accept = \"text/plain\" }".into(),
            Form::PerFlavor { .. } => "a table of numbers by flavor, such as { \"general1-2\" = 50 }".into(),
            Form::Table(_) => "a table".into(),
            Form::Tables(_) => {
                "one or more tables, each begun with the name in double brackets, such as [[group]]".into()
            }
            Form::TaggedTables(_) => {
                "one or more tables, each begun with the name in double brackets, such as [[notifier]]".into()
            }
            Form::Kinds(kinds) => {
                let names: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
                format!("a table with a kind, such as {{ kind = \"{}\", ... }}", names.join("\" or \""))
            }
        }
    }
}

fn text_fault(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("is empty; give it a value or leave the key out".into());
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character in it; write it without".into());
    }
    Ok(())
}

fn choice_fault(words: &[&str], word: &str) -> Result<(), String> {
    if words.contains(&word) {
        return Ok(());
    }
    Err(format!("must be one of \"{}\"{}", words.join("\", \""), hint(word, words.iter().copied())))
}

fn count_fault(least: u32, number: i64) -> Result<(), String> {
    match u32::try_from(number) {
        Ok(count) if count >= least => Ok(()),
        Ok(_) => Err(format!("must be at least {least}")),
        Err(_) => Err(format!("must be a whole number from {least} to {}", u32::MAX)),
    }
}

fn number_fault(number: f64) -> Result<(), String> {
    if number.is_finite() && number > 0.0 { Ok(()) } else { Err("must be a number above zero".into()) }
}

fn not_negative_fault(number: f64) -> Result<(), String> {
    if number.is_finite() && number >= 0.0 { Ok(()) } else { Err("must be a number of zero or more".into()) }
}

fn rate_fault(rate: f64) -> Result<(), String> {
    if RATES.contains(&rate) {
        return Ok(());
    }
    Err(format!("must be from {} to {} requests a second, or \"{UNLIMITED}\"", RATES.start(), RATES.end()))
}

fn not_zero(duration: std::time::Duration) -> Result<(), String> {
    if duration.is_zero() { Err("must be longer than nothing".into()) } else { Ok(()) }
}

fn url_fault(text: &str) -> Result<(), String> {
    let url = Url::parse(text)
        .map_err(|why| format!("is no URL ({why}); write it in full, as in \"https://host/v1.0\""))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must begin with https:// or http:// and name a host".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "holds a user or password; credentials do not stand in settings, see credentials.example".into(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with its path: leave out what follows ? or #".into());
    }
    Ok(())
}
