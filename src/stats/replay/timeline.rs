//! In which order answers come, and in which month.

use super::Row;
use crate::stats::random::SplitMix64;

/// The answers of each month, as numbers of rows in the order in which they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// One list a month.
    pub months: Vec<Vec<usize>>,
    /// Answers before another system took over; all of them where none does.
    pub before_change: usize,
}

impl Timeline {
    /// All rows once, turns in an order of the seed's, months of about equal length; a turn is in one month whole.
    pub fn shuffled(rows: &[Row], months: usize, seed: u64) -> Self {
        let order = by_turns(rows, 0..rows.len(), seed);
        let months = months.max(1);
        let mut lived: Vec<Vec<usize>> = vec![Vec::new(); months];
        let (mut month, mut turn_before) = (0, None);
        for (at, row) in order.iter().enumerate() {
            let turn = rows.get(*row).map(|row| row.turn);
            if turn != turn_before {
                month = at * months / order.len();
            }
            turn_before = turn;
            if let Some(answers) = lived.get_mut(month) {
                answers.push(*row);
            }
        }
        Self {
            months: lived,
            before_change: order.len(),
        }
    }

    /// As many answers as the file has, of which those of the system that `is_new` marks come after the share `at` of the time and
    /// only they, all others before; each side begins anew in another order when it has run out. `None` where either side is empty.
    pub fn changing(rows: &[Row], is_new: &[bool], months: usize, at: f64, seed: u64) -> Option<Self> {
        let side =
            |wanted: bool| (0..rows.len()).filter(move |row| is_new.get(*row).copied().unwrap_or(false) == wanted);
        if side(true).next().is_none() || side(false).next().is_none() {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of the number of rows"
        )]
        let before_change = (rows.len() as f64 * at.clamp(0.0, 1.0)) as usize;
        let endless = |wanted: bool| {
            (0_u64..)
                .flat_map(move |round| by_turns(rows, side(wanted), seed.wrapping_add(round.wrapping_mul(0x9e37_79b9))))
        };
        let old = endless(false).take(before_change);
        let order: Vec<usize> = old.chain(endless(true).take(rows.len() - before_change)).collect();
        let a_month = order.len().div_ceil(months.max(1)).max(1);
        Some(Self {
            months: order.chunks(a_month).map(<[usize]>::to_vec).collect(),
            before_change,
        })
    }
}

/// These rows with their turns in a random order; rows of one turn stay together, in a random order too.
fn by_turns(rows: &[Row], wanted: impl Iterator<Item = usize>, seed: u64) -> Vec<usize> {
    let mut random = SplitMix64::new(seed);
    let turns = rows.iter().map(|row| row.turn + 1).max().unwrap_or(0);
    let place: Vec<u64> = (0..turns).map(|_| random.draw()).collect();
    let mut order: Vec<(u64, usize, u64, usize)> = wanted
        .filter_map(|row| {
            let turn = rows.get(row)?.turn;
            Some((*place.get(turn)?, turn, random.draw(), row))
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, _, _, row)| row).collect()
}
