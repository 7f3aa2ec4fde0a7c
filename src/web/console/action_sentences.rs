//! What happened to actions, tools and secrets, in sentences.

use super::sentences::content;
use crate::app::history::EntryView;
use crate::domain::action::DecisionType;

/// The tool that an entry is about.
pub(super) fn tool(entry: &EntryView) -> String {
    content::<String>(entry, "name").map_or_else(|| "a tool".to_owned(), |name| format!("the tool “{name}”"))
}

/// The secret that an entry is about.
pub(super) fn secret(entry: &EntryView) -> String {
    content::<String>(entry, "name").map_or_else(
        || "a secret of a tool".to_owned(),
        |name| format!("the secret “{name}” for tools"),
    )
}

/// What happened to an action.
pub(super) fn action(entry: &EntryView, who: &str) -> String {
    let what = content::<String>(entry, "name").map_or_else(|| "an action".to_owned(), |name| format!("“{name}”"));
    let began = if what == "an action" { "An action" } else { &what };
    let said = |name: &str| content::<String>(entry, name);
    match entry.kind.as_str() {
        "action.proposed" => match (said("asked_by"), content::<bool>(entry, "alone")) {
            (_, Some(true)) => format!("{began} was asked for, and the tool's rules let it run without a person."),
            (Some(by), _) => format!("{by} asks for {what}; it waits for a person."),
            (None, _) => format!("{who} asks for {what}; it waits for a person."),
        },
        "action.leased" => format!("{who} opened or left {what}."),
        "action.approved" => format!("{who} approved {what}; somebody else has to as well."),
        "action.decided" => match content::<DecisionType>(entry, "type") {
            Some(DecisionType::Approve) => format!("{who} approved {what}."),
            Some(DecisionType::Edit) => format!("{who} approved {what} with other arguments."),
            Some(DecisionType::Reject) => format!("{who} rejected {what}."),
            Some(DecisionType::Respond) => format!("{who} answered instead of approving {what}."),
            None => format!("{who} decided on {what}."),
        },
        "action.undone" => format!("{who} took the decision about {what} back."),
        "action.settled" => format!("The decision about {what} is final."),
        "action.expired" => format!("{began} has expired: nobody decided, or nobody used the approval, in time."),
        "action.cancelled" => format!("{began} was taken back by whoever asked."),
        "action.started" => format!("Holdpoint began to carry out {what}."),
        "action.deferred" => format!("{began} could not be carried out yet; it is tried again."),
        "action.consumed" => format!("The agent took the approval of {what}, to carry it out."),
        "action.executed" => format!("{began} was done."),
        "action.failed" => format!("{began} was not done."),
        "action.unknown" => format!("Nobody knows whether {what} was done; a person has to find out."),
        "action.found_out" => match content::<bool>(entry, "was_done") {
            Some(true) => format!("{who} found out that {what} was done."),
            Some(false) => format!("{who} found out that {what} was not done."),
            None => format!("{who} found out whether {what} was done."),
        },
        kind => format!("{who}: {kind}."),
    }
}
