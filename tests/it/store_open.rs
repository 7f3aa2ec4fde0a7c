//! Opening: what is wrong with a database is said in one sentence with its remedy.

use super::store_bench::{Bench, add_visitor, entry, number, on_both, plant_empty, postgres_url};
use holdpoint::store::{Change, Location, Store, StoreError};
use holdpoint::system;
use sea_orm::Database;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

async fn open_error(location: Location) -> StoreError {
    match Store::open(&location, system::sources()).await {
        Ok(_) => panic!("{location} was opened"),
        Err(error) => error,
    }
}

async fn file_error(path: &Path) -> StoreError {
    open_error(Location::Sqlite(path.to_owned())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    on_both(async |bench| {
        drop(bench.store().await);
        let steps = bench.number("SELECT count(*) FROM seaql_migrations").await;
        bench
            .sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_from_the_future', 0)")
            .await
            .unwrap();
        let error = bench.open().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the database was written by a newer version of Holdpoint (it has the step “m9999_from_the_future”); \
             install that version again, or restore a backup made with this one"
        );
        let left = bench.number("SELECT count(*) FROM seaql_migrations").await;
        assert_eq!(left, steps + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_again_keeps_everything() {
    on_both(async |bench| {
        let (planted, visitor) = {
            let store = bench.store().await;
            let planted = plant_empty(&store).await;
            let visitor = Uuid::now_v7();
            let write = store.write(planted.workspace, move |tx| {
                Box::pin(async move {
                    add_visitor(tx, visitor).await?;
                    Ok::<_, StoreError>(Change::Logged((), entry()))
                })
            });
            write.await.unwrap();
            store.close().await;
            (planted, visitor)
        };
        let store = bench.store().await;
        assert!(
            store
                .rows(planted.workspace)
                .visitor(visitor.into())
                .await
                .unwrap()
                .is_some()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_leaves_one_file_with_everything_in_it() {
    let bench = Bench::sqlite().await;
    bench.raw.close_by_ref().await.unwrap();
    let Location::Sqlite(path) = &bench.location else {
        panic!("not a file")
    };
    let store = bench.store().await;
    plant_empty(&store).await;
    let wal = path.with_extension("db-wal");
    assert!(wal.exists());
    store.close().await;
    assert!(!wal.exists(), "the log was not written back");
    let refused: Result<(), StoreError> = store
        .write(Uuid::now_v7().into(), |_| Box::pin(async { Ok(Change::Unlogged(())) }))
        .await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_called_damaged() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("holdpoint.db");
    fs::write(&path, "this is a letter, and not a database. ".repeat(1_000)).unwrap();
    let error = file_error(&path).await;
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the database file is damaged; stop Holdpoint and restore the latest backup"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_overwritten_pages_is_called_damaged_when_they_are_read() {
    let bench = Bench::sqlite().await;
    let Location::Sqlite(path) = &bench.location else {
        panic!("not a file")
    };
    let store = bench.store().await;
    let planted = plant_empty(&store).await;
    store.close().await;
    bench.raw.close_by_ref().await.unwrap();
    let mut bytes = fs::read(path).unwrap();
    for page in bytes.chunks_mut(4_096).skip(1) {
        page.fill(0xa5);
    }
    fs::write(path, bytes).unwrap();
    let found = match bench.open().await {
        Ok(store) => store.rows(planted.workspace).workspace().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_where_no_file_can_be_is_named_with_what_to_do() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("no/such/folder/holdpoint.db");
    let in_proc = Path::new("/proc/holdpoint.db").to_owned();
    for path in [directory.path().to_owned(), missing, in_proc] {
        let error = file_error(&path).await;
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
        let sentence = error.to_string();
        assert!(
            sentence.starts_with(&format!("the database {} cannot be opened (", path.display())),
            "{sentence}"
        );
        assert!(
            sentence.ends_with("; check that the folder exists and belongs to you"),
            "{sentence}"
        );
        assert!(!sentence.contains("Error:"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_or_folder_that_may_not_be_written_is_named_with_what_to_do() {
    let bench = Bench::sqlite().await;
    let Location::Sqlite(path) = &bench.location else {
        panic!("not a file")
    };
    bench.store().await.close().await;
    bench.raw.close_by_ref().await.unwrap();
    let folder = path.parent().unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere");
        return;
    }
    let error = bench.open().await.unwrap_err();
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
    let new = file_error(&folder.join("new.db")).await;
    assert!(matches!(new, StoreError::CannotOpen { .. }), "{new:?}");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_not_there_is_named_without_its_password() {
    let url = "postgres://holdpoint:secret-word@127.0.0.1:9/nothing".to_owned();
    let error = open_error(Location::Postgres(url)).await;
    let sentence = error.to_string();
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
    assert!(!sentence.contains("secret-word"), "{sentence}");
    assert!(
        sentence.ends_with("; check that PostgreSQL runs, and its address, user and password"),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_waits_instead_of_failing() {
    let bench = Bench::sqlite().await;
    let (first, second) = (bench.store().await, bench.store().await);
    let workspaces = [
        plant_empty(&first).await.workspace,
        plant_empty(&second).await.workspace,
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for nth in 0..100 {
        let (store, workspace) = if nth % 2 == 0 {
            (first.clone(), workspaces[0])
        } else {
            (second.clone(), workspaces[1])
        };
        tasks.spawn(async move {
            store
                .write(workspace, |tx| {
                    Box::pin(async move {
                        add_visitor(tx, Uuid::now_v7()).await?;
                        Ok::<_, StoreError>(Change::Logged((), entry()))
                    })
                })
                .await
        });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
    let visitors = number(&bench.raw, "SELECT count(*) FROM visitors").await;
    assert_eq!(visitors, 102);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schemas_of_one_postgresql_do_not_see_each_other() {
    let (Some(_), Some(one), Some(other)) = (postgres_url(), Bench::postgres().await, Bench::postgres().await) else {
        return;
    };
    plant_empty(&one.store().await).await;
    assert!(other.store().await.workspaces().await.unwrap().is_empty());
    let Location::Postgres(url) = &one.location else {
        panic!("not a server")
    };
    let again = Database::connect(url).await.unwrap();
    assert_eq!(number(&again, "SELECT count(*) FROM workspaces").await, 1);
}
