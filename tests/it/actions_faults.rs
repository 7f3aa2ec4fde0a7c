//! The process dies between any two steps of an action, and the next one finds what is there: nothing runs twice, altered or unapproved.

use super::actions::{Machine, courier, tool};
use super::durability_child::database;
use super::store_bench::AT;
use super::store_world::{Shop, TestClock, UNDO_MS};
use holdpoint::app::actions::{self, Decide, Propose};
use holdpoint::app::webhooks::Courier;
use holdpoint::app::{App, Caller};
use holdpoint::domain::action::{ActionStatus, DecisionType};
use holdpoint::domain::ids::ActionId;
use holdpoint::domain::time::Timestamp;
use holdpoint::outbound::{Limits, Outbound, Proxies};
use holdpoint::store::Store;
use holdpoint::system;
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The folder that the child works in; without it the child's test does nothing.
const FOLDER: &str = "HOLDPOINT_TEST_ACTIONS_CHILD";
/// Whom it may ask.
const MACHINE: &str = "HOLDPOINT_TEST_ACTIONS_MACHINE";
/// Where it dies.
const FAULT: &str = "HOLDPOINT_TEST_FAULT";
/// Every place between two steps.
const PLACES: [&str; 6] = [
    "action.before_settling",
    "action.settled",
    "action.before_claim",
    "action.claimed",
    "action.performed",
    "action.ended",
];
/// The child's clock is this far ahead: every undo window is over.
const LATER_MS: i64 = 60_000;

async fn open(folder: &Path, now: Timestamp) -> App {
    let store = Store::open(&database(folder), system::sources_at(TestClock::at(now)))
        .await
        .unwrap();
    App::new(store, None)
}

async fn close(app: App) {
    app.stop().await;
    app.store().close().await;
}

/// A shop with this tool, and an action that somebody has just approved.
async fn approved(folder: &Path, machine: &Machine, idempotent: bool) -> (Caller, ActionId) {
    let app = open(folder, AT).await;
    app.delivers_through(courier(machine));
    let shop = Shop::open(&app).await;
    let mut tool = tool(machine);
    tool["idempotent"] = json!(idempotent);
    let admin = Caller::admin(shop.mia.workspace_id);
    actions::define(&app, &admin, serde_json::from_value(tool).unwrap())
        .await
        .unwrap();
    actions::put_secret(&app, &admin, "shop", "s3cr3t").await.unwrap();
    let wish = Propose {
        tool: "refund_order".to_owned(),
        args: json!({ "order": "A7", "amount": 20 }),
        conversation_id: None,
    };
    let action = actions::propose(&app, &shop.tom, wish).await.unwrap();
    let decision = Decide {
        kind: DecisionType::Approve,
        args_hash: action.args_hash,
        args: None,
        message: None,
    };
    actions::decide(&app, &shop.mia, action.id, decision).await.unwrap();
    close(app).await;
    (shop.mia, action.id)
}

/// Another process goes on with what is there, and dies at a place, or ends when nothing is left to do.
fn child(folder: &Path, machine: &Machine, place: &str) -> ExitStatus {
    let said = folder.join("said");
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "actions_faults::the_child_goes_on_until_it_dies",
            "--exact",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .env(MACHINE, machine.address.to_string())
        .env(FAULT, place)
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .status()
        .unwrap();
    if place.is_empty() {
        assert!(status.success(), "{}", std::fs::read_to_string(said).unwrap());
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_goes_on_until_it_dies() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let app = open(&folder, AT.plus_ms(LATER_MS)).await;
    let second = Duration::from_secs(2);
    app.delivers_through(Courier {
        outbound: Outbound::new(
            Proxies::none(),
            Limits {
                connect: second,
                answer: second,
                quiet: second,
            },
        ),
        internal: vec![std::env::var(MACHINE).unwrap()],
    });
    let workspace = app.store().workspaces().await.unwrap().remove(0).id;
    app.start_jobs();
    let admin = Caller::admin(workspace);
    loop {
        let wish = actions::ActionWish::default();
        let all = actions::actions(&app, &admin, &wish, None, 10).await.unwrap().items;
        if all.iter().all(|action| action.status.is_over()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Whoever dies at the end of a step does so now.
    tokio::time::sleep(Duration::from_millis(200)).await;
    close(app).await;
}

async fn dies_at(place: &str, idempotent: bool) -> (ActionStatus, Vec<(String, String)>) {
    let (folder, machine) = (TempDir::new().unwrap(), Machine::start().await);
    let (mia, id) = approved(folder.path(), &machine, idempotent).await;
    let (path, address) = (folder.path().to_owned(), machine.address);
    let died = {
        let (path, machine) = (path.clone(), &machine);
        let place = place.to_owned();
        tokio::task::block_in_place(move || child(&path, machine, &place))
    };
    assert!(!died.success(), "it died at {place}");
    tokio::task::block_in_place(|| child(&path, &machine, ""));
    let app = open(&path, AT.plus_ms(2 * LATER_MS)).await;
    let status = actions::action(&app, &mia, id).await.unwrap().status;
    close(app).await;
    let came = machine.requests();
    assert!(
        came.iter().all(|(line, ..)| line == "POST /orders/A7/refunds"),
        "{address}: {came:?}"
    );
    let sent = came
        .into_iter()
        .map(|(_, headers, body)| (headers["idempotency-key"].to_str().unwrap().to_owned(), body))
        .collect();
    (status, sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_between_two_steps_runs_nothing_twice_and_says_what_it_does_not_know() {
    const { assert!(LATER_MS > UNDO_MS) };
    for place in PLACES {
        for idempotent in [false, true] {
            let (status, sent) = dies_at(place, idempotent).await;
            let expected = match (place, idempotent) {
                // It had begun: nobody can know, and the one that may not be repeated is not.
                ("action.claimed", false) => (ActionStatus::Unknown, 0),
                ("action.performed", false) => (ActionStatus::Unknown, 1),
                ("action.performed", true) => (ActionStatus::Executed, 2),
                _ => (ActionStatus::Executed, 1),
            };
            assert_eq!((status, sent.len()), expected, "{place}, idempotent: {idempotent}");
            assert!(sent.windows(2).all(|two| two[0] == two[1]), "{place}: {sent:?}");
            for (_, body) in &sent {
                assert_eq!(body, r#"{"amount":20,"order":"A7"}"#);
            }
        }
    }
}
