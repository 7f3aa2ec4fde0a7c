//! Who takes part in the steps: the most urgent and oldest first, as long as there are places and room in the cache.

use std::time::{Duration, Instant};

use super::{
    Chat, as_u64,
    prepare::{self, With},
    sequence::Sequence,
};
use crate::engine::{
    backend::{ChatJob, Refusal, Refused as _},
    owner::Desk,
    queue::Waiting,
    wire::Priority,
};

/// Requests that no visitor waits for which run beside visitors: each stands in the cache and makes every step slower.
const BESIDE_VISITORS: usize = 1;
/// Where visitors leave no place, one request that nobody waits for gets the next free one after this long, so that it never
/// stands still either.
const WAITS_AT_MOST: Duration = Duration::from_secs(30);
/// Visitors count as present for so long after an answer: they read and ask on, and the others need not make way each time.
const VISITOR_LINGERS: Duration = Duration::from_secs(10);

impl Chat<'_> {
    /// Lets requests join while there is a place and room in the cache, the most urgent and oldest first. A more
    /// urgent one takes the place of one that is less so, which goes on later.
    pub(super) fn admit(&mut self, desk: &Desk<ChatJob>) {
        let now = Instant::now();
        // Both age: who waits must not throw out who is as old.
        let all = self.ready.iter_mut().chain(&mut self.running);
        all.for_each(|sequence| sequence.age(now));
        self.ready.sort_by_key(Sequence::arrival);
        if self
            .running
            .iter()
            .any(|sequence| sequence.priority() == Priority::Live)
        {
            self.visitor_seen = Some(now);
        }
        self.let_in_who_waited(now, desk);
        loop {
            let best = self.ready.first().map(Sequence::priority);
            if let Some((priority, job)) = desk.queue.pop_before(best, Instant::now()) {
                self.prepare(job, priority, desk);
                continue;
            }
            let Some(priority) = best else { return };
            if !self.leaves_visitors_room(priority, now, desk) {
                return;
            }
            // One of those who are less urgent keeps its place, so that they never stand still; not the only place there is.
            let spared = usize::from(self.slots > 1);
            if self.running.len() >= self.slots && !self.suspend_one_below(priority, spared, desk) {
                return;
            }
            while !self.fits(0) {
                if !self.suspend_one_below(priority, 0, desk) {
                    return;
                }
            }
            self.join(0, desk);
        }
    }

    /// Gives a free place to one that no visitor waits for, if none of them runs and it has waited for long.
    fn let_in_who_waited(&mut self, now: Instant, desk: &Desk<ChatJob>) {
        let is_other = |sequence: &Sequence| sequence.priority() > Priority::Live;
        let has_place = self.slots > 1 && self.running.len() < self.slots;
        let Some(since) = now.checked_sub(WAITS_AT_MOST).filter(|_| has_place) else {
            return;
        };
        if self.running.iter().any(is_other) {
            return;
        }
        if !self.ready.iter().any(is_other)
            && let Some((priority, job)) = desk.queue.pop_waiting(Priority::Live, since)
        {
            self.prepare(job, priority, desk);
        }
        let oldest = self.ready.iter().enumerate().filter(|(_, sequence)| is_other(sequence));
        let oldest = oldest.min_by_key(|(_, sequence)| sequence.arrival().1);
        if let Some((place, sequence)) = oldest
            && sequence.arrival().1 <= since
            && self.fits(place)
        {
            self.join(place, desk);
        }
    }

    /// Beside visitors few others run. Makes those who are too many for it wait; `false` if one of this priority has to.
    fn leaves_visitors_room(&mut self, priority: Priority, now: Instant, desk: &Desk<ChatJob>) -> bool {
        if priority == Priority::Live {
            // From now on, so that those who make way are not let in again in the same breath.
            self.visitor_seen = Some(now);
            while self.suspend_one_below(priority, BESIDE_VISITORS, desk) {}
            return true;
        }
        let visitor_is_here = self.visitor_seen.is_some_and(|seen| now < seen + VISITOR_LINGERS);
        let others = self
            .running
            .iter()
            .filter(|sequence| sequence.priority() > Priority::Live);
        !visitor_is_here || others.count() < BESIDE_VISITORS || self.suspend_one_below(priority, 0, desk)
    }

    fn prepare(&mut self, mut job: ChatJob, priority: Priority, desk: &Desk<ChatJob>) {
        job.terms.priority = priority;
        if job.is_abandoned() {
            desk.count(|counters| counters.cancelled += 1);
            return job.refuse(Refusal::deadline());
        }
        let with = With {
            model: self.model,
            writer: &self.writer,
            window_tokens: self.limits.window_tokens,
            can_reuse: self.can_reuse,
        };
        match prepare::sequences(with, job) {
            Some(sequences) => {
                self.ready.extend(sequences);
                self.ready.sort_by_key(Sequence::arrival);
            }
            None => desk.count(|counters| counters.refused += 1),
        }
    }

    /// Whether one of those that are ready fits beside those that run.
    fn fits(&self, place: usize) -> bool {
        self.ready.get(place).is_some_and(|sequence| {
            self.pool
                .fits(sequence.beginning(), sequence.grows_to(), sequence.reuse())
        })
    }

    fn join(&mut self, place: usize, desk: &Desk<ChatJob>) {
        let mut sequence = self.ready.remove(place);
        let begun = match self.begin_from_shelf(&sequence) {
            Some(begun) => Some(begun),
            None => self.begin_from_cache(&sequence),
        };
        let Some((number, cached)) = begun else {
            // Not reached: what fits has a number.
            desk.count(|counters| counters.failed += 1);
            return sequence.fail(&Refusal::failure("its cache has no place"));
        };
        desk.count(|counters| {
            if !sequence.was_suspended() {
                counters.prompt_tokens += as_u64(sequence.tokens().len());
                counters.cached_tokens += as_u64(cached);
            }
        });
        sequence.start(number, cached);
        self.running.push(sequence);
    }

    /// Takes the youngest of the least urgent out of the steps, if it is less urgent than `priority` and at least
    /// `spared` such are left. What has been computed of it stays in the cache while there is room.
    fn suspend_one_below(&mut self, priority: Priority, spared: usize, desk: &Desk<ChatJob>) -> bool {
        let below = self
            .running
            .iter()
            .filter(|sequence| sequence.priority() > priority)
            .count();
        let last = self
            .running
            .iter()
            .enumerate()
            .filter(|(_, sequence)| sequence.priority() > priority)
            .max_by_key(|(_, sequence)| sequence.arrival())
            .map(|(place, _)| place);
        let Some(place) = last.filter(|_| below > spared) else {
            return false;
        };
        let mut sequence = self.running.remove(place);
        if sequence.reuse() {
            self.shelve(sequence.number());
        }
        let changes = self.pool.end(sequence.number(), sequence.reuse());
        self.apply(&changes);
        sequence.suspend();
        desk.count(|counters| counters.suspended += 1);
        self.ready.push(sequence);
        self.ready.sort_by_key(Sequence::arrival);
        true
    }
}
