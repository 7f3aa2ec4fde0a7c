//! The end of the turn job: the policy in force decides, and one fenced transaction writes what follows.
//!
//! An answer takes as long as its engine needs, and the owner may apply another policy meanwhile. The topics of a draft are
//! then matched anew, outside of the transaction: nothing is decided on topics of a policy that is not in force any more.

use super::wanted::{self, Wanted};
use super::{App, AppError, policies, screening};
use crate::app::duty::OnDuty;
use crate::app::evidence::{self, Decided, Grade, Lot};
use crate::app::knowledge;
use crate::app::ledger::{self, Details};
use crate::app::limits;
use crate::domain::answer::AnswerMode;
use crate::domain::draft::Draft;
use crate::domain::flow::{Context, Effect, Proposed, Step, Ticket};
use crate::domain::ids::{AgentId, ConversationId, DecisionId, DraftId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{self, Decision, DecisionKind, EngineTrouble, Facts, GateState, POLICY_VERSION};
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{answer_use, decision, draft, verified_answer};
use crate::store::{Change, Json, LogDraft, Rows, Tx};

/// A draft, and what it was made from and under.
#[derive(Debug, Clone)]
pub(super) struct Undecided {
    pub(super) agent_id: AgentId,
    pub(super) conversation_id: ConversationId,
    pub(super) draft: Draft,
    /// What the engine could not do.
    pub(super) trouble: Option<EngineTrouble>,
    /// Version of the policy whose topics the draft was screened for.
    pub(super) screened_under: i64,
    /// The business the agent speaks for.
    pub(super) business: String,
    /// What the visitor wants done.
    pub(super) wanted: Option<Wanted>,
    /// When the work on it began.
    pub(super) began: Timestamp,
}

/// What became of the attempt to decide.
enum Attempt {
    /// It is decided, or has no effect any more.
    Done,
    /// It is decided, and what the visitor wants done is to be proposed besides.
    ProposeToo(Wanted),
    /// Another policy is in force than the one that the draft was screened under; nothing was written.
    OtherPolicy,
}

/// Has the policy that is in force decide about a draft, and does what follows.
pub(super) async fn decide(app: &App, rows: &Rows<'_>, mut undecided: Undecided) -> Result<(), AppError> {
    // Ends: each further round needs a policy that was applied during the one before.
    loop {
        let grade = evidence::grade(rows, (undecided.agent_id, &undecided.business), &undecided.draft).await?;
        let facts = facts(app, rows, &undecided, &grade).await?;
        let (app_of_write, of_write) = (app.clone(), undecided.clone());
        let committed = app.store().write(rows.workspace_id(), move |tx| {
            let (app, undecided, facts, grade) = (app_of_write.clone(), of_write.clone(), facts.clone(), grade.clone());
            Box::pin(async move {
                let of = (undecided.agent_id, undecided.draft.mode);
                let known = still_known(tx, of, facts, grade).await?;
                Box::pin(commit(&app, tx, undecided, known)).await
            })
        });
        match committed.await? {
            Attempt::Done => return Ok(()),
            Attempt::ProposeToo(what) => {
                let of = (undecided.conversation_id, ticket(&undecided.draft));
                return wanted::beside_answer(app, rows, of, what).await;
            }
            Attempt::OtherPolicy => screen_again(app, rows, &mut undecided).await?,
        }
    }
}

/// Matches the topics of the policy that is in force by now. Nothing else of the screening depends on the policy.
async fn screen_again(app: &App, rows: &Rows<'_>, undecided: &mut Undecided) -> Result<(), AppError> {
    let id = undecided.conversation_id;
    tracing::info!(conversation.id = %id, "the policy was changed while a draft was made; its topics are matched anew");
    let (version, topics) = screening::topics(rows, undecided.agent_id).await?;
    let matched = screening::topics_of(app, rows, &undecided.draft.question, &topics, Priority::Live).await;
    undecided.draft.screening.topics = matched.topics;
    undecided.draft.screening.topics_unknown = matched.unknown;
    undecided.screened_under = version;
    Ok(())
}

/// What the policy is to look at. Time and state of the turn are those of the transaction.
async fn facts(app: &App, rows: &Rows<'_>, undecided: &Undecided, grade: &Grade) -> Result<Facts, AppError> {
    let Undecided {
        agent_id,
        conversation_id,
        draft,
        trouble,
        ..
    } = undecided;
    let most = u32::try_from(Facts::COUNTED_CONVERSATIONS).unwrap_or(u32::MAX);
    Ok(Facts {
        mode: draft.mode,
        trouble: *trouble,
        unfit: draft.signals.unfit,
        over_limit: limits::left(rows, *conversation_id, app.now()).await?.is_beyond,
        confidence: grade.confidence,
        score: grade.score,
        score_version: grade.score_version,
        is_fresh: grade.is_fresh,
        in_conflict: knowledge::in_conflict(rows, draft.mode, &draft.sources).await?,
        similarity: draft.signals.top_similarity,
        screening: draft.screening.clone(),
        visitor_known: rows.contact(*conversation_id).await?.is_some(),
        conversation: rows.conversation_number(*agent_id, *conversation_id, most).await?,
        ..Facts::default()
    })
}

/// The fenced transaction: draft, decision, and what follows from it.
async fn commit(
    app: &App,
    tx: &Tx<'_>,
    undecided: Undecided,
    (facts, grade): (Facts, Grade),
) -> Result<Change<Attempt>, AppError> {
    let Undecided {
        agent_id,
        conversation_id: id,
        draft,
        screened_under,
        wanted,
        began,
        ..
    } = undecided;
    let workspace = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let (settings, gate) = (workspace.settings.0, workspace.gate.0);
    let in_force = policies::current(tx, agent_id).await?;
    if in_force.version != screened_under {
        return Ok(Change::Unlogged(Attempt::OtherPolicy));
    }
    let mut ledger = ledger::load(tx, id).await?;
    let on_duty = OnDuty::under(app, tx, in_force).await?;
    let context = Context {
        duty: on_duty.duty(),
        ..ledger::context(app.sources(), &settings)
    };
    let lot = Lot::of(tx, context.now, facts.score).await?;
    let facts = Facts {
        already_held: ledger.flow.item.is_some(),
        at: context.now,
        is_unsampled: lot.is_never_drawn(),
        ..facts
    };
    let decision = policy::decide(&gate, on_duty.policy(), &facts);
    let decision_id = DecisionId::new(context.ids);
    let ticket = ticket(&draft);
    if let Some(wanted) = wanted.as_ref().filter(|_| wanted::answers(&draft, &decision))
        && let Some(entry) = wanted::instead_of_answer(app, tx, (context, &settings), (id, ticket), wanted).await?
    {
        return Ok(Change::Logged(Attempt::Done, entry));
    }
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
            return Ok(Change::Unlogged(Attempt::Done));
        }
    };
    write_draft(tx, &draft, began, context.now).await?;
    let decided = decision_row(tx, (decision_id, draft.id), (&decision, &facts), &gate, &grade);
    tx.insert(decided).await?;
    count_use(tx, &draft, context.now).await?;
    let written = ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    let kind = what_happened(&step);
    let mut entry = entry_of(kind, id, &draft, (decision_id, &decision));
    if decision.kind == DecisionKind::Send {
        entry = entry.with("released", uncertified(&gate, &facts));
    }
    if let Some(item) = ledger.flow.item {
        entry = entry.about("item", item.id);
    }
    if let Some(item) = &written.opened {
        entry = entry.about("opened_item", item.id);
    }
    if let Some(message) = written.messages.last() {
        entry = entry.about("message", message.id).about("seq", message.seq);
    }
    let decided = Decided {
        conversation_id: id,
        draft: &draft,
        facts: &facts,
        grade: &grade,
        decision: &decision,
        lot: &lot,
        is_sent: kind == EventKind::MessageReleased,
    };
    let wanted = wanted.filter(|_| wanted::goes_along(&draft, &decision));
    Ok(Change::Logged(
        wanted.map_or(Attempt::Done, Attempt::ProposeToo),
        evidence::graded(tx, decided, entry).await?,
    ))
}

/// The entry of a decision, with what it is about and why.
fn entry_of(
    kind: EventKind,
    id: ConversationId,
    draft: &Draft,
    (decision_id, decision): (DecisionId, &Decision),
) -> LogDraft {
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
    entry
}

/// What a draft was made for.
const fn ticket(draft: &Draft) -> Ticket {
    Ticket {
        turn_id: draft.turn_id,
        revision: draft.revision,
        epoch: draft.epoch,
    }
}

/// What went live since a draft was graded has not been looked at.
async fn still_known(
    tx: &Tx<'_>,
    (agent_id, mode): (AgentId, AnswerMode),
    facts: Facts,
    grade: Grade,
) -> Result<(Facts, Grade), AppError> {
    let is_fresh = grade.is_fresh || !evidence::is_compared(tx, agent_id, mode).await?;
    Ok((Facts { is_fresh, ..facts }, Grade { is_fresh, ..grade }))
}

/// A verified answer counts how often it was used.
async fn count_use(tx: &Tx<'_>, draft: &Draft, now: Timestamp) -> Result<(), AppError> {
    if let Some(id) = draft.sources.first().and_then(|source| source.verified_answer_id)
        && draft.mode == AnswerMode::Verified
        && let Some(row) = tx.verified_answer(id).await?
    {
        tx.update(verified_answer::Model {
            uses: row.uses + 1,
            ..row
        })
        .await?;
        tx.insert(answer_use::Model {
            draft_id: draft.id,
            workspace_id: tx.workspace_id(),
            answer_id: id,
            created_at: now,
        })
        .await?;
    }
    Ok(())
}

/// A decision with what it rests on, so that it can be made again.
fn decision_row(
    tx: &Tx<'_>,
    (id, draft_id): (DecisionId, DraftId),
    (decision, facts): (&Decision, &Facts),
    gate: &GateState,
    grade: &Grade,
) -> decision::Model {
    decision::Model {
        id,
        workspace_id: tx.workspace_id(),
        draft_id,
        kind: decision.kind,
        reasons: Json(decision.reasons.clone()),
        policy_version: decision.policy_version,
        gate: Json(gate.clone()),
        rules: Json(decision.rules.clone()),
        terms: Json(decision.terms.clone()),
        confidence: Some(facts.confidence),
        facts: Some(Json(facts.clone().without_words())),
        features: Some(Json(grade.measured())),
        created_at: facts.at,
    }
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
