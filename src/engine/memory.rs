//! How much memory the system can give, and how much this process has.

use std::{fs, path::Path};

use rustix::process::{Resource, getrlimit};

/// Memory this process can get without swapping, bytes: what the machine, its container and its own limit leave;
/// `None` where none of them says.
pub(crate) fn available_bytes() -> Option<u64> {
    let of_machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|listing| kilobytes_of(&listing, "MemAvailable:"));
    [of_machine, left_in_container(), left_in_address_space()]
        .into_iter()
        .flatten()
        .min()
}

/// All memory of the machine, bytes; `None` where it does not say.
pub(crate) fn total_bytes() -> Option<u64> {
    kilobytes_of(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// Resident memory of this process, bytes; 0 where the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    of_this_process("VmRSS:").unwrap_or(0)
}

/// What the control groups of this process leave, bytes.
fn left_in_container() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    // The limit of any of the groups around it holds too.
    let folder = root.join(group);
    let around = folder.ancestors().take_while(|folder| folder.starts_with(root));
    around.filter_map(left_in_group).min()
}

/// What a control group leaves, bytes. Cached files count as left: they give way.
fn left_in_group(folder: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    // The word `max` instead of a number: there is no limit.
    let limit = number("memory.max")?;
    let cached = read("memory.stat")
        .and_then(|listing| bytes_of(&listing, "file "))
        .unwrap_or(0);
    let left = limit.saturating_add(cached).saturating_sub(number("memory.current")?);
    Some(left.min(limit))
}

/// What the limit of the address space leaves, bytes.
fn left_in_address_space() -> Option<u64> {
    let limit = getrlimit(Resource::As).current?;
    Some(limit.saturating_sub(of_this_process("VmSize:")?))
}

fn of_this_process(name: &str) -> Option<u64> {
    kilobytes_of(&fs::read_to_string("/proc/self/status").ok()?, name)
}

fn kilobytes_of(listing: &str, name: &str) -> Option<u64> {
    let line = listing.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn bytes_of(listing: &str, name: &str) -> Option<u64> {
    listing
        .lines()
        .find_map(|line| line.strip_prefix(name))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_line_is_read_in_bytes() {
        let listing = "MemTotal:       24000000 kB\nMemAvailable:   22000000 kB\n";
        assert_eq!(kilobytes_of(listing, "MemAvailable:"), Some(22_000_000 * 1024));
        assert_eq!(kilobytes_of(listing, "SwapFree:"), None);
        assert_eq!(kilobytes_of("MemAvailable: lots kB", "MemAvailable:"), None);
        assert_eq!(bytes_of("anon 5\nfile 4096\nfile_mapped 7\n", "file "), Some(4096));
    }

    #[test]
    fn this_machine_says_how_much_it_can_give() {
        assert!(available_bytes().is_some_and(|bytes| bytes > 0));
        assert!(resident_bytes() > 0);
    }

    #[test]
    fn cached_files_count_as_memory_that_is_left() {
        let group = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| fs::write(group.path().join(name), content).unwrap();
        write("memory.max", "max\n");
        assert_eq!(left_in_group(group.path()), None, "there is no limit");
        write("memory.max", "1000\n");
        write("memory.current", "700\n");
        write("memory.stat", "anon 300\nfile 400\n");
        assert_eq!(left_in_group(group.path()), Some(700));
    }
}
