//! A reviewer's verdict on a check, and what follows from it.

use super::{Desk, lease_of, reviewer};
use crate::app::caller::Caller;
use crate::app::evidence::{self, Asked};
use crate::app::{App, AppError};
use crate::domain::evidence::CheckPurpose;
use crate::domain::evidence::check::{Consequence, consequence, is_hasty, is_held_by_other, took_ms};
use crate::domain::ids::{ItemId, MemberId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::{ReasonCode, VerdictLabel};
use crate::domain::text::Note;
use crate::domain::time::Timestamp;
use crate::store::entity::check;
use crate::store::{Change, Json, LogDraft, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a reviewer says of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Could it have gone out?
    pub label: VerdictLabel,
    /// What was wrong with a bad one.
    #[serde(default)]
    pub reasons: Vec<ReasonCode>,
    /// For colleagues.
    #[serde(default)]
    pub note: Option<String>,
}

/// A verdict was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// It came faster than the text can be read, so it counts for nothing.
    pub hasty: bool,
    /// What colleagues wrote who judged the same answer before, if this was a second opinion: told to nobody before their own verdict.
    pub notes: Vec<Said>,
}

/// What a colleague said of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Their verdict.
    pub label: VerdictLabel,
    /// Their words.
    pub note: String,
}

/// A verdict as it is kept.
#[derive(Debug, Clone)]
struct Given {
    label: VerdictLabel,
    reasons: Vec<ReasonCode>,
    note: Option<String>,
}

impl Given {
    fn of(verdict: Verdict) -> Result<Self, AppError> {
        let Verdict {
            label,
            mut reasons,
            note,
        } = verdict;
        if label != VerdictLabel::Bad && !reasons.is_empty() {
            return Err(AppError::Invalid(
                "reasons say what was wrong with a bad answer; leave them out for any other verdict".to_owned(),
            ));
        }
        reasons.sort_unstable();
        reasons.dedup();
        let note = note.filter(|note| !note.trim().is_empty());
        let note = note.map(|note| Note::parse(&note)).transpose()?.map(String::from);
        Ok(Self { label, reasons, note })
    }
}

/// The asker judges a check that they look at.
///
/// # Errors
/// [`AppError::NotFound`] for one that is not theirs to judge, [`AppError::Conflict`] when it was judged already or a colleague looks at it,
/// [`AppError::Invalid`], [`AppError::Text`], [`AppError::Forbidden`], [`AppError::NoMember`] or the store's.
pub async fn judge(app: &App, caller: &Caller, id: ItemId, verdict: Verdict) -> Result<Judged, AppError> {
    let member = reviewer(caller)?;
    let given = Given::of(verdict)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let given = given.clone();
            Box::pin(async move { judge_in(tx, id, member, actor, given, now).await })
        })
        .await
}

async fn judge_in(
    tx: &Tx<'_>,
    id: ItemId,
    member: MemberId,
    actor: Actor,
    given: Given,
    now: Timestamp,
) -> Result<Change<Judged>, AppError> {
    let unknown = AppError::NotFound("the quality check");
    let Some(row) = tx.check(id).await? else {
        return Err(unknown);
    };
    let desk = Desk::of(tx, member, now).await?;
    let judged = tx.judged_checks_of(&[row.draft_id]).await?;
    if row.closed_at.is_some() {
        return Err(refused(
            "this quality check was judged already; go on with the next one",
        ));
    }
    if !desk.is_for(&row, &judged) {
        return Err(unknown);
    }
    if row.leased_by != Some(member) {
        return Err(refused(if is_held_by_other(lease_of(&row), member, now) {
            "a colleague is looking at this quality check; go on with the next one"
        } else {
            "you were away for long, so this quality check was given back; ask for the next one"
        }));
    }
    let draft = tx.draft(row.draft_id).await?.ok_or(AppError::NotFound("the draft"))?;
    let took_ms = took_ms(row.shown_at, now);
    let hasty = is_hasty(took_ms, draft.body.chars().count());
    let could_not_judge = judged.iter().any(|other| {
        other.draft_id == row.draft_id
            && other.purpose == row.purpose
            && other.label == Some(VerdictLabel::CannotJudge)
            && !other.is_hasty
    });
    let notes = if row.purpose == CheckPurpose::Second && !hasty {
        notes_on(&judged, &row, member)
    } else {
        Vec::new()
    };
    tx.update(check::Model {
        leased_by: None,
        leased_until: None,
        label: Some(given.label),
        reasons: Json(given.reasons.clone()),
        note: given.note.clone(),
        member_id: Some(member),
        took_ms,
        is_hasty: hasty,
        closed_at: Some(now),
        ..row.clone()
    })
    .await?;
    match consequence(row.purpose, given.label, hasty, could_not_judge) {
        Consequence::Evidence(label) => count(tx, &row, label, member, now).await?,
        Consequence::Second(label) => evidence::judged_again(tx, row.draft_id, label, now).await?,
        Consequence::AskAgain => {
            // At its own place: those before it are judged.
            let asked = Asked {
                place: row.place,
                for_member: None,
                not_for_member: row.not_for_member,
            };
            evidence::put(tx, row.draft_id, row.purpose, asked, asked_at(&row, now)).await?;
        }
        Consequence::Reviewer => {}
    }
    // Nothing here says which draft: until all are judged that would tell why others are asked about it.
    let entry = LogDraft::new(EventKind::CheckJudged, actor)
        .about("check", id)
        .with("label", serde_json::to_value(given.label).unwrap_or_default())
        .with("reasons", serde_json::to_value(&given.reasons).unwrap_or_default())
        // The words stay with the check: here whoever is asked next would read them first.
        .with("has_note", given.note.is_some())
        .with("hasty", hasty);
    Ok(Change::Logged(Judged { hasty, notes }, entry))
}

/// The words of colleagues whose verdict this is a second opinion on.
fn notes_on(judged: &[check::Model], row: &check::Model, member: MemberId) -> Vec<Said> {
    let counts = |other: &&check::Model| {
        other.draft_id == row.draft_id
            && other.purpose.evidence().is_some()
            && other.member_id != Some(member)
            && !other.is_hasty
    };
    let words = judged.iter().filter(counts);
    words
        .filter_map(|other| {
            Some(Said {
                label: other.label?,
                note: other.note.clone()?,
            })
        })
        .collect()
}

/// When the question was put: a second opinion that is asked for again is still about the same verdict.
fn asked_at(row: &check::Model, now: Timestamp) -> Timestamp {
    match row.purpose {
        CheckPurpose::Second => row.created_at,
        _ => now,
    }
}

/// Keeps a verdict as evidence, and asks for a second opinion where one is due.
async fn count(
    tx: &Tx<'_>,
    row: &check::Model,
    label: VerdictLabel,
    member: MemberId,
    now: Timestamp,
) -> Result<(), AppError> {
    let (Some(by), Some(known)) = (row.purpose.evidence(), tx.evidence(row.draft_id).await?) else {
        return Ok(());
    };
    if known.label.is_some() {
        return Ok(());
    }
    evidence::judged(tx, row.draft_id, (label, by), Some(member), now).await
}

fn refused(sentence: &str) -> AppError {
    AppError::Conflict {
        sentence: sentence.to_owned(),
        extra: json!({}),
    }
}
