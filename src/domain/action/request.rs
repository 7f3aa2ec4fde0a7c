//! What is sent when an action runs: made from the tool and its arguments when it is proposed, shown to whoever approves, and sent
//! as it was shown. Secrets stand in it by name; their values are put in at the last moment and written down nowhere.

use super::args::Args;
use super::calendar::{Entry, LONGEST_ENTRY};
use super::tool::ToolError;
use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// How long another machine may take for an answer, in seconds.
const TIMEOUTS_S: std::ops::RangeInclusive<u64> = 1..=120;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Read.
    Get,
    /// Do.
    #[default]
    Post,
    /// Put.
    Put,
    /// Change.
    Patch,
    /// Remove.
    Delete,
}

impl Method {
    /// As it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// What kind of answer means that it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expects {
    /// JSON, or nothing at all. A page of HTML, as of a login or an error, is neither.
    #[default]
    Json,
    /// Whatever it is.
    Any,
}

/// How a tool is carried out. In texts `{name}` stands for an argument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Run {
    /// A request to another machine.
    Http {
        /// The method.
        #[serde(default)]
        method: Method,
        /// The address; arguments in it are escaped.
        url: String,
        /// Headers; `{secret:NAME}` stands for a secret of the workspace.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body, as JSON; all arguments if it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// How long it may take, in seconds.
        #[serde(default = "half_a_minute")]
        timeout_s: u64,
        /// What an answer has to be.
        #[serde(default)]
        expects: Expects,
    },
    /// An e-mail through the owner's server.
    Email {
        /// To whom.
        to: String,
        /// Its subject.
        subject: String,
        /// Its text.
        text: String,
    },
    /// Somebody to be called back, in Holdpoint's own list.
    Lead {
        /// Their name.
        #[serde(default)]
        name: String,
        /// Their address or number.
        contact: String,
        /// What they want.
        #[serde(default)]
        note: String,
        /// What whoever fills in the form agrees to by sending it: shown there, and kept with them.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        consent: String,
    },
    /// An entry for a calendar, as a file and to an address.
    Calendar {
        /// What it is.
        title: String,
        /// When it begins: `2027-01-31T15:00`, in the workspace's time zone.
        starts: String,
        /// How long it lasts, in minutes.
        #[serde(default = "an_hour")]
        minutes: String,
        /// Where it is.
        #[serde(default)]
        place: String,
        /// More about it.
        #[serde(default)]
        note: String,
        /// To whom the file is mailed; nobody if empty.
        #[serde(default)]
        to: String,
    },
}

const fn half_a_minute() -> u64 {
    30
}

fn an_hour() -> String {
    "60".to_owned()
}

/// Longest words of consent, in characters.
const CONSENT_CHARS: usize = 600;

/// What is sent, to the last byte but the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// To another machine.
    Http {
        /// The method.
        method: Method,
        /// The address.
        url: String,
        /// Headers, with `{secret:NAME}` where a secret goes.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<String>,
        /// How long it may take, in seconds.
        timeout_s: u64,
        /// What an answer has to be.
        expects: Expects,
    },
    /// By e-mail.
    Email {
        /// To whom.
        to: String,
        /// Its subject.
        subject: String,
        /// Its text.
        text: String,
    },
    /// Into the list of people to be called back.
    Lead {
        /// Their name.
        name: String,
        /// Their address or number.
        contact: String,
        /// What they want.
        note: String,
        /// What a form says that they agree to.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        consent: String,
    },
    /// Into a calendar.
    Calendar {
        /// What it is.
        title: String,
        /// The file, as RFC 5545 has it.
        file: String,
        /// To whom it is mailed, as an attachment; nobody if empty.
        to: String,
        /// The text of that mail; its subject is the title.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
}

/// What the file of a calendar entry is called in a mail, and its media type.
pub const CALENDAR_FILE: (&str, &str) = ("entry.ics", "text/calendar; charset=utf-8");

/// What arguments cannot be put into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nobody to send it to.
    #[error("there is no address to send this to: the visitor has left none; ask for it first")]
    NoAddress,
    /// No time.
    #[error("“{0}” is no time like 2027-01-31T15:00; correct it")]
    NoTime(String),
    /// No length.
    #[error("“{0}” is no number of minutes between 1 and {LONGEST_ENTRY}; correct it")]
    NoMinutes(String),
    /// A line break where there can be none.
    #[error("the address or subject of an e-mail has to be in one line; correct it")]
    SeveralLines,
    /// An address that would not be the tool's.
    #[error("“{0}” cannot stand in an address; correct it")]
    Address(String),
}

/// What a request is made from besides arguments.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// The proposal: its id is the idempotency key.
    pub id: ActionId,
    /// When it was proposed.
    pub at: Timestamp,
    /// The workspace's time zone.
    pub zone: &'a TimeZone,
    /// What the visitor left.
    pub visitor_email: Option<&'a str>,
}

/// Checks how a tool is carried out; `has_arg` knows the schema.
pub(super) fn check(run: &Run, has_arg: impl Fn(&str) -> bool) -> Result<(), ToolError> {
    match run {
        Run::Http {
            url,
            headers,
            body,
            timeout_s,
            ..
        } => {
            let after_scheme = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let rest = after_scheme.ok_or(ToolError::Address)?;
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '{' | '}' | '@' | '\\');
            if host.is_empty() || !host.chars().all(is_plain) || url.contains('#') || !TIMEOUTS_S.contains(timeout_s) {
                return Err(ToolError::Address);
            }
            check_text(url, &has_arg)?;
            for (name, value) in headers {
                let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                let is_ours = [
                    "host",
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "idempotency-key",
                ];
                if !is_name
                    || is_ours.contains(&name.to_ascii_lowercase().as_str())
                    || value.chars().any(char::is_control)
                {
                    return Err(ToolError::Header(name.clone()));
                }
                // Arguments come from whoever wrote to the AI; a header is no place for them.
                if let Some(name) = placeholders(value).find(|name| secret_of(name).is_none()) {
                    return Err(ToolError::Placeholder(name.to_owned()));
                }
            }
            body.as_ref().map_or(Ok(()), |body| check_value(body, &has_arg))
        }
        Run::Email { to, subject, text } => each(&[to, subject, text], &has_arg),
        Run::Lead { consent, .. } if consent.chars().count() > CONSENT_CHARS => Err(ToolError::Text("run.consent")),
        Run::Lead {
            name, contact, note, ..
        } => each(&[name, contact, note], &has_arg),
        Run::Calendar {
            title,
            starts,
            minutes,
            place,
            note,
            to,
        } => each(&[title, starts, minutes, place, note, to], &has_arg),
    }
}

fn each(texts: &[&String], has_arg: &dyn Fn(&str) -> bool) -> Result<(), ToolError> {
    texts.iter().try_for_each(|text| check_text(text, has_arg))
}

pub(super) fn check_text(text: &str, has_arg: &dyn Fn(&str) -> bool) -> Result<(), ToolError> {
    for name in placeholders(text) {
        if secret_of(name).is_some() {
            return Err(ToolError::SecretInSight);
        }
        if !has_arg(name) && !matches!(name, "visitor.email" | "action.id") {
            return Err(ToolError::Placeholder(name.to_owned()));
        }
    }
    Ok(())
}

fn check_value(value: &Value, has_arg: &dyn Fn(&str) -> bool) -> Result<(), ToolError> {
    match value {
        Value::String(text) => check_text(text, has_arg),
        Value::Array(items) => items.iter().try_for_each(|item| check_value(item, has_arg)),
        Value::Object(fields) => fields.values().try_for_each(|field| check_value(field, has_arg)),
        _ => Ok(()),
    }
}

/// What stands between braces and could be a name; other braces are text.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    })
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('{')
            && let Some(end) = inside.find('}')
            && let Some(name) = inside.get(..end).filter(|name| is_name(name))
        {
            rest = inside.get(end + 1..).unwrap_or_default();
            return Some(Piece::Name(name));
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest
            .get(first..)
            .and_then(|after| after.find('{'))
            .map_or(rest.len(), |at| at + first);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(piece))
    })
}

/// The secret that a placeholder names.
fn secret_of(name: &str) -> Option<&str> {
    name.strip_prefix("secret:")
}

/// Names of the secrets that a header wants.
pub fn secrets_in(value: &str) -> impl Iterator<Item = &str> {
    placeholders(value).filter_map(secret_of)
}

/// A header with its secrets in their places; `None` if one is not there.
pub fn with_secrets(value: &str, secret: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut whole = String::new();
    for piece in pieces(value) {
        match piece {
            Piece::Text(text) => whole.push_str(text),
            Piece::Name(name) => whole.push_str(&secret(secret_of(name)?)?),
        }
    }
    Some(whole)
}

/// An argument as text.
fn said(args: &Args, about: &About<'_>, name: &str) -> String {
    match name {
        "action.id" => about.id.to_string(),
        "visitor.email" => about.visitor_email.unwrap_or_default().to_owned(),
        name => match args.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        },
    }
}

/// A text with its arguments in their places.
pub fn filled(text: &str, args: &Args, about: &About<'_>) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Name(name) => said(args, about, name),
        })
        .collect()
}

/// Makes what is sent.
///
/// # Errors
/// [`RequestError`] for arguments that cannot be put into it.
pub fn request(run: &Run, args: &Args, about: &About<'_>) -> Result<Request, RequestError> {
    let fill = |text: &str| filled(text, args, about);
    match run {
        Run::Http {
            method,
            url,
            headers,
            body,
            timeout_s,
            expects,
        } => {
            let mut address = String::new();
            for piece in pieces(url) {
                match piece {
                    Piece::Text(text) => address.push_str(text),
                    Piece::Name(name) => {
                        let value = said(args, about, name);
                        // A path climbs with these, escaped or not.
                        if value.is_empty() || matches!(value.as_str(), "." | "..") {
                            return Err(RequestError::Address(name.to_owned()));
                        }
                        address.push_str(&escaped(&value));
                    }
                }
            }
            let mut sent: Vec<(String, String)> = headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect();
            sent.push(("idempotency-key".to_owned(), about.id.to_string()));
            let body = method.has_body().then(|| match body {
                Some(template) => filled_value(template, args, about).to_string(),
                None => args.text().to_owned(),
            });
            if body.is_some() && !headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
                sent.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            Ok(Request::Http {
                method: *method,
                url: address,
                headers: sent,
                body,
                timeout_s: *timeout_s,
                expects: *expects,
            })
        }
        Run::Email { to, subject, text } => {
            let (to, subject) = (one_line(&fill(to))?, one_line(&fill(subject))?);
            if to.is_empty() {
                return Err(RequestError::NoAddress);
            }
            Ok(Request::Email {
                to,
                subject,
                text: fill(text),
            })
        }
        Run::Lead {
            name,
            contact,
            note,
            consent,
        } => {
            let contact = fill(contact).trim().to_owned();
            if contact.is_empty() {
                return Err(RequestError::NoAddress);
            }
            Ok(Request::Lead {
                name: fill(name),
                contact,
                note: fill(note),
                consent: consent.trim().to_owned(),
            })
        }
        Run::Calendar {
            title,
            starts,
            minutes,
            place,
            note,
            to,
        } => {
            let entry = Entry {
                title: fill(title),
                starts: fill(starts),
                minutes: fill(minutes),
                place: fill(place),
                note: fill(note),
            };
            let to = one_line(&fill(to))?;
            Ok(Request::Calendar {
                file: entry.file(about)?,
                text: if to.is_empty() { String::new() } else { entry.text() },
                title: entry.title,
                to,
            })
        }
    }
}

fn one_line(text: &str) -> Result<String, RequestError> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(RequestError::SeveralLines);
    }
    Ok(text.to_owned())
}

/// A JSON value with arguments in its texts; a text that is nothing but one placeholder becomes the argument itself.
fn filled_value(template: &Value, args: &Args, about: &About<'_>) -> Value {
    match template {
        Value::String(text) => {
            let mut all = pieces(text);
            match (all.next(), all.next()) {
                (Some(Piece::Name(name)), None) if args.get(name).is_some() => {
                    args.get(name).cloned().unwrap_or_default()
                }
                _ => filled(text, args, about).into(),
            }
        }
        Value::Array(items) => items.iter().map(|item| filled_value(item, args, about)).collect(),
        Value::Object(fields) => {
            let filled = |(name, value): (&String, &Value)| (name.clone(), filled_value(value, args, about));
            Value::Object(fields.iter().map(filled).collect())
        }
        other => other.clone(),
    }
}

/// Everything but what RFC 3986 calls unreserved.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
