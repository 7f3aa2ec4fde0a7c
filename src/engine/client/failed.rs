//! A request that failed, with what the caller needs to know to go on; and how the errors of any server are read.

use std::{io, time::Duration};

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::Token;
use crate::engine::{error::EngineError, wire::ErrorCode};

/// Longest part of a server's own words that is repeated, characters.
const LONGEST_WORDS: usize = 300;
/// Longest rest a server may ask for.
const LONGEST_REST: Duration = Duration::from_mins(10);

/// A request that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    /// What went wrong.
    pub(crate) error: EngineError,
    /// True if nothing of the request reached anybody: it may be sent again.
    pub(crate) is_unsent: bool,
    /// True if the connection ended before the answer did.
    pub(crate) is_cut: bool,
    /// The status of a refusal.
    pub(crate) status: Option<StatusCode>,
    /// How long the server asks to be left alone.
    pub(crate) rest: Option<Duration>,
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self {
            error,
            is_unsent: false,
            is_cut: false,
            status: None,
            rest: None,
        }
    }
}

impl Failed {
    /// The connection could not be made, or broke.
    pub(super) fn of_connection(error: reqwest::Error) -> Self {
        // The address may hold what must not be shown.
        let error = error.without_url();
        let is_new = error.is_connect();
        let mut cause: &(dyn std::error::Error + 'static) = &error;
        let mut is_unsent = false;
        while let Some(inner) = cause.source() {
            cause = inner;
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                is_unsent |= is_new && matches!(io.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound);
            }
        }
        let why = match (is_new, error.is_timeout()) {
            (true, true) => "no connection came about in time".to_owned(),
            (true, false) => format!("it cannot be reached: {cause}"),
            (false, _) => format!("the connection broke: {cause}"),
        };
        Self {
            is_unsent,
            is_cut: !is_new,
            ..Self::from(EngineError::Unavailable { why: one_line(&why) })
        }
    }

    /// The server answered with another status than 200.
    pub(super) fn of_refusal(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        token: Option<&Token>,
        limit: Duration,
    ) -> Self {
        let said = Said::read(body);
        let clean = |words: &str| one_line(&token.map_or_else(|| words.to_owned(), |token| token.taken_out_of(words)));
        let message = said.message.as_deref().map(clean).filter(|words| !words.is_empty());
        let error = if status.is_redirection() {
            let place = headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
            let place = clean(place.unwrap_or("another address"));
            EngineError::Protocol {
                detail: format!("it sends us on to {place}, which is not followed; give its final address"),
            }
        } else {
            let message = message.unwrap_or_else(|| format!("the status {status} without a reason"));
            // Whatever word goes with it, this status has one meaning.
            let is_shut_out = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            let code = if is_shut_out { ErrorCode::Other } else { said.code };
            of_code(code, status, message, limit)
        };
        Self {
            status: Some(status),
            rest: rest_asked_for(headers).filter(|_| matches!(error, EngineError::Overloaded { .. })),
            ..Self::from(error)
        }
    }

    /// The answer makes no sense.
    pub(super) fn protocol(detail: impl Into<String>) -> Self {
        Self::from(EngineError::Protocol {
            detail: one_line(&detail.into()),
        })
    }
}

/// What an error body says, in any of the shapes that servers use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) message: Option<String>,
    pub(super) code: ErrorCode,
}

impl Said {
    /// Reads `{"error":{"message"}}`, `{"error":""}`, `{"detail":[{"msg"}]}`, `{"object":"error","message"}` and the
    /// like.
    pub(super) fn read(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        Self::of_value(&body).unwrap_or(Self {
            message: None,
            code: ErrorCode::Other,
        })
    }

    /// The same of a parsed body; `None` if it is no error.
    pub(super) fn of_value(body: &Value) -> Option<Self> {
        let is_error = body.get("object").and_then(Value::as_str) == Some("error");
        let place = body.get("error").filter(|error| !error.is_null());
        let inner = place
            .or_else(|| body.get("detail"))
            .or_else(|| is_error.then_some(body))?;
        let message = match inner {
            Value::String(message) => Some(message.as_str()),
            Value::Array(several) => several.first().and_then(|first| first["msg"].as_str()),
            other => other["message"].as_str(),
        };
        Some(Self {
            message: message.map(ToOwned::to_owned),
            code: code_of(inner, message.unwrap_or_default()),
        })
    }
}

fn code_of(error: &Value, message: &str) -> ErrorCode {
    let words = [&error["code"], &error["type"]].map(|word| word.as_str().unwrap_or_default());
    match words {
        ["context_length_exceeded", _] | [_, "exceed_context_size_error"] => return ErrorCode::ContextExceeded,
        ["model_not_found", _] => return ErrorCode::NoModel,
        _ => {}
    }
    let message = message.to_lowercase();
    let names_limit = [
        "maximum context length",
        "context window",
        "context size",
        "context length",
    ];
    // Some say it in words only.
    if message.contains("exceed") && names_limit.iter().any(|words| message.contains(words))
        || message.contains("maximum context length is")
    {
        return ErrorCode::ContextExceeded;
    }
    serde_json::from_value(error["code"].clone()).unwrap_or(ErrorCode::Other)
}

/// The error of a server's code where it is one of ours, else of its status.
pub(super) fn of_code(code: ErrorCode, status: StatusCode, message: String, limit: Duration) -> EngineError {
    match code {
        ErrorCode::ContextExceeded => EngineError::ContextExceeded { detail: message },
        ErrorCode::NoModel => EngineError::NoModel { detail: message },
        ErrorCode::Overloaded => EngineError::Overloaded { why: message },
        ErrorCode::DeadlineExceeded => EngineError::DeadlineExceeded { limit },
        ErrorCode::EngineFailure => EngineError::Unavailable { why: message },
        ErrorCode::InvalidRequest => EngineError::Protocol { detail: message },
        ErrorCode::Other => match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => EngineError::Unauthorized { why: message },
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => EngineError::Overloaded { why: message },
            StatusCode::GATEWAY_TIMEOUT => EngineError::DeadlineExceeded { limit },
            status if status.is_server_error() => EngineError::Unavailable { why: message },
            _ => EngineError::Protocol { detail: message },
        },
    }
}

fn rest_asked_for(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_REST))
}

/// Somebody else's words, fit for a log line and a page: one line, bounded.
pub(super) fn one_line(words: &str) -> String {
    let visible = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: String = visible.take(LONGEST_WORDS * 4).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_WORDS {
        return line;
    }
    line.chars().take(LONGEST_WORDS).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    fn refused(status: u16, body: &str) -> EngineError {
        let status = StatusCode::from_u16(status).unwrap();
        Failed::of_refusal(status, &HeaderMap::new(), body.as_bytes(), None, LIMIT).error
    }

    #[test]
    fn errors_of_other_servers_are_read_whatever_their_shape() {
        for body in [
            r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit"}}"#,
            r#"{"error":{"message":"slow down","type":"requests","code":429}}"#,
            r#"{"error":"slow down"}"#,
            r#"{"detail":"slow down"}"#,
            r#"{"detail":[{"loc":["body"],"msg":"slow down","type":"x"}]}"#,
            r#"{"object":"error","message":"slow down","code":40001}"#,
        ] {
            let why = "slow down".to_owned();
            assert_eq!(refused(429, body), EngineError::Overloaded { why }, "{body}");
        }
        assert!(matches!(refused(502, "<html>"), EngineError::Unavailable { .. }));
        for body in [
            "{}",
            r#"{"error":{"message":"a token is needed","code":"invalid_request"}}"#,
        ] {
            assert!(matches!(refused(401, body), EngineError::Unauthorized { .. }));
        }
        assert!(matches!(refused(504, "null"), EngineError::DeadlineExceeded { .. }));
    }

    #[test]
    fn a_prompt_too_long_is_known_by_code_type_or_words() {
        for body in [
            r#"{"error":{"code":400,"message":"request (9 tokens) exceeds the available context size (4 tokens)","type":"exceed_context_size_error"}}"#,
            r#"{"error":{"message":"This model's maximum context length is 4 tokens","code":"context_length_exceeded"}}"#,
            r#"{"object":"error","message":"This model's maximum context length is 4 tokens. However, you requested 9","code":400}"#,
            r#"{"error":{"message":"Requested tokens (9) exceed context window of 4","type":"invalid_request_error","code":null}}"#,
        ] {
            assert!(
                matches!(refused(400, body), EngineError::ContextExceeded { .. }),
                "{body}"
            );
        }
    }

    #[test]
    fn a_servers_words_are_bounded_and_stay_on_one_line() {
        let body = format!(r#"{{"error":"a\nb\u001b[31m{}"}}"#, "x".repeat(1_000));
        let EngineError::Protocol { detail } = refused(400, &body) else {
            panic!("a refusal");
        };
        assert!(
            detail.starts_with("a b [31mxx") && detail.chars().count() == LONGEST_WORDS + 1,
            "{detail}"
        );
    }

    #[test]
    fn a_token_that_a_server_repeats_is_not_repeated_by_us() {
        let token = Token::parse("hunter2hunter2").unwrap();
        let body = br#"{"error":"no such key: hunter2hunter2"}"#;
        let failed = Failed::of_refusal(StatusCode::UNAUTHORIZED, &HeaderMap::new(), body, Some(&token), LIMIT);
        assert!(!format!("{failed:?}").contains("hunter2"), "{failed:?}");
    }

    #[test]
    fn a_server_that_asks_for_a_rest_is_heard_up_to_ten_minutes() {
        let rest = |seconds: &'static str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, seconds.parse().unwrap())]);
            Failed::of_refusal(StatusCode::SERVICE_UNAVAILABLE, &headers, b"", None, LIMIT).rest
        };
        assert_eq!(rest("30"), Some(Duration::from_secs(30)));
        assert_eq!(rest("999999999999"), Some(LONGEST_REST));
        assert_eq!(rest("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
