//! Web origins (`https://shop.example`), and which host names this server answers to.

use super::error::Problem;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A web origin as browsers write it: scheme, host in lower case, and the port unless it is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    host: String,
    https: bool,
}

/// The text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a web origin; write it like https://shop.example, without anything behind the host")]
pub struct NotAnOrigin(String);

impl Origin {
    /// Is it reached encrypted?
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// The host, without scheme and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As browsers write it in the header `Origin`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let refused = || NotAnOrigin(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        // People copy addresses with the slash that browsers show.
        let (scheme, authority) = lower.trim_end_matches('/').split_once("://").ok_or_else(refused)?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(refused()),
        };
        let authority: http::uri::Authority = authority.parse().map_err(|_invalid| refused())?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(refused());
        }
        let host = authority.host().to_owned();
        let default_port = if https { 443 } else { 80 };
        let port = authority.port_u16();
        if port.is_none() && authority.as_str().len() > host.len() {
            return Err(refused());
        }
        let text = match port.filter(|&port| port != default_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Ok(Self { text, host, https })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Refuses requests under a name that is not this server's. Without this any web page could reach a server on loopback by
/// letting its own name resolve to 127.0.0.1 (DNS rebinding).
///
/// # Errors
/// 421 with the names that work.
pub(super) fn check_host(host: Option<&str>, public: Option<&Origin>) -> Result<(), Problem> {
    let name = host.map(|host| without_port(host).to_ascii_lowercase());
    let known = name.as_deref().is_some_and(|name| {
        name == "localhost" || is_loopback(name) || public.is_some_and(|public| public.host() == name)
    });
    if known {
        Ok(())
    } else {
        Err(Problem::misdirected(wrong_host(public)))
    }
}

fn wrong_host(public: Option<&Origin>) -> String {
    match public {
        Some(public) => format!("This server answers at {public} and on this machine at 127.0.0.1; use one of these."),
        None => {
            "This server answers on its own machine at 127.0.0.1 or localhost; to reach it under another name, set \
                 `public_origin` to that address."
                .to_owned()
        }
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Option<String> {
        text.parse::<Origin>().ok().map(|origin| origin.to_string())
    }

    #[test]
    fn an_origin_has_one_spelling() {
        for text in [
            "https://Shop.example",
            "https://shop.example/",
            "https://shop.example:443",
            " https://shop.example ",
        ] {
            assert_eq!(origin(text).as_deref(), Some("https://shop.example"), "{text}");
        }
        assert_eq!(
            origin("http://127.0.0.1:8080").as_deref(),
            Some("http://127.0.0.1:8080")
        );
        assert_eq!(origin("http://[::1]:8080").as_deref(), Some("http://[::1]:8080"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "*",
            "null",
            "shop.example",
            "ftp://shop.example",
            "https://shop.example/path",
            "https://u@shop.example",
            "https://",
            "https://shop.example:x",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn only_this_machine_and_the_public_name_are_answered() {
        let public = "https://chat.example".parse().ok();
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "chat.example",
            "chat.example:443",
        ] {
            assert!(check_host(Some(host), public.as_ref()).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8080",
            "192.0.2.7",
            "",
            ":80",
        ] {
            assert!(check_host(Some(host), public.as_ref()).is_err(), "{host}");
        }
        assert!(check_host(None, public.as_ref()).is_err());
        assert!(check_host(Some("chat.example"), None).is_err());
    }
}
