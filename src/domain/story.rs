//! Plays random stories against [`Flow`] the way the app does, transaction by transaction, and checks after each what
//! must never happen. The checks keep their own books from the committed order of messages and never look at epochs
//! or revisions to decide what was allowed.
//!
//! `PROPTEST_CASES=5000000 cargo test --release -p pure-check --test stories domain::story` plays five million stories.

mod told;
mod world;

use super::flow::Limits;
use super::policy::{DecisionKind, Fallback};
use super::release::Basis;
use super::review::OutcomeKind;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::HashMap;
use told::{Shortened, Story};
use world::World;

const LIMITS: Limits = Limits {
    undo_ms: 8_000,
    hold_ms: 60_000,
    handoff_ms: 300_000,
};

/// One thing that someone does, in the order in which the transactions commit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    VisitorWrites,
    Wait(i64),
    DraftStarts,
    /// The n-th draft under way (modulo their number) finishes; `abstains` means an empty text.
    DraftFinishes {
        nth: usize,
        decision: DecisionKind,
        abstains: bool,
        quorum: u8,
        fallback: Fallback,
    },
    Looks(u128),
    LooksAway(u128),
    /// `behind`: how many messages the reviewer's screen has missed; `before_edit`: it shows the wording before the last edit.
    Decides {
        by: u128,
        kind: OutcomeKind,
        behind: i64,
        before_edit: bool,
        may_decide: bool,
    },
    Undoes(u128),
    TakesOver(u128),
    PersonWrites(u128),
    HandsBack(u128),
    WantsPerson,
    /// A program hands the conversation over.
    HandsOver,
    /// By a member, or by the visitor or time.
    Closes(Option<u128>),
    Finalise,
    Expire,
    /// The owner's time to answer is over, and nobody has heard of them; or the AI's.
    Recalls,
    MarksSpam,
    ClearsSpam,
    /// The process dies: every draft under way is lost, what was committed stays.
    Restart,
}

/// How many have to approve, and what follows otherwise.
fn terms() -> impl Strategy<Value = (u8, Fallback)> {
    let fallback = prop_oneof![
        4 => Just(Fallback::HandOff),
        2 => Just(Fallback::HoldingMessage),
        1 => Just(Fallback::TakeEmail),
        1 => Just(Fallback::Refuse),
    ];
    (prop_oneof![5 => Just(1u8), 3 => Just(2), 1 => Just(3)], fallback)
}

fn decides(by: u128, kind: OutcomeKind) -> Act {
    Act::Decides {
        by,
        kind,
        behind: 0,
        before_edit: false,
        may_decide: true,
    }
}

fn act() -> impl Strategy<Value = Act> {
    let member = || 1u128..4;
    let decision = prop_oneof![
        3 => Just(DecisionKind::Send),
        5 => Just(DecisionKind::Hold),
        1 => Just(DecisionKind::HandOff),
        1 => Just(DecisionKind::Refuse),
    ];
    let kind = prop_oneof![
        4 => Just(OutcomeKind::Approve),
        2 => Just(OutcomeKind::Edit),
        1 => Just(OutcomeKind::Reject),
        2 => Just(OutcomeKind::Respond),
        1 => Just(OutcomeKind::TakeOver),
        1 => Just(OutcomeKind::Expire),
        1 => Just(OutcomeKind::Supersede),
    ];
    prop_oneof![
        5 => Just(Act::VisitorWrites),
        3 => Just(Act::Wait(2_000)),
        3 => (0i64..10_000).prop_map(Act::Wait),
        1 => Just(Act::Wait(LIMITS.hold_ms)),
        6 => Just(Act::DraftStarts),
        6 => (0usize..4, decision, prop::bool::weighted(0.1), terms()).prop_map(
            |(nth, decision, abstains, (quorum, fallback))| Act::DraftFinishes { nth, decision, abstains, quorum, fallback }
        ),
        1 => member().prop_map(Act::Looks),
        1 => member().prop_map(Act::LooksAway),
        8 => (member(), kind, prop_oneof![6 => Just(0i64), 1 => Just(1)], prop::bool::weighted(0.1), prop::bool::weighted(0.9))
            .prop_map(|(by, kind, behind, before_edit, may_decide)| Act::Decides { by, kind, behind, before_edit, may_decide }),
        2 => member().prop_map(Act::Undoes),
        2 => member().prop_map(Act::TakesOver),
        2 => member().prop_map(Act::PersonWrites),
        2 => member().prop_map(Act::HandsBack),
        1 => Just(Act::WantsPerson),
        1 => Just(Act::HandsOver),
        1 => prop::option::of(member()).prop_map(Act::Closes),
        6 => Just(Act::Finalise),
        2 => Just(Act::Expire),
        1 => Just(Act::Recalls),
        1 => Just(Act::MarksSpam),
        1 => Just(Act::ClearsSpam),
        1 => Just(Act::Restart),
    ]
}

/// Acts that make sense one after the other, so that stories get somewhere, perhaps with something in between.
fn scene() -> impl Strategy<Value = Vec<Act>> {
    let decision = prop_oneof![
        2 => Just(DecisionKind::Send),
        4 => Just(DecisionKind::Hold),
        1 => Just(DecisionKind::HandOff),
        1 => Just(DecisionKind::Refuse),
    ];
    let draft = (0usize..4, decision, terms()).prop_map(|(nth, decision, (quorum, fallback))| Act::DraftFinishes {
        nth,
        decision,
        abstains: false,
        quorum,
        fallback,
    });
    let decide = (
        1u128..4,
        prop_oneof![
            3 => Just(OutcomeKind::Approve),
            2 => Just(OutcomeKind::Edit),
            1 => Just(OutcomeKind::Reject),
            2 => Just(OutcomeKind::Respond),
        ],
    )
        .prop_map(|(by, kind)| decides(by, kind));
    let drafted = draft.prop_map(|draft| vec![Act::VisitorWrites, Act::Wait(2_000), Act::DraftStarts, draft]);
    let decided = decide.prop_map(|decide| vec![decide, Act::Wait(LIMITS.undo_ms), Act::Finalise]);
    // As many as there are approve one after the other: what one of them changes included.
    let everybody = prop_oneof![Just(OutcomeKind::Approve), Just(OutcomeKind::Edit)].prop_map(|first| {
        let mut acts = vec![
            decides(1, first),
            decides(2, OutcomeKind::Approve),
            decides(3, OutcomeKind::Approve),
        ];
        acts.extend([Act::Wait(LIMITS.undo_ms), Act::Finalise]);
        acts
    });
    let acts = prop_oneof![
        3 => (drafted, prop::option::of(decided.clone())).prop_map(|(mut acts, then)| {
            acts.extend(then.unwrap_or_default());
            acts
        }),
        2 => decided,
        2 => everybody,
        1 => Just(vec![Act::Wait(LIMITS.hold_ms), Act::Expire]),
        1 => Just(vec![Act::MarksSpam, Act::VisitorWrites, Act::ClearsSpam]),
        1 => Just(waits_on()),
        1 => Just(overtaken()),
        1 => (1u128..4).prop_map(|n| vec![Act::TakesOver(n), Act::PersonWrites(n), Act::HandsBack(n)]),
        1 => (1u128..4).prop_map(|n| vec![Act::TakesOver(n), Act::VisitorWrites, Act::Wait(LIMITS.handoff_ms), Act::Recalls]),
    ];
    (acts, prop::collection::vec((0usize..7, interruption()), 0..3)).prop_map(|(mut acts, interruptions)| {
        for (at, interruption) in interruptions {
            let at = at.min(acts.len());
            acts.splice(at..at, interruption);
        }
        acts
    })
}

/// A draft that nobody looks at, under terms by which its deadline moves.
fn waits_on() -> Vec<Act> {
    let finishes = Act::DraftFinishes {
        nth: 0,
        decision: DecisionKind::Hold,
        abstains: false,
        quorum: 2,
        fallback: Fallback::HoldingMessage,
    };
    let past = [Act::Wait(LIMITS.hold_ms), Act::Expire];
    let mut acts = vec![Act::VisitorWrites, Act::Wait(2_000), Act::DraftStarts, finishes];
    acts.extend(past);
    acts.extend(past);
    acts
}

/// A visitor who writes again before any draft is there.
fn overtaken() -> Vec<Act> {
    let again = [Act::VisitorWrites, Act::Wait(LIMITS.hold_ms / 2), Act::DraftStarts];
    let mut acts = again.repeat(3);
    acts.push(Act::Recalls);
    acts
}

/// What comes in between: anything, a person who only looks in, a second draft for the same question (a job that was
/// started again while its first run was still alive).
fn interruption() -> impl Strategy<Value = Vec<Act>> {
    let second_draft = Act::DraftFinishes {
        nth: 1,
        decision: DecisionKind::Hold,
        abstains: false,
        quorum: 1,
        fallback: Fallback::HandOff,
    };
    prop_oneof![
        3 => act().prop_map(|act| vec![act]),
        1 => (1u128..4).prop_map(|n| vec![Act::TakesOver(n), Act::HandsBack(n)]),
        1 => Just(vec![Act::DraftStarts, second_draft]),
    ]
}

fn story() -> impl Strategy<Value = Story> {
    let scenes = prop::collection::vec(prop_oneof![scene(), scene(), act().prop_map(|act| vec![act])], 0..40);
    Shortened(scenes.prop_map(|scenes| scenes.concat()))
}

fn cases(at_least: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(at_least),
        ..default
    }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn nobody_talks_over_anybody_and_nothing_is_lost(story in story()) {
        let mut world = World::default();
        for act in story.0 {
            world.play(act)?;
        }
        world.settle()?;
    }
}

/// A story that tells nothing proves nothing: the random ones must reach what they are to check.
#[test]
fn the_stories_reach_every_ending() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut by_decision = 0;
    let mut by_outcome = 0;
    let mut cancelled = 0;
    let mut late = 0;
    let (mut together, mut delayed, mut spam, mut recalled, mut called) = (0, 0, 0, 0, 0);
    let mut endings: HashMap<OutcomeKind, u32> = HashMap::new();
    for _ in 0..1_000 {
        let Ok(story) = story().new_tree(&mut runner) else {
            continue;
        };
        let mut world = World::default();
        for act in story.current().0 {
            let played = world.play(act);
            assert!(played.is_ok(), "{played:?}");
        }
        for release in &world.releases {
            match release.basis() {
                Basis::Decision(_) => by_decision += 1,
                Basis::Outcome(_) => by_outcome += 1,
            }
        }
        cancelled += world.cancelled.len();
        late += world.drafts.len() - world.releases.len();
        together += world.together;
        delayed += world.delayed;
        spam += world.spam;
        recalled += world.recalled;
        called += world.called;
        for outcome in world.final_outcomes.values() {
            *endings.entry(outcome.kind).or_default() += 1;
        }
    }
    assert!(
        by_decision > 100 && by_outcome > 100 && cancelled > 50 && late > 100,
        "{by_decision} sent, {by_outcome} approved, {cancelled} cancelled, {late} without effect"
    );
    assert!(
        together > 50 && delayed > 50 && spam > 100 && recalled > 50 && called > 50,
        "{together} approved by several, {delayed} deadlines moved, {spam} marked as spam, {recalled} owners gone, {called} drafts overtaken"
    );
    for kind in [
        OutcomeKind::Approve,
        OutcomeKind::Edit,
        OutcomeKind::Reject,
        OutcomeKind::Respond,
        OutcomeKind::TakeOver,
        OutcomeKind::Supersede,
        OutcomeKind::Expire,
    ] {
        let times = endings.get(&kind).copied().unwrap_or(0);
        assert!(times >= 10, "{kind:?} ended only {times} items: {endings:?}");
    }
}

#[test]
fn a_story_that_goes_wrong_is_told_in_its_shortest_form() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let goes_wrong = runner.run(&story(), |story| {
        let taken = story.0.iter().position(|act| *act == Act::TakesOver(2));
        let handed_back = taken.is_some_and(|at| story.0.iter().skip(at).any(|act| *act == Act::HandsBack(2)));
        prop_assert!(!handed_back, "Otto hands back what he took over");
        Ok(())
    });
    let told = goes_wrong.err().map(|error| error.to_string()).unwrap_or_default();
    let shortest = "\n  1. Otto takes the conversation over\n  2. Otto hands the conversation back";
    assert!(told.contains(shortest) && !told.contains("3. "), "{told}");
}
