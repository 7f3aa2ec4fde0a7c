//! A whole server for one test: real HTTP over loopback and the socket, a real database in its own folder, the scripted
//! engine, a clock that can be moved, one workspace with an owner, an agent and the demo's FAQ.

mod client;
mod redact;
mod visitor;

pub(crate) use client::{Answer, Client, Event, Events};
pub(crate) use redact::redacted;
pub(crate) use visitor::VisitorClient;

use holdpoint::app::{App, Caller, Engine, Engines, accounts, fitness};
use holdpoint::domain::fitness::{Ability, Finding, Gauge, Language, Measure};
use holdpoint::domain::time::{Clock, Timestamp};
use holdpoint::engine::EngineClient;
use holdpoint::engine::scripted::{MODEL_NAME, ScriptedEngine};
use holdpoint::store::{JobKind, Location, Store};
use holdpoint::system::{SystemClock, sources_at};
use holdpoint::web::{Listeners, Web, WebSettings, console, router};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Far more than anything takes; a loaded test machine must not fail a test.
pub(crate) const AMPLE: Duration = Duration::from_mins(2);
/// How often a test looks again at what it waits for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// A turn ends after two quiet seconds.
pub(crate) const QUIET_MS: i64 = 2_100;
/// Longer than the undo window.
pub(crate) const UNDO_MS: i64 = 5_100;

pub(crate) const OWNER_EMAIL: &str = "mia@quillhaven.example";
pub(crate) const OWNER_PASSWORD: &str = "a heron on the quay";
/// A site that the agent lists.
pub(crate) const SHOP_ORIGIN: &str = "https://shop.example";

/// A question that the demo's FAQ answers. The scripted engine compares words, so it shares many with the answer.
pub(crate) const OPENING_HOURS: &str = "Is the shop open Tuesday to Friday and on Saturday, and from when?";
/// A question that nothing of it answers.
pub(crate) const UNANSWERABLE: &str = "Xyzzy plugh frobnicate?";

const FAQ: &[u8] = include_bytes!("../../examples/demo/faq.json");

/// Longer than it takes until the server knows who is there.
const UP_MS: i64 = 3 * 60_000;

/// The machine's clock, moved forward by the test.
#[derive(Debug, Default)]
pub(crate) struct TestClock {
    ahead_ms: AtomicI64,
    /// How much longer the machine seems to run than the clock says.
    up_ms: AtomicI64,
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_ms(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn uptime_ms(&self) -> i64 {
        self.now().0 + self.up_ms.load(Ordering::SeqCst)
    }
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

/// The scripted embedder counts as fit to quote in English, as the default one does.
pub(crate) async fn fit_to_quote(app: &App) {
    let measure = Measure::known(Gauge::RightlyQuoted, 100, 0.9, 0.8);
    let finding = Finding::of(Ability::Quote, Language::En, vec![measure], None);
    fitness::keep(app, MODEL_NAME, None, &[finding]).await.unwrap();
}

/// The scripted chat model counts as fit to propose actions in English.
pub(crate) async fn fit_to_act(app: &App) {
    let measure = Measure::known(Gauge::RightlyProposed, 100, 0.9, 0.8);
    let finding = Finding::of(Ability::Act, Language::En, vec![measure], None);
    let kept = fitness::keep(app, MODEL_NAME, Some(MODEL_NAME), &[finding]).await;
    kept.unwrap();
}

/// What a test wants to be different.
#[derive(Default)]
pub(crate) struct Builder {
    settings: WebSettings,
    without_engine: bool,
    without_jobs: bool,
    engine: Option<Engine>,
    demo: bool,
}

impl Builder {
    pub(crate) fn settings(mut self, change: impl FnOnce(&mut WebSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) fn without_engine(mut self) -> Self {
        self.without_engine = true;
        self
    }

    /// Nothing happens but what is asked for.
    pub(crate) fn without_jobs(mut self) -> Self {
        self.without_jobs = true;
        self
    }

    /// With this engine instead of the scripted one.
    pub(crate) fn engine(mut self, engine: Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Serves the demo shop's page with the agent's widget.
    pub(crate) fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(TestClock::default());
        let location = Location::Sqlite(dir.path().join("holdpoint.db"));
        let store = Store::open(&location, sources_at(clock.clone())).await.unwrap();
        let engine = ScriptedEngine::start(dir.path().join("engine.sock")).unwrap();
        let scripted = || handle(&engine);
        let handle = (!self.without_engine).then(|| self.engine.unwrap_or_else(scripted));
        let models = super::models::settings(dir.path().join("models"));
        let app = App::equipped(store, Engines::new(handle, Vec::new()), Some(models));
        app.reads_documents_with(holdpoint::outbound::DocumentReader::through(env!(
            "CARGO_BIN_EXE_holdpoint"
        )));
        clock.up_ms.fetch_add(UP_MS, Ordering::SeqCst);
        fit_to_quote(&app).await;
        if !self.without_jobs {
            app.start_jobs();
        }
        let workspace = Workspace::make(&app, "quillhaven", OWNER_EMAIL).await;
        let mut settings = self.settings;
        settings.demo_agent = self.demo.then(|| workspace.agent_key.clone());
        let server = Server::start(&app, settings.clone(), dir.path().join("holdpoint.sock")).await;
        TestApp {
            app,
            clock,
            engine,
            settings,
            workspace,
            server: Some(server),
            address: None,
            dir,
        }
        .at_its_address()
    }
}

/// A workspace with somebody in it.
pub(crate) struct Workspace {
    pub(crate) caller: Caller,
    pub(crate) agent_id: String,
    pub(crate) agent_key: String,
    owner: accounts::Session,
}

impl Workspace {
    async fn make(app: &App, slug: &str, email: &str) -> Self {
        let has_engine = holdpoint::app::status::engine(app).ready;
        let id = accounts::create_workspace(app, slug, slug).await.unwrap();
        let caller = Caller::admin(id);
        let link = accounts::create_setup_link(app, &caller).await.unwrap();
        let owner = accounts::set_up(app, &link.token, "Mia", email, OWNER_PASSWORD.to_owned())
            .await
            .unwrap();
        let settings = serde_json::from_value(json!({
            "name": "Juno",
            "business": "Quillhaven Cycles",
            "origins": [SHOP_ORIGIN],
            "allow_unfit": true,
        }));
        let agent = holdpoint::app::agents::create(app, &caller, settings.unwrap())
            .await
            .unwrap();
        let import = holdpoint::app::knowledge::Import {
            name: "faq.json".to_owned(),
            collection: "shop".to_owned(),
            bytes: FAQ.to_vec(),
            ..holdpoint::app::knowledge::Import::default()
        };
        holdpoint::app::knowledge::import(app, &caller, import).await.unwrap();
        eventually("the vectors of the FAQ", async || {
            let jobs = app.store().next_jobs(100).await.unwrap();
            jobs.iter()
                .all(|job| job.kind != JobKind::Embed || !has_engine)
                .then_some(())
        })
        .await;
        Self {
            caller,
            agent_id: agent.id.to_string(),
            agent_key: agent.public_key,
            owner,
        }
    }
}

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(app: &App, settings: WebSettings, socket: PathBuf) -> Self {
        let stop = CancellationToken::new();
        let listeners = Listeners::open(SocketAddr::from(([127, 0, 0, 1], 0)), &socket)
            .await
            .unwrap();
        let address = listeners.address();
        let router = router(Web::new(app.clone(), settings, stop.clone()), console::pages());
        let serving = tokio::spawn(listeners.serve(router, stop.clone()));
        Self { address, stop, serving }
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(AMPLE, self.serving).await.unwrap().unwrap();
    }
}

pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) engine: ScriptedEngine,
    pub(crate) workspace: Workspace,
    settings: WebSettings,
    server: Option<Server>,
    address: Option<SocketAddr>,
    dir: TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    pub(crate) fn builder() -> Builder {
        let mut builder = Builder::default();
        // Tests are faster than people.
        let rates = &mut builder.settings.rates;
        rates.messages_per_visitor = 10_000;
        rates.messages_per_address = 100_000;
        rates.conversations_per_address = 10_000;
        rates.sign_ins_per_address = 10_000;
        builder
    }

    fn at_its_address(mut self) -> Self {
        self.address = self.server.as_ref().map(|server| server.address);
        self
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// Its engine, for another app over the same database.
    pub(crate) fn handle(&self) -> Engine {
        handle(&self.engine)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("holdpoint.sock")
    }

    /// Moves the clock, and lets what has become due begin.
    pub(crate) fn advance_ms(&self, ms: i64) {
        self.clock.ahead_ms.fetch_add(ms, Ordering::SeqCst);
        self.app.store().jobs_changed().notify_one();
    }

    /// The clock is ahead all at once, and for the machine no time has passed: it slept, or somebody has set the clock.
    pub(crate) fn jump_ms(&self, ms: i64) {
        self.clock.up_ms.fetch_sub(ms, Ordering::SeqCst);
        self.advance_ms(ms);
    }

    /// Stops the server, as on shutdown; everything else goes on.
    pub(crate) async fn stop_server(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    /// The whole program ends and starts again, on another port: only what is in the database is left. Who is there is not
    /// known yet.
    pub(crate) async fn restart(&mut self) {
        self.stop_server().await;
        self.app.stop().await;
        let location = Location::Sqlite(self.database());
        let store = Store::open(&location, sources_at(self.clock.clone())).await.unwrap();
        let models = super::models::settings(self.dir.path().join("models"));
        let engines = Engines::new(Some(handle(&self.engine)), Vec::new());
        self.app = App::equipped(store, engines, Some(models));
        self.app.start_jobs();
        self.start_server().await;
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("holdpoint.db")
    }

    /// Starts the server again, on another port.
    pub(crate) async fn start_server(&mut self) {
        self.server = Some(Server::start(&self.app, self.settings.clone(), self.socket()).await);
        self.address = self.server.as_ref().map(|server| server.address);
    }

    // ---- who asks

    /// Somebody without any secret.
    pub(crate) fn anonymous(&self) -> Client {
        Client::tcp(self.address())
    }

    /// The owner in a browser: session cookie and CSRF token.
    pub(crate) fn owner(&self) -> Client {
        self.member_of(&self.workspace)
    }

    pub(crate) fn member_of(&self, workspace: &Workspace) -> Client {
        self.anonymous()
            .with("Cookie", &format!("holdpoint={}", workspace.owner.token))
            .with("X-CSRF-Token", &workspace.owner.csrf_token)
    }

    /// A program with a token of the owner's.
    pub(crate) async fn program(&self, scopes: &[&str]) -> Client {
        let wish = json!({ "name": "a program", "email": OWNER_EMAIL, "scopes": scopes });
        let token = self.owner().post("/api/v1/admin/tokens", &wish).await.created();
        self.anonymous().bearer(token["token"].as_str().unwrap())
    }

    /// The command line.
    pub(crate) fn administrator(&self) -> Client {
        Client::unix(self.socket())
    }

    /// A visitor with a new conversation.
    pub(crate) async fn visitor(&self) -> VisitorClient {
        VisitorClient::start(self, &self.workspace.agent_key).await
    }

    /// Another business on the same machine.
    pub(crate) async fn other_workspace(&self) -> Workspace {
        Workspace::make(&self.app, "corner-bakery", "otto@bakery.example").await
    }

    // ---- what happens

    /// The item of a conversation once it has a draft, or is a handoff. Lets the turn end.
    pub(crate) async fn item_of(&self, visitor: &VisitorClient) -> Value {
        self.advance_ms(QUIET_MS);
        self.item_where(|item| item["conversation_id"] == visitor.conversation_id.as_str())
            .await
    }

    /// The first item of the queue that is ready to be decided and fits.
    pub(crate) async fn item_where(&self, fits: impl Fn(&Value) -> bool) -> Value {
        eventually("an item in the queue", async || {
            let queue = self.owner().get("/api/v1/queue?limit=200").await.ok();
            let ready = |item: &&Value| fits(item) && (item["kind"] == "handoff" || !item["mode"].is_null());
            let id = queue["items"].as_array().unwrap().iter().find(ready)?["id"]
                .as_str()?
                .to_owned();
            Some(self.owner().get(&format!("/api/v1/queue/{id}")).await.ok())
        })
        .await
    }

    /// The owner decides about an item as they see it.
    pub(crate) async fn decide(&self, item: &Value, decision: Value) -> Answer {
        let mut wish = json!({ "revision": item["revision"] });
        wish.as_object_mut()
            .unwrap()
            .extend(decision.as_object().unwrap().clone());
        self.owner()
            .post(
                &format!("/api/v1/queue/{}/outcome", item["id"].as_str().unwrap()),
                &wish,
            )
            .await
    }

    /// The owner decides, and the undo window passes.
    pub(crate) async fn decide_for_good(&self, item: &Value, decision: Value) {
        self.decide(item, decision).await.ok();
        self.advance_ms(UNDO_MS);
    }
}

/// The administrator of the server behind this socket, whoever started it.
pub(crate) fn socket_client(socket: PathBuf) -> Client {
    Client::unix(socket)
}

/// Anybody who asks the server at this address, whoever started it.
pub(crate) fn tcp_client(address: SocketAddr) -> Client {
    Client::tcp(address)
}

/// Looks until it finds something.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let found = tokio::time::timeout(AMPLE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    });
    found
        .await
        .unwrap_or_else(|_elapsed| panic!("waited in vain for {what}"))
}
