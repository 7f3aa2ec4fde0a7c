//! What the machine's administrator allows a workspace, and what follows beyond it. A visitor is never turned away.

use serde::{Deserialize, Serialize};

/// From so much of a limit on, owners are told.
const NEAR_PERCENT: u64 = 80;

/// How much a workspace may use. None is as much as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Conversations a month; those beyond wait for a person.
    pub conversations_a_month: Option<u64>,
    /// Answers that the LLM writes a month; beyond them it writes none.
    pub written_a_month: Option<u64>,
    /// E-mails a day; those beyond leave on the next.
    pub mails_a_day: Option<u64>,
}

/// How much a workspace has used, of its month and its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Used {
    /// Conversations that began this month and in which something was written.
    pub conversations: u64,
    /// Answers that the LLM wrote this month.
    pub written: u64,
    /// E-mails that left today.
    pub mails: u64,
}

/// One of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    /// Conversations a month.
    Conversations,
    /// Answers that the LLM writes a month.
    Written,
    /// E-mails a day.
    Mails,
}

impl Limited {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Conversations, Self::Written, Self::Mails];

    /// The code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Written => "written",
            Self::Mails => "mails",
        }
    }

    /// What is counted, and over which time.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Conversations => "conversations this month",
            Self::Written => "answers written by the LLM this month",
            Self::Mails => "e-mails today",
        }
    }

    /// What follows beyond it.
    pub const fn beyond(self) -> &'static str {
        match self {
            Self::Conversations => {
                "Nobody is turned away: in conversations beyond the limit the LLM writes nothing, and every answer waits for a person."
            }
            Self::Written => {
                "The LLM writes no more answers this month: verified answers and quotes go on, the rest waits for a person."
            }
            Self::Mails => "E-mails beyond the limit leave tomorrow.",
        }
    }
}

/// How far a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Far from it, or there is none.
    Free,
    /// At least four fifths.
    Near,
    /// All of it.
    Reached,
}

impl Level {
    /// In percent of the limit, as owners are told.
    pub const fn percent(self) -> u64 {
        match self {
            Self::Free => 0,
            Self::Near => NEAR_PERCENT,
            Self::Reached => 100,
        }
    }
}

/// One limit, and how far it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Use {
    /// Which.
    pub what: Limited,
    /// How much is allowed.
    pub limit: u64,
    /// How much is used.
    pub used: u64,
    /// How far that is.
    pub level: Level,
}

impl Use {
    /// The same in a sentence: `812 of 1000 conversations this month are used.`
    pub fn in_words(self) -> String {
        format!("{} of {} {} are used.", self.used, self.limit, self.what.in_words())
    }
}

fn level(used: u64, limit: u64) -> Level {
    if used >= limit {
        Level::Reached
    } else if u128::from(used) * 100 >= u128::from(limit) * u128::from(NEAR_PERCENT) {
        Level::Near
    } else {
        Level::Free
    }
}

impl Limits {
    /// Whether there is any.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// How much of one thing is allowed.
    pub const fn of(self, what: Limited) -> Option<u64> {
        match what {
            Limited::Conversations => self.conversations_a_month,
            Limited::Written => self.written_a_month,
            Limited::Mails => self.mails_a_day,
        }
    }

    /// Each limit that there is, with how far it is used.
    pub fn uses(self, used: Used) -> Vec<Use> {
        let one = |what| {
            let limit = self.of(what)?;
            let used = match what {
                Limited::Conversations => used.conversations,
                Limited::Written => used.written,
                Limited::Mails => used.mails,
            };
            let level = level(used, limit);
            Some(Use {
                what,
                limit,
                used,
                level,
            })
        };
        Limited::ALL.into_iter().filter_map(one).collect()
    }

    /// Whether the conversation that is the `nth` of its month (the first is 1) lies beyond the limit.
    pub fn is_beyond(self, nth: u64) -> bool {
        self.conversations_a_month.is_some_and(|limit| nth > limit)
    }

    /// Whether the LLM may write one more answer, in a conversation that is the `nth` of its month.
    pub fn may_write(self, nth: u64, written: u64) -> bool {
        !self.is_beyond(nth) && self.written_a_month.is_none_or(|limit| written < limit)
    }

    /// Whether one more e-mail may leave today.
    pub fn may_mail(self, mails: u64) -> bool {
        self.mails_a_day.is_none_or(|limit| mails < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit() -> impl Strategy<Value = Option<u64>> {
        prop::option::of(0..5_000_u64)
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (limit(), limit(), limit()).prop_map(|(conversations_a_month, written_a_month, mails_a_day)| Limits {
            conversations_a_month,
            written_a_month,
            mails_a_day,
        })
    }

    proptest! {
        #[test]
        fn without_limits_everything_is_allowed(nth in 1..u64::MAX, count in 0..u64::MAX) {
            let none = Limits::default();
            prop_assert!(!none.any() && !none.is_beyond(nth) && none.may_write(nth, count) && none.may_mail(count));
            let uses = none.uses(Used { conversations: nth, written: count, mails: count });
            prop_assert!(uses.is_empty());
        }

        #[test]
        fn exactly_as_much_is_allowed_as_the_limit_says(limits in limits()) {
            let counted = |limit: Option<u64>, allowed: &dyn Fn(u64) -> bool| {
                limit.is_none_or(|limit| (0..limit + 3).filter(|used| allowed(*used)).count() as u64 == limit)
            };
            prop_assert!(counted(limits.conversations_a_month, &|begun| !limits.is_beyond(begun + 1)));
            prop_assert!(counted(limits.mails_a_day, &|sent| limits.may_mail(sent)));
            let alone = Limits { conversations_a_month: None, ..limits };
            prop_assert!(counted(limits.written_a_month, &|written| alone.may_write(1, written)));
        }

        #[test]
        fn who_uses_more_is_never_told_less_and_whoever_may_do_no_more_was_told(limits in limits(), used in 0..6_000_u64) {
            let all = |count| Used { conversations: count, written: count, mails: count };
            for (less, more) in limits.uses(all(used)).into_iter().zip(limits.uses(all(used + 1))) {
                prop_assert!(less.level <= more.level);
                let may = match less.what {
                    Limited::Conversations => !limits.is_beyond(used + 1),
                    Limited::Written => Limits { conversations_a_month: None, ..limits }.may_write(1, used),
                    Limited::Mails => limits.may_mail(used),
                };
                prop_assert_eq!(may, less.level != Level::Reached);
                prop_assert_eq!(less.level == Level::Near, used < less.limit && used * 100 >= less.limit * 80);
            }
        }

        #[test]
        fn beyond_its_conversations_the_llm_writes_nothing_whatever_its_budget(limits in limits(), nth in 1..6_000_u64, written in 0..6_000_u64) {
            prop_assert!(!(limits.is_beyond(nth) && limits.may_write(nth, written)));
        }
    }
}
