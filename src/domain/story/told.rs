//! A story that goes wrong: made as short as it can be, and told in sentences.

use super::Act;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fmt;
use std::ops::Range;

/// What happens, one thing after the other. Printed as one reads it.
#[derive(Clone, PartialEq)]
pub(super) struct Story(pub(super) Vec<Act>);

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (act, nth) in self.0.iter().zip(1..) {
            write!(f, "\n  {nth}. {act}")?;
        }
        Ok(())
    }
}

/// With a decimal, if it matters.
fn seconds(ms: i64) -> String {
    if ms % 1_000 == 0 {
        format!("{}", ms / 1_000)
    } else {
        format!("{}.{:03}", ms / 1_000, ms % 1_000)
    }
}

fn name(member: u128) -> &'static str {
    match member {
        1 => "Mia",
        2 => "Otto",
        _ => "Ina",
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::VisitorWrites => write!(f, "the visitor writes"),
            Self::Wait(ms) => write!(f, "{} s pass", seconds(ms)),
            Self::DraftStarts => write!(f, "the AI begins a draft"),
            Self::DraftFinishes {
                nth,
                decision,
                abstains,
                quorum,
                fallback,
            } => {
                let empty = if abstains { ", empty" } else { "" };
                write!(
                    f,
                    "of the drafts under way number {nth} is finished{empty}: {}, {quorum} to approve, in vain {fallback:?}",
                    decision.in_words()
                )
            }
            Self::Looks(by) => write!(f, "{} looks at the item", name(by)),
            Self::LooksAway(by) => write!(f, "{} looks away", name(by)),
            Self::Decides {
                by,
                kind,
                behind,
                before_edit,
                may_decide,
            } => {
                write!(f, "{} decides {kind:?}", name(by))?;
                for (odd, words) in [
                    (behind > 0, " without having seen the last message"),
                    (before_edit, " without having seen the last edit"),
                    (!may_decide, ", whom the terms leave out"),
                ] {
                    f.write_str(if odd { words } else { "" })?;
                }
                Ok(())
            }
            Self::Undoes(by) => write!(f, "{} undoes", name(by)),
            Self::TakesOver(by) => write!(f, "{} takes the conversation over", name(by)),
            Self::PersonWrites(by) => write!(f, "{} writes to the visitor", name(by)),
            Self::HandsBack(by) => write!(f, "{} hands the conversation back", name(by)),
            Self::HandsOver => write!(f, "a program hands the conversation over"),
            Self::WantsPerson => write!(f, "the visitor asks for a person"),
            Self::Closes(Some(by)) => write!(f, "{} ends the conversation", name(by)),
            Self::Closes(None) => write!(f, "the visitor ends the conversation"),
            Self::Finalise => write!(f, "what was decided becomes final, if it is time"),
            Self::Expire => write!(f, "the deadline passes, if it is time"),
            Self::Recalls => write!(f, "the owner, or the AI, has not done their part, if it is time"),
            Self::MarksSpam => write!(f, "somebody marks the conversation as spam"),
            Self::ClearsSpam => write!(f, "somebody says that it is no spam"),
            Self::Restart => write!(f, "the program ends and starts again"),
        }
    }
}

/// Stories made by another strategy, shortened by leaving out ever smaller pieces.
#[derive(Debug)]
pub(super) struct Shortened<S>(pub(super) S);

impl<S: Strategy<Value = Vec<Act>>> Strategy for Shortened<S> {
    type Tree = Shortening;
    type Value = Story;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let acts = self.0.new_tree(runner)?.current();
        Ok(Shortening {
            piece: acts.len().div_ceil(2).max(1),
            acts,
            at: 0,
            left_out: None,
            shorter: false,
        })
    }
}

/// A story on its way to its shortest form.
#[derive(Debug)]
pub(super) struct Shortening {
    acts: Vec<Act>,
    /// How many acts are left out at a time.
    piece: usize,
    /// Where the next ones begin.
    at: usize,
    /// What was left out last, and where.
    left_out: Option<(usize, Vec<Act>)>,
    /// Something was left out for good since the beginning was looked at.
    shorter: bool,
}

impl ValueTree for Shortening {
    type Value = Story;

    fn current(&self) -> Story {
        Story(self.acts.clone())
    }

    fn simplify(&mut self) -> bool {
        // What was left out before was not needed for the story to go wrong.
        self.shorter |= self.left_out.take().is_some();
        if self.at >= self.acts.len() {
            if self.piece == 1 && !self.shorter {
                return false;
            }
            self.piece = self.piece.div_ceil(2);
            (self.at, self.shorter) = (0, false);
        }
        let piece: Range<usize> = self.at..(self.at + self.piece).min(self.acts.len());
        if piece.is_empty() {
            return false;
        }
        self.left_out = Some((self.at, self.acts.drain(piece).collect()));
        true
    }

    fn complicate(&mut self) -> bool {
        let Some((at, acts)) = self.left_out.take() else {
            return false;
        };
        self.at = at + acts.len();
        self.acts.splice(at..at, acts);
        true
    }
}
