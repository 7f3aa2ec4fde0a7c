//! What can happen in a story, and how stories are made up.

use crate::invariants_stories::Dice;
use std::fmt;

/// Somebody of the team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Mia,
    Otto,
    Ina,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Mia, Self::Otto, Self::Ina];
}

/// What visitors write; the policy of the stage treats each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// One person decides; at the deadline a person is called.
    Returns,
    /// The owner has released this topic: it goes out by itself.
    Hours,
    /// Two have to approve; at the deadline it goes on waiting.
    Repairs,
    /// Three have to approve; at the deadline the visitor is asked for an address.
    Refunds,
    /// At the deadline it is refused.
    Vouchers,
    /// Refused at once.
    Dogs,
    /// Nothing answers it.
    Nonsense,
    /// They ask for a person in words.
    Person,
}

impl Words {
    const ALL: [Self; 8] = [
        Self::Returns,
        Self::Hours,
        Self::Repairs,
        Self::Refunds,
        Self::Vouchers,
        Self::Dogs,
        Self::Nonsense,
        Self::Person,
    ];

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Returns => "Can I return something I bought?",
            Self::Hours => crate::app::OPENING_HOURS,
            Self::Repairs => "How long does a repair take?",
            Self::Refunds => "How long does a refund take?",
            Self::Vouchers => "Do you sell gift vouchers?",
            Self::Dogs => "Are dogs allowed in the shop?",
            Self::Nonsense => crate::app::UNANSWERABLE,
            Self::Person => "I want to talk to a human, please",
        }
    }
}

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Approve,
    Edit,
    Reject,
    Respond,
    TakeOver,
}

impl Verdict {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Reject => "reject",
            Self::Respond => "respond",
            Self::TakeOver => "take_over",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Approve => "approves",
            Self::Edit => "edits the draft",
            Self::Reject => "rejects the draft",
            Self::Respond => "answers in their own words",
            Self::TakeOver => "takes over from the queue",
        }
    }
}

/// What stands on a reviewer's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// The item as it is.
    Fresh,
    /// The item as it was when somebody last decided.
    Stale,
}

/// One thing that somebody does or that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Asks(Words),
    SendsAgain,
    WantsPerson,
    EndsChat,
    /// The widget loses its connection, and has it again.
    LosesConnection,
    /// Everything that falls due meanwhile happens.
    TimePasses(i64),
    /// What falls due happens during what follows.
    TimeRushes(i64),
    Looks(Who),
    LooksAway(Who),
    Decides(Who, Verdict, Sight),
    Undoes(Who),
    TakesOver(Who),
    Writes(Who),
    HandsBack(Who),
    Closes(Who),
    MarksSpam(Who),
    ClearsSpam(Who),
    EngineFails,
    EngineReturns,
    /// The program ends and starts again.
    Restarts,
}

impl Act {
    /// A request that somebody else's can come at the same time as.
    const fn is_asked(self) -> bool {
        !matches!(
            self,
            Self::SendsAgain
                | Self::LosesConnection
                | Self::TimePasses(_)
                | Self::TimeRushes(_)
                | Self::EngineFails
                | Self::EngineReturns
                | Self::Restarts
        )
    }

    /// May the AI answer again after this although a person had the conversation?
    pub(super) const fn ends_ownership(self) -> bool {
        matches!(self, Self::HandsBack(_) | Self::Closes(_) | Self::EndsChat)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asks(words) => write!(f, "the visitor writes “{}”", words.text()),
            Self::SendsAgain => write!(f, "the widget sends the last message again"),
            Self::WantsPerson => write!(f, "the visitor presses “Talk to a person”"),
            Self::EndsChat => write!(f, "the visitor ends the chat"),
            Self::LosesConnection => write!(f, "the widget loses its connection, and has it again"),
            Self::TimePasses(ms) => write!(f, "{} s pass, and what falls due happens", ms / 1_000),
            Self::TimeRushes(ms) => write!(
                f,
                "{} s pass, and what falls due happens during what follows",
                ms / 1_000
            ),
            Self::Looks(who) => write!(f, "{who:?} looks at the item"),
            Self::LooksAway(who) => write!(f, "{who:?} looks away"),
            Self::Decides(who, verdict, Sight::Fresh) => write!(f, "{who:?} {}", verdict.in_words()),
            Self::Decides(who, verdict, Sight::Stale) => {
                write!(f, "{who:?}, whose screen is out of date, {}", verdict.in_words())
            }
            Self::Undoes(who) => write!(f, "{who:?} undoes"),
            Self::TakesOver(who) => write!(f, "{who:?} takes the conversation over"),
            Self::Writes(who) => write!(f, "{who:?} writes to the visitor"),
            Self::HandsBack(who) => write!(f, "{who:?} hands the conversation back"),
            Self::Closes(who) => write!(f, "{who:?} ends the conversation"),
            Self::MarksSpam(who) => write!(f, "{who:?} marks the conversation as spam"),
            Self::ClearsSpam(who) => write!(f, "{who:?} says that it is no spam"),
            Self::EngineFails => write!(f, "the engine dies"),
            Self::EngineReturns => write!(f, "the engine is back"),
            Self::Restarts => write!(f, "the program ends and starts again"),
        }
    }
}

/// One step of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    One(Act),
    /// Two things at the same moment: nobody knows which comes first.
    AtOnce(Act, Act),
}

impl Step {
    pub(super) const fn acts(self) -> (Act, Option<Act>) {
        match self {
            Self::One(act) => (act, None),
            Self::AtOnce(one, other) => (one, Some(other)),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(act) => act.fmt(f),
            Self::AtOnce(one, other) => write!(f, "at the same moment {one}, and {other}"),
        }
    }
}

/// A turn ends.
pub(super) const QUIET_MS: i64 = crate::app::QUIET_MS;
/// An undo window ends.
pub(super) const UNDO_MS: i64 = crate::app::UNDO_MS;
/// A hold's deadline passes.
pub(super) const HOLD_MS: i64 = 15 * 60_000 + 1_000;
/// A lease ends.
pub(super) const LEASE_MS: i64 = 2 * 60_000 + 1_000;

/// Anything.
fn act(dice: &mut Dice, restarts: bool) -> Act {
    let who = dice.pick(&Who::ALL);
    match dice.roll(40) {
        0..=4 => Act::Asks(dice.pick(&Words::ALL)),
        5 => Act::SendsAgain,
        6 => Act::WantsPerson,
        7 => Act::EndsChat,
        8..=9 => Act::LosesConnection,
        10..=12 => Act::TimePasses(dice.pick(&[QUIET_MS, UNDO_MS, UNDO_MS, LEASE_MS, HOLD_MS])),
        13..=15 => Act::TimeRushes(dice.pick(&[QUIET_MS, QUIET_MS, UNDO_MS, UNDO_MS, HOLD_MS])),
        16..=17 => Act::Looks(who),
        18 => Act::LooksAway(who),
        19..=25 => decides(dice, who),
        26..=27 => Act::Undoes(who),
        28..=30 => Act::TakesOver(who),
        31 => Act::Writes(who),
        32..=33 => Act::HandsBack(who),
        34 => Act::Closes(who),
        35 => Act::MarksSpam(who),
        36 => Act::ClearsSpam(who),
        37 => Act::EngineFails,
        38 => Act::EngineReturns,
        _ if restarts => Act::Restarts,
        _ => Act::LosesConnection,
    }
}

fn decides(dice: &mut Dice, who: Who) -> Act {
    let verdict = match dice.roll(12) {
        0..=5 => Verdict::Approve,
        6..=7 => Verdict::Edit,
        8 => Verdict::Reject,
        9..=10 => Verdict::Respond,
        _ => Verdict::TakeOver,
    };
    let sight = if dice.roll(6) == 0 { Sight::Stale } else { Sight::Fresh };
    Act::Decides(who, verdict, sight)
}

/// Acts that make sense one after the other, so that stories get somewhere.
fn scene(dice: &mut Dice) -> Vec<Act> {
    let who = dice.pick(&Who::ALL);
    let asks = Act::Asks(dice.pick(&Words::ALL));
    match dice.roll(9) {
        0..=1 => vec![
            asks,
            Act::TimePasses(QUIET_MS),
            decides(dice, who),
            Act::TimePasses(UNDO_MS),
        ],
        // Taken back, and decided again by somebody.
        2 => {
            let first = decides(dice, who);
            let then = dice.pick(&Who::ALL);
            let second = decides(dice, then);
            let mut acts = vec![asks, Act::TimePasses(QUIET_MS), first, Act::Undoes(who), second];
            acts.push(Act::TimePasses(UNDO_MS));
            acts
        }
        // As many as there are approve one after the other: what one of them changes included.
        3..=4 => {
            let first = dice.pick(&[Verdict::Approve, Verdict::Edit]);
            let mut acts = vec![
                Act::Asks(dice.pick(&[Words::Repairs, Words::Refunds])),
                Act::TimePasses(QUIET_MS),
                Act::Decides(Who::Mia, first, Sight::Fresh),
            ];
            acts.extend([Who::Otto, Who::Ina].map(|who| Act::Decides(who, Verdict::Approve, Sight::Fresh)));
            acts.push(Act::TimePasses(UNDO_MS));
            acts
        }
        // In the middle of drafting, or of going out.
        5 => vec![
            asks,
            Act::TimeRushes(QUIET_MS),
            Act::TakesOver(who),
            Act::Writes(who),
            Act::HandsBack(who),
        ],
        6 => vec![
            asks,
            Act::TimePasses(QUIET_MS),
            Act::Decides(who, Verdict::Approve, Sight::Fresh),
            Act::TimeRushes(UNDO_MS),
            Act::TakesOver(dice.pick(&Who::ALL)),
        ],
        7 => vec![
            asks,
            Act::TimePasses(QUIET_MS),
            Act::TimePasses(HOLD_MS),
            Act::TimePasses(HOLD_MS),
        ],
        _ => vec![
            Act::MarksSpam(who),
            asks,
            Act::ClearsSpam(who),
            Act::TimePasses(QUIET_MS),
        ],
    }
}

/// A story of a few scenes, with anything in between.
pub(super) fn story(dice: &mut Dice, restarts: bool) -> Vec<Step> {
    let mut acts = Vec::new();
    for _ in 0..=dice.roll(4) {
        acts.extend(scene(dice));
    }
    for _ in 0..dice.roll(8) {
        let at = usize::try_from(dice.roll(acts.len() as u64 + 1)).unwrap();
        acts.insert(at, act(dice, restarts));
    }
    let mut steps = Vec::new();
    let mut acts = acts.into_iter().peekable();
    while let Some(one) = acts.next() {
        let together = one.is_asked() && dice.roll(8) == 0;
        match acts.next_if(|other| together && other.is_asked()) {
            Some(other) => steps.push(Step::AtOnce(one, other)),
            None => steps.push(Step::One(one)),
        }
    }
    steps
}
