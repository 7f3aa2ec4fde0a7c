//! What is shown of rehearsals: how far they are, and the result sheet.

use super::evidence::{percent, some};
use super::views::{Names, Page, next_page};
use super::{App, AppError, Caller, status};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{AgentId, RehearsalCaseId, RehearsalId};
use crate::domain::policy::Reason;
use crate::domain::rehearsal::{Counts, Reading, RehearsalState, RehearsalVerdict, Rehearsed, Share, Sheet, Standing};
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::{rehearsal, rehearsal_case};
use serde::Serialize;

/// How far a rehearsal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Whether it is drafted, judged or over.
    pub state: RehearsalState,
    /// How its questions stand.
    #[serde(flatten)]
    pub counts: Counts,
    /// What drafting waits for, as a clause; none while it goes on.
    pub waits_for: Option<String>,
    /// In a sentence.
    pub in_words: String,
}

/// A rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RehearsalView {
    /// Its id.
    pub id: RehearsalId,
    /// The file's name.
    pub name: String,
    /// The agent that rehearses.
    pub agent_id: AgentId,
    /// Its name.
    pub agent: String,
    /// Who began it; none for the administrator of the machine.
    pub by: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last draft was made.
    pub drafted_at: Option<Timestamp>,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
    /// What became of the file's rows.
    pub reading: Reading,
    /// How far it is.
    pub progress: Progress,
}

/// What came of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SheetView {
    /// The rehearsal.
    pub rehearsal: RehearsalView,
    /// The figures.
    #[serde(flatten)]
    pub sheet: Sheet,
    /// The same in sentences.
    pub in_words: Vec<String>,
}

/// A question of a rehearsal with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// Its id.
    pub id: RehearsalCaseId,
    /// Its place in the file.
    pub line: i64,
    /// What the file calls it.
    pub external_id: Option<String>,
    /// How it stands.
    pub standing: Standing,
    /// The question.
    pub question: String,
    /// What a person answered then.
    pub answer: Option<String>,
    /// What the AI would have answered.
    pub text: String,
    /// How that came about; none before it is drafted.
    pub mode: Option<AnswerMode>,
    /// The topic that it counts for.
    pub topic: String,
    /// Why the AI would have been silent, as a clause.
    pub silent_because: Option<&'static str>,
    /// Titles of what it rests on.
    pub sources: Vec<String>,
    /// What whoever judged it noted.
    pub note: Option<String>,
}

/// Rehearsals, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn rehearsals(
    app: &App,
    caller: &Caller,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<RehearsalView>, AppError> {
    caller.require(Scope::Read)?;
    let below = after.map(str::parse::<RehearsalId>).transpose()?;
    let rows = app.store().rows(caller.workspace_id);
    let found = rows.rehearsals(below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(view(app, &rows, row).await?);
    }
    Ok(Page { items, next })
}

/// A rehearsal.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn show(app: &App, caller: &Caller, id: RehearsalId) -> Result<RehearsalView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.rehearsal(id).await?.ok_or(AppError::NotFound("the rehearsal"))?;
    view(app, &rows, row).await
}

/// What came of a rehearsal, as far as it is.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn sheet(app: &App, caller: &Caller, id: RehearsalId) -> Result<SheetView, AppError> {
    let rehearsal = show(app, caller, id).await?;
    let cases = app.store().rows(caller.workspace_id).rehearsal_cases(id).await?;
    let rehearsed: Vec<Rehearsed<'_>> = cases.iter().map(of_row).collect();
    let sheet = Sheet::of(&rehearsed);
    Ok(SheetView {
        rehearsal,
        in_words: in_words(&sheet),
        sheet,
    })
}

/// All questions of a rehearsal, in the order of the file.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn cases(app: &App, caller: &Caller, id: RehearsalId) -> Result<Vec<CaseRow>, AppError> {
    show(app, caller, id).await?;
    let mut found = app.store().rows(caller.workspace_id).rehearsal_cases(id).await?;
    found.sort_by_key(|row| (row.line, row.place));
    Ok(found.into_iter().map(case_row).collect())
}

fn case_row(row: rehearsal_case::Model) -> CaseRow {
    let standing = of_row(&row).standing();
    let draft = row.draft.map(|draft| draft.0);
    let is_silent = standing == Standing::Silent;
    let because = draft
        .as_ref()
        .and_then(|draft| draft.reasons.first())
        .filter(|_| is_silent);
    CaseRow {
        id: row.id,
        line: row.line,
        external_id: row.external_id,
        standing,
        question: row.question,
        answer: row.answer,
        silent_because: because.map(|reason| reason.in_words()),
        mode: draft.as_ref().map(|draft| draft.mode),
        topic: draft.as_ref().map(|draft| draft.topic.clone()).unwrap_or_default(),
        sources: draft
            .iter()
            .flat_map(|draft| &draft.sources)
            .map(|source| source.title.clone())
            .collect(),
        text: draft.map(|draft| draft.text).unwrap_or_default(),
        note: row.note,
    }
}

fn of_row(row: &rehearsal_case::Model) -> Rehearsed<'_> {
    Rehearsed {
        id: row.id,
        question: &row.question,
        draft: row.draft.as_ref().map(|draft| &draft.0),
        verdict: row.verdict,
        note: row.note.as_deref(),
    }
}

/// A rehearsal as people read it.
pub(super) async fn view(app: &App, rows: &Rows<'_>, row: rehearsal::Model) -> Result<RehearsalView, AppError> {
    let by = match row.member_id {
        Some(member) => Some(Names::default().of(rows, member).await?),
        None => None,
    };
    let agent = rows.agent(row.agent_id).await?;
    Ok(RehearsalView {
        progress: progress(app, rows, &row).await?,
        id: row.id,
        name: row.name,
        agent_id: row.agent_id,
        agent: agent.map(|agent| agent.name).unwrap_or_default(),
        by,
        created_at: row.created_at,
        drafted_at: row.drafted_at,
        ended_at: row.ended_at,
        reading: row.reading.0,
    })
}

/// How far a rehearsal is.
pub(super) async fn progress(app: &App, rows: &Rows<'_>, row: &rehearsal::Model) -> Result<Progress, AppError> {
    let mut counts = Counts::default();
    for (is_silent, verdict, number) in rows.rehearsal_counts(row.id).await? {
        let standing = match (is_silent, verdict) {
            (None, _) => Standing::NotDrafted,
            (Some(true), _) => Standing::Silent,
            (Some(false), None) => Standing::NotJudged,
            (Some(false), Some(RehearsalVerdict::Right)) => Standing::Right,
            (Some(false), Some(RehearsalVerdict::Wrong)) => Standing::Wrong,
            (Some(false), Some(RehearsalVerdict::Leave)) => Standing::Leave,
        };
        counts.add(standing, u64::try_from(number).unwrap_or_default());
    }
    let engine = status::engine(app);
    let waits = row.state == RehearsalState::Drafting && !engine.ready;
    let waits_for = waits.then_some(engine.in_words);
    Ok(Progress {
        in_words: so_far(row.state, &counts, waits_for.as_deref()),
        state: row.state,
        counts,
        waits_for,
    })
}

fn so_far(state: RehearsalState, counts: &Counts, waits_for: Option<&str>) -> String {
    let questions = some(counts.total, "question");
    let drafted = match state {
        RehearsalState::Drafting => format!("{} of {questions} drafted", counts.drafted()),
        _ if counts.not_drafted > 0 => format!("Ended after {} of {questions}", counts.drafted()),
        _ => format!("All {questions} drafted"),
    };
    let judged = format!("{} of {} judged", counts.judged(), some(counts.answered(), "answer"));
    let waits = waits_for
        .map(|why| format!(" Drafting waits: {why}."))
        .unwrap_or_default();
    format!("{drafted}; {judged}.{waits}")
}

/// The sheet in sentences.
fn in_words(sheet: &Sheet) -> Vec<String> {
    let counts = &sheet.counts;
    let interval = |share: &Share| {
        format!(
            "{}; between {} and {} with 95 % confidence",
            percent(share.share),
            percent(share.lower),
            percent(share.upper)
        )
    };
    let mut said = Vec::new();
    if let Some(share) = &sheet.answered_share {
        said.push(format!(
            "The AI would have answered {} of {} ({}).",
            counts.answered(),
            some(counts.drafted(), "question"),
            interval(share)
        ));
    }
    if let Some(share) = &sheet.right_share {
        said.push(format!(
            "Of {} judged, {} could have gone out ({}).",
            some(counts.judged(), "answer"),
            counts.right,
            interval(share)
        ));
        said.push(format!(
            "Wrong: {}. Better left to a person: {}.",
            counts.wrong, counts.leave
        ));
    }
    if counts.silent > 0 {
        let reasons = sheet.silences.iter();
        let reasons = reasons.map(|(reason, number)| format!("{} ({number})", reason.in_words()));
        said.push(format!(
            "It would have left {} to a person by itself: {}.",
            some(counts.silent, "question"),
            reasons.collect::<Vec<_>>().join("; ")
        ));
    }
    let lacking = sheet
        .silences
        .iter()
        .find(|(reason, _)| *reason == Reason::MissingKnowledge);
    if let (Some((_, number)), Some(gap)) = (lacking, sheet.gaps.iter().find(|gap| !gap.is_document)) {
        said.push(format!(
            "Nothing in your knowledge answers {}; the largest gap: {}.",
            some(*number, "question"),
            gap.about
        ));
    }
    if counts.not_drafted > 0 {
        said.push(format!("{} not drafted yet.", some(counts.not_drafted, "question")));
    }
    if counts.not_judged > 0 {
        said.push(format!("{} not judged yet.", some(counts.not_judged, "answer")));
    }
    said.push(
        "None of this counts as evidence: certificates and statements rest on answers to real visitors alone."
            .to_owned(),
    );
    said
}
