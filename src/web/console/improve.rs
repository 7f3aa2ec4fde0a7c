//! What the AI has learnt, what it does not know, and the changes that wait to go live.

use super::html;
use super::view::{
    AccuracyLine, BlindPart, CandidatePage, CaseLine, ChangeLine, ChangeRow, GapAsked, GapCard, ImprovePage, Section,
    SetRow, TunedRow,
};
use super::viewer::Viewer;
use crate::app::evidence;
use crate::app::improve::gaps::{self, GapView, Which};
use crate::app::improve::proposals::ProposalView;
use crate::app::improve::{self, CandidateView, CaseView, ChangeView, ComparisonView, Learnt};
use crate::app::knowledge::{self, RetrievalVersionView};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::ids::CandidateId;
use crate::domain::improve::candidate::{Answer, CandidateState, Change, Effect, Known, Origin};
use crate::domain::improve::comparison::Finding;
use crate::domain::improve::gap::Origin as Proposed;
use crate::domain::review::VerdictLabel;
use crate::domain::tuning::RetrievalState;
use crate::web::error::Problem;
use crate::web::extract::InPath;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// Gaps of the page.
const GAPS: u64 = 20;
/// Changes of the page.
const CHANGES: u64 = 50;
/// Changes that went live, of these.
const DONE: usize = 12;
/// Questions of the regression set that are listed.
const SET: usize = 50;

/// `GET /improve`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    let changes = improve::candidates(&web.app, caller, None, CHANGES).await?.items;
    let gaps = gaps::gaps(&web.app, caller, Which::Open, None, GAPS).await?.items;
    let learnt = improve::learnt(&web.app, caller).await?;
    let versions = evidence::accuracy(&web.app, caller).await?.versions;
    let tuned = knowledge::retrieval_versions(&web.app, caller).await?;
    let questions = improve::questions(&web.app, caller).await?;
    let waits = |row: &&CandidateView| {
        matches!(
            row.state,
            CandidateState::Replaying | CandidateState::Waiting | CandidateState::Publishing
        )
    };
    let (waiting, done): (Vec<&CandidateView>, Vec<&CandidateView>) = changes.iter().partition(waits);
    html(&ImprovePage {
        may_change: caller.require(Scope::Knowledge).is_ok(),
        learnt: figures(&learnt),
        by_whom: by_whom(&learnt),
        results: changes.iter().filter_map(result).collect(),
        waiting: waiting.into_iter().map(|row| change(&viewer, row)).collect(),
        gaps: gaps.into_iter().map(|gap| card(&viewer, gap)).collect(),
        done: done.into_iter().take(DONE).map(|row| change(&viewer, row)).collect(),
        versions: versions
            .into_iter()
            .map(|row| AccuracyLine {
                query: format!("version={}", row.key),
                name: row.name,
                drafts: row.drafts,
                judged: row.judged,
                bad: row.bad,
                says: row.in_words,
            })
            .collect(),
        tuned: tuned.into_iter().map(|row| tuned_row(&viewer, &row)).collect(),
        questions: questions
            .into_iter()
            .take(SET)
            .map(|row| SetRow {
                id: row.id.to_string(),
                question: row.question,
                answer: row.answer,
            })
            .collect(),
        shell: viewer.shell(Section::Improve),
    })
}

fn figures(learnt: &Learnt) -> Vec<(&'static str, u64)> {
    vec![
        ("Changes that went live", learnt.published),
        ("Corrections among them", learnt.corrections),
        ("Taken back", learnt.taken_back),
        ("Open gaps", learnt.open_gaps),
    ]
}

fn by_whom(learnt: &Learnt) -> String {
    let named = learnt.by.iter().map(|(name, number)| format!("{name} {number}"));
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return String::new();
    }
    format!("By whom: {}.", named.join(", "))
}

/// What an approved proposal came to.
fn result(row: &CandidateView) -> Option<String> {
    let found = row.found.filter(|found| found.gap > 0)?;
    (row.state == CandidateState::Published).then(|| {
        format!(
            "“{}”: {} of {} questions of this gap are answered now; before it was {}.",
            row.title, found.gap_after, found.gap, found.gap_before
        )
    })
}

pub(super) const fn state(state: CandidateState) -> (&'static str, &'static str) {
    match state {
        CandidateState::Replaying => ("being tried", "replaying"),
        CandidateState::Waiting => ("waits for you", "waiting"),
        CandidateState::Publishing => ("going live", "publishing"),
        CandidateState::Published => ("live", "published"),
        CandidateState::RollingBack => ("being taken back", "rolling_back"),
        CandidateState::RolledBack => ("taken back", "rolled_back"),
        CandidateState::Withdrawn => ("withdrawn", "withdrawn"),
    }
}

const fn whence(origin: Origin) -> &'static str {
    match origin {
        Origin::Person => "put together by",
        Origin::Proposal => "from a gap, approved by",
        Origin::Correction => "a correction by",
        Origin::Import => "a file from",
        Origin::Tuner => "learned from verdicts, for",
    }
}

fn by(row: &CandidateView) -> String {
    let author = row.author.as_deref().unwrap_or("the administrator");
    format!("number {}, {} {author}", row.number, whence(row.origin))
}

fn change(viewer: &Viewer, row: &CandidateView) -> ChangeRow {
    let (words, look) = state(row.state);
    ChangeRow {
        id: row.id.to_string(),
        title: row.title.clone(),
        says: row.in_words.clone(),
        state: words,
        look,
        by: by(row),
        at: viewer.moment(row.published_at.unwrap_or(row.created_at)),
    }
}

fn card(viewer: &Viewer, gap: GapView) -> GapCard {
    let plural = |number: i64, one: &str, more: &str| {
        if number == 1 {
            format!("1 {one}")
        } else {
            format!("{number} {more}")
        }
    };
    let says = format!(
        "{}, {}",
        plural(gap.visitors, "visitor", "visitors"),
        plural(gap.questions, "question", "questions")
    );
    let proposal = gap.proposal;
    let whence = match &proposal {
        Some(ProposalView {
            origin: Proposed::Reply,
            author,
            ..
        }) => format!(
            "{} answered this in a conversation. Approve these words, or better ones.",
            author.as_deref().unwrap_or("Somebody")
        ),
        Some(_) => "Somebody has written this answer; it waits for approval.".to_owned(),
        None => match &gap.former {
            Some(former) => format!(
                "{} approved “{}”, and it was taken back. Write a better answer.",
                former.decided_by.as_deref().unwrap_or("Somebody"),
                former.answer
            ),
            None => "Nobody has answered this in words that could be used again. Write the answer.".to_owned(),
        },
    };
    GapCard {
        id: gap.id.to_string(),
        last: viewer.moment(gap.last_at),
        says,
        examples: gap
            .examples
            .into_iter()
            .map(|example| GapAsked {
                conversation_id: example.conversation_id.to_string(),
                question: example.question,
            })
            .collect(),
        proposal_id: proposal.as_ref().map(|it| it.id.to_string()).unwrap_or_default(),
        question: proposal
            .as_ref()
            .map_or_else(|| gap.name.clone(), |it| it.question.clone()),
        answer: proposal.map(|it| it.answer).unwrap_or_default(),
        name: gap.name,
        whence,
    }
}

fn tuned_row(viewer: &Viewer, row: &RetrievalVersionView) -> TunedRow {
    let judged = &row.figures.judged_on;
    TunedRow {
        id: row.id.to_string(),
        can_be_tried: row.unfit.is_none() && row.state != RetrievalState::InUse,
        number: row.number,
        state: match row.state {
            RetrievalState::Candidate => "measured, orders nothing yet",
            RetrievalState::InUse => "in use",
            RetrievalState::Retired => "retired",
        },
        says: judged.in_words(),
        made: viewer.moment(row.created_at),
    }
}

/// `GET /improve/{id}`
pub(super) async fn candidate(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<CandidateId>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    let whole = improve::candidate(&web.app, caller, id).await?;
    let row = whole.candidate;
    let (words, look) = state(row.state);
    let is_tried = row.found.is_some();
    let shown = i64::try_from(whole.changes.len()).unwrap_or(i64::MAX);
    html(&CandidatePage {
        shell: viewer.shell(Section::Improve),
        id: id.to_string(),
        look: if row.state == CandidateState::Published && (!is_tried || row.writing.is_some()) {
            "unknown"
        } else {
            look
        },
        state: words,
        says: row.in_words.clone(),
        by: by(&row),
        at: viewer.moment(row.created_at),
        history: history(&viewer, &row),
        may_change: caller.require(Scope::Knowledge).is_ok(),
        may_publish: row.state == CandidateState::Waiting,
        may_take_back: row.state == CandidateState::Published,
        may_withdraw: matches!(row.state, CandidateState::Waiting | CandidateState::Replaying),
        is_tried,
        worse: row.found.map_or(0, |found| found.worse),
        writing: row.writing.map(|writing| (writing.written, writing.all)),
        blind: blind(&viewer, &row, &whole.comparison),
        changes: whole.changes.into_iter().map(line).collect(),
        more_changes: row.changes - shown,
        cases: { whole.cases.into_iter() }
            .map(|row| case(row, &whole.comparison))
            .collect(),
        title: row.title,
    })
}

fn blind(viewer: &Viewer, row: &CandidateView, comparison: &ComparisonView) -> BlindPart {
    let stands = &comparison.comparison;
    BlindPart {
        says: comparison.in_words.clone(),
        begun: comparison.begun,
        may_judge: viewer.caller.require(Scope::Review).is_ok() && !row.state.is_over() && !stands.is_over(),
        is_worse: stands.finding == Finding::Worse,
    }
}

fn history(viewer: &Viewer, row: &CandidateView) -> Vec<String> {
    let mut said = Vec::new();
    let somebody = |name: &Option<String>| name.clone().unwrap_or_else(|| "The administrator".to_owned());
    if let Some(at) = row.published_at {
        let why = row.reason.as_ref().map(|why| format!(": “{why}”"));
        said.push(format!(
            "{} published it on {}{}",
            somebody(&row.published_by),
            viewer.moment(at).words(),
            why.unwrap_or_else(|| ".".to_owned())
        ));
    }
    if let Some(at) = row.ended_at {
        let did = if row.state == CandidateState::Withdrawn {
            "withdrew it"
        } else {
            "took it back"
        };
        let why = row.end_reason.as_ref().map(|why| format!(": “{why}”"));
        said.push(format!(
            "{} {did} on {}{}",
            somebody(&row.ended_by),
            viewer.moment(at).words(),
            why.unwrap_or_else(|| ".".to_owned())
        ));
    }
    said
}

fn line(change: ChangeView) -> ChangeLine {
    let (title, text) = change.about.unwrap_or_default();
    let (what, title, text) = match &change.change {
        Change::AddAnswer { question, answer, .. } => ("A verified answer", question.clone(), answer.clone()),
        Change::RestoreAnswer { .. } => ("A verified answer comes back", title, text),
        Change::RetireAnswer { .. } => ("A verified answer goes", title, text),
        Change::PutDocument { document, .. } => ("A document", document.title.clone(), document.body.clone()),
        Change::RemoveDocument { .. } => ("A document goes", title, text),
        Change::SetAgent { settings, from, .. } => (
            "Settings of an agent",
            settings.name.clone(),
            match from {
                Some(from) => super::agents::changed_in_words(from, settings),
                None => settings.instructions.clone(),
            },
        ),
        Change::RankWith { .. } => ("What orders the passages", String::new(), String::new()),
    };
    ChangeLine { what, title, text }
}

fn case(case: CaseView, comparison: &ComparisonView) -> CaseLine {
    let is_it = |question: &str, before: &str, after: &str| {
        (question, before, after) == (&case.question, &case.before.text, &case.after.text)
    };
    let judged = { comparison.judged_pairs.iter() }.find(|pair| is_it(&pair.question, &pair.before, &pair.after));
    let word = |bad| if bad { "bad" } else { "good" };
    let blind = judged.map(|pair| match (pair.before_bad, pair.after_bad) {
        (Some(before), Some(after)) => format!("Read blind: without it {}, with it {}.", word(before), word(after)),
        _ => "Read blind: nobody could say.".to_owned(),
    });
    let waits = comparison.begun && !comparison.comparison.is_over() && judged.is_none();
    CaseLine {
        is_folded: waits && case.is_comparable(),
        blind: blind.unwrap_or_default(),
        question: case.question,
        conversation_id: case.conversation_id.map(|id| id.to_string()).unwrap_or_default(),
        effect: match case.effect {
            Effect::Same => "the same",
            Effect::Answered => "answered now",
            Effect::Mended => "right now",
            Effect::Other => "another answer",
            Effect::Silenced => "no answer any more",
            Effect::Broken => "not right any more",
        },
        look: case.effect.as_str(),
        known: match case.known {
            Known::Expected { answer } if answer.is_empty() => "A person has to answer it.".to_owned(),
            Known::Expected { answer } => format!("It has to be answered: “{answer}”"),
            Known::Asked => "A visitor asked it.".to_owned(),
            Known::Judged { label, .. } => match label {
                VerdictLabel::Acceptable => {
                    "A visitor asked it, and the former answer was called acceptable.".to_owned()
                }
                VerdictLabel::Bad => "A visitor asked it, and the former answer was called bad.".to_owned(),
                VerdictLabel::CannotJudge => "A visitor asked it.".to_owned(),
            },
            Known::Gap => "It belongs to the gap.".to_owned(),
        },
        before: said(&case.before),
        after: said(&case.after),
    }
}

fn said(answer: &Answer) -> String {
    match answer.mode {
        AnswerMode::Abstain => "No answer: a person is asked.".to_owned(),
        AnswerMode::Compose if answer.text.is_empty() => {
            format!("The AI writes an answer from: {}.", answer.sources.join("; "))
        }
        AnswerMode::Compose | AnswerMode::Verified | AnswerMode::Quote => answer.text.clone(),
    }
}
