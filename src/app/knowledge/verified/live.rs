//! One change that goes live at once, and a reviewer's correction that is kept.

use super::rules::needs_second_person;
use crate::app::improve::{self, Recorded};
use crate::app::knowledge::change::{Prepared, Source, apply};
use crate::app::knowledge::index::changed;
use crate::app::ledger::Ledger;
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::answer::overlap;
use crate::domain::ids::{CandidateId, ConversationId, DocumentId, MemberId, OutcomeId, VerifiedAnswerId};
use crate::domain::improve::answer::{AnswerDetails, MOST_SOURCES};
use crate::domain::improve::candidate::{Change, Origin};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::outcome;
use crate::store::{Change as Written, LogDraft, Rows, Tx};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// So long a corrected answer waits for the regression set before it goes out.
const ASKED_WITHIN: Duration = Duration::from_secs(2);

/// Share of a correction's words that a source of the draft has to have before the correction is taken to rest on it, too.
const RESTS_FROM: f64 = 0.3;

/// A correction about to be kept, with its vectors.
#[derive(Debug, Clone)]
pub(in crate::app) struct Remembered {
    /// The outcome it comes from.
    pub(in crate::app) outcome_id: OutcomeId,
    id: VerifiedAnswerId,
    candidate_id: CandidateId,
    conversation_id: ConversationId,
    change: Change,
    title: String,
    prepared: Prepared,
    /// Questions of the regression set that it would break: then it waits for somebody to say why it goes live all the same.
    breaks: u64,
}

impl Remembered {
    /// Takes the turn's question and the reviewer's text, embeds them, and asks the regression set first. Without an engine a job does the former
    /// later, and nothing is known of the latter.
    pub(in crate::app) async fn prepare(
        app: &App,
        rows: &Rows<'_>,
        ledger: &Ledger,
        outcome: &outcome::Model,
    ) -> Result<Self, AppError> {
        let asked = match &ledger.turn {
            Some(turn) => rows.visitor_messages(turn.id).await?,
            None => Vec::new(),
        };
        let question = asked
            .iter()
            .map(|message| message.body.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        let id = VerifiedAnswerId::new(&*app.sources().ids);
        let title = title_of(&question);
        let answer = outcome.body.clone().unwrap_or_default();
        let details = AnswerDetails {
            documents: rests_on(rows, outcome, &answer).await?,
            ..AnswerDetails::default()
        };
        let change = Change::AddAnswer {
            id,
            question,
            answer,
            details: Box::new(details),
        };
        let changes = std::slice::from_ref(&change);
        Ok(Self {
            outcome_id: outcome.id,
            id,
            candidate_id: CandidateId::new(&*app.sources().ids),
            conversation_id: ledger.conversation.id,
            title,
            prepared: Prepared::of(app, rows.workspace_id(), changes, Priority::Live).await,
            breaks: breaks_soon(app, rows, changes).await?,
            change,
        })
    }

    /// What it is published as.
    pub(in crate::app) const fn candidate_id(&self) -> CandidateId {
        self.candidate_id
    }

    /// Writes it, inside the transaction that makes the outcome final. None if it waits for somebody to publish it.
    pub(in crate::app) async fn write(
        &self,
        tx: &Tx<'_>,
        member_id: MemberId,
        now: Timestamp,
    ) -> Result<Option<VerifiedAnswerId>, AppError> {
        let changes = std::slice::from_ref(&self.change);
        let named = (self.candidate_id, self.title.clone());
        let by = Some(member_id);
        if self.breaks > 0 || needs_second_person(tx).await? {
            improve::proposed(tx, named, Origin::Correction, by, changes, Vec::new(), now).await?;
            return Ok(None);
        }
        let of = Source {
            author: by,
            conversation: Some(self.conversation_id),
            outcome: Some(self.outcome_id),
            by,
            imports: false,
        };
        let inverse = apply(tx, &self.change, of, &self.prepared, now).await?;
        // Questions like this one have another answer from now on: what was said of the former one is compared.
        evidence::published(tx, now).await?;
        let made = Recorded {
            id: self.candidate_id,
            reason: None,
            run: None,
            title: self.title.clone(),
            origin: Origin::Correction,
            member_id: by,
            changes: vec![(self.change.clone(), inverse)],
        };
        improve::record(tx, made, now).await?;
        Ok(Some(self.id))
    }
}

/// Of the documents that the corrected draft rests on those that say something like the correction. None where the draft rests on nothing that could
/// be chosen from: then they are looked for.
async fn rests_on(
    rows: &Rows<'_>,
    outcome: &outcome::Model,
    answer: &str,
) -> Result<Option<Vec<DocumentId>>, AppError> {
    let Some(draft) = outcome.draft_id else { return Ok(None) };
    let Some(draft) = rows.draft(draft).await? else {
        return Ok(None);
    };
    let mut named: Vec<DocumentId> = Vec::new();
    for source in draft.sources.0 {
        if let Some(document) = source
            .document_id
            .filter(|_| overlap(answer, &source.text) >= RESTS_FROM)
        {
            named.push(document);
        }
        // What a former verified answer rests on, the one that corrects it may rest on, too.
        if let Some(former) = source.verified_answer_id {
            let sources = rows.sources_of_answer(former).await?.into_iter();
            named.extend(sources.map(|source| source.document_id));
        }
    }
    named.sort_unstable();
    named.dedup();
    named.truncate(MOST_SOURCES);
    Ok((!named.is_empty()).then_some(named))
}

/// Without an engine nobody can tell, and a correction is not kept back for that.
pub(in crate::app) async fn breaks(app: &App, rows: &Rows<'_>, changes: &[Change]) -> Result<u64, AppError> {
    match improve::breaks(app, rows, changes).await {
        Err(AppError::Engine(why)) => {
            tracing::warn!("the regression set could not be asked ({why}); it is asked afterwards");
            Ok(0)
        }
        found => found,
    }
}

/// As far as it can be told in the moment that a visitor waits for: what takes longer is asked afterwards.
async fn breaks_soon(app: &App, rows: &Rows<'_>, changes: &[Change]) -> Result<u64, AppError> {
    match tokio::time::timeout(ASKED_WITHIN, breaks(app, rows, changes)).await {
        Ok(found) => found,
        Err(_elapsed) => {
            tracing::warn!("the regression set takes too long for a correction to wait for it; it is asked afterwards");
            Ok(0)
        }
    }
}

/// A question in the few words that a list has room for.
pub(in crate::app) fn title_of(question: &str) -> String {
    const MOST: usize = 80;
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST - 1).chain(['…']).collect()
}

/// Notes which verified answers a candidate concerns, as far as they are there.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn note_history<'c>(
    tx: &Tx<'_>,
    candidate: CandidateId,
    changes: impl Iterator<Item = &'c Change>,
) -> Result<(), AppError> {
    for change in changes {
        let named = match change {
            Change::AddAnswer { id, details, .. } => [Some(*id), details.replaces],
            Change::RestoreAnswer { id } | Change::RetireAnswer { id } => [Some(*id), None],
            _ => continue,
        };
        for id in named.into_iter().flatten() {
            if tx.verified_answer(id).await?.is_some() {
                tx.note_candidate(id, candidate).await?;
            }
        }
    }
    Ok(())
}

/// Whether what an answer is to take the place of is still in use: two people who change the same answer at once would leave two of them.
///
/// # Errors
/// A conflict; or the store's.
pub(in crate::app) async fn is_still_there(rows: &Rows<'_>, change: &Change) -> Result<(), AppError> {
    let Change::AddAnswer { details, .. } = change else {
        return Ok(());
    };
    let Some(replaced) = details.replaces else {
        return Ok(());
    };
    match rows
        .verified_answer(replaced)
        .await?
        .filter(|row| row.retired_at.is_some())
    {
        Some(row) => Err(AppError::Conflict {
            sentence: format!(
                "somebody has changed or retired the answer to “{}” since this change of it was begun; look at what it says now, and change that",
                title_of(&row.question)
            ),
            extra: json!({ "verified_answer": replaced }),
        }),
        None => Ok(()),
    }
}

/// Makes one change live at once: the regression set is asked first, everything else afterwards. What would break one of its questions becomes a
/// candidate instead, and waits for somebody to say why. So does a verified answer where that needs a second person: then its candidate comes back.
pub(in crate::app::knowledge) async fn go_live(
    app: &App,
    caller: &Caller,
    (change, title): (Change, String),
    (kind, what, id): (EventKind, &'static str, Uuid),
    member_id: Option<MemberId>,
) -> Result<Option<CandidateId>, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let changes = std::slice::from_ref(&change);
    let worse = breaks(app, &rows, changes).await?;
    let prepared = Prepared::of(app, caller.workspace_id, changes, Priority::Live).await;
    let candidate_id = CandidateId::new(&*app.sources().ids);
    let (now, actor) = (app.now(), caller.actor());
    let waits = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (change, title, prepared) = (change.clone(), title.clone(), prepared.clone());
            Box::pin(async move {
                is_still_there(tx, &change).await?;
                let waits = change.is_of_answer() && needs_second_person(tx).await?;
                if worse > 0 || waits {
                    let named = (candidate_id, title);
                    let changes = std::slice::from_ref(&change);
                    improve::proposed(tx, named, Origin::Person, member_id, changes, Vec::new(), now).await?;
                    let entry = LogDraft::new(EventKind::CandidateProposed, actor).about("candidate", candidate_id);
                    return Ok::<_, AppError>(Written::Logged(waits, entry));
                }
                let of = Source {
                    author: member_id,
                    ..Source::default()
                };
                let inverse = apply(tx, &change, of, &prepared, now).await?;
                if inverse.is_empty() {
                    return Err(AppError::NotFound("what is to be changed"));
                }
                evidence::published(tx, now).await?;
                let made = Recorded {
                    id: candidate_id,
                    reason: None,
                    run: None,
                    title,
                    origin: Origin::Person,
                    member_id,
                    changes: vec![(change, inverse)],
                };
                improve::record(tx, made, now).await?;
                let entry = LogDraft::new(kind, actor)
                    .about(what, id)
                    .about("candidate", candidate_id);
                Ok(Written::Logged(false, entry))
            })
        })
        .await?;
    changed(app, caller.workspace_id);
    if worse > 0 {
        return Err(AppError::Conflict {
            sentence: format!(
                "it would answer {worse} of the questions worse that must stay answered; it waits on the page Improve for somebody to say why it is right"
            ),
            extra: json!({ "candidate": candidate_id, "worse": worse }),
        });
    }
    Ok(waits.then_some(candidate_id))
}
