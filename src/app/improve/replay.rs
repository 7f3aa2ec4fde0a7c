//! Trying a candidate on questions of the past: the regression set, the gap that it is to close, and what visitors asked last.

use super::knowledge::{self, Compared, Side, View};
use super::questions::MOST;
use super::writing::{self, Unwritten};
use super::{App, AppError, agents, comparison, evidence};
use crate::domain::answer::words_of;
use crate::domain::ids::{AgentId, CandidateId, ConversationId, DraftId, JobId, WorkspaceId};
use crate::domain::improve::candidate::{CandidateState, Change, Effect, Found, Known};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::VerdictLabel;
use crate::domain::settings::AgentSettings;
use crate::store::entity::{candidate, candidate_case, candidate_text, regression_question};
use crate::store::{Change as Written, JobKind, Json, LogDraft, Rows};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Questions of visitors that are asked once more.
const ASKED: usize = 500;
/// Drafts among which they are looked for.
const LOOKED_AT: u64 = 2_000;
/// Questions compared at once.
const BATCH: usize = 32;
/// Most questions that are kept to be read: those that get worse first.
const KEPT: usize = 200;

/// A question of the past.
#[derive(Debug, Clone)]
struct Asked {
    question: String,
    agent_id: AgentId,
    conversation_id: Option<ConversationId>,
    /// What was drafted for it, where a visitor asked it.
    draft_id: Option<DraftId>,
    known: Known,
}

/// A question and how it is answered without the candidate and with it.
#[derive(Debug, Clone)]
struct Tried {
    asked: Asked,
    settings: [AgentSettings; 2],
    sides: [Side; 2],
}

/// A question and what becomes of it.
#[derive(Debug, Clone)]
struct Case {
    asked: Asked,
    answers: [crate::domain::improve::candidate::Answer; 2],
    effect: Effect,
}

/// The job: tries a candidate and keeps what is found. One that is live already is compared with what was there before it. Where the LLM would write
/// an answer otherwise, another job lets it, and calls for this one once more.
///
/// # Errors
/// [`AppError::Engine`] while questions cannot be compared by meaning; it is then tried again. Or the store's.
pub(in crate::app) async fn replay(
    app: &App,
    workspace_id: WorkspaceId,
    id: CandidateId,
    job_id: JobId,
) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let row = rows.candidate(id).await?.filter(|row| is_tried(row.state));
    let Some(row) = row else {
        return crate::app::jobs::forget(app, workspace_id, JobKind::Replay, id).await;
    };
    let changes = rows.candidate_changes(id).await?;
    let views = if row.state == CandidateState::Published {
        let inverses = changes.iter().rev().filter_map(|row| row.inverse.as_ref());
        let backwards: Vec<Change> = inverses.flat_map(|inverse| inverse.0.clone()).collect();
        [View::after(app, &rows, &backwards).await?, View::default()]
    } else {
        let forwards: Vec<Change> = changes.iter().map(|row| row.change.0.clone()).collect();
        [View::default(), View::after(app, &rows, &forwards).await?]
    };
    let mut asked = expected(&rows, rows.regression_questions(MOST).await?, &views[1]).await?;
    asked.extend(of_gap(&rows, &row.questions.0).await?);
    asked.extend(of_visitors(app, &rows).await?);
    let mut tried = compared(app, &rows, views.map(Arc::new), asked).await?;
    let of_tried = tried.iter_mut().map(|tried| Unwritten {
        question: &tried.asked.question,
        draft_id: tried.asked.draft_id,
        known: &tried.asked.known,
        settings: &tried.settings,
        sides: &mut tried.sides,
    });
    let texts = writing::fill(app, &rows, id, of_tried.collect()).await?;
    let (mut found, mut cases) = judged(tried);
    (found.written, found.unwritten) = (texts.written, texts.unwritten);
    cases.sort_by_key(|case| rank(case.effect));
    cases.truncate(KEPT);
    let was_live = row.state == CandidateState::Published;
    keep(app, workspace_id, (id, job_id, was_live), texts.rows, (found, cases)).await
}

/// Whether it is compared with what is live, or with what was.
const fn is_tried(state: CandidateState) -> bool {
    matches!(
        state,
        CandidateState::Replaying | CandidateState::Waiting | CandidateState::Published
    )
}

/// What is to be read first.
const fn rank(effect: Effect) -> u8 {
    match effect {
        Effect::Broken => 0,
        Effect::Silenced => 1,
        Effect::Mended => 2,
        Effect::Answered => 3,
        Effect::Other => 4,
        Effect::Same => 5,
    }
}

/// How many questions of the regression set these changes would break. None where there is no such set, which is looked at first.
///
/// # Errors
/// [`AppError::Engine`] while questions cannot be compared by meaning; or the store's.
pub(in crate::app) async fn breaks(app: &App, rows: &Rows<'_>, changes: &[Change]) -> Result<u64, AppError> {
    let set = rows.regression_questions(MOST).await?;
    if set.is_empty() {
        return Ok(0);
    }
    let views = [View::default(), View::after(app, rows, changes).await?];
    let asked = expected(rows, set, &views[1]).await?;
    let tried = compared(app, rows, views.map(Arc::new), asked).await?;
    Ok(judged(tried).0.worse)
}

/// The regression set. A verified answer to one of its very questions is what it has to be answered with, be it in use already or brought by a change;
/// but where a person has to answer, no answer is right.
async fn expected(rows: &Rows<'_>, set: Vec<regression_question::Model>, after: &View) -> Result<Vec<Asked>, AppError> {
    if set.is_empty() {
        return Ok(Vec::new());
    }
    let verified = after.verified(&rows.verified_answers().await?);
    let first = first_agent(rows).await?;
    let asked = set.into_iter().filter_map(|row| {
        let verified = verified.get(&words_of(&row.question));
        Some(Asked {
            agent_id: row.agent_id.or(first)?,
            conversation_id: row.conversation_id,
            draft_id: None,
            known: Known::Expected {
                answer: match verified {
                    Some(answer) if !row.answer.trim().is_empty() => answer.clone(),
                    _ => row.answer,
                },
            },
            question: row.question,
        })
    });
    Ok(asked.collect())
}

async fn of_gap(rows: &Rows<'_>, questions: &[String]) -> Result<Vec<Asked>, AppError> {
    let Some(agent_id) = first_agent(rows).await? else {
        return Ok(Vec::new());
    };
    let asked = questions.iter().map(|question| Asked {
        question: question.clone(),
        agent_id,
        conversation_id: None,
        draft_id: None,
        known: Known::Gap,
    });
    Ok(asked.collect())
}

async fn first_agent(rows: &Rows<'_>) -> Result<Option<AgentId>, AppError> {
    let agents = rows.agents().await?;
    Ok(agents
        .iter()
        .find(|agent| agent.version_id.is_some())
        .map(|agent| agent.id))
}

/// About how many questions a candidate is tried on: the regression set and what visitors asked last.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn questions_to_try(rows: &Rows<'_>) -> Result<u64, AppError> {
    let drafts = rows.newest_drafts(LOOKED_AT).await?;
    let asked: HashSet<String> = drafts.iter().map(|draft| words_of(&draft.question)).collect();
    let asked = asked.iter().filter(|words| !words.is_empty()).count().min(ASKED);
    Ok(rows.regression_question_count().await?.min(MOST) + u64::try_from(asked).unwrap_or(u64::MAX))
}

/// What visitors asked last, each question once. A verdict counts that nobody is kept from knowing.
async fn of_visitors(app: &App, rows: &Rows<'_>) -> Result<Vec<Asked>, AppError> {
    let mut seen = HashSet::new();
    let mut drafts = rows.newest_drafts(LOOKED_AT).await?;
    drafts.retain(|draft| !words_of(&draft.question).is_empty() && seen.insert(words_of(&draft.question)));
    drafts.truncate(ASKED);
    let ids: Vec<DraftId> = drafts.iter().map(|draft| draft.id).collect();
    let labels: HashMap<DraftId, VerdictLabel> = evidence::labels(app, rows, &ids).await?;
    let mut asked = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let Some(turn) = rows.turn(draft.turn_id).await? else {
            continue;
        };
        let conversation = rows.conversation(turn.conversation_id).await?;
        let Some(conversation) = conversation.filter(|row| row.spam.is_none()) else {
            continue;
        };
        asked.push(Asked {
            agent_id: conversation.agent_id,
            conversation_id: Some(conversation.id),
            draft_id: Some(draft.id),
            known: labels.get(&draft.id).map_or(Known::Asked, |label| Known::Judged {
                text: draft.body.clone(),
                label: *label,
            }),
            question: draft.question,
        });
    }
    Ok(asked)
}

async fn compared(
    app: &App,
    rows: &Rows<'_>,
    views: [Arc<View>; 2],
    asked: Vec<Asked>,
) -> Result<Vec<Tried>, AppError> {
    let mut live: HashMap<AgentId, AgentSettings> = HashMap::new();
    for agent in asked.iter().map(|asked| asked.agent_id).collect::<HashSet<_>>() {
        live.insert(agent, agents::current_version(rows, agent).await?.1);
    }
    let mut tried = Vec::with_capacity(asked.len());
    for part in asked.chunks(BATCH) {
        let questions: Vec<Compared<'_>> = part
            .iter()
            .filter_map(|asked| {
                let settings = live.get(&asked.agent_id)?;
                Some(Compared {
                    question: &asked.question,
                    settings: [
                        views[0].settings(asked.agent_id, settings),
                        views[1].settings(asked.agent_id, settings),
                    ],
                })
            })
            .collect();
        let answers = knowledge::compare(app, rows, [&views[0], &views[1]], &questions).await?;
        let settings = questions
            .iter()
            .map(|question| question.settings.map(AgentSettings::clone));
        for ((asked, settings), sides) in part.iter().zip(settings).zip(answers) {
            tried.push(Tried {
                asked: asked.clone(),
                settings,
                sides,
            });
        }
    }
    Ok(tried)
}

/// What is better and worse, and the questions that are answered otherwise.
fn judged(tried: Vec<Tried>) -> (Found, Vec<Case>) {
    let (mut found, mut cases) = (Found::default(), Vec::new());
    for Tried { asked, sides, .. } in tried {
        let answers = sides.map(|side| side.answer);
        let effect = found.add(&asked.known, &answers[0], &answers[1]);
        if effect != Effect::Same {
            cases.push(Case { asked, answers, effect });
        }
    }
    (found, cases)
}

async fn keep(
    app: &App,
    workspace_id: WorkspaceId,
    (id, job_id, was_live): (CandidateId, JobId, bool),
    texts: Vec<candidate_text::Model>,
    (found, cases): (Found, Vec<Case>),
) -> Result<(), AppError> {
    let now = app.now();
    let place = |(place, case): (i64, Case)| {
        let [before, after] = case.answers;
        candidate_case::Model {
            candidate_id: id,
            place,
            workspace_id,
            conversation_id: case.asked.conversation_id,
            draft_id: case.asked.draft_id,
            question: case.asked.question,
            known: Json(case.asked.known),
            before: Json(before),
            after: Json(after),
            effect: case.effect,
        }
    };
    let cases: Arc<Vec<candidate_case::Model>> = Arc::new((0..).zip(cases).map(place).collect());
    let texts = Arc::new(texts);
    app.store()
        .write(workspace_id, move |tx| {
            let (cases, texts) = (cases.clone(), texts.clone());
            Box::pin(async move {
                // What went live while this ran has called for it anew; then that is what counts.
                tx.finish_job(job_id).await?;
                let Some(row) = tx.candidate(id).await? else {
                    return Ok(Written::Unlogged(()));
                };
                // What was published meanwhile was compared with something else.
                if !is_tried(row.state) || (row.state == CandidateState::Published) != was_live {
                    return Ok(Written::Unlogged(()));
                }
                let (former_state, former) = (row.state, row.found.as_ref().map(|found| found.0));
                let is_written = writing::keep(tx, id, &texts, now).await?;
                let is_last = is_written && !tx.is_scheduled(JobKind::Replay, id).await?;
                let is_live = row.state == CandidateState::Published;
                tx.replace_candidate_cases(id, &cases).await?;
                tx.update(candidate::Model {
                    // What goes live all the time must not keep it from waiting: whoever publishes it asks once more.
                    state: match row.state {
                        CandidateState::Published => row.state,
                        _ if is_written => CandidateState::Waiting,
                        _ => CandidateState::Replaying,
                    },
                    found: Some(Json(found)),
                    replayed_at: Some(now),
                    ..row
                })
                .await?;
                let is_moved = is_last && comparison::follow(tx, id, &cases).await?;
                let is_news = former_state == CandidateState::Replaying || former != Some(found) || is_moved;
                if !is_written || !is_news || (is_live && !is_moved) {
                    // What is live is so since its own entry, and what is being tried still is: these are figures about it.
                    return Ok(Written::Unlogged(()));
                }
                let entry = LogDraft::new(EventKind::CandidateReplayed, Actor::System)
                    .about("candidate", id)
                    .about("tried", found.tried())
                    .about("better", found.better)
                    .about("worse", found.worse);
                Ok::<_, AppError>(Written::Logged((), entry))
            })
        })
        .await
}
