//! The one writer: the log's chain, committed order, and what becomes of writes that go wrong (invariant 8).

use super::store_bench::{AT, Bench, add_visitor, entry, on_both, plant_empty, verified_log};
use holdpoint::domain::ids::{VisitorId, WorkspaceId};
use holdpoint::domain::log::{Actor, EventKind};
use holdpoint::store::{Change, Committed, JobKind, Location, LogDraft, Store, StoreError};
use holdpoint::system;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

/// Far more than any of it takes; a loaded test machine must not fail a test.
const AMPLE: Duration = Duration::from_mins(3);

/// A write that adds a visitor and says so.
async fn write_visitor(store: &Store, workspace: WorkspaceId, id: Uuid) -> Result<(), StoreError> {
    store
        .write(workspace, move |tx| {
            Box::pin(async move {
                add_visitor(tx, id).await?;
                let entry = LogDraft::new(EventKind::ConversationCreated, Actor::Visitor(id.into()))
                    .about("visitor", id)
                    .with("text", "hello");
                Ok(Change::Logged((), entry))
            })
        })
        .await
}

async fn has_visitor(store: &Store, workspace: WorkspaceId, id: Uuid) -> bool {
    store
        .rows(workspace)
        .visitor(VisitorId::from(id))
        .await
        .unwrap()
        .is_some()
}

fn heard(events: &mut Receiver<Arc<Committed>>) -> Vec<Arc<Committed>> {
    let mut all = Vec::new();
    loop {
        match events.try_recv() {
            Ok(event) => all.push(event),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return all,
            Err(TryRecvError::Lagged(missed)) => panic!("{missed} events were missed"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_is_gapless_and_verifies_after_thirty_two_writers_in_three_workspaces() {
    const WRITERS: usize = 32;
    const EACH: usize = 24;
    on_both(async |bench| {
        let store = bench.store().await;
        let mut workspaces = Vec::new();
        for _ in 0..3 {
            workspaces.push(plant_empty(&store).await.workspace);
        }
        let mut events = store.subscribe();
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (store, workspaces) = (store.clone(), workspaces.clone());
            writers.spawn(async move {
                for nth in 0..EACH {
                    let workspace = *workspaces.get((writer + nth) % 3).unwrap();
                    write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
                }
            });
        }
        writers.join_all().await;

        let mut by_workspace: HashMap<WorkspaceId, Vec<i64>> = HashMap::new();
        for event in heard(&mut events) {
            by_workspace
                .entry(event.header.workspace_id)
                .or_default()
                .push(event.header.seq);
        }
        let mut total = 0;
        for workspace in workspaces {
            let entries = verified_log(&store, workspace).await;
            total += usize::try_from(entries).unwrap() - 1;
            // Each event once, in the log's own order; the first entry was before the subscription.
            let expected: Vec<i64> = (2..=entries).collect();
            assert_eq!(by_workspace.get(&workspace), Some(&expected));
        }
        assert_eq!(total, WRITERS * EACH);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_is_heard_only_when_its_row_can_be_read() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        let mut events = store.subscribe();
        let mut writers = JoinSet::new();
        for _ in 0..100 {
            let store = store.clone();
            writers.spawn(async move { write_visitor(&store, workspace, Uuid::now_v7()).await });
        }
        for _ in 0..100 {
            let event = timeout(AMPLE, events.recv()).await.unwrap().unwrap();
            let visitor: Uuid = event.header.refs.get("visitor").unwrap().parse().unwrap();
            assert!(
                has_visitor(&store, workspace, visitor).await,
                "an event came before its commit"
            );
            assert!(store.rows(workspace).log_head().await.unwrap() >= event.header.seq);
        }
        writers.join_all().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_comes_after_its_event_was_sent() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        for _ in 0..20 {
            let mut events = store.subscribe();
            write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
            assert_eq!(heard(&mut events).len(), 1);
        }
    })
    .await;
}

/// Queues `writes`, in their order, behind one that holds the writer up until all of them wait, so that they share a transaction.
async fn together<T>(store: &Store, workspace: WorkspaceId, writes: Vec<impl Future<Output = T>>) -> Vec<T> {
    let (store_of_plug, begun) = (store.clone(), Arc::new(Notify::new()));
    let plugged = begun.clone();
    let (release, released) = watch::channel(false);
    let plug = tokio::spawn(async move {
        store_of_plug
            .write(workspace, move |_| {
                let (begun, mut released) = (begun.clone(), released.clone());
                Box::pin(async move {
                    begun.notify_one();
                    released.wait_for(|released| *released).await.unwrap();
                    Ok::<_, StoreError>(Change::Unlogged(()))
                })
            })
            .await
    });
    plugged.notified().await;
    let mut writes: Vec<_> = writes.into_iter().map(Box::pin).collect();
    for write in &mut writes {
        // Polled once, a write stands in the queue.
        assert!(futures::poll!(write).is_pending());
    }
    release.send(true).unwrap();
    plug.await.unwrap().unwrap();
    futures::future::join_all(writes).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_fails_is_rolled_back_alone() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        let mut events = store.subscribe();
        let ids: Vec<Uuid> = (0..9).map(|_| Uuid::now_v7()).collect();
        let runs = Arc::new(AtomicUsize::new(0));
        let writes = ids
            .iter()
            .enumerate()
            .map(|(nth, &id)| {
                let (store, runs) = (store.clone(), runs.clone());
                async move {
                    store
                        .write(workspace, move |tx| {
                            let runs = runs.clone();
                            Box::pin(async move {
                                runs.fetch_add(1, Ordering::Relaxed);
                                add_visitor(tx, id).await?;
                                match nth % 3 {
                                    0 => Ok(Change::Logged((), entry())),
                                    1 => Err(StoreError::Busy),
                                    // A row that the database refuses: this one exists.
                                    _ => add_visitor(tx, id).await.map(|()| Change::Logged((), entry())),
                                }
                            })
                        })
                        .await
                }
            })
            .collect();
        let results = together(&store, workspace, writes).await;
        for (nth, (result, &id)) in results.iter().zip(&ids).enumerate() {
            let as_expected = match nth % 3 {
                0 => result.is_ok(),
                1 => matches!(result, Err(StoreError::Busy)),
                _ => matches!(result, Err(StoreError::Duplicate(_))),
            };
            assert!(as_expected, "write {nth}: {result:?}");
            assert_eq!(has_visitor(&store, workspace, id).await, result.is_ok(), "write {nth}");
        }
        assert_eq!(
            runs.load(Ordering::Relaxed),
            9,
            "a write of its own misfortune made others run again"
        );
        assert_eq!(heard(&mut events).len(), 3);
        assert_eq!(verified_log(&store, workspace).await, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_in_a_write_ends_that_write_only() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
        let writes = ids
            .iter()
            .enumerate()
            .map(|(nth, &id)| {
                let store = store.clone();
                async move {
                    store
                        .write(workspace, move |tx| {
                            Box::pin(async move {
                                add_visitor(tx, id).await?;
                                assert!(nth != 1, "this panic belongs to the test");
                                Ok::<_, StoreError>(Change::Logged((), entry()))
                            })
                        })
                        .await
                }
            })
            .collect();
        let results = together(&store, workspace, writes).await;
        assert!(matches!(
            results.as_slice(),
            [Ok(()), Err(StoreError::Panicked), Ok(())]
        ));
        for (nth, id) in ids.into_iter().enumerate() {
            assert_eq!(has_visitor(&store, workspace, id).await, nth != 1);
        }
        assert_eq!(verified_log(&store, workspace).await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_asker_who_goes_away_does_not_stop_the_writer() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        let id = Uuid::now_v7();
        let (store_of_task, begun) = (store.clone(), Arc::new(tokio::sync::Notify::new()));
        let plugged = begun.clone();
        let task = tokio::spawn(async move {
            store_of_task
                .write(workspace, move |tx| {
                    let begun = begun.clone();
                    Box::pin(async move {
                        begun.notify_one();
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        add_visitor(tx, id).await?;
                        Ok::<_, StoreError>(Change::Logged((), entry()))
                    })
                })
                .await
        });
        plugged.notified().await;
        task.abort();
        write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
        assert!(
            has_visitor(&store, workspace, id).await,
            "what was begun is not half done"
        );
        assert_eq!(verified_log(&store, workspace).await, 3);
    })
    .await;
}

/// From now on the visitor with this id takes the whole transaction down with it, as a broken machine would.
async fn lose_the_transaction_at(bench: &Bench, id: Uuid) {
    let id = bench.uuid(id);
    let sql = if bench.is_sqlite() {
        format!(
            "CREATE TRIGGER lost BEFORE INSERT ON visitors WHEN new.id = {id} BEGIN SELECT RAISE(ROLLBACK, 'lost'); END"
        )
    } else {
        format!(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$; \
             CREATE TRIGGER lost BEFORE INSERT ON visitors FOR EACH ROW WHEN (NEW.id = {id}) EXECUTE FUNCTION lose()"
        )
    };
    bench.sql(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_the_transaction_is_lost_every_write_of_it_runs_again_alone() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        let mut events = store.subscribe();
        let ids: Vec<Uuid> = (0..6).map(|_| Uuid::now_v7()).collect();
        let fatal = *ids.get(3).unwrap();
        lose_the_transaction_at(bench, fatal).await;
        let writes = ids
            .iter()
            .map(|&id| {
                let store = store.clone();
                async move { write_visitor(&store, workspace, id).await }
            })
            .collect();
        let results = together(&store, workspace, writes).await;
        for (result, id) in results.iter().zip(ids) {
            assert_eq!(result.is_ok(), id != fatal, "{result:?}");
            assert_eq!(has_visitor(&store, workspace, id).await, id != fatal);
        }
        assert_eq!(heard(&mut events).len(), 5, "each event exactly once");
        assert_eq!(verified_log(&store, workspace).await, 6);
        // And the writer goes on.
        write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
        assert_eq!(verified_log(&store, workspace).await, 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_swallows_the_loss_of_its_transaction_leaves_nothing_behind() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        let (fatal, after) = (Uuid::now_v7(), Uuid::now_v7());
        lose_the_transaction_at(bench, fatal).await;
        let result: Result<(), StoreError> = store
            .write(workspace, move |tx| {
                Box::pin(async move {
                    let _swallowed = add_visitor(tx, fatal).await;
                    // On SQLite there is no transaction any more: outside of one, this would be kept on its own.
                    let _swallowed = add_visitor(tx, after).await;
                    Ok(Change::Logged((), entry()))
                })
            })
            .await;
        assert!(result.is_err());
        assert!(
            !has_visitor(&store, workspace, after).await,
            "a row was kept without its log entry"
        );
        assert_eq!(verified_log(&store, workspace).await, 1);
        write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
        assert_eq!(verified_log(&store, workspace).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_that_breaks_between_writes_is_replaced() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let store = bench.store().await;
    let workspace = plant_empty(&store).await.workspace;
    bench
        .rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%' || current_schema() || '%'")
        .await;
    bench
        .rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() AND query LIKE 'COMMIT%' AND state = 'idle'")
        .await;
    write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
    assert_eq!(verified_log(&store, workspace).await, 2);
}

/// Stands between the store and PostgreSQL. Once armed, it lets the next COMMIT through and loses its answer.
async fn lossy_proxy(server: String, armed: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&server).await.unwrap();
            let armed = armed.clone();
            tokio::spawn(async move {
                let (mut asked, mut answered) = ([0; 8_192], [0; 8_192]);
                loop {
                    tokio::select! {
                        read = client.read(&mut asked) => {
                            let Ok(length @ 1..) = read else { return };
                            let asked = &asked[..length];
                            server.write_all(asked).await.unwrap();
                            let commits = asked.windows(6).any(|word| word == b"COMMIT");
                            if commits && armed.swap(false, Ordering::SeqCst) {
                                // The server has carried it out when it answers; nobody hears that.
                                let _answer = server.read(&mut answered).await;
                                return;
                            }
                        }
                        read = server.read(&mut answered) => {
                            let Ok(length @ 1..) = read else { return };
                            client.write_all(&answered[..length]).await.unwrap();
                        }
                    }
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_whose_answer_is_lost_is_not_done_twice() {
    let Some(bench) = Bench::postgres().await else {
        return;
    };
    let Location::Postgres(url) = &bench.location else {
        panic!("not a server")
    };
    let (before, rest) = url.split_once('@').unwrap();
    let (server, after) = rest.split_once('/').unwrap();
    let armed = Arc::new(AtomicBool::new(false));
    let port = lossy_proxy(server.to_owned(), armed.clone()).await;
    let through_proxy = Location::Postgres(format!("{before}@127.0.0.1:{port}/{after}"));
    let store = Store::open(&through_proxy, system::sources()).await.unwrap();
    let workspace = plant_empty(&store).await.workspace;
    let mut events = store.subscribe();

    armed.store(true, Ordering::SeqCst);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let write = store.write(workspace, move |tx| {
        let runs = counted.clone();
        Box::pin(async move {
            runs.fetch_add(1, Ordering::SeqCst);
            // Another id every time: nothing but the store keeps it from being there twice.
            add_visitor(tx, Uuid::now_v7()).await?;
            Ok::<_, StoreError>(Change::Logged((), entry()))
        })
    });
    write.await.unwrap();
    assert!(!armed.load(Ordering::SeqCst), "no answer was lost");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(heard(&mut events).len(), 1);
    assert_eq!(verified_log(&store, workspace).await, 2);
    write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
    assert_eq!(verified_log(&store, workspace).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_waits_for_jobs_hears_of_a_new_one_after_its_commit() {
    on_both(async |bench| {
        let store = bench.store().await;
        let planted = plant_empty(&store).await;
        let subject = Uuid::now_v7();
        let waiting = store.clone();
        let found = tokio::spawn(async move {
            waiting.jobs_changed().notified().await;
            waiting.next_jobs(1).await.unwrap().pop().map(|job| job.subject_id)
        });
        store
            .write(planted.workspace, move |tx| {
                Box::pin(async move {
                    tx.schedule(JobKind::Draft, subject, AT).await?;
                    Ok::<_, StoreError>(Change::Unlogged(()))
                })
            })
            .await
            .unwrap();
        assert_eq!(timeout(AMPLE, found).await.unwrap().unwrap(), Some(subject));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_altered_or_missing_entry_is_found() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        for _ in 0..5 {
            write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
        }
        let of = format!("workspace_id = {}", bench.uuid(workspace));
        let forgeries = [
            format!("UPDATE log_entries SET actor = 'admin' WHERE {of} AND seq = 3"),
            format!("UPDATE log_entries SET content = '{{\"text\":\"bye\"}}' WHERE {of} AND seq = 4"),
            format!("DELETE FROM log_entries WHERE {of} AND seq = 5"),
        ];
        for (forgery, bad) in forgeries.iter().zip([3, 4, 5]).rev() {
            bench.sql(forgery).await.unwrap();
            let entries = store.rows(workspace).log_after(0, 100).await.unwrap();
            let mut verifier = holdpoint::domain::log::ChainVerifier::default();
            let broken = entries.iter().find(|entry| verifier.accept(entry).is_err());
            let found = broken.map(|entry| entry.header.seq);
            let expected = if bad == 5 { 6 } else { bad };
            assert_eq!(found, Some(expected), "{forgery}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_chain_still_verifies_after_an_erasure() {
    on_both(async |bench| {
        let store = bench.store().await;
        let workspace = plant_empty(&store).await.workspace;
        for _ in 0..3 {
            write_visitor(&store, workspace, Uuid::now_v7()).await.unwrap();
        }
        let of = format!("workspace_id = {}", bench.uuid(workspace));
        // Salt and content go together or not at all.
        let half = bench
            .sql(&format!("UPDATE log_entries SET content = NULL WHERE {of}"))
            .await;
        assert!(half.is_err());
        bench
            .sql(&format!(
                "UPDATE log_entries SET content = NULL, salt = NULL WHERE {of}"
            ))
            .await
            .unwrap();
        assert_eq!(verified_log(&store, workspace).await, 4);
    })
    .await;
}
