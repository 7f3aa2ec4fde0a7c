//! Notices which questions were not answered, or badly.
//!
//! The log says which conversations to look at: its numbers are gapless and committed in order, so nothing is missed and nothing has to be
//! remembered but the last one. How a question went is read from its rows as they are now.

use super::placing;
use crate::app::{App, AppError};
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{ConversationId, TurnId, VisitorId, WorkspaceId};
use crate::domain::improve::gap::{Asked, Cause, Decided, QUESTION_CHARS};
use crate::domain::log::Entry;
use crate::domain::policy::Reason;
use crate::domain::review::OutcomeKind;
use crate::domain::screening::{Flag, mask};
use crate::domain::turn::TurnState;
use crate::store::entity::{draft, gap, gap_question, outcome, review_item, turn};
use crate::store::{Change, OutcomeStatus, Rows, Tx};
use std::collections::BTreeSet;

/// Entries of the log that are read at once.
const PAGE: u64 = 64;
/// Kinds of entries after which no question stands otherwise than before.
const IDLE: [&str; 4] = [
    "message.delivered",
    "review.leased",
    "conversation.created",
    "conversation.rated",
];

/// What is known of a conversation's questions.
#[derive(Debug, Clone)]
struct Looked {
    conversation_id: ConversationId,
    visitor_id: VisitorId,
    /// Those that belong to a gap.
    found: Vec<Found>,
}

/// A question that belongs to a gap.
#[derive(Debug, Clone)]
struct Found {
    turn: turn::Model,
    draft: Option<draft::Model>,
    /// With which a person answered.
    answer: Option<outcome::Model>,
    question: String,
    cause: Cause,
}

/// Reads the log from where it was left, and keeps what it finds page by page.
pub(super) async fn notice(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    loop {
        let read = rows.gap_watch().await?.map_or(0, |watch| watch.seq);
        let entries = rows.log_after(read, PAGE).await?;
        let Some(last) = entries.last().map(|entry| entry.header.seq) else {
            return Ok(());
        };
        let named: BTreeSet<ConversationId> = entries.iter().filter_map(conversation_of).collect();
        let mut looked = Vec::new();
        // Whatever changes while this reads has an entry that is read later.
        for id in named {
            looked.extend(look(&rows, id).await?);
        }
        let now = app.now();
        app.store()
            .write(workspace_id, move |tx| {
                let looked = looked.clone();
                Box::pin(async move {
                    for conversation in &looked {
                        keep(tx, conversation, now).await?;
                    }
                    tx.watch_gaps_from(last).await?;
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
}

fn conversation_of(entry: &Entry) -> Option<ConversationId> {
    let header = &entry.header;
    let is_of_visitor = header.kind == "message.created" && header.actor.starts_with("visitor:");
    if is_of_visitor || IDLE.contains(&header.kind.as_str()) {
        return None;
    }
    header.refs.get("conversation")?.parse().ok()
}

async fn look(rows: &Rows<'_>, id: ConversationId) -> Result<Option<Looked>, AppError> {
    let Some(conversation) = rows.conversation(id).await? else {
        return Ok(None);
    };
    let turns = rows.turns_of(id).await?;
    let ids: Vec<TurnId> = turns.iter().map(|turn| turn.id).collect();
    let drafts = rows.drafts_of_turns(&ids).await?;
    let items = rows.items_of(id).await?;
    let mut found = Vec::new();
    for turn in turns {
        // As long as the AI may still answer, nothing is known.
        let is_over = matches!(turn.state, TurnState::Waiting | TurnState::Answered);
        if !is_over && conversation.closed_at.is_none() {
            continue;
        }
        let of_turn = drafts.iter().filter(|draft| draft.turn_id == turn.id);
        let draft = of_turn.max_by_key(|draft| (draft.revision, draft.id));
        let items: Vec<&review_item::Model> = items.iter().filter(|item| item.turn_id == turn.id).collect();
        found.extend(asked(rows, turn, draft, &items, conversation.spam.is_some()).await?);
    }
    Ok(Some(Looked {
        conversation_id: id,
        visitor_id: conversation.visitor_id,
        found,
    }))
}

/// How a question went, and whether it belongs to a gap.
async fn asked(
    rows: &Rows<'_>,
    turn: turn::Model,
    draft: Option<&draft::Model>,
    items: &[&review_item::Model],
    is_spam: bool,
) -> Result<Option<Found>, AppError> {
    let mut outcomes: Vec<(&review_item::Model, outcome::Model)> = Vec::new();
    for item in items {
        let of_item = rows.outcomes_of(item.id).await?.into_iter();
        let is_final = of_item.filter(|outcome| outcome.state == OutcomeStatus::Final);
        outcomes.extend(is_final.map(|outcome| (*item, outcome)));
    }
    let reasons = match draft {
        Some(draft) => rows.decision_of(draft.id).await?.map(|decision| decision.reasons.0),
        None => items.last().map(|item| item.reasons.0.clone()),
    };
    let reasons = reasons.unwrap_or_default();
    let question = match draft {
        Some(draft) => draft.question.clone(),
        None => {
            let said = rows.visitor_messages(turn.id).await?;
            let said: Vec<&str> = said.iter().map(|message| message.body.as_str()).collect();
            said.join("\n")
        }
    };
    // A verdict is about one draft; what another one of the turn was found to be says nothing of this one.
    let of_draft = |outcome: &outcome::Model| outcome.draft_id == draft.map(|draft| draft.id);
    let decided: Vec<Decided<'_>> = outcomes
        .iter()
        .map(|(item, outcome)| Decided {
            item: item.kind,
            kind: outcome.kind,
            verdict: outcome.verdict.filter(|_| of_draft(outcome)),
            reasons: &outcome.reasons.0,
        })
        .collect();
    let screening = draft.map(|draft| &draft.screening.0);
    let called = items
        .iter()
        .any(|item| item.reasons.0.contains(&Reason::CustomerRequest));
    let how = Asked {
        question: &question,
        is_abuse: is_spam || screening.is_some_and(|screening| screening.has(Flag::InjectionInQuestion)),
        wants_person: called || screening.is_some_and(|screening| screening.wishes_for_person),
        lacks_knowledge: draft.is_none_or(|draft| draft.mode == AnswerMode::Abstain)
            && reasons.contains(&Reason::MissingKnowledge),
        decided: &decided,
    };
    let Some(cause) = how.cause() else {
        return Ok(None);
    };
    let mut answers = outcomes.into_iter().map(|(_, outcome)| outcome);
    let answer = answers.rfind(|outcome| matches!(outcome.kind, OutcomeKind::Edit | OutcomeKind::Respond));
    let masked: String = mask(&question).chars().take(QUESTION_CHARS).collect();
    Ok(Some(Found {
        turn,
        draft: draft.cloned(),
        answer,
        question: masked.trim().to_owned(),
        cause,
    }))
}

/// Brings the rows in step with what was found. A question that is in a gap stays there in the words in which it was noticed.
async fn keep(tx: &Tx<'_>, looked: &Looked, now: crate::domain::time::Timestamp) -> Result<(), AppError> {
    let known = tx.gap_questions_of(looked.conversation_id).await?;
    for gone in &known {
        if !looked.found.iter().any(|found| found.turn.id == gone.turn_id) {
            placing::take_out(tx, gone).await?;
        }
    }
    for found in &looked.found {
        let draft_id = found.draft.as_ref().map(|draft| draft.id);
        let outcome_id = found.answer.as_ref().map(|outcome| outcome.id);
        let Some(row) = known.iter().find(|row| row.turn_id == found.turn.id) else {
            tx.put_gap_question(gap_question::Model {
                turn_id: found.turn.id,
                workspace_id: tx.workspace_id(),
                gap_id: None,
                conversation_id: looked.conversation_id,
                visitor_id: looked.visitor_id,
                draft_id,
                outcome_id,
                question: found.question.clone(),
                cause: found.cause,
                embedder: None,
                vector: None,
                asked_at: found.turn.opened_at,
                created_at: now,
            })
            .await?;
            continue;
        };
        let now = gap_question::Model {
            draft_id,
            outcome_id,
            cause: found.cause,
            ..row.clone()
        };
        if now != *row {
            tx.update(now).await?;
        }
        // Somebody may have written what answers it.
        if let Some(gap_id) = row.gap_id
            && let Some(gap) = tx.gap(gap_id).await?
        {
            tx.update(gap::Model { is_moved: true, ..gap }).await?;
        }
    }
    Ok(())
}
