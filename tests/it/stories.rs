//! Stories played against the running server over HTTP: a visitor with a widget, three reviewers, the AI, quorum, deadlines,
//! escalation, spam, restarts, and two things at the same moment. After every step it is checked from outside that
//! nothing is lost, nothing moves and nobody is talked over; at the end, that the visitor has an answer, that the screen
//! shows what was said in its order, and that the database holds nothing that must never be.
//!
//! `HOLDPOINT_TEST_STORIES=2000` plays more of them, `HOLDPOINT_TEST_SEED=7` others. One that goes wrong is shortened and told.

mod act;
mod screen;
mod stage;

use crate::app::VisitorClient;
use crate::invariants_stories::Dice;
use act::{Act, QUIET_MS, Step, Who};
use stage::{Scene, Stage};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

/// What all stories so far have left in the database makes every look at it slower.
const STORIES_A_STAGE: u64 = 40;
/// Whatever depends on who comes first goes wrong only now and then.
const TRIES: usize = 3;
/// The last that a visitor writes in front of a real widget.
pub(crate) const LAST_WORDS: &str = "That is all.";

/// A number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// The steps one below the other.
fn told<T: Display>(story: &[T]) -> String {
    let lines = story.iter().zip(1..).map(|(step, nth)| format!("  {nth}. {step}\n"));
    lines.collect()
}

/// The shortest part of a story that still goes wrong, found by leaving out ever smaller pieces.
async fn shortest<T: Clone>(mut story: Vec<T>, mut goes_wrong: impl AsyncFnMut(&[T]) -> bool) -> Vec<T> {
    let mut piece = story.len().div_ceil(2);
    loop {
        let (mut at, mut shorter) = (0, false);
        while at < story.len() {
            let mut rest = story.clone();
            rest.drain(at..(at + piece).min(story.len()));
            if goes_wrong(&rest).await {
                (story, shorter) = (rest, true);
            } else {
                at += piece;
            }
        }
        if piece <= 1 && !shorter {
            return story;
        }
        piece = piece.div_ceil(2);
    }
}

async fn fail(story: Vec<Step>, what: &str) -> ! {
    let mut stage = Stage::build().await;
    let mut last = what.to_owned();
    let shortest = shortest(story, async |part| {
        for _ in 0..TRIES {
            if let Err(what) = stage.play(part).await {
                last = what;
                return true;
            }
        }
        false
    });
    let shortest = told(&shortest.await);
    panic!("{last}\nin this story, the shortest found:\n{shortest}(the whole story ended with: {what})");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_people_do_nobody_is_talked_over_nothing_is_lost_and_the_screen_shows_what_was_said() {
    let stories = number("HOLDPOINT_TEST_STORIES").unwrap_or(60);
    let seed = number("HOLDPOINT_TEST_SEED").unwrap_or(1);
    let mut stage = Stage::build().await;
    let mut done: BTreeMap<&str, u32> = BTreeMap::new();
    for nth in 0..stories {
        if nth > 0 && nth % STORIES_A_STAGE == 0 {
            stage = Stage::build().await;
        }
        let story = act::story(&mut Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(nth)), true);
        if let Err(what) = stage.play(&story).await {
            fail(story, &format!("{what} (story {nth} of seed {seed})")).await;
        }
        for (what, times) in std::mem::take(&mut stage.done) {
            *done.entry(what).or_default() += times;
        }
    }
    eprintln!("{stories} stories; accepted: {done:?}");
    // Stories in which nothing succeeds prove nothing.
    for what in [
        "ask",
        "approve",
        "edit",
        "reject",
        "respond",
        "take_over",
        "take over",
        "hand back",
        "undo",
        "write",
        "look",
        "spam",
        "end",
        "want a person",
    ] {
        assert!(
            stories < 60 || done.contains_key(what),
            "nobody managed to {what}: {done:?}"
        );
    }
}

#[tokio::test]
async fn a_story_that_goes_wrong_is_told_in_its_shortest_form() {
    let mut dice = Dice::new(5);
    let mut story: Vec<Act> = Vec::new();
    for act in [Act::TakesOver(Who::Mia), Act::HandsBack(Who::Mia)] {
        let fill = act::story(&mut dice, true).into_iter().map(|step| step.acts().0);
        story.extend(fill.filter(|act| !matches!(act, Act::TakesOver(_) | Act::HandsBack(_))));
        story.push(act);
    }
    let long = story.len();
    let wrong = async |part: &[Act]| {
        let taken = part.iter().position(|act| *act == Act::TakesOver(Who::Mia));
        taken.is_some_and(|at| part[at..].contains(&Act::HandsBack(Who::Mia)))
    };
    let found = shortest(story, wrong).await;
    assert!(long > 6, "{long}");
    assert_eq!(
        told(&found),
        "  1. Mia takes the conversation over\n  2. Mia hands the conversation back\n"
    );
}

/// Plays stories in front of real widgets, each the one of a visitor, and has every visitor say [`LAST_WORDS`] at the end.
pub(crate) struct BeforeWidgets {
    stage: Stage,
    scenes: Vec<Scene>,
    tokens: Vec<String>,
}

impl BeforeWidgets {
    pub(crate) async fn of(visitors: usize) -> Self {
        let stage = Stage::build().await;
        let (mut scenes, mut tokens) = (Vec::new(), Vec::new());
        for _ in 0..visitors {
            let visitor: VisitorClient = stage.app.visitor().await;
            tokens.push(visitor.token.clone());
            scenes.push(Scene::of(visitor).await);
        }
        Self { stage, scenes, tokens }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.stage.app.address())
    }

    pub(crate) fn agent(&self) -> &str {
        &self.stage.app.workspace.agent_key
    }

    /// The visitors' secrets, one after the other.
    pub(crate) fn tokens(&self) -> String {
        self.tokens.join(",")
    }

    /// Plays a long story in each conversation; fails with what was told if it goes wrong.
    pub(crate) async fn play(&mut self, seed: u64) {
        for (scene, nth) in self.scenes.iter_mut().zip(0..) {
            let mut story = Vec::new();
            let mut dice = Dice::new(seed.wrapping_mul(1_009).wrapping_add(nth));
            for _ in 0..4 {
                story.extend(act::story(&mut dice, false));
            }
            for step in &story {
                let went = scene.tell(&mut self.stage, std::slice::from_ref(step)).await;
                went.unwrap_or_else(|what| panic!("{what}, in:\n{}", told(&story)));
                // The browser has time to fall behind, not to fall asleep.
                tokio::time::sleep(Duration::from_millis(dice.roll(60))).await;
            }
            let came = scene.come_to_rest(&mut self.stage).await;
            came.unwrap_or_else(|what| panic!("{what}, in:\n{}", told(&story)));
            self.stage.app.advance_ms(QUIET_MS);
            scene.says(LAST_WORDS).await;
        }
    }
}
