//! The process that is killed: this test binary once more, with a server's work in it and a file of acknowledgements.
//!
//! Whatever the app has answered with success is written into `acks`, a line each, after the answer: what stands there was
//! promised to somebody.

use super::invariants_stories::Dice;
use super::store_bench::AT;
use super::store_world::{QUESTION, Shop, TestClock, UNKNOWN, new_visitor, wish};
use holdpoint::app::{App, AppError, ErrorKind, review, takeover, visit};
use holdpoint::domain::conversation::Author;
use holdpoint::domain::ids::{ConversationId, OutcomeId};
use holdpoint::domain::review::{ItemKind, OutcomeKind};
use holdpoint::domain::time::Timestamp;
use holdpoint::store::{Location, Store, StoreError};
use holdpoint::system;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The folder that the child works in; without it the child's test does nothing.
const FOLDER: &str = "HOLDPOINT_TEST_CHILD";
/// What the child does: see [`Work`].
const WORK: &str = "HOLDPOINT_TEST_CHILD_WORK";
/// Its clock's start, and its dice.
const ROUND: &str = "HOLDPOINT_TEST_CHILD_ROUND";

/// What a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Serves until it is killed.
    UntilKilled,
    /// Serves for a while, closes, opens again, serves for another, and ends.
    Twice,
    /// Fills the disk and empties it again.
    FullDisk,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::UntilKilled => "until-killed",
            Self::Twice => "twice",
            Self::FullDisk => "full-disk",
        }
    }
}

/// When a round's clock starts: every round a day later than the one before.
pub(crate) fn start_of(round: u64) -> Timestamp {
    AT.plus_ms(i64::try_from(round).unwrap() * 24 * 3_600_000)
}

pub(crate) fn database(folder: &Path) -> Location {
    Location::Sqlite(folder.join("holdpoint.db"))
}

/// A child at work; killed when dropped.
pub(crate) struct Serving {
    child: Child,
    /// What it says, for whoever has to find out why it failed.
    said: PathBuf,
}

impl Serving {
    /// Fails with what the child said if it has ended by itself.
    pub(crate) fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            self.fail(&format!("the child ended by itself: {status}"));
        }
    }

    /// Ends it without warning.
    pub(crate) fn kill(mut self) {
        self.assert_alive();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has done its work.
    pub(crate) fn finish(mut self) {
        let status = self.child.wait().unwrap();
        if !status.success() {
            self.fail(&format!("the child failed: {status}"));
        }
    }

    /// Fails with what the child said.
    pub(crate) fn fail(&self, why: &str) -> ! {
        let said = std::fs::read(&self.said).unwrap_or_default();
        panic!("{why}; it said:\n{}", String::from_utf8_lossy(&said));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Starts the child; further settings come from the caller.
pub(crate) fn start(folder: &Path, work: Work, round: u64, settings: &[(&str, PathBuf)]) -> Serving {
    let said = folder.join("said");
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "durability_child::the_child_serves_until_it_is_killed",
            "--exact",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .env(WORK, work.name())
        .env(ROUND, round.to_string())
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    Serving { child, said }
}

/// A promise made to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Promise {
    /// A message was accepted.
    Posted(ConversationId, String),
    /// A reviewer's decision was accepted.
    Decided(OutcomeId),
    /// A member has taken over.
    TakenOver(ConversationId, String),
}

impl Promise {
    /// Whole lines only: the last one may have been cut off.
    pub(crate) fn read(acks: &str) -> Vec<Self> {
        let whole = acks.rfind('\n').map_or("", |end| &acks[..end]);
        whole.lines().map(Self::parse).collect()
    }

    fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["posted", conversation, client] => Self::Posted(conversation.parse().unwrap(), (*client).to_owned()),
            ["decided", outcome] => Self::Decided(outcome.parse().unwrap()),
            ["taken", conversation, epoch] => Self::TakenOver(conversation.parse().unwrap(), (*epoch).to_owned()),
            other => panic!("not a promise: {other:?}"),
        }
    }

    fn write(&self, mut acks: &File) {
        let line = match self {
            Self::Posted(conversation, client) => format!("posted {conversation} {client}\n"),
            Self::Decided(outcome) => format!("decided {outcome}\n"),
            Self::TakenOver(conversation, epoch) => format!("taken {conversation} {epoch}\n"),
        };
        // One call: whole lines, in the order in which the answers came.
        acks.write_all(line.as_bytes()).unwrap();
    }
}

/// The promises that a database does not keep.
pub(crate) async fn broken_promises(store: &Store, promises: &[Promise]) -> Result<Vec<Promise>, StoreError> {
    let mut broken = Vec::new();
    let workspaces = store.workspaces().await?;
    for promise in promises {
        let mut kept = false;
        for workspace in &workspaces {
            let rows = store.rows(workspace.id);
            kept |= match promise {
                Promise::Posted(conversation, client) => {
                    let found = rows.message_by_client_id(*conversation, client).await?;
                    found.is_some_and(|message| message.author == Author::Visitor)
                }
                Promise::Decided(outcome) => rows.outcome(*outcome).await?.is_some(),
                Promise::TakenOver(conversation, epoch) => {
                    let found = rows.conversation(*conversation).await?;
                    found.is_some_and(|row| row.epoch.0 >= epoch.parse::<i64>().unwrap())
                }
            };
        }
        if !kept {
            broken.push(promise.clone());
        }
    }
    Ok(broken)
}

/// A shop under load, and the clock that runs a hundred times as fast as the wall's.
struct Server {
    app: App,
    shop: Shop,
    acks: Arc<File>,
    load: JoinSet<()>,
}

impl Server {
    async fn open(folder: &Path, round: u64) -> Self {
        let clock = TestClock::at(start_of(round));
        let store = Store::open(&database(folder), system::sources_at(clock.clone()))
            .await
            .unwrap();
        let app = App::new(store, None);
        let shop = if app.store().workspaces().await.unwrap().is_empty() {
            Shop::open(&app).await
        } else {
            Shop::find(&app).await
        };
        let acks = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("acks"))
            .unwrap();
        app.start_jobs();
        let mut load = JoinSet::new();
        let ticking = app.clone();
        load.spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(2)).await;
                clock.advance(200);
                ticking.store().jobs_changed().notify_one();
            }
        });
        Self {
            app,
            shop,
            acks: Arc::new(acks),
            load,
        }
    }

    fn serve(&mut self, round: u64, visitors: u64) {
        for nth in 0..visitors {
            let dice = Dice::new(round * 1_000 + nth);
            let (app, acks, key) = (self.app.clone(), self.acks.clone(), self.shop.public_key.clone());
            self.load.spawn(visit_again_and_again(app, acks, key, dice));
        }
        for (nth, caller) in [self.shop.mia.clone(), self.shop.tom.clone()].into_iter().enumerate() {
            let dice = Dice::new(round * 1_000 + 900 + nth as u64);
            let (app, acks) = (self.app.clone(), self.acks.clone());
            self.load.spawn(review_again_and_again(app, acks, caller, dice));
        }
    }

    /// Serves until the file of acknowledgements has `more` lines more: a slow disk takes longer, and is tried no less.
    async fn serve_until_promised(&mut self, folder: &Path, more: usize) {
        let promised = || Promise::read(&std::fs::read_to_string(folder.join("acks")).unwrap()).len();
        let enough = promised() + more;
        while promised() < enough {
            tokio::time::sleep(Duration::from_millis(50)).await;
            while let Some(ended) = self.load.try_join_next() {
                ended.unwrap();
            }
        }
    }

    async fn close(mut self) {
        self.load.shutdown().await;
        self.app.stop().await;
        self.app.store().close().await;
    }
}

async fn visit_again_and_again(app: App, acks: Arc<File>, key: String, mut dice: Dice) {
    loop {
        let visitor = new_visitor(&app, &key).await;
        for _ in 0..=dice.roll(6) {
            let client_id = dice.next().to_string();
            let text = dice.pick(&[QUESTION, QUESTION, UNKNOWN, "When do you open?"]);
            visit::post(&app, &visitor, &client_id, text).await.unwrap();
            Promise::Posted(visitor.conversation_id, client_id).write(&acks);
            tokio::time::sleep(Duration::from_millis(dice.roll(60))).await;
        }
    }
}

async fn review_again_and_again(app: App, acks: Arc<File>, caller: holdpoint::app::Caller, mut dice: Dice) {
    loop {
        tokio::time::sleep(Duration::from_millis(dice.roll(5))).await;
        let queue = review::queue(&app, &caller, &review::QueueWish::default(), None, 20)
            .await
            .unwrap()
            .items;
        if queue.is_empty() {
            continue;
        }
        let item = &queue[usize::try_from(dice.roll(queue.len() as u64)).unwrap()];
        if dice.roll(12) == 0 {
            let taken = takeover::take_over(&app, &caller, item.conversation_id).await;
            if acceptable(taken).is_some() {
                let rows = app.store().rows(caller.workspace_id);
                let row = rows.conversation(item.conversation_id).await.unwrap().unwrap();
                Promise::TakenOver(item.conversation_id, row.epoch.0.to_string()).write(&acks);
            }
            continue;
        }
        let kind = match item.kind {
            ItemKind::Handoff => OutcomeKind::Respond,
            ItemKind::Gate => dice.pick(&[OutcomeKind::Approve, OutcomeKind::Edit, OutcomeKind::Reject]),
        };
        let wish = wish(kind, item.revision, Some("A person's own words."));
        if let Some(decided) = acceptable(review::decide(&app, &caller, item.id, wish).await) {
            Promise::Decided(decided.outcome_id.unwrap()).write(&acks);
        }
    }
}

/// Somebody may have been faster; anything else is a defect.
fn acceptable<T>(result: Result<T, AppError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(
                matches!(error.kind(), ErrorKind::Conflict(_) | ErrorKind::NotFound),
                "{error:?}"
            );
            None
        }
    }
}

/// Every write while the disk is full is refused in words, and leaves nothing; afterwards everything goes on.
async fn fill_the_disk(folder: &Path) {
    let mut server = Server::open(folder, 0).await;
    server.load.shutdown().await;
    let (app, key) = (&server.app, &server.shop.public_key);
    let visitor = new_visitor(app, key).await;
    visit::post(app, &visitor, "before", QUESTION).await.unwrap();
    Promise::Posted(visitor.conversation_id, "before".to_owned()).write(&server.acks);

    let flag = PathBuf::from(std::env::var_os("HOLDPOINT_DISK_FULL_WHEN").unwrap());
    File::create(&flag).unwrap();
    // What fits into the space that the files have already is still accepted; then nothing is, one by one or together.
    let mut kept = 1;
    for round in 0.. {
        assert!(round < 100, "the disk is never full");
        let mut posts = JoinSet::new();
        for nth in 0..20 {
            let (app, client_id) = (app.clone(), format!("full-{round}-{nth}"));
            posts.spawn(async move { (visit::post(&app, &visitor, &client_id, QUESTION).await, client_id) });
        }
        let mut refused = 0;
        for (result, client_id) in posts.join_all().await {
            match result {
                Ok(_) => {
                    kept += 1;
                    Promise::Posted(visitor.conversation_id, client_id).write(&server.acks);
                }
                Err(error) => {
                    refused += 1;
                    assert!(matches!(error, AppError::Store(StoreError::DiskFull(_))), "{error:?}");
                    assert_eq!(
                        error.to_string(),
                        "the disk is full, so nothing could be saved; free some space and try again, nothing was lost"
                    );
                }
            }
        }
        if refused == 20 {
            break;
        }
    }
    // What is there can still be read.
    assert_eq!(visit::transcript(app, &visitor).await.unwrap().messages.len(), kept);

    std::fs::remove_file(&flag).unwrap();
    visit::post(app, &visitor, "after", QUESTION).await.unwrap();
    Promise::Posted(visitor.conversation_id, "after".to_owned()).write(&server.acks);
    assert_eq!(visit::transcript(app, &visitor).await.unwrap().messages.len(), kept + 1);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_child_serves_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return; // Only the other durability tests start it.
    };
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    match std::env::var(WORK).unwrap().as_str() {
        "until-killed" => {
            let mut server = Server::open(&folder, round).await;
            server.serve(round, 16);
            while let Some(ended) = server.load.join_next().await {
                ended.unwrap();
            }
        }
        "twice" => {
            for half in 0..2 {
                let mut server = Server::open(&folder, round + half).await;
                server.serve(round + half, 8);
                server.serve_until_promised(&folder, 100).await;
                server.close().await;
            }
        }
        "full-disk" => fill_the_disk(&folder).await,
        other => panic!("unknown work: {other}"),
    }
}
