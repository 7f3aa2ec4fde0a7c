//! Live's wall: what goes on right now, each figure with its definition in docs/live.md.

use super::here::on_site;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::conversation::Author;
use crate::domain::ids::ConversationId;
use crate::domain::page::PagePath;
use crate::domain::time::Timestamp;
use crate::stats::quantile::p50;
use crate::store::Answered;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;

/// Paths that are listed.
const PATHS: usize = 10;
/// A conversation in which nobody has said anything for so long does not go on, unless somebody waits or a person answers; in milliseconds.
const GOES_ON_MS: i64 = 30 * 60_000;
/// What "the last hour" is, in milliseconds.
const HOUR_MS: i64 = 60 * 60_000;

/// The wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wall {
    /// Pages with the widget that are open and looked at.
    pub visitors: usize,
    /// There may be more than are counted.
    pub is_full: bool,
    /// Where most of them are.
    pub paths: Vec<PathCount>,
    /// The agents whose widgets they show, by name.
    pub agents: Vec<String>,
    /// Conversations that go on.
    pub conversations: Conversations,
    /// How long visitors waited for their first answer, over conversations that began in the last hour.
    pub first_answer: FirstAnswers,
    /// People to be called back who were not known before the last hour.
    pub leads_last_hour: u64,
    /// Goals that were reached since midnight, by the workspace's clocks.
    pub conversions_today: u64,
}

/// How many are at one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathCount {
    /// The path.
    pub path: PagePath,
    /// How many.
    pub visitors: usize,
}

/// Conversations that go on, by who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Conversations {
    /// The AI.
    pub ai: u64,
    /// A person who has taken over.
    pub person: u64,
    /// Nobody yet: a person has to.
    pub waiting: u64,
}

/// Medians, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FirstAnswers {
    /// By the AI, in milliseconds; none without any.
    pub ai_ms: Option<i64>,
    /// Conversations in which the AI answered.
    pub ai: usize,
    /// By a person, in milliseconds; none without any.
    pub person_ms: Option<i64>,
    /// Conversations in which a person answered.
    pub person: usize,
}

/// What goes on right now.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn wall(app: &App, caller: &Caller) -> Result<Wall, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let now = app.now();
    let sight = on_site(app, caller, PATHS)?;
    let mut agents = Vec::new();
    for id in sight.agents {
        agents.push(crate::app::agents::current_version(&rows, id).await?.1.name);
    }
    agents.sort_unstable();
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let going_on = rows.in_progress(now.plus_ms(-GOES_ON_MS)).await?;
    let words = rows.first_words_since(now.plus_ms(-HOUR_MS)).await?;
    Ok(Wall {
        visitors: sight.visitors,
        is_full: sight.is_full,
        paths: sight
            .paths
            .into_iter()
            .map(|(path, visitors)| PathCount { path, visitors })
            .collect(),
        agents,
        conversations: Conversations {
            ai: going_on.ai,
            person: going_on.person,
            waiting: going_on.waiting,
        },
        first_answer: first_answers(&words),
        leads_last_hour: rows.lead_count_since(now.plus_ms(-HOUR_MS)).await?,
        conversions_today: rows.conversion_count_since(midnight(now, &workspace.time_zone)).await?,
    })
}

/// When the day began by the clocks of a zone; of one that this machine does not know, by UTC.
fn midnight(now: Timestamp, zone: &str) -> Timestamp {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let begun = jiff::Timestamp::from_millisecond(now.0)
        .and_then(|now| now.to_zoned(zone).start_of_day())
        .map(|begin| begin.timestamp().as_millisecond());
    Timestamp(begun.unwrap_or(now.0))
}

fn first_answers(words: &[Answered]) -> FirstAnswers {
    let mut first: BTreeMap<ConversationId, Vec<(Author, Timestamp)>> = BTreeMap::new();
    for word in words {
        first.entry(word.conversation).or_default().push((word.author, word.at));
    }
    let waits = |by: Author| -> Vec<f64> {
        let wait = |said: &Vec<(Author, Timestamp)>| {
            let of = |author| said.iter().find(|(who, _)| *who == author).map(|(_, at)| *at);
            let ms = of(by)?.ms_since(of(Author::Visitor)?);
            #[expect(clippy::cast_precision_loss, reason = "an hour or so, in milliseconds")]
            let ms = ms.max(0) as f64;
            Some(ms)
        };
        first.values().filter_map(wait).collect()
    };
    #[expect(clippy::cast_possible_truncation, reason = "an hour or so, in milliseconds")]
    let median = |waits: &[f64]| p50(waits).map(|ms| ms.round() as i64);
    let (ai, person) = (waits(Author::Ai), waits(Author::Person));
    FirstAnswers {
        ai_ms: median(&ai),
        ai: ai.len(),
        person_ms: median(&person),
        person: person.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_day_begins_by_the_business_clocks_even_where_there_is_no_midnight() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert_eq!(
            midnight(at("2026-05-10T21:30:00Z"), "Europe/Berlin"),
            at("2026-05-09T22:00:00Z")
        );
        assert_eq!(
            midnight(at("2026-05-10T22:30:00Z"), "Europe/Berlin"),
            at("2026-05-10T22:00:00Z")
        );
        // Its clocks go forward at midnight: the day begins at one.
        assert_eq!(
            midnight(at("2026-03-08T12:00:00Z"), "America/Havana"),
            at("2026-03-08T05:00:00Z")
        );
        assert_eq!(
            midnight(at("2026-05-10T21:30:00Z"), "Nowhere/At_All"),
            at("2026-05-10T00:00:00Z")
        );
    }

    #[test]
    fn first_answers_are_told_apart_by_who_gave_them_and_those_who_wait_are_in_none() {
        let word = |conversation: u128, author, at| Answered {
            conversation: Uuid::from_u128(conversation).into(),
            author,
            at: Timestamp(at),
        };
        let words = [
            word(1, Author::Visitor, 0),
            word(1, Author::Ai, 4_000),
            word(1, Author::Person, 60_000),
            word(2, Author::Visitor, 100),
            word(2, Author::Ai, 8_100),
            word(3, Author::Visitor, 0),
        ];
        let found = first_answers(&words);
        assert_eq!((found.ai, found.ai_ms), (2, Some(6_000)));
        assert_eq!((found.person, found.person_ms), (1, Some(60_000)));
        assert_eq!(first_answers(&[]), FirstAnswers::default());
    }
}
