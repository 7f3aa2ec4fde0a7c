//! A bounded queue with three priorities and fair shares, between the HTTP surface and a model's owner thread.
//!
//! Bounded on purpose: a full queue is refused with a reason at once, which the caller turns into a hold, instead
//! of a wait nobody sees. Every priority has room of its own, so that a backlog nobody waits for cannot shut visitors
//! out. Within a priority the shares (workspaces) take turns by what they have been given so far (start-time fair
//! queueing, Goyal, Vin and Cheng 1996), and a share that fills a lane makes room for one that does not.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::wire::Priority;

/// After this long work that nobody waits for counts as work that somebody in the console waits for: then the two
/// take turns by age, and neither starves the other. Visitors stay before both, but for the one that always goes on.
const AGED_AFTER: Duration = Duration::from_mins(1);

/// The priority of work that arrived then, as it counts by now.
pub(crate) fn counts_as(priority: Priority, arrived: Instant, now: Instant) -> Priority {
    match priority {
        Priority::Evaluation if now.saturating_duration_since(arrived) >= AGED_AFTER => Priority::Copilot,
        other => other,
    }
}

/// An entry that may lose its caller while it waits.
pub(crate) trait Waiting {
    /// True when nobody wants the answer any more.
    fn is_abandoned(&self) -> bool;
    /// When it came.
    fn arrived(&self) -> Instant;
    /// Whose fair share it is taken from.
    fn share(&self) -> u64;
    /// About how many tokens it will cost.
    fn cost(&self) -> u64;
}

/// Why an entry was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushError {
    /// The queue holds as many as it may.
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The owner thread has ended.
    Closed,
}

/// Entries of one priority.
struct Lane<T> {
    entries: VecDeque<T>,
    /// What each share has been given, in tokens; only those that are ahead of `given` or have entries here.
    given_to: HashMap<u64, u64>,
    /// What the share that was served last had been given before: whoever was idle starts from here.
    given: u64,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            given_to: HashMap::new(),
            given: 0,
        }
    }
}

impl<T: Waiting> Lane<T> {
    fn of_share(&self, share: u64) -> usize {
        self.entries.iter().filter(|entry| entry.share() == share).count()
    }

    /// Adds an entry; returns one that had to make room for it.
    fn push(&mut self, entry: T, capacity: usize) -> Result<Option<T>, PushError> {
        if self.entries.len() >= capacity {
            self.entries.retain(|waiting| !waiting.is_abandoned());
        }
        let mut displaced = None;
        if self.entries.len() >= capacity {
            let full = PushError::Full {
                waiting: self.entries.len(),
            };
            displaced = Some(self.displace(entry.share()).ok_or(full)?);
        }
        let given = self.given_to.entry(entry.share()).or_default();
        *given = self.given.max(*given);
        self.entries.push_back(entry);
        Ok(displaced)
    }

    /// Takes the newest entry of the share with the most, if the newcomer's still has fewer with the newcomer.
    fn displace(&mut self, newcomer: u64) -> Option<T> {
        let largest = self
            .entries
            .iter()
            .map(Waiting::share)
            .max_by_key(|share| self.of_share(*share))?;
        if self.of_share(newcomer) + 1 >= self.of_share(largest) {
            return None;
        }
        let newest = self.entries.iter().rposition(|entry| entry.share() == largest)?;
        self.entries.remove(newest)
    }

    /// Takes the oldest entry of the share that has been given least.
    fn pop(&mut self) -> Option<T> {
        let given_to = |entry: &T| self.given_to.get(&entry.share()).copied().unwrap_or(self.given);
        let (place, given) = self
            .entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (place, given_to(entry)))
            .min_by_key(|(_, given)| *given)?;
        let entry = self.entries.remove(place)?;
        self.given = given;
        self.given_to
            .insert(entry.share(), given.saturating_add(entry.cost().max(1)));
        let (entries, given) = (&self.entries, self.given);
        self.given_to
            .retain(|share, to| *to > given || entries.iter().any(|entry| entry.share() == *share));
        Some(entry)
    }
}

struct Lanes<T> {
    lanes: [Lane<T>; Priority::ALL.len()],
    closed: bool,
}

impl<T: Waiting> Lanes<T> {
    fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.entries.len()).sum()
    }

    /// The priority to serve next, as it counts now, and its lane.
    fn next(&self, now: Instant) -> Option<(Priority, usize)> {
        let standing = |(lane, priority): (usize, Priority)| {
            let oldest = self.lanes.get(lane)?.entries.front()?.arrived();
            let counts_as = counts_as(priority, oldest, now);
            Some((counts_as, oldest, lane))
        };
        let standings = Priority::ALL.into_iter().enumerate().filter_map(standing);
        standings.min().map(|(priority, _, lane)| (priority, lane))
    }
}

/// The queue; shared by reference between the producers and the one consumer.
pub(crate) struct PriorityQueue<T> {
    lanes: Mutex<Lanes<T>>,
    arrived: Condvar,
    capacity: usize,
    /// Entries that the consumer has taken out and still lets wait.
    aside: AtomicUsize,
}

impl<T: Waiting> PriorityQueue<T> {
    /// A queue with room for `capacity` entries of every priority.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            lanes: Mutex::new(Lanes {
                lanes: Default::default(),
                closed: false,
            }),
            arrived: Condvar::new(),
            capacity,
            aside: AtomicUsize::new(0),
        }
    }

    /// How many wait, with those that the consumer has set aside.
    pub(crate) fn len(&self) -> usize {
        self.lock().len() + self.aside.load(Ordering::Relaxed)
    }

    /// Says how many the consumer has taken out and still lets wait.
    pub(crate) fn set_aside(&self, count: usize) {
        self.aside.store(count, Ordering::Relaxed);
    }

    /// True once the owner is asked to end.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Adds an entry. Returns one of another share that had to make room for it: its caller must be told.
    pub(crate) fn push(&self, priority: Priority, entry: T) -> Result<Option<T>, PushError> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(PushError::Closed);
        }
        let capacity = self.capacity;
        let displaced = match lanes.lanes.get_mut(priority as usize) {
            Some(lane) => lane.push(entry, capacity)?,
            None => None,
        };
        drop(lanes);
        self.arrived.notify_one();
        Ok(displaced)
    }

    /// Takes the next entry without waiting, with the priority that it counts as by now. A closed queue is empty.
    pub(crate) fn pop(&self, now: Instant) -> Option<(Priority, T)> {
        self.pop_before(None, now)
    }

    /// Takes the next entry if it is more urgent than `limit`.
    pub(crate) fn pop_before(&self, limit: Option<Priority>, now: Instant) -> Option<(Priority, T)> {
        let mut lanes = self.lock();
        let (priority, lane) = lanes.next(now)?;
        if limit.is_some_and(|limit| priority >= limit) {
            return None;
        }
        Some((priority, lanes.lanes.get_mut(lane)?.pop()?))
    }

    /// Takes an entry for which somebody more urgent than `than` would be served first, if it came before `since`.
    pub(crate) fn pop_waiting(&self, than: Priority, since: Instant) -> Option<(Priority, T)> {
        let mut lanes = self.lock();
        let less_urgent = Priority::ALL
            .into_iter()
            .enumerate()
            .filter(|(_, priority)| *priority > than);
        let oldest = less_urgent.filter_map(|(lane, priority)| {
            let arrived = lanes.lanes.get(lane)?.entries.front()?.arrived();
            Some((arrived, lane, priority))
        });
        let (arrived, lane, priority) = oldest.min()?;
        if arrived > since {
            return None;
        }
        Some((priority, lanes.lanes.get_mut(lane)?.pop()?))
    }

    /// Waits until something can be taken or the queue is closed; false when closed.
    pub(crate) fn wait(&self) -> bool {
        let mut lanes = self.lock();
        while !lanes.closed && lanes.len() == 0 {
            lanes = self.arrived.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
        !lanes.closed
    }

    /// Ends the queue: waiting entries are dropped, which tells their callers.
    pub(crate) fn close(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        for lane in &mut lanes.lanes {
            lane.entries.clear();
        }
        drop(lanes);
        self.arrived.notify_all();
    }

    /// A panic while the lock is held leaves whole entries only, so the content stays usable.
    fn lock(&self) -> MutexGuard<'_, Lanes<T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
