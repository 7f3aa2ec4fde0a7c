//! Goals: what an owner wants visitors to reach, and which conversation what they reached counts for.
//!
//! One rule for all of them: what is reached counts for the visitor's latest conversation in which they last wrote at most [`WINDOW_MS`] before, once for each
//! goal and conversation. What a page says is unproven, because whoever opens a page can make it say anything; what the shop's own server says is
//! confirmed, and wins.

use super::ids::ConversationId;
use super::money::{Currency, MOST, NotAnAmount};
use super::page::{NotAPath, PagePath, PathPattern};
use super::text::clean;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is reached later than this after the visitor's last words counts for no conversation, in milliseconds: seven days.
pub const WINDOW_MS: i64 = 7 * 24 * 60 * 60_000;
/// Goals of a workspace that are not retired, at most.
pub const MOST_GOALS: usize = 50;
/// Longest name, in characters.
const NAME_CHARS: usize = 80;
/// Longest name of an event and longest id of an order, in characters.
const CODE_CHARS: usize = 64;

/// How it is known that a goal was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalKind {
    /// The visitor opens a page.
    Url,
    /// A page says so.
    Event,
    /// The shop's server says so.
    Api,
}

/// What reaching a goal is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    /// It is only counted.
    None,
    /// The same each time.
    Fixed,
    /// What whoever tells of it says, up to a limit.
    Given,
}

/// Who says that a goal was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversionSource {
    /// A page: unproven.
    Page,
    /// The shop's server: confirmed.
    Api,
}

/// A goal as an owner sets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// What people call it.
    pub name: String,
    /// How it is known.
    pub kind: GoalKind,
    /// A pattern of paths for [`GoalKind::Url`], the event's name for [`GoalKind::Event`], else nothing.
    #[serde(default)]
    pub on: String,
    /// What it is worth.
    #[serde(default = "worth_nothing")]
    pub worth: Worth,
    /// The worth where it is fixed, the limit where it is given: in the smallest unit of the workspace's currency.
    #[serde(default)]
    pub value: i64,
}

const fn worth_nothing() -> Worth {
    Worth::None
}

/// Why a goal is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoalError {
    /// The name.
    #[error("a goal needs a name of 1 to {NAME_CHARS} characters, like “Ordered”")]
    Name,
    /// The pattern.
    #[error("{0}; a star stands for anything, like /orders/*/thanks")]
    Path(#[from] NotAPath),
    /// The event.
    #[error("an event's name has 1 to {CODE_CHARS} letters, digits, and any of - _ . :, like purchase")]
    Event,
    /// Both.
    #[error("what the shop's server reports goes by the goal's id or name: leave out on which page or event")]
    On,
    /// A page cannot tell a value.
    #[error("opening a page tells no value; choose a fixed one, or an event that tells it")]
    NothingGiven,
    /// The value.
    #[error("a goal that is worth something needs an amount above nought and at most {MOST} of the smallest unit")]
    Value,
}

impl Goal {
    /// The goal as it is kept.
    ///
    /// # Errors
    /// [`GoalError`].
    pub fn checked(self) -> Result<Self, GoalError> {
        let name = clean(&self.name).replace(['\n', '\t'], " ");
        if name.is_empty() || name.chars().count() > NAME_CHARS {
            return Err(GoalError::Name);
        }
        let on = match self.kind {
            GoalKind::Url => PathPattern::parse(&self.on)?.as_str().to_owned(),
            GoalKind::Event => code(&self.on).ok_or(GoalError::Event)?,
            GoalKind::Api if self.on.trim().is_empty() => String::new(),
            GoalKind::Api => return Err(GoalError::On),
        };
        let value = match self.worth {
            Worth::None => 0,
            Worth::Given if self.kind == GoalKind::Url => return Err(GoalError::NothingGiven),
            Worth::Fixed | Worth::Given if (1..=MOST).contains(&self.value) => self.value,
            Worth::Fixed | Worth::Given => return Err(GoalError::Value),
        };
        Ok(Self {
            name,
            on,
            value,
            ..self
        })
    }

    /// Whether opening this page reaches it.
    pub fn is_reached_at(&self, path: &PagePath) -> bool {
        self.kind == GoalKind::Url && PathPattern::parse(&self.on).is_ok_and(|pattern| pattern.fits(path))
    }

    /// What reaching it is worth, in the smallest unit of `currency`, given what somebody says about it.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn worth_of(
        &self,
        said: Option<Said>,
        currency: Currency,
        source: ConversionSource,
    ) -> Result<Option<i64>, ClaimError> {
        match self.worth {
            Worth::None => Ok(None),
            Worth::Fixed => Ok(Some(self.value)),
            Worth::Given => {
                let Some(said) = said else {
                    return Err(ClaimError::NoValue);
                };
                if said.currency.is_some_and(|other| other != currency) {
                    return Err(ClaimError::OtherCurrency(currency));
                }
                let amount = match said.amount {
                    Amount::Number(number) => currency.nearest(number)?,
                    Amount::Minor(amount) if (0..=MOST).contains(&amount) => amount,
                    Amount::Minor(_) => return Err(ClaimError::TooMuch),
                };
                // The shop's server is believed; a page can be made to say anything.
                if source == ConversionSource::Page && amount > self.value {
                    return Err(ClaimError::TooMuch);
                }
                Ok(Some(amount))
            }
        }
    }
}

/// What is said of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// How much.
    pub amount: Amount,
    /// Of which currency; the workspace's if nothing is said.
    pub currency: Option<Currency>,
}

/// An amount as it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// As a page's script has it: 12.5.
    Number(f64),
    /// In the smallest unit.
    Minor(i64),
}

/// Why what somebody says is not counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// No value.
    #[error("this goal takes the value from whoever tells of it; send `value`")]
    NoValue,
    /// Not an amount.
    #[error(transparent)]
    Amount(#[from] NotAnAmount),
    /// Another currency.
    #[error("this workspace counts in {0}; send the value in it")]
    OtherCurrency(Currency),
    /// Above the goal's limit.
    #[error(
        "the value is above the goal's limit, so it is not counted; raise the limit, or report it from your server"
    )]
    TooMuch,
    /// The order.
    #[error("an order's id has 1 to {CODE_CHARS} letters, digits, and any of - _ . : # /")]
    Order,
}

/// An order's id as it is kept.
///
/// # Errors
/// [`ClaimError::Order`].
pub fn order_id(raw: &str) -> Result<String, ClaimError> {
    let raw = raw.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:#/".contains(c);
    if raw.is_empty() || raw.len() > CODE_CHARS || !raw.chars().all(fits) {
        return Err(ClaimError::Order);
    }
    Ok(raw.to_owned())
}

/// An event's name as it is kept; none for something that is none.
pub fn code(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    (!raw.is_empty() && raw.len() <= CODE_CHARS && raw.chars().all(fits)).then(|| raw.to_owned())
}

/// When a visitor last wrote in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastWord {
    /// When.
    pub at: Timestamp,
    /// In which conversation.
    pub conversation: ConversationId,
}

/// The conversation that something reached at `at` counts for: the latest one of the visitor's with words at most [`WINDOW_MS`] before, and none that came after.
pub fn attributed(said: &[LastWord], at: Timestamp) -> Option<ConversationId> {
    let counts = |word: &&LastWord| (0..=WINDOW_MS).contains(&at.0.saturating_sub(word.at.0));
    said.iter().filter(counts).max().map(|word| word.conversation)
}

/// What is known of a goal in a conversation, or of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Who said so.
    pub source: ConversionSource,
    /// It is about the same goal and conversation.
    pub is_same: bool,
}

/// What becomes of something that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It counts.
    New,
    /// It was counted before, on the word of a page; now it is confirmed.
    Confirmed,
    /// It was counted before.
    Before,
}

/// Whether something counts, given what counts already for the same goal and conversation, and for the same order. Never is one order counted twice, and
/// never does a page take anything from what the shop's server said.
pub const fn counted(here: Option<ConversionSource>, order: Option<Known>, source: ConversionSource) -> Counted {
    use ConversionSource::{Api, Page};
    match (here, order, source) {
        (Some(Api), ..) | (Some(Page), _, Page) => Counted::Before,
        // The order counts elsewhere, and this does not take it from there.
        (_, Some(order), _) if !order.is_same && !takes_over(order, source) => Counted::Before,
        (Some(Page), _, Api) => Counted::Confirmed,
        (None, ..) => Counted::New,
    }
}

/// Whether what counts elsewhere for the same order does not count any more once this does: a page has said so, and the shop's server knows better.
pub const fn takes_over(order: Known, source: ConversionSource) -> bool {
    !order.is_same && matches!((order.source, source), (ConversionSource::Page, ConversionSource::Api))
}

#[cfg(test)]
mod tests;
