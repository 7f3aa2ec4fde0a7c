//! Who gets how many tokens of the next step. Pure.

use crate::engine::wire::Priority;

/// Tokens of a step in which nobody more urgent runs, by priority: whoever comes meanwhile waits for the step to end,
/// so work that nobody waits for is done in small ones.
const STEP_TOKENS: [usize; Priority::ALL.len()] = [512, 128, 64];
/// And while others of the same urgency write: small enough that a long prompt does not keep them waiting for long.
const STEP_TOKENS_BESIDE_WRITERS: usize = 256;
/// For so many tokens of the most urgent work one may go to work that is less urgent: it slows visitors down by a
/// twentieth at most, and it never stands still.
const URGENT_PER_OTHER: usize = 16;
/// Less urgent work joins with at least this many tokens: few large shares cost less than many small ones.
const FEWEST_OTHERS: usize = 8;
/// And with at most this many, however long it had none.
const MOST_OTHERS: usize = 32;

/// What a sequence could do in the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) priority: Priority,
    /// Tokens it could use now: 1 while it writes, what is unread of its prompt before; 0 while it waits for another
    /// one to read the same.
    pub(super) tokens: usize,
    /// It writes: its caller sees every token.
    pub(super) writes: bool,
}

/// Shares out the steps.
#[derive(Debug, Default)]
pub(super) struct Planner {
    /// Tokens of urgent work since less urgent work had its share.
    owed: usize,
}

impl Planner {
    /// Tokens for each of the sequences, which come in the order in which they are to be served; together at most `most`.
    pub(super) fn plan(&mut self, wants: &[Want], most: usize) -> Vec<usize> {
        let mut given = vec![0; wants.len()];
        let able = |want: &&Want| want.tokens > 0;
        let Some(urgent) = wants.iter().filter(able).map(|want| want.priority).min() else {
            return given;
        };
        let mut room = STEP_TOKENS.get(urgent as usize).copied().unwrap_or(most).min(most);
        if wants.iter().any(|want| want.writes && want.priority == urgent) {
            room = room.min(STEP_TOKENS_BESIDE_WRITERS);
        }
        let used = share_out(wants, &mut given, |want| want.priority == urgent, room);
        room = most.saturating_sub(used);
        if wants.iter().filter(able).all(|want| want.priority == urgent) {
            self.owed = 0;
            return given;
        }
        self.owed = (self.owed + used).min(MOST_OTHERS * URGENT_PER_OTHER);
        let allowed = (self.owed / URGENT_PER_OTHER).min(room);
        if allowed >= FEWEST_OTHERS.min(room) {
            let used = share_out(wants, &mut given, |want| want.priority != urgent, allowed);
            self.owed -= used * URGENT_PER_OTHER;
        }
        given
    }
}

/// Those who write first, then the prompts in order. Returns how many tokens were given.
fn share_out(wants: &[Want], given: &mut [usize], who: impl Fn(&Want) -> bool, room: usize) -> usize {
    let mut left = room;
    for writes in [true, false] {
        for (want, given) in wants.iter().zip(given.iter_mut()) {
            if want.writes == writes && who(want) {
                *given = want.tokens.min(left);
                left -= *given;
            }
        }
    }
    room - left
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn reads(priority: Priority, tokens: usize) -> Want {
        Want {
            priority,
            tokens,
            writes: false,
        }
    }

    const fn writes(priority: Priority) -> Want {
        Want {
            priority,
            tokens: 1,
            writes: true,
        }
    }

    #[test]
    fn those_who_write_go_on_while_a_long_prompt_is_read() {
        let wants = [
            reads(Priority::Live, 1_000),
            writes(Priority::Live),
            reads(Priority::Live, 10),
        ];
        assert_eq!(Planner::default().plan(&wants, 512), [255, 1, 0]);
    }

    #[test]
    fn where_nobody_writes_prompts_are_read_in_large_steps() {
        let wants = [reads(Priority::Live, 400), reads(Priority::Live, 400)];
        assert_eq!(Planner::default().plan(&wants, 512), [400, 112]);
    }

    #[test]
    fn what_nobody_waits_for_is_done_in_small_steps() {
        assert_eq!(
            Planner::default().plan(&[reads(Priority::Evaluation, 1_000)], 256),
            [64]
        );
    }

    #[test]
    fn a_sequence_that_waits_for_another_holds_nobody_up() {
        let wants = [reads(Priority::Live, 0), reads(Priority::Evaluation, 100)];
        assert_eq!(Planner::default().plan(&wants, 256), [0, 64]);
    }

    #[test]
    fn work_that_nobody_waits_for_gets_a_seventeenth_of_the_tokens_beside_visitors_and_no_more() {
        let mut planner = Planner::default();
        let wants = [
            writes(Priority::Live),
            writes(Priority::Live),
            reads(Priority::Evaluation, 1_000_000),
        ];
        let mut sums = [0, 0, 0];
        for _ in 0..4_000 {
            for (sum, given) in sums.iter_mut().zip(planner.plan(&wants, 256)) {
                *sum += given;
            }
        }
        assert_eq!(sums, [4_000, 4_000, 496], "in shares of eight, once they are owed");
    }

    proptest! {
        #[test]
        fn no_step_is_too_long_and_nobody_gets_more_than_it_can_use(
            wants in prop::collection::vec(
                (prop::sample::select(Priority::ALL.to_vec()), 0_usize..400, any::<bool>()), 0..12,
            ),
            steps in 1_usize..20,
            most in 16_usize..512,
        ) {
            let wants: Vec<Want> = wants.into_iter()
                .map(|(priority, tokens, writes)| Want { priority, tokens: if writes { 1 } else { tokens }, writes })
                .collect();
            let mut planner = Planner::default();
            for _ in 0..steps {
                let given = planner.plan(&wants, most);
                prop_assert!(given.iter().sum::<usize>() <= most);
                prop_assert!(given.iter().zip(&wants).all(|(given, want)| *given <= want.tokens));
                // Something is done while there is something to do.
                prop_assert_eq!(given.iter().any(|given| *given > 0), wants.iter().any(|want| want.tokens > 0));
                // Whoever writes and is among the most urgent writes in every step.
                let urgent = wants.iter().filter(|want| want.tokens > 0).map(|want| want.priority).min();
                for (given, want) in given.iter().zip(&wants) {
                    prop_assert!(!want.writes || Some(want.priority) != urgent || *given == 1);
                }
            }
        }
    }
}
