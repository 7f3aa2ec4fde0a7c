//! What has to hold after every step: nothing is said twice, nobody is talked over, nothing is lost.

use super::*;

impl World {
    pub(super) fn commit(&mut self, step: Step) -> Check {
        let before = self.flow();
        self.flow = Some(step.flow);
        for effect in step.effects {
            match effect {
                Effect::TurnOpened(turn) => {
                    prop_assert!(
                        before
                            .turn
                            .is_none_or(|(id, old)| id != turn && old.state == TurnState::Answered),
                        "a turn began before the last one was answered"
                    );
                }
                Effect::OutcomePending(_) => {}
                Effect::OutcomeCancelled(outcome) => {
                    prop_assert!(self.cancelled.insert(outcome.id), "cancelled twice");
                }
                Effect::ItemClosed { item, outcome } => {
                    prop_assert!(self.open_items.remove(&item), "closed although it was not open");
                    prop_assert!(
                        !self.cancelled.contains(&outcome.id),
                        "a cancelled outcome became final"
                    );
                    prop_assert!(
                        self.final_outcomes.insert(item, outcome).is_none(),
                        "a second final outcome"
                    );
                    self.held = self.held.filter(|_| outcome.kind.sends_text());
                }
                Effect::ItemOpened { item, reasons, terms } => {
                    prop_assert!(item.kind == ItemKind::Gate || terms == Terms::default());
                    self.wordings.clear();
                    self.approvals.clear();
                    self.quorum = 1;
                    prop_assert!(self.open_items.is_empty(), "a second open item");
                    prop_assert!(!reasons.is_empty(), "an item that does not say why it is there");
                    self.open_items.insert(item.id);
                    self.held = None;
                }
                Effect::DraftJoined(draft) => {
                    self.held = Some(draft);
                    self.quorum = self.quorum.max(self.drafts.get(&draft).map_or(1, |draft| draft.quorum));
                }
                Effect::TermsJoined(terms) => prop_assert!(terms != Terms::default()),
                Effect::Approved(approval) => {
                    prop_assert!(self.quorum > 1, "an approval that nobody asked for");
                    prop_assert!(self.approvals.iter().any(|(by, _)| member(*by) == approval.by));
                }
                Effect::ApprovalWithdrawn { by } => {
                    prop_assert!(self.approvals.iter().all(|(other, _)| member(*other) != by));
                }
                Effect::OwnerChanged(owner) => self.committed.push(match owner {
                    Owner::Person(_) => Committed::Takeover,
                    Owner::Nobody => Committed::Handoff,
                    Owner::Ai => Committed::HandBack,
                }),
                Effect::PersonAnswers { .. } => self.committed.push(Committed::Person),
                Effect::SystemSays(_) => self.committed.push(Committed::System),
                Effect::AiAnswers(release) => self.ai_answers(release)?,
            }
        }
        let expected: HashSet<ItemId> = self.flow().item.iter().map(|item| item.id).collect();
        prop_assert_eq!(&self.open_items, &expected, "the open item is the one in the flow");
        let flow = self.flow();
        let collects = flow.turn.is_some_and(|(_, turn)| turn.state == TurnState::Collecting);
        let owes = collects && flow.item.is_none() && flow.ownership.owner == Owner::Ai;
        self.owes_since = owes.then(|| self.owes_since.unwrap_or(self.now));
        Ok(())
    }

    /// Zero talk-over, and a release for every AI text.
    fn ai_answers(&mut self, release: Release) -> Check {
        let draft = self
            .drafts
            .get(&release.draft_id())
            .ok_or_else(|| TestCaseError::fail("a release of no draft"))?;
        let since = self.committed.get(draft.seen..).unwrap_or_default();
        prop_assert!(
            since.iter().all(|c| matches!(c, Committed::System)),
            "an AI text was made before and committed after: {:?}",
            since
        );
        let owner = self
            .committed
            .iter()
            .rev()
            .find(|c| matches!(c, Committed::Takeover | Committed::Handoff | Committed::HandBack));
        prop_assert!(
            matches!(owner, None | Some(Committed::HandBack)),
            "the AI talks over a person"
        );

        match release.basis() {
            Basis::Decision(id) => {
                prop_assert_eq!(self.decisions.get(&id), Some(&DecisionKind::Send));
                prop_assert_eq!(release.text(), &draft.text);
            }
            Basis::Outcome(id) => {
                let outcome = self.final_outcomes.values().find(|outcome| outcome.id == id);
                let kind = outcome.map(|outcome| outcome.kind);
                prop_assert!(matches!(kind, Some(OutcomeKind::Approve | OutcomeKind::Edit)));
                prop_assert!(
                    outcome.is_some_and(|o| o.final_at.0 <= self.now),
                    "inside the undo window"
                );
                prop_assert_eq!(release.text(), &self.text);
                if kind == Some(OutcomeKind::Approve) {
                    prop_assert_eq!(release.text(), &draft.text);
                }
                let approved = self.approvals.iter().filter(|(_, text)| text == release.text());
                let people: HashSet<u128> = approved.map(|(by, _)| *by).collect();
                prop_assert!(
                    people.len() >= usize::from(self.quorum),
                    "{} approved what {} had to",
                    people.len(),
                    self.quorum
                );
                self.together += usize::from(people.len() > 1);
            }
        }
        prop_assert_eq!(release.digest(), TextDigest::of(release.salt(), release.text()));
        prop_assert!(
            self.releases.iter().all(|other| other.draft_id() != release.draft_id()),
            "one draft went out twice"
        );
        let turn = draft.ticket.turn_id;
        prop_assert!(
            !self.committed.contains(&Committed::Ai(turn)),
            "one turn was answered by the AI twice"
        );
        self.committed.push(Committed::Ai(turn));
        self.releases.push(release);
        Ok(())
    }

    /// Whatever happened, somebody or something is going to take care of the turn.
    pub(super) fn nothing_is_lost(&self) -> Check {
        let flow = self.flow();
        let owner = flow.ownership.owner;
        if flow.spam.is_some() {
            prop_assert_eq!(owner, Owner::Ai);
            prop_assert!(flow.item.is_none() && flow.dues().is_empty(), "somebody works on spam");
        }
        if let Some(item) = flow.item {
            prop_assert!(!matches!(item.state, ItemState::Closed(_)));
            prop_assert_eq!(owner == Owner::Ai, item.kind == ItemKind::Gate);
            prop_assert!(!matches!(owner, Owner::Person(_)), "an item although a person answers");
            let (_, turn) = flow.turn.ok_or_else(|| TestCaseError::fail("an item without a turn"))?;
            prop_assert_eq!(item.revision, turn.revision);
            prop_assert!(turn.state != TurnState::Answered, "an item for an answered turn");
            let awaits_review = flow.dues().iter().any(|(_, due)| *due != Due::Draft);
            prop_assert!(
                awaits_review || item.kind == ItemKind::Handoff,
                "a hold without a deadline"
            );
        }
        match flow.turn.map(|(_, turn)| turn.state) {
            None | Some(TurnState::Answered) => {}
            Some(TurnState::Collecting) => {
                prop_assert_eq!(owner, Owner::Ai);
                prop_assert!(flow.dues().iter().any(|(_, due)| *due == Due::Draft));
            }
            Some(TurnState::Held) => {
                prop_assert_eq!(owner, Owner::Ai);
                let decidable = |item: Item| item.has_draft || matches!(item.state, ItemState::Pending(_));
                prop_assert!(flow.item.is_some_and(decidable), "held, but nothing to decide about");
            }
            Some(TurnState::Waiting) => match owner {
                Owner::Ai => prop_assert!(flow.spam.is_some(), "nobody answers"),
                Owner::Nobody => prop_assert!(flow.item.is_some(), "handed off, but not in the queue"),
                // That others are called in time is asked for below.
                Owner::Person(_) => {}
            },
        }
        let awaited = flow.turn.is_some_and(|(_, turn)| turn.state == TurnState::Waiting);
        let a_persons = matches!(owner, Owner::Person(_));
        let recall = flow.dues().into_iter().find(|(_, due)| *due == Due::Recall);
        prop_assert_eq!(
            recall.is_some(),
            (a_persons && awaited) || self.owes_since.is_some(),
            "others are called where an owner does not do their part"
        );
        if let (Some(since), Some((at, _))) = (self.owes_since, recall) {
            prop_assert_eq!(at.0, since + LIMITS.hold_ms, "nothing the visitor writes puts it off");
        }
        // Every visitor's message is in a turn that was answered or is the one that is open now.
        let last = self.committed.iter().rev().find_map(|c| match c {
            Committed::Visitor(turn) => Some(*turn),
            _ => None,
        });
        prop_assert_eq!(last, flow.turn.map(|(id, _)| id));
        Ok(())
    }
}
