//! Asks another machine, guarded.

use super::address::is_internal;
use super::error::OutboundError;
use super::resolve::{Resolve, SystemResolver};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::{Client, ClientBuilder, Proxy, RequestBuilder, Url, redirect};
use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::time::timeout;

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// How long another machine may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a connection, with its encryption.
    pub connect: Duration,
    /// For the head of an answer, once connected.
    pub answer: Duration,
    /// Between two pieces of an answer.
    pub quiet: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            answer: Duration::from_mins(1),
            quiet: Duration::from_mins(1),
        }
    }
}

/// What the person who asks has allowed besides what is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Addresses that are not encrypted.
    pub http: bool,
    /// Addresses inside this machine and its network.
    pub internal: bool,
}

/// Which proxy stands before which address.
#[derive(Debug, Clone)]
pub struct Proxies(Arc<Matcher>);

impl Proxies {
    /// As the environment says: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`.
    pub fn from_environment() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// None at all.
    pub fn none() -> Self {
        Self::of("", "")
    }

    /// One for every address but those of `except`, written like `NO_PROXY`.
    pub fn of(proxy: &str, except: &str) -> Self {
        Self(Arc::new(
            Matcher::builder().all(proxy.to_owned()).no(except.to_owned()).build(),
        ))
    }

    fn before(&self, url: &Url) -> Option<Intercept> {
        self.0.intercept(&url.as_str().parse::<Uri>().ok()?)
    }
}

/// What to ask for.
#[derive(Debug, Clone)]
pub struct Get<'a> {
    /// The address.
    pub url: &'a Url,
    /// Headers for every machine on the way: no secrets.
    pub headers: HeaderMap,
    /// A bearer token for the address itself. It is never shown to another machine.
    pub token: Option<&'a str>,
    /// What the person who asks allows.
    pub allowed: Allowed,
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// The address.
    pub url: &'a Url,
    /// Headers, signatures among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: &'a str,
    /// What the owner of this machine allows. Only what may lie inside goes through a proxy: a proxy looks names up by itself,
    /// and nothing would check what they lead to.
    pub allowed: Allowed,
}

/// The head of an answer, and its body as it comes.
#[derive(Debug)]
pub struct Answer {
    /// The status; a redirect only if it does not say where to.
    pub status: StatusCode,
    /// Headers of the answer.
    pub headers: HeaderMap,
    /// Headers of the redirects that led here, in order.
    pub on_the_way: Vec<HeaderMap>,
    /// Who answered, for messages.
    pub host: String,
    /// The address that answered, behind all redirects.
    pub url: Url,
    response: reqwest::Response,
    quiet: Duration,
}

impl Answer {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`OutboundError::Failed`] if it broke off, [`OutboundError::Silent`].
    pub async fn piece(&mut self) -> Result<Option<Bytes>, OutboundError> {
        match timeout(self.quiet, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(failed(&self.host, &error)),
            Err(_elapsed) => Err(OutboundError::Silent {
                host: self.host.clone(),
                limit: self.quiet,
            }),
        }
    }
}

/// Asks other machines. A cheap clone.
#[derive(Debug, Clone)]
pub struct Outbound {
    limits: Limits,
    proxies: Proxies,
    resolver: Arc<dyn Resolve>,
}

impl Outbound {
    /// A client behind these proxies, which asks the system for the addresses of names.
    pub fn new(proxies: Proxies, limits: Limits) -> Self {
        Self::with_resolver(proxies, limits, Arc::new(SystemResolver))
    }

    /// A client that asks `resolver` for the addresses of names.
    pub fn with_resolver(proxies: Proxies, limits: Limits, resolver: Arc<dyn Resolve>) -> Self {
        Self {
            limits,
            proxies,
            resolver,
        }
    }

    /// The same without a proxy. A proxy looks names up by itself, and nothing would check what they lead to: where the address is not
    /// the choice of this machine's owner, this is the one to ask with.
    #[must_use]
    pub fn without_proxies(&self) -> Self {
        Self {
            proxies: Proxies::none(),
            ..self.clone()
        }
    }

    /// Asks, and follows where the answer leads; every address on the way is checked before it is connected to.
    ///
    /// # Errors
    /// Any [`OutboundError`].
    pub async fn get(&self, get: &Get<'_>) -> Result<Answer, OutboundError> {
        let mut url = get.url.clone();
        let mut on_the_way = Vec::new();
        // Once it has been left behind, the token is not shown again, even if the way leads back.
        let mut token = get.token;
        loop {
            let host = check(&url, get.allowed)?;
            let response = self.ask(&url, &host, get, token).await?;
            let Some(next) = leads_to(&url, &host, &response)? else {
                return Ok(Answer {
                    status: response.status(),
                    headers: response.headers().clone(),
                    on_the_way,
                    host,
                    url,
                    response,
                    quiet: self.limits.quiet,
                });
            };
            if on_the_way.len() == MOST_REDIRECTS {
                return Err(OutboundError::TooManyRedirects {
                    url: shown(get.url),
                    most: MOST_REDIRECTS,
                });
            }
            on_the_way.push(response.headers().clone());
            if next.origin() != url.origin() {
                token = None;
            }
            url = next;
        }
    }

    /// Sends something to one address, and to no other: where an answer leads on, nobody is asked. Answers with its status.
    ///
    /// # Errors
    /// Any [`OutboundError`] that concerns one address.
    pub async fn post(&self, post: &Post<'_>) -> Result<StatusCode, OutboundError> {
        let host = check(post.url, post.allowed)?;
        let client = self.client_for(post.url, &host, post.allowed).await?;
        let request = client
            .post(post.url.clone())
            .headers(post.headers.clone())
            .body(post.body.to_owned());
        Ok(self.answered(&host, request).await?.status())
    }

    /// A client for something that is sent to an address that has been checked. Only what may lie inside goes through a proxy.
    pub(super) async fn client_for(&self, url: &Url, host: &str, allowed: Allowed) -> Result<Client, OutboundError> {
        let proxy = self.proxies.before(url).filter(|_| allowed.internal);
        self.client(url, host, allowed, proxy).await
    }

    /// A client for one request to an address that has been checked.
    async fn client(
        &self,
        url: &Url,
        host: &str,
        allowed: Allowed,
        proxy: Option<Intercept>,
    ) -> Result<Client, OutboundError> {
        let builder = match proxy {
            Some(proxy) => behind(&proxy)?,
            None => self.pinned(url, host, allowed).await?,
        };
        builder
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("holdpoint/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.limits.connect)
            .build()
            .map_err(|error| OutboundError::NoClient { why: cause(&error) })
    }

    /// The head of the answer to a request.
    async fn answered(&self, host: &str, request: RequestBuilder) -> Result<reqwest::Response, OutboundError> {
        let limit = self.limits.connect + self.limits.answer;
        match timeout(limit, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failed(host, &error)),
            Err(_elapsed) => Err(OutboundError::Silent {
                host: host.to_owned(),
                limit,
            }),
        }
    }

    /// One request, to an address that has been checked.
    async fn ask(
        &self,
        url: &Url,
        host: &str,
        get: &Get<'_>,
        token: Option<&str>,
    ) -> Result<reqwest::Response, OutboundError> {
        let proxy = self.proxies.before(url);
        let client = self.client(url, host, get.allowed, proxy).await?;
        let mut request = client
            .get(url.clone())
            .headers(get.headers.clone())
            // What is measured and hashed is what was sent.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_unprintable| {
                failed_because(host, "the token cannot be sent: it holds characters that no token has")
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        self.answered(host, request).await
    }

    /// A client that can reach nothing but the checked addresses of this host.
    async fn pinned(&self, url: &Url, host: &str, allowed: Allowed) -> Result<ClientBuilder, OutboundError> {
        let builder = new_client().no_proxy();
        // Checked already, and connected to without asking anybody.
        if literal(host).is_some() {
            return Ok(builder);
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let unresolved = |why: String| OutboundError::Unresolved {
            host: host.to_owned(),
            why,
        };
        let found = timeout(self.limits.connect, self.resolver.resolve(host, port)).await;
        let found = found.map_err(|_elapsed| unresolved("no name server answered in time".to_owned()))?;
        let found = found.map_err(|error| unresolved(error.to_string()))?;
        let usable: Vec<SocketAddr> = found
            .iter()
            .filter(|address| allowed.internal || !is_internal(address.ip()))
            .copied()
            .collect();
        match (usable.is_empty(), found.first()) {
            (false, _) => Ok(builder.resolve_to_addrs(host, &usable)),
            (true, Some(address)) => Err(OutboundError::Internal {
                host: host.to_owned(),
                address: address.ip(),
            }),
            (true, None) => Err(unresolved("the name has no address".to_owned())),
        }
    }
}

/// A client's beginnings; encryption is by ring.
fn new_client() -> ClientBuilder {
    static RING: Once = Once::new();
    // Another part of this process may have been first; then it is there already.
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder()
}

/// A client that connects to the proxy and to nothing else: names are resolved there, and the owner of this machine vouches for it.
fn behind(proxy: &Intercept) -> Result<ClientBuilder, OutboundError> {
    let wrong = |error: reqwest::Error| OutboundError::NoClient {
        why: format!("the proxy of this machine cannot be used: {}", cause(&error)),
    };
    let mut through = Proxy::all(proxy.uri().to_string()).map_err(wrong)?;
    if let Some(authorization) = proxy.basic_auth() {
        through = through.custom_http_auth(authorization.clone());
    }
    Ok(new_client().no_proxy().proxy(through))
}

/// Reads an address as a person writes it.
///
/// # Errors
/// [`OutboundError::NotAUrl`].
pub fn parse_url(text: &str) -> Result<Url, OutboundError> {
    let not_a_url = |why: &str| OutboundError::NotAUrl {
        text: text.chars().take(200).collect(),
        why: why.to_owned(),
    };
    let url = Url::parse(text.trim()).map_err(|error| not_a_url(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(not_a_url("it begins with neither https:// nor http://"));
    }
    Ok(url)
}

/// An address as it may be shown and kept: the query of a download's address is often a secret.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither can fail for http and https; if one did, the address would not have passed the check.
    let _no_secrets = (url.set_username(""), url.set_password(None));
    url.to_string()
}

/// Refuses what can be told from the address alone; its name is looked up only when it is asked. Answers with its host.
///
/// # Errors
/// [`OutboundError::NotAUrl`], [`OutboundError::NotEncrypted`], [`OutboundError::Internal`].
pub fn check(url: &Url, allowed: Allowed) -> Result<String, OutboundError> {
    let wrong = |why: &str| OutboundError::NotAUrl {
        text: shown(url),
        why: why.to_owned(),
    };
    match url.scheme() {
        "https" => {}
        "http" if allowed.http => {}
        "http" => return Err(OutboundError::NotEncrypted { url: shown(url) }),
        _ => return Err(wrong("it begins with neither https:// nor http://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "it holds a user name or a password, which would be kept; take them out",
        ));
    }
    let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
    match literal(host) {
        Some(address) if !allowed.internal && is_internal(address) => Err(OutboundError::Internal {
            host: host.to_owned(),
            address,
        }),
        _ => Ok(host.to_owned()),
    }
}

/// The host as an address, if it is written as one.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Where an answer sends on to.
fn leads_to(url: &Url, host: &str, response: &reqwest::Response) -> Result<Option<Url>, OutboundError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let bad = |why: &str| OutboundError::BadRedirect {
        host: host.to_owned(),
        why: why.to_owned(),
    };
    let Some(location) = response.headers().get(LOCATION) else {
        return Ok(None);
    };
    let location = location.to_str().map_err(|_unreadable| bad("it cannot be read"))?;
    url.join(location).map(Some).map_err(|error| bad(&error.to_string()))
}

pub(super) fn failed(host: &str, error: &reqwest::Error) -> OutboundError {
    failed_because(host, &cause(error))
}

fn failed_because(host: &str, why: &str) -> OutboundError {
    OutboundError::Failed {
        host: host.to_owned(),
        why: why.to_owned(),
    }
}

/// The innermost reason, which names neither the address nor the layers it came through.
fn cause(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else {
        return if error.is_timeout() {
            "it took too long"
        } else {
            "no whole answer came"
        }
        .to_owned();
    };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, allowed: Allowed) -> Result<String, OutboundError> {
        check(&parse_url(text)?, allowed)
    }

    #[test]
    fn only_an_encrypted_public_address_passes_by_itself() {
        let nothing = Allowed::default();
        assert_eq!(
            checked("https://models.example/a.gguf", nothing).as_deref(),
            Ok("models.example")
        );
        assert!(matches!(
            checked("http://models.example/a", nothing),
            Err(OutboundError::NotEncrypted { .. })
        ));
        for text in [
            "ftp://models.example/a",
            "file:///etc/passwd",
            "models.example/a",
            "",
            "https://",
            "data:,x",
        ] {
            assert!(
                matches!(checked(text, nothing), Err(OutboundError::NotAUrl { .. })),
                "{text}"
            );
        }
        for text in [
            "https://127.0.0.1/a",
            "https://[::1]/a",
            "https://0x7f.1/a",
            "https://2130706433/a",
            "https://0177.0.0.1/a",
            "https://[::ffff:10.0.0.1]/a",
            "https://169.254.169.254/latest/meta-data",
        ] {
            assert!(
                matches!(checked(text, nothing), Err(OutboundError::Internal { .. })),
                "{text}"
            );
        }
        let everything = Allowed {
            http: true,
            internal: true,
        };
        assert_eq!(
            checked("http://127.0.0.1:8080/a", everything).as_deref(),
            Ok("127.0.0.1")
        );
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_never_shown() {
        let error = checked("https://mia:secret@models.example/a?token=secret", Allowed::default()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("take them out"), "{error}");
        let url = parse_url("https://models.example/a.gguf?signature=secret#x").unwrap();
        assert_eq!(shown(&url), "https://models.example/a.gguf");
    }

    #[test]
    fn a_proxy_stands_before_everything_but_the_exceptions() {
        let proxies = Proxies::of("http://mia:secret@proxy.example:3128", "intranet.example,10.0.0.0/8");
        let before = |text| proxies.before(&parse_url(text).unwrap());
        let proxy = before("https://models.example/a").unwrap();
        assert_eq!(proxy.uri().to_string(), "http://proxy.example:3128/");
        assert!(proxy.basic_auth().is_some());
        assert!(before("https://files.intranet.example/a").is_none() && before("http://10.1.2.3/a").is_none());
        assert!(
            Proxies::none()
                .before(&parse_url("https://models.example/a").unwrap())
                .is_none()
        );
    }
}
