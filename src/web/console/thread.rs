//! One conversation as a thread: messages in committed order, and between them the drafts that never went out and the
//! changes of owner.

use super::compare::taken_out;
use super::queue::author_name;
use super::sentences::{Names, owner_change};
use super::view::{DraftTrace, Marked, Moment, ThreadEntry, ThreadMessage, Words};
use super::{sentence, visitor_name};
use crate::app::conversations::{ConversationView, DraftHistory, ItemHistory};
use crate::app::desk::Backdrop;
use crate::app::review::OutcomeView;
use crate::app::views::MessageView;
use crate::domain::answer::AnswerMode;
use crate::domain::conversation::Author;
use crate::domain::review::{OutcomeKind, VerdictLabel};
use crate::domain::time::Timestamp;
use crate::store::{ItemStatus, NoteKind, OutcomeStatus};
use jiff::tz::TimeZone;
use std::fmt::Write as _;

/// The item of a conversation that can be decided now.
pub(super) fn open_item(conversation: &ConversationView) -> Option<String> {
    let open = conversation.items.iter().find(|item| item.state == ItemStatus::Open);
    open.map(|item| item.id.to_string())
}

/// The thread.
pub(super) fn of(
    zone: &TimeZone,
    conversation: &ConversationView,
    backdrop: &Backdrop,
    names: &Names,
    may_correct: bool,
) -> Vec<ThreadEntry> {
    let thread = Thread {
        zone,
        conversation,
        backdrop,
        may_correct,
    };
    let mut between = thread.unsent_drafts();
    between.extend(backdrop.owner_changes.iter().filter_map(|entry| {
        let text = owner_change(entry, names)?;
        Some((
            entry.at,
            ThreadEntry::Event {
                text,
                at: Moment::at(entry.at.0, zone),
            },
        ))
    }));
    between.extend(conversation.notes.iter().map(|note| {
        let entry = ThreadEntry::Note {
            name: note.name.clone(),
            text: note.text.clone(),
            at: Moment::at(note.at.0, zone),
            for_ai: note.kind == NoteKind::HandBack,
        };
        (note.at, entry)
    }));
    between.sort_by_key(|&(at, _)| at);

    let mut between = between.into_iter().peekable();
    let mut entries = Vec::new();
    for message in &conversation.transcript {
        while let Some((_, entry)) = between.next_if(|&(at, _)| at < message.at) {
            entries.push(entry);
        }
        entries.push(ThreadEntry::Message(Box::new(thread.message(message))));
    }
    entries.extend(between.map(|(_, entry)| entry));
    entries
}

struct Thread<'a> {
    zone: &'a TimeZone,
    conversation: &'a ConversationView,
    backdrop: &'a Backdrop,
    /// Whoever looks may change what the AI knows.
    may_correct: bool,
}

impl Thread<'_> {
    fn moment(&self, at: Timestamp) -> Moment {
        Moment::at(at.0, self.zone)
    }

    fn message(&self, message: &MessageView) -> ThreadMessage {
        let summary = &self.conversation.summary;
        let was_shown = message.author != Author::Visitor && message.seq <= summary.delivered_seq;
        ThreadMessage {
            seq: message.seq,
            author: message.author,
            name: author_name(message, &visitor_name(&summary.id), &self.backdrop.agent),
            text: message.text.clone(),
            at: self.moment(message.at),
            delivered: was_shown.then(|| self.moment(message.at)),
            trace: self.behind(message).map(Box::new),
        }
    }

    /// What stands behind a message: the draft that became it, or the one that a person answered instead of.
    fn behind(&self, message: &MessageView) -> Option<DraftTrace> {
        let drafts = &self.conversation.drafts;
        if let Some(draft) = drafts.iter().find(|draft| draft.message_seq == Some(message.seq)) {
            return Some(self.trace(draft, Some(&message.text)));
        }
        let answered = self.conversation.items.iter().find(|item| {
            standing(item).is_some_and(|outcome| {
                message.author == Author::Person && is_answer(outcome) && outcome.text.as_deref() == Some(&message.text)
            })
        })?;
        let draft = drafts.iter().find(|draft| Some(draft.draft.id) == answered.draft_id)?;
        Some(self.trace(draft, Some(&message.text)))
    }

    /// Drafts that no message came from, with the time they were made. An abstention is no text: the change of owner that
    /// followed tells it.
    fn unsent_drafts(&self) -> Vec<(Timestamp, ThreadEntry)> {
        let unsent = self.conversation.drafts.iter().filter(|history| {
            let was_answered_instead = self.item_of(history).and_then(standing).is_some_and(is_answer);
            history.draft.mode != AnswerMode::Abstain && history.message_seq.is_none() && !was_answered_instead
        });
        unsent
            .map(|history| {
                (
                    history.draft.created_at,
                    ThreadEntry::Draft(Box::new(self.trace(history, None))),
                )
            })
            .collect()
    }

    fn item_of(&self, history: &DraftHistory) -> Option<&ItemHistory> {
        self.conversation
            .items
            .iter()
            .find(|item| item.draft_id == Some(history.draft.id))
    }

    fn trace(&self, history: &DraftHistory, sent: Option<&str>) -> DraftTrace {
        let draft = &history.draft;
        let item = self.item_of(history);
        let outcome = item.and_then(standing);
        let version = self.backdrop.versions.get(&draft.id).copied().unwrap_or_default();
        let changed = sent.is_some_and(|sent| sent != draft.text);
        DraftTrace {
            mode: draft.mode,
            text: match sent.filter(|_| changed) {
                Some(sent) => taken_out(&draft.text, sent),
                None => Marked::plain(&draft.text),
            },
            changed,
            agent_version: format!("{}, version {version}", self.backdrop.agent),
            reasons: history
                .decision
                .iter()
                .flat_map(|decision| &decision.reasons)
                .map(|reason| sentence(reason.in_words()))
                .chain(
                    history
                        .decision
                        .iter()
                        .flat_map(|decision| &decision.rules)
                        .map(|rule| sentence(rule)),
                )
                .collect(),
            uncertified: self.uncertified(history),
            noticed: draft.screening.in_words().into_iter().map(|(_, words)| words).collect(),
            sources: draft.sources.iter().map(|source| source.title.clone()).collect(),
            outcome: match (outcome, item) {
                (Some(outcome), _) => Some(outcome.kind),
                (None, Some(_)) => None,
                // No item ends with it: a newer draft took its place.
                (None, None) => (history.release_id.is_none()).then_some(OutcomeKind::Supersede),
            },
            decided_by: outcome.and_then(|outcome| outcome.by.clone()).unwrap_or_default(),
            decided_at: outcome.map(|outcome| self.moment(outcome.at)),
            verdict: outcome.map(verdict).unwrap_or_default(),
            release_id: history.release_id.map(|id| id.to_string()).unwrap_or_default(),
            correction: { outcome.filter(|outcome| self.may_correct && is_correction(outcome)) }
                .map(|outcome| outcome.id.to_string())
                .unwrap_or_default(),
        }
    }
}

impl Thread<'_> {
    /// Nobody checked such an answer: it is marked, with whoever is responsible.
    fn uncertified(&self, history: &DraftHistory) -> String {
        let released = history.decision.iter().flat_map(|decision| &decision.released);
        let responsible: Vec<String> = released
            .map(|released| {
                let at = self.moment(released.at);
                let (by, topic) = (&released.by, &released.topic);
                format!("{by} released “{topic}” without a certificate ({}).", at.full())
            })
            .collect();
        responsible.join(" ")
    }
}

/// The outcome of an item that was not taken back.
fn standing(item: &ItemHistory) -> Option<&OutcomeView> {
    item.outcomes
        .iter()
        .rev()
        .find(|outcome| outcome.state != OutcomeStatus::Cancelled)
}

fn is_answer(outcome: &OutcomeView) -> bool {
    outcome.kind == OutcomeKind::Respond && outcome.state == OutcomeStatus::Final
}

/// A person put it in other words.
const fn is_correction(outcome: &OutcomeView) -> bool {
    matches!(outcome.kind, OutcomeKind::Edit | OutcomeKind::Respond)
}

/// The verdict with its reasons: `Bad: wrong, tone`.
fn verdict(outcome: &OutcomeView) -> String {
    let label = match outcome.verdict {
        Some(VerdictLabel::Acceptable) => "The draft could have gone out",
        Some(VerdictLabel::Bad) => "The draft could not have gone out",
        Some(VerdictLabel::CannotJudge) => "Cannot be judged",
        None => "",
    };
    let reasons: Vec<_> = outcome
        .reasons
        .iter()
        .map(|reason| reason.words().to_lowercase())
        .collect();
    let mut words = [label, &reasons.join(", ")]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(": ");
    if let Some(note) = &outcome.note {
        let _cannot_fail = write!(words, " “{note}”");
    }
    words.trim_start().to_owned()
}
