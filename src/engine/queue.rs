//! A bounded queue with three priorities, between the HTTP surface and a model's owner thread.
//!
//! Bounded on purpose: a full queue is refused with a reason at once, which the caller turns into a hold, instead
//! of a wait nobody sees. Entries whose caller has gone make room first.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use super::wire::Priority;

/// An entry that may lose its caller while it waits.
pub(crate) trait Waiting {
    /// True when nobody wants the answer any more.
    fn is_abandoned(&self) -> bool;
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

struct Lanes<T> {
    lanes: [VecDeque<T>; Priority::ALL.len()],
    closed: bool,
}

impl<T> Lanes<T> {
    fn len(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }
}

/// The queue; shared by reference between the producers and the one consumer.
pub(crate) struct PriorityQueue<T> {
    lanes: Mutex<Lanes<T>>,
    arrived: Condvar,
    capacity: usize,
}

impl<T: Waiting> PriorityQueue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            lanes: Mutex::new(Lanes {
                lanes: Default::default(),
                closed: false,
            }),
            arrived: Condvar::new(),
            capacity,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// True once the owner is asked to end.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Adds an entry behind those of the same priority.
    pub(crate) fn push(&self, priority: Priority, entry: T) -> Result<(), PushError> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(PushError::Closed);
        }
        if lanes.len() >= self.capacity {
            for lane in &mut lanes.lanes {
                lane.retain(|waiting| !waiting.is_abandoned());
            }
        }
        let waiting = lanes.len();
        if waiting >= self.capacity {
            return Err(PushError::Full { waiting });
        }
        if let Some(lane) = lanes.lanes.get_mut(priority as usize) {
            lane.push_back(entry);
        }
        drop(lanes);
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes the most urgent, oldest entry without waiting. A closed queue is empty.
    pub(crate) fn pop(&self) -> Option<T> {
        self.lock().lanes.iter_mut().find_map(VecDeque::pop_front)
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
            lane.clear();
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
mod tests {
    use super::*;

    struct Entry {
        name: u32,
        abandoned: bool,
    }

    impl Waiting for Entry {
        fn is_abandoned(&self) -> bool {
            self.abandoned
        }
    }

    fn entry(name: u32) -> Entry {
        Entry { name, abandoned: false }
    }

    fn names(queue: &PriorityQueue<Entry>) -> Vec<u32> {
        let mut names = Vec::new();
        while let Some(entry) = queue.pop() {
            names.push(entry.name);
        }
        names
    }

    #[test]
    fn a_live_request_overtakes_what_nobody_waits_for() {
        let queue = PriorityQueue::new(8);
        for (name, priority) in [
            (1, Priority::Evaluation),
            (2, Priority::Copilot),
            (3, Priority::Live),
            (4, Priority::Live),
        ] {
            assert_eq!(queue.push(priority, entry(name)), Ok(()));
        }
        assert_eq!(names(&queue), [3, 4, 2, 1]);
    }

    #[test]
    fn a_full_queue_refuses_and_abandoned_entries_make_room() {
        let queue = PriorityQueue::new(2);
        assert_eq!(
            queue.push(
                Priority::Live,
                Entry {
                    name: 1,
                    abandoned: true
                }
            ),
            Ok(())
        );
        assert_eq!(queue.push(Priority::Live, entry(2)), Ok(()));
        assert_eq!(
            queue.push(Priority::Live, entry(3)),
            Ok(()),
            "the abandoned entry makes room"
        );
        assert_eq!(
            queue.push(Priority::Live, entry(4)),
            Err(PushError::Full { waiting: 2 })
        );
        assert_eq!(names(&queue), [2, 3]);
    }

    #[test]
    fn a_closed_queue_takes_nothing_and_wakes_the_owner() {
        let queue = PriorityQueue::new(2);
        std::thread::scope(|scope| {
            let owner = scope.spawn(|| queue.wait());
            queue.close();
            assert!(!owner.join().unwrap_or(true));
        });
        assert_eq!(queue.push(Priority::Live, entry(1)), Err(PushError::Closed));
        assert!(queue.pop().is_none());
    }
}
