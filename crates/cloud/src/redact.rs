//! Takes secrets out of text that comes from a server, which may send back what it was sent.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

const MARK: &str = "[redacted]";

/// Knows the secrets of a session and removes them from text.
pub struct Redactor<'a> {
    secrets: Vec<&'a SecretString>,
}

impl<'a> Redactor<'a> {
    /// One that removes these secrets.
    pub fn new(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        Self { secrets: secrets.into_iter().filter(|s| !s.expose_secret().is_empty()).collect() }
    }

    /// `text` with every secret, in each of the spellings a server may give it, replaced.
    pub fn clean(&self, text: &str) -> String {
        let mut clean = Cow::Borrowed(text);
        for spelling in self.secrets.iter().flat_map(|secret| spellings(secret.expose_secret())) {
            if clean.contains(&spelling) {
                clean = clean.replace(&spelling, MARK).into();
            }
        }
        clean.into_owned()
    }
}

/// A secret as it is, as JSON writes it (with and without characters beyond ASCII), and as a URL
/// does.
fn spellings(secret: &str) -> [String; 4] {
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let ascii = json.chars().fold(String::new(), |text, c| text + &ascii_json(c));
    let url = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [secret.to_owned(), json, ascii, url]
}

fn ascii_json(c: char) -> String {
    if c.is_ascii() {
        return c.to_string();
    }
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_goes() {
        let secret = SecretString::from("pä\"ss wörd");
        let redactor = Redactor::new([&secret]);
        for echo in ["pä\"ss wörd", "pä\\\"ss wörd", "p\\u00e4\\\"ss w\\u00f6rd", "p%C3%A4%22ss+w%C3%B6rd"]
        {
            assert_eq!(redactor.clean(&format!("you sent {echo}!")), "you sent [redacted]!");
        }
    }

    #[test]
    fn an_empty_secret_removes_nothing() {
        let secret = SecretString::from("");
        assert_eq!(Redactor::new([&secret]).clean("as it was"), "as it was");
    }
}
