//! Where an engine listens, and what it is shown as a ticket.

use std::{path::PathBuf, sync::Arc};

use http::HeaderValue;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// A Unix socket of this machine.
    Unix(PathBuf),
    /// An OpenAI-compatible server: another Holdpoint engine, llama-server, vLLM, Ollama and the like.
    Http {
        /// Scheme, host, port and path before `/v1`, like `http://10.0.0.5:8080`.
        base_url: String,
        /// Sent as a bearer token, if the server wants one.
        token: Option<Token>,
    },
}

impl Endpoint {
    /// The address of a path below it.
    pub(super) fn url(&self, path: &str) -> String {
        match self {
            // The socket leads there; the host only fills the header.
            Self::Unix(_) => format!("http://engine{path}"),
            Self::Http { base_url, .. } => {
                let base_url = base_url.trim_end_matches('/');
                format!("{}{path}", base_url.strip_suffix("/v1").unwrap_or(base_url))
            }
        }
    }

    pub(super) const fn token(&self) -> Option<&Token> {
        match self {
            Self::Unix(_) => None,
            Self::Http { token, .. } => token.as_ref(),
        }
    }

    /// True if another server answers there, whose words are not ours.
    pub(super) const fn is_http(&self) -> bool {
        matches!(self, Self::Http { .. })
    }
}

/// An access token. It is never shown: not in logs, not in errors, not by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

/// The text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access token is one line of visible characters without spaces; write nothing else into its file")]
pub struct InvalidToken;

impl Token {
    /// Reads a token, as it stands in its file: white space around it does not count.
    ///
    /// # Errors
    /// [`InvalidToken`] if it is empty or could not stand in a header.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken);
        }
        Ok(Self(Arc::from(text)))
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A server's words without the token, should it repeat it.
    pub(super) fn taken_out_of(&self, words: &str) -> String {
        words.replace(&*self.0, "…")
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::parse(" hunter2hunter2\n").unwrap();
        let endpoint = Endpoint::Http {
            base_url: "http://10.0.0.5:8080".to_owned(),
            token: Some(token.clone()),
        };
        assert!(!format!("{endpoint:?}").contains("hunter2"), "{endpoint:?}");
        assert!(!format!("{:?}", token.header()).contains("hunter2"));
        assert_eq!(token.taken_out_of("no such key: hunter2hunter2!"), "no such key: …!");
    }

    #[test]
    fn what_could_not_stand_in_a_header_is_no_token() {
        for text in ["", " \n", "two words", "two\nlines", "schlüssel"] {
            assert_eq!(Token::parse(text), Err(InvalidToken), "{text:?}");
        }
    }

    #[test]
    fn an_address_may_be_written_with_or_without_its_version() {
        for base_url in ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/"] {
            let endpoint = Endpoint::Http {
                base_url: base_url.to_owned(),
                token: None,
            };
            assert_eq!(endpoint.url("/v1/models"), "http://a:1/v1/models");
        }
    }
}
