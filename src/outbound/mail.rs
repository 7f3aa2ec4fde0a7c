//! Hands e-mails to the owner's mail server.
//!
//! In two steps, because only the second has an effect outside of this machine: [`Mailer::prepare`] connects, signs in
//! and has the server agree to sender and recipient; [`Ready::hand_over`] gives it the mail. If the connection breaks
//! in the first, nothing was sent; in the second nobody can tell, and the caller must not simply try again.

use crate::domain::mail::Attachment;
use lettre::Address;
use lettre::address::AddressError;
use lettre::message::header::ContentTransferEncoding;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use std::fmt;
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for a server until it has agreed to sender and recipient.
const PREPARE_WITHIN: Duration = Duration::from_secs(45);
/// Longest wait for a server's word about a mail that it was given.
const HAND_OVER_WITHIN: Duration = Duration::from_mins(2);

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Encrypted from the second command on; without it nothing is sent.
    StartTls,
    /// Encrypted from the first byte.
    Tls,
    /// Not at all: for a mail server on this very machine.
    None,
}

/// The mail server and how it is asked.
#[derive(Clone)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User and password, if it wants them.
    pub login: Option<(String, String)>,
    /// Certificates (PEM) of an authority of one's own, besides those that this machine trusts.
    pub authority: Option<Vec<u8>>,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

/// A mail as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Tells it from every other; the same again is the same mail to whoever reads it.
    pub id: String,
    /// Who gets it.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Where an answer goes.
    pub reply_to: Option<String>,
    /// Milliseconds since 1970: its date.
    pub at_ms: i64,
    /// A file that goes with it.
    pub attachment: Option<Attachment>,
}

/// Why a mail was not accepted. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It cannot be written down as a mail.
    #[error("this mail cannot be sent as it is ({0})")]
    Unwritable(String),
    /// No connection, or no sensible answer; nothing was sent.
    #[error(
        "the mail server {server} cannot be reached ({why}); check `smtp_server` and `smtp_security`, and whether it runs"
    )]
    Unreachable {
        /// Host and port.
        server: String,
        /// What was observed.
        why: String,
    },
    /// User or password.
    #[error(
        "the mail server {server} does not let Holdpoint in ({why}); check `smtp_user` and the password in secrets/smtp.password"
    )]
    NotLetIn {
        /// Host and port.
        server: String,
        /// Its words.
        why: String,
    },
    /// It says: later.
    #[error("the mail server {server} asks to try again later ({why})")]
    Later {
        /// Host and port.
        server: String,
        /// Its words.
        why: String,
    },
    /// It does not take this machine's sender: that is for the owner to put right, and no mail's own fault.
    #[error(
        "the mail server {server} does not take mail from {from} ({why}); set `mail_from` to an address that it knows, or give `smtp_user`"
    )]
    SenderRefused {
        /// Host and port.
        server: String,
        /// The sender.
        from: String,
        /// Its words.
        why: String,
    },
    /// It says: never.
    #[error("the mail server {server} refuses this mail for good ({why}); check the address")]
    Refused {
        /// Host and port.
        server: String,
        /// Its words.
        why: String,
    },
    /// The connection broke while the mail was handed over.
    #[error(
        "the connection to {server} broke while the mail was handed over ({why}), so nobody can tell whether it was accepted; look at the server's own list before it is sent again"
    )]
    Unclear {
        /// Host and port.
        server: String,
        /// What was observed.
        why: String,
    },
}

/// Sends from one address through one server.
#[derive(Debug, Clone)]
pub struct Mailer {
    server: MailServer,
    from: Mailbox,
}

/// A server that has agreed to take a mail.
pub struct Ready {
    connection: AsyncSmtpConnection,
    server: String,
    mail: Vec<u8>,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// A file as a part of a mail. Encoded as bytes: nothing on the way may break its lines anew.
fn attached(attachment: &Attachment) -> Result<SinglePart, String> {
    let kind = ContentType::parse(&attachment.kind).map_err(|error| error.to_string())?;
    let content = attachment.content.clone().into_bytes();
    let body = Body::new_with_encoding(content, ContentTransferEncoding::Base64)
        .map_err(|_unencodable| "its file cannot be encoded".to_owned())?;
    Ok(Part::new(attachment.name.clone()).body(body, kind))
}

/// A sender's address, like `Quillhaven Cycles <chat@shop.example>`.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn parse_sender(text: &str) -> Result<Mailbox, AddressError> {
    text.parse()
}

impl Mailer {
    /// A mailer.
    pub const fn new(server: MailServer, from: Mailbox) -> Self {
        Self { server, from }
    }

    /// Host and port.
    pub fn server(&self) -> String {
        format!("{}:{}", self.server.host, self.server.port)
    }

    /// Connects, signs in, and has the server agree to sender and recipient. Nothing has been sent after this.
    ///
    /// # Errors
    /// Any [`MailError`] but [`MailError::Unclear`].
    pub async fn prepare(&self, letter: &Letter) -> Result<Ready, MailError> {
        let (to, mail) = self.write(letter)?;
        let server = self.server();
        match timeout(PREPARE_WITHIN, self.agree(to, &mail)).await {
            Ok(Ok(connection)) => Ok(Ready {
                connection,
                server,
                mail,
            }),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(MailError::Unreachable {
                server,
                why: format!("no answer for {} s", PREPARE_WITHIN.as_secs()),
            }),
        }
    }

    /// The mail as bytes, and its recipient.
    fn write(&self, letter: &Letter) -> Result<(Address, Vec<u8>), MailError> {
        let unwritable = |why: &dyn fmt::Display| MailError::Unwritable(why.to_string());
        let address = |text: &str| text.parse::<Address>().map_err(|error| unwritable(&error));
        let to = address(&letter.to)?;
        let at = std::time::UNIX_EPOCH + Duration::from_millis(letter.at_ms.max(0).unsigned_abs());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(letter.subject.clone())
            .date(at)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .raw_header(raw("Auto-Submitted", "auto-generated"));
        if let Some(reply_to) = &letter.reply_to {
            builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
        }
        let plain = || {
            SinglePart::builder()
                .header(ContentType::TEXT_PLAIN)
                .body(letter.text.clone())
        };
        let alternatives = |html: &String| MultiPart::alternative_plain_html(letter.text.clone(), html.clone());
        let message = match (&letter.html, &letter.attachment) {
            (Some(html), None) => builder.multipart(alternatives(html)),
            (None, None) => builder.singlepart(plain()),
            (html, Some(attachment)) => {
                let file = attached(attachment).map_err(|why| unwritable(&why))?;
                let mixed = match html {
                    Some(html) => MultiPart::mixed().multipart(alternatives(html)),
                    None => MultiPart::mixed().singlepart(plain()),
                };
                builder.multipart(mixed.singlepart(file))
            }
        };
        let message = message.map_err(|error| unwritable(&error))?;
        Ok((to, message.formatted()))
    }

    async fn agree(&self, to: Address, mail: &[u8]) -> Result<AsyncSmtpConnection, MailError> {
        let mut connection = self.connect().await?;
        if let Some((user, password)) = &self.server.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            if let Err(error) = connection.auth(DEFAULT_MECHANISMS, &credentials).await {
                connection.abort().await;
                let (server, why) = (self.server(), error_in_words(&error));
                return Err(if error.is_transient() {
                    MailError::Later { server, why }
                } else {
                    MailError::NotLetIn { server, why }
                });
            }
        }
        let mut parameters = Vec::new();
        if !mail.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = Mail::new(Some(self.from.email.clone()), parameters);
        let agreed = async {
            connection
                .command(sender)
                .await
                .map_err(|error| self.said_of_sender(&error))?;
            connection
                .command(Rcpt::new(to, Vec::new()))
                .await
                .map_err(|error| self.said(&error))?;
            connection.command(Data).await.map_err(|error| self.said(&error))
        };
        match agreed.await {
            Ok(_) => Ok(connection),
            Err(error) => {
                connection.abort().await;
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let MailServer {
            host, port, security, ..
        } = &self.server;
        let unreachable = |error: smtp::Error| MailError::Unreachable {
            server: self.server(),
            why: error_in_words(&error),
        };
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let wrapped = match security {
            Security::Tls => Some(self.tls().map_err(unreachable)?),
            Security::StartTls | Security::None => None,
        };
        let place = (host.as_str(), *port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(place, Some(PREPARE_WITHIN), &hello, wrapped, None)
            .await
            .map_err(unreachable)?;
        if *security == Security::StartTls {
            connection
                .starttls(self.tls().map_err(unreachable)?, &hello)
                .await
                .map_err(unreachable)?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, smtp::Error> {
        let mut builder = TlsParameters::builder(self.server.host.clone());
        if let Some(pem) = &self.server.authority {
            builder = builder.add_root_certificate(Certificate::from_pem(pem)?);
        }
        builder.build_rustls()
    }

    /// What a server's answer to the sender means.
    fn said_of_sender(&self, error: &smtp::Error) -> MailError {
        match self.said(error) {
            MailError::Refused { server, why } => MailError::SenderRefused {
                server,
                from: self.from.email.to_string(),
                why,
            },
            other => other,
        }
    }

    /// What a server's answer to one of the commands before the mail means.
    fn said(&self, error: &smtp::Error) -> MailError {
        said(self.server(), error).unwrap_or_else(|| MailError::Unreachable {
            server: self.server(),
            why: error_in_words(error),
        })
    }
}

impl Ready {
    /// Gives the server the mail and waits for its word.
    ///
    /// # Errors
    /// [`MailError::Later`] or [`MailError::Refused`] when it said so; [`MailError::Unclear`] when it said nothing.
    pub async fn hand_over(mut self) -> Result<(), MailError> {
        let server = self.server;
        let unclear = |why: String| MailError::Unclear {
            server: server.clone(),
            why,
        };
        let result = match timeout(HAND_OVER_WITHIN, self.connection.message(&self.mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(said(server.clone(), &error).unwrap_or_else(|| unclear(error_in_words(&error)))),
            Err(_elapsed) => Err(unclear(format!("no answer for {} s", HAND_OVER_WITHIN.as_secs()))),
        };
        // Whatever it says to the goodbye: the mail's fate is known.
        let _goodbye = timeout(Duration::from_secs(5), self.connection.abort()).await;
        result
    }
}

/// A server's own no, if that is what it is.
fn said(server: String, error: &smtp::Error) -> Option<MailError> {
    let why = error_in_words(error);
    if error.is_permanent() {
        Some(MailError::Refused { server, why })
    } else if error.is_transient() {
        Some(MailError::Later { server, why })
    } else {
        None
    }
}

/// An error with what is behind it, on one line: the outermost says too little.
fn error_in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_in_words = cause.to_string();
        if !words.contains(&cause_in_words) {
            words.push_str(": ");
            words.push_str(&cause_in_words);
        }
        source = cause.source();
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
