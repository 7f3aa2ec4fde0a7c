//! People say of each rehearsed answer whether it could have gone out. None of it is evidence.

use super::show::{Progress, progress};
use super::{App, AppError, Caller};
use crate::app::checks::{LineView, SourceView};
use crate::domain::account::Scope;
use crate::domain::ids::{RehearsalCaseId, RehearsalId};
use crate::domain::log::EventKind;
use crate::domain::rehearsal::{RehearsalState, RehearsalVerdict};
use crate::domain::text::Note;
use crate::store::entity::rehearsal_case;
use crate::store::{Change, LogDraft, Rows};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a person says of a rehearsed answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Could it have gone out?
    pub verdict: RehearsalVerdict,
    /// What should be said or mended.
    #[serde(default)]
    pub note: Option<String>,
}

/// A rehearsed answer as it is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// Its id.
    pub id: RehearsalCaseId,
    /// The question.
    pub question: String,
    /// What was said before, oldest first.
    pub conversation: Vec<LineView>,
    /// What a person answered then, if it is known.
    pub answer: Option<String>,
    /// What the AI would have answered.
    pub text: String,
    /// What that rests on, the best first.
    pub sources: Vec<SourceView>,
}

impl CaseView {
    fn of(row: rehearsal_case::Model) -> Self {
        let (text, sources) = row
            .draft
            .map(|draft| (draft.0.text, draft.0.sources))
            .unwrap_or_default();
        let source = |source: crate::domain::draft::Source| SourceView {
            title: source.title,
            text: source.text,
            quoted: source.quoted,
        };
        let line = |line: crate::domain::rehearsal::Line| LineView {
            author: line.author,
            text: line.text,
        };
        Self {
            id: row.id,
            question: row.question,
            conversation: row.history.0.into_iter().map(line).collect(),
            answer: row.answer,
            text,
            sources: sources.into_iter().map(source).collect(),
        }
    }
}

/// What is judged next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextCase {
    /// The answer; none while none is there to be judged.
    pub case: Option<CaseView>,
    /// How far the rehearsal is.
    pub progress: Progress,
}

/// The next answer that nobody has judged. Two people who judge at the same time see the same one; the first verdict counts.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn next(app: &App, caller: &Caller, id: RehearsalId) -> Result<NextCase, AppError> {
    caller.require(Scope::Review)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.rehearsal(id).await?.ok_or(AppError::NotFound("the rehearsal"))?;
    let case = match row.state {
        RehearsalState::Ended => None,
        _ => rows.next_rehearsed(id).await?,
    };
    Ok(NextCase {
        case: case.map(CaseView::of),
        progress: progress(app, &rows, &row).await?,
    })
}

/// Keeps a verdict.
///
/// # Errors
/// [`AppError::Conflict`] when it was judged already or the rehearsal has ended, [`AppError::NotFound`] also for what is not
/// drafted or would not have been said, [`AppError::Text`], [`AppError::Forbidden`], [`AppError::NoMember`] or the store's.
pub async fn judge(app: &App, caller: &Caller, id: RehearsalCaseId, judged: Judged) -> Result<Progress, AppError> {
    caller.require(Scope::Review)?;
    let member = caller.member()?;
    let note = judged.note.filter(|note| !note.trim().is_empty());
    let note = note.map(|note| Note::parse(&note)).transpose()?.map(String::from);
    let (verdict, actor, now) = (judged.verdict, caller.actor(), app.now());
    let rehearsal_id = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let note = note.clone();
            Box::pin(async move {
                let unknown = AppError::NotFound("the rehearsed answer");
                let Some(case) = tx
                    .rehearsal_case(id)
                    .await?
                    .filter(|case| case.is_silent == Some(false))
                else {
                    return Err(unknown);
                };
                open(tx, case.rehearsal_id).await?;
                if case.verdict.is_some() {
                    return Err(refused(
                        "somebody has judged this answer already; go on with the next one",
                    ));
                }
                let entry = LogDraft::new(EventKind::RehearsalJudged, actor)
                    .about("rehearsal", case.rehearsal_id)
                    .about("case", id)
                    .with("verdict", verdict.as_str())
                    .with("note", note.clone());
                let rehearsal_id = case.rehearsal_id;
                tx.update(rehearsal_case::Model {
                    verdict: Some(verdict),
                    note,
                    member_id: Some(member),
                    judged_at: Some(now),
                    ..case
                })
                .await?;
                Ok::<_, AppError>(Change::Logged(rehearsal_id, entry))
            })
        })
        .await?;
    of(app, caller, rehearsal_id).await
}

/// Takes the asker's last verdict back; again, the one before.
///
/// # Errors
/// [`AppError::Conflict`] when there is none or the rehearsal has ended, [`AppError::NotFound`], [`AppError::Forbidden`],
/// [`AppError::NoMember`] or the store's.
pub async fn undo(app: &App, caller: &Caller, id: RehearsalId) -> Result<NextCase, AppError> {
    caller.require(Scope::Review)?;
    let member = caller.member()?;
    let actor = caller.actor();
    let case = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                open(tx, id).await?;
                let Some(case) = tx.last_rehearsed_by(id, member).await? else {
                    return Err(refused("there is no verdict of yours that could be taken back"));
                };
                let case = rehearsal_case::Model {
                    verdict: None,
                    note: None,
                    member_id: None,
                    judged_at: None,
                    ..case
                };
                tx.update(case.clone()).await?;
                let entry = LogDraft::new(EventKind::RehearsalUndone, actor)
                    .about("rehearsal", id)
                    .about("case", case.id);
                Ok::<_, AppError>(Change::Logged(case, entry))
            })
        })
        .await?;
    Ok(NextCase {
        case: Some(CaseView::of(case)),
        progress: of(app, caller, id).await?,
    })
}

/// Refuses what can no longer be done.
async fn open(rows: &Rows<'_>, id: RehearsalId) -> Result<(), AppError> {
    let row = rows.rehearsal(id).await?.ok_or(AppError::NotFound("the rehearsal"))?;
    if row.state == RehearsalState::Ended {
        return Err(refused("this rehearsal has ended; its verdicts stay as they are"));
    }
    Ok(())
}

async fn of(app: &App, caller: &Caller, id: RehearsalId) -> Result<Progress, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.rehearsal(id).await?.ok_or(AppError::NotFound("the rehearsal"))?;
    progress(app, &rows, &row).await
}

fn refused(sentence: &str) -> AppError {
    AppError::Conflict {
        sentence: sentence.to_owned(),
        extra: json!({}),
    }
}
