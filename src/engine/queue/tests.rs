use super::*;
use proptest::prelude::*;

#[derive(Debug)]
struct Entry {
    name: u32,
    share: u64,
    cost: u64,
    arrived: Instant,
    abandoned: bool,
}

impl Waiting for Entry {
    fn is_abandoned(&self) -> bool {
        self.abandoned
    }
    fn arrived(&self) -> Instant {
        self.arrived
    }
    fn share(&self) -> u64 {
        self.share
    }
    fn cost(&self) -> u64 {
        self.cost
    }
}

fn entry(name: u32) -> Entry {
    Entry {
        name,
        share: 0,
        cost: 1,
        arrived: Instant::now(),
        abandoned: false,
    }
}

#[test]
fn what_has_waited_for_long_is_found_behind_those_who_are_more_urgent() {
    let queue = PriorityQueue::new(8);
    queue.push(Priority::Live, entry(1)).unwrap();
    queue.push(Priority::Evaluation, entry(2)).unwrap();
    let came = Instant::now();
    queue.push(Priority::Copilot, entry(3)).unwrap();
    assert!(
        queue.pop_waiting(Priority::Evaluation, Instant::now()).is_none(),
        "nothing is less urgent"
    );
    let taken = queue
        .pop_waiting(Priority::Live, came)
        .map(|(priority, entry)| (priority, entry.name));
    assert_eq!(
        taken,
        Some((Priority::Evaluation, 2)),
        "the oldest, whatever its priority"
    );
    assert!(
        queue.pop_waiting(Priority::Live, came).is_none(),
        "the other came later"
    );
}

fn of(share: u64, name: u32, cost: u64) -> Entry {
    Entry {
        share,
        cost,
        ..entry(name)
    }
}

fn push(queue: &PriorityQueue<Entry>, priority: Priority, entry: Entry) -> Result<Option<u32>, PushError> {
    queue
        .push(priority, entry)
        .map(|displaced| displaced.map(|entry| entry.name))
}

fn names(queue: &PriorityQueue<Entry>) -> Vec<u32> {
    let mut names = Vec::new();
    while let Some((_, entry)) = queue.pop(Instant::now()) {
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
        assert_eq!(push(&queue, priority, entry(name)), Ok(None));
    }
    assert!(queue.pop_before(Some(Priority::Live), Instant::now()).is_none());
    assert_eq!(names(&queue), [3, 4, 2, 1]);
}

#[test]
fn work_that_nobody_waits_for_gets_its_turn_before_younger_work_of_the_console_once_it_has_aged() {
    let queue = PriorityQueue::new(8);
    let now = Instant::now();
    assert_eq!(push(&queue, Priority::Evaluation, entry(1)), Ok(None));
    assert_eq!(push(&queue, Priority::Copilot, entry(2)), Ok(None));
    assert_eq!(push(&queue, Priority::Live, entry(3)), Ok(None));
    let later = now + AGED_AFTER * 2;
    let mut order = Vec::new();
    while let Some((priority, entry)) = queue.pop(later) {
        order.push((priority, entry.name));
    }
    assert_eq!(
        order,
        [(Priority::Live, 3), (Priority::Copilot, 1), (Priority::Copilot, 2)]
    );
}

#[test]
fn a_full_lane_refuses_and_abandoned_entries_make_room() {
    let queue = PriorityQueue::new(2);
    let abandoned = Entry {
        abandoned: true,
        ..entry(1)
    };
    assert_eq!(push(&queue, Priority::Live, abandoned), Ok(None));
    assert_eq!(push(&queue, Priority::Live, entry(2)), Ok(None));
    assert_eq!(
        push(&queue, Priority::Live, entry(3)),
        Ok(None),
        "the abandoned entry makes room"
    );
    assert_eq!(
        push(&queue, Priority::Live, entry(4)),
        Err(PushError::Full { waiting: 2 })
    );
    assert_eq!(names(&queue), [2, 3]);
}

#[test]
fn a_backlog_that_nobody_waits_for_shuts_no_visitor_out() {
    let queue = PriorityQueue::new(2);
    assert_eq!(push(&queue, Priority::Evaluation, entry(1)), Ok(None));
    assert_eq!(push(&queue, Priority::Evaluation, entry(2)), Ok(None));
    assert!(push(&queue, Priority::Evaluation, entry(3)).is_err());
    assert_eq!(push(&queue, Priority::Live, entry(4)), Ok(None));
}

#[test]
fn a_workspace_that_fills_the_queue_makes_room_for_another() {
    let queue = PriorityQueue::new(4);
    for name in 1..=4 {
        assert_eq!(push(&queue, Priority::Live, of(7, name, 1)), Ok(None));
    }
    assert_eq!(
        push(&queue, Priority::Live, of(8, 10, 1)),
        Ok(Some(4)),
        "the newest of the largest share goes"
    );
    assert!(push(&queue, Priority::Live, of(7, 5, 1)).is_err());
    assert_eq!(push(&queue, Priority::Live, of(8, 11, 1)), Ok(Some(3)));
    assert_eq!(
        push(&queue, Priority::Live, of(8, 12, 1)),
        Err(PushError::Full { waiting: 4 }),
        "half is its share"
    );
}

#[test]
fn shares_take_turns_by_what_they_cost_and_idle_time_is_no_credit() {
    let queue = PriorityQueue::new(32);
    for name in 0..6 {
        assert_eq!(push(&queue, Priority::Live, of(1, name, 100)), Ok(None));
    }
    assert_eq!(queue.pop(Instant::now()).map(|(_, entry)| entry.name), Some(0));
    // Another comes later, with requests half as large: two of its own for each of the first one's.
    for name in 10..14 {
        assert_eq!(push(&queue, Priority::Live, of(2, name, 50)), Ok(None));
    }
    assert_eq!(names(&queue), [10, 11, 1, 12, 13, 2, 3, 4, 5]);
}

#[test]
fn a_closed_queue_takes_nothing_and_wakes_the_owner() {
    let queue = PriorityQueue::new(2);
    std::thread::scope(|scope| {
        let owner = scope.spawn(|| queue.wait());
        queue.close();
        assert!(!owner.join().unwrap_or(true));
    });
    assert_eq!(push(&queue, Priority::Live, entry(1)), Err(PushError::Closed));
    assert!(queue.pop(Instant::now()).is_none());
}

proptest! {
    /// While two shares both have work waiting, neither gets ahead of the other by more than one request.
    #[test]
    fn no_share_gets_ahead_by_more_than_one_request(
        costs in prop::collection::vec((0_u64..3, 1_u64..1_000), 1..60),
    ) {
        let queue = PriorityQueue::new(100);
        let mut left = HashMap::<u64, usize>::new();
        for (name, (share, cost)) in costs.iter().enumerate() {
            let pushed = push(&queue, Priority::Live, of(*share, u32::try_from(name).unwrap_or(0), *cost));
            prop_assert_eq!(pushed, Ok(None));
            *left.entry(*share).or_default() += 1;
        }
        let mut given = HashMap::<u64, u64>::new();
        let mut last_name = HashMap::<u64, u32>::new();
        while left.values().filter(|left| **left > 0).count() > 1 {
            let Some((_, entry)) = queue.pop(Instant::now()) else { break };
            *given.entry(entry.share).or_default() += entry.cost;
            *left.entry(entry.share).or_default() -= 1;
            prop_assert!(last_name.insert(entry.share, entry.name).is_none_or(|last| last < entry.name), "in order");
            let of = |share: &u64| given.get(share).copied().unwrap_or(0);
            let waiting: Vec<u64> = left.iter().filter(|(_, left)| **left > 0).map(|(share, _)| *share).collect();
            for one in &waiting {
                for other in &waiting {
                    prop_assert!(of(one) <= of(other) + 1_000);
                }
            }
        }
    }
}
