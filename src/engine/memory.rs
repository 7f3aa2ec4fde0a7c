//! How much memory the system can give, and how much this process has.

use std::fs;

/// Memory the system can give without swapping, bytes; `None` where it does not say.
pub(crate) fn available_bytes() -> Option<u64> {
    kilobytes_of(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// All memory of the machine, bytes; `None` where it does not say.
pub(crate) fn total_bytes() -> Option<u64> {
    kilobytes_of(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// Resident memory of this process, bytes; 0 where the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| kilobytes_of(&status, "VmRSS:"))
        .unwrap_or(0)
}

fn kilobytes_of(listing: &str, name: &str) -> Option<u64> {
    let line = listing.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
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
    }
}
