//! Lists that come in pages, read to their end.

use std::collections::HashSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::fault::Fault;
use crate::json::BadBody;
use crate::names::Listed;
use crate::service::Service;
use crate::session::Session;

/// What a path segment or a query value may hold as it is (RFC 3986, "unreserved").
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` as one segment of a path, or one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// One page.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// The marker to ask for the next page with, if there may be one.
    pub(crate) next: Option<String>,
}

/// A link beside a list.
#[derive(Deserialize)]
pub(crate) struct Link {
    rel: String,
    href: String,
}

/// Whether the service says that there is a next page.
pub(crate) fn has_next(links: &[Link]) -> bool {
    links.iter().any(|link| link.rel == "next")
}

/// The marker in the link to the next page, which may be relative.
pub(crate) fn next_marker(links: &[Link]) -> Option<String> {
    let next = links.iter().find(|link| link.rel == "next")?;
    let anywhere = Url::parse("http://list/").ok()?;
    let url = anywhere.join(&next.href).ok()?;
    url.query_pairs().find(|(key, _)| key == "marker").map(|(_, marker)| marker.into_owned())
}

/// All items of the list at `path`, each once, though a marker may bring some twice and the list
/// may change while it is read.
pub(crate) async fn all<T: Listed>(
    session: &Session,
    service: Service,
    path: &str,
    parse: fn(&[u8]) -> Result<Page<T>, BadBody>,
    deadline: Instant,
) -> Result<Vec<T>, Fault> {
    let Page { mut items, mut next } = session.get(service, path, parse, deadline).await?;
    let mut seen: HashSet<String> = HashSet::new();
    if next.is_some() {
        seen.extend(items.iter().map(|item| item.id().to_owned()));
    }
    while let Some(marker) = next {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}marker={}", escaped(&marker));
        let page = session.get(service, &path, parse, deadline).await?;
        let before = items.len();
        items.extend(page.items.into_iter().filter(|item| seen.insert(item.id().to_owned())));
        // A page that brings nothing new is the end, whatever it says; else a service that
        // ignores the marker would be asked for ever.
        next = page.next.filter(|_| items.len() > before);
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(rel: &str, href: &str) -> Link {
        Link { rel: rel.into(), href: href.into() }
    }

    #[test]
    fn the_marker_is_read_from_absolute_and_relative_links() {
        let absolute = [link("self", "x"), link("next", "https://as/v1.0/1/groups/?limit=100&marker=a%2Fb")];
        assert_eq!(next_marker(&absolute).as_deref(), Some("a/b"));
        assert_eq!(next_marker(&[link("next", "?marker=7")]).as_deref(), Some("7"));
        assert_eq!(next_marker(&[link("next", "/groups")]), None);
        assert_eq!(next_marker(&[]), None);
    }

    #[test]
    fn what_would_change_a_path_is_escaped() {
        assert_eq!(escaped("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(escaped("9f-._~"), "9f-._~");
    }
}
