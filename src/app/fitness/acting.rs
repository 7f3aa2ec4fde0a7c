//! Whether the chat model tells what a visitor wants done: asked and read just as in a turn.

use super::material::{ActionCase, Material};
use super::reading::counted;
use super::writing::chat;
use super::{Ask, ProbeError};
use crate::domain::action::intent::{Offered, Said, arguments_said, ask_which, ask_with_what, chosen};
use crate::domain::fitness::{Ability, Finding, Gauge, Language};
use crate::engine::EngineError;
use serde_json::Value;

/// The day on which all these messages were written.
const TODAY: &str = "Monday, 2026-03-02";

/// What came of a message.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    /// It asks for something.
    asks: bool,
    /// What should be proposed is, and nothing else.
    right: bool,
}

/// Reads every message, and judges.
pub(super) async fn act(ask: &Ask<'_>, language: Language, material: &Material) -> Result<Finding, ProbeError> {
    let tools = material.actions.tools.iter();
    let offered: Vec<Offered<'_>> = tools
        .map(|tool| Offered {
            name: &tool.name,
            title: &tool.title,
            description: &tool.description,
            schema: &tool.schema,
        })
        .collect();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for case in &material.actions.cases {
        let proposed = match proposed(ask, &offered, case).await {
            Ok(proposed) => proposed,
            // The engine says that it cannot do this at all.
            Err(EngineError::Protocol { detail }) => {
                ask.progress.advance(material.actions.cases.len() - outcomes.len());
                return Ok(Finding::of(Ability::Act, language, Vec::new(), Some(detail)));
            }
            Err(error) => return Err(error.into()),
        };
        tracing::debug!(message = case.text, ?proposed, "read what is to be done");
        let wanted = case.tool.as_deref().map(|tool| (tool, &case.args));
        outcomes.push(Outcome {
            asks: wanted.is_some(),
            right: proposed.as_ref().map(|(tool, args)| (*tool, args)) == wanted,
        });
        ask.progress.advance(1);
    }
    let (asked, not): (Vec<Outcome>, Vec<Outcome>) = outcomes.iter().partition(|outcome| outcome.asks);
    let measures = [
        counted(Gauge::RightlyProposed, &asked, |outcome| outcome.right),
        counted(Gauge::NothingProposed, &not, |outcome| outcome.right),
    ];
    Ok(Finding::of(
        Ability::Act,
        language,
        measures.into_iter().flatten().collect(),
        None,
    ))
}

async fn proposed<'a>(
    ask: &Ask<'_>,
    offered: &[Offered<'a>],
    case: &ActionCase,
) -> Result<Option<(&'a str, Value)>, EngineError> {
    let said = Said {
        last: &case.text,
        before: &[],
    };
    let which = ask_which(offered, said);
    let Some(tool) = chosen(offered, &chat(ask, which.messages, Some(which.schema)).await?.text) else {
        return Ok(None);
    };
    let with = ask_with_what(&tool, said, TODAY);
    let answer = chat(ask, with.messages, Some(with.schema)).await?;
    Ok(arguments_said(&tool, &answer.text, said).map(|args| (tool.name, args)))
}
