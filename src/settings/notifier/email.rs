//! Mail: the server, how it is spoken to, and the addresses.

use std::net::IpAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::Deserialize;

use super::Resolving;
use crate::notifier::email::Security;
use crate::settings::origin::Rows;
use crate::settings::schema::join;

/// How a connection is kept secret, by its names in settings.
pub(super) const SECURITY: [&str; 3] = ["starttls", "tls", "none"];

/// A mail server and the addresses.
#[derive(Debug, Clone, PartialEq)]
pub struct EmailSettings {
    /// The server's name, which its certificate must bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub security: Security,
    /// Who logs in; none where nobody needs to.
    pub user: Option<String>,
    /// The sender.
    pub from: Mailbox,
    /// The recipients.
    pub to: Vec<Mailbox>,
    /// A PEM file with the certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// The same as it stands in settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EmailTable {
    host: String,
    port: Option<u32>,
    security: Option<String>,
    user: Option<String>,
    from: String,
    to: Vec<String>,
    ca_file: Option<String>,
}

impl EmailTable {
    /// Fills in what follows from the rest, and tells what does not go together.
    pub(super) fn resolve(self, on: &mut Resolving<'_>) -> Option<EmailSettings> {
        let security = security(self.security.as_deref());
        if security == Security::None && !self.host.is_empty() && !is_this_machine(&self.host) {
            let fault = "would send notices in clear over the network; it is for a mail server on this machine, so \
                write \"starttls\" or \"tls\"";
            on.tell("security", Some("\"none\"".to_owned()), fault);
        }
        let port = port(self.port.unwrap_or_else(|| usual_port(security)), on);
        let ca_file = on.path("ca_file", self.ca_file);
        let from = mailbox("from", &self.from, on);
        let to: Vec<Option<Mailbox>> = self.to.iter().map(|to| mailbox("to", to, on)).collect();
        let to = to.into_iter().collect::<Option<Vec<_>>>()?;
        Some(EmailSettings {
            host: self.host,
            port: port?,
            security,
            user: self.user,
            from: from?,
            to,
            ca_file,
        })
    }
}

fn security(written: Option<&str>) -> Security {
    match written {
        Some("tls") => Security::Tls,
        Some("none") => Security::None,
        _ => Security::StartTls,
    }
}

/// RFC 6409, RFC 8314 and RFC 5321.
fn usual_port(security: Security) -> u32 {
    match security {
        Security::StartTls => 587,
        Security::Tls => 465,
        Security::None => 25,
    }
}

fn port(written: u32, on: &mut Resolving<'_>) -> Option<u16> {
    let port = u16::try_from(written).ok();
    if port.is_none() {
        on.tell("port", Some(written.to_string()), "is no port; it must be from 1 to 65535");
    }
    port
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn mailbox(key: &str, written: &str, on: &mut Resolving<'_>) -> Option<Mailbox> {
    // That it is missing or empty has been told.
    if written.is_empty() {
        return None;
    }
    match written.parse() {
        Ok(mailbox) => Some(mailbox),
        Err(why) => {
            let fault = format!(
                "is no mail address ({why}); write it as \"ops@example.com\" or \"Ops <ops@example.com>\""
            );
            on.tell(key, Some(format!("{written:?}")), fault);
            None
        }
    }
}

impl EmailSettings {
    pub(super) fn rows(&self, at: &str, rows: &mut Rows<'_>) {
        let key = |name| join(at, name);
        rows.add(key("host"), &self.host);
        rows.add(key("port"), self.port);
        rows.add(key("security"), SECURITY[self.security as usize]);
        rows.add_some(key("user"), self.user.as_ref());
        rows.add(key("from"), &self.from);
        rows.add(key("to"), self.to.iter().map(Mailbox::to_string).collect::<Vec<_>>().join(", "));
        rows.add_some(key("ca_file"), self.ca_file.as_ref().map(|path| path.display()));
    }
}
