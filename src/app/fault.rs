//! Loss of power at a named place: for tests that look at what is left, and in builds for tests alone.

/// Ends the process, as a loss of power would, if `HOLDPOINT_TEST_FAULT` names this place.
#[cfg(debug_assertions)]
pub(super) fn fault(place: &str) {
    if std::env::var("HOLDPOINT_TEST_FAULT").is_ok_and(|wanted| wanted == place) {
        std::process::abort();
    }
}

/// Nothing: what is built to be used knows of no such places.
#[cfg(not(debug_assertions))]
pub(super) const fn fault(_place: &str) {}
