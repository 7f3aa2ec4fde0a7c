//! What gives an attempt to command the AI away: concepts in many languages ([`classes`]), and how they stand together.
//!
//! Each rule has a weight from 0 to 1 for visitors' words and one for knowledge, where nothing should speak to an AI at all.

mod classes;
mod defiance;
mod posing;
mod secrets;

use crate::domain::screening::phrases::Patterns;
use classes::CLASSES;
use defiance::DEFIANCE;
use posing::POSING;
use secrets::SECRETS;
use std::sync::LazyLock;

/// What a rule says, for the reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trick {
    /// The rules of the AI shall not hold.
    Override,
    /// The AI shall say what it was told.
    Reveal,
    /// The AI shall be somebody else.
    Persona,
    /// Data shall go where it does not belong.
    Exfiltrate,
    /// The text speaks as if it were the system.
    Posing,
    /// The answer shall carry something in.
    Smuggle,
    /// Something is encoded, to be obeyed.
    Encoded,
    /// Program code that attacks what shows or stores it.
    Code,
}

impl Trick {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Override => "tells the AI to set its rules aside",
            Self::Reveal => "asks for what the AI was told in secret",
            Self::Persona => "gives the AI another role, without rules",
            Self::Exfiltrate => "asks for data that is not the visitor's",
            Self::Posing => "speaks as if it were the system",
            Self::Smuggle => "tells the AI what to put into its answers, or to act",
            Self::Encoded => "asks the AI to obey something encoded",
            Self::Code => "contains program code of an attack",
        }
    }
}

/// A pattern with what it says and its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) trick: Trick,
    pattern: &'static str,
    /// In a visitor's words.
    pub(super) asked: f64,
    /// In a passage of knowledge.
    pub(super) known: f64,
}

const fn rule(trick: Trick, asked: f64, known: f64, pattern: &'static str) -> Rule {
    Rule {
        trick,
        pattern,
        asked,
        known,
    }
}

/// The rules. A weight of 0.6 and more is enough by itself.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| [DEFIANCE, SECRETS, POSING].concat());

/// All patterns, in the order of [`RULES`].
pub(super) static PATTERNS: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(CLASSES, RULES.iter().map(|rule| rule.pattern)));
