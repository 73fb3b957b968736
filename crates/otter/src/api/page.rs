//! Paging: `limit` and `marker` of a list, and the link to the next page.

use super::ask::Query;
use crate::error::Error;
use crate::launcher::Link;
use crate::store::Page;

/// Reads the page that a query asks for; the limit is brought inside 1 and the largest page.
pub(super) fn read(query: &Query, largest: u32) -> Result<Page, Error> {
    let limit = match query.get("limit") {
        None => largest,
        Some(text) => {
            limit(text, largest).ok_or(Error::InvalidQueryArgument { name: "limit", wanted: "an integer" })?
        }
    };
    Ok(Page { after: query.get("marker").unwrap_or_default().to_owned(), limit })
}

fn limit(text: &str, largest: u32) -> Option<u32> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    if text.starts_with('-') {
        return Some(1);
    }
    // What is too large to be read is larger than the largest page.
    Some(digits.parse().unwrap_or(largest).clamp(1, largest))
}

/// The links of a page with so many items, the last of which has this id. A page that is full has a
/// next one, even if that turns out to be empty.
pub(super) fn next(collection: &str, page: &Page, items: usize, last: Option<&str>) -> Vec<Link> {
    let full = u32::try_from(items).is_ok_and(|items| items >= page.limit);
    last.filter(|_| full).map(|last| next_link(collection, page.limit, last)).into_iter().collect()
}

/// A link to what follows `last`.
pub(super) fn next_link(collection: &str, limit: u32, last: &str) -> Link {
    let last = super::links::escape(last);
    Link { href: format!("{collection}?limit={limit}&marker={last}"), rel: "next".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_clamped_and_words_are_refused() {
        for (text, read) in [
            ("5", Some(5)),
            ("0", Some(1)),
            ("-3", Some(1)),
            ("101", Some(100)),
            ("99999999999999999999", Some(100)),
            ("", None),
            ("ab", None),
            ("&", None),
            ("3.0", None),
        ] {
            assert_eq!(limit(text, 100), read, "{text}");
        }
    }

    #[test]
    fn a_full_page_has_a_next_one() {
        let page = Page { after: String::new(), limit: 2 };
        assert_eq!(next("u/", &page, 1, Some("a")), vec![]);
        let links = next("u/", &page, 2, Some("b"));
        assert_eq!(links, vec![Link { href: "u/?limit=2&marker=b".to_owned(), rel: "next".to_owned() }]);
    }
}
