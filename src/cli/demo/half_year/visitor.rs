//! What visitors do.

use super::play::{Event, Play, if_possible};
use super::stage::{Guest, Stage};
use super::story::{Kind, MINUTE_MS, Visit, around, happens, pick};
use crate::app::{AppError, actions, closing, visit};
use crate::domain::conversation::Author;
use crate::domain::time::Timestamp;
use crate::stats::random::SplitMix64;
use crate::store::{ActionFilter, ActionOrigin};
use serde_json::json;

/// When they look for the first, second, … time after they have written, in milliseconds.
const LOOKS_AFTER: [i64; 8] = [
    6_000,
    45_000,
    3 * MINUTE_MS,
    8 * MINUTE_MS,
    20 * MINUTE_MS,
    60 * MINUTE_MS,
    6 * 60 * MINUTE_MS,
    26 * 60 * MINUTE_MS,
];

/// A chance of its own for each step of a visit.
fn chance(visit: &Visit, step: u64) -> SplitMix64 {
    SplitMix64::new(visit.chance ^ step.wrapping_mul(0x9e37_79b9))
}

/// What there is to read.
struct Read {
    /// An answer of the AI or of a person.
    answer: Option<(Author, String)>,
    seq: i64,
}

impl Play {
    fn stage(&self, stage: usize) -> Result<&Stage, AppError> {
        self.stages
            .get(stage)
            .ok_or(AppError::NotFound("the business of the story"))
    }

    pub(super) fn stage_mut(&mut self, stage: usize) -> Result<&mut Stage, AppError> {
        self.stages
            .get_mut(stage)
            .ok_or(AppError::NotFound("the business of the story"))
    }

    pub(super) async fn arrives(&mut self, at: usize, nth: usize) -> Result<(), AppError> {
        let stage = self.stage(at)?;
        self.is_present(stage).await?;
        let Some(coming) = stage.visits.get(nth).cloned() else {
            return Ok(());
        };
        let started = visit::start(&self.app, &stage.agent_key, None).await?;
        let visitor = visit::visitor_of_token(&self.app, &started.token).await?;
        let visitor = visitor.ok_or(AppError::NotFound("the visitor"))?;
        let asked = match coming.kind {
            Kind::Question(asked) => Some(asked),
            _ => None,
        };
        let guest = Guest {
            visitor,
            asked,
            said_seq: 0,
            said_at: self.now(),
            said: 0,
            looked: 0,
            has_asked_second: false,
            has_asked_back: false,
            was_angry: false,
            was_misled: false,
            is_gone: false,
        };
        self.stage_mut(at)?.guests.insert(nth, guest);
        self.bar.inc(1);
        self.says(at, nth, &coming.words, coming.kind == Kind::Person).await?;
        if coming.kind == Kind::Spam {
            // Whoever floods does not read.
            if let Some(guest) = self.stage_mut(at)?.guests.get_mut(&nth) {
                guest.is_gone = true;
            }
        }
        if coming.leaves_number {
            self.leaves_number(at, nth, &coming).await?;
        }
        Ok(())
    }

    /// They write; somebody will look at what waits of it.
    async fn says(&mut self, at: usize, nth: usize, words: &str, wants_person: bool) -> Result<(), AppError> {
        let Some(guest) = self.stage(at)?.guests.get(&nth).cloned() else {
            return Ok(());
        };
        let client_id = format!("m-{}", guest.said + 1);
        let posted = if wants_person {
            visit::ask_for_person(&self.app, &guest.visitor, &client_id, words).await
        } else {
            visit::post(&self.app, &guest.visitor, &client_id, words).await
        };
        let Some(posted) = if_possible(posted)? else {
            return Ok(());
        };
        let now = self.now();
        let stage = self.stage_mut(at)?;
        if let Some(guest) = stage.guests.get_mut(&nth) {
            guest.said += 1;
            guest.said_seq = posted.message.seq;
            guest.said_at = now;
            guest.looked = 0;
        }
        let soon = around(&mut stage.random, 3 * MINUTE_MS);
        let review_at = stage.open_at(now.plus_ms(4_000 + soon));
        self.plan(at, review_at, Event::Review(nth));
        self.plan(at, now.plus_ms(LOOKS_AFTER[0]), Event::Looks(nth));
        Ok(())
    }

    /// They fill in the form.
    async fn leaves_number(&mut self, at: usize, nth: usize, coming: &Visit) -> Result<(), AppError> {
        let stage = self.stage(at)?;
        let Some(guest) = stage.guests.get(&nth) else {
            return Ok(());
        };
        let mut random = chance(coming, 11);
        let note = pick(&mut random, &stage.business.talk.lead)
            .cloned()
            .unwrap_or_default();
        let number = random.below(9_000) + 1_000;
        let names = [
            "A. Marlow",
            "J. Sorrel",
            "K. Winter",
            "M. Hartig",
            "P. Lindqvist",
            "R. Okafor",
            "T. Ferrante",
        ];
        let name = pick(&mut random, &names).copied().unwrap_or_default();
        let form = json!({ "name": name, "contact": format!("+1 555 010 {number}"), "note": note });
        if if_possible(actions::fill_in(&self.app, &guest.visitor, "call_back", form).await)?.is_none() {
            return Ok(());
        }
        let filter = ActionFilter {
            conversation: Some(guest.visitor.conversation_id),
            ..ActionFilter::default()
        };
        let rows = stage.rows(&self.app);
        let asked = rows.actions(&filter, None, 1).await?;
        let now = self.now();
        let stage = self.stage_mut(at)?;
        let later = around(&mut stage.random, 40 * MINUTE_MS);
        let decided_at = stage.open_at(now.plus_ms(later));
        for action in asked.into_iter().filter(|action| action.origin == ActionOrigin::Form) {
            self.plan(at, decided_at, Event::Acts(0, action.id));
        }
        Ok(())
    }

    pub(super) async fn looks(&mut self, at: usize, nth: usize) -> Result<(), AppError> {
        let stage = self.stage(at)?;
        let (Some(guest), Some(coming)) = (stage.guests.get(&nth).cloned(), stage.visits.get(nth).cloned()) else {
            return Ok(());
        };
        if guest.is_gone {
            return Ok(());
        }
        let read = self.reads(&guest).await?;
        let Some((author, text)) = read.answer else {
            return self.waits_on(at, nth, (&guest, &coming)).await;
        };
        if read.seq > guest.said_seq {
            visit::acknowledge(&self.app, &guest.visitor, read.seq).await?;
        }
        let stage = self.stage(at)?;
        let is_wrong = author == Author::Ai && guest.asked.is_some_and(|asked| !stage.business.is_right(asked, &text));
        let now = self.now();
        let mut random = chance(&coming, u64::from(guest.said) + 20);
        let reads_ms = 8_000 + around(&mut random, 25_000);
        if let Some(guest) = self.stage_mut(at)?.guests.get_mut(&nth) {
            guest.was_misled |= is_wrong;
        }
        let goes_on = (coming.asks_back && !guest.has_asked_back)
            || (coming.then.is_some() && !guest.has_asked_second)
            || (is_wrong && !guest.was_angry && happens(&mut random, 0.3));
        if goes_on {
            self.plan(at, now.plus_ms(reads_ms), Event::AsksOn(nth));
            return Ok(());
        }
        self.leaves(at, nth, (&guest, &coming), true).await
    }

    async fn reads(&self, guest: &Guest) -> Result<Read, AppError> {
        let messages = visit::messages_after(&self.app, &guest.visitor, guest.said_seq).await?;
        let answered = |author| matches!(author, Author::Ai | Author::Person);
        let answer = messages.iter().rev().find(|message| answered(message.author));
        Ok(Read {
            answer: answer.map(|message| (message.author, message.text.clone())),
            seq: messages.last().map_or(0, |message| message.seq),
        })
    }

    /// Nothing yet: they look again later, or have lost patience.
    async fn waits_on(&mut self, at: usize, nth: usize, (guest, coming): (&Guest, &Visit)) -> Result<(), AppError> {
        let looked = usize::try_from(guest.looked).unwrap_or_default() + 1;
        let Some(after) = LOOKS_AFTER.get(looked) else {
            return self.leaves(at, nth, (guest, coming), false).await;
        };
        let look_at = guest.said_at.plus_ms(*after);
        // Some come back the next day, all others are gone.
        let returns = happens(&mut chance(coming, 5), 0.4);
        if *after > coming.patience_ms && !returns {
            return self.leaves(at, nth, (guest, coming), false).await;
        }
        if let Some(guest) = self.stage_mut(at)?.guests.get_mut(&nth) {
            guest.looked += 1;
        }
        self.plan(at, look_at.max(Timestamp(guest.said_at.0 + 1)), Event::Looks(nth));
        Ok(())
    }

    pub(super) async fn asks_on(&mut self, at: usize, nth: usize) -> Result<(), AppError> {
        let stage = self.stage(at)?;
        let (Some(guest), Some(coming)) = (stage.guests.get(&nth).cloned(), stage.visits.get(nth).cloned()) else {
            return Ok(());
        };
        self.is_present(stage).await?;
        let mut random = chance(&coming, u64::from(guest.said) + 40);
        let talk = &stage.business.talk;
        let (words, asked) = if guest.was_misled && !guest.was_angry {
            let words = pick(&mut random, &talk.angry).cloned().unwrap_or_default();
            (words, guest.asked)
        } else if coming.asks_back && !guest.has_asked_back {
            (pick(&mut random, &talk.more).cloned().unwrap_or_default(), guest.asked)
        } else if let Some((asked, words)) = coming.then.clone().filter(|_| !guest.has_asked_second) {
            (words, Some(asked))
        } else {
            return Ok(());
        };
        let is_angry = guest.was_misled && !guest.was_angry;
        let asks_back = !is_angry && coming.asks_back && !guest.has_asked_back;
        if let Some(guest) = self.stage_mut(at)?.guests.get_mut(&nth) {
            guest.asked = asked;
            guest.was_angry |= is_angry;
            guest.has_asked_back |= asks_back;
            guest.has_asked_second |= !is_angry && !asks_back;
        }
        self.says(at, nth, &words, false).await
    }

    /// They go: some say that it is over, and what they think of it.
    async fn leaves(
        &mut self,
        at: usize,
        nth: usize,
        (guest, coming): (&Guest, &Visit),
        has_answer: bool,
    ) -> Result<(), AppError> {
        if let Some(guest) = self.stage_mut(at)?.guests.get_mut(&nth) {
            guest.is_gone = true;
        }
        let was_misled = self.stage(at)?.guests.get(&nth).is_some_and(|guest| guest.was_misled);
        let mut random = chance(coming, 77);
        let ends = coming.ends && (has_answer || happens(&mut random, 0.3));
        if !ends {
            return Ok(());
        }
        let closed = closing::close_by_visitor(&self.app, &guest.visitor).await;
        if if_possible(closed)?.is_none() || !coming.rates {
            return Ok(());
        }
        let waited = guest.looked;
        let unhappy = was_misled || !has_answer;
        let stars = if unhappy {
            i64::from(happens(&mut random, 0.4)) + 1
        } else if waited > 3 {
            2 + i64::try_from(random.below(3)).unwrap_or_default()
        } else {
            5 - i64::from(happens(&mut random, 0.3)) - i64::from(happens(&mut random, 0.1))
        };
        let talk = &self.stage(at)?.business.talk;
        let words = if stars >= 4 { &talk.good } else { &talk.bad };
        let words = pick(&mut random, words).filter(|_| random.unit() < 0.3).cloned();
        if_possible(closing::rate(&self.app, &guest.visitor, stars, words.as_deref()).await)?;
        Ok(())
    }
}
