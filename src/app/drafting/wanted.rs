//! What a visitor wants done, where the AI may propose it: read by the LLM, kept to what the visitor said, decided by people.

use super::past::past;
use super::{Drafted, compose};
use crate::app::actions::{self, Propose, Proposer};
use crate::app::ledger::{self, Details, Ledger};
use crate::app::{App, AppError, fitness, policy};
use crate::domain::action::intent::{Ask, Offered, Said, arguments_said, ask_which, ask_with_what, chosen};
use crate::domain::action::tool::Tool;
use crate::domain::answer::Role;
use crate::domain::conversation::Owner;
use crate::domain::draft::Draft;
use crate::domain::flow::{Context, Ticket};
use crate::domain::ids::{ActionId, ConversationId};
use crate::domain::log::Actor;
use crate::domain::policy::{Decision, DecisionKind, Reason};
use crate::domain::screening::{Flag, Screening};
use crate::domain::settings::{AgentSettings, WorkspaceSettings};
use crate::engine::{ChatRequest, EngineError, Priority};
use crate::store::{ActionOrigin, Change, LogDraft, Rows, Tx};
use serde_json::Value;
use std::time::Duration;

/// Longest time the LLM may think about it, both questions together: the answer waits for it.
const DEADLINE: Duration = Duration::from_secs(30);
/// Longest form that it fills in, in tokens.
const MOST_TOKENS: u32 = 300;

/// A tool that a visitor asks for, with what they said, in an agent's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    wish: Propose,
    agent: String,
}

/// What the visitor asks to be done with this message, if it can be told. That the LLM cannot is no reason to answer nothing.
pub(super) async fn wanted(
    app: &App,
    rows: &Rows<'_>,
    ledger: &Ledger,
    drafted: &Drafted,
) -> Result<Option<Wanted>, AppError> {
    let screening = &drafted.proposal.screening;
    let forbids = |flag: &Flag| matches!(flag, Flag::InjectionInQuestion | Flag::Distress);
    if screening.wishes_for_person || screening.flags.iter().any(forbids) {
        return Ok(None);
    }
    let tools: Vec<Tool> = rows.tools().await?.into_iter().map(|row| row.definition.0).collect();
    let tools: Vec<&Tool> = tools.iter().filter(|tool| is_offered(tool, screening)).collect();
    let settings = &drafted.settings;
    if tools.is_empty() || !fitness::may_propose(app, settings).await? {
        return Ok(None);
    }
    let id = ledger.conversation.id;
    let turn = ledger.turn.as_ref().map(|turn| turn.id);
    let past = past(rows, id, (turn, i64::MAX)).await?;
    let by_visitor = past.history.iter().filter(|message| message.role == Role::User);
    let before: Vec<&str> = by_visitor.map(|message| message.content.as_str()).collect();
    let said = Said {
        last: &drafted.question,
        before: &before,
    };
    let zone = policy::zone(rows).await?;
    let today = jiff::Timestamp::from_millisecond(app.now().0)
        .map(|now| now.to_zoned(zone).strftime("%A, %Y-%m-%d").to_string())
        .unwrap_or_default();
    let asked = tokio::time::timeout(DEADLINE, read(app, rows, settings, &tools, said, &today));
    Ok(match asked.await {
        Ok(Ok(found)) => found.map(|(tool, args)| Wanted {
            wish: Propose {
                tool,
                args,
                conversation_id: Some(id),
            },
            agent: settings.name.clone(),
        }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "whether the visitor wants something done could not be read");
            None
        }
        Err(_elapsed) => {
            tracing::warn!("whether the visitor wants something done took too long to read");
            None
        }
    })
}

/// May the AI propose it for a message like this?
fn is_offered(tool: &Tool, screening: &Screening) -> bool {
    let topics = &tool.offer.ai_topics;
    let of_topic = |topic: &String| screening.topics.iter().any(|matched| matched.name == *topic);
    tool.offer.ai && (topics.is_empty() || topics.iter().any(of_topic))
}

async fn read(
    app: &App,
    rows: &Rows<'_>,
    settings: &AgentSettings,
    tools: &[&Tool],
    said: Said<'_>,
    today: &str,
) -> Result<Option<(String, Value)>, EngineError> {
    let offered: Vec<Offered<'_>> = tools
        .iter()
        .map(|tool| Offered {
            name: &tool.name,
            title: &tool.title,
            description: &tool.description,
            schema: &tool.schema,
        })
        .collect();
    let answer = answered(app, rows, settings, ask_which(&offered, said)).await?;
    let Some(tool) = chosen(&offered, &answer) else {
        return Ok(None);
    };
    let answer = answered(app, rows, settings, ask_with_what(&tool, said, today)).await?;
    let args = arguments_said(&tool, &answer, said);
    if args.is_none() {
        tracing::info!(tool = tool.name, "the visitor asks for this, but did not say enough");
    }
    Ok(args.map(|args| (tool.name.to_owned(), args)))
}

async fn answered(app: &App, rows: &Rows<'_>, settings: &AgentSettings, ask: Ask) -> Result<String, EngineError> {
    let engines = app.engines().at_priority(Priority::Live);
    let engines = engines.sharing(&rows.workspace_id().to_string());
    let request = ChatRequest {
        messages: ask.messages.into_iter().map(compose::for_engine).collect(),
        max_tokens: Some(MOST_TOKENS),
        temperature: 0.0,
        seed: Some(0),
        schema: Some(ask.schema),
        adapter: settings.adapter.clone(),
        ..ChatRequest::default()
    };
    match engines.chat(&compose::models(settings), request, DEADLINE).await {
        Ok(answered) => Ok(answered.answer.text),
        Err(no_answer) => Err(no_answer.error),
    }
}

/// Can what is asked of people stand in the place of an answer? Where nothing but knowledge is missing, or a person would look all the same.
pub(super) fn answers(draft: &Draft, decision: &Decision) -> bool {
    let is_for_people = |reason: &Reason| {
        matches!(
            reason,
            Reason::MissingKnowledge | Reason::PersonalData | Reason::Sensitive | Reason::TopicsUnknown
        )
    };
    draft.text.is_empty() && decision.kind <= DecisionKind::HandOff && decision.reasons.iter().all(is_for_people)
}

/// Does a proposal go beside what was decided? Not where the owner's rules give the visitor to somebody, or do not answer.
pub(super) fn goes_along(draft: &Draft, decision: &Decision) -> bool {
    decision.kind <= DecisionKind::Hold || answers(draft, decision)
}

/// Proposes it in the place of an answer, in the transaction that would decide about the draft: where the owner has words for whatever comes
/// of it, the visitor reads those and nobody is called. None where that is not so, or the tool's own rules are against it.
pub(super) async fn instead_of_answer(
    app: &App,
    tx: &Tx<'_>,
    (context, settings): (Context<'_>, &WorkspaceSettings),
    (conversation, ticket): (ConversationId, Ticket),
    wanted: &Wanted,
) -> Result<Option<LogDraft>, AppError> {
    let tool = tx.newest_tool(&wanted.wish.tool).await?;
    let has_words = tool.is_some_and(|row| row.definition.0.says.is_whole());
    let ledger = ledger::load(tx, conversation).await?;
    if !has_words || ledger.flow.item.is_some() || ledger.flow.asked_for(ticket).is_err() {
        return Ok(None);
    }
    let Some(entry) = proposed(app, tx, wanted).await? else {
        return Ok(None);
    };
    // The visitor was told: the conversation is another one now.
    let mut ledger = ledger::load(tx, conversation).await?;
    let step = ledger.flow.asked_for(ticket)?;
    ledger
        .carry_out(tx, context, settings, &step, &Details::default())
        .await?;
    Ok(Some(
        entry.about("turn", ticket.turn_id).about("revision", ticket.revision),
    ))
}

/// Proposes it beside the answer, unless the visitor wrote again meanwhile or a person answers.
pub(super) async fn beside_answer(
    app: &App,
    rows: &Rows<'_>,
    (conversation, ticket): (ConversationId, Ticket),
    wanted: Wanted,
) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(rows.workspace_id(), move |tx| {
            let (app, wanted) = (app_of_write.clone(), wanted.clone());
            Box::pin(async move {
                let flow = ledger::load(tx, conversation).await?.flow;
                let is_same = flow
                    .turn
                    .is_some_and(|(id, turn)| id == ticket.turn_id && turn.revision == ticket.revision);
                if !is_same || matches!(flow.ownership.owner, Owner::Person(_)) {
                    return Ok(Change::Unlogged(()));
                }
                Ok::<_, AppError>(match proposed(&app, tx, &wanted).await? {
                    Some(entry) => Change::Logged(
                        (),
                        entry.about("turn", ticket.turn_id).about("revision", ticket.revision),
                    ),
                    None => Change::Unlogged(()),
                })
            })
        })
        .await
}

/// Proposes it in the agent's name; none where the tool's rules, its limits or an earlier proposal are against it.
async fn proposed(app: &App, tx: &Tx<'_>, wanted: &Wanted) -> Result<Option<LogDraft>, AppError> {
    let by = Proposer {
        origin: ActionOrigin::Ai,
        name: wanted.agent.clone(),
        actor: Actor::Ai,
    };
    let id = ActionId::new(&*app.sources().ids);
    match actions::propose_in(app, tx, id, &wanted.wish, &by).await {
        Ok((_, entry)) => Ok(Some(entry)),
        // Nothing has been written by then.
        Err(AppError::Invalid(why)) => {
            tracing::info!(tool = wanted.wish.tool, "the AI would have proposed something: {why}");
            Ok(None)
        }
        Err(AppError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
