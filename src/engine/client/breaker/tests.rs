use super::*;
use proptest::prelude::*;

const SETTINGS: BreakerSettings = BreakerSettings {
    failures: 3,
    first_rest: Duration::from_secs(5),
    longest_rest: Duration::from_mins(1),
};

/// A breaker with a clock of its own.
struct World {
    breaker: Breaker,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self {
            breaker: Breaker::new(SETTINGS),
            now: Instant::now(),
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn ask(&mut self, outcome: Outcome) -> bool {
        match self.breaker.admit(self.now) {
            Ok(permit) => {
                self.breaker.settle(permit, outcome, self.now);
                true
            }
            Err(_) => false,
        }
    }
}

#[test]
fn after_three_failures_in_a_row_the_engine_rests_and_then_one_request_tries_it() {
    let mut world = World::new();
    for outcome in [
        Outcome::Failed,
        Outcome::Failed,
        Outcome::Worked,
        Outcome::Failed,
        Outcome::Failed,
    ] {
        assert!(world.ask(outcome));
    }
    assert!(world.ask(Outcome::Failed), "two in a row are not three");
    assert!(!world.ask(Outcome::Worked));
    world.wait(5);
    let probe = world.breaker.admit(world.now).unwrap();
    assert!(!world.ask(Outcome::Worked), "the probe is under way");
    world.breaker.settle(probe, Outcome::Worked, world.now);
    assert!(world.breaker.is_closed() && world.ask(Outcome::Worked));
}

#[test]
fn every_failed_probe_doubles_the_rest_up_to_the_longest() {
    let mut world = World::new();
    for _ in 0..3 {
        world.ask(Outcome::Failed);
    }
    for rest in [5, 10, 20, 40, 60, 60] {
        assert_eq!(world.breaker.resting(world.now), Some(Duration::from_secs(rest)));
        world.wait(rest);
        assert!(world.ask(Outcome::Failed));
    }
    world.wait(60);
    assert!(world.ask(Outcome::Worked));
    for _ in 0..3 {
        world.ask(Outcome::Failed);
    }
    let rest = world.breaker.resting(world.now);
    assert_eq!(rest, Some(SETTINGS.first_rest), "a success forgets the past");
}

#[test]
fn a_probe_whose_asker_went_away_makes_room_for_the_next() {
    let mut world = World::new();
    for _ in 0..3 {
        world.ask(Outcome::Failed);
    }
    world.wait(5);
    assert!(world.ask(Outcome::Abandoned));
    assert!(world.ask(Outcome::Worked));
    assert!(world.breaker.is_closed());
}

#[test]
fn an_engine_that_asks_for_a_rest_gets_it_at_once() {
    let mut world = World::new();
    assert!(world.ask(Outcome::AskedForRest(Duration::from_secs(30))));
    world.wait(29);
    assert!(!world.ask(Outcome::Worked));
    world.wait(1);
    assert!(world.ask(Outcome::AskedForRest(Duration::from_hours(1))));
    assert_eq!(world.breaker.resting(world.now), Some(SETTINGS.longest_rest));
}

#[test]
fn what_was_asked_before_the_engine_failed_says_nothing_about_it_now() {
    let mut world = World::new();
    let early: Vec<Permit> = (0..2).map(|_| world.breaker.admit(world.now).unwrap()).collect();
    for _ in 0..3 {
        world.ask(Outcome::Failed);
    }
    let open = world.breaker.clone();
    world.breaker.settle(early[0], Outcome::Failed, world.now);
    world.breaker.settle(early[1], Outcome::Worked, world.now);
    assert_eq!(world.breaker, open);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Worked),
        Just(Outcome::Failed),
        Just(Outcome::Failed),
        Just(Outcome::Abandoned),
        (0_u64..200).prop_map(|seconds| Outcome::AskedForRest(Duration::from_secs(seconds))),
    ]
}

#[derive(Debug, Clone)]
enum Move {
    Admit,
    Settle(usize, Outcome),
    Wait(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        Just(Move::Admit),
        Just(Move::Admit),
        (any::<usize>(), outcome()).prop_map(|(which, outcome)| Move::Settle(which, outcome)),
        (any::<usize>(), outcome()).prop_map(|(which, outcome)| Move::Settle(which, outcome)),
        (0_u64..40).prop_map(Move::Wait),
    ];
    proptest::collection::vec(one, 0..120)
}

proptest! {
    #[test]
    fn whatever_happens_at_most_one_request_tries_a_failed_engine_and_none_is_shut_out_for_ever(moves in moves()) {
        let mut world = World::new();
        let mut under_way: Vec<Permit> = Vec::new();
        for next in moves {
            match next {
                Move::Wait(seconds) => world.wait(seconds),
                Move::Admit => {
                    let was_closed = world.breaker.is_closed();
                    let resting = world.breaker.resting(world.now);
                    match world.breaker.admit(world.now) {
                        Ok(permit) => {
                            prop_assert_eq!(resting, None, "what rests is left alone");
                            let current = under_way.iter().filter(|other| other.generation == permit.generation);
                            prop_assert!(was_closed || current.count() == 0, "two probes at once");
                            under_way.push(permit);
                        }
                        Err(refused) => {
                            prop_assert!(!was_closed, "a closed breaker refuses nobody");
                            prop_assert_eq!(resting, Some(refused.left));
                            prop_assert!(refused.left <= SETTINGS.longest_rest);
                        }
                    }
                }
                Move::Settle(which, outcome) if !under_way.is_empty() => {
                    let permit = under_way.swap_remove(which % under_way.len());
                    world.breaker.settle(permit, outcome, world.now);
                }
                Move::Settle(..) => {}
            }
        }
        for permit in under_way {
            world.breaker.settle(permit, Outcome::Abandoned, world.now);
        }
        world.now += SETTINGS.longest_rest;
        prop_assert!(world.ask(Outcome::Worked), "everything was settled and the longest rest is over");
        prop_assert!(world.breaker.is_closed());
    }
}
