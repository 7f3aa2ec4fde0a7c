//! What an owner sets for a workspace and an agent. Stored as JSON; every field has a default, so that old rows stay readable.

use super::answer::AnswerMode;
use super::limits::Limits;
use super::model_ref::{InvalidModelRef, ModelRef};
use super::money::Currency;
use super::persona::{self, PersonaError, Tone};
use super::report::ReportSettings;
use super::team::TeamSettings;
use crate::stats::statement::{Method, Rules};
use crate::stats::threshold::Spending;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Settings of a workspace. Only ever read from where they are stored: one that this version no longer knows is passed over, because
/// nothing of a workspace can be opened without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// How long a decision can be undone, in milliseconds.
    pub undo_ms: i64,
    /// How long a draft may wait for a person before the visitor is handed off, in milliseconds. It is never approved by that.
    pub hold_ms: i64,
    /// How soon a person should answer a handoff, in milliseconds; afterwards the queue shows it as late.
    pub handoff_ms: i64,
    /// After how long without a word a conversation in which nothing is open is over, in milliseconds.
    pub close_after_ms: i64,
    /// What the visitor reads when a person has to answer (author `system`).
    pub waiting_text: String,
    /// What the visitor reads when something is not answered here (author `system`).
    pub refused_text: String,
    /// What the visitor reads when the check takes longer (author `system`).
    pub delay_text: String,
    /// What the visitor reads when a person will answer by e-mail (author `system`).
    pub email_text: String,
    /// How the team works together.
    pub team: TeamSettings,
    /// What may go out without a person, once it is earned.
    pub autonomy: AutonomySettings,
    /// Rules for verified answers.
    pub answers: AnswerRules,
    /// What the workspace counts money in.
    pub currency: Currency,
    /// To whom, when and how reports are sent.
    pub reports: ReportSettings,
    /// What the machine's administrator allows.
    pub limits: Limits,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            undo_ms: 5_000,
            hold_ms: 15 * 60_000,
            handoff_ms: 15 * 60_000,
            close_after_ms: 24 * 60 * 60_000,
            waiting_text:
                "I would rather have a colleague answer this. They will write to you here as soon as possible."
                    .to_owned(),
            refused_text: "I am sorry, this is something we cannot help with here.".to_owned(),
            delay_text: "A colleague is still checking this. It takes a little longer than usual; you will get your answer here."
                .to_owned(),
            email_text: "A colleague has to answer this, and nobody is free right now. Leave your e-mail address, and they will \
                         write to you."
                .to_owned(),
            team: TeamSettings::default(),
            autonomy: AutonomySettings::default(),
            answers: AnswerRules::default(),
            currency: Currency::default(),
            reports: ReportSettings::default(),
            limits: Limits::default(),
        }
    }
}

/// Rules for verified answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerRules {
    /// One that is new or says something else waits until another member than its author publishes it.
    pub second_person: bool,
    /// While newer knowledge speaks against one, what is drafted from it waits for a person, whatever the gate allows.
    pub hold_conflicts: bool,
}

/// What may go out without a person, once it is earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutonomySettings {
    /// Whether a certificate opens the gate. Certificates are tested and shown either way.
    pub opens: bool,
    /// Of a thousand answers sent without a person, so many may be bad: `1..=500`.
    pub limit_permille: u32,
    /// Of a hundred, how sure a certificate and a monthly statement have to be: `80..=99`.
    pub confidence_percent: u32,
    /// How many answers the team can judge a day, those that wait for a person included: `0..=10_000`.
    pub reviews_a_day: u32,
    /// The confidence holds for all certificates ever issued together, and not for each alone.
    pub together: bool,
    /// Months are sampled evenly, and their claims rest on Clopper and Pearson's bound: wider, and no approximation. From the next month on.
    pub exact: bool,
}

impl Default for AutonomySettings {
    fn default() -> Self {
        Self {
            opens: false,
            limit_permille: 40,
            confidence_percent: 95,
            reviews_a_day: 30,
            together: false,
            exact: false,
        }
    }
}

/// Why settings of the autonomy are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AutonomyError {
    /// The limit.
    #[error(
        "the limit has to lie between 0.1 % and 50 %, 1 to 500 bad answers in a thousand; 4 % (40) is one in twenty-five"
    )]
    Limit,
    /// The confidence.
    #[error("the confidence has to lie between 80 and 99 percent; 95 is usual")]
    Confidence,
    /// The capacity.
    #[error("at most 10 000 reviews a day can be planned with")]
    Reviews,
}

impl AutonomySettings {
    /// Checks what the statistics rely on.
    ///
    /// # Errors
    /// [`AutonomyError`] with what is possible.
    pub fn check(self) -> Result<(), AutonomyError> {
        if !(1..=500).contains(&self.limit_permille) {
            return Err(AutonomyError::Limit);
        }
        if !(80..=99).contains(&self.confidence_percent) {
            return Err(AutonomyError::Confidence);
        }
        if self.reviews_a_day > 10_000 {
            return Err(AutonomyError::Reviews);
        }
        Ok(())
    }

    /// The largest share of bad answers.
    pub fn limit(self) -> f64 {
        f64::from(self.limit_permille) / 1_000.0
    }

    /// The probability with which a certificate or a statement may be wrong.
    pub fn risk(self) -> f64 {
        f64::from(100_u32.saturating_sub(self.confidence_percent)) / 100.0
    }

    /// The probability with which the certificate of an epoch may be wrong; epochs count from 1.
    pub fn risk_of(self, epoch: i64) -> f64 {
        let spending = if self.together {
            Spending::OverAll
        } else {
            Spending::PerEpoch
        };
        spending(self.risk()).risk(u32::try_from(epoch).unwrap_or(u32::MAX))
    }

    /// How a month's claim is computed.
    pub fn claim(self) -> Rules {
        Rules {
            risk: self.risk(),
            method: if self.exact {
                Method::Exact
            } else {
                Method::KornGraubard
            },
            ..Rules::default()
        }
    }
}

/// Settings of an agent version: together with its number they are immutable. Read as they are from where they are stored, where one
/// that this version does not know is passed over; from people as [`AgentInput`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentSettings {
    /// The name visitors see.
    pub name: String,
    /// The business the agent speaks for.
    pub business: String,
    /// First line in the widget.
    pub greeting: String,
    /// Questions that a visitor may begin with by a tap: at most four.
    pub starters: Vec<String>,
    /// Tells the visitor that an AI drafts the answers. On by default.
    pub disclosure: String,
    /// What the LLM is told before it writes.
    pub instructions: String,
    /// How it speaks.
    pub tone: Tone,
    /// The same in the owner's own words; told to the LLM behind its instructions.
    pub tone_words: String,
    /// Language of the widget's own texts (`en`, `de`).
    pub language: String,
    /// Which answer modes it may use; `abstain` is always allowed.
    pub modes: Vec<AnswerMode>,
    /// Use models in modes that they were not found fit for all the same: such drafts are always held, and shown as such.
    pub allow_unfit: bool,
    /// Collections of knowledge it answers from; empty means all.
    pub collections: Vec<String>,
    /// Web origins that may embed the widget, like `https://shop.example`.
    pub origins: Vec<String>,
    /// Chat models that may write, in the order of preference, each `NAME` or `NAME@ENGINE`; empty means the machine's default.
    pub chat_models: Vec<String>,
    /// `LoRA` adapter that the chat model writes with, by name.
    pub adapter: Option<String>,
    /// Measure how much likelier a composed answer is with its passages than without them. Off by default: worth its time only
    /// where the check of a chat model says that log-probabilities tell good answers from bad ones.
    pub support_signal: bool,
    /// Pages with the widget say that somebody has them open, and where, so that Live shows who is on the site. On by default; nothing of it is stored.
    pub presence: bool,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            name: "Assistant".to_owned(),
            business: String::new(),
            greeting: "Hello! What would you like to know?".to_owned(),
            starters: Vec::new(),
            disclosure: "Answers are drafted by an AI and checked by our team.".to_owned(),
            instructions: "Answer the customer's question in one or two friendly sentences.".to_owned(),
            tone: Tone::default(),
            tone_words: String::new(),
            language: "en".to_owned(),
            modes: vec![AnswerMode::Verified, AnswerMode::Quote, AnswerMode::Compose],
            allow_unfit: false,
            collections: Vec::new(),
            origins: Vec::new(),
            chat_models: Vec::new(),
            adapter: None,
            support_signal: false,
            presence: true,
        }
    }
}

/// Why an agent's settings are not accepted. Each message is a sentence for the person who wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The name of a model.
    #[error(transparent)]
    ChatModel(#[from] InvalidModelRef),
    /// A model twice.
    #[error("the list of chat models names {0:?} twice; name each model once, in the order of preference")]
    Twice(String),
    /// Too many models.
    #[error(
        "the list of chat models has {0} names, but at most {MAX_CHAT_MODELS} are tried; keep those that you prefer"
    )]
    TooMany(usize),
    /// The name of an adapter.
    #[error("the adapter {0:?} is no name; write that of its file without the ending, or leave the field out")]
    Adapter(String),
    /// How it presents itself.
    #[error(transparent)]
    Persona(#[from] PersonaError),
}

/// Chat models that are tried at most: whoever waits for an answer waits for all of them.
pub const MAX_CHAT_MODELS: usize = 8;
/// Longest name of an adapter, in characters.
const MAX_ADAPTER_CHARS: usize = 120;

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MAX_ADAPTER_CHARS
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

impl AgentSettings {
    /// Checks what the rest of the program relies on.
    ///
    /// # Errors
    /// [`SettingsError`] with what to write instead.
    pub fn check(&self) -> Result<(), SettingsError> {
        persona::check(self)?;
        if self.chat_models.len() > MAX_CHAT_MODELS {
            return Err(SettingsError::TooMany(self.chat_models.len()));
        }
        for (nth, name) in self.chat_models.iter().enumerate() {
            name.parse::<ModelRef>()?;
            if self.chat_models.iter().take(nth).any(|before| before == name) {
                return Err(SettingsError::Twice(name.clone()));
            }
        }
        match &self.adapter {
            Some(name) if !is_name(name) => Err(SettingsError::Adapter(name.clone())),
            _ => Ok(()),
        }
    }
}

/// Settings of an agent as a person or a program writes them: a field that does not exist is a mistake, not an older version's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentInput(pub AgentSettings);

impl<'de> Deserialize<'de> for AgentInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = serde_json::Map::deserialize(deserializer)?;
        // The defaults have every field there is.
        let known = serde_json::to_value(AgentSettings::default()).map_err(D::Error::custom)?;
        if let Some(unknown) = fields.keys().find(|name| known.get(name).is_none()) {
            let known: Vec<String> = known
                .as_object()
                .into_iter()
                .flat_map(|known| known.keys().map(|name| format!("`{name}`")))
                .collect();
            let known = known.join(", ");
            return Err(D::Error::custom(format!(
                "unknown field `{unknown}`, expected one of {known}"
            )));
        }
        serde_json::from_value(fields.into())
            .map(Self)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_are_sure_together_spend_no_more_than_one_that_is_sure_alone() {
        let each = AutonomySettings::default();
        let together = AutonomySettings { together: true, ..each };
        assert!((1..100).all(|epoch| each.risk_of(epoch).to_bits() == each.risk().to_bits()));
        let spent: f64 = (1..100_000).map(|epoch| together.risk_of(epoch)).sum();
        assert!(spent <= each.risk() && spent > 0.99 * each.risk(), "{spent}");
        assert_eq!(each.claim().method, Method::KornGraubard);
        assert_eq!(AutonomySettings { exact: true, ..each }.claim().method, Method::Exact);
    }

    #[test]
    fn settings_stored_by_another_version_are_read() {
        let stored = r#"{"undo_ms": 7000, "fallback": "hand_off"}"#;
        let read: Option<WorkspaceSettings> = serde_json::from_str(stored).ok();
        let expected = WorkspaceSettings {
            undo_ms: 7_000,
            ..WorkspaceSettings::default()
        };
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn an_agents_settings_stored_by_another_version_are_read() {
        let older = r#"{"name": "Nora", "origins": ["https://shop.example"]}"#;
        let newer = r#"{"name": "Nora", "origins": ["https://shop.example"], "mood": "kind"}"#;
        let expected = AgentSettings {
            name: "Nora".to_owned(),
            origins: vec!["https://shop.example".to_owned()],
            ..AgentSettings::default()
        };
        for stored in [older, newer] {
            assert_eq!(serde_json::from_str(stored).ok(), Some(expected.clone()), "{stored}");
        }
    }

    #[test]
    fn a_field_that_does_not_exist_is_a_mistake_in_what_a_person_writes() {
        let refused = serde_json::from_str::<AgentInput>(r#"{"name": "Nora", "chat_model": "big"}"#);
        let sentence = refused.map_err(|error| error.to_string()).err().unwrap_or_default();
        assert!(
            sentence.starts_with("unknown field `chat_model`, expected one of `") && sentence.contains("`chat_models`"),
            "{sentence}"
        );
        let wrong = serde_json::from_str::<AgentInput>(r#"{"chat_models": "big"}"#);
        assert!(wrong.is_err());
        let read = serde_json::from_str::<AgentInput>(r#"{"chat_models": ["big"]}"#).ok();
        assert_eq!(read.map(|input| input.0.chat_models), Some(vec!["big".to_owned()]));
    }

    #[test]
    fn settings_that_name_no_models_or_one_twice_are_refused_in_words() {
        let check = |models: &[&str], adapter: Option<&str>| {
            let settings = AgentSettings {
                chat_models: models.iter().map(|&name| name.to_owned()).collect(),
                adapter: adapter.map(str::to_owned),
                ..AgentSettings::default()
            };
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(&["big", "small@office"], Some("tone")), Ok(()));
        let refused = [
            check(&["big", ""], None),
            check(&["big", "big"], None),
            check(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], None),
            check(&[], Some("")),
        ];
        for (sentence, words) in refused.into_iter().zip(["NAME@ENGINE", "twice", "9 names", "adapter"]) {
            assert!(
                sentence.as_ref().is_err_and(|sentence| sentence.contains(words)),
                "{sentence:?}"
            );
        }
    }
}
