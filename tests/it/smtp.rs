//! A mail server on loopback: real sockets, real SMTP, with STARTTLS, TLS and sign-in; and one that behaves badly when told to.

use super::app::TestApp;
use holdpoint::app::mail::Post;
use holdpoint::outbound::mail::{MailServer, Mailer, Security, parse_sender};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Headers and body, undone of dot-stuffing.
    pub(crate) data: String,
    /// The sign-in as the client sent it: `\0user\0password` in base64.
    pub(crate) login: Option<String>,
    pub(crate) encrypted: bool,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.data.split("\r\n\r\n").next()?;
        head.split("\r\n")
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }

    /// The text parts, quoted-printable undone.
    pub(crate) fn text(&self) -> String {
        let soft = self.data.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = soft.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let hex = (first == b'=').then(|| after.get(..2)).flatten();
            let code = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            match code {
                Some(code) => {
                    bytes.push(code);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(first);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// What the server does to one connection instead of taking the mail.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Answers the sender with this line.
    ToSender(&'static str),
    /// Answers the recipient with this line.
    ToRecipient(&'static str),
    /// Takes the whole mail, keeps it, and hangs up without a word.
    SilentAfterMail,
    /// Hangs up before it says anything.
    HangsUp,
}

/// How connections are protected.
#[derive(Clone)]
pub(crate) enum Protection {
    Plain,
    StartTls(TlsAcceptor),
    Tls(TlsAcceptor),
}

#[derive(Debug, Default)]
struct Books {
    received: Vec<Received>,
    faults: VecDeque<Fault>,
    password: Option<&'static str>,
}

pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    books: Arc<Mutex<Books>>,
    serving: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl SmtpServer {
    pub(crate) async fn start() -> Self {
        Self::protected(Protection::Plain, "127.0.0.1:0").await
    }

    /// At an address that was free a moment ago.
    /// One through which the e-mail of this app goes.
    pub(crate) async fn of(app: &TestApp) -> Self {
        let server = Self::start().await;
        let at = MailServer {
            host: "localhost".to_owned(),
            port: server.address.port(),
            security: Security::None,
            login: None,
            authority: None,
        };
        app.app.mails_through(Post {
            mailer: Some(Mailer::new(at, parse_sender("chat@quillhaven.example").unwrap())),
            origin: format!("http://{}", app.address()),
        });
        server
    }

    pub(crate) async fn at(address: SocketAddr) -> Self {
        Self::protected(Protection::Plain, &address.to_string()).await
    }

    pub(crate) async fn protected(protection: Protection, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let books = Arc::<Mutex<Books>>::default();
        let books_of_server = books.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (books, protection) = (books_of_server.clone(), protection.clone());
                tokio::spawn(async move {
                    // A client that hangs up ends its conversation, not the server.
                    let _ended = serve(stream, &protection, &books).await;
                });
            }
        });
        Self {
            address,
            books,
            serving,
        }
    }

    /// From now on it wants the password of `shop`, in base64 `AHNob3AAYSBoZXJvbg==` for `a heron`.
    pub(crate) fn wants_login(&self) {
        self.books.lock().unwrap().password = Some("AHNob3AAYSBoZXJvbg==");
    }

    /// The next connections meet these, one each; later ones are served.
    pub(crate) fn misbehaves(&self, faults: &[Fault]) {
        self.books.lock().unwrap().faults.extend(faults);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.books.lock().unwrap().received.clone()
    }
}

async fn serve(stream: TcpStream, protection: &Protection, books: &Mutex<Books>) -> std::io::Result<()> {
    let fault = books.lock().unwrap().faults.pop_front();
    if matches!(fault, Some(Fault::HangsUp)) {
        return Ok(());
    }
    match protection {
        Protection::Plain => talk(stream, None, false, true, fault, books).await.map(|_| ()),
        Protection::Tls(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            talk(stream, None, true, true, fault, books).await.map(|_| ())
        }
        Protection::StartTls(acceptor) => {
            let Some(stream) = talk(stream, Some(acceptor), false, true, fault, books).await? else {
                return Ok(());
            };
            let stream = acceptor.accept(stream).await?;
            talk(stream, None, true, false, fault, books).await.map(|_| ())
        }
    }
}

/// One conversation; gives the stream back when it is to be encrypted.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    starttls: Option<&TlsAcceptor>,
    encrypted: bool,
    greets: bool,
    fault: Option<Fault>,
    books: &Mutex<Books>,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 mail.test ready\r\n").await?;
    }
    let password = books.lock().unwrap().password;
    let (mut from, mut to, mut login) = (String::new(), String::new(), None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match word.to_uppercase().as_str() {
            "EHLO" => {
                let tls = if starttls.is_some() { "250-STARTTLS\r\n" } else { "" };
                format!("250-mail.test\r\n{tls}250-AUTH PLAIN\r\n250 8BITMIME\r\n")
            }
            "STARTTLS" if starttls.is_some() => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" => {
                let given = rest.strip_prefix("PLAIN ").unwrap_or_default();
                login = Some(given.to_owned());
                if password.is_none_or(|password| password == given) {
                    "235 welcome\r\n".to_owned()
                } else {
                    "535 5.7.8 wrong name or password\r\n".to_owned()
                }
            }
            "MAIL" if password.is_some() && login.is_none() => "530 5.7.0 sign in first\r\n".to_owned(),
            "MAIL" => {
                from = between_brackets(rest);
                match fault {
                    Some(Fault::ToSender(line)) => format!("{line}\r\n"),
                    _ => "250 ok\r\n".to_owned(),
                }
            }
            "RCPT" => {
                to = between_brackets(rest);
                match fault {
                    Some(Fault::ToRecipient(line)) => format!("{line}\r\n"),
                    _ => "250 ok\r\n".to_owned(),
                }
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let data = read_data(&mut stream).await?;
                books.lock().unwrap().received.push(Received {
                    from: from.clone(),
                    to: to.clone(),
                    data,
                    login: login.clone(),
                    encrypted,
                });
                if matches!(fault, Some(Fault::SilentAfterMail)) {
                    return Ok(None);
                }
                "250 2.0.0 queued\r\n".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(None);
            }
            "NOOP" | "RSET" => "250 ok\r\n".to_owned(),
            _ => "502 not here\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

async fn read_data(stream: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn between_brackets(text: &str) -> String {
    let inside = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

/// A certificate for `localhost` made for this test, and what encrypts with it; none where openssl is not installed.
pub(crate) fn certificate(folder: &Path) -> Option<(Vec<u8>, TlsAcceptor)> {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: openssl, which makes a certificate for this test, is not installed");
        return None;
    }
    let pem = std::fs::read(&certificate).unwrap();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Some((pem, TlsAcceptor::from(Arc::new(config))))
}
