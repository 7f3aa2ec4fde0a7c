//! Thousands of steps in random order: visitors, three reviewers, quorum, deadlines, escalation, the clock, and an engine that comes
//! and goes, all at once over the real store, with a restart in the middle. Whatever happens, the invariants hold, nobody
//! is forgotten, and a defect tells its story. Stories that can be shortened, one after the other: `stories.rs`.

use super::invariants::violations;
use super::store_bench::rows;
use super::store_world::{HOLD_MS, QUESTION, QUIET_MS, UNDO_MS, UNKNOWN, World, join, wish};
use super::stories::number;
use holdpoint::app::review::{self, Decide};
use holdpoint::app::visit::{self, Visitor};
use holdpoint::app::{AppError, Caller, ErrorKind, agents, closing, policy, takeover, team};
use holdpoint::domain::ids::{ConversationId, ItemId};
use holdpoint::domain::review::OutcomeKind;
use holdpoint::domain::team::{EscalationStep, TeamSettings};
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

/// Two approve what is about money, and the owner has released one topic.
const POLICY: &str = r#"
[[topic]]
name = "hours"
words = ["open"]

[[topic]]
name = "money"
words = ["delivery", "warranty"]

[[topic]]
name = "payment"
words = ["payment"]

[[rule]]
name = "Two for money"
when = { topic = "money" }
then = "hold"
quorum = 2
fallback = "holding_message"

[[rule]]
name = "Payment in time or not at all"
when = { topic = "payment" }
then = "hold"
fallback = "refuse"
"#;

const WORDS: [&str; 10] = [
    QUESTION,
    QUESTION,
    QUESTION,
    UNKNOWN,
    "When do you open?",
    "Is there a warranty?",
    "How much is delivery?",
    "Which payment methods do you accept?",
    "Hello?",
    "I want to talk to a human, please",
];

/// One conversation and everything that was tried in it.
struct Story {
    visitor: Visitor,
    team: [Caller; 3],
    dice: Dice,
    lines: Vec<String>,
    posted: u64,
    last_item: Option<(ItemId, i64, i64)>,
}

impl Story {
    async fn begin(world: &World, team: [Caller; 3], seed: u64) -> Self {
        Self {
            visitor: world.visitor().await,
            team,
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
        let nth = usize::try_from(self.dice.roll(3)).unwrap();
        self.team[nth].clone()
    }

    async fn step(&mut self, world: &World) {
        match self.dice.roll(24) {
            0..=2 => self.post(world).await,
            3 => self.repeat_post(world).await,
            4..=9 => {
                let ms = self.dice.pick(&[1, 100, 100, 300, 300, 700, QUIET_MS, HOLD_MS / 40]);
                world.clock.advance(ms);
                world.store().jobs_changed().notify_one();
                self.lines.push(format!("{ms} ms pass"));
                // Often there is time for what falls due; otherwise it comes in the middle of what follows.
                if self.dice.roll(3) > 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            10..=17 => self.decide(world).await,
            18 => self.undo(world).await,
            19 => self.look(world).await,
            20 if self.dice.roll(2) == 0 => {
                if self.dice.roll(2) == 0 {
                    // In the middle of drafting, if it has a moment to begin.
                    self.post(world).await;
                    world.clock.advance(QUIET_MS);
                    world.store().jobs_changed().notify_one();
                    tokio::time::sleep(Duration::from_millis(self.dice.roll(12))).await;
                }
                let who = self.somebody();
                let result = takeover::take_over(&world.app, &who, self.visitor.conversation_id).await;
                self.note(&format!("{:?} takes over", who.who), result);
                if self.dice.roll(2) == 0 {
                    // Looked, and left it to the AI: whatever it was drafting was for an older epoch.
                    let result = takeover::hand_back(&world.app, &who, self.visitor.conversation_id).await;
                    self.note(&format!("{:?} hands back at once", who.who), result);
                }
            }
            22 if self.dice.roll(3) == 0 => {
                let id = self.visitor.conversation_id;
                if self.dice.roll(2) == 0 {
                    let result = closing::close_by_visitor(&world.app, &self.visitor).await;
                    self.note("the visitor ends the chat", result);
                } else {
                    let who = self.somebody();
                    let result = closing::close(&world.app, &who, id).await;
                    self.note(&format!("{:?} ends the conversation", who.who), result);
                }
            }
            22 if self.dice.roll(2) == 0 => {
                self.posted += 1;
                let client_id = format!("c-{}", self.posted);
                let result = visit::ask_for_person(&world.app, &self.visitor, &client_id, "A person, please.").await;
                self.note("the visitor presses “Talk to a person”", result);
            }
            20 => {
                let (who, id) = (self.somebody(), self.visitor.conversation_id);
                let result = team::mark_spam(&world.app, &who, id).await;
                self.note("somebody marks it as spam", result);
                if self.dice.roll(4) > 0 {
                    let result = team::clear_spam(&world.app, &who, id).await;
                    self.note("somebody says it is none", result);
                }
            }
            21 => {
                let who = self.somebody();
                let client_id = self.dice.next().to_string();
                let id = self.visitor.conversation_id;
                let result = takeover::write(&world.app, &who, id, &client_id, "Here is a person.").await;
                self.note(&format!("{:?} writes", who.who), result);
            }
            _ => {
                for who in self.team.clone() {
                    let result = takeover::hand_back(&world.app, &who, self.visitor.conversation_id).await;
                    self.note(&format!("{:?} hands back", who.who), result);
                }
            }
        }
        if self.dice.roll(3) == 0 {
            // Real time: drafts that are under way come in between.
            tokio::time::sleep(Duration::from_millis(self.dice.roll(4))).await;
        }
    }

    async fn post(&mut self, world: &World) {
        let text = self.dice.pick(&WORDS);
        self.posted += 1;
        let client_id = format!("c-{}", self.posted);
        let result = visit::post(&world.app, &self.visitor, &client_id, text).await;
        self.note(&format!("the visitor writes “{text}”"), result);
    }

    async fn repeat_post(&mut self, world: &World) {
        if self.posted > 0 {
            let client_id = format!("c-{}", self.posted);
            let result = visit::post(&world.app, &self.visitor, &client_id, "the same again").await;
            assert!(result.as_ref().is_ok_and(|posted| posted.repeated), "{result:?}");
            self.note("the widget sends it again", result);
        }
    }

    /// What a reviewer would have on the screen, or had a moment ago.
    async fn item(&mut self, world: &World) -> Option<(ItemId, i64, i64)> {
        if self.dice.roll(5) > 0 || self.last_item.is_none() {
            let rows = world.store().rows(self.visitor.workspace_id);
            let open = rows.open_item(self.visitor.conversation_id).await.unwrap();
            self.last_item = open
                .map(|item| (item.id, item.revision, item.wording))
                .or(self.last_item);
        }
        self.last_item
    }

    async fn decide(&mut self, world: &World) {
        let Some((item, mut revision, wording)) = self.item(world).await else {
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
            wording,
            ..wish(kind, revision, Some("A person's own words."))
        };
        let who = self.somebody();
        let result = review::decide(&world.app, &who, item, wish).await;
        self.note(
            &format!("{:?} decides {kind:?} on revision {revision}", who.who),
            result,
        );
    }

    async fn undo(&mut self, world: &World) {
        if let Some((item, ..)) = self.item(world).await {
            let who = self.somebody();
            let result = review::undo(&world.app, &who, item).await;
            self.note(&format!("{:?} undoes", who.who), result);
        }
    }

    async fn look(&mut self, world: &World) {
        if let Some((item, ..)) = self.item(world).await {
            let who = self.somebody();
            if self.dice.roll(2) == 0 {
                let result = review::lease(&world.app, &who, item).await;
                self.note(&format!("{:?} looks at it", who.who), result);
            } else {
                let result = review::release_lease(&world.app, &who, item).await;
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

/// What the shop's team has agreed on, and who they are.
async fn agree(world: &World) -> [Caller; 3] {
    let (app, mia) = (&world.app, world.shop.mia.clone());
    let agent = agents::agents(app, &mia).await.unwrap().pop().unwrap().id;
    let toml = policy::Written::Toml(POLICY.to_owned());
    let applied = policy::apply(app, &mia, agent, &toml, None).await.unwrap();
    assert!(matches!(applied, policy::Applied::InForce(_)), "the policy is refused");
    policy::release(app, &mia, vec!["hours".to_owned()]).await.unwrap();
    let step = |after_ms, mail| EscalationStep {
        after_ms,
        to: Vec::new(),
        mail,
        webhook: None,
    };
    let settings = TeamSettings {
        escalation: vec![step(60_000, false), step(300_000, true)],
        ..TeamSettings::default()
    };
    let saved = team::set_settings(app, &mia, settings).await.unwrap();
    assert!(matches!(saved, team::SettingsSaved::InForce(_)), "the chain is refused");
    let ina = join(app, mia.workspace_id, "Ina").await;
    [mia, world.shop.tom.clone(), ina]
}

/// The engine is slow, dies and comes back, until this is aborted.
async fn breaks(world: Arc<World>, seed: u64) {
    let mut dice = Dice::new(seed);
    loop {
        tokio::time::sleep(Duration::from_millis(20 + dice.roll(60))).await;
        let slow = Duration::from_millis(dice.roll(25));
        world.engine.lock().unwrap().set_delay(slow);
        tokio::time::sleep(Duration::from_millis(20 + dice.roll(60))).await;
        world.engine.lock().unwrap().die();
        tokio::time::sleep(Duration::from_millis(dice.roll(20))).await;
        world.engine.lock().unwrap().revive().unwrap();
    }
}

/// Plays one seed; how often each outcome and author came up.
async fn play(seed: u64, conversations: u64, steps: usize) -> HashMap<String, i64> {
    let mut world = World::new().await;
    let team = agree(&world).await;
    world.engine.lock().unwrap().set_delay(Duration::from_millis(2));
    let mut stories = Vec::new();
    for nth in 0..conversations {
        let seed = seed.wrapping_mul(1_000).wrapping_add(nth);
        stories.push(Story::begin(&world, team.clone(), seed).await);
    }
    for part in 0..2 {
        if part > 0 {
            world.restart().await;
            for story in &mut stories {
                story.lines.push("the program ends and starts again".to_owned());
            }
        }
        let shared = Arc::new(world);
        let breaking = tokio::spawn(breaks(shared.clone(), seed));
        let mut playing = JoinSet::new();
        for mut story in stories {
            let world = shared.clone();
            playing.spawn(async move {
                for _ in 0..steps.div_ceil(2) {
                    story.step(&world).await;
                }
                story
            });
        }
        stories = playing.join_all().await;
        breaking.abort();
        let _aborted = breaking.await;
        world = Arc::into_inner(shared).unwrap();
    }
    let lines: HashMap<ConversationId, Vec<String>> = stories
        .into_iter()
        .map(|story| (story.visitor.conversation_id, story.lines))
        .collect();

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
                  UNION ALL SELECT author, count(*) FROM messages GROUP BY author \
                  UNION ALL SELECT 'approved together', count(*) FROM releases r JOIN outcomes o ON o.id = r.outcome_id \
                  JOIN review_items i ON i.id = o.item_id WHERE json_extract(i.terms, '$.quorum') > 1 HAVING count(*) > 0 \
                  UNION ALL SELECT 'sent by itself', count(*) FROM releases WHERE decision_id IS NOT NULL HAVING count(*) > 0 \
                  UNION ALL SELECT 'escalated', count(*) FROM log_entries WHERE kind = 'review.escalated' HAVING count(*) > 0";
    let counted = rows(world.raw(), counts).await;
    counted
        .iter()
        .map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_invariants_hold_after_thousands_of_steps_in_any_order() {
    // HOLDPOINT_TEST_SEED tells one story again; HOLDPOINT_TEST_STEPS makes all longer.
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
        "approved together",
        "sent by itself",
        "escalated",
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
