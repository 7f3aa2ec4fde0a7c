//! What visitors reached, and who is to be called back, in sentences.

use super::sentences::{Names, content};
use crate::app::history::EntryView;

/// What happened to a goal, a conversion or a lead.
pub(super) fn engage(entry: &EntryView, who: &str, visitor: &str, names: &Names) -> String {
    let said = |name: &str| content::<String>(entry, name);
    let refers = |name: &str| entry.refs.get(name).map(String::as_str);
    let goal = || said("goal").map_or_else(|| "a goal".to_owned(), |name| format!("“{name}”"));
    match entry.kind.as_str() {
        "goal.changed" => {
            let goal = said("name").map_or_else(|| "a goal".to_owned(), |name| format!("the goal “{name}”"));
            match refers("change") {
                Some("added") => format!("{who} set {goal}."),
                Some("retired") => format!("{who} retired {goal}."),
                Some("brought_back") => format!("{who} brought {goal} back."),
                _ => format!("{who} changed {goal}."),
            }
        }
        "conversion.recorded" if refers("source") == Some("api") => {
            format!("{visitor} reached {}, as the shop's server says.", goal())
        }
        "conversion.recorded" => format!("{visitor} reached {}, as their page says.", goal()),
        "conversion.confirmed" => format!("The shop's server confirmed that {visitor} reached {}.", goal()),
        "conversion.flooded" => {
            format!("The page of {visitor} said more than anybody reaches, and was not listened to for a while.")
        }
        "lead.changed" => {
            let mut did = Vec::new();
            match refers("stage") {
                Some("contacted") => did.push(format!(
                    "{who} has been in touch with somebody who asked to be called back"
                )),
                Some("won") => did.push(format!("{who} won somebody who had asked to be called back")),
                Some("lost") => did.push(format!(
                    "{who} says that nothing came of somebody who asked to be called back"
                )),
                Some(_) => did.push(format!("{who} put somebody back among those to be called")),
                None => {}
            }
            match (refers("member"), refers("given_back")) {
                (Some(id), _) => did.push(format!("{} looks after them now", names.member(id))),
                (None, Some(_)) => did.push("nobody in particular looks after them now".to_owned()),
                (None, None) => {}
            }
            let mut sentence = did.join("; ");
            if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
                sentence.replace_range(..1, &first);
            }
            format!("{sentence}.")
        }
        kind => format!("{who}: {kind}."),
    }
}
