//! Writing a step: its effects in their order, then turn, item and conversation, and the jobs that follow.

use super::told::topics_of;
use super::{DecisionDetails, Details, Ledger, Written, turn_of};
use crate::app::{AppError, evidence, improve, reach};
use crate::domain::conversation::{Author, Owner};
use crate::domain::evidence::JudgedBy;
use crate::domain::evidence::check::is_hasty;
use crate::domain::flow::{Approval, Context, Due, Effect, Flow, Step};
use crate::domain::ids::{ApprovalId, ConversationId, MemberId, MessageId, VerdictId};
use crate::domain::policy::{Reason, Terms};
use crate::domain::release::{Basis, Release};
use crate::domain::review::{Item, ItemState, OutcomeKind, Pending, joined, likeness, verdict_of};
use crate::domain::settings::WorkspaceSettings;
use crate::domain::team;
use crate::domain::time::Timestamp;
use crate::store::entity::{approval, message, outcome, release, review_item, turn, verdict};
use crate::store::{ItemStatus, JobKind, Json, OutcomeStatus, OwnerKind, Tx};

impl Ledger {
    /// Adds a message to the conversation; its sequence is the next.
    ///
    /// # Errors
    /// The store's.
    async fn say(&mut self, tx: &Tx<'_>, new: NewMessage) -> Result<message::Model, AppError> {
        self.conversation.last_seq += 1;
        let row = message::Model {
            id: new.id,
            workspace_id: tx.workspace_id(),
            conversation_id: self.conversation.id,
            turn_id: self.turn.as_ref().map(|turn| turn.id),
            seq: self.conversation.last_seq,
            author: new.author,
            member_id: new.member_id,
            body: new.text,
            client_id: new.client_id,
            release_id: new.release_id,
            epoch: self.flow.ownership.epoch,
            created_at: new.at,
            delivered_at: None,
        };
        tx.insert(row.clone()).await?;
        Ok(row)
    }

    /// Says a text of the owner's, whatever the conversation is doing.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn announce(&mut self, tx: &Tx<'_>, context: Context<'_>, text: &str) -> Result<(), AppError> {
        self.say(tx, NewMessage::new(context, Author::System, text)).await?;
        self.save(tx, context.now).await
    }

    /// Writes the conversation's row.
    async fn save(&mut self, tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
        let ownership = self.flow.ownership;
        let (owner, member) = match ownership.owner {
            Owner::Ai => (OwnerKind::Ai, None),
            Owner::Person(member) => (OwnerKind::Person, Some(member)),
            Owner::Nobody => (OwnerKind::Nobody, None),
        };
        self.conversation.owner = owner;
        self.conversation.owner_member_id = member;
        self.conversation.epoch = ownership.epoch;
        self.conversation.spam = self.flow.spam;
        self.conversation.answer_due_at = self.flow.answer_due_at;
        self.conversation.updated_at = now;
        tx.update(self.conversation.clone()).await?;
        Ok(())
    }

    /// Writes a step: its effects in order, turn, item and conversation, and the jobs that follow from the new state.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn carry_out(
        &mut self,
        tx: &Tx<'_>,
        context: Context<'_>,
        settings: &WorkspaceSettings,
        step: &Step,
        details: &Details,
    ) -> Result<Written, AppError> {
        let before = self.flow;
        let mut written = Written::default();
        for effect in &step.effects {
            self.carry_out_one(tx, context, settings, step, details, effect, &mut written)
                .await?;
        }
        self.flow = step.flow;
        self.end_lease_of_outsider(tx, step).await?;
        if let Some((text, client_id)) = &details.visitor {
            let message = NewMessage {
                client_id: Some(client_id.clone()),
                ..NewMessage::new(context, Author::Visitor, text)
            };
            written.messages.push(self.say(tx, message).await?);
        }
        self.write_turn(tx).await?;
        self.write_item(tx, context.now).await?;
        self.save(tx, context.now).await?;
        reschedule(tx, self.conversation.id, &before, &self.flow).await?;
        self.reschedule_escalation(tx, settings, &before).await?;
        self.schedule_end(tx, context, settings).await?;
        let a_person_wrote = written.messages.iter().any(|message| message.author == Author::Person);
        // Of what was good as it was nothing is missing.
        let is_other = |effect: &Effect| matches!(effect, Effect::ItemClosed { outcome, .. } if outcome.kind != OutcomeKind::Approve);
        let did_more = a_person_wrote || step.effects.iter().any(is_other);
        improve::gaps::look_if_moved(tx, (&before, &self.flow), did_more, context.now).await?;
        if written
            .messages
            .iter()
            .any(|message| matches!(message.author, Author::Ai | Author::Person))
        {
            reach::answered(tx, self.conversation.id).await?;
        }
        Ok(written)
    }

    /// Whoever has the item before them, but may not decide any more under the terms that joined, must not keep others away.
    async fn end_lease_of_outsider(&mut self, tx: &Tx<'_>, step: &Step) -> Result<(), AppError> {
        let joined = step
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::TermsJoined(_)));
        if let (true, Some(row), Some(item)) = (joined, &self.item, &mut self.flow.item)
            && let Some(lease) = item.lease
            && !crate::app::team::may_decide(tx, &row.terms.0, lease.member).await?
        {
            item.lease = None;
        }
        Ok(())
    }

    /// A conversation in which nothing is open ends after a while without a word.
    async fn schedule_end(
        &self,
        tx: &Tx<'_>,
        context: Context<'_>,
        settings: &WorkspaceSettings,
    ) -> Result<(), AppError> {
        let id = self.conversation.id;
        if self.conversation.closed_at.is_none() && self.flow.is_idle() {
            let at = context.now.plus_ms(settings.close_after_ms);
            tx.schedule(JobKind::Close, id, at).await?;
        }
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        clippy::too_many_lines,
        reason = "the parts of one step, used nowhere else; one arm for each effect"
    )]
    async fn carry_out_one(
        &mut self,
        tx: &Tx<'_>,
        context: Context<'_>,
        settings: &WorkspaceSettings,
        step: &Step,
        details: &Details,
        effect: &Effect,
        written: &mut Written,
    ) -> Result<(), AppError> {
        match effect {
            Effect::TurnOpened(id) => {
                if let Some((_, turn)) = step.flow.turn {
                    let number = self.turn.as_ref().map_or(1, |last| last.number + 1);
                    let row = turn::Model {
                        id: *id,
                        workspace_id: tx.workspace_id(),
                        conversation_id: self.conversation.id,
                        number,
                        state: turn.state,
                        revision: turn.revision,
                        opened_at: turn.opened_at,
                        burst_at: turn.burst_at,
                        last_message_at: turn.last_message_at,
                    };
                    tx.insert(row.clone()).await?;
                    self.turn = Some(row);
                }
            }
            Effect::OutcomeCancelled(_) => {
                if let Some(pending) = self.pending.take() {
                    tx.update(outcome::Model {
                        state: OutcomeStatus::Cancelled,
                        ..pending
                    })
                    .await?;
                }
            }
            Effect::OutcomePending(pending) => {
                let row = self.outcome_row(tx, pending, OutcomeStatus::Pending, &details.decision);
                tx.insert(row.clone()).await?;
                self.pending = Some(row);
            }
            Effect::ItemClosed { outcome, .. } => self.close_item(tx, context, outcome, &details.decision).await?,
            Effect::ItemOpened { item, reasons, terms } => {
                let row = review_item::Model {
                    topics: Json(self.topics(tx).await?),
                    ..self.open_item(tx, context, item, reasons, terms)
                };
                tx.insert(row.clone()).await?;
                written.opened = Some(row.clone());
                self.item = Some(row);
            }
            Effect::DraftJoined(draft_id) => {
                let draft = tx.draft(*draft_id).await?;
                if let Some(item) = &mut self.item {
                    // Nobody decides about the one before any more.
                    if let Some(before) = item.draft_id.filter(|before| before != draft_id) {
                        evidence::leave_out(tx, before).await?;
                    }
                    item.draft_id = Some(*draft_id);
                    item.topics = Json(draft.as_ref().map(topics_of).unwrap_or_default());
                    item.likeness =
                        draft.map(|draft| likeness(&draft.body, &draft.sources.0, &draft.question).to_vec());
                }
            }
            Effect::TermsJoined(terms) => {
                if let Some(item) = &mut self.item {
                    item.terms.0 = joined(&item.terms.0, terms);
                }
            }
            Effect::Approved(given) => self.write_approval(tx, context, given, &details.decision).await?,
            Effect::ApprovalWithdrawn { by } => {
                if let Some(given) = self.approvals.iter().find(|given| given.member_id == *by) {
                    tx.update(approval::Model {
                        withdrawn_at: Some(context.now),
                        ..given.clone()
                    })
                    .await?;
                }
            }
            // The owner itself is written with the conversation; the log entry is the caller's.
            Effect::OwnerChanged(_) => {}
            Effect::AiAnswers(release) => {
                self.write_release(tx, context.now, release).await?;
                let message = NewMessage::new(context, Author::Ai, release.text());
                let message = self
                    .say(
                        tx,
                        NewMessage {
                            release_id: Some(release.id()),
                            ..message
                        },
                    )
                    .await?;
                written.messages.push(message);
            }
            Effect::PersonAnswers { by } => {
                let (text, client_id) = match &details.person {
                    Some(person) => person.clone(),
                    None => (details.decision.text.clone().unwrap_or_default(), None),
                };
                let message = NewMessage::new(context, Author::Person, &text);
                written.messages.push(
                    self.say(
                        tx,
                        NewMessage {
                            member_id: Some(*by),
                            client_id,
                            ..message
                        },
                    )
                    .await?,
                );
            }
            Effect::SystemSays(text) => {
                let text = self.notice(tx, context, settings, *text).await?;
                written
                    .messages
                    .push(self.say(tx, NewMessage::new(context, Author::System, &text)).await?);
            }
        }
        Ok(())
    }

    /// An outcome that was pending becomes final; one that is final at once is inserted.
    async fn close_item(
        &mut self,
        tx: &Tx<'_>,
        context: Context<'_>,
        outcome: &Pending,
        details: &DecisionDetails,
    ) -> Result<(), AppError> {
        let row = match self.pending.take() {
            Some(pending) => {
                let row = outcome::Model {
                    state: OutcomeStatus::Final,
                    ..pending
                };
                tx.update(row.clone()).await?;
                row
            }
            None => {
                let row = self.outcome_row(tx, outcome, OutcomeStatus::Final, details);
                tx.insert(row.clone()).await?;
                row
            }
        };
        self.write_verdict(tx, context, &row).await?;
        if let Some(item) = self.item.take() {
            tx.unassign(item.id).await?;
            tx.update(review_item::Model {
                state: ItemStatus::Closed,
                closed_at: Some(context.now),
                leased_by: None,
                leased_until: None,
                ..item
            })
            .await?;
        }
        Ok(())
    }

    async fn write_approval(
        &self,
        tx: &Tx<'_>,
        context: Context<'_>,
        given: &Approval,
        details: &DecisionDetails,
    ) -> Result<(), AppError> {
        let Some(item) = &self.item else {
            return Ok(());
        };
        let row = approval::Model {
            id: ApprovalId::new(context.ids),
            workspace_id: tx.workspace_id(),
            item_id: item.id,
            member_id: given.by,
            revision: given.revision,
            wording: given.wording,
            body: given.edits.then(|| details.text.clone().unwrap_or_default()),
            remember: details.remember,
            verdict: details.verdict,
            reasons: Json(details.reasons.clone()),
            note: details.note.clone(),
            created_at: given.at,
            withdrawn_at: None,
        };
        Ok(tx.insert(row).await?)
    }

    fn outcome_row(
        &self,
        tx: &Tx<'_>,
        pending: &Pending,
        state: OutcomeStatus,
        details: &DecisionDetails,
    ) -> outcome::Model {
        let label = self
            .item
            .as_ref()
            .and_then(|_| verdict_of(pending.kind, details.verdict, &details.reasons));
        outcome::Model {
            id: pending.id,
            workspace_id: tx.workspace_id(),
            item_id: self
                .item
                .as_ref()
                .map_or_else(|| uuid::Uuid::nil().into(), |item| item.id),
            draft_id: self.item.as_ref().and_then(|item| item.draft_id),
            kind: pending.kind,
            state,
            member_id: pending.by,
            body: pending
                .kind
                .sends_text()
                .then(|| details.text.clone().unwrap_or_default()),
            remember: details.remember,
            verdict: label,
            reasons: Json(details.reasons.clone()),
            note: details.note.clone(),
            created_at: pending.at,
            final_at: pending.final_at,
        }
    }

    async fn write_verdict(&self, tx: &Tx<'_>, context: Context<'_>, outcome: &outcome::Model) -> Result<(), AppError> {
        if let (Some(draft_id), Some(label)) = (outcome.draft_id, outcome.verdict) {
            let row = verdict::Model {
                id: VerdictId::new(context.ids),
                workspace_id: tx.workspace_id(),
                draft_id,
                outcome_id: outcome.id,
                label,
                reasons: outcome.reasons.clone(),
                created_at: context.now,
            };
            tx.insert(row).await?;
            if self.was_read(tx, outcome).await? {
                let judged = (label, JudgedBy::Gate);
                evidence::judged(tx, draft_id, judged, outcome.member_id, context.now).await?;
            } else {
                // It was released all the same. As evidence it counts like any other that nobody judged.
                evidence::decided_without_verdict(tx, draft_id, context.now).await?;
            }
        } else if let Some(draft_id) = outcome.draft_id {
            let together = tx.decided_together(outcome.id).await?;
            if together.first().is_some_and(|shared| shared.evidence_id != draft_id) {
                evidence::leave_out(tx, draft_id).await?;
                return Ok(());
            }
            evidence::decided_without_verdict(tx, draft_id, context.now).await?;
        }
        Ok(())
    }

    /// Whether whoever approved it had the time to read it: since it came up, and since what they decided before it.
    async fn was_read(&self, tx: &Tx<'_>, outcome: &outcome::Model) -> Result<bool, AppError> {
        let (OutcomeKind::Approve, Some(member), Some(item)) = (outcome.kind, outcome.member_id, &self.item) else {
            return Ok(true);
        };
        let before = tx.decided_before(member, outcome.id, outcome.created_at).await?;
        let since = before.map_or(item.created_at, |before| before.max(item.created_at));
        let characters = outcome.body.as_ref().map_or(0, |text| text.chars().count());
        Ok(!is_hasty(Some(outcome.created_at.ms_since(since)), characters))
    }

    fn open_item(
        &self,
        tx: &Tx<'_>,
        context: Context<'_>,
        item: &Item,
        reasons: &[Reason],
        terms: &Terms,
    ) -> review_item::Model {
        // Whoever waits longest comes first, however often the item was replaced.
        let waiting_since = self.turn.as_ref().map_or(context.now, |turn| turn.opened_at);
        review_item::Model {
            id: item.id,
            workspace_id: tx.workspace_id(),
            conversation_id: self.conversation.id,
            turn_id: self
                .turn
                .as_ref()
                .map_or_else(|| uuid::Uuid::nil().into(), |turn| turn.id),
            kind: item.kind,
            state: ItemStatus::Open,
            revision: item.revision,
            draft_id: None,
            reasons: Json(reasons.to_vec()),
            waiting_since,
            deadline_at: item.deadline_at,
            leased_by: item.lease.map(|lease| lease.member),
            leased_until: item.lease.map(|lease| lease.until),
            created_at: context.now,
            closed_at: None,
            // The limit that was in force when it began stays its limit.
            terms: Json(Terms {
                deadline_ms: Some(item.patience_ms),
                ..terms.clone()
            }),
            wording: item.ballot.wording(),
            delayed_at: None,
            rank_at: team::rank(item.kind, reasons, waiting_since),
            escalated: 0,
            likeness: None,
            topics: Json(Vec::new()),
        }
    }

    async fn write_release(&self, tx: &Tx<'_>, now: Timestamp, release: &Release) -> Result<(), AppError> {
        let (decision_id, outcome_id) = match release.basis() {
            Basis::Decision(id) => (Some(id), None),
            Basis::Outcome(id) => (None, Some(id)),
        };
        let row = release::Model {
            id: release.id(),
            workspace_id: tx.workspace_id(),
            draft_id: release.draft_id(),
            decision_id,
            outcome_id,
            epoch: release.epoch(),
            salt: release.salt().to_vec(),
            text_digest: release.digest().0.to_vec(),
            created_at: now,
        };
        tx.insert(row).await?;
        Ok(())
    }

    async fn write_turn(&mut self, tx: &Tx<'_>) -> Result<(), AppError> {
        if let (Some(row), Some((_, turn))) = (&mut self.turn, self.flow.turn)
            && turn_of(row) != turn
        {
            row.state = turn.state;
            row.revision = turn.revision;
            row.burst_at = turn.burst_at;
            row.last_message_at = turn.last_message_at;
            tx.update(row.clone()).await?;
        }
        Ok(())
    }

    async fn write_item(&mut self, tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
        if let (Some(row), Some(item)) = (&mut self.item, self.flow.item) {
            row.state = match item.state {
                ItemState::Open => ItemStatus::Open,
                ItemState::Pending(_) => ItemStatus::Pending,
                ItemState::Closed(_) => ItemStatus::Closed,
            };
            row.revision = item.revision;
            row.leased_by = item.lease.map(|lease| lease.member);
            row.leased_until = item.lease.map(|lease| lease.until);
            row.deadline_at = item.deadline_at;
            row.wording = item.ballot.wording();
            if item.delayed {
                row.delayed_at = row.delayed_at.or(Some(now));
            }
            tx.update(row.clone()).await?;
        }
        Ok(())
    }

    /// Keeps the job of the escalation chain in step with the open item.
    async fn reschedule_escalation(
        &self,
        tx: &Tx<'_>,
        settings: &WorkspaceSettings,
        before: &Flow,
    ) -> Result<(), AppError> {
        let id = |flow: &Flow| flow.item.map(|item| item.id);
        if id(before) == id(&self.flow) {
            return Ok(());
        }
        let due = self
            .item
            .as_ref()
            .and_then(|item| settings.team.escalates_at(item.created_at, 0));
        match due {
            Some(at) => tx.schedule(JobKind::Escalate, self.conversation.id, at).await?,
            None if before.item.is_some() => tx.unschedule(JobKind::Escalate, self.conversation.id).await?,
            None => {}
        }
        Ok(())
    }
}

/// A message about to be written.
#[derive(Debug, Clone)]
struct NewMessage {
    /// Its id.
    id: MessageId,
    /// Who wrote it.
    author: Author,
    /// The member who wrote it.
    member_id: Option<MemberId>,
    /// What it says.
    text: String,
    /// The widget's or console's own id for it.
    client_id: Option<String>,
    /// What lets it out, if it is the AI's.
    release_id: Option<crate::domain::ids::ReleaseId>,
    /// When.
    at: Timestamp,
}

impl NewMessage {
    /// A message with nothing but an author and a text.
    fn new(context: Context<'_>, author: Author, text: &str) -> Self {
        Self {
            id: MessageId::new(context.ids),
            author,
            member_id: None,
            text: text.to_owned(),
            client_id: None,
            release_id: None,
            at: context.now,
        }
    }
}

/// Keeps the jobs in step with what the state says is due.
async fn reschedule(tx: &Tx<'_>, conversation_id: ConversationId, before: &Flow, after: &Flow) -> Result<(), AppError> {
    let at = |flow: &Flow, due: Due| flow.dues().into_iter().find(|&(_, d)| d == due).map(|(at, _)| at);
    for (due, kind) in [
        (Due::Draft, JobKind::Draft),
        (Due::Finalise, JobKind::Finalise),
        (Due::Expire, JobKind::Expire),
        (Due::Recall, JobKind::Recall),
    ] {
        match (at(before, due), at(after, due)) {
            (old, Some(new)) if old != Some(new) => tx.schedule(kind, conversation_id, new).await?,
            (Some(_), None) => tx.unschedule(kind, conversation_id).await?,
            _ => {}
        }
    }
    Ok(())
}
