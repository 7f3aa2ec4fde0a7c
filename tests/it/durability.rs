//! What was acknowledged survives `kill -9`, and whatever was open goes on (invariant 10).

use super::durability_child::{Promise, Work, broken_promises, database, start, start_of};
use super::invariants::violations;
use super::invariants_stories::Dice;
use super::store_bench::{number, rows, verified_log};
use super::store_world::{HOLD_MS, QUIET_MS, Shop, TestClock, UNDO_MS, settle};
use holdpoint::app::{App, Caller, takeover};
use holdpoint::store::{Location, Store};
use holdpoint::system;
use sea_orm::Database;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use uuid::Uuid;

const ROUNDS: u64 = 20;
/// On a machine so slow that little happens in a round there are more of them, but not for ever.
const MOST_ROUNDS: u64 = 200;
/// Far more than any of it takes; a loaded test machine must not fail a test.
const AMPLE: Duration = Duration::from_mins(2);

fn acks(folder: &Path) -> String {
    fs::read_to_string(folder.join("acks")).unwrap_or_default()
}

/// Lets a child serve for a random moment, and kills it without warning.
fn serve_and_kill(folder: &Path, round: u64, dice: &mut Dice) {
    let before = acks(folder).len();
    let mut child = start(folder, Work::UntilKilled, round, &[]);
    let begun = Instant::now();
    while acks(folder).len() == before {
        child.assert_alive();
        if begun.elapsed() > AMPLE {
            child.fail("the child serves nobody");
        }
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(dice.roll(250)));
    child.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_kill_9_and_what_was_open_goes_on() {
    let directory = TempDir::new().unwrap();
    let folder = directory.path();
    let Location::Sqlite(file) = database(folder) else {
        panic!("not a file")
    };
    let mut dice = Dice::new(7);
    let mut interrupted = 0;
    let mut round = 0;
    loop {
        serve_and_kill(folder, round, &mut dice);
        let promises = Promise::read(&acks(folder));

        let clock = TestClock::at(start_of(round).plus_ms(12 * 3_600_000));
        let sources = system::sources_at(clock.clone());
        let store = Store::open(&database(folder), sources).await.unwrap();
        let raw = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
        let broken = broken_promises(&store, &promises).await.unwrap();
        assert_eq!(
            broken,
            [],
            "round {round}: of {} promises these were broken",
            promises.len()
        );
        assert_eq!(violations(&raw).await, [], "round {round}: half a change is there");
        for workspace in store.workspaces().await.unwrap() {
            verified_log(&store, workspace.id).await;
        }

        // Whatever was open is finished by the jobs of the server that starts next, without anybody asking.
        let open = "SELECT (SELECT count(*) FROM turns WHERE state = 'collecting') + (SELECT count(*) FROM outcomes WHERE state = 'pending') \
                    + (SELECT count(*) FROM review_items WHERE kind = 'gate' AND state = 'open')";
        interrupted += number(&raw, open).await;
        let app = App::new(store, None);
        app.start_jobs();
        settle(&app, &*clock).await;
        for ms in [QUIET_MS, UNDO_MS, HOLD_MS] {
            clock.advance(ms);
            settle(&app, &*clock).await;
        }
        assert_eq!(number(&raw, open).await, 0, "round {round}: something was forgotten");
        // Without an engine, embeddings and the comparison of what was corrected have to wait; conversations end after a day without a word, and who took one over has time to answer.
        // Evidence is looked at every hour, what was not answered two seconds after the last of all this, and figures change with time alone.
        let jobs = "SELECT count(*) FROM jobs \
                    WHERE kind NOT IN ('embed', 'replay', 'close', 'recall', 'evidence', 'gaps', 'analyse')";
        assert_eq!(number(&raw, jobs).await, 0, "round {round}");
        assert_eq!(violations(&raw).await, [], "round {round}: after going on");
        give_back_everything(&app, &raw).await;
        app.stop().await;
        app.store().close().await;
        raw.close().await.unwrap();

        round += 1;
        let (posted, decided, taken) = promises.iter().fold((0, 0, 0), |(p, d, t), promise| match promise {
            Promise::Posted(..) => (p + 1, d, t),
            Promise::Decided(_) => (p, d + 1, t),
            Promise::TakenOver(..) => (p, d, t + 1),
        });
        let kept = format!(
            "{round} kills: {posted} messages, {decided} decisions and {taken} takeovers kept; {interrupted} open things went on"
        );
        if round >= ROUNDS && posted > 100 && decided > 10 && interrupted > 10 {
            eprintln!("{kept}");
            break;
        }
        assert!(round < MOST_ROUNDS, "too little was at stake: {kept}");
    }
}

/// So that the next round's AI has conversations of its own again.
async fn give_back_everything(app: &App, raw: &sea_orm::DatabaseConnection) {
    let shop = Shop::find(app).await;
    let with_people = "SELECT id, owner_member_id FROM conversations WHERE owner = 'person'";
    for row in rows(raw, with_people).await {
        let (id, member): (Uuid, Uuid) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        let is_his = |caller: &&Caller| caller.member().unwrap().uuid() == member;
        let owner = [&shop.mia, &shop.tom].into_iter().find(is_his).unwrap();
        takeover::hand_back(app, owner, id.into()).await.unwrap();
    }
}
