//! An action as its pages show it: who asked, arguments and status in words, what is sent to the last byte.

use super::view::{ActionCard, ActionRow, ArgLine, FieldView, LeaseView};
use super::viewer::Viewer;
use super::{sentence, visitor_name};
use crate::app::actions::ActionView;
use crate::domain::action::form::{Field, Input};
use crate::domain::action::request::Request;
use crate::domain::action::{ActionStatus, DecisionType, OnTimeout, Runs};
use crate::domain::text::visible;
use crate::store::ActionOrigin;
use serde_json::{Map, Value};

/// Characters of arguments and results in a list.
const LISTED_CHARS: usize = 160;

/// Everything about one.
pub(super) fn card(viewer: &Viewer, view: ActionView) -> ActionCard {
    let fields = with_the_rest(view.fields.clone(), &view.args, &view.proposed_args);
    let decided = decided(&view);
    ActionCard {
        id: view.id.to_string(),
        name: if view.name == view.title {
            String::new()
        } else {
            visible(&view.name)
        },
        asked: asked(&view),
        state: state(view.status),
        state_words: state_words(&view).to_owned(),
        conversation: view.conversation_id.map(|id| (id.to_string(), visitor_name(&id))),
        args: lines(&fields, &view.args, &view.proposed_args),
        unsaid: titles(&fields, &view.unsaid),
        args_shown: visible(&view.args.to_string()),
        args_json: view.args.to_string(),
        fields: filled(&fields, &view.args),
        sent: view
            .request
            .as_ref()
            .map(sent)
            .unwrap_or_default()
            .into_iter()
            .map(|(what, text)| (what, visible(&text)))
            .collect(),
        carried_out: match view.runs {
            Runs::Here => "Holdpoint carries this out, at most once, exactly as it stands here.",
            Runs::There => "The agent that asks carries this out itself, with exactly these arguments, at most once.",
        },
        asked_at: viewer.moment(view.created_at),
        deadline: viewer.moment(view.expires_at),
        fallback: match view.on_timeout {
            OnTimeout::Reject => "Nobody deciding by then counts as no.",
            OnTimeout::Cancel => "Nobody deciding by then takes it back, as if it had not been asked.",
        },
        together: together(&view),
        allowed: view.allowed.iter().map(|kind| code(*kind)).collect(),
        hash: view.args_hash,
        lease: match view.leased_by {
            None => LeaseView::Free,
            Some(_) if view.leased_by_you => LeaseView::Mine,
            Some(name) => LeaseView::Other(name),
        },
        may_undo: view.may_undo,
        decided,
        decided_at: view
            .decision
            .as_ref()
            .map(|decision| viewer.moment(decision.decided_at)),
        message: view.decision.and_then(|decision| decision.message).unwrap_or_default(),
        result: view.result.unwrap_or_default(),
        began: view.begun_at.map(|at| (viewer.moment(at), view.attempts)),
        ended: view.ended_at.map(|at| viewer.moment(at)),
        is_unknown: view.status == ActionStatus::Unknown,
        has_entry: view.status == ActionStatus::Executed && matches!(view.request, Some(Request::Calendar { .. })),
        title: visible(&view.title),
        description: visible(&view.description),
        risk: view.risk,
    }
}

/// Arguments as people call them.
fn titles(fields: &[Field], names: &[String]) -> String {
    let title = |name: &String| {
        let field = fields.iter().find(|field| field.name == *name);
        field.map_or_else(|| name.clone(), |field| field.title.clone())
    };
    names.iter().map(title).collect::<Vec<_>>().join(", ")
}

/// One line of a list.
pub(super) fn row(viewer: &Viewer, view: &ActionView) -> ActionRow {
    let fields = with_the_rest(view.fields.clone(), &view.args, &view.proposed_args);
    let args: Vec<String> = lines(&fields, &view.args, &view.proposed_args)
        .into_iter()
        .map(|line| format!("{}: {}", line.title, line.value))
        .collect();
    ActionRow {
        id: view.id.to_string(),
        title: visible(&view.title),
        asked: sentence(&asked(view)).trim_end_matches('.').to_owned(),
        state: state(view.status),
        state_words: state_words(view).to_owned(),
        args: cut(&args.join(" · ")),
        result: cut(view.result.as_deref().unwrap_or_default()),
        at: viewer.moment(view.created_at),
        has_entry: view.status == ActionStatus::Executed && matches!(view.request, Some(Request::Calendar { .. })),
    }
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LISTED_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line).trim_end()),
        None => line,
    }
}

/// Who asked, as a clause.
pub(super) fn asked(view: &ActionView) -> String {
    match view.origin {
        ActionOrigin::Ai => "proposed by the AI".to_owned(),
        ActionOrigin::Form => "a visitor asked for it with a form".to_owned(),
        ActionOrigin::Member => format!("proposed by {}", view.asked_by),
        ActionOrigin::Agent => format!("asked by the agent {}", view.asked_by),
    }
}

const fn code(kind: DecisionType) -> &'static str {
    match kind {
        DecisionType::Approve => "approve",
        DecisionType::Edit => "edit",
        DecisionType::Reject => "reject",
        DecisionType::Respond => "respond",
    }
}

/// A word for style sheets.
pub(super) const fn state(status: ActionStatus) -> &'static str {
    match status {
        ActionStatus::Waiting => "waiting",
        ActionStatus::Decided | ActionStatus::Approved | ActionStatus::Running => "under-way",
        ActionStatus::Executed | ActionStatus::Consumed => "done",
        ActionStatus::Failed => "failed",
        ActionStatus::Unknown => "unknown",
        ActionStatus::Rejected | ActionStatus::Responded | ActionStatus::Expired | ActionStatus::Cancelled => {
            "not-done"
        }
    }
}

/// How it stands.
pub(super) const fn state_words(view: &ActionView) -> &'static str {
    match (view.status, view.runs) {
        (ActionStatus::Waiting, _) => "Waits for people",
        (ActionStatus::Decided, _) => "Decided just now",
        (ActionStatus::Approved, Runs::Here) => "Approved, about to run",
        (ActionStatus::Approved, Runs::There) => "Approved, not used yet",
        (ActionStatus::Running, _) => "Being carried out",
        (ActionStatus::Executed, _) => "Done",
        (ActionStatus::Consumed, _) => "Taken by the agent",
        (ActionStatus::Failed, _) => "Failed: it was not done",
        (ActionStatus::Unknown, _) => "Nobody knows whether it was done",
        (ActionStatus::Rejected, _) => "Rejected",
        (ActionStatus::Responded, _) => "Answered instead",
        (ActionStatus::Expired, _) => "Expired",
        (ActionStatus::Cancelled, _) => "Taken back",
    }
}

/// What was decided, in a sentence.
fn decided(view: &ActionView) -> String {
    let Some(decision) = &view.decision else {
        return String::new();
    };
    let who = decision.actor.as_deref().unwrap_or("The tool's own rules");
    match decision.kind {
        "approve" => format!("{who} approved it as it was proposed."),
        "edit" => format!("{who} approved it with other arguments."),
        "reject" => format!("{who} rejected it."),
        "respond" => format!("{who} answered instead."),
        _ if view.begun_at.is_none() && view.decision.is_some() && !view.approved_by.is_empty() => {
            "It was approved, but nobody used that in time.".to_owned()
        }
        _ => "Nobody decided in time.".to_owned(),
    }
}

/// Who has approved already, and who changed it.
fn together(view: &ActionView) -> Vec<String> {
    if view.quorum <= 1 {
        return Vec::new();
    }
    let (needed, names) = (view.quorum, view.approved_by.join(" and "));
    let changed = view.args != view.proposed_args;
    vec![match view.approved_by.as_slice() {
        [] => format!("{needed} people have to approve this; nobody has yet."),
        [first, ..] if changed => {
            format!("{first} changed the arguments. {needed} people have to approve them: {names} did.")
        }
        _ => format!("{needed} people have to approve this: {names} did."),
    }]
}

/// Fields of a schema, and after them one for each argument that it does not name.
fn with_the_rest(mut fields: Vec<Field>, args: &Value, proposed: &Value) -> Vec<Field> {
    let known = |fields: &[Field], name: &str| fields.iter().any(|field| field.name == name);
    for (name, value) in [args, proposed].into_iter().filter_map(Value::as_object).flatten() {
        if known(&fields, name) {
            continue;
        }
        fields.push(Field {
            name: name.clone(),
            title: name.replace(['_', '-'], " "),
            about: String::new(),
            required: false,
            input: match value {
                Value::String(text) => Input::Text {
                    most: None,
                    long: text.chars().count() > LISTED_CHARS || text.contains('\n'),
                    of: "text",
                },
                Value::Number(_) => Input::Number {
                    whole: false,
                    least: None,
                    most: None,
                },
                Value::Bool(_) => Input::Flag,
                _ => Input::Json,
            },
        });
    }
    fields
}

/// A form with what stands in it.
pub(super) fn filled(fields: &[Field], args: &Value) -> Vec<FieldView> {
    fields
        .iter()
        .map(|field| FieldView {
            value: typed(args.get(&field.name), &field.input),
            field: field.clone(),
        })
        .collect()
}

/// As one would type it.
fn typed(value: Option<&Value>, input: &Input) -> String {
    match (value, input) {
        (None, _) => String::new(),
        (Some(value), Input::Json) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (Some(Value::String(text)), _) => text.clone(),
        (Some(Value::Number(number)), _) => digits(number),
        (Some(value), _) => value.to_string(),
    }
}

/// As people write it: `50`, not `50.0`.
fn digits(number: &serde_json::Number) -> String {
    let digits = number.to_string();
    digits.strip_suffix(".0").map(str::to_owned).unwrap_or(digits)
}

/// The arguments as people read them, what was changed beside what was proposed.
fn lines(fields: &[Field], args: &Value, proposed: &Value) -> Vec<ArgLine> {
    let empty = Map::new();
    let of = |value: &'_ Value, name: &str| value.as_object().unwrap_or(&empty).get(name).cloned();
    fields
        .iter()
        .filter_map(|field| {
            let (now, then) = (of(args, &field.name), of(proposed, &field.name));
            if now.is_none() && then.is_none() {
                return None;
            }
            Some(ArgLine {
                title: visible(sentence(&field.title).trim_end_matches('.')),
                was: (now != then).then(|| visible(&read(then.as_ref()))),
                value: visible(&read(now.as_ref())),
            })
        })
        .collect()
}

fn read(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Bool(true)) => "Yes".to_owned(),
        Some(Value::Bool(false)) => "No".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => digits(number),
        Some(Value::Array(items)) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            let items: Vec<String> = items.iter().map(|item| read(Some(item))).collect();
            if items.is_empty() {
                "nothing".to_owned()
            } else {
                items.join(", ")
            }
        }
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

/// Exactly what is sent; a secret stands there by its name.
fn sent(request: &Request) -> Vec<(&'static str, String)> {
    match request {
        Request::Http {
            method,
            url,
            headers,
            body,
            timeout_s,
            ..
        } => {
            let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            let mut sent = vec![("Request", format!("{} {url}", method.as_str()))];
            if !headers.is_empty() {
                sent.push(("Headers", headers.join("\n")));
            }
            if let Some(body) = body {
                sent.push(("Body", body.clone()));
            }
            sent.push(("Waits for the answer", format!("{timeout_s} seconds at most")));
            sent
        }
        Request::Email { to, subject, text } => vec![
            ("E-mail to", to.clone()),
            ("Subject", subject.clone()),
            ("Text", text.clone()),
        ],
        Request::Lead {
            name,
            contact,
            note,
            consent,
        } => {
            let lines = [
                ("Into the list of people to call back", name),
                ("Address or number", contact),
                ("Note", note),
                ("What the form says they agree to", consent),
            ];
            lines
                .into_iter()
                .filter(|(_, text)| !text.is_empty())
                .map(|(what, text)| (what, text.clone()))
                .collect()
        }
        Request::Calendar { title, file, to, text } => {
            let mut sent = vec![("Calendar entry", title.clone())];
            if to.is_empty() {
                sent.push(("File", file.clone()));
                return sent;
            }
            sent.push(("Mailed to", to.clone()));
            if !text.is_empty() {
                sent.push(("Text of the mail", text.clone()));
            }
            sent.push(("File that goes with it, entry.ics", file.clone()));
            sent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::form::fields;
    use serde_json::json;

    #[test]
    fn every_argument_is_read_and_can_be_changed_whether_the_schema_names_it_or_not() {
        let schema = json!({ "properties": { "amount": { "type": "number" }, "note": { "type": "string" } } });
        let proposed = json!({ "amount": 20.5, "agreed": true, "items": [1] });
        let args = json!({ "amount": 18, "agreed": true, "items": [1] });
        let fields = with_the_rest(fields(&schema), &args, &proposed);
        let kinds: Vec<_> = filled(&fields, &args)
            .iter()
            .map(|field| (field.field.name.clone(), field.kind(), field.value.clone()))
            .collect();
        let of = |name: &str| kinds.iter().find(|(known, ..)| known == name).cloned().unwrap();
        assert_eq!(of("amount"), ("amount".into(), "number", "18".into()));
        assert_eq!(of("agreed"), ("agreed".into(), "flag", "true".into()));
        assert_eq!(of("note"), ("note".into(), "text", String::new()));
        assert_eq!(of("items").1, "json");
        let lines = lines(&fields, &args, &proposed);
        let changed: Vec<_> = lines.iter().filter(|line| line.was.is_some()).collect();
        assert_eq!((changed.len(), changed[0].was.as_deref()), (1, Some("20.5")));
        assert_eq!(changed[0].value, "18");
        assert_eq!(
            (read(Some(&json!(50.0))), read(Some(&json!(["a", 2])))),
            ("50".to_owned(), "a, 2".to_owned())
        );
        assert!(
            lines.iter().all(|line| line.title != "Note"),
            "what is in neither is no line"
        );
    }
}
