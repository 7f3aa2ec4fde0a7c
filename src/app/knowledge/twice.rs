//! How questions are answered under two views of the knowledge: what is live, and what would be.

use super::find::{Found, Unranked, by_meaning, near, whole_index};
use super::view::View;
use super::{BATCH_DEADLINE, no_engine};
use crate::app::{App, AppError, fitness};
use crate::domain::answer::AnswerMode;
use crate::domain::draft::Source;
use crate::domain::improve::candidate::Answer;
use crate::domain::settings::AgentSettings;
use crate::engine::Priority;
use crate::store::Rows;
use std::sync::Arc;

/// A question, with the settings of the agent that is asked before and after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared<'a> {
    /// What is asked.
    pub(crate) question: &'a str,
    /// The agent's settings under the first view, and under the second.
    pub(crate) settings: [&'a AgentSettings; 2],
}

/// How a question is answered under one view.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    /// The answer; without a text where the LLM is to write it.
    pub(crate) answer: Answer,
    /// What it would write from.
    pub(crate) to_write: Option<ToWrite>,
}

/// What the LLM would write an answer from.
#[derive(Debug, Clone)]
pub(crate) struct ToWrite {
    /// The passages, the best first.
    pub(crate) sources: Vec<Source>,
    /// What is answered where it makes nothing of them.
    pub(crate) fallback: Answer,
}

/// How questions are answered under two views of the knowledge, each embedded once. What the LLM would write has no text here.
///
/// # Errors
/// [`AppError::Engine`] while questions cannot be compared by meaning; or the store's.
pub(crate) async fn compare(
    app: &App,
    rows: &Rows<'_>,
    views: [&Arc<View>; 2],
    asked: &[Compared<'_>],
) -> Result<Vec<[Side; 2]>, AppError> {
    let engine = app.engine().ok_or_else(no_engine)?;
    let all = whole_index(app, rows, &engine.embedder).await?;
    let client = engine.client.at_priority(Priority::Evaluation);
    let client = client.sharing(&rows.workspace_id().to_string());
    let questions: Vec<String> = asked.iter().map(|asked| asked.question.to_owned()).collect();
    let vectors = client.embed(&questions, BATCH_DEADLINE).await;
    let vectors = vectors.map_err(|error| AppError::Engine(error.to_string()))?;
    let mut answers = Vec::with_capacity(asked.len());
    for (asked, vector) in asked.iter().zip(vectors) {
        let side = async |view, settings: &AgentSettings| -> Result<Side, AppError> {
            let text = (asked.question, vector.clone());
            let near = near(app, rows, (&all, view), text, &settings.collections, &engine.embedder).await;
            let near = near.map_err(|error| match error {
                Unranked::Engine(_, why) => AppError::Engine(why),
                Unranked::Other(error) => error,
            })?;
            let allowance = fitness::allowance(app, settings).await?;
            let found = by_meaning(asked.question, &near, allowance);
            let to_write = (found.choice.mode == AnswerMode::Compose).then(|| ToWrite {
                sources: found.sources.clone(),
                fallback: answer_of(by_meaning(asked.question, &near, allowance.without_llm())),
            });
            Ok(Side {
                answer: answer_of(found),
                to_write,
            })
        };
        let [before, after] = views;
        let [settings, settings_after] = asked.settings;
        answers.push([side(before, settings).await?, side(after, settings_after).await?]);
    }
    Ok(answers)
}

fn answer_of(found: Found) -> Answer {
    let mode = found.choice.mode;
    let is_there = mode != AnswerMode::Abstain;
    Answer {
        mode,
        text: if is_there { found.choice.text } else { String::new() },
        sources: found
            .sources
            .into_iter()
            .filter(|_| is_there)
            .map(|source| source.title)
            .collect(),
        recipe: None,
    }
}
