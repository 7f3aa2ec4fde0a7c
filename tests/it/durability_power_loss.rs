//! What was acknowledged survives power loss (invariant 10): a server is recorded while it works, and hundreds of disks are
//! built as the machine would find them if the power had gone at that moment. Each must open, keep every promise that was
//! made before, and have its log in order.

use super::durability_child::{Promise, Work, broken_promises, database, start};
use super::durability_disk::{Disk, Entry, Event, LUCK, Luck, read_record};
use super::invariants::violations;
use super::invariants_stories::Dice;
use super::store_bench::verified_log_of;
use holdpoint::store::Store;
use holdpoint::system;
use sea_orm::{ConnectionTrait, Database, Statement};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Disks that are looked at.
const DISKS: usize = 240;

/// The recorder, built with the machine's C compiler; none, with a message, where there is none.
fn recorder(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power_loss/recorder.c");
    let library = folder.join("recorder.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let built = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    match built {
        Ok(status) => {
            assert!(status.success(), "the recorder does not compile");
            Some(library)
        }
        Err(error) => {
            eprintln!("skipped: there is no C compiler ({error})");
            None
        }
    }
}

/// A folder in memory where there is one: these tests write hundreds of disks.
fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

/// Runs a child under the recorder to its end.
fn recorded(work: Work, more: &[(&str, PathBuf)]) -> Option<(TempDir, PathBuf, Vec<Entry>)> {
    let directory = TempDir::new().unwrap();
    let (folder, record) = (directory.path().join("data"), directory.path().join("record"));
    std::fs::create_dir(&folder).unwrap();
    let mut settings = vec![
        ("LD_PRELOAD", recorder(directory.path())?),
        ("HOLDPOINT_RECORD_UNDER", folder.clone()),
        ("HOLDPOINT_RECORD_TO", record.clone()),
    ];
    settings.extend_from_slice(more);
    start(&folder, work, 0, &settings).finish();
    let entries = read_record(&record);
    Some((directory, folder, entries))
}

/// What is wrong with a disk, if anything.
async fn fault(folder: &Path, promises: &[Promise]) -> Option<String> {
    let location = database(folder);
    let looked = async {
        let store = Store::open(&location, system::sources()).await?;
        let broken = broken_promises(&store, promises).await?;
        let mut faults: Vec<String> = broken.iter().map(|promise| format!("lost: {promise:?}")).collect();
        for workspace in store.workspaces().await? {
            if let Err(broken) = verified_log_of(&store, workspace.id).await? {
                faults.push(broken.to_string());
            }
        }
        store.close().await;
        Ok::<_, holdpoint::store::StoreError>(faults)
    };
    let mut faults = match looked.await {
        Ok(faults) => faults,
        Err(error) => vec![format!("it cannot be read: {error:?}")],
    };
    if faults.is_empty() && !promises.is_empty() {
        let raw = Database::connect(format!("sqlite://{}", folder.join("holdpoint.db").display()))
            .await
            .unwrap();
        // What cannot be read through cannot be asked either.
        let check = Statement::from_string(raw.get_database_backend(), "PRAGMA integrity_check");
        let whole = raw.query_all_raw(check).await.is_ok_and(|rows| {
            let said = rows.first().and_then(|row| row.try_get_by_index::<String>(0).ok());
            rows.len() == 1 && said.as_deref() == Some("ok")
        });
        if whole {
            let broken = violations(&raw).await.into_iter();
            faults.extend(broken.map(|(id, what)| format!("{what} in {id}")));
        } else {
            faults.push("the file is damaged".to_owned());
        }
        raw.close().await.unwrap();
    }
    faults.into_iter().next()
}

/// Moments at which the power goes: a third of them right after a promise, the others anywhere.
fn moments(entries: &[Entry], acks: &Path, dice: &mut Dice) -> Vec<usize> {
    let is_promise = |entry: &Entry| entry.path == acks && matches!(entry.event, Event::Written { .. });
    let promises: Vec<usize> = (1..=entries.len()).filter(|&at| is_promise(&entries[at - 1])).collect();
    assert!(promises.len() >= 50, "only {} promises were made", promises.len());
    let mut moments: Vec<usize> = (0..DISKS)
        .map(|nth| {
            if nth % 3 == 0 {
                dice.pick(&promises)
            } else {
                usize::try_from(dice.roll(entries.len() as u64 + 1)).unwrap()
            }
        })
        .collect();
    moments.sort_unstable();
    moments
}

/// Loses power at many moments of a record; the faults that were found.
async fn lose_power_again_and_again(entries: &[Entry], folder: &Path) -> Vec<String> {
    let mut dice = Dice::new(11);
    let acks = folder.join("acks");
    let mut disk = Disk::default();
    let mut followed = 0;
    let mut faults = Vec::new();
    for (nth, moment) in moments(entries, &acks, &mut dice).into_iter().enumerate() {
        for entry in &entries[followed..moment] {
            disk.follow(entry);
        }
        followed = moment;
        let promises = Promise::read(std::str::from_utf8(&disk.seen(&acks)).unwrap());
        let luck: Luck = LUCK[nth % LUCK.len()];
        let found = scratch();
        disk.lose_power(luck, &mut dice, found.path());
        if let Some(fault) = fault(found.path(), &promises).await {
            faults.push(format!(
                "power lost after entry {moment} of {}, {luck:?} of the rest kept, {} promises made: {fault}",
                entries.len(),
                promises.len()
            ));
        }
    }
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_power_loss_at_any_moment() {
    let Some((_directory, folder, entries)) = recorded(Work::Twice, &[]) else {
        return;
    };
    let faults = lose_power_again_and_again(&entries, &folder).await;
    assert!(
        faults.is_empty(),
        "{} of {DISKS} disks:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_does_not_sync_is_caught_losing_what_it_promised() {
    let unsynced = [("HOLDPOINT_RECORD_UNSYNCED", PathBuf::from("1"))];
    let Some((_directory, folder, entries)) = recorded(Work::Twice, &unsynced) else {
        return;
    };
    let faults = lose_power_again_and_again(&entries, &folder).await;
    let lost = faults.iter().filter(|fault| fault.contains("lost: ")).count();
    eprintln!(
        "without syncs {} of {DISKS} disks are found to be bad, {lost} of them because a promise was lost",
        faults.len()
    );
    assert!(lost > 0 && faults.len() > DISKS / 4, "the test would not notice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_refuses_in_words_loses_nothing_and_goes_on_when_there_is_space() {
    let flag = TempDir::new().unwrap();
    let full = [("HOLDPOINT_DISK_FULL_WHEN", flag.path().join("full"))];
    let Some((_directory, folder, _)) = recorded(Work::FullDisk, &full) else {
        return;
    };
    let promises = Promise::read(&std::fs::read_to_string(folder.join("acks")).unwrap());
    assert!(promises.len() >= 2);
    assert_eq!(fault(&folder, &promises).await, None);
}
