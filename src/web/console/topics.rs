//! What visitors ask: topics with their trend, the page of one, and changes of the traffic.

use super::analyse::{behind, choice_of, days_in_words, query};
use super::html;
use super::view::{PatternCard, Section, Steps, TopicLine, TopicPage, TopicsPage};
use super::viewer::Viewer;
use crate::app::insight::AnalysisInput;
use crate::app::insight::clusters::{self, ClusterView, Clustered};
use crate::app::insight::patterns::{self, PatternView};
use crate::domain::account::Scope;
use crate::domain::ids::ClusterId;
use crate::domain::insight::{Mark, PatternState, Period, Share};
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// Topics on the page Analyse.
const TOP: usize = 8;
/// What is seen more rarely is no trend.
const FEW: u64 = 5;

/// `GET /analyse/topics?from=&to=&agent=`
pub(super) async fn list(
    State(web): State<Web>,
    viewer: Viewer,
    Query(input): Query<AnalysisInput>,
) -> Result<Response, Problem> {
    let found = clusters::clusters(&web.app, &viewer.caller, &input).await?;
    let choice = choice_of(found.period, found.period.before(), &[], &input);
    html(&TopicsPage {
        all: all_in_words(&found),
        topics: lines(&found, &choice.query, usize::MAX),
        shell: viewer.shell(Section::Analyse),
        choice,
    })
}

/// `GET /analyse/topics/{id}?from=&to=&agent=`
pub(super) async fn one(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ClusterId>,
    Query(input): Query<AnalysisInput>,
) -> Result<Response, Problem> {
    let (app, caller) = (&web.app, &viewer.caller);
    let topic = clusters::cluster(app, caller, id, &input).await?;
    let all = clusters::clusters(app, caller, &input).await?;
    let query = query(all.period, input.agent.map(|id| id.to_string()).as_deref());
    let others = { all.items.iter() }.filter(|other| other.id != topic.id);
    html(&TopicPage {
        id: topic.id.to_string(),
        back: format!("/analyse/topics?{query}"),
        asked: format!("{} {}.", times(topic.questions), days_in_words(all.period)),
        href: behind(&Mark::Cluster(topic.id.to_string()), &query),
        examples: { topic.examples.into_iter() }
            .map(|example| (example.question, format!("/conversations/{}", example.conversation_id)))
            .collect(),
        others: others.map(|other| (other.id.to_string(), other.name.clone())).collect(),
        parts: { topic.merged.into_iter() }
            .map(|part| (part.id.to_string(), part.name))
            .collect(),
        name: topic.name,
        may_change: caller.require(Scope::Knowledge).is_ok(),
        query,
        shell: viewer.shell(Section::Analyse),
    })
}

/// The topics that are asked most, for the page Analyse, and all of them in a clause.
pub(super) async fn top(
    web: &Web,
    viewer: &Viewer,
    input: &AnalysisInput,
    query: &str,
) -> Result<(Vec<TopicLine>, String), Problem> {
    let found = clusters::clusters(&web.app, &viewer.caller, input).await?;
    Ok((lines(&found, query, TOP), all_in_words(&found)))
}

/// Changes that nobody has seen yet.
pub(super) async fn changes(web: &Web, viewer: &Viewer) -> Result<Vec<PatternCard>, Problem> {
    let found = patterns::patterns(&web.app, &viewer.caller, PatternState::Open).await?;
    Ok(found.into_iter().map(card).collect())
}

fn card(found: PatternView) -> PatternCard {
    let days = format!("from={}&to={}", found.since, found.until);
    PatternCard {
        id: found.id.to_string(),
        sentence: found.sentence,
        next_step: found.next_step.to_owned(),
        evidence: format!(
            "{} where about {:.0} would have been usual, {}.",
            found.amount,
            found.expected,
            days_in_words(Period {
                first: found.since,
                last: found.until,
            })
        ),
        href: format!(
            "/analyse/conversations?mark={}&{days}",
            super::quality::encoded(&found.mark)
        ),
    }
}

fn times(questions: u64) -> String {
    match questions {
        0 => "Not asked".to_owned(),
        1 => "Asked once".to_owned(),
        many => format!("Asked {many} times"),
    }
}

fn all_in_words(found: &Clustered) -> String {
    let questions = match found.questions {
        1 => "One question".to_owned(),
        many => format!("{many} questions"),
    };
    format!(
        "{questions} {}; {} of them belong to no topic yet.",
        days_in_words(found.period),
        found.other
    )
}

fn lines(found: &Clustered, query: &str, at_most: usize) -> Vec<TopicLine> {
    let line = |topic: &ClusterView| TopicLine {
        name: topic.name.clone(),
        questions: topic.questions,
        share: Share {
            part: topic.questions,
            of: found.questions,
        }
        .in_words(),
        trend: trend(topic.questions, topic.before, found.period),
        steps: Steps::of(&topic.steps),
        href: behind(&Mark::Cluster(topic.id.to_string()), query),
        page: format!("/analyse/topics/{}?{query}", topic.id),
    };
    let asked = found.items.iter().filter(|topic| topic.questions > 0);
    asked.take(at_most).map(line).collect()
}

/// Against as many days before. Whether it is a change is for the tests of changes to say: this only tells both figures.
fn trend(now: u64, before: u64, period: Period) -> String {
    let days = match period.days() {
        1 => "the day before".to_owned(),
        days => format!("the {days} days before"),
    };
    if before == 0 {
        return format!("new: none in {days}");
    }
    let way = match (now.max(before) >= FEW, now.cmp(&before)) {
        (false, _) | (_, std::cmp::Ordering::Equal) => "",
        (true, std::cmp::Ordering::Greater) => "↑ ",
        (true, std::cmp::Ordering::Less) => "↓ ",
    };
    format!("{way}{before} in {days}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::insight::Day;

    #[test]
    fn a_trend_tells_both_figures_and_an_arrow_only_where_there_are_some() {
        let week = Period::ending("2026-05-07".parse::<Day>().unwrap(), 7);
        assert_eq!(trend(34, 17, week), "↑ 17 in the 7 days before");
        assert_eq!(trend(3, 9, week), "↓ 9 in the 7 days before");
        assert_eq!(trend(3, 2, week), "2 in the 7 days before");
        assert_eq!(trend(3, 0, week), "new: none in the 7 days before");
    }

    #[test]
    fn what_was_asked_at_all_is_seen_among_many() {
        let steps = Steps::of(&[0, 1, 1_000]);
        assert_eq!(steps.bars, [(0, 24, 0), (12, 23, 1), (24, 0, 24)]);
        assert_eq!(steps.says, "In eight steps of time: 0, 1, 1000.");
    }
}
