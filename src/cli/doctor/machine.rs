//! The machine: processor, memory, disk, clock, data directory.

use super::Finding;
use crate::data_dir::DataDir;
use crate::domain::time::Clock;
use crate::system::SystemClock;
use std::fs;
use std::path::Path;

/// Free memory that the server, the two default models and a few conversations need, megabytes.
const MEMORY_MB: u64 = 600;
/// Free disk space below which a shop should act, megabytes.
const DISK_MB: u64 = 500;
/// 2026-01-01: this program did not exist before.
const EARLIEST_MS: i64 = 1_767_225_600_000;

/// Instructions that the model library is built for.
#[cfg(target_arch = "x86_64")]
pub(super) fn processor() -> Finding {
    let flags = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("f16c", std::arch::is_x86_feature_detected!("f16c")),
        ("bmi2", std::arch::is_x86_feature_detected!("bmi2")),
    ];
    let missing: Vec<&str> = flags
        .iter()
        .filter(|(_, there)| !there)
        .map(|(flag, _)| *flag)
        .collect();
    if missing.is_empty() {
        return Finding::well("cpu", "the processor has the instructions the models need");
    }
    Finding::wrong(
        "cpu",
        format!(
            "the processor lacks instructions the models need: {}",
            missing.join(", ")
        ),
        "use a processor made since about 2015; in a virtual machine, set its processor type to “host”",
    )
}

/// Other processors have what they need in their base instruction set.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn processor() -> Finding {
    Finding::well(
        "cpu",
        format!(
            "the processor ({}) needs no special instructions",
            std::env::consts::ARCH
        ),
    )
}

pub(super) fn memory() -> Finding {
    let Some(available_mb) = available_memory_mb() else {
        return Finding::wrong(
            "memory",
            "the system does not tell how much memory is free",
            "run Holdpoint on Linux",
        );
    };
    let says = format!("{available_mb} MB of memory are free");
    if available_mb >= MEMORY_MB {
        return Finding::well("memory", says);
    }
    Finding::wrong(
        "memory",
        says,
        format!("close other programs or add memory until {MEMORY_MB} MB are free"),
    )
}

fn available_memory_mb() -> Option<u64> {
    let listing = fs::read_to_string("/proc/meminfo").ok()?;
    let line = listing.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

/// Space where the data directory is, or will be.
pub(super) fn disk(data_dir: &Path) -> Finding {
    let place = data_dir.ancestors().find(|place| place.exists()).unwrap_or(data_dir);
    let free_mb = match rustix::fs::statvfs(place) {
        Ok(space) => space.f_bavail.saturating_mul(space.f_frsize) / (1 << 20),
        Err(error) => {
            let says = format!("the free space of {} cannot be told ({error})", place.display());
            return Finding::wrong("disk", says, "check that the folder exists and can be read");
        }
    };
    let says = format!("{free_mb} MB are free for {}", data_dir.display());
    if free_mb >= DISK_MB {
        return Finding::well("disk", says);
    }
    Finding::wrong(
        "disk",
        says,
        "free some space, or move the data directory to a larger disk: nothing is saved on a full one",
    )
}

pub(super) fn clock() -> Finding {
    if SystemClock.now().0 >= EARLIEST_MS {
        return Finding::well("clock", "the clock is set");
    }
    Finding::wrong(
        "clock",
        "the clock shows a time before 2026, so deadlines and the log would be wrong",
        "set it, or switch network time on: timedatectl set-ntp true",
    )
}

pub(super) fn data_dir(data_dir: &DataDir) -> Finding {
    let place = data_dir.path().display();
    if !data_dir.is_prepared() {
        return Finding::wrong(
            "data",
            format!("there is no data directory at {place} yet"),
            "run `holdpoint init`, or name the right folder with --data-dir",
        );
    }
    match data_dir.open_to_others() {
        Ok(0) if may_write(data_dir.path()) => Finding::well("data", format!("{place} is private and can be written")),
        Ok(0) => Finding::wrong(
            "data",
            format!("{place} cannot be written"),
            format!("run Holdpoint as the user that owns it, or give it to this one: chown -R \"$(id -un)\" {place}"),
        ),
        Ok(_) => Finding::wrong(
            "data",
            format!("other users of this machine can look into {place}"),
            format!("close it: chmod 700 {place}"),
        ),
        Err(error) => Finding::wrong(
            "data",
            format!("{place} cannot be looked at ({error})"),
            "run Holdpoint as the user that owns it",
        ),
    }
}

fn may_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_others_can_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = DataDir::new(folder.path().join("data"));
        assert!(!data_dir(&fresh).ok);
        fresh.prepare().unwrap();
        assert_eq!(data_dir(&fresh).remedy, None);
        fs::set_permissions(fresh.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(data_dir(&fresh).remedy.unwrap().starts_with("close it: chmod 700"));
    }
}
