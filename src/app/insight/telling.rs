//! From the rows of conversations to their stories.

use crate::app::AppError;
use crate::domain::answer::AnswerMode;
use crate::domain::conversation::Author;
use crate::domain::ids::{AgentVersionId, ConversationId, DraftId};
use crate::domain::insight::{Answered, Day, How, Story, TurnTold};
use crate::domain::policy::DecisionKind;
use crate::domain::review::{ItemKind, OutcomeKind, VerdictLabel};
use crate::domain::screening::{Flag, Screening};
use crate::domain::time::Timestamp;
use crate::store::entity::{conversation, draft, message, turn};
use crate::store::{Rows, StoryRows};
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// A conversation's story, and when verdicts that are not to be told yet will be.
pub(super) struct Told {
    pub(super) id: ConversationId,
    pub(super) story: Story,
    pub(super) verdicts_at: Option<Timestamp>,
}

/// The stories of these conversations as they stand now.
pub(super) async fn told(
    rows: &Rows<'_>,
    ids: &[ConversationId],
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<Told>, AppError> {
    let clusters = super::clusters::of_turns(rows, ids).await?;
    let found = rows.stories(ids).await?;
    let teller = Teller::of(&found, clusters, zone, now);
    Ok(found.conversations.iter().map(|row| teller.tell(row)).collect())
}

/// The rows by what they belong to.
struct Teller<'a> {
    rows: &'a StoryRows,
    turns: HashMap<ConversationId, Vec<&'a turn::Model>>,
    messages: HashMap<ConversationId, Vec<&'a message::Model>>,
    drafts: HashMap<crate::domain::ids::TurnId, Vec<&'a draft::Model>>,
    versions: HashMap<AgentVersionId, i64>,
    how: HashMap<crate::domain::ids::ReleaseId, (How, DraftId)>,
    verdicts: HashMap<DraftId, (bool, Timestamp)>,
    refused: Vec<DraftId>,
    clusters: HashMap<crate::domain::ids::TurnId, String>,
    today: Timestamp,
    tomorrow: Timestamp,
}

impl<'a> Teller<'a> {
    fn of(
        rows: &'a StoryRows,
        clusters: HashMap<crate::domain::ids::TurnId, String>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Self {
        let mut turns: HashMap<_, Vec<_>> = HashMap::new();
        for turn in &rows.turns {
            turns.entry(turn.conversation_id).or_default().push(turn);
        }
        let mut messages: HashMap<_, Vec<_>> = HashMap::new();
        for message in &rows.messages {
            messages.entry(message.conversation_id).or_default().push(message);
        }
        let mut drafts: HashMap<_, Vec<_>> = HashMap::new();
        for draft in &rows.drafts {
            drafts.entry(draft.turn_id).or_default().push(draft);
        }
        let modes: HashMap<DraftId, AnswerMode> = rows.drafts.iter().map(|draft| (draft.id, draft.mode)).collect();
        let edits = rows.outcomes.iter().filter(|outcome| outcome.kind == OutcomeKind::Edit);
        let edits: Vec<_> = edits.map(|outcome| outcome.id).collect();
        let how = rows.releases.iter().map(|release| {
            let how = match release.outcome_id {
                Some(outcome) if edits.contains(&outcome) => How::Edited,
                Some(_) => How::Approved,
                None if modes.get(&release.draft_id) == Some(&AnswerMode::Verified) => How::Verified,
                None => How::Alone,
            };
            (release.id, (how, release.draft_id))
        });
        // Whether somebody may be asked about it once more is not to be seen (invariant 7).
        let judged = rows.evidence.iter().filter(|row| !row.is_kept_back);
        let verdicts = judged.filter_map(|row| {
            let is_good = match row.label? {
                VerdictLabel::Acceptable => true,
                VerdictLabel::Bad => false,
                VerdictLabel::CannotJudge => return None,
            };
            Some((row.draft_id, (is_good, row.judged_at?)))
        });
        let today = Day::of(now, zone);
        let refused = rows.decisions.iter().filter(|row| row.kind == DecisionKind::Refuse);
        Self {
            turns,
            messages,
            drafts,
            versions: rows.versions.iter().copied().collect(),
            how: how.collect(),
            verdicts: verdicts.collect(),
            refused: refused.map(|row| row.draft_id).collect(),
            clusters,
            today: today.begins(zone),
            tomorrow: today.plus(1).begins(zone),
            rows,
        }
    }

    fn tell(&self, row: &conversation::Model) -> Told {
        let none = Vec::new();
        let turns = self.turns.get(&row.id).unwrap_or(&none);
        let no_messages = Vec::new();
        let messages = self.messages.get(&row.id).unwrap_or(&no_messages);
        let contact = self
            .rows
            .contacts
            .iter()
            .find(|contact| contact.conversation_id == row.id);
        let mailed_seq = contact.map_or(0, |contact| contact.mailed_seq);
        let newest = turns.iter().rev().find_map(|turn| self.newest_draft(turn));
        let delivered = |author: Author| {
            let of_author = messages.iter().filter(move |message| message.author == author);
            of_author.filter_map(|message| message.delivered_at).min()
        };
        // Verdicts of today are told tomorrow.
        let drafts = turns.iter().filter_map(|turn| self.drafts.get(&turn.id)).flatten();
        let is_kept = drafts
            .filter_map(|draft| self.verdicts.get(&draft.id))
            .any(|(_, at)| *at >= self.today);
        let rating = self.rows.ratings.iter().find(|rating| rating.conversation_id == row.id);
        let last_at = messages.last().map_or(row.created_at, |message| message.created_at);
        let story = Story {
            agent_id: row.agent_id,
            version: newest
                .and_then(|draft| self.versions.get(&draft.agent_version_id))
                .copied()
                .unwrap_or(0),
            began_at: row.created_at,
            closed_at: row.closed_at,
            is_spam: row.spam.is_some(),
            turns: turns.iter().map(|turn| self.turn(turn, messages, mailed_seq)).collect(),
            ai_delivered_at: delivered(Author::Ai),
            person_delivered_at: delivered(Author::Person),
            is_taken_over: self.is_taken_over(row.id),
            last_at,
            stars: rating.map(|rating| rating.stars),
        };
        Told {
            id: row.id,
            story,
            verdicts_at: is_kept.then_some(self.tomorrow),
        }
    }

    fn newest_draft(&self, turn: &turn::Model) -> Option<&'a draft::Model> {
        self.drafts.get(&turn.id)?.last().copied()
    }

    /// A person said something without a draft of the AI being decided about: they had stepped in.
    fn is_taken_over(&self, id: ConversationId) -> bool {
        let items: Vec<_> = self
            .rows
            .items
            .iter()
            .filter(|item| item.conversation_id == id)
            .collect();
        let of_items = |item| items.iter().any(|known| known.id == item);
        let outcomes = || self.rows.outcomes.iter().filter(|outcome| of_items(outcome.item_id));
        let of_kind = |kind: OutcomeKind| outcomes().filter(|outcome| outcome.kind == kind).count();
        let said = self.messages.get(&id).map(Vec::as_slice).unwrap_or_default().iter();
        let by_people = said.filter(|message| message.author == Author::Person).count();
        of_kind(OutcomeKind::TakeOver) > 0 || by_people > of_kind(OutcomeKind::Respond)
    }

    fn turn(&self, turn: &turn::Model, messages: &[&message::Model], mailed_seq: i64) -> TurnTold {
        let drafts = self.drafts.get(&turn.id).map(Vec::as_slice).unwrap_or_default();
        let draft = drafts.last().copied();
        let of_turn: Vec<_> = messages
            .iter()
            .filter(|message| message.turn_id == Some(turn.id))
            .collect();
        let text = match draft {
            Some(draft) => draft.question.clone(),
            None => {
                let said = of_turn.iter().filter(|message| message.author == Author::Visitor);
                let said: Vec<&str> = said.map(|message| message.body.as_str()).collect();
                said.join("\n")
            }
        };
        // What no draft was made of was not screened.
        let screened = draft.map_or_else(|| Screening::of_message(&text, ""), |draft| draft.screening.0.clone());
        let answer = of_turn.iter().find_map(|message| self.answer(message, mailed_seq));
        let items = self.rows.items.iter().filter(|item| item.turn_id == turn.id);
        let handoff = items.into_iter().find(|item| item.kind == ItemKind::Handoff);
        let went_out = drafts.iter().filter(|draft| self.is_out(draft.id));
        let mut verdicts = went_out.filter_map(|draft| self.verdicts.get(&draft.id));
        let verdict = verdicts.rfind(|(_, at)| *at < self.today);
        TurnTold {
            opened_at: turn.opened_at,
            last_at: turn.last_message_at,
            state: turn.state,
            is_abuse: screened.has(Flag::InjectionInQuestion),
            wants_person: screened.wishes_for_person,
            sentiment: screened.sentiment,
            language: screened.language,
            mode: draft.map(|draft| draft.mode),
            is_refused: drafts.iter().any(|draft| self.refused.contains(&draft.id)),
            answer,
            handed_off: handoff.map(|item| item.reasons.0.clone()),
            was_good: verdict.map(|(is_good, _)| *is_good),
            cluster: self.clusters.get(&turn.id).cloned(),
            text,
        }
    }

    fn is_out(&self, id: DraftId) -> bool {
        self.how.values().any(|(_, draft)| *draft == id)
    }

    fn answer(&self, message: &message::Model, mailed_seq: i64) -> Option<Answered> {
        let how = match message.author {
            Author::Ai => self.how.get(&message.release_id?)?.0,
            Author::Person => How::Person,
            Author::Visitor | Author::System => return None,
        };
        Some(Answered {
            how,
            at: message.created_at,
            delivered_at: message.delivered_at,
            is_mailed: message.seq <= mailed_seq,
        })
    }
}
