//! Thousands of steps in random order: visitors, two reviewers, the clock, and an engine that comes and goes, all at once over the
//! real store. Whatever happens, the invariants hold, nobody is forgotten, and a defect tells its story.

use super::invariants::violations;
use super::store_bench::rows;
use super::store_world::{HOLD_MS, QUESTION, QUIET_MS, UNDO_MS, UNKNOWN, World, wish};
use holdpoint::app::review::{self, Decide};
use holdpoint::app::visit::{self, Visitor};
use holdpoint::app::{AppError, Caller, ErrorKind, takeover, team};
use holdpoint::domain::ids::{ConversationId, ItemId};
use holdpoint::domain::review::OutcomeKind;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// A small generator of repeatable numbers (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// `0..below`.
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

const WORDS: [&str; 9] = [
    QUESTION,
    QUESTION,
    QUESTION,
    UNKNOWN,
    "When do you open?",
    "Is there a warranty?",
    "How much is delivery?",
    "Hello?",
    "I want to talk to a human, please",
];

/// One conversation and everything that was tried in it.
struct Story {
    world: Arc<World>,
    visitor: Visitor,
    dice: Dice,
    lines: Vec<String>,
    posted: u64,
    last_item: Option<(ItemId, i64)>,
}

impl Story {
    async fn begin(world: Arc<World>, seed: u64) -> Self {
        let visitor = world.visitor().await;
        Self {
            world,
            visitor,
            dice: Dice::new(seed),
            lines: vec![format!("seed {seed}")],
            posted: 0,
            last_item: None,
        }
    }

    /// Notes what was tried; a refusal is fine, a defect is not.
    fn note<T: std::fmt::Debug>(&mut self, what: &str, result: Result<T, AppError>) {
        let end = match &result {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("refused: {error}"),
        };
        self.lines.push(format!("{what}: {end}"));
        if let Err(error) = result {
            let kind = error.kind();
            assert!(
                matches!(kind, ErrorKind::Conflict(_) | ErrorKind::NotFound),
                "{error:?} in this story:\n{}",
                self.lines.join("\n")
            );
        }
    }

    fn somebody(&mut self) -> Caller {
        if self.dice.roll(2) == 0 {
            self.world.shop.mia.clone()
        } else {
            self.world.shop.tom.clone()
        }
    }

    async fn step(&mut self) {
        match self.dice.roll(24) {
            0..=2 => self.post().await,
            3 => self.repeat_post().await,
            4..=9 => {
                let ms = self.dice.pick(&[1, 100, 100, 300, 300, 700, QUIET_MS, HOLD_MS / 40]);
                self.world.clock.advance(ms);
                self.world.store().jobs_changed().notify_one();
                self.lines.push(format!("{ms} ms pass"));
                // Often there is time for what falls due; otherwise it comes in the middle of what follows.
                if self.dice.roll(3) > 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            10..=17 => self.decide().await,
            18 => self.undo().await,
            19 => self.look().await,
            20 if self.dice.roll(2) == 0 => {
                if self.dice.roll(2) == 0 {
                    // In the middle of drafting, if it has a moment to begin.
                    self.post().await;
                    self.world.clock.advance(QUIET_MS);
                    self.world.store().jobs_changed().notify_one();
                    tokio::time::sleep(Duration::from_millis(self.dice.roll(12))).await;
                }
                let who = self.somebody();
                let result = takeover::take_over(&self.world.app, &who, self.visitor.conversation_id).await;
                self.note(&format!("{:?} takes over", who.who), result);
                if self.dice.roll(2) == 0 {
                    // Looked, and left it to the AI: whatever it was drafting was for an older epoch.
                    let result = takeover::hand_back(&self.world.app, &who, self.visitor.conversation_id).await;
                    self.note(&format!("{:?} hands back at once", who.who), result);
                }
            }
            20 => {
                let (who, id) = (self.somebody(), self.visitor.conversation_id);
                let result = team::mark_spam(&self.world.app, &who, id).await;
                self.note("somebody marks it as spam", result);
                if self.dice.roll(4) > 0 {
                    let result = team::clear_spam(&self.world.app, &who, id).await;
                    self.note("somebody says it is none", result);
                }
            }
            21 => {
                let who = self.somebody();
                let client_id = self.dice.next().to_string();
                let id = self.visitor.conversation_id;
                let result = takeover::write(&self.world.app, &who, id, &client_id, "Here is a person.").await;
                self.note(&format!("{:?} writes", who.who), result);
            }
            _ => {
                for who in [self.world.shop.mia.clone(), self.world.shop.tom.clone()] {
                    let result = takeover::hand_back(&self.world.app, &who, self.visitor.conversation_id).await;
                    self.note(&format!("{:?} hands back", who.who), result);
                }
            }
        }
        if self.dice.roll(3) == 0 {
            // Real time: drafts that are under way come in between.
            tokio::time::sleep(Duration::from_millis(self.dice.roll(4))).await;
        }
    }

    async fn post(&mut self) {
        let text = self.dice.pick(&WORDS);
        self.posted += 1;
        let client_id = format!("c-{}", self.posted);
        let result = visit::post(&self.world.app, &self.visitor, &client_id, text).await;
        self.note(&format!("the visitor writes “{text}”"), result);
    }

    async fn repeat_post(&mut self) {
        if self.posted > 0 {
            let client_id = format!("c-{}", self.posted);
            let result = visit::post(&self.world.app, &self.visitor, &client_id, "the same again").await;
            assert!(result.as_ref().is_ok_and(|posted| posted.repeated), "{result:?}");
            self.note("the widget sends it again", result);
        }
    }

    /// What a reviewer would have on the screen, or had a moment ago.
    async fn item(&mut self) -> Option<(ItemId, i64)> {
        if self.dice.roll(5) > 0 || self.last_item.is_none() {
            let rows = self.world.store().rows(self.visitor.workspace_id);
            let open = rows.open_item(self.visitor.conversation_id).await.unwrap();
            self.last_item = open.map(|item| (item.id, item.revision)).or(self.last_item);
        }
        self.last_item
    }

    async fn decide(&mut self) {
        let Some((item, mut revision)) = self.item().await else {
            return;
        };
        if self.dice.roll(8) == 0 {
            revision -= 1;
        }
        let kind = match self.dice.roll(16) {
            0..=6 => OutcomeKind::Approve,
            7..=9 => OutcomeKind::Edit,
            10..=11 => OutcomeKind::Reject,
            12..=14 => OutcomeKind::Respond,
            _ => OutcomeKind::TakeOver,
        };
        let remember = self.dice.roll(4) == 0;
        let wish = Decide {
            remember,
            ..wish(kind, revision, Some("A person's own words."))
        };
        let who = self.somebody();
        let result = review::decide(&self.world.app, &who, item, wish).await;
        self.note(
            &format!("{:?} decides {kind:?} on revision {revision}", who.who),
            result,
        );
    }

    async fn undo(&mut self) {
        if let Some((item, _)) = self.item().await {
            let who = self.somebody();
            let result = review::undo(&self.world.app, &who, item).await;
            self.note(&format!("{:?} undoes", who.who), result);
        }
    }

    async fn look(&mut self) {
        if let Some((item, _)) = self.item().await {
            let who = self.somebody();
            if self.dice.roll(2) == 0 {
                let result = review::lease(&self.world.app, &who, item).await;
                self.note(&format!("{:?} looks at it", who.who), result);
            } else {
                let result = review::release_lease(&self.world.app, &who, item).await;
                self.note(&format!("{:?} looks away", who.who), result);
            }
        }
    }
}

/// Everything is given the time it needs, by a machine and people that work.
async fn come_to_rest(world: &World) {
    world.engine.lock().unwrap().set_delay(Duration::ZERO);
    world.engine.lock().unwrap().revive().unwrap();
    for _ in 0..4 {
        world.after(UNDO_MS + QUIET_MS).await;
        world.after(60_000).await;
    }
}

/// Plays one seed; how often each outcome and author came up.
async fn play(seed: u64, conversations: u64, steps: usize) -> HashMap<String, i64> {
    let world = Arc::new(World::new().await);
    world.engine.lock().unwrap().set_delay(Duration::from_millis(2));
    let mut stories = JoinSet::new();
    for nth in 0..conversations {
        let mut story = Story::begin(world.clone(), seed.wrapping_mul(1_000).wrapping_add(nth)).await;
        stories.spawn(async move {
            for _ in 0..steps {
                story.step().await;
            }
            (story.visitor.conversation_id, story.lines)
        });
    }
    let faults = world.clone();
    let breaker = tokio::spawn(async move {
        let mut dice = Dice::new(seed);
        loop {
            tokio::time::sleep(Duration::from_millis(20 + dice.roll(60))).await;
            let slow = Duration::from_millis(dice.roll(25));
            faults.engine.lock().unwrap().set_delay(slow);
            tokio::time::sleep(Duration::from_millis(20 + dice.roll(60))).await;
            faults.engine.lock().unwrap().die();
            tokio::time::sleep(Duration::from_millis(dice.roll(20))).await;
            faults.engine.lock().unwrap().revive().unwrap();
        }
    });
    let lines: HashMap<ConversationId, Vec<String>> = stories.join_all().await.into_iter().collect();
    breaker.abort();
    let _aborted = breaker.await;

    // In the middle of everything, and again when all that was open has come to its end.
    for at_rest in [false, true] {
        if at_rest {
            come_to_rest(&world).await;
        } else {
            world.settle().await;
        }
        let mut report = String::new();
        for (id, what) in violations(world.raw()).await {
            let story = lines.get(&id).map(|lines| lines.join("\n  ")).unwrap_or_default();
            let _infallible = write!(report, "{what} in {id} (at rest: {at_rest}):\n  {story}\n");
        }
        assert!(report.is_empty(), "{report}");
    }
    world.verifies().await;
    let failing = "SELECT count(*) FROM jobs WHERE attempts > 0 AND kind <> 'embed'";
    assert_eq!(world.bench.number(failing).await, 0, "a job fails again and again");
    let open = "SELECT count(*) FROM turns WHERE state = 'collecting'";
    assert_eq!(world.bench.number(open).await, 0, "a turn was forgotten");
    let counts = "SELECT kind || ' ' || state, count(*) FROM outcomes GROUP BY kind, state \
                  UNION ALL SELECT author, count(*) FROM messages GROUP BY author";
    let counted = rows(world.raw(), counts).await;
    counted
        .iter()
        .map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_invariants_hold_after_thousands_of_steps_in_any_order() {
    // HOLDPOINT_TEST_SEED tells one story again; HOLDPOINT_TEST_STEPS makes all longer.
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let steps = usize::try_from(number("HOLDPOINT_TEST_STEPS").unwrap_or(120)).unwrap();
    let seeds: Vec<u64> = number("HOLDPOINT_TEST_SEED").map_or_else(|| (1..=2).collect(), |seed| vec![seed]);
    let whole = seeds.len() > 1;
    let mut seen: HashMap<String, i64> = HashMap::new();
    for seed in seeds {
        for (what, times) in play(seed, 20, steps).await {
            *seen.entry(what).or_default() += times;
        }
    }
    // The stories were worth telling: everything that can happen has happened.
    for what in [
        "approve final",
        "approve cancelled",
        "edit final",
        "reject final",
        "respond final",
        "respond cancelled",
        "take_over final",
        "supersede final",
        "ai",
        "person",
        "system",
    ] {
        assert!(
            !whole || seen.contains_key(what),
            "nothing of this happened: {what}; {seen:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_invariants_find_what_is_broken_by_hand() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    let id = world.item().await.summary.id;
    world.decides(id, wish(OutcomeKind::Approve, 1, None)).await.unwrap();
    world.after(UNDO_MS).await;
    world.asks(&visitor, UNKNOWN).await;
    assert_eq!(violations(world.raw()).await, []);
    let broken = [
        "UPDATE messages SET body = 'Something else entirely.' WHERE author = 'ai'",
        "UPDATE outcomes SET state = 'cancelled' WHERE kind = 'approve'",
        "UPDATE drafts SET revision = 2",
        "UPDATE messages SET epoch = 7 WHERE seq = 1",
        "UPDATE log_entries SET kind = 'message.created' WHERE kind = 'message.released'",
        "UPDATE review_items SET state = 'closed', closed_at = 1 WHERE state = 'open'",
        "UPDATE turns SET state = 'collecting' WHERE state = 'waiting'",
        "UPDATE turns SET state = 'held' WHERE state = 'waiting'",
        "UPDATE conversations SET last_seq = 9",
        "DELETE FROM verdicts",
    ];
    for sql in broken {
        world.bench.sql("SAVEPOINT broken").await.unwrap();
        assert!(world.bench.sql(sql).await.unwrap() > 0, "{sql} changed nothing");
        assert_ne!(violations(world.raw()).await, [], "nothing notices: {sql}");
        world.bench.sql("ROLLBACK TO broken").await.unwrap();
        world.bench.sql("RELEASE broken").await.unwrap();
    }
    assert_eq!(violations(world.raw()).await, []);
}
