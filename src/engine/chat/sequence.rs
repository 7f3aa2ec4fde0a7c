//! One request on its way: what has been computed of it, what is asked of the next step, and who hears of it.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use llama_cpp_2::{context::LlamaContext, model::LlamaModel, token::LlamaToken};

use super::{
    plan::Want,
    scoring::Part,
    writing::{Progress, Writing},
};
use crate::engine::{
    backend::{Refusal, Terms},
    guard::{Batch, StepError},
    owner::Ticket,
    queue::counts_as,
    wire::Priority,
};

/// A prompt's turn comes as if each of its unread tokens had made it arrive this much later: what is nearly ready
/// (most of it stands in the cache) goes first, and nobody waits longer for it than that.
const LATER_PER_TOKEN: Duration = Duration::from_millis(2);
/// Results of one step that a single request may ask for. Each is as long as the vocabulary.
const MOST_RESULTS: usize = 32;

/// What a sequence is for.
pub(super) enum Work {
    /// Write an answer after the prompt.
    Write(Box<Writing>),
    /// Find out how likely the end of the tokens is.
    Score(Part),
}

pub(super) struct Sequence {
    terms: Terms,
    work: Work,
    /// The prompt, then what has been written.
    tokens: Vec<LlamaToken>,
    /// How many of them have been computed.
    position: usize,
    /// The length it may grow to.
    grows_to: usize,
    /// Take what is known of the prompt from the cache, and leave it there.
    reuse: bool,
    number: usize,
    /// It made room for a more urgent one.
    was_suspended: bool,
    /// Rows of this step's results, with the place of the token that each follows.
    rows: Vec<(usize, usize)>,
    /// Tokens of this step.
    added: usize,
    /// Keeps the model loaded.
    #[expect(dead_code, reason = "it is held, never asked")]
    ticket: Option<Rc<Ticket>>,
}

impl Sequence {
    pub(super) const fn new(terms: Terms, work: Work, tokens: Vec<LlamaToken>, grows_to: usize, reuse: bool) -> Self {
        Self {
            terms,
            work,
            tokens,
            position: 0,
            grows_to,
            reuse,
            number: 0,
            was_suspended: false,
            rows: Vec::new(),
            added: 0,
            ticket: None,
        }
    }

    /// The same, with what keeps the model loaded until it is dropped.
    pub(super) fn keeping(self, ticket: Rc<Ticket>) -> Self {
        Self {
            ticket: Some(ticket),
            ..self
        }
    }

    /// Joins the steps under a number, with what stands in the cache for it.
    pub(super) fn start(&mut self, number: usize, cached: usize) {
        self.number = number;
        self.position = cached;
        match &mut self.work {
            Work::Write(writing) => writing.started(cached),
            Work::Score(part) => part.started(cached),
        }
    }

    /// Leaves the steps until there is room again.
    pub(super) const fn suspend(&mut self) {
        self.was_suspended = true;
        self.position = 0;
    }

    pub(super) const fn was_suspended(&self) -> bool {
        self.was_suspended
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }

    pub(super) const fn priority(&self) -> Priority {
        self.terms.priority
    }

    pub(super) fn tokens(&self) -> &[LlamaToken] {
        &self.tokens
    }

    /// Tokens of its answer so far.
    pub(super) const fn written(&self) -> usize {
        match &self.work {
            Work::Write(writing) => writing.written(),
            Work::Score(_) => 0,
        }
    }

    /// The tokens that may be taken from the cache, but for the last one: of an answer that is scored every result is
    /// needed.
    pub(super) fn beginning(&self) -> &[LlamaToken] {
        match &self.work {
            Work::Write(_) => &self.tokens,
            Work::Score(part) => self.tokens.get(..part.prompt_tokens()).unwrap_or_default(),
        }
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) const fn grows_to(&self) -> usize {
        self.grows_to
    }

    pub(super) const fn reuse(&self) -> bool {
        self.reuse
    }

    /// Somebody may go on from it: a visitor, or a member who asked for a suggestion. Work that nobody waits for stays
    /// that however old it is.
    pub(super) const fn is_conversation(&self) -> bool {
        matches!(self.work, Work::Write(_)) && !matches!(self.terms.asked, Priority::Evaluation)
    }

    /// Lets it count as more urgent once it has waited for long.
    pub(super) fn age(&mut self, now: Instant) {
        self.terms.priority = counts_as(self.terms.priority, self.terms.arrived, now);
    }

    /// The order in which requests are let in.
    pub(super) const fn arrival(&self) -> (Priority, Instant) {
        (self.terms.priority, self.terms.arrived)
    }

    /// The order in which those that are in are served.
    pub(super) fn turn(&self) -> (Priority, Instant) {
        let unread = u32::try_from(self.unread()).unwrap_or(u32::MAX);
        let later = LATER_PER_TOKEN.saturating_mul(unread);
        (self.terms.priority, self.terms.arrived + later)
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.terms.is_late()
            || match &self.work {
                Work::Write(writing) => writing.is_abandoned(),
                Work::Score(part) => part.is_abandoned(),
            }
    }

    pub(super) fn fail(&self, refusal: &Refusal) {
        match &self.work {
            Work::Write(writing) => writing.fail(refusal),
            Work::Score(part) => part.fail(refusal),
        }
    }

    /// Tokens still to be computed as far as they are known. The last token of an answer that is only scored is not:
    /// nothing follows it.
    fn unread(&self) -> usize {
        let end = match &self.work {
            Work::Write(_) => self.tokens.len(),
            Work::Score(_) => self.tokens.len().saturating_sub(1),
        };
        end.saturating_sub(self.position)
    }

    /// True while its prompt is being read, and others with the same beginning may wait for it.
    pub(super) fn reads(&self) -> bool {
        !self.writes() && self.unread() > 0
    }

    fn writes(&self) -> bool {
        matches!(&self.work, Work::Write(writing) if writing.has_begun()) && self.unread() == 1
    }

    /// What it could use of the next step; nothing while it `waits` for another one to read the same.
    pub(super) fn want(&self, waits: bool) -> Want {
        Want {
            priority: self.terms.priority,
            tokens: if waits { 0 } else { self.unread() },
            writes: self.writes(),
        }
    }

    /// Goes on behind what another sequence has computed meanwhile. Returns how many tokens of its prompt it was spared.
    pub(super) fn catch_up(&mut self, position: usize) -> usize {
        let spared = position.saturating_sub(self.position);
        self.position = position;
        // What it had computed itself before it made room counts as computed.
        if self.was_suspended {
            return 0;
        }
        match &mut self.work {
            Work::Write(writing) => writing.caught_up(spared),
            Work::Score(part) => part.caught_up(spared),
        }
        spared
    }

    /// Adds up to so many of its tokens to the step.
    pub(super) fn add(&mut self, batch: &mut Batch, most: usize) -> Result<(), StepError> {
        self.rows.clear();
        self.added = 0;
        let end = self.position + most.min(self.unread());
        for place in self.position..end {
            if self.rows.len() >= MOST_RESULTS {
                break;
            }
            let Some(token) = self.tokens.get(place) else { break };
            let wants_result = match &self.work {
                Work::Write(_) => place + 1 == self.tokens.len(),
                Work::Score(part) => part.wants_result(place),
            };
            let row = batch.push(*token, place, self.number, wants_result)?;
            if wants_result {
                self.rows.push((row, place));
            }
            self.added += 1;
        }
        Ok(())
    }

    /// The tokens of this step, which are in the cache once it has been computed.
    pub(super) fn added(&self) -> &[LlamaToken] {
        self.tokens
            .get(self.position..self.position + self.added)
            .unwrap_or_default()
    }

    /// Takes the step's results and tells the caller. An error ends this sequence only.
    pub(super) fn advance(
        &mut self,
        model: &LlamaModel,
        context: &LlamaContext<'_>,
        batch: &Batch,
    ) -> Result<Progress, StepError> {
        self.position += self.added;
        self.added = 0;
        let rows = std::mem::take(&mut self.rows);
        match &mut self.work {
            Work::Write(writing) => {
                let Some((row, _)) = rows.first() else {
                    return Ok(Progress::Continues);
                };
                let (progress, token) = writing.advance(model, context, batch, *row)?;
                self.tokens.extend(token);
                Ok(progress)
            }
            Work::Score(part) => {
                for (row, place) in rows {
                    let next = self.tokens.get(place + 1).copied().ok_or(StepError::NoOutput)?;
                    part.add(batch.logits(context, row)?, next)?;
                }
                Ok(part.progress())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::chat::scoring::parts;
    use tokio::sync::oneshot;

    fn evaluation(arrived: Instant) -> Sequence {
        let (answer, _caller) = oneshot::channel();
        let part = parts(&[(1, 2)], answer).remove(0);
        let terms = Terms {
            arrived,
            ..Terms::new(Priority::Evaluation, None)
        };
        Sequence::new(terms, Work::Score(part), vec![LlamaToken(1), LlamaToken(2)], 2, true)
    }

    #[test]
    fn a_request_that_made_room_again_and_again_is_let_in_before_the_next_urgent_one_after_it() {
        let now = Instant::now();
        let mut old = evaluation(now);
        old.start(3, 0);
        old.suspend();
        old.age(now + Duration::from_secs(59));
        assert_eq!(old.priority(), Priority::Evaluation);
        let later = now + Duration::from_secs(61);
        old.age(later);
        let mut young = evaluation(later);
        young.age(later);
        let copilot = (Priority::Copilot, later);
        let visitor = (Priority::Live, later);
        assert!(
            old.arrival() < copilot && copilot < young.arrival(),
            "it stands by its age among those a member waits for"
        );
        assert!(visitor < old.arrival(), "visitors stay before it");
    }
}
