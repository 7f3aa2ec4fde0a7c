//! The answers behind a figure, and who may know how risky one is taken to be.

use super::records::House;
use crate::app::checks;
use crate::app::conversations::parse_cursor;
use crate::app::views::{Page, next_page};
use crate::app::{App, AppError, Caller, Who};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::evidence::MonthName;
use crate::domain::evidence::check::KEPT_BACK_MS;
use crate::domain::ids::{AgentVersionId, ConversationId, DraftId, MemberId};
use crate::domain::review::VerdictLabel;
use crate::domain::time::Timestamp;
use crate::store::entity::evidence;
use crate::store::{AnswerFilter, Rows};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Drafts whose verdicts are read at once.
const AT_ONCE: usize = 500;

/// Which answers of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// All drafts that answer.
    #[default]
    Drafts,
    /// Sent without a person.
    Sent,
    /// Of those, drawn for a check. Only of a month that is closed: until then it would tell samples from other checks.
    Drawn,
    /// Judged checks of what was sent.
    Reviewed,
    /// Of those, found bad.
    BadReviewed,
    /// Judged, at the gate or as a check.
    Judged,
    /// Of those, found bad.
    Bad,
}

/// Which answers are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AnswersInput {
    /// Of this month. If none is named: of a reviewer those of the last year, of a day all, otherwise those of the last three months.
    pub month: Option<String>,
    /// Which of them.
    #[serde(default)]
    pub what: What,
    /// About this topic.
    pub topic: Option<String>,
    /// By this agent version.
    pub version: Option<AgentVersionId>,
    /// Judged by this member, as a check.
    pub by: Option<MemberId>,
    /// Judged on this day of the workspace's calendar, as in `2026-05-14`.
    pub day: Option<String>,
    /// In this band. Only of a month that is closed.
    pub band: Option<i64>,
}

/// An answer in such a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerRow {
    /// The draft.
    pub draft_id: DraftId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// When it was made.
    pub at: Timestamp,
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub answer: String,
    /// How it came about.
    pub mode: AnswerMode,
    /// Its topic.
    pub topic: String,
    /// It went out without a person.
    pub is_sent: bool,
    /// The verdict that counts; none as long as somebody else is still asked about it.
    pub verdict: Option<VerdictLabel>,
    /// Its band, once nobody judges it any more.
    pub band: Option<i64>,
}

/// The answers behind a figure, the newest first. For those who manage: a list of what was judged would tell a reviewer what others said.
///
/// # Errors
/// [`AppError::Invalid`] for a month that is none, and for what must not be known of an open month; [`AppError::Forbidden`] or the store's.
pub async fn answers(
    app: &App,
    caller: &Caller,
    input: &AnswersInput,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<AnswerRow>, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let filter = filter(app, &rows, input).await?;
    let below = after.map(parse_cursor::<DraftId>).transpose()?;
    let found = rows.answers(&filter, below, limit).await?;
    let next = next_page(&found, limit, |last| format!("{}_{}", last.created_at.0, last.draft_id));
    let drafts: Vec<DraftId> = found.iter().map(|row| row.draft_id).collect();
    let settled = rows.settled(&drafts, told_since(app)).await?;
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        let is_settled = settled.contains(&row.draft_id);
        items.push(answer(&rows, row, is_settled).await?);
    }
    Ok(Page { items, next })
}

async fn filter(app: &App, rows: &Rows<'_>, input: &AnswersInput) -> Result<AnswerFilter, AppError> {
    let house = House::of(rows).await?;
    let month = input.month.as_deref().map(str::parse::<MonthName>).transpose();
    let month = month.map_err(|wrong| AppError::Invalid(wrong.to_string()))?;
    let is_closed = match month {
        Some(month) => rows
            .sampling_month(&month.to_string())
            .await?
            .is_some_and(|row| row.closed_at.is_some()),
        None => false,
    };
    if (input.what == What::Drawn || input.band.is_some()) && !is_closed {
        let sentence = "which answers were drawn, and from which band, is told when their month is closed: until then it would tell checks apart";
        return Err(AppError::Invalid(sentence.to_owned()));
    }
    let judged = match &input.day {
        Some(day) => Some(hours_of(day, &house)?),
        None => None,
    };
    let since = match (month, judged, input.by) {
        (Some(_), _, _) | (_, Some(_), _) => None,
        (None, None, Some(_)) => Some(app.now().plus_ms(-checks::COUNTED_MS)),
        (None, None, None) => Some(house.window_from(app.now())),
    };
    let what = input.what;
    Ok(AnswerFilter {
        month: month.map(|month| month.to_string()),
        since,
        topic: input.topic.clone(),
        version: input.version,
        band: input.band,
        by: input.by,
        judged,
        is_sent: input.band.is_some() || matches!(what, What::Sent | What::Drawn | What::Reviewed | What::BadReviewed),
        is_drawn: what == What::Drawn,
        is_judged: matches!(what, What::Judged | What::Reviewed),
        by_sample: matches!(what, What::Reviewed | What::BadReviewed),
        is_bad: matches!(what, What::Bad | What::BadReviewed),
        // What is asked about, or may be asked once more, is in no such list, whatever the month: it would tell checks apart, or the right verdict.
        told_since: (input.by.is_some()
            || judged.is_some()
            || !matches!(what, What::Drafts | What::Sent | What::Drawn))
        .then(|| told_since(app)),
    })
}

/// What was made before this is told whatever it is: nobody is asked about it once more.
fn told_since(app: &App) -> Timestamp {
    app.now().plus_ms(-KEPT_BACK_MS)
}

/// From when until when a day lasts, by the workspace's clocks.
fn hours_of(day: &str, house: &House) -> Result<(Timestamp, Timestamp), AppError> {
    let date: Date = day.parse().map_err(|_no_date| {
        let day: String = day.chars().take(20).collect();
        AppError::Invalid(format!("“{day}” is not a day; write it like 2026-05-14"))
    })?;
    let begins = |date: Date| {
        let at = date.to_zoned(house.zone.clone()).map(|begin| begin.timestamp());
        Timestamp(at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).as_millisecond())
    };
    Ok((begins(date), begins(date.tomorrow().unwrap_or(date))))
}

async fn answer(rows: &Rows<'_>, row: evidence::Model, is_settled: bool) -> Result<AnswerRow, AppError> {
    let draft = rows.draft(row.draft_id).await?;
    let (question, answer) = draft.map(|draft| (draft.question, draft.body)).unwrap_or_default();
    Ok(AnswerRow {
        draft_id: row.draft_id,
        conversation_id: row.conversation_id,
        at: row.created_at,
        question,
        answer,
        mode: row.mode,
        topic: row.topic,
        is_sent: row.is_sent,
        verdict: row
            .second_label
            .filter(|label| *label != VerdictLabel::CannotJudge)
            .or(row.label)
            .filter(|_| is_settled),
        band: row.band.filter(|_| row.is_sent && is_settled),
    })
}

/// Of which of these drafts this caller may know the score: whoever manages, once nobody judges them any more. A part of them, which the
/// month's key draws, is kept back for a time, judged or not: so that what is not told tells nothing. The machine's administrator
/// judges nothing, and sees all.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn scores_shown(
    app: &App,
    rows: &Rows<'_>,
    caller: &Caller,
    drafts: &[DraftId],
) -> Result<HashSet<DraftId>, AppError> {
    if matches!(caller.who, Who::Admin) {
        return Ok(drafts.iter().copied().collect());
    }
    if drafts.is_empty() || caller.require(Scope::Admin).is_err() {
        return Ok(HashSet::new());
    }
    Ok(rows.settled(drafts, told_since(app)).await?)
}

/// The verdicts on these drafts that nobody is kept from knowing.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn labels(
    app: &App,
    rows: &Rows<'_>,
    drafts: &[DraftId],
) -> Result<HashMap<DraftId, VerdictLabel>, AppError> {
    let mut labels = HashMap::new();
    for id in may_be_told(app, rows, drafts).await? {
        let label = rows.evidence(id).await?.and_then(|row| row.label);
        labels.extend(label.map(|label| (id, label)));
    }
    Ok(labels)
}

/// What was said of some drafts, as far as anybody may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Record {
    /// Judged.
    pub judged: u64,
    /// Of these, good.
    pub good: u64,
    /// And bad.
    pub bad: u64,
    /// When the last one was judged.
    pub last_at: Option<Timestamp>,
}

/// How many of these drafts were judged, and how, as far as nobody is kept from knowing.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn record_of(app: &App, rows: &Rows<'_>, drafts: &[DraftId]) -> Result<Record, AppError> {
    let mut record = Record::default();
    for some in drafts.chunks(AT_ONCE) {
        let settled = rows.settled(some, told_since(app)).await?;
        for row in rows.evidence_of(some).await? {
            let second = row.second_label.filter(|label| *label != VerdictLabel::CannotJudge);
            let Some(label) = second.or(row.label).filter(|_| settled.contains(&row.draft_id)) else {
                continue;
            };
            let at = row.second_at.filter(|_| second.is_some()).or(row.judged_at);
            match label {
                VerdictLabel::Acceptable => record.good += 1,
                VerdictLabel::Bad => record.bad += 1,
                VerdictLabel::CannotJudge => continue,
            }
            record.judged += 1;
            record.last_at = record.last_at.max(at);
        }
    }
    Ok(record)
}

/// Whether this caller may know the score of this draft; see [`scores_shown`].
///
/// # Errors
/// The store's.
pub(in crate::app) async fn may_see_score(
    app: &App,
    rows: &Rows<'_>,
    caller: &Caller,
    draft: DraftId,
) -> Result<bool, AppError> {
    Ok(scores_shown(app, rows, caller, &[draft]).await?.contains(&draft))
}

/// The drafts among these whose verdict may be told to anybody: it has its place in the draws, nobody is asked about it any more, and it is not kept
/// back. Before that, whoever is asked next would know what others said.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn may_be_told(
    app: &App,
    rows: &Rows<'_>,
    drafts: &[DraftId],
) -> Result<HashSet<DraftId>, AppError> {
    if drafts.is_empty() {
        return Ok(HashSet::new());
    }
    let mut settled = rows.settled(drafts, told_since(app)).await?;
    for row in rows.evidence_of(drafts).await?.iter().filter(|row| row.seq.is_none()) {
        settled.remove(&row.draft_id);
    }
    Ok(settled)
}
