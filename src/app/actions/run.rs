//! Carrying out what was approved: a request to another machine, or what Holdpoint does itself.

use super::secrets;
use crate::app::engage::{Asked, NotedLead, note_lead};
use crate::app::mail::{self, Mail};
use crate::app::webhooks::in_words;
use crate::app::{App, AppError};
use crate::domain::action::attempt::{self, Attempt};
use crate::domain::action::request::{CALENDAR_FILE, Expects, Request, with_secrets};
use crate::domain::mail::Attachment;
use crate::domain::text::Email;
use crate::outbound::{self, Reply, Send, parse_url};
use crate::store::entity::{action as row, secret};
use crate::store::{ActionOrigin, Tx};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::time::Duration;

/// What is kept of an answer, in characters.
const MOST_CHARS: usize = 2_000;

/// What came of an attempt.
#[derive(Debug, Clone)]
pub(super) enum Done {
    /// Another machine was asked, or could not be.
    Sent(Attempt, String),
    /// It is for Holdpoint itself to do, in the transaction that says so.
    Here(Request),
}

/// Does it, exactly as the row says.
pub(super) async fn perform(app: &App, row: &row::Model) -> Result<Done, AppError> {
    let request: Request = serde_json::from_str(&row.standing_request)
        .map_err(|error| AppError::Internal(format!("a stored request cannot be read: {error}")))?;
    let Request::Http {
        method,
        url,
        headers,
        body,
        timeout_s,
        expects,
    } = request
    else {
        return Ok(Done::Here(request));
    };
    let known = app.store().rows(row.workspace_id).secrets().await?;
    let ready = async {
        let mut sent = HeaderMap::new();
        for (name, value) in &headers {
            sent.insert(header(name)?, header_value(&known, name, value)?);
        }
        let Some(courier) = app.courier() else {
            return Err("this process sends nothing to other machines".to_owned());
        };
        let url = parse_url(&url).map_err(|error| in_words(&error))?;
        let allowed = courier.allowed(url.host_str().unwrap_or_default(), url.port_or_known_default());
        Ok((courier, url, sent, allowed))
    };
    let (courier, url, headers, allowed) = match ready.await {
        Ok(ready) => ready,
        // What is missing here does not come by itself: nothing was sent, and nothing will be.
        Err(why) => return Ok(Done::Sent(Attempt::Declined, format!("Nothing was sent: {why}"))),
    };
    let what = Send {
        method: Method::from_bytes(method.as_str().as_bytes()).unwrap_or(Method::POST),
        url: &url,
        headers,
        body: body.as_deref(),
        allowed,
        within: Duration::from_secs(timeout_s),
    };
    let (attempt, told) = match courier.outbound.send(&what).await {
        Ok(reply) => judged(&reply, expects),
        Err(outbound::SendError::NotSent(error)) => {
            let attempt = if error.may_pass() {
                Attempt::NotSent
            } else {
                Attempt::Declined
            };
            (attempt, format!("Nothing was sent: {}", in_words(&error)))
        }
        Err(outbound::SendError::Unclear(error)) => (
            Attempt::Unclear,
            format!("It was sent, and no whole answer came: {}", in_words(&error)),
        ),
    };
    let told: String = secrets::without(&known, &told).chars().take(MOST_CHARS).collect();
    Ok(Done::Sent(attempt, told))
}

fn header(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_unprintable| format!("“{name}” is no header"))
}

fn header_value(known: &[secret::Model], name: &str, value: &str) -> Result<HeaderValue, String> {
    let of = |name: &str| {
        let found = known.iter().find(|secret| secret.name == name)?;
        String::from_utf8(found.value.clone()).ok()
    };
    let whole = with_secrets(value, of).ok_or_else(|| {
        format!("the secret of the header “{name}” is not set; set it under Settings, Tools, or with: holdpoint tool secret set")
    })?;
    let mut whole =
        HeaderValue::from_str(&whole).map_err(|_unprintable| format!("the header “{name}” cannot be sent"))?;
    whole.set_sensitive(true);
    Ok(whole)
}

/// What an answer means, and what people read of it.
fn judged(reply: &Reply, expects: Expects) -> (Attempt, String) {
    let is_json = || serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok();
    let is_expected = match expects {
        Expects::Any => true,
        Expects::Json => reply.body.is_empty() || (!reply.is_cut && is_json()),
    };
    let attempt = attempt::meaning(reply.status, is_expected);
    let body = String::from_utf8_lossy(&reply.body);
    let body = body.trim();
    let status = reply.status;
    let told = match attempt {
        Attempt::Done if body.is_empty() => format!("{status}"),
        Attempt::Unclear if (200..300).contains(&status) => format!(
            "It answered {status}, but with {} instead of JSON, as a login page or a proxy does: {body}",
            reply.kind.as_deref().unwrap_or("something unnamed")
        ),
        Attempt::Declined if (300..400).contains(&status) => {
            format!("It answered {status} and leads elsewhere, which is not followed; enter the final address")
        }
        _ => format!("It answered {status}: {body}"),
    };
    (attempt, told)
}

/// What came of something that needs nobody else.
#[derive(Debug)]
pub(super) struct Made {
    /// In a sentence.
    pub(super) told: String,
    /// Somebody to be called back.
    pub(super) lead: Option<NotedLead>,
}

impl Made {
    const fn told(told: String) -> Self {
        Self { told, lead: None }
    }
}

/// Does what needs nobody else.
pub(super) async fn here(tx: &Tx<'_>, row: &row::Model, request: Request) -> Result<Made, AppError> {
    let email = |to: &str| Email::parse(to).map_err(AppError::from);
    match request {
        Request::Email { to, subject, text } => {
            let mail = Mail {
                key: format!("action:{}", row.id),
                to: email(&to)?,
                subject,
                text,
                html: None,
                reply_to: None,
                conversation: row.conversation_id,
                attachment: None,
            };
            mail::queue(tx, mail).await?;
            Ok(Made::told(format!("The e-mail to {to} is on its way.")))
        }
        Request::Lead {
            name,
            contact,
            note,
            consent,
        } => {
            let asked = Asked {
                action_id: row.id,
                conversation_id: row.conversation_id,
                name,
                contact,
                note,
                // Only a form shows these words to the visitor, who agrees by sending it.
                consent: if row.origin == ActionOrigin::Form {
                    consent
                } else {
                    String::new()
                },
            };
            let lead = note_lead(tx, asked).await?;
            let told = if lead.is_new {
                "It is in the list of people to be called back."
            } else {
                "They were in the list of people to be called back before; their new words stand beside the earlier ones."
            };
            Ok(Made {
                lead: Some(lead),
                ..Made::told(told.to_owned())
            })
        }
        Request::Calendar { title, file, to, text } => {
            if to.is_empty() {
                return Ok(Made::told("The entry can be downloaded.".to_owned()));
            }
            let (name, kind) = CALENDAR_FILE;
            let mail = Mail {
                key: format!("action:{}", row.id),
                to: email(&to)?,
                // What was approved before entries were attached has no text of its own.
                text: if text.is_empty() { title.clone() } else { text },
                subject: title,
                html: None,
                reply_to: None,
                conversation: row.conversation_id,
                attachment: Some(Attachment {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    content: file,
                }),
            };
            mail::queue(tx, mail).await?;
            Ok(Made::told(format!(
                "The entry can be downloaded, and is on its way to {to}."
            )))
        }
        Request::Http { .. } => Err(AppError::Internal(
            "a request to another machine is no work of this one".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, kind: &str, body: &str) -> Reply {
        Reply {
            status,
            kind: Some(kind.to_owned()),
            body: body.as_bytes().to_vec(),
            is_cut: false,
        }
    }

    #[test]
    fn a_page_instead_of_json_means_that_nobody_knows() {
        let (attempt, told) = judged(&reply(200, "text/html", "<html>Sign in"), Expects::Json);
        assert_eq!(attempt, Attempt::Unclear);
        assert!(told.contains("text/html instead of JSON"), "{told}");
        assert_eq!(
            judged(&reply(200, "text/html", "<html>"), Expects::Any).0,
            Attempt::Done
        );
        assert_eq!(
            judged(&reply(204, "", ""), Expects::Json),
            (Attempt::Done, "204".to_owned())
        );
        let cut = Reply {
            is_cut: true,
            ..reply(200, "application/json", "{}")
        };
        assert_eq!(judged(&cut, Expects::Json).0, Attempt::Unclear);
        let (attempt, told) = judged(&reply(302, "", ""), Expects::Json);
        assert!(attempt == Attempt::Declined && told.contains("final address"), "{told}");
    }
}
