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

    async fn send(&self, to: Vec<Address>, mail: &[u8]) -> Result<(), Undelivered> {
        let refused = |error: lettre::error::Error| Undelivered::Refused(error.to_string());
        let envelope = Envelope::new(Some(self.from.email.clone()), to).map_err(refused)?;
        let sent = self.transport()?.send_raw(&envelope, mail).await;
        sent.map(drop).map_err(|error| self.verdict(&error))
    }

    /// One address that the server does not take must not keep the mail from the others.
    async fn send_to_each(&self, mail: &[u8]) -> Result<(), Undelivered> {
        let mut refused = Vec::new();
        for to in &self.to {
            match self.send(vec![to.email.clone()], mail).await {
                Err(Undelivered::Refused(why)) => refused.push(format!("{}: {why}", to.email)),
                other => other?,
            }
        }
        if refused.len() == self.to.len() {
            return Err(Undelivered::Refused(refused.join("; ")));
        }
        tracing::error!("a mail was not taken for {}; the others got it", refused.join("; "));
        Ok(())
    }

    /// A login that is refused may be mended; what a server refuses for good otherwise (RFC 5321, 4.2.1) is not
    /// sent again.
    fn verdict(&self, error: &Error) -> Undelivered {
        let secrets = self.server.login.iter().map(|(_, password)| password);
        let why = Redactor::new(secrets).clean(&error.to_string());
        let why = format!("mail server {}: {why}", self.server.host);
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        match code.as_str() {
            // RFC 4954, section 6: log in first, refused, too weak, encrypt first.
            "530" | "534" | "535" | "538" => {
                Undelivered::failed(format!("{why}; see to its user and password"))
            }
            _ if error.is_permanent() => Undelivered::Refused(why),
            _ => Undelivered::failed(why),
        }
    }
}

#[async_trait]
impl Notifier for Email {
    async fn notify(&self, notice: &Notice) -> Result<(), Undelivered> {
        let mail = self.message(notice).map_err(|error| Undelivered::Refused(error.to_string()))?.formatted();
        let all = self.to.iter().map(|to| to.email.clone()).collect();
        match self.send(all, &mail).await {
            Err(Undelivered::Refused(_)) if self.to.len() > 1 => self.send_to_each(&mail).await,
            other => other,
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
