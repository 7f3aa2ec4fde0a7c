//! The turn job: when a visitor has finished writing, draft an answer and let the policy decide about it.
//!
//! Nothing of this happens inside a transaction but its last step, which is fenced: if the visitor wrote again or the
//! conversation changed hands meanwhile, the work has no effect.

use super::knowledge::{self, Found};
use super::ledger::{self, Details, Ledger};
use super::live::{self, Drafting};
use super::{App, AppError, agents};
use crate::domain::answer::{AnswerMode, ChatMessage, Role, Signals, compose_prompt, unsupported};
use crate::domain::conversation::Author;
use crate::domain::draft::{Draft, Source};
use crate::domain::flow::{Effect, Proposed, Step, Ticket};
use crate::domain::ids::{AgentVersionId, ConversationId, DecisionId, DraftId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{self, Decision, Facts, GateState};
use crate::domain::screening::wishes_for_person;
use crate::domain::settings::AgentSettings;
use crate::domain::text::AnswerText;
use crate::domain::time::Timestamp;
use crate::engine::{self, ChatRequest};
use crate::store::entity::{decision, draft, verified_answer};
use crate::store::{Change, JobKind, Json, LogDraft, Rows, Tx};
use std::time::Duration;

/// Longest time the LLM may write on one answer; then a person answers.
const COMPOSE_DEADLINE: Duration = Duration::from_mins(2);
/// Longest composed answer, in tokens.
const COMPOSE_TOKENS: u32 = 160;
/// Messages of the conversation so far that the LLM sees.
const HISTORY: usize = 4;

/// What was drafted, before anything is decided.
#[derive(Debug, Clone)]
struct Proposal {
    mode: AnswerMode,
    text: String,
    sources: Vec<Source>,
    signals: Signals,
    engine_missing: bool,
    wishes_for_person: bool,
}

impl Proposal {
    fn abstain(engine_missing: bool, wishes_for_person: bool) -> Self {
        let (mode, signals) = (
            AnswerMode::Abstain,
            Signals {
                mode: AnswerMode::Abstain,
                ..Signals::default()
            },
        );
        Self {
            mode,
            text: String::new(),
            sources: Vec::new(),
            signals,
            engine_missing,
            wishes_for_person,
        }
    }
}

/// Drafts for a conversation whose turn has ended. Does nothing if it has not, or if nobody waits for the AI.
pub(super) async fn draft(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let began = app.now();
    let rows = app.store().rows(workspace_id);
    let ledger = ledger::load(&rows, id).await?;
    let Ok(ticket) = ledger.flow.start_draft(began) else {
        return forget(app, workspace_id, id).await;
    };
    let activity = |active| {
        live::announce(
            app,
            Drafting {
                workspace_id,
                conversation_id: id,
                active,
            },
        );
    };
    activity(true);
    let drafted = propose(app, &rows, &ledger, ticket).await;
    activity(false);
    let (question, version_id, proposal) = drafted?;
    let draft = Draft {
        id: DraftId::new(&*app.sources().ids),
        turn_id: ticket.turn_id,
        revision: ticket.revision,
        epoch: ticket.epoch,
        agent_version_id: version_id,
        mode: proposal.mode,
        question,
        text: proposal.text.clone(),
        sources: proposal.sources.clone(),
        signals: proposal.signals.clone(),
    };
    decide(app, workspace_id, id, draft, &proposal, began).await
}

/// Nothing is left to draft: the job goes, unless the state says that it is due later.
async fn forget(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let ledger = ledger::load(tx, id).await?;
                let due = ledger
                    .flow
                    .dues()
                    .into_iter()
                    .find(|(_, due)| *due == crate::domain::flow::Due::Draft);
                match due {
                    Some((at, _)) => tx.schedule(JobKind::Draft, id, at).await?,
                    None => tx.unschedule(JobKind::Draft, id).await?,
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

async fn propose(
    app: &App,
    rows: &Rows<'_>,
    ledger: &Ledger,
    ticket: Ticket,
) -> Result<(String, AgentVersionId, Proposal), AppError> {
    let (version_id, settings) = agents::current_version(rows, ledger.conversation.agent_id).await?;
    let asked = rows.visitor_messages(ticket.turn_id).await?;
    let question = asked
        .iter()
        .map(|message| message.body.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    if wishes_for_person(&question) {
        return Ok((question, version_id, Proposal::abstain(false, true)));
    }
    let found = knowledge::find_answer(app, rows, &question, &settings).await?;
    let Found {
        choice,
        sources,
        engine_missing,
    } = found;
    let mut proposal = Proposal {
        mode: choice.mode,
        text: choice.text,
        sources,
        signals: choice.signals,
        engine_missing,
        wishes_for_person: false,
    };
    if proposal.mode == AnswerMode::Compose {
        let history = history(rows, ledger).await?;
        proposal = compose(app, &settings, &question, &history, proposal).await;
    }
    Ok((question, version_id, proposal))
}

/// The last messages before this turn, for the LLM.
async fn history(rows: &Rows<'_>, ledger: &Ledger) -> Result<Vec<ChatMessage>, AppError> {
    let turn = ledger.turn.as_ref().map(|turn| turn.id);
    let mut messages = rows.messages_after(ledger.conversation.id, 0).await?;
    messages.retain(|message| message.turn_id != turn && message.author != Author::System);
    let from = messages.len().saturating_sub(HISTORY);
    Ok(messages
        .drain(from..)
        .map(|message| {
            let role = if message.author == Author::Visitor {
                Role::User
            } else {
                Role::Assistant
            };
            ChatMessage::new(role, message.body)
        })
        .collect())
}

/// Lets the LLM write from the passages. If it cannot, a person answers.
async fn compose(
    app: &App,
    settings: &AgentSettings,
    question: &str,
    history: &[ChatMessage],
    proposal: Proposal,
) -> Proposal {
    let Some(engine) = app.engine() else {
        return Proposal {
            mode: AnswerMode::Abstain,
            ..Proposal::abstain(true, false)
        };
    };
    let passages: Vec<(&str, &str)> = proposal
        .sources
        .iter()
        .map(|source| (source.title.as_str(), source.text.as_str()))
        .collect();
    let messages = compose_prompt(&settings.instructions, question, &passages, history);
    let request = ChatRequest {
        messages: messages.into_iter().map(for_engine).collect(),
        max_tokens: Some(COMPOSE_TOKENS),
        temperature: 0.0,
        seed: Some(0),
        logprobs: true,
        ..ChatRequest::default()
    };
    let answer = match engine.client.chat(request, COMPOSE_DEADLINE).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(%error, "the LLM could not write an answer; a person will");
            return Proposal {
                sources: proposal.sources,
                ..Proposal::abstain(true, false)
            };
        }
    };
    // Whatever a model writes is untrusted text: it is cleaned and bounded like a person's.
    let Ok(text) = AnswerText::parse(&answer.text) else {
        return Proposal {
            sources: proposal.sources,
            ..Proposal::abstain(false, false)
        };
    };
    // What the visitor or the business is called need not stand in a passage.
    let mut known = vec![question, &settings.business, &settings.name];
    known.extend(
        proposal
            .sources
            .iter()
            .flat_map(|source| [source.title.as_str(), source.text.as_str()]),
    );
    let mut signals = proposal.signals;
    signals.unsupported = unsupported(text.as_str(), &known);
    signals.answer_words = u32::try_from(text.as_str().split_whitespace().count()).unwrap_or(u32::MAX);
    signals.mean_logprob = answer.logprobs.map(|logprobs| logprobs.mean);
    signals.min_logprob = answer.logprobs.map(|logprobs| logprobs.min);
    Proposal {
        text: text.into(),
        signals,
        ..proposal
    }
}

fn for_engine(message: ChatMessage) -> engine::ChatMessage {
    match message.role {
        Role::System => engine::ChatMessage::system(message.content),
        Role::User => engine::ChatMessage::user(message.content),
        Role::Assistant => engine::ChatMessage::assistant(message.content),
    }
}

/// The fenced transaction: draft, decision, and what follows from it.
async fn decide(
    app: &App,
    workspace_id: WorkspaceId,
    id: ConversationId,
    draft: Draft,
    proposal: &Proposal,
    began: Timestamp,
) -> Result<(), AppError> {
    let facts = Facts {
        mode: draft.mode,
        wishes_for_person: proposal.wishes_for_person,
        engine_missing: proposal.engine_missing,
        unsupported: !draft.signals.unsupported.is_empty(),
        unfit: draft.signals.unfit,
        already_held: false,
    };
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let (app, draft) = (app_of_write.clone(), draft.clone());
            Box::pin(async move { decide_in(&app, tx, id, draft, facts, began).await })
        })
        .await
}

async fn decide_in(
    app: &App,
    tx: &Tx<'_>,
    id: ConversationId,
    draft: Draft,
    facts: Facts,
    began: Timestamp,
) -> Result<Change<()>, AppError> {
    let workspace = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let (settings, gate) = (workspace.settings.0, workspace.gate.0);
    let mut ledger = ledger::load(tx, id).await?;
    let context = ledger::context(app.sources(), &settings);
    let decision = policy::decide(
        &gate,
        Facts {
            already_held: ledger.flow.item.is_some(),
            ..facts
        },
    );
    let decision_id = DecisionId::new(context.ids);
    let ticket = Ticket {
        turn_id: draft.turn_id,
        revision: draft.revision,
        epoch: draft.epoch,
    };
    let proposed = Proposed {
        id: draft.id,
        ticket,
        text: &draft.text,
    };
    let mut salt = [0; 16];
    app.sources().random.fill(&mut salt);
    let step = match ledger
        .flow
        .draft_finished(context, proposed, (decision_id, &decision), salt)
    {
        Ok(step) => step,
        Err(refused) => {
            // Overtaken: what the overtaking change scheduled stays scheduled.
            tracing::info!(conversation.id = %id, "a draft came too late and has no effect: {refused}");
            return Ok(Change::Unlogged(()));
        }
    };
    write_draft(tx, &draft, began, context.now).await?;
    write_decision(tx, &draft, decision_id, &decision, &gate, context.now).await?;
    if let Some(id) = draft.sources.first().and_then(|source| source.verified_answer_id)
        && draft.mode == AnswerMode::Verified
        && let Some(row) = tx.verified_answer(id).await?
    {
        tx.update(verified_answer::Model {
            uses: row.uses + 1,
            ..row
        })
        .await?;
    }
    let written = ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    let kind = what_happened(&step);
    let mut entry = LogDraft::new(kind, Actor::Ai)
        .about("conversation", id)
        .about("turn", draft.turn_id)
        .about("revision", draft.revision)
        .about("draft", draft.id)
        .about("decision", decision_id)
        .about("mode", draft.mode.as_str())
        .with("reasons", serde_json::to_value(&decision.reasons).unwrap_or_default());
    if let Some(item) = ledger.flow.item {
        entry = entry.about("item", item.id);
    }
    if let Some(message) = written.messages.last() {
        entry = entry.about("message", message.id).about("seq", message.seq);
    }
    Ok(Change::Logged((), entry))
}

/// The entry's kind follows from what the flow did, not from what the policy wished: an answer that a person can still
/// undo stays in force, and an empty draft is handed off.
fn what_happened(step: &Step) -> EventKind {
    let did = |wanted: fn(&Effect) -> bool| step.effects.iter().any(wanted);
    if did(|effect| matches!(effect, Effect::AiAnswers(_))) {
        EventKind::MessageReleased
    } else if did(|effect| matches!(effect, Effect::OwnerChanged(_))) {
        EventKind::ConversationHandedOff
    } else if did(|effect| matches!(effect, Effect::SystemSays(_))) {
        EventKind::MessageCreated
    } else {
        EventKind::ReviewRequested
    }
}

async fn write_draft(tx: &Tx<'_>, draft: &Draft, began: Timestamp, now: Timestamp) -> Result<(), AppError> {
    let row = draft::Model {
        id: draft.id,
        workspace_id: tx.workspace_id(),
        turn_id: draft.turn_id,
        revision: draft.revision,
        epoch: draft.epoch,
        agent_version_id: draft.agent_version_id,
        mode: draft.mode,
        question: draft.question.clone(),
        body: draft.text.clone(),
        sources: Json(draft.sources.clone()),
        signals: Json(draft.signals.clone()),
        drafted_in_ms: now.ms_since(began),
        created_at: now,
    };
    Ok(tx.insert(row).await?)
}

async fn write_decision(
    tx: &Tx<'_>,
    draft: &Draft,
    id: DecisionId,
    decision: &Decision,
    gate: &GateState,
    now: Timestamp,
) -> Result<(), AppError> {
    let row = decision::Model {
        id,
        workspace_id: tx.workspace_id(),
        draft_id: draft.id,
        kind: decision.kind,
        reasons: Json(decision.reasons.clone()),
        policy_version: decision.policy_version,
        gate: Json(gate.clone()),
        created_at: now,
    };
    Ok(tx.insert(row).await?)
}
