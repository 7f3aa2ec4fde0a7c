//! How a command ends: an exit code and, if it failed, one sentence.

use crate::config::ConfigError;
use crate::data_dir::DataDirError;
use crate::store::StoreError;
use crate::web::ServeError;
use http::StatusCode;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// What a script can rely on; `docs/cli.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Done.
    Ok = 0,
    /// It was tried and did not work.
    Failed = 1,
    /// The arguments or the settings are wrong.
    Usage = 2,
    /// What was named is not there.
    NotFound = 3,
    /// Somebody or something was first.
    Conflict = 4,
    /// Something it needs is not available right now.
    Unavailable = 5,
    /// Not allowed.
    Refused = 6,
    /// It worked, and found something that needs attention.
    Findings = 7,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Why a command did not succeed.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// One sentence that says what to do next; empty if everything has been said.
    pub(crate) sentence: String,
    /// The API's problem, if it was the API that refused.
    problem: Option<Value>,
}

impl Failure {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self {
            code,
            sentence: sentence.into(),
            problem: None,
        }
    }

    pub(crate) fn failed(sentence: impl Into<String>) -> Self {
        Self::new(Code::Failed, sentence)
    }

    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Code::Usage, sentence)
    }

    pub(crate) fn unavailable(sentence: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, sentence)
    }

    /// The output has told what was found; only the code is left to say.
    pub(crate) const fn findings() -> Self {
        Self {
            code: Code::Findings,
            sentence: String::new(),
            problem: None,
        }
    }

    /// What the API refused.
    pub(crate) fn from_problem(status: StatusCode, problem: Value) -> Self {
        let sentence = problem["detail"].as_str().or_else(|| problem["title"].as_str());
        let sentence = sentence.map_or_else(|| format!("Holdpoint answered {status}."), ToOwned::to_owned);
        Self {
            code: code_of(status),
            sentence,
            problem: problem.is_object().then_some(problem),
        }
    }

    /// A further field of the API's problem; null if there is none.
    pub(crate) fn field(&self, name: &str) -> Value {
        self.problem
            .as_ref()
            .map_or(Value::Null, |problem| problem[name].clone())
    }

    /// Says it on standard error: a sentence, or a problem object for programs.
    pub(crate) fn tell(&self, as_json: bool) -> ExitCode {
        if !self.sentence.is_empty() {
            let line = if as_json {
                let problem = self.problem.clone();
                problem
                    .unwrap_or_else(|| json!({ "title": "The command failed", "detail": self.sentence }))
                    .to_string()
            } else {
                format!("holdpoint: {}", self.sentence)
            };
            // Nobody may be listening any more; the exit code still tells.
            let _told = writeln!(std::io::stderr(), "{line}");
        }
        self.code.into()
    }
}

fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Refused,
        StatusCode::NOT_FOUND | StatusCode::GONE => Code::NotFound,
        StatusCode::CONFLICT => Code::Conflict,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Code::Unavailable,
        _ => Code::Failed,
    }
}

/// Prints clap's message: help goes to standard output and is no failure.
pub(crate) fn usage(message: &clap::Error) -> ExitCode {
    let _told = message.print();
    if message.use_stderr() {
        Code::Usage.into()
    } else {
        Code::Ok.into()
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        let code = match error {
            DataDirError::InUse { .. } => Code::Conflict,
            DataDirError::Unusable { .. } => Code::Failed,
            DataDirError::PathTooLong { .. } => Code::Usage,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::debug!(?error, "the store failed");
        let code = match error {
            StoreError::Closed | StoreError::Busy => Code::Unavailable,
            StoreError::Duplicate(_) => Code::Conflict,
            _ => Code::Failed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let code = match error {
            ServeError::PortInUse { .. } | ServeError::AlreadyServing { .. } => Code::Conflict,
            ServeError::PortForbidden { .. } => Code::Refused,
            ServeError::Address { .. } | ServeError::Socket { .. } => Code::Failed,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_the_api_has_its_exit_code() {
        let code =
            |status| Failure::from_problem(StatusCode::from_u16(status).unwrap(), json!({ "detail": "No." })).code;
        let cases = [
            (400, Code::Failed),
            (401, Code::Refused),
            (403, Code::Refused),
            (404, Code::NotFound),
            (409, Code::Conflict),
            (410, Code::NotFound),
            (422, Code::Failed),
            (429, Code::Unavailable),
            (500, Code::Failed),
            (503, Code::Unavailable),
        ];
        for (status, expected) in cases {
            assert_eq!(code(status), expected, "{status}");
        }
    }

    #[test]
    fn an_answer_without_words_still_makes_a_sentence() {
        let failure = Failure::from_problem(StatusCode::BAD_GATEWAY, Value::Null);
        assert_eq!(failure.sentence, "Holdpoint answered 502 Bad Gateway.");
    }
}
