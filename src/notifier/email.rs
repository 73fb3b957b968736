//! A notice as a mail to one or more people, over SMTP with STARTTLS or TLS.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use cloud::Redactor;
use lettre::address::Envelope;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::{Notice, Notifier, Undelivered};

/// For one command and its answer; the whole mail is bounded by the outbox.
const PATIENCE: Duration = Duration::from_secs(8);
/// What mails are told apart by; the part before it is the notice's id.
const ID_DOMAIN: &str = "loadscale.invalid";

/// What a server answers about a login (RFC 4954, section 6): log in first, refused, too weak, encrypt first.
const LOGIN: [&str; 4] = ["530", "534", "535", "538"];
/// What a server answers that takes nothing from anybody now (RFC 5321, section 4.2.1).
const CLOSING: &str = "421";

/// How a connection is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// It begins in clear and must become TLS before anything is said (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// In clear; for a mail server on this machine.
    None,
}

/// A mail server, and how it is spoken to.
pub struct Server {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub security: Security,
    /// Who logs in, and with what; none where nobody needs to.
    pub login: Option<(String, SecretString)>,
    /// A PEM file with the certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Mails by one server, from one address, to each of several.
pub struct Email {
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    /// Made when it is first needed: most passes tell nothing.
    transport: OnceLock<AsyncSmtpTransport<Tokio1Executor>>,
}

/// Why a mail did not go out.
struct Unsent {
    why: Undelivered,
    /// Whether the server answered to the mail itself, so that it may take it for somebody else.
    not_taken: bool,
}

impl From<Undelivered> for Unsent {
    fn from(why: Undelivered) -> Unsent {
        Unsent { why, not_taken: false }
    }
}

impl Email {
    /// Mails from `from` to every one of `to`.
    pub fn new(server: Server, from: Mailbox, to: Vec<Mailbox>) -> Email {
        Email { server, from, to, transport: OnceLock::new() }
    }

    fn transport(&self) -> Result<&AsyncSmtpTransport<Tokio1Executor>, Undelivered> {
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let transport = self.server.transport().map_err(Undelivered::failed)?;
        Ok(self.transport.get_or_init(|| transport))
    }

    fn message(&self, notice: &Notice) -> Result<Message, lettre::error::Error> {
        let seconds = u64::try_from(notice.time.as_second()).unwrap_or(0);
        let about = format!("<{}@{ID_DOMAIN}>", notice.key.replace('/', "."));
        let message = Message::builder()
            .from(self.from.clone())
            .subject(format!("[loadscale] {}: {}", notice.level.name(), notice.title))
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            // The same when it is sent again, so that mailboxes can tell; and one thread a condition.
            .message_id(Some(format!("<{}@{ID_DOMAIN}>", notice.id)))
            .references(about);
        let message = self.to.iter().cloned().fold(message, |message, to| message.to(to));
        message.body(format!("{}\n\n{}\n", notice.title, notice.body()))
    }

    async fn send(&self, to: Vec<Address>, mail: &[u8]) -> Result<(), Unsent> {
        let refused = |error: lettre::error::Error| Undelivered::Refused(error.to_string());
        let envelope = Envelope::new(Some(self.from.email.clone()), to).map_err(refused)?;
        let sent = self.transport()?.send_raw(&envelope, mail).await;
        sent.map(drop).map_err(|error| Unsent { why: self.verdict(&error), not_taken: not_taken(&error) })
    }

    /// One address that the server does not take, now or ever, must not keep the mail from the others; and who got
    /// it must not get it again, so that it counts as sent as soon as one did.
    async fn send_to_each(&self, mail: &[u8]) -> Result<(), Undelivered> {
        let (mut got_it, mut for_good, mut without) = (0, true, Vec::new());
        for (place, to) in self.to.iter().enumerate() {
            let Err(Unsent { why, not_taken }) = self.send(vec![to.email.clone()], mail).await else {
                got_it += 1;
                continue;
            };
            for_good &= matches!(why, Undelivered::Refused(_));
            without.push(format!("{}: {why}", to.email));
            if !not_taken {
                without.extend(self.to[place + 1..].iter().map(|to| format!("{}: not tried", to.email)));
                break;
            }
        }
        match (got_it, without.join("; ")) {
            (0, why) if for_good => return Err(Undelivered::Refused(why)),
            (0, why) => return Err(Undelivered::failed(why)),
            (_, why) if why.is_empty() => {}
            (_, why) => {
                tracing::error!("a mail was not taken for {why}; the others got it, and it is not sent again")
            }
        }
        Ok(())
    }

    /// A login that is refused may be mended; what a server refuses for good otherwise (RFC 5321, 4.2.1) is not
    /// sent again.
    fn verdict(&self, error: &Error) -> Undelivered {
        let secrets = self.server.login.iter().map(|(_, password)| password);
        let why = Redactor::new(secrets).clean(&error.to_string());
        let why = format!("mail server {}: {why}", self.server.host);
        match code(error) {
            code if LOGIN.contains(&code.as_str()) => {
                Undelivered::failed(format!("{why}; see to its user and password"))
            }
            _ if error.is_permanent() => Undelivered::Refused(why),
            _ => Undelivered::failed(why),
        }
    }
}

fn code(error: &Error) -> String {
    error.status().map(|code| code.to_string()).unwrap_or_default()
}

/// Whether a server that can be worked with did not take a mail.
fn not_taken(error: &Error) -> bool {
    let code = code(error);
    !code.is_empty() && code != CLOSING && !LOGIN.contains(&code.as_str())
}

#[async_trait]
impl Notifier for Email {
    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let mail = self.message(notice).map_err(|error| Undelivered::Refused(error.to_string()))?.formatted();
        let all = self.to.iter().map(|to| to.email.clone()).collect();
        match self.send(all, &mail).await {
            Err(Unsent { not_taken: true, .. }) if self.to.len() > 1 => self.send_to_each(&mail).await,
            other => other.map_err(|unsent| unsent.why),
        }
    }
}

impl Server {
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
        let tls = match self.security {
            Security::StartTls => Tls::Required(self.tls()?),
            Security::Tls => Tls::Wrapper(self.tls()?),
            Security::None => Tls::None,
        };
        // "Dangerous" is only that it begins without TLS, which is set right here.
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .timeout(Some(PATIENCE))
            .tls(tls);
        if let Some((user, password)) = &self.login {
            let password = password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(transport.build())
    }

    /// What the CA file holds, or else what the system trusts; or else, where it has no store, what browsers trust.
    fn tls(&self) -> Result<TlsParameters, String> {
        let parameters = || TlsParameters::builder(self.host.clone());
        if let Some(file) = &self.ca_file {
            let certificates = certificates(file)?;
            let none = parameters().certificate_store(CertificateStore::None);
            return none.add_root_certificate(certificates).build().map_err(|e| e.to_string());
        }
        parameters().build().or_else(|_| {
            let none = parameters().certificate_store(CertificateStore::None);
            let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let built_in = built_in.filter_map(|der| Certificate::from_der(der.to_vec()).ok());
            let all = built_in.fold(none, |all, certificate| all.add_root_certificate(certificate));
            all.build().map_err(|error| error.to_string())
        })
    }
}

fn certificates(file: &Path) -> Result<Certificate, String> {
    let pem = std::fs::read(file).map_err(|error| format!("ca_file {}: {error}", file.display()))?;
    Certificate::from_pem(&pem).map_err(|_| format!("ca_file {}: PEM is expected", file.display()))
}

#[cfg(test)]
mod tests;
