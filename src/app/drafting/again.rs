//! What the LLM would write today to a question of the past. Nobody waits for it, and nothing of it is stored here.

use super::compose::{self, Asked};
use super::past::{Past, meanwhile, past};
use super::{App, AppError, Found, Proposal, screening};
use crate::domain::answer::AnswerMode;
use crate::domain::draft::Source;
use crate::domain::policy::EngineTrouble;
use crate::domain::screening::Screening;
use crate::domain::settings::AgentSettings;
use crate::engine::Priority;
use crate::store::Rows;
use crate::store::entity::draft;

/// The passages that the LLM may read of these.
pub(in crate::app) fn given_to_llm(sources: &[Source]) -> Vec<Source> {
    screening::trusted(&mut Screening::default(), sources.to_vec())
}

/// What the LLM would write today in the place of a draft that it wrote, from what was `found` for the same question and what had been said until
/// then. None where it would not answer.
///
/// # Errors
/// [`AppError::Engine`] while it cannot write; or the store's.
pub(in crate::app) async fn write_again(
    app: &App,
    rows: &Rows<'_>,
    made: &draft::Model,
    settings: &AgentSettings,
    found: Found,
) -> Result<Option<String>, AppError> {
    let sources = given_to_llm(&found.sources);
    match write_from(app, rows, (&made.question, Some(made)), settings, sources).await? {
        Written::Text(text) => Ok(Some(text)),
        Written::Declined | Written::Nothing => Ok(None),
    }
}

/// What came of asking the LLM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Written {
    /// The text.
    Text(String),
    /// The passages do not answer the question, it says.
    Declined,
    /// It made nothing of them: they were too long, or what it wrote was of no use. A visitor gets what is found without it.
    Nothing,
}

/// What the LLM writes from these passages, which it may read, to a question; `made` is what was drafted for it, where it is a visitor's, so that
/// what had been said until then is read, too.
///
/// # Errors
/// [`AppError::Engine`] while it cannot write; or the store's.
pub(in crate::app) async fn write_from(
    app: &App,
    rows: &Rows<'_>,
    (question, made): (&str, Option<&draft::Model>),
    settings: &AgentSettings,
    sources: Vec<Source>,
) -> Result<Written, AppError> {
    if sources.is_empty() {
        return Ok(Written::Nothing);
    }
    let proposal = Proposal {
        sources,
        ..Proposal::for_person(Screening::default())
    };
    let (past, handed_back) = match made {
        Some(made) => said_before(rows, made).await?,
        None => (Past::default(), None),
    };
    let asked = Asked {
        settings,
        question,
        history: &past.history,
        by_people: &past.by_people,
        handed_back: handed_back.as_deref(),
        priority: Priority::Evaluation,
        forming: None,
    };
    match compose::compose(app, rows, &asked, proposal).await {
        Ok(written) if written.signals.mode == AnswerMode::Compose => Ok(Written::Text(written.text)),
        Ok(_) => Ok(Written::Declined),
        Err(EngineTrouble::PromptTooLong | EngineTrouble::UnusableAnswer) => Ok(Written::Nothing),
        Err(trouble) => Err(AppError::Engine(format!(
            "past answers cannot be written again: {trouble:?}"
        ))),
    }
}

/// What had been said before a draft was made.
async fn said_before(rows: &Rows<'_>, made: &draft::Model) -> Result<(Past, Option<String>), AppError> {
    let turn = rows.turn(made.turn_id).await?.ok_or(AppError::NotFound("the turn"))?;
    let messages = rows.visitor_messages(turn.id).await?;
    let begins = messages.first().map_or(0, |message| message.seq);
    let handed_back = meanwhile(rows, turn.conversation_id, made.created_at).await?;
    let past = past(rows, turn.conversation_id, (Some(turn.id), begins)).await?;
    Ok((past, handed_back))
}
