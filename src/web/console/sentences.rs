//! The log in sentences.

use super::action_sentences::{action, secret, tool};
use super::engage_sentences::engage;
use super::view::Words;
use super::visitor_name;
use crate::app::history::EntryView;
use crate::app::{App, AppError, Caller, accounts};
use crate::domain::evidence::Ended;
use crate::domain::policy::Reason;
use crate::domain::review::OutcomeKind;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The names of a workspace's members, by the id the log knows them by.
#[derive(Debug)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// Everybody who is a member now.
    pub(super) async fn of(app: &App, caller: &Caller) -> Result<Self, AppError> {
        let members = accounts::members(app, caller).await?;
        Ok(Self(
            members
                .into_iter()
                .map(|member| (member.id.to_string(), member.name))
                .collect(),
        ))
    }

    pub(super) fn member(&self, id: &str) -> String {
        self.0
            .get(id)
            .cloned()
            .unwrap_or_else(|| "A former colleague".to_owned())
    }

    /// Who did what an entry tells.
    fn actor(&self, entry: &EntryView) -> String {
        match entry.actor.split_once(':') {
            Some(("member", id)) => self.member(id),
            Some(("visitor", _)) => visitor(entry),
            _ => match entry.actor.as_str() {
                "ai" => "The AI".to_owned(),
                "admin" => "The administrator".to_owned(),
                _ => "Holdpoint".to_owned(),
            },
        }
    }
}

/// The visitor an entry is about.
fn visitor(entry: &EntryView) -> String {
    entry
        .refs
        .get("conversation")
        .map_or_else(|| "A visitor".to_owned(), visitor_name)
}

/// A field of an entry's content; none when it is not there or was erased.
pub(super) fn content<T: DeserializeOwned>(entry: &EntryView, name: &str) -> Option<T> {
    let value = entry.content.as_ref()?.get(name)?;
    serde_json::from_value(value.clone()).ok()
}

/// A change of owner, without a full stop: the time follows.
pub(super) fn owner_change(entry: &EntryView, names: &Names) -> Option<String> {
    let who = names.actor(entry);
    match entry.kind.as_str() {
        "conversation.taken_over" => Some(format!("{who} took over")),
        "conversation.handed_back" => Some(format!("{who} handed back to the AI")),
        "conversation.handed_off" if entry.actor == "ai" => Some(match reason(entry) {
            Some(why) => format!("The AI left this to a person: {why}"),
            None => "The AI left this to a person".to_owned(),
        }),
        "conversation.handed_off" if entry.actor.starts_with("visitor:") => Some(format!("{who} asked for a person")),
        "conversation.handed_off" if entry.actor == "system" => Some("Nobody was there to answer".to_owned()),
        "conversation.handed_off" => Some("From here on a person answers".to_owned()),
        "conversation.closed" if entry.actor == "system" => Some("Over, after a long silence".to_owned()),
        "conversation.closed" => Some(format!("{who} ended the conversation")),
        "visitor.left_email" => Some(format!("{who} left an e-mail address")),
        "visitor.written_to" => Some("The answer went out by e-mail too".to_owned()),
        "visitor.returned" => Some(format!("{who} came back by the link in the e-mail")),
        _ => None,
    }
}

/// The strictest reason of a decision, in words.
fn reason(entry: &EntryView) -> Option<&'static str> {
    let reasons: Vec<Reason> = content(entry, "reasons")?;
    reasons.first().map(|reason| reason.in_words())
}

fn because(entry: &EntryView) -> String {
    reason(entry).map(|why| format!(" because {why}")).unwrap_or_default()
}

/// That a conversation was taken from its owner.
fn owner_gone(entry: &EntryView, names: &Names) -> String {
    let owner = entry.refs.get("member");
    let owner = owner.map_or_else(|| "whoever took over".to_owned(), |id| names.member(id));
    let visitor = visitor(entry);
    format!("{visitor} waits for somebody else: {owner} did not answer and is not there.")
}

/// An entry as one sentence.
#[expect(clippy::too_many_lines, reason = "one line for each kind")]
pub(super) fn sentence(entry: &EntryView, names: &Names) -> String {
    let (who, visitor) = (names.actor(entry), visitor(entry));
    let has = |name: &str| entry.refs.contains_key(name);
    match entry.kind.as_str() {
        "workspace.created" => format!("{who} made this workspace."),
        "workspace.changed" => match (
            content::<String>(entry, "time_zone"),
            content::<String>(entry, "currency"),
        ) {
            (Some(zone), _) => format!("{who} set the clocks of the business to {zone}."),
            (None, Some(currency)) => format!("{who} said that the business counts in {currency}."),
            (None, None) => format!("{who} changed the workspace."),
        },
        "member.joined" => match entry.refs.get("member") {
            Some(id) if entry.actor.ends_with(id.as_str()) => format!("{who} joined."),
            Some(id) => format!("{who} added {}.", names.member(id)),
            None => "Somebody joined.".to_owned(),
        },
        "member.signed_in" => format!("{who} signed in."),
        "agent.published" => match entry.refs.get("number") {
            Some(number) => format!("{who} published version {number} of the agent."),
            None => format!("{who} published an agent."),
        },
        "token.created" => format!("{who} made a token for a program."),
        "token.revoked" => format!("{who} revoked a token."),
        "setup_link.created" => format!("{who} made a set-up link."),
        "conversation.created" => format!("{visitor} opened the chat."),
        "conversation.handed_off" if entry.actor == "ai" => {
            format!("The AI left the question of {visitor} to a person{}.", because(entry))
        }
        "conversation.handed_off" if entry.actor.starts_with("visitor:") => format!("{visitor} asked for a person."),
        "conversation.handed_off" if entry.actor == "system" => owner_gone(entry, names),
        "conversation.handed_off" => format!("{visitor} waits for a person, because {who} rejected the draft."),
        "conversation.closed" if entry.actor == "system" => {
            format!("The conversation with {visitor} is over, after a long silence.")
        }
        "conversation.closed" => format!("{who} ended the conversation with {visitor}."),
        "conversation.rated" => format!(
            "{visitor} rated the conversation: {} of 5.",
            entry.refs.get("stars").map_or("?", String::as_str)
        ),
        "visitor.left_email" => format!("{visitor} left an e-mail address for the answer."),
        "visitor.written_to" => format!("{visitor} was written to by e-mail."),
        "visitor.returned" => format!("{visitor} came back by the link in an e-mail."),
        "note.added" => format!("{who} left a note about {visitor} for colleagues."),
        "canned_reply.added" => format!("{who} added a canned reply."),
        "canned_reply.changed" => format!("{who} changed a canned reply."),
        "canned_reply.removed" => format!("{who} removed a canned reply."),
        "conversation.taken_over" => format!("{who} took over the conversation with {visitor}."),
        "conversation.handed_back" => format!("{who} handed {visitor} back to the AI."),
        "message.created" if entry.actor.starts_with("visitor:") => format!("{visitor} wrote."),
        "message.created" if has("outcome") => {
            format!("The answer that {who} wrote for {visitor} went out{}.", kept(entry))
        }
        "message.created" => format!("{who} wrote to {visitor}."),
        "message.released" if has("outcome") => {
            format!("The answer that {who} let out reached {visitor}{}.", kept(entry))
        }
        "message.released" => by_itself(entry, names, &visitor),
        "message.delivered" => format!(
            "{visitor} has seen everything up to message {}.",
            entry.refs.get("seq").map_or("?", String::as_str)
        ),
        "review.requested" => format!("A draft for {visitor} was held{}.", because(entry)),
        "review.leased" => format!("{who} opened or left the draft for {visitor}."),
        "review.decided" => decided(entry, &who, &visitor),
        "review.undone" => format!("{who} took the decision about {visitor} back."),
        "review.approved" => format!("{who} approved the answer for {visitor}; somebody else has to as well."),
        "review.delayed" => format!("The check for {visitor} takes longer than usual."),
        "review.assigned" => match entry.refs.get("member") {
            Some(id) => format!("{} was given what {visitor} asked.", names.member(id)),
            None => format!("What {visitor} asked was given back to everybody."),
        },
        "review.escalated" => format!("{visitor} has waited for long; others were told."),
        "conversation.marked_spam" => format!("{who} marked {visitor} as spam."),
        "conversation.cleared_spam" => format!("{who} said that {visitor} is no spam."),
        "team.changed" => match entry.refs.get("member") {
            Some(id) => format!("{who} changed what {} does.", names.member(id)),
            None => format!("{who} changed how the team works."),
        },
        "review.closed" => format!("The draft for {visitor} was dropped."),
        "review.expired" => format!("Nobody decided on the draft for {visitor} in time."),
        "knowledge.imported" => imported(entry, &who),
        "training.consent" => match entry.refs.get("agreed").map(String::as_str) {
            Some("true") => format!("{visitor} agreed that what was said may train a model."),
            _ => format!("{visitor} did not agree that what was said may train a model."),
        },
        "training.exported" => format!("{who} exported training data."),
        "knowledge.removed" => format!("{who} removed a document."),
        "verified_answer.added" => format!("{who} added a verified answer."),
        "verified_answer.retired" => format!("{who} retired a verified answer."),
        "verified_answer.changed" => format!("{who} changed who looks after a verified answer, or its last day."),
        "verified_answer.doubted" => match content::<String>(entry, "title") {
            Some(title) => format!("Newer knowledge speaks against a verified answer: “{title}”."),
            None => "Newer knowledge speaks against a verified answer.".to_owned(),
        },
        "verified_answer.settled" => "What spoke against a verified answer is gone.".to_owned(),
        "verified_answer.confirmed" => format!("{who} said that a verified answer is still right."),
        "verified_answer.rules_changed" => format!("{who} changed the rules for verified answers."),
        "policy.applied" => match entry.refs.get("number") {
            Some(number) => format!("{who} applied version {number} of the policy."),
            None => format!("{who} applied a policy."),
        },
        "sampling.opened" => {
            "A month's checks were fixed: the hash of their secret key is written down here.".to_owned()
        }
        "sampling.drawn" => "By lot it was settled which answers are checked.".to_owned(),
        "statement.published" => match entry.refs.get("month") {
            Some(month) => format!("What can be said of {month} was published, and the key of its draws revealed."),
            None => "A month's statement was published.".to_owned(),
        },
        "certificate.tested" => "The certificate was tested.".to_owned(),
        "gate.opened" => "A certificate opened the gate.".to_owned(),
        "gate.closed" => gate_closed(entry).to_owned(),
        "autonomy.changed" => format!("{who} changed what may go out without a person."),
        "evidence.carried_over" => "Past answers were compared with what would be answered today.".to_owned(),
        "gate.changed" => gate_changed(entry, &who),
        "retrieval.tuned" => format!("{who} had a version of the ranking learned from verdicts; it is a candidate."),
        "candidate.proposed" => format!("{who} wants to change what the AI answers; it is tried first."),
        "correction.applied" => correction_applied(entry, &who),
        "correction.followed_up" => format!("{who} wrote to visitors who had been told what an edit corrected."),
        "candidate.replayed" => candidate_replayed(entry),
        "comparison.begun" => format!("{who} has answers without a change and with it read blind."),
        "comparison.judged" => comparison_judged(entry, &who),
        "candidate.published" => format!("{who} made a change of what the AI answers live."),
        "candidate.advanced" => "A part of a large change was written.".to_owned(),
        "candidate.withdrawn" => format!("{who} withdrew a change that was not live."),
        "candidate.rolled_back" => format!("{who} took a change of what the AI answers back."),
        "regression_question.added" => format!("{who} added a question to the regression set."),
        "regression_question.removed" => format!("{who} took a question out of the regression set."),
        "gap.dismissed" => format!("{who} said that a gap in the knowledge needs no answer."),
        "cluster.renamed" => format!("{who} named questions that mean the same."),
        "cluster.merged" => format!("{who} merged questions that mean the same."),
        "cluster.unmerged" => format!("{who} parted questions that had been merged."),
        "pattern.found" => {
            content(entry, "sentence").unwrap_or_else(|| "Something has changed in the traffic.".to_owned())
        }
        "pattern.dismissed" => format!("{who} has seen a change of the traffic."),
        "pattern.over" => "A change of the traffic is over.".to_owned(),
        "proposal.written" => format!("{who} wrote an answer for a gap in the knowledge."),
        "proposal.approved" => format!("{who} approved an answer for a gap in the knowledge."),
        "proposal.dismissed" => format!("{who} did not want an answer that was proposed for a gap."),
        "rehearsal.started" => match content::<String>(entry, "file") {
            Some(file) => format!("{who} began a rehearsal of “{file}”."),
            None => format!("{who} began a rehearsal."),
        },
        "rehearsal.drafted" => "All questions of a rehearsal are drafted.".to_owned(),
        "rehearsal.judged" => format!("{who} judged an answer of a rehearsal."),
        "rehearsal.undone" => format!("{who} took a verdict of a rehearsal back."),
        "rehearsal.ended" => format!("{who} ended a rehearsal."),
        "rehearsal.removed" => format!("{who} removed a rehearsal."),
        "check.leased" => format!("{who} opened or left a quality check."),
        "check.judged" => format!("{who} judged a quality check."),
        "report.made" => format!("{who} made a report."),
        "report.sent" => format!("{who} sent a report."),
        "report.linked" => format!("{who} made a link to a report."),
        "report.unlinked" => format!("{who} took a link to a report back."),
        "report.settings_changed" => format!("{who} changed the settings of reports."),
        "report.logo_changed" => format!("{who} changed the logo of reports."),
        "mail.sent" => "The mail server accepted an e-mail.".to_owned(),
        "mail.failed" => "An e-mail could not be sent.".to_owned(),
        "mail.retried" => format!("{who} had an e-mail sent again."),
        "webhook.delivered" => "A webhook was delivered.".to_owned(),
        "webhook.failed" if has("switched_off") => {
            "A webhook's receiver said that it is gone: nothing is sent to it any more.".to_owned()
        }
        "webhook.failed" => "A webhook could not be delivered.".to_owned(),
        "webhook.retried" => format!("{who} had a webhook delivered again."),
        "webhook.tested" => format!("{who} sent a webhook to try its receiver."),
        "webhook.subscribed" => format!("{who} has an address told what happens."),
        "webhook.subscription_changed" => match content::<String>(entry, "state").as_deref() {
            Some("paused") => format!("{who} paused or changed what an address is told."),
            _ => format!("{who} resumed or changed what an address is told."),
        },
        "webhook.unsubscribed" => format!("{who} has an address told nothing more."),
        "webhook.replayed" => format!("{who} had what happened before sent to a webhook again."),
        "webhook.secret_changed" => format!("{who} changed what webhooks are signed with."),
        "action.executed" if has("lead") => format!("{visitor} is to be called back."),
        "action.executed" if has("lead_again") => format!("{visitor} asked once more to be called back."),
        kind if kind.starts_with("action.") => action(entry, &who),
        "tool.defined" => format!("{who} defined {}.", tool(entry)),
        "tool.removed" => format!("{who} removed {}.", tool(entry)),
        "secret.changed" => format!("{who} set {}.", secret(entry)),
        "secret.removed" => format!("{who} removed {}.", secret(entry)),
        "agent.braked" => match content::<String>(entry, "name") {
            Some(name) => format!("The agent {name} asks for more approvals than people can look at, and was refused."),
            None => "An agent asks for more approvals than people can look at, and was refused.".to_owned(),
        },
        "goal.changed" | "conversion.recorded" | "conversion.confirmed" | "conversion.flooded" | "lead.changed" => {
            engage(entry, &who, &visitor, names)
        }
        // An entry of a newer version is still an entry.
        kind => format!("{who}: {kind}."),
    }
}

fn correction_applied(entry: &EntryView, who: &str) -> String {
    let mut led = Vec::new();
    if entry.refs.contains_key("candidate") {
        led.push("a change is tried");
    }
    if entry.refs.contains_key("regression_question") {
        led.push("the question must stay answered so");
    }
    if led.is_empty() {
        return format!("{who} said why a draft had to be edited.");
    }
    format!("{who} said what follows from an edit: {}.", led.join(", and "))
}

fn candidate_replayed(entry: &EntryView) -> String {
    let count = |name: &str| entry.refs.get(name).map_or("0", String::as_str);
    let (tried, better, worse) = (count("tried"), count("better"), count("worse"));
    format!("A change was tried on {tried} questions: {better} better, {worse} worse.")
}

fn comparison_judged(entry: &EntryView, who: &str) -> String {
    let said = |name: &str| entry.refs.get(name).map(String::as_str);
    match (said("without"), said("with")) {
        (Some(without), Some(with)) => {
            format!("{who} judged two answers blind: without the change {without}, with it {with}.")
        }
        _ => format!("{who} could not judge two answers blind."),
    }
}

/// An answer that no person checked is marked as such, with whoever is responsible for it.
fn by_itself(entry: &EntryView, names: &Names, visitor: &str) -> String {
    let released: Vec<HashMap<String, String>> = content(entry, "released").unwrap_or_default();
    let responsible = released.iter().filter_map(|released| {
        let (topic, by) = (released.get("topic")?, released.get("by")?);
        Some(format!("{} released “{topic}”", names.member(by)))
    });
    let responsible: Vec<String> = responsible.collect();
    if responsible.is_empty() {
        format!("The AI answered {visitor} by itself, as the gate allows.")
    } else {
        let responsible = responsible.join(" and ");
        format!("The AI answered {visitor} by itself: {responsible} without a certificate.")
    }
}

fn gate_closed(entry: &EntryView) -> &'static str {
    match content::<Ended>(entry, "because") {
        Some(because) => because.in_words(),
        None => "The gate was closed: its certificate ended.",
    }
}

fn gate_changed(entry: &EntryView, who: &str) -> String {
    let topics = |name: &str| -> Option<Vec<String>> {
        let topics: Vec<String> = content(entry, name)?;
        Some(topics.iter().map(|topic| format!("“{topic}”")).collect())
    };
    match (topics("released"), topics("closed")) {
        (Some(topics), _) => format!("{who} released {} without a certificate.", topics.join(", ")),
        (None, Some(topics)) if topics.is_empty() => format!("{who} closed the gate."),
        (None, Some(topics)) => format!("{who} closed the gate for {}.", topics.join(", ")),
        (None, None) => format!("{who} changed the gate."),
    }
}

fn kept(entry: &EntryView) -> &'static str {
    if entry.refs.contains_key("verified_answer") {
        " and became a verified answer"
    } else {
        ""
    }
}

fn decided(entry: &EntryView, who: &str, visitor: &str) -> String {
    match content::<OutcomeKind>(entry, "kind") {
        Some(OutcomeKind::Respond) => format!("{who} wrote an answer for {visitor}."),
        Some(kind @ (OutcomeKind::Approve | OutcomeKind::Edit | OutcomeKind::Reject)) => {
            format!("{who} {} the draft for {visitor}.", kind.words().to_lowercase())
        }
        _ => format!("{who} decided on the draft for {visitor}."),
    }
}

fn imported(entry: &EntryView, who: &str) -> String {
    let from = content::<String>(entry, "source")
        .map(|source| format!(" from “{source}”"))
        .unwrap_or_default();
    match entry.refs.get("documents").map(String::as_str) {
        Some("1") => format!("{who} imported one document{from}."),
        Some(count) => format!("{who} imported {count} documents{from}."),
        None => format!("{who} imported knowledge{from}."),
    }
}

/// Where the thing an entry is about is shown.
pub(super) fn href(entry: &EntryView) -> String {
    if let Some(id) = entry.refs.get("action") {
        format!("/actions/{id}")
    } else if entry.kind == "lead.changed" {
        entry
            .refs
            .get("lead")
            .map_or_else(String::new, |id| format!("/actions/leads/{id}"))
    } else if entry.kind == "goal.changed" {
        "/settings/goals".to_owned()
    } else if let Some(id) = entry.refs.get("conversation") {
        format!("/conversations/{id}")
    } else if let Some(id) = entry.refs.get("verified_answer") {
        format!("/knowledge/answers/{id}")
    } else if entry.kind.starts_with("verified_answer.") {
        "/knowledge/verified".to_owned()
    } else if entry.kind.starts_with("policy.") || entry.kind.starts_with("gate.") {
        "/settings/policy".to_owned()
    } else if ["sampling.", "statement.", "certificate.", "autonomy.", "score."]
        .iter()
        .any(|kind| entry.kind.starts_with(kind))
    {
        "/quality".to_owned()
    } else if entry.kind.starts_with("tool.") || entry.kind.starts_with("secret.") {
        "/settings/tools".to_owned()
    } else if entry.kind.starts_with("webhook.") {
        "/settings/webhooks".to_owned()
    } else if entry.kind == "agent.braked" {
        "/actions".to_owned()
    } else if entry.kind.starts_with("knowledge.") {
        "/knowledge".to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use std::collections::BTreeMap;

    fn entry(kind: &str, actor: &str, refs: &[(&str, &str)], content: serde_json::Value) -> EntryView {
        EntryView {
            seq: 1,
            at: Timestamp(0),
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            refs: refs
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
            content: Some(content),
            hash: String::new(),
        }
    }

    fn names() -> Names {
        Names(HashMap::from([("m1".to_owned(), "Mia".to_owned())]))
    }

    #[test]
    fn a_decision_names_who_decided_what_about_whom() {
        let entry = entry(
            "review.decided",
            "member:m1",
            &[("conversation", "0198-3f2a")],
            serde_json::json!({ "kind": "edit" }),
        );
        assert_eq!(sentence(&entry, &names()), "Mia edited the draft for Visitor 3f2a.");
    }

    #[test]
    fn what_becomes_of_an_action_reads_as_sentences_and_leads_to_it() {
        let refs = [("action", "a1"), ("conversation", "0198-3f2a")];
        let told = |kind: &str, actor: &str, more: serde_json::Value| {
            let mut fields = serde_json::json!({ "name": "refund_order" });
            fields
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let entry = entry(kind, actor, &refs, fields);
            assert_eq!(href(&entry), "/actions/a1");
            sentence(&entry, &names())
        };
        let nothing = || serde_json::json!({});
        assert_eq!(
            told("action.decided", "member:m1", serde_json::json!({ "type": "edit" })),
            "Mia approved “refund_order” with other arguments."
        );
        assert_eq!(
            told("action.proposed", "system", serde_json::json!({ "asked_by": "Otto" })),
            "Otto asks for “refund_order”; it waits for a person."
        );
        assert_eq!(told("action.executed", "system", nothing()), "“refund_order” was done.");
        let mut erased = entry("action.executed", "system", &refs, nothing());
        erased.content = None;
        assert_eq!(sentence(&erased, &names()), "An action was done.");
        let braked = entry("agent.braked", "system", &[], serde_json::json!({ "name": "Otto" }));
        assert!(sentence(&braked, &names()).starts_with("The agent Otto asks for more"));
    }

    #[test]
    fn a_conversation_taken_from_somebody_who_is_gone_says_so() {
        let refs = [("conversation", "0198-3f2a"), ("member", "m1")];
        let entry = entry("conversation.handed_off", "system", &refs, serde_json::json!({}));
        let told = "Visitor 3f2a waits for somebody else: Mia did not answer and is not there.";
        assert_eq!(sentence(&entry, &names()), told);
    }

    #[test]
    fn an_entry_whose_content_was_erased_still_has_a_sentence() {
        let mut erased = entry(
            "review.requested",
            "ai",
            &[("conversation", "0198-3f2a")],
            serde_json::Value::Null,
        );
        erased.content = None;
        assert_eq!(sentence(&erased, &names()), "A draft for Visitor 3f2a was held.");
    }

    #[test]
    fn somebody_who_left_and_a_kind_of_a_newer_version_are_named_all_the_same() {
        let entry = entry("moon.risen", "member:gone", &[], serde_json::json!({}));
        assert_eq!(sentence(&entry, &names()), "A former colleague: moon.risen.");
    }
}
