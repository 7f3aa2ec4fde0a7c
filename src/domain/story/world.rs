//! The world that a story happens in: the app's books, and the checks after each transaction.

mod promises;

use super::{Act, LIMITS, decides};
use crate::domain::conversation::Owner;
use crate::domain::duty::Duty;
use crate::domain::flow::{Context, Due, Effect, Flow, FlowError, Proposed, Spam, Step, Ticket};
use crate::domain::ids::{DecisionId, DraftId, IdSource, ItemId, MemberId, OutcomeId, TurnId};
use crate::domain::policy::{Decision, DecisionKind, Fallback, POLICY_VERSION, Reason, Terms};
use crate::domain::release::{Basis, Release, TextDigest};
use crate::domain::review::{Decider, Item, ItemKind, ItemState, LEASE_MS, OutcomeKind, Pending, Seen};
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

#[derive(Default)]
struct Counter(AtomicU64);

impl IdSource for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}

/// What the visitor and the log can see, in committed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Committed {
    Visitor(TurnId),
    Ai(TurnId),
    Person,
    System,
    Takeover,
    Handoff,
    HandBack,
}

#[derive(Debug, Clone)]
pub(super) struct Draft {
    id: DraftId,
    ticket: Ticket,
    text: String,
    /// How much was committed when drafting began.
    seen: usize,
    /// How many have to approve it.
    quorum: u8,
}

impl Draft {
    fn proposed(&self) -> Proposed<'_> {
        Proposed {
            id: self.id,
            ticket: self.ticket,
            text: &self.text,
        }
    }
}

#[derive(Default)]
pub(super) struct World {
    ids: Counter,
    now: i64,
    flow: Option<Flow>,
    under_way: Vec<Draft>,
    pub(super) drafts: HashMap<DraftId, Draft>,
    /// The draft that the open item points at.
    held: Option<DraftId>,
    /// What the reviewer of the pending outcome approved or wrote.
    text: String,
    /// The texts that reviewers made of the held draft, by the number of their wording.
    wordings: HashMap<i64, String>,
    /// Who has approved which text since the visitor last wrote, and has not taken it back.
    approvals: Vec<(u128, String)>,
    /// The most that any draft of the open item asks for.
    quorum: u8,
    committed: Vec<Committed>,
    decisions: HashMap<DecisionId, DecisionKind>,
    pub(super) cancelled: HashSet<OutcomeId>,
    pub(super) final_outcomes: HashMap<ItemId, Pending>,
    open_items: HashSet<ItemId>,
    pub(super) releases: Vec<Release>,
    /// Texts that went out because several had approved them.
    pub(super) together: usize,
    /// Deadlines that moved because the visitor was only told that it takes longer.
    pub(super) delayed: usize,
    /// Conversations marked as spam.
    pub(super) spam: usize,
    /// Conversations whose owner was gone.
    pub(super) recalled: usize,
    /// When a person last stepped in from the conversation.
    taken_at: i64,
    /// Since when the AI owes a draft for what nobody else is going to answer.
    owes_since: Option<i64>,
    /// Conversations in which somebody was called because no draft came.
    pub(super) called: usize,
}

pub(super) type Check = Result<(), TestCaseError>;

fn member(n: u128) -> MemberId {
    MemberId::from(Uuid::from_u128(n << 64))
}

impl World {
    fn flow(&self) -> Flow {
        self.flow.unwrap_or_else(Flow::start)
    }

    fn context(&self) -> Context<'_> {
        Context {
            now: Timestamp(self.now),
            ids: &self.ids,
            limits: LIMITS,
            duty: Duty::ROUND_THE_CLOCK,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each act")]
    pub(super) fn play(&mut self, act: Act) -> Check {
        let flow = self.flow();
        let now = Timestamp(self.now);
        match act {
            Act::Wait(ms) => self.now += ms,
            Act::Restart => self.under_way.clear(),
            Act::VisitorWrites => {
                let step = flow.visitor_wrote(self.context());
                let (turn, state) = step
                    .flow
                    .turn
                    .ok_or_else(|| TestCaseError::fail("a message without a turn"))?;
                self.committed.push(Committed::Visitor(turn));
                self.approvals.clear();
                let in_turn = self
                    .committed
                    .iter()
                    .filter(|c| **c == Committed::Visitor(turn))
                    .count();
                prop_assert_eq!(
                    usize::try_from(state.revision).ok(),
                    Some(in_turn),
                    "the revision counts the turn's messages"
                );
                let due = step.flow.dues().into_iter().find(|(_, due)| *due == Due::Draft);
                let ai_answers = flow.ownership.owner == Owner::Ai && flow.spam.is_none();
                prop_assert_eq!(due.is_some(), ai_answers);
                prop_assert!(
                    due.is_none_or(|(at, _)| at > now),
                    "a message without quiet time of its own"
                );
                self.commit(step)?;
            }
            Act::DraftStarts => {
                if let Ok(ticket) = flow.start_draft(now) {
                    let id = DraftId::new(&self.ids);
                    self.under_way.push(Draft {
                        id,
                        ticket,
                        text: format!("draft {id}"),
                        seen: self.committed.len(),
                        quorum: 1,
                    });
                }
            }
            Act::DraftFinishes {
                nth,
                decision,
                abstains,
                quorum,
                fallback,
            } => {
                let terms = Terms {
                    fallback,
                    quorum,
                    ..Terms::default()
                };
                self.finish_draft(nth, decision, abstains, terms)?;
            }
            Act::Looks(n) => {
                if let Some(leased) = flow.item.and_then(|item| item.lease(member(n), now).ok()) {
                    self.flow = Some(Flow {
                        item: Some(leased),
                        ..flow
                    });
                }
            }
            Act::LooksAway(n) => {
                let item = flow.item.map(|item| item.release_lease(member(n)));
                self.flow = Some(Flow { item, ..flow });
            }
            Act::Decides {
                by,
                kind,
                behind,
                before_edit,
                may_decide,
            } => self.decide(by, kind, behind, before_edit, may_decide)?,
            Act::Undoes(n) => {
                let step = flow.undo(member(n), now);
                let undone = flow.item.and_then(|item| match item.state {
                    ItemState::Pending(outcome) => Some(outcome.kind),
                    _ => None,
                });
                // Whoever takes back a rejection or an answer of their own has approved what they had approved before it.
                if step.is_ok() && matches!(undone, None | Some(OutcomeKind::Approve | OutcomeKind::Edit)) {
                    self.approvals.retain(|(by, _)| *by != n);
                }
                self.commit_if(step)?;
            }
            Act::Recalls => {
                let is_persons = matches!(flow.ownership.owner, Owner::Person(_));
                let there = flow.recall(self.context(), true);
                let step = flow.recall(self.context(), false);
                prop_assert_eq!(step.is_ok(), self.is_due(Due::Recall));
                prop_assert!(step.is_ok() || there.is_err());
                let had = self.now - self.taken_at;
                if is_persons {
                    let twice = flow
                        .answer_due_at
                        .is_some_and(|due| due.plus_ms(LIMITS.handoff_ms) <= now);
                    prop_assert_eq!(there.is_ok(), twice, "whoever is there has twice as long");
                    prop_assert!(
                        there.is_err() || had >= 2 * LIMITS.handoff_ms,
                        "taken from somebody who is there"
                    );
                }
                if let Ok(step) = &step {
                    prop_assert_eq!(step.flow.ownership.owner, Owner::Nobody);
                    prop_assert_eq!(step.flow.ownership.epoch.0, flow.ownership.epoch.0 + 1);
                    if is_persons {
                        prop_assert!(had >= LIMITS.handoff_ms, "taken back too soon");
                        self.recalled += 1;
                    } else {
                        let owed = self.owes_since.map(|since| self.now - since);
                        prop_assert!(owed >= Some(LIMITS.hold_ms), "taken from the AI too soon: {:?}", owed);
                        self.called += 1;
                    }
                }
                self.commit_if(step)?;
            }
            Act::MarksSpam => {
                let step = flow.mark_spam(self.context(), Spam::Marked);
                self.spam += usize::from(step.is_ok());
                self.commit_if(step)?;
            }
            Act::ClearsSpam => self.commit_if(flow.clear_spam(self.context()))?,
            Act::TakesOver(n) => {
                let step = flow.take_over(self.context(), member(n));
                if step.is_ok() {
                    if matches!(flow.ownership.owner, Owner::Person(_)) {
                        let had = self.now - self.taken_at;
                        prop_assert!(had >= LIMITS.handoff_ms, "relieved after {had} ms");
                    }
                    self.taken_at = self.now;
                }
                self.commit_if(step)?;
            }
            Act::PersonWrites(n) => self.commit_if(flow.person_wrote(member(n)))?,
            Act::WantsPerson => self.commit_if(flow.visitor_wants_person(self.context()))?,
            Act::HandsOver => self.commit_if(flow.hand_over(self.context()))?,
            Act::Closes(by) => self.commit_if(flow.close(self.context(), by.map(member)))?,
            Act::HandsBack(n) => self.commit_if(flow.hand_back(self.context(), member(n)))?,
            Act::Finalise => {
                let draft = self.held.and_then(|id| self.drafts.get(&id)).map(Draft::proposed);
                let step = flow.finalise(self.context(), draft, &self.text, [7; 16]);
                if let Err(refused) = step {
                    prop_assert!(
                        matches!(refused, FlowError::NoItem | FlowError::Review(_)),
                        "a due outcome was refused: {}",
                        refused
                    );
                    prop_assert!(!self.is_due(Due::Finalise), "a due outcome was refused: {}", refused);
                }
                self.commit_if(step)?;
            }
            Act::Expire => {
                let step = flow.expire(self.context());
                prop_assert_eq!(step.is_ok(), self.is_due(Due::Expire));
                if let Ok(step) = &step {
                    let sent = |effect: &Effect| matches!(effect, Effect::AiAnswers(_) | Effect::PersonAnswers { .. });
                    prop_assert!(!step.effects.iter().any(sent), "a deadline sent an answer");
                    let item = step.flow.item;
                    self.delayed += usize::from(item.is_some_and(|item| item.kind == ItemKind::Gate));
                    prop_assert!(
                        item.is_none_or(|item| item.deadline_at > now),
                        "a deadline that is over already"
                    );
                }
                self.commit_if(step)?;
            }
        }
        self.nothing_is_lost()
    }

    fn decide(&mut self, by: u128, kind: OutcomeKind, behind: i64, before_edit: bool, may_decide: bool) -> Check {
        let flow = self.flow();
        let wording = flow.item.map_or(0, |item| item.ballot.wording());
        let seen = Seen {
            revision: flow.turn.map_or(0, |(_, turn)| turn.revision) - behind,
            wording: if before_edit { wording - 1 } else { wording },
        };
        let decider = Decider {
            member: member(by),
            may_decide,
        };
        let step = flow.decide(self.context(), kind, decider, seen);
        if let Ok(step) = &step
            && kind != OutcomeKind::TakeOver
        {
            prop_assert_eq!(behind, 0, "an outdated screen must not decide");
            prop_assert!(may_decide, "somebody decided whom the terms leave out");
            let lets_out = matches!(kind, OutcomeKind::Approve | OutcomeKind::Edit);
            prop_assert!(!(before_edit && lets_out), "a text was approved that nobody had read");
            let draft = self.held.and_then(|id| self.drafts.get(&id));
            let text = match (kind, draft, self.wordings.get(&wording)) {
                (OutcomeKind::Approve, _, Some(edited)) => edited.clone(),
                (OutcomeKind::Approve, Some(draft), None) => draft.text.clone(),
                _ => format!("{kind:?} by {by} at {}", self.now),
            };
            if lets_out {
                self.approvals.push((by, text.clone()));
            }
            match step.flow.item.map(|item| (item.state, item.ballot)) {
                Some((ItemState::Open, ballot)) if kind == OutcomeKind::Edit => {
                    self.wordings.insert(ballot.wording(), text);
                }
                Some((ItemState::Pending(_), _)) => self.text = text,
                _ => {}
            }
        }
        self.commit_if(step)
    }

    fn finish_draft(&mut self, nth: usize, decision: DecisionKind, abstains: bool, terms: Terms) -> Check {
        if self.under_way.is_empty() {
            return Ok(());
        }
        let mut draft = self.under_way.remove(nth % self.under_way.len());
        if abstains {
            draft.text.clear();
        }
        draft.quorum = terms.quorum;
        let decision_id = DecisionId::new(&self.ids);
        self.decisions.insert(decision_id, decision);
        self.drafts.insert(draft.id, draft.clone());
        let decision = Decision {
            kind: decision,
            reasons: vec![Reason::GateClosed],
            policy_version: POLICY_VERSION,
            rules: Vec::new(),
            terms,
        };
        let step = self
            .flow()
            .draft_finished(self.context(), draft.proposed(), (decision_id, &decision), [7; 16]);
        if step.is_ok() {
            // Judged by what was committed since the drafting began, not by epoch and revision.
            let since = self.committed.get(draft.seen..).unwrap_or_default();
            prop_assert!(
                since.iter().all(|c| matches!(c, Committed::System)),
                "a draft had an effect although since its start: {:?}",
                since
            );
        }
        self.commit_if(step)
    }

    fn is_due(&self, what: Due) -> bool {
        let now = Timestamp(self.now);
        self.flow().dues().into_iter().any(|(at, due)| due == what && at <= now)
    }

    fn commit_if(&mut self, step: Result<Step, FlowError>) -> Check {
        match step {
            Ok(step) => self.commit(step),
            Err(_) => Ok(()),
        }
    }

    /// The visitor falls silent and everyone does their work: does the turn get its answer?
    pub(super) fn settle(&mut self) -> Check {
        for _ in 0..12 {
            let flow = self.flow();
            if flow.turn.is_none_or(|(_, turn)| turn.state == TurnState::Answered) && flow.item.is_none() {
                return Ok(());
            }
            self.play(Act::ClearsSpam)?;
            let flow = self.flow();
            if let Owner::Person(owner) = flow.ownership.owner {
                let step = flow.hand_back(self.context(), owner);
                prop_assert!(step.is_ok());
                self.commit_if(step)?;
            }
            if let Some(at) = self.flow().dues().into_iter().map(|(at, _)| at.0).min() {
                self.now = self.now.max(at);
            }
            let kind = match self.flow().item {
                Some(item) if item.has_draft => OutcomeKind::Approve,
                _ => OutcomeKind::Respond,
            };
            for act in [
                Act::Finalise,
                Act::Restart,
                Act::DraftStarts,
                Act::DraftFinishes {
                    nth: 0,
                    decision: DecisionKind::Hold,
                    abstains: false,
                    quorum: 1,
                    fallback: Fallback::HandOff,
                },
                // Nobody else's lease lasts for ever.
                Act::Wait(LEASE_MS),
                decides(1, kind),
                decides(2, kind),
                decides(3, kind),
                Act::Wait(LIMITS.undo_ms),
                Act::Finalise,
            ] {
                self.play(act)?;
            }
        }
        prop_assert!(false, "the turn never got an answer: {:?}", self.flow());
        Ok(())
    }
}
