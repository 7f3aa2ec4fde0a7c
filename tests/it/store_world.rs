//! A small shop in a test: the real app over a real database, the scripted engine, and a clock that the test turns.

use super::store_bench::{AT, Bench};
use holdpoint::app::knowledge::{self, Import};
use holdpoint::app::review::{self, Decide, ItemSummary, ItemView, QueueWish};
use holdpoint::app::visit::{self, Posted, Status, Transcript, Visitor};
use holdpoint::app::{App, AppError, Caller, Engine, Who, accounts, agents, history};
use holdpoint::domain::account::Role;
use holdpoint::domain::ids::{ItemId, MemberId, UserId, WorkspaceId};
use holdpoint::domain::review::OutcomeKind;
use holdpoint::domain::settings::AgentSettings;
use holdpoint::domain::time::{Clock, Timestamp};
use holdpoint::engine::EngineClient;
use holdpoint::engine::scripted::{MODEL_NAME, ScriptedEngine};
use holdpoint::store::entity::{member, user};
use holdpoint::store::{Change, Store, StoreError};
use holdpoint::system;
use sea_orm::DatabaseConnection;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use uuid::Uuid;

/// Far more than any of it takes; a loaded test machine must not fail a test.
const AMPLE: Duration = Duration::from_mins(3);
/// A visitor's silence that ends a turn, in milliseconds.
pub(crate) const QUIET_MS: i64 = 2_000;
/// The undo window, in milliseconds.
pub(crate) const UNDO_MS: i64 = 5_000;
/// The deadline of a held draft, in milliseconds.
pub(crate) const HOLD_MS: i64 = 15 * 60_000;

/// A clock that stands still until it is turned.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(start.0)))
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn uptime_ms(&self) -> i64 {
        self.now().0
    }
}

const FAQ: &str = r#"[
    {"question": "How can I return my order?", "answer": "Send it back within 30 days; returns are free."},
    {"question": "When do you open?", "answer": "We open at nine every day except Sunday."},
    {"question": "Do you repair bicycles?", "answer": "Yes, bring your bicycle to the workshop before noon."},
    {"question": "How much is delivery?", "answer": "Delivery costs 4 euros; above 50 euros it is free."},
    {"question": "Which payment methods do you accept?", "answer": "Cards, cash and bank transfer."},
    {"question": "Is there a warranty?", "answer": "Two years on everything with a motor."}
]"#;

/// A question that the shop's knowledge answers, its answer, and a question it knows nothing about.
pub(crate) const QUESTION: &str = "How can I return my order?";
pub(crate) const ANSWER: &str = "Send it back within 30 days; returns are free.";
pub(crate) const UNKNOWN: &str = "Would zebras enjoy skating backwards?";

/// People, agent and knowledge of a shop in an open store.
pub(crate) struct Shop {
    pub(crate) public_key: String,
    pub(crate) mia: Caller,
    pub(crate) tom: Caller,
}

impl Shop {
    pub(crate) async fn open(app: &App) -> Self {
        let workspace = accounts::create_workspace(app, "shop", "The Shop").await.unwrap();
        let admin = Caller::admin(workspace);
        let settings = AgentSettings {
            name: "Ada".to_owned(),
            allow_unfit: true,
            ..AgentSettings::default()
        };
        let agent = agents::create(app, &admin, settings).await.unwrap();
        let import = Import {
            name: "faq.json".to_owned(),
            collection: String::new(),
            format: None,
            bytes: FAQ.as_bytes().to_vec(),
            ..Import::default()
        };
        assert_eq!(knowledge::import(app, &admin, import).await.unwrap().added, 6);
        Self {
            public_key: agent.public_key,
            mia: join(app, workspace, "Mia").await,
            tom: join(app, workspace, "Tom").await,
        }
    }

    /// The shop that is there already.
    pub(crate) async fn find(app: &App) -> Self {
        let workspace = app.store().workspaces().await.unwrap().pop().unwrap().id;
        let admin = Caller::admin(workspace);
        let agent = agents::agents(app, &admin).await.unwrap().pop().unwrap();
        let mut members = app.store().rows(workspace).members().await.unwrap().into_iter();
        let mut next = || {
            let (row, user) = members.next().unwrap();
            member_caller(workspace, row.id, &user.name)
        };
        Self {
            public_key: agent.public_key,
            mia: next(),
            tom: next(),
        }
    }
}

fn member_caller(workspace_id: WorkspaceId, id: MemberId, name: &str) -> Caller {
    Caller {
        workspace_id,
        who: Who::Member {
            id,
            name: name.to_owned(),
            role: Role::Owner,
        },
        scopes: Role::Owner.scopes().to_vec(),
        program: None,
    }
}

/// A member, without the half second that hashing a password takes.
pub(crate) async fn join(app: &App, workspace: WorkspaceId, name: &'static str) -> Caller {
    let (user_id, member_id) = (UserId::from(Uuid::now_v7()), MemberId::from(Uuid::now_v7()));
    let write = app.store().write(workspace, move |tx| {
        Box::pin(async move {
            tx.insert(user::Model {
                id: user_id,
                email: format!("{name}@example.org"),
                name: name.to_owned(),
                password_hash: "none".to_owned(),
                created_at: AT,
            })
            .await?;
            tx.insert(member::Model {
                id: member_id,
                workspace_id: workspace,
                user_id,
                role: Role::Owner,
                created_at: AT,
                used_at: None,
            })
            .await?;
            Ok::<_, StoreError>(Change::Unlogged(()))
        })
    });
    write.await.unwrap();
    member_caller(workspace, member_id, name)
}

/// The scripted engine as an app uses it.
fn handle(engine: &ScriptedEngine) -> Engine {
    Engine {
        client: EngineClient::new(engine.endpoint()),
        embedder: MODEL_NAME.to_owned(),
        chat_model: Some(MODEL_NAME.to_owned()),
        status: None,
    }
}

/// The shop, open for business, its jobs running.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) engine: Mutex<ScriptedEngine>,
    pub(crate) shop: Shop,
    pub(crate) bench: Bench,
    _directory: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let clock = TestClock::at(AT);
        let bench = Bench::sqlite().await;
        let store = bench.store_with(system::sources_at(clock.clone())).await;
        let engine = ScriptedEngine::start(directory.path().join("engine.sock")).unwrap();
        let app = App::new(store, Some(handle(&engine)));
        crate::app::fit_to_quote(&app).await;
        let shop = Shop::open(&app).await;
        app.start_jobs();
        let world = Self {
            app,
            clock,
            engine: Mutex::new(engine),
            shop,
            bench,
            _directory: directory,
        };
        world.settle().await;
        world
    }

    /// The program ends and starts again on the same database.
    pub(crate) async fn restart(&mut self) {
        self.app.stop().await;
        let store = self.bench.store_with(system::sources_at(self.clock.clone())).await;
        let engine = handle(&self.engine.lock().unwrap());
        self.app = App::new(store, Some(engine));
        self.app.start_jobs();
    }

    pub(crate) fn store(&self) -> &Store {
        self.app.store()
    }

    pub(crate) fn raw(&self) -> &DatabaseConnection {
        &self.bench.raw
    }

    /// Waits until nothing that is due is left to do.
    pub(crate) async fn settle(&self) {
        settle(&self.app, &*self.clock).await;
    }

    /// Time passes, and what falls due happens.
    pub(crate) async fn after(&self, ms: i64) {
        self.clock.advance(ms);
        self.settle().await;
    }

    pub(crate) async fn visitor(&self) -> Visitor {
        new_visitor(&self.app, &self.shop.public_key).await
    }

    pub(crate) async fn posts(&self, visitor: &Visitor, text: &str) -> Posted {
        visit::post(&self.app, visitor, &Uuid::now_v7().to_string(), text)
            .await
            .unwrap()
    }

    /// The visitor asks, and the turn ends.
    pub(crate) async fn asks(&self, visitor: &Visitor, text: &str) {
        self.posts(visitor, text).await;
        self.after(QUIET_MS).await;
    }

    pub(crate) async fn queue(&self) -> Vec<ItemSummary> {
        review::queue(&self.app, &self.shop.mia, &QueueWish::default(), None, 100)
            .await
            .unwrap()
            .items
    }

    /// The only item of the queue.
    pub(crate) async fn item(&self) -> ItemView {
        let queue = self.queue().await;
        let [only] = queue.as_slice() else {
            panic!("not one item but {queue:?}")
        };
        review::item(&self.app, &self.shop.mia, only.id).await.unwrap()
    }

    pub(crate) async fn decides(&self, id: ItemId, wish: Decide) -> Result<(), AppError> {
        review::decide(&self.app, &self.shop.mia, id, wish).await.map(|_| ())
    }

    pub(crate) async fn transcript(&self, visitor: &Visitor) -> Transcript {
        visit::transcript(&self.app, visitor).await.unwrap()
    }

    pub(crate) async fn status(&self, visitor: &Visitor) -> Status {
        visit::status(&self.app, visitor).await.unwrap()
    }

    /// Everything said, as `author: text`.
    pub(crate) async fn said(&self, visitor: &Visitor) -> Vec<String> {
        let transcript = self.transcript(visitor).await;
        let line = |author: &serde_json::Value, text: &str| format!("{}: {text}", author.as_str().unwrap());
        transcript
            .messages
            .iter()
            .map(|message| line(&serde_json::to_value(message.author).unwrap(), &message.text))
            .collect()
    }

    pub(crate) async fn verifies(&self) {
        let verification = history::verify(&self.app, &self.shop.mia, None).await.unwrap();
        assert!(verification.ok, "{verification:?}");
    }
}

pub(crate) async fn new_visitor(app: &App, public_key: &str) -> Visitor {
    let started = visit::start(app, public_key, None).await.unwrap();
    visit::visitor_of_token(app, &started.token).await.unwrap().unwrap()
}

/// Waits until no job is due; whoever waits for one is told to look again, because the clock was turned.
pub(crate) async fn settle(app: &App, clock: &dyn Clock) {
    let begun = Instant::now();
    loop {
        app.store().jobs_changed().notify_one();
        let jobs = app.store().next_jobs(1).await.unwrap();
        let Some(due) = jobs.into_iter().find(|job| job.run_at <= clock.now()) else {
            return;
        };
        assert!(begun.elapsed() < AMPLE, "this job is never done: {due:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A decision as the console sends it.
pub(crate) fn wish(kind: OutcomeKind, revision: i64, text: Option<&str>) -> Decide {
    Decide {
        kind,
        revision,
        wording: 0,
        text: text.map(str::to_owned),
        verdict: None,
        reasons: Vec::new(),
        note: None,
        remember: true,
        alike: false,
    }
}
