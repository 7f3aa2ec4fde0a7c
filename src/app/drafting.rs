//! The turn job: when a visitor has finished writing, draft an answer and let the policy decide about it.
//!
//! Nothing of this happens inside a transaction but its last step, which is fenced: if the visitor wrote again or the
//! conversation changed hands meanwhile, the work has no effect.

mod compose;
mod superseded;

use super::copilot::Suggestion;
use super::duty::OnDuty;
use super::knowledge::{self, Found};
use super::ledger::{self, Details, Ledger};
use super::live::{self, Drafting};
use super::views::Names;
use super::{App, AppError, agents, screening};
use crate::domain::answer::{self, AnswerMode, ChatMessage, Role, Signals};
use crate::domain::conversation::Author;
use crate::domain::draft::{Draft, Source};
use crate::domain::flow::{Context, Effect, Proposed, Step, Ticket};
use crate::domain::ids::{AgentId, AgentVersionId, ConversationId, DecisionId, DraftId, TurnId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{self, DecisionKind, EngineTrouble, Facts, GateState, POLICY_VERSION};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{decision, draft, verified_answer};
use crate::store::{Change, JobKind, Json, LogDraft, NoteKind, Rows, Tx};
use compose::Asked;

/// What was drafted, before anything is decided.
#[derive(Debug, Clone)]
struct Proposal {
    text: String,
    sources: Vec<Source>,
    signals: Signals,
    trouble: Option<EngineTrouble>,
    screening: Screening,
}

impl Proposal {
    /// Nothing: whoever asks for a person is not answered from knowledge.
    fn for_person(screening: Screening) -> Self {
        Self {
            text: String::new(),
            sources: Vec::new(),
            signals: Signals::default(),
            trouble: None,
            screening,
        }
    }

    fn found(found: Found, screening: Screening) -> Self {
        Self {
            text: found.choice.text,
            sources: found.sources,
            signals: found.choice.signals,
            trouble: found.trouble,
            screening,
        }
    }

    /// What was found, without an answer.
    fn abstaining(self) -> Self {
        Self {
            text: String::new(),
            signals: Signals {
                mode: AnswerMode::Abstain,
                unfit: false,
                ..self.signals
            },
            ..self
        }
    }
}

/// Drafts for a conversation whose turn has ended. Does nothing if it has not, or if nobody waits for the AI.
pub(super) async fn draft(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    let began = app.now();
    // Heard from before the first look at the conversation: nothing that happens to it is missed.
    let events = live::committed(app);
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
    let drafted = tokio::select! {
        drafted = propose(app, &rows, &ledger, ticket.turn_id, Priority::Live) => Some(drafted),
        // The request to the engine ends with this, and the engine stops at its next step.
        () = superseded::wait(&rows, id, ticket, events) => None,
    };
    activity(false);
    let Some(drafted) = drafted else {
        tracing::debug!(conversation.id = %id, "drafting was overtaken and starts anew when it is due");
        return forget(app, workspace_id, id).await;
    };
    let (question, version_id, proposal) = drafted?;
    let draft = Draft {
        id: DraftId::new(&*app.sources().ids),
        turn_id: ticket.turn_id,
        revision: ticket.revision,
        epoch: ticket.epoch,
        agent_version_id: version_id,
        mode: proposal.signals.mode,
        question,
        text: proposal.text.clone(),
        sources: proposal.sources.clone(),
        signals: proposal.signals.clone(),
        screening: proposal.screening.clone(),
    };
    let agent_id = ledger.conversation.agent_id;
    let facts = facts(&rows, agent_id, id, &draft, &proposal).await?;
    decide(app, workspace_id, (agent_id, id), draft, facts, began).await
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
    turn_id: TurnId,
    priority: Priority,
) -> Result<(String, AgentVersionId, Proposal), AppError> {
    let (version_id, settings) = agents::current_version(rows, ledger.conversation.agent_id).await?;
    let asked = rows.visitor_messages(turn_id).await?;
    let question = asked
        .iter()
        .map(|message| message.body.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let topics = screening::topics(rows, ledger.conversation.agent_id).await?;
    let screening = screening::of_message(app, rows, &question, &settings, &topics).await;
    // A person who asks for a suggestion gets one, whatever the visitor wishes.
    if priority == Priority::Live && screening.wishes_for_person {
        return Ok((question, version_id, Proposal::for_person(screening)));
    }
    let mut found = knowledge::find_answer(app, rows, &question, &settings).await?;
    let without_llm = found.without_llm.take();
    let mut proposal = Proposal::found(found, screening);
    if proposal.signals.mode == AnswerMode::Compose {
        // Passages that give orders never reach the LLM.
        proposal.sources = screening::trusted(&mut proposal.screening, proposal.sources);
        let handed_back = handed_back(rows, ledger).await?;
        let past = past(rows, ledger).await?;
        let asked = Asked {
            settings: &settings,
            question: &question,
            history: &past.history,
            by_people: &past.by_people,
            handed_back: handed_back.as_deref(),
            priority,
        };
        let composed = if proposal.sources.is_empty() {
            Err(None)
        } else {
            compose::compose(app, rows, &asked, proposal.clone())
                .await
                .map_err(Some)
        };
        proposal = match composed {
            Ok(composed) => composed,
            Err(trouble) => {
                let screening = proposal.screening.clone();
                let fallback = match without_llm {
                    Some(found) => Proposal::found(*found, screening),
                    None => proposal.abstaining(),
                };
                Proposal { trouble, ..fallback }
            }
        };
    }
    screening::of_sources(&mut proposal.screening, &proposal.sources);
    screening::of_draft(&mut proposal.screening, &proposal.signals.unsupported);
    Ok((question, version_id, proposal))
}

/// What the AI would answer, for the person who owns the conversation. Nothing is stored.
pub(super) async fn suggest(
    app: &App,
    rows: &Rows<'_>,
    ledger: &Ledger,
    turn_id: TurnId,
) -> Result<Suggestion, AppError> {
    let (_, _, proposal) = propose(app, rows, ledger, turn_id, Priority::Copilot).await?;
    Ok(Suggestion {
        text: proposal.text,
        mode: proposal.signals.mode,
        sources: proposal.sources.into_iter().map(|source| source.title).collect(),
        unsupported: proposal.signals.unsupported,
    })
}

/// The latest stretch that a person answered and handed back, in words for the LLM.
async fn handed_back(rows: &Rows<'_>, ledger: &Ledger) -> Result<Option<String>, AppError> {
    let notes = rows.notes_of(ledger.conversation.id).await?;
    let Some(note) = notes.iter().rfind(|note| note.kind == NoteKind::HandBack) else {
        return Ok(None);
    };
    let name = Names::default().of(rows, note.member_id).await?;
    Ok(Some(answer::handed_back(&name, &note.body)))
}

/// What was said before this turn.
struct Past {
    /// For the LLM.
    history: Vec<ChatMessage>,
    /// What colleagues wrote of it.
    by_people: Vec<String>,
}

/// What was said before this turn. Orders that a visitor gave then never reach the LLM: only what is asked now is screened.
async fn past(rows: &Rows<'_>, ledger: &Ledger) -> Result<Past, AppError> {
    let turn = ledger.turn.as_ref().map(|turn| turn.id);
    let mut messages = rows.messages_after(ledger.conversation.id, 0).await?;
    messages.retain(|message| message.turn_id != turn && message.author != Author::System);
    let people = messages.iter().filter(|message| message.author == Author::Person);
    let by_people = people.map(|message| message.body.clone()).collect();
    let mut history = Vec::with_capacity(messages.len());
    // As they were screened: everything that a visitor wrote in one turn is read as one text.
    for burst in messages.chunk_by(|a, b| a.author == b.author && a.turn_id == b.turn_id) {
        let by_visitor = burst.first().is_some_and(|message| message.author == Author::Visitor);
        let texts: Vec<&str> = burst.iter().map(|message| message.body.as_str()).collect();
        if by_visitor && screening::gives_orders(&texts.join("\n")) {
            continue;
        }
        let role = if by_visitor { Role::User } else { Role::Assistant };
        history.extend(texts.into_iter().map(|text| ChatMessage::new(role, text)));
    }
    Ok(Past { history, by_people })
}

/// What the policy is to look at. Time and state of the turn are those of the transaction.
async fn facts(
    rows: &Rows<'_>,
    agent_id: AgentId,
    id: ConversationId,
    draft: &Draft,
    proposal: &Proposal,
) -> Result<Facts, AppError> {
    let most = u32::try_from(Facts::COUNTED_CONVERSATIONS).unwrap_or(u32::MAX);
    Ok(Facts {
        mode: draft.mode,
        trouble: proposal.trouble,
        unfit: draft.signals.unfit,
        confidence: policy::confidence(&draft.signals, &draft.screening),
        similarity: draft.signals.top_similarity,
        screening: draft.screening.clone(),
        visitor_known: rows.contact(id).await?.is_some(),
        conversation: rows.conversation_number(agent_id, id, most).await?,
        ..Facts::default()
    })
}

/// The fenced transaction: draft, decision, and what follows from it.
async fn decide(
    app: &App,
    workspace_id: WorkspaceId,
    about: (AgentId, ConversationId),
    draft: Draft,
    facts: Facts,
    began: Timestamp,
) -> Result<(), AppError> {
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let (app, draft, facts) = (app_of_write.clone(), draft.clone(), facts.clone());
            Box::pin(async move { decide_in(&app, tx, about, draft, facts, began).await })
        })
        .await
}

async fn decide_in(
    app: &App,
    tx: &Tx<'_>,
    (agent_id, id): (AgentId, ConversationId),
    draft: Draft,
    facts: Facts,
    began: Timestamp,
) -> Result<Change<()>, AppError> {
    let workspace = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let (settings, gate) = (workspace.settings.0, workspace.gate.0);
    let mut ledger = ledger::load(tx, id).await?;
    let on_duty = OnDuty::of(app, tx, agent_id).await?;
    let context = Context {
        duty: on_duty.duty(),
        ..ledger::context(app.sources(), &settings)
    };
    let facts = Facts {
        already_held: ledger.flow.item.is_some(),
        at: context.now,
        ..facts
    };
    let decision = policy::decide(&gate, on_duty.policy(), &facts);
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
    let decided = decision::Model {
        id: decision_id,
        workspace_id: tx.workspace_id(),
        draft_id: draft.id,
        kind: decision.kind,
        reasons: Json(decision.reasons.clone()),
        policy_version: decision.policy_version,
        gate: Json(gate.clone()),
        rules: Json(decision.rules.clone()),
        terms: Json(decision.terms.clone()),
        confidence: Some(facts.confidence),
        facts: Some(Json(facts.clone().without_words())),
        created_at: context.now,
    };
    tx.insert(decided).await?;
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
    if decision.policy_version != POLICY_VERSION {
        entry = entry.about("policy_version", decision.policy_version);
    }
    if !decision.rules.is_empty() {
        entry = entry.with("rules", decision.rules.clone());
    }
    if decision.kind == DecisionKind::Send {
        entry = entry.with("released", uncertified(&gate, &facts));
    }
    if let Some(item) = ledger.flow.item {
        entry = entry.about("item", item.id);
    }
    if let Some(message) = written.messages.last() {
        entry = entry.about("message", message.id).about("seq", message.seq);
    }
    Ok(Change::Logged((), entry))
}

/// The topics that let a draft out without a certificate, with who is responsible for each: so it is marked in the log.
fn uncertified(gate: &GateState, facts: &Facts) -> serde_json::Value {
    let released = gate.lets_through(&facts.screening).into_iter();
    released
        .map(|released| serde_json::json!({ "topic": released.topic, "by": released.by }))
        .collect()
}

/// The entry's kind follows from what the flow did, not from what the policy wished: an answer that a person can still
/// undo stays in force, and an empty draft is handed off.
fn what_happened(step: &Step) -> EventKind {
    let did = |wanted: fn(&Effect) -> bool| step.effects.iter().any(wanted);
    if did(|effect| matches!(effect, Effect::AiAnswers(_))) {
        EventKind::MessageReleased
    } else if did(|effect| matches!(effect, Effect::OwnerChanged(_))) {
        EventKind::ConversationHandedOff
    } else if did(|effect| matches!(effect, Effect::DraftJoined(_))) {
        // Out of hours the visitor is told so besides.
        EventKind::ReviewRequested
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
        screening: Json(draft.screening.clone()),
        drafted_in_ms: now.ms_since(began),
        created_at: now,
    };
    Ok(tx.insert(row).await?)
}
