//! Figures as people and programs read them, and the conversations behind them.

use crate::app::conversations::{self, ConversationSummary};
use crate::app::views::{Page, Sheet};
use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::ids::{AgentId, ConversationId};
use crate::domain::insight::{
    Day, Figures, HandoffCode, How, Insight, Left, Mark, NotAPeriod, Period, Resolution, Share, Tone,
};
use crate::store::{Rows, Tallied};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Days of a period where nobody says which.
const USUAL_DAYS: i64 = 28;

/// Which conversations: those that began in a period, of one agent or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnalysisInput {
    /// First day, like `2026-05-01`.
    pub from: Option<String>,
    /// Last day; today where it is left out.
    pub to: Option<String>,
    /// One agent alone.
    pub agent: Option<AgentId>,
}

/// A day in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayRow {
    /// The day.
    pub day: Day,
    /// Conversations that began.
    pub conversations: u64,
    /// Questions in them.
    pub questions: u64,
    /// Answered turns, by how.
    pub answers: BTreeMap<How, u64>,
    /// Conversations in which the AI gave up.
    pub handed_off: u64,
    /// Turns, by how they sound.
    pub tones: BTreeMap<Tone, u64>,
}

/// An agent version in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionRow {
    /// Its agent.
    pub agent_id: AgentId,
    /// The agent's name.
    pub agent: String,
    /// Its number; 0 for conversations in which nothing was drafted.
    pub version: i64,
    /// Its figures.
    pub figures: Figures,
}

/// Everything that the page Analyse shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// Which days.
    pub period: Period,
    /// As many days before.
    pub before: Period,
    /// The figures.
    pub figures: Figures,
    /// Those of the days before.
    pub previous: Figures,
    /// Day by day.
    pub days: Vec<DayRow>,
    /// By agent version, the newest first; where one agent is looked at, its alone.
    pub versions: Vec<VersionRow>,
    /// The workspace's agents by id and name.
    pub agents: Vec<(AgentId, String)>,
}

/// The period that somebody wishes to see: the last four weeks where they say nothing.
///
/// # Errors
/// [`AppError::Invalid`] for what is no period, or the store's.
pub async fn period_of(app: &App, rows: &Rows<'_>, input: &AnalysisInput) -> Result<Period, AppError> {
    let zone = policy::zone(rows).await?;
    let wrong = |why: NotAPeriod| AppError::Invalid(why.to_string());
    let read = |day: &Option<String>| {
        day.as_deref()
            .filter(|day| !day.is_empty())
            .map(str::parse::<Day>)
            .transpose()
    };
    let last = read(&input.to)
        .map_err(wrong)?
        .unwrap_or_else(|| Day::of(app.now(), &zone));
    match read(&input.from).map_err(wrong)? {
        Some(first) => Period::new(first, last).map_err(wrong),
        None => Ok(Period::ending(last, USUAL_DAYS)),
    }
}

/// The figures of a period.
///
/// # Errors
/// The store's.
pub async fn figures(rows: &Rows<'_>, period: Period, agent: Option<AgentId>) -> Result<Figures, AppError> {
    Ok(Figures::of(rows.tallies(period, agent).await?))
}

/// Everything that the page Analyse shows.
///
/// # Errors
/// [`AppError::Invalid`] for what is no period, [`AppError::NotFound`] for an agent that there is not, [`AppError::Forbidden`] or the store's.
pub async fn analysis(app: &App, caller: &Caller, input: &AnalysisInput) -> Result<Analysis, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let period = period_of(app, &rows, input).await?;
    let agents: Vec<(AgentId, String)> = rows.agents().await?.into_iter().map(|row| (row.id, row.name)).collect();
    if input
        .agent
        .is_some_and(|wanted| agents.iter().all(|(id, _)| *id != wanted))
    {
        return Err(AppError::NotFound("the agent"));
    }
    let (days, counted) = days(&rows, period, input.agent).await?;
    let versions = versions(&rows, period, input.agent, &agents).await?;
    Ok(Analysis {
        period,
        before: period.before(),
        figures: counted,
        previous: figures(&rows, period.before(), input.agent).await?,
        days,
        versions,
        agents,
    })
}

/// Each day, and all of them together: one pass over the sums for both.
async fn days(rows: &Rows<'_>, period: Period, agent: Option<AgentId>) -> Result<(Vec<DayRow>, Figures), AppError> {
    let mut of_days: BTreeMap<Day, Vec<(Mark, i64)>> = BTreeMap::new();
    let found = rows.tallies_by_day(period, agent).await?;
    for Tallied { day, mark, amount } in &found {
        of_days.entry(*day).or_default().push((mark.clone(), *amount));
    }
    let all = Figures::of(found.into_iter().map(|row| (row.mark, row.amount)));
    let day = |day: Day| {
        let figures = Figures::of(of_days.remove(&day).unwrap_or_default());
        DayRow {
            day,
            conversations: figures.conversations,
            questions: figures.match_rate.of,
            answers: figures.answers,
            handed_off: figures.handoff.part,
            tones: figures.tones,
        }
    };
    Ok((period.each().map(day).collect(), all))
}

async fn versions(
    rows: &Rows<'_>,
    period: Period,
    agent: Option<AgentId>,
    agents: &[(AgentId, String)],
) -> Result<Vec<VersionRow>, AppError> {
    let mut by_version: BTreeMap<(AgentId, i64), Vec<(Mark, i64)>> = BTreeMap::new();
    for (key, mark, amount) in rows.tallies_by_version(period, agent).await? {
        by_version.entry(key).or_default().push((mark, amount));
    }
    let name = |id| {
        agents
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, name)| name.clone())
    };
    let row = |((agent_id, version), sums): ((AgentId, i64), Vec<(Mark, i64)>)| VersionRow {
        agent_id,
        agent: name(agent_id).unwrap_or_default(),
        version,
        figures: Figures::of(sums),
    };
    let rows = by_version.into_iter().rev().map(row);
    Ok(rows.filter(|row| row.figures.conversations > 0).collect())
}

/// Which conversations stand behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MarkedInput {
    /// Under which head they are counted, like `handed_off_for:missing_knowledge`.
    pub mark: String,
    /// Which days.
    #[serde(flatten)]
    pub of: AnalysisInput,
}

/// The conversations behind a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MarkedView {
    /// Under which head.
    pub mark: String,
    /// Which days.
    pub period: Period,
    /// How many there are, of all agents.
    pub all: u64,
    /// A page of them, the latest day first.
    #[serde(flatten)]
    pub page: Page<ConversationSummary>,
}

/// The conversations behind a figure, the latest day first.
///
/// # Errors
/// [`AppError::Invalid`] for a head, a period or a cursor that is none, [`AppError::Forbidden`] or the store's.
pub async fn marked(
    app: &App,
    caller: &Caller,
    input: &MarkedInput,
    after: Option<&str>,
    limit: u64,
) -> Result<MarkedView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mark: Mark = input
        .mark
        .parse()
        .map_err(|why: crate::domain::insight::NotAMark| AppError::Invalid(why.to_string()))?;
    let period = period_of(app, &rows, &input.of).await?;
    let below = after.map(cursor).transpose()?;
    let found = rows.marked(&mark, period, input.of.agent, below, limit).await?;
    let next = crate::app::views::next_page(&found, limit, |(day, id)| format!("{day}_{id}"));
    let ids: Vec<ConversationId> = found.into_iter().map(|(_, id)| id).collect();
    Ok(MarkedView {
        mark: mark.to_string(),
        period,
        all: rows.count_marked(&mark, period, input.of.agent).await?,
        page: Page {
            items: conversations::summaries(app, caller, &ids).await?,
            next,
        },
    })
}

fn cursor(text: &str) -> Result<(Day, ConversationId), AppError> {
    let parsed = text
        .split_once('_')
        .and_then(|(day, id)| Some((day.parse().ok()?, id.parse().ok()?)));
    parsed.ok_or_else(|| AppError::Invalid("this is not a page of the list; begin again without `after`".to_owned()))
}

/// A conversation in one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversationRow {
    /// Its id.
    pub conversation_id: ConversationId,
    /// What it was.
    #[serde(flatten)]
    pub insight: Insight,
}

/// What each conversation of a period was, the first day first.
///
/// # Errors
/// [`AppError::Invalid`] for a period or a cursor that is none, [`AppError::Forbidden`] or the store's.
pub async fn conversations(
    app: &App,
    caller: &Caller,
    input: &AnalysisInput,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ConversationRow>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let period = period_of(app, &rows, input).await?;
    let after = after.map(cursor).transpose()?;
    let found = rows.insights(period, input.agent, after, limit).await?;
    let next = crate::app::views::next_page(&found, limit, |row| {
        format!("{}_{}", row.told.0.day, row.conversation_id)
    });
    let items = found.into_iter().map(|row| ConversationRow {
        conversation_id: row.conversation_id,
        insight: row.told.0,
    });
    Ok(Page {
        items: items.collect(),
        next,
    })
}

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Day by day.
    Days,
    /// By agent version.
    Versions,
    /// Why the AI gave up.
    Handoffs,
    /// How visitors were helped.
    Resolutions,
    /// Where they left.
    Left,
    /// When they write.
    Hours,
    /// In which language.
    Languages,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Days,
        Self::Versions,
        Self::Handoffs,
        Self::Resolutions,
        Self::Left,
        Self::Hours,
        Self::Languages,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Versions => "versions",
            Self::Handoffs => "handoffs",
            Self::Resolutions => "resolutions",
            Self::Left => "left",
            Self::Hours => "hours",
            Self::Languages => "languages",
        }
    }
}

/// There is no such table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such table; there are days, versions, handoffs, resolutions, left, hours and languages")]
pub struct NoSuchTable;

impl FromStr for Table {
    type Err = NoSuchTable;

    fn from_str(name: &str) -> Result<Self, NoSuchTable> {
        Self::ALL
            .into_iter()
            .find(|table| table.name() == name)
            .ok_or(NoSuchTable)
    }
}

/// One of the tables.
///
/// # Errors
/// [`AppError::Invalid`] for what is no period, [`AppError::NotFound`] for an agent that there is not, [`AppError::Forbidden`] or the store's.
pub async fn table(app: &App, caller: &Caller, which: Table, input: &AnalysisInput) -> Result<Sheet, AppError> {
    let analysis = analysis(app, caller, input).await?;
    let figures = &analysis.figures;
    let counted = |columns, rows: Vec<(&str, u64)>| Sheet {
        columns,
        rows: rows
            .into_iter()
            .map(|(code, count)| vec![json!(code), json!(count)])
            .collect(),
    };
    Ok(match which {
        Table::Days => of_days(&analysis.days),
        Table::Versions => of_versions(&analysis.versions),
        Table::Handoffs => {
            let count = |code: &HandoffCode| figures.handoff_reasons.get(code).copied().unwrap_or_default();
            let rows = HandoffCode::ALL
                .iter()
                .map(|code| (code.as_str(), count(code)))
                .collect();
            counted(&["reason", "conversations"], rows)
        }
        Table::Resolutions => {
            let count = |how: &Resolution| figures.resolutions.get(how).copied().unwrap_or_default();
            let rows = Resolution::ALL.iter().map(|how| (how.as_str(), count(how))).collect();
            counted(&["resolution", "conversations"], rows)
        }
        Table::Left => {
            let count = |stage: &Left| figures.left.get(stage).copied().unwrap_or_default();
            let rows = Left::ALL.iter().map(|stage| (stage.as_str(), count(stage))).collect();
            counted(&["left", "conversations"], rows)
        }
        Table::Languages => {
            let rows = figures
                .languages
                .iter()
                .map(|(code, count)| (code.as_str(), *count))
                .collect();
            counted(&["language", "conversations"], rows)
        }
        Table::Hours => {
            let days = figures
                .hours
                .iter()
                .zip(1..)
                .flat_map(|(hours, day)| hours.iter().zip(0..).map(move |(turns, hour)| (day, hour, turns)));
            Sheet {
                columns: &["day_of_week", "hour", "turns"],
                rows: days
                    .map(|(day, hour, turns): (i32, i32, &u64)| vec![json!(day), json!(hour), json!(turns)])
                    .collect(),
            }
        }
    })
}

fn of_days(days: &[DayRow]) -> Sheet {
    let row = |row: &DayRow| {
        let answers = |how: &How| json!(row.answers.get(how).copied().unwrap_or_default());
        let mut cells = vec![json!(row.day), json!(row.conversations), json!(row.questions)];
        cells.extend(How::ALL.iter().map(answers));
        cells.push(json!(row.handed_off));
        cells.extend(
            Tone::ALL
                .iter()
                .map(|tone| json!(row.tones.get(tone).copied().unwrap_or_default())),
        );
        cells
    };
    Sheet {
        columns: &[
            "day",
            "conversations",
            "questions",
            "answers_verified",
            "answers_alone",
            "answers_approved",
            "answers_edited",
            "answers_person",
            "handed_off",
            "turns_negative",
            "turns_neutral",
            "turns_positive",
        ],
        rows: days.iter().map(row).collect(),
    }
}

fn of_versions(versions: &[VersionRow]) -> Sheet {
    let share = |share: Share| share.value().map_or(Value::Null, |value| json!(value));
    let row = |row: &VersionRow| {
        let figures = &row.figures;
        vec![
            json!(row.agent),
            json!(row.version),
            json!(figures.conversations),
            share(figures.involvement),
            share(figures.automation),
            share(figures.match_rate),
            share(figures.handoff),
            share(figures.resolved),
            share(figures.csat),
            json!(figures.first_by_ai.median_s),
            json!(figures.first_by_person.median_s),
        ]
    };
    Sheet {
        columns: &[
            "agent",
            "version",
            "conversations",
            "involvement",
            "automation",
            "match_rate",
            "handoff",
            "resolved",
            "csat",
            "first_by_ai_s",
            "first_by_person_s",
        ],
        rows: versions.iter().map(row).collect(),
    }
}
