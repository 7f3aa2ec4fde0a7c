//! What the AI would do with a question of the past: drafted, graded and decided about like a visitor's, at the engine's lowest priority.
//!
//! Nothing is written and nobody is told. What is sent, held, drawn or counted elsewhere never comes from here.

use super::{App, AppError, Before, Drafted, Occasion, answered, policies};
use crate::app::evidence::{self, Content};
use crate::app::knowledge;
use crate::domain::ids::AgentId;
use crate::domain::policy::{self, EngineTrouble, Facts};
use crate::domain::rehearsal::{Line, RehearsedDraft};
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::Rows;

/// What the AI would do with `question`, asked at `at` after `before` was said; and what the engine was not there for, so that this is less than
/// the AI can do. A visitor would get it all the same, but a rehearsal can wait.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn rehearse(
    app: &App,
    rows: &Rows<'_>,
    agent_id: AgentId,
    question: &str,
    before: &[Line],
    at: Timestamp,
) -> Result<(RehearsedDraft, Option<EngineTrouble>), AppError> {
    let occasion = Occasion {
        agent_id,
        question: question.to_owned(),
        before: Before::Lines(before),
        priority: Priority::Evaluation,
        forming: None,
    };
    let Drafted {
        question,
        agent_version_id,
        settings,
        proposal,
        ..
    } = answered(app, rows, occasion).await?;
    let content = Content {
        question: &question,
        text: &proposal.text,
        sources: &proposal.sources,
        signals: &proposal.signals,
        screening: &proposal.screening,
    };
    let grade = evidence::grade_content(rows, (agent_id, &settings.business), content).await?;
    let facts = Facts {
        mode: proposal.signals.mode,
        trouble: proposal.trouble,
        unfit: proposal.signals.unfit,
        confidence: grade.confidence,
        score: grade.score,
        score_version: grade.score_version,
        is_fresh: grade.is_fresh,
        in_conflict: knowledge::in_conflict(rows, proposal.signals.mode, &proposal.sources).await?,
        similarity: proposal.signals.top_similarity,
        screening: proposal.screening.clone(),
        at,
        // As in a shop that has been open for a while, from somebody whom nobody knows.
        conversation: Facts::COUNTED_CONVERSATIONS + 1,
        ..Facts::default()
    };
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let in_force = policies::current(rows, agent_id).await?;
    let decision = policy::decide(&workspace.gate.0, &in_force, &facts);
    let missing = facts
        .trouble
        .filter(|trouble| matches!(trouble, EngineTrouble::Unavailable | EngineTrouble::Overloaded));
    let draft = RehearsedDraft {
        agent_version_id,
        mode: proposal.signals.mode,
        topic: facts.topic().to_owned(),
        text: proposal.text,
        sources: proposal.sources,
        signals: proposal.signals,
        screening: proposal.screening,
        score: grade.score,
        score_version: grade.score_version,
        decision: decision.kind,
        reasons: decision.reasons,
    };
    Ok((draft, missing))
}
