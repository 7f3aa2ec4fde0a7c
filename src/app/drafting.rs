//! The turn job: when a visitor has finished writing, draft an answer and let the policy decide about it.
//!
//! Nothing of this happens inside a transaction but its last step, which is fenced: if the visitor wrote again or the
//! conversation changed hands meanwhile, the work has no effect.

mod again;
mod commit;
mod compose;
mod past;
mod rehearse;
mod superseded;
mod wanted;

pub(super) use again::{Written, given_to_llm, write_again, write_from};
pub(super) use compose::{recipe, writer};
pub(super) use rehearse::rehearse;

use super::copilot::Suggestion;
use super::knowledge::{self, Found};
use super::ledger::{self, Ledger};
use super::live::{self, Drafting};
use super::{App, AppError, agents, evidence, limits, policy as policies, screening};
use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::draft::{Draft, Source};
use crate::domain::ids::{AgentId, AgentVersionId, ConversationId, DraftId, TurnId, WorkspaceId};
use crate::domain::policy::EngineTrouble;
use crate::domain::rehearsal::Line;
use crate::domain::screening::Screening;
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use crate::engine::{Forming, Priority};
use crate::store::{Change, JobKind, Rows};
use commit::Undecided;
use compose::Asked;
use past::{Past, meanwhile, past};
use wanted::Wanted;

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

/// A proposal, and what it was made from and under.
struct Drafted {
    question: String,
    agent_version_id: AgentVersionId,
    /// Version of the policy whose topics the question was screened for.
    screened_under: i64,
    /// The agent as it is published.
    settings: AgentSettings,
    proposal: Proposal,
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
    let forming = Forming::default();
    let drafted = tokio::select! {
        drafted = Box::pin(with_wish(app, &rows, &ledger, (ticket.turn_id, &forming))) => Some(drafted),
        // The request to the engine ends with this, and the engine stops at its next step.
        () = superseded::wait(&rows, id, ticket, events) => None,
        // It never ends by itself; what it shows goes with it.
        never = live::show_forming(app, (workspace_id, id), forming.read()) => match never {},
    };
    activity(false);
    let Some(drafted) = drafted else {
        tracing::debug!(conversation.id = %id, "drafting was overtaken and starts anew when it is due");
        return forget(app, workspace_id, id).await;
    };
    let (drafted, wanted) = drafted?;
    let Drafted {
        question,
        agent_version_id,
        screened_under,
        settings,
        proposal,
    } = drafted;
    let draft = Draft {
        id: DraftId::new(&*app.sources().ids),
        turn_id: ticket.turn_id,
        revision: ticket.revision,
        epoch: ticket.epoch,
        agent_version_id,
        mode: proposal.signals.mode,
        question,
        text: proposal.text,
        sources: proposal.sources,
        signals: proposal.signals,
        screening: proposal.screening,
    };
    let undecided = Undecided {
        agent_id: ledger.conversation.agent_id,
        conversation_id: id,
        draft,
        trouble: proposal.trouble,
        screened_under,
        business: settings.business,
        wanted,
        began,
    };
    evidence::open_month(app, workspace_id).await?;
    commit::decide(app, &rows, undecided).await
}

/// A draft, and what the visitor wants done besides.
async fn with_wish(
    app: &App,
    rows: &Rows<'_>,
    ledger: &Ledger,
    (turn_id, forming): (TurnId, &Forming),
) -> Result<(Drafted, Option<Wanted>), AppError> {
    let drafted = propose(app, rows, ledger, turn_id, (Priority::Live, Some(forming))).await?;
    let wanted = wanted::wanted(app, rows, ledger, &drafted).await?;
    Ok((drafted, wanted))
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

/// A question that is to be answered.
struct Occasion<'a> {
    agent_id: AgentId,
    question: String,
    before: Before<'a>,
    priority: Priority,
    /// Where what is being written is shown.
    forming: Option<&'a Forming>,
}

/// What was said before a question.
#[derive(Clone, Copy)]
enum Before<'a> {
    /// All of the conversation but its open turn.
    Conversation(&'a Ledger),
    /// These lines, of a chat of the past.
    Lines(&'a [Line]),
}

async fn propose(
    app: &App,
    rows: &Rows<'_>,
    ledger: &Ledger,
    turn_id: TurnId,
    (priority, forming): (Priority, Option<&Forming>),
) -> Result<Drafted, AppError> {
    let asked = rows.visitor_messages(turn_id).await?;
    let question = asked
        .iter()
        .map(|message| message.body.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let occasion = Occasion {
        agent_id: ledger.conversation.agent_id,
        question,
        before: Before::Conversation(ledger),
        priority,
        forming,
    };
    answered(app, rows, occasion).await
}

/// Finds an answer, or lets the LLM write one, and notices what there is to notice about question, sources and answer.
async fn answered(app: &App, rows: &Rows<'_>, occasion: Occasion<'_>) -> Result<Drafted, AppError> {
    let Occasion {
        agent_id,
        question,
        before,
        priority,
        forming,
    } = occasion;
    let (agent_version_id, settings) = agents::current_version(rows, agent_id).await?;
    let (screened_under, topics) = screening::topics(rows, agent_id).await?;
    let screening = screening::of_message(app, rows, &question, &settings, &topics, priority).await;
    let drafted = |question, proposal| Drafted {
        question,
        agent_version_id,
        screened_under,
        settings: settings.clone(),
        proposal,
    };
    // A person who asks for a suggestion gets one, whatever the visitor wishes.
    if priority != Priority::Copilot && screening.wishes_for_person {
        return Ok(drafted(question, Proposal::for_person(screening)));
    }
    let mut found = knowledge::find_answer(app, rows, &question, &settings, priority).await?;
    let without_llm = found.without_llm.take();
    let mut proposal = Proposal::found(found, screening);
    if proposal.signals.mode == AnswerMode::Compose {
        // Passages that give orders never reach the LLM.
        proposal.sources = screening::trusted(&mut proposal.screening, proposal.sources);
        let (past, handed_back) = match before {
            Before::Conversation(ledger) => {
                let id = ledger.conversation.id;
                let turn = ledger.turn.as_ref().map(|turn| turn.id);
                let handed_back = meanwhile(rows, id, Timestamp(i64::MAX)).await?;
                (past(rows, id, (turn, i64::MAX)).await?, handed_back)
            }
            Before::Lines(lines) => (Past::told(lines), None),
        };
        let asked = Asked {
            settings: &settings,
            question: &question,
            history: &past.history,
            by_people: &past.by_people,
            handed_back: handed_back.as_deref(),
            priority,
            forming,
        };
        let left = match before {
            Before::Conversation(ledger) if priority == Priority::Live => {
                limits::left(rows, ledger.conversation.id, app.now()).await?
            }
            _ => limits::Left::ALL,
        };
        let composed = if !left.may_write {
            Err(Some(EngineTrouble::BudgetSpent))
        } else if proposal.sources.is_empty() {
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
    Ok(drafted(question, proposal))
}

/// What the AI would answer, for the person who owns the conversation. Nothing is stored.
pub(super) async fn suggest(
    app: &App,
    rows: &Rows<'_>,
    ledger: &Ledger,
    turn_id: TurnId,
) -> Result<Suggestion, AppError> {
    let Drafted { proposal, .. } = propose(app, rows, ledger, turn_id, (Priority::Copilot, None)).await?;
    Ok(Suggestion {
        text: proposal.text,
        mode: proposal.signals.mode,
        sources: proposal.sources.into_iter().map(|source| source.title).collect(),
        unsupported: proposal.signals.unsupported,
    })
}
