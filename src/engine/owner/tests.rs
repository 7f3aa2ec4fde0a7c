use std::{sync::mpsc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::engine::wire::{ErrorCode, Priority};

/// A request that reports how it ended: computed or refused.
struct Request {
    outcome: mpsc::Sender<Result<(), Refusal>>,
    _ticket: Option<Ticket>,
}

impl Waiting for Request {
    fn is_abandoned(&self) -> bool {
        false
    }

    fn arrived(&self) -> Instant {
        Instant::now()
    }

    fn share(&self) -> u64 {
        0
    }

    fn cost(&self) -> u64 {
        1
    }
}

impl Refused for Request {
    fn refuse(self, refusal: Refusal) {
        let _nobody_listens = self.outcome.send(Err(refusal));
    }
}

const FACTS: ModelFacts = ModelFacts {
    context_tokens: 8,
    slots: 1,
    dimensions: 0,
    memory_bytes: 0,
};

fn terms() -> Terms {
    Terms::new(Priority::Live, None)
}

fn start<P>(
    prepare: impl FnOnce() -> Result<P, End> + Send + 'static,
    work: impl FnOnce(&Desk<Request>, &Loaded<'_>) + Send + 'static,
) -> Owner<Request> {
    Owner::start("test", watch::Sender::new(()), prepare, work).expect("a thread")
}

/// Computes every request at once until it is closed.
fn serve(desk: &Desk<Request>) {
    while desk.queue.wait() {
        while let Some((_, request)) = desk.queue.pop(Instant::now()) {
            let _nobody_listens = request.outcome.send(Ok(()));
        }
    }
}

fn hand_in(owner: &Owner<Request>) -> mpsc::Receiver<Result<(), Refusal>> {
    let (outcome, ended) = mpsc::channel();
    let request = Request {
        outcome: outcome.clone(),
        _ticket: None,
    };
    if let Err(refusal) = owner.submit(terms(), request) {
        let _nobody_listens = outcome.send(Err(refusal));
    }
    ended
}

fn phase_after(owner: &Owner<Request>, before: &Phase) -> Phase {
    while owner.phase() == *before {
        thread::sleep(Duration::from_millis(1));
    }
    owner.phase()
}

#[test]
fn a_request_handed_in_while_the_model_loads_is_answered_once_it_is_loaded() {
    let (go, may_load) = mpsc::channel::<()>();
    let owner = start(
        move || may_load.recv().map_err(|_gone| End::Closed),
        |desk, loaded| {
            loaded.send(Ok(FACTS));
            serve(desk);
        },
    );
    let answered = hand_in(&owner);
    assert_eq!((owner.phase(), owner.waiting()), (Phase::Loading, 1));
    go.send(()).unwrap();
    assert_eq!(answered.recv().unwrap(), Ok(()));
    assert_eq!(owner.phase(), Phase::Ready(FACTS));
    owner.close();
    join([owner.into_thread()]);
}

#[test]
fn those_who_wait_for_a_model_that_cannot_be_loaded_hear_the_reason() {
    let (go, may_load) = mpsc::channel::<()>();
    let owner = start(
        move || may_load.recv().map_err(|_gone| End::Closed),
        |_, loaded| loaded.send(Err(RunError::Library("no such luck".to_owned()))),
    );
    let refused = hand_in(&owner);
    go.send(()).unwrap();
    let refusal = refused.recv().unwrap().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NoModel);
    assert!(refusal.message.contains("no such luck"), "{}", refusal.message);
    assert!(
        hand_in(&owner).recv().unwrap().is_err(),
        "and so do those who come later"
    );
}

#[test]
fn a_thread_that_panics_ends_its_model_and_lets_the_next_one_load() {
    let broken = start(|| Ok(()), |_, _| panic!("this is part of the test"));
    assert!(matches!(
        phase_after(&broken, &Phase::Loading),
        Phase::Ended(End::Failed(_))
    ));
    let stopped = start(
        || Ok(()),
        |_, loaded| {
            loaded.send(Ok(FACTS));
            panic!("this is part of the test");
        },
    );
    while !matches!(stopped.phase(), Phase::Ended(_)) {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(stopped.phase(), Phase::Ended(End::Stopped));
    let next = start(
        || Ok(()),
        |desk, loaded| {
            loaded.send(Ok(FACTS));
            serve(desk);
        },
    );
    assert_eq!(hand_in(&next).recv().unwrap(), Ok(()));
    next.close();
}

#[test]
fn two_models_are_never_loaded_at_the_same_time() {
    let loading = Arc::new(AtomicUsize::new(0));
    let owners: Vec<_> = (0..4)
        .map(|_| {
            let loading = Arc::clone(&loading);
            start(
                || Ok(()),
                move |_, loaded| {
                    assert_eq!(loading.fetch_add(1, Ordering::SeqCst), 0, "another one is being loaded");
                    thread::sleep(Duration::from_millis(5));
                    loading.fetch_sub(1, Ordering::SeqCst);
                    loaded.send(Ok(FACTS));
                },
            )
        })
        .collect();
    for owner in owners {
        // It was loaded, and has stopped since, because it serves nothing.
        while !matches!(owner.phase(), Phase::Ended(_)) {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(owner.phase(), Phase::Ended(End::Stopped));
    }
}

#[test]
fn a_model_is_in_use_while_a_request_for_it_exists() {
    let usage = Usage::new();
    let before = usage.last();
    let (first, second) = (Ticket::of(&usage), Ticket::of(&usage));
    drop(first);
    assert!(!usage.is_idle());
    drop(second);
    assert!(usage.is_idle() && usage.last() >= before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Requests come while the model loads, fails, ends or is closed: each hears of it exactly once.
    #[test]
    fn no_request_is_lost_whatever_happens_to_its_model(
        requests in 1_usize..24,
        closed_after in 0_usize..24,
        loads in any::<bool>(),
        breaks_after in proptest::option::of(0_usize..24),
    ) {
        let owner = start(|| Ok(()), move |desk, loaded| {
            if !loads {
                return loaded.send(Err(RunError::Library("no".to_owned())));
            }
            loaded.send(Ok(FACTS));
            let mut served = 0;
            while desk.queue.wait() {
                while let Some((_, request)) = desk.queue.pop(Instant::now()) {
                    let _nobody_listens = request.outcome.send(Ok(()));
                    served += 1;
                    if Some(served) == breaks_after {
                        return;
                    }
                }
            }
        });
        let mut outcomes = Vec::new();
        for number in 0..requests {
            if number == closed_after {
                owner.close();
            }
            outcomes.push(hand_in(&owner));
        }
        owner.close();
        join([owner.into_thread()]);
        for outcome in outcomes {
            let heard: Vec<_> = outcome.try_iter().collect();
            prop_assert_eq!(heard.len(), 1, "each hears of its request once");
        }
    }
}
