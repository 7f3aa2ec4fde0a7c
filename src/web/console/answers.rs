//! Verified answers: the list, and a page for each.

use super::html;
use super::improve::state;
use super::view::{
    AnswerHistory, AnswerSource, ConflictCard, Section, VerifiedAnswerPage, VerifiedAnswerRow, VerifiedAnswersPage,
    WeekBar,
};
use super::viewer::Viewer;
use crate::app::knowledge::{
    self, AnswerSourceView, ConflictView, DecidedView, HistoryLine, WhichAnswers, WholeAnswer,
};
use crate::domain::account::Scope;
use crate::domain::ids::VerifiedAnswerId;
use crate::domain::improve::answer::{ConflictDecision, ConflictKind, in_words};
use crate::domain::improve::candidate::CandidateState;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Height of the picture of weeks, and how far its bars stand apart.
const HEIGHT: u64 = 40;
const APART: usize = 14;

#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    show: WhichAnswers,
}

/// `GET /knowledge/verified?show=`
pub(super) async fn list_page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(Shown { show }): Query<Shown>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    let all = knowledge::verified_answers(&web.app, caller).await?;
    let rules = knowledge::answer_rules(&web.app, caller).await?;
    let (count, doubted) = (all.len(), all.iter().filter(|answer| answer.to_look_at).count());
    let answers = match show {
        WhichAnswers::All => all,
        some => knowledge::verified_answers_of(&web.app, caller, some).await?,
    };
    let answers = answers.into_iter().map(|answer| VerifiedAnswerRow {
        id: answer.id.to_string(),
        question: answer.question,
        answer: answer.answer,
        author: answer.author,
        at: viewer.moment(answer.created_at),
        conversation_id: answer.conversation_id.map(|id| id.to_string()).unwrap_or_default(),
        used: u64::try_from(answer.uses).unwrap_or_default(),
        variants: answer.variants.len(),
        expires: answer.expires_at.map(|at| viewer.moment(at)),
        to_look_at: answer.to_look_at,
    });
    html(&VerifiedAnswersPage {
        may_change: caller.require(Scope::Knowledge).is_ok(),
        count,
        doubted,
        show: match show {
            WhichAnswers::All => "",
            WhichAnswers::ToLookAt => "to_look_at",
            WhichAnswers::Expiring => "expiring",
            WhichAnswers::Unused => "unused",
        },
        second_person: rules.second_person,
        hold_conflicts: rules.hold_conflicts,
        answers: answers.collect(),
        shell: viewer.shell(Section::Knowledge),
    })
}

/// `GET /knowledge/answers/{id}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<VerifiedAnswerId>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    let whole = knowledge::verified_answer(&web.app, caller, id).await?;
    let waits = |line: &&HistoryLine| matches!(line.state, CandidateState::Replaying | CandidateState::Waiting);
    let waiting = whole.history.iter().find(waits);
    let waiting = waiting.map(|line| line.candidate_id.to_string()).unwrap_or_default();
    let most = whole.weeks.iter().copied().max().unwrap_or_default();
    html(&VerifiedAnswerPage {
        shell: viewer.shell(Section::Knowledge),
        may_change: caller.require(Scope::Knowledge).is_ok() && whole.retired_at.is_none(),
        id: id.to_string(),
        figures: figures(&viewer, &whole),
        weeks: bars(&whole.weeks, most),
        weeks_say: weeks_say(&whole.weeks),
        last_day: { whole.answer.expires_at }
            .map(|at| viewer.last_day(at))
            .unwrap_or_default(),
        question: whole.answer.question,
        answer: whole.answer.answer,
        variants: whole.answer.variants,
        language: whole.answer.language.unwrap_or_default(),
        owner: whole.answer.owner.unwrap_or_default(),
        author: whole.answer.author,
        at: viewer.moment(whole.answer.created_at),
        conversation_id: whole
            .answer
            .conversation_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        retired: whole.retired_at.map(|at| viewer.moment(at)),
        confirmed: whole.confirmed_at.map(|at| viewer.moment(at)),
        sources: { whole.sources }.map(|sources| sources.into_iter().map(source).collect()),
        conflicts: whole.conflicts.into_iter().map(|one| card(&viewer, one)).collect(),
        decided: whole.decided.iter().map(|one| decided(&viewer, one)).collect(),
        history: whole.history.into_iter().map(|line| history(&viewer, line)).collect(),
        waiting,
        replaces: whole.replaces.map(|id| id.to_string()).unwrap_or_default(),
        replaced_by: whole.replaced_by.map(|id| id.to_string()).unwrap_or_default(),
    })
}

fn figures(viewer: &Viewer, whole: &WholeAnswer) -> Vec<(&'static str, String)> {
    let record = whole.record;
    let mut figures = vec![
        ("Drafts made from it", whole.answer.uses.to_string()),
        ("Judged", record.judged.to_string()),
        ("Good", record.good.to_string()),
        ("Bad", record.bad.to_string()),
    ];
    if let Some(at) = record.last_at {
        figures.push(("Judged last", viewer.moment(at).words()));
    }
    figures
}

fn bars(weeks: &[u64], most: u64) -> Vec<WeekBar> {
    let bar = |(at, uses): (usize, &u64)| {
        // What was used at all is to be seen.
        let height = (uses * HEIGHT)
            .checked_div(most)
            .unwrap_or_default()
            .max(u64::from(*uses > 0) * 2);
        WeekBar {
            x: at * APART,
            y: HEIGHT - height,
            height,
        }
    };
    weeks.iter().enumerate().map(bar).collect()
}

fn weeks_say(weeks: &[u64]) -> String {
    let all: u64 = weeks.iter().sum();
    let last = weeks.last().copied().unwrap_or_default();
    match all {
        0 => "It was not used in the last twelve weeks.".to_owned(),
        all => format!("Used {all} times in the last twelve weeks, {last} of them in the last seven days."),
    }
}

fn source(source: AnswerSourceView) -> AnswerSource {
    AnswerSource {
        href: if source.is_there {
            format!("/knowledge/documents/{}", source.document_id)
        } else {
            String::new()
        },
        title: if source.title.is_empty() {
            "A document without a title".to_owned()
        } else {
            source.title
        },
        state: match (source.is_there, source.is_same) {
            (false, _) => "gone",
            (true, false) => "says something else now",
            (true, true) => "as it was",
        },
    }
}

fn card(viewer: &Viewer, conflict: ConflictView) -> ConflictCard {
    ConflictCard {
        id: conflict.id.to_string(),
        what: conflict.kind.in_words(),
        href: match (conflict.kind, conflict.document_id, conflict.other_answer_id) {
            (ConflictKind::SourceGone, ..) | (_, None, None) => String::new(),
            (_, Some(id), _) => format!("/knowledge/documents/{id}"),
            (_, None, Some(id)) => format!("/knowledge/answers/{id}"),
        },
        before_is: match conflict.kind {
            ConflictKind::SaysOtherwise => "This answer",
            ConflictKind::SourceChanged | ConflictKind::SourceGone => "What it rested on",
        },
        title: conflict.title,
        before: conflict.before,
        after: conflict.after,
        differs: in_words(&conflict.differs),
        at: viewer.moment(conflict.found_at),
    }
}

fn decided(viewer: &Viewer, one: &DecidedView) -> String {
    let (who, at) = (one.by.as_deref().unwrap_or("The administrator"), viewer.moment(one.at));
    let about = &one.title;
    let when = at.words();
    match one.decision {
        ConflictDecision::Right => format!("“{about}”: {who} said on {when} that the answer is still right."),
        ConflictDecision::Changed => format!("“{about}”: the answer was changed on {when}."),
        ConflictDecision::Retired => format!("“{about}”: the answer was retired on {when}."),
        ConflictDecision::Settled => format!("“{about}”: since {when} nothing speaks against the answer any more."),
    }
}

fn history(viewer: &Viewer, line: HistoryLine) -> AnswerHistory {
    let (words, look) = state(line.state);
    let author = line.author.as_deref().unwrap_or("the administrator");
    AnswerHistory {
        id: line.candidate_id.to_string(),
        by: format!("number {}, {author}", line.number),
        title: line.title,
        state: words,
        look,
        at: viewer.moment(line.at),
    }
}
