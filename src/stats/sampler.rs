//! Which answers that went out unreviewed are looked at: fixed by a key before anybody knows how good they are.
//!
//! Strata are bands of risk ([`Bands`]); [`allocate`] divides what reviewers can do among them; [`Draw`] decides each answer
//! by a keyed hash of its place in the log, which anyone can recheck once the key is revealed ([`verify_month`]).
//! Here and in the certificates **risk grows with the danger that an answer is bad** (1 - confidence); NaN is the riskiest.

mod allocation;
mod bands;
mod draw;
mod verify;

pub use allocation::{Allocation, BandHistory, Division, allocate, allocate_held, review_budget};
pub use bands::{BAND_QUANTILES, Bands};
pub use draw::{Draw, MonthKey, Purpose, rho};
pub use verify::{DrawProblem, DrawReport, DrawRow, verify_month};

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests;
