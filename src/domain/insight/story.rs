//! From the rows of a conversation to what it was.

use super::period::{Day, local};
use crate::domain::answer::{AnswerMode, is_small_talk};
use crate::domain::ids::AgentId;
use crate::domain::policy::Reason;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who asks nothing more for so long after an answer, in milliseconds, is assumed to be content; and who says nothing for so long has left.
pub const QUIET_MS: i64 = 24 * 60 * 60_000;
/// Who has not come back for so long, in milliseconds, and whose answer passed a check, counts as verified.
pub const NEVER_BACK_MS: i64 = 72 * 60 * 60_000;
/// From this sentiment on a message sounds positive; from its negative down, negative. Neutral lies between.
const CLEAR_TONE: f64 = 0.25;
/// Stars from which a visitor says that it is solved, and down to which that it is not.
const CONTENT_FROM: i64 = 4;
const DISCONTENT_TO: i64 = 2;

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $code:literal, $words:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $code)] $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code of the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// As people read it.
            pub const fn in_words(self) -> &'static str {
                match self { $(Self::$variant => $words),+ }
            }

            /// The one with this code.
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == code)
            }
        }
    };
}

coded! {
    /// How the answer to a turn came to be.
    How {
        /// A verified answer, sent without a person.
        Verified = "verified", "verified answer, sent by itself";
        /// Another answer of the AI, sent without a person.
        Alone = "alone", "AI, sent by itself";
        /// The AI's draft, which a person approved.
        Approved = "approved", "AI, approved by a person";
        /// The AI's draft, which a person changed.
        Edited = "edited", "AI, edited by a person";
        /// A person.
        Person = "person", "person";
    }
}

impl How {
    /// Nobody looked at it before it went out.
    pub const fn is_unattended(self) -> bool {
        matches!(self, Self::Verified | Self::Alone)
    }
}

coded! {
    /// Why the AI gave up.
    HandoffCode {
        /// The visitor asked for a person.
        CustomerRequest = "customer_request", "the visitor asked for a person";
        /// Nothing in the knowledge answers it.
        MissingKnowledge = "missing_knowledge", "nothing in the knowledge answers it";
        /// The draft was not good or not sure enough.
        LowConfidence = "low_confidence", "the draft was not good enough";
        /// A sensitive topic, or somebody in distress.
        Sensitive = "sensitive", "a sensitive matter";
        /// A rule of the owner's, or one that is built in.
        Policy = "policy", "a rule";
        /// Something that was to be done failed.
        ToolFailure = "tool_failure", "an action failed";
        /// The visitor is angry.
        NegativeSentiment = "negative_sentiment", "the visitor sounded angry";
        /// Nobody decided in time.
        Timeout = "timeout", "nobody decided in time";
        /// The engine did not do what it was asked for.
        EngineUnavailable = "engine_unavailable", "the AI engine was not available";
    }
}

impl HandoffCode {
    /// The code of a reason.
    pub const fn of(reason: Reason) -> Self {
        match reason {
            Reason::CustomerRequest => Self::CustomerRequest,
            Reason::MissingKnowledge => Self::MissingKnowledge,
            Reason::EngineUnavailable
            | Reason::EngineOverloaded
            | Reason::EngineDeadline
            | Reason::PromptTooLong
            | Reason::UnusableAnswer => Self::EngineUnavailable,
            Reason::Timeout => Self::Timeout,
            Reason::Sensitive | Reason::Distress => Self::Sensitive,
            Reason::NegativeSentiment => Self::NegativeSentiment,
            Reason::OwnerRule
            | Reason::Injection
            | Reason::OtherLanguage
            | Reason::PersonalData
            | Reason::HandedOver
            | Reason::BudgetSpent
            | Reason::OverLimit
            | Reason::TopicsUnknown => Self::Policy,
            Reason::GateClosed
            | Reason::Unsupported
            | Reason::UnfitModel
            | Reason::InConflict
            | Reason::AlreadyHeld
            | Reason::Rejected
            | Reason::NotReleased
            | Reason::LowConfidence
            | Reason::NotCertified
            | Reason::CertificateExpired
            | Reason::Fresh
            | Reason::TopicAboveLimit
            | Reason::Unsampled => Self::LowConfidence,
        }
    }

    /// The one code of several reasons: the one that stands first in the list of codes, which goes from what the visitor wants to what failed.
    pub fn of_all(reasons: &[Reason]) -> Self {
        let codes = reasons.iter().map(|reason| Self::of(*reason));
        codes.min().unwrap_or(Self::Policy)
    }
}

coded! {
    /// How it is known that a visitor was helped. Each conversation counts once, as the strongest.
    Resolution {
        /// The visitor said so, with four or five stars.
        Confirmed = "confirmed", "the visitor said so";
        /// They did not come back for three days, and a person found the AI's answer acceptable.
        Verified = "verified", "a check passed, and they did not come back";
        /// They asked nothing more for a day after an answer.
        Assumed = "assumed", "they asked nothing more";
    }
}

coded! {
    /// Who helped the visitor.
    ResolvedBy {
        /// The AI, with nobody looking at it before.
        Ai = "ai", "the AI by itself";
        /// The AI, with a person who approved or edited.
        Reviewed = "reviewed", "the AI with a person’s approval";
        /// A person wrote at least one of the answers.
        Person = "person", "a person";
    }
}

coded! {
    /// How a message sounds.
    Tone {
        /// Bad.
        Negative = "negative", "negative";
        /// Neither.
        Neutral = "neutral", "neutral";
        /// Good.
        Positive = "positive", "positive";
    }
}

impl Tone {
    /// Of a sentiment from -1 to 1.
    pub const fn of(sentiment: f64) -> Self {
        if sentiment <= -CLEAR_TONE {
            Self::Negative
        } else if sentiment >= CLEAR_TONE {
            Self::Positive
        } else {
            Self::Neutral
        }
    }
}

coded! {
    /// Where a visitor left.
    Left {
        /// They opened the chat and wrote nothing.
        BeforeWriting = "before_writing", "before writing anything";
        /// Before the AI had an answer.
        BeforeAnswer = "before_answer", "before there was an answer";
        /// While somebody was checking the draft.
        WaitingForCheck = "waiting_for_check", "while a draft was being checked";
        /// While they waited for a person.
        WaitingForPerson = "waiting_for_person", "while waiting for a person";
        /// The answer came when they were gone.
        AnswerUnseen = "answer_unseen", "the answer came too late to be seen";
        /// It is not answered here.
        AfterRefusal = "after_refusal", "after being told that this is not answered here";
        /// After an answer.
        AfterAnswer = "after_answer", "after an answer";
        /// They asked nothing.
        NoQuestion = "no_question", "without asking anything";
    }
}

/// What answered a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// How it came to be.
    pub how: How,
    /// When it was said.
    pub at: Timestamp,
    /// When the visitor's widget had shown it; none if it never did.
    pub delivered_at: Option<Timestamp>,
    /// It was sent by e-mail.
    pub is_mailed: bool,
}

/// A turn as its rows tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnTold {
    /// When it began.
    pub opened_at: Timestamp,
    /// When the visitor wrote last in it.
    pub last_at: Timestamp,
    /// Where it stands.
    pub state: TurnState,
    /// What was asked.
    pub text: String,
    /// The visitor tries to give the AI orders.
    pub is_abuse: bool,
    /// The visitor asks for a person in so many words.
    pub wants_person: bool,
    /// -1 (very bad) to 1 (very good).
    pub sentiment: f64,
    /// Language, ISO 639-1; none where it is too short to tell.
    pub language: Option<String>,
    /// Mode of the newest draft; none where the AI did not draft.
    pub mode: Option<AnswerMode>,
    /// The policy refused it.
    pub is_refused: bool,
    /// What answered it: the first text of the AI or of a person in it.
    pub answer: Option<Answered>,
    /// Why the AI gave up, if it did.
    pub handed_off: Option<Vec<Reason>>,
    /// What a person said of the text that went out: acceptable or not; none where nobody judged, or it is not to be told yet.
    pub was_good: Option<bool>,
    /// The cluster of its question.
    pub cluster: Option<String>,
}

impl TurnTold {
    /// Whether something is asked: no small talk, no orders to the AI, and not just a wish for a person.
    pub fn is_question(&self) -> bool {
        !self.is_abuse && !self.wants_person && !self.text.trim().is_empty() && !is_small_talk(&self.text)
    }

    fn is_seen(&self) -> bool {
        let seen = |answer: Answered| answer.delivered_at.is_some() || answer.is_mailed;
        self.answer.is_some_and(seen)
    }
}

/// A conversation as its rows tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Its agent.
    pub agent_id: AgentId,
    /// Number of the agent version that drafted last; 0 where none did.
    pub version: i64,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// It counts as spam.
    pub is_spam: bool,
    /// Its turns, in order.
    pub turns: Vec<TurnTold>,
    /// When the first text of the AI was delivered; none if there is none, or it was not.
    pub ai_delivered_at: Option<Timestamp>,
    /// The same of a person's.
    pub person_delivered_at: Option<Timestamp>,
    /// A person took it over.
    pub is_taken_over: bool,
    /// When anybody said something last.
    pub last_at: Timestamp,
    /// The visitor's rating, 1 to 5.
    pub stars: Option<i64>,
}

/// What a conversation was: everything that figures count of it. Stored; every field has a default, so that what an older version wrote stays readable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub struct Insight {
    /// The day on which it began, in the workspace's time zone.
    pub day: Day,
    /// Its agent.
    pub agent_id: AgentId,
    /// Number of the agent version that drafted last; 0 where none did.
    #[serde(default)]
    pub version: i64,
    /// When it began.
    pub began_at: Timestamp,
    /// It counts as spam; nothing else of it is counted then.
    #[serde(default)]
    pub is_spam: bool,
    /// The visitor wrote something.
    #[serde(default)]
    pub has_written: bool,
    /// Turns with a question.
    #[serde(default)]
    pub questions: u32,
    /// The AI attempted an answer to one of them.
    #[serde(default)]
    pub is_attempted: bool,
    /// Questions whose draft rests on knowledge.
    #[serde(default)]
    pub matched: u32,
    /// Turns that were answered, by how.
    #[serde(default)]
    pub answers: BTreeMap<How, u32>,
    /// Why the AI gave up first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<HandoffCode>,
    /// A person took it over.
    #[serde(default)]
    pub is_taken_over: bool,
    /// How it is known that the visitor was helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Who answered the questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<ResolvedBy>,
    /// It was assumed to be over, and they asked on.
    #[serde(default)]
    pub is_reopened: bool,
    /// From the visitor's first message to the first text of the AI that was delivered, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ai_ms: Option<i64>,
    /// The same to the first text of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_person_ms: Option<i64>,
    /// The visitor's rating, 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<i64>,
    /// Turns by how they sound.
    #[serde(default)]
    pub tones: BTreeMap<Tone, u32>,
    /// Turns by hour of the week, 0 (Monday from midnight) to 167.
    #[serde(default)]
    pub hours: BTreeMap<u8, u32>,
    /// Questions by cluster.
    #[serde(default)]
    pub clusters: BTreeMap<String, u32>,
    /// Language of the first turn that tells; ISO 639-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Where the visitor left; none while they may still be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// When time alone changes it next; none if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

impl Insight {
    /// What a conversation was until now.
    pub fn of(story: &Story, zone: &TimeZone, now: Timestamp) -> Self {
        let turns = &story.turns;
        let asked: Vec<&TurnTold> = turns.iter().filter(|turn| turn.is_question()).collect();
        let attempts = |turn: &&&TurnTold| turn.mode.is_some_and(|mode| mode != AnswerMode::Abstain);
        let matched = asked.iter().filter(attempts).count();
        let first_at = turns.first().map(|turn| turn.opened_at);
        let waited = |until: Option<Timestamp>| Some(until?.ms_since(first_at?));
        let handoff = turns.iter().find_map(|turn| turn.handed_off.as_deref());
        let resolved = Resolved::of(story, &asked, now);
        let left = Departure::of(story, &asked, now);
        let mut insight = Self {
            day: Day::of(story.began_at, zone),
            agent_id: story.agent_id,
            version: story.version,
            began_at: story.began_at,
            is_spam: story.is_spam,
            has_written: !turns.is_empty(),
            questions: count(asked.len()),
            is_attempted: matched > 0,
            matched: count(matched),
            answers: BTreeMap::new(),
            handoff: handoff.map(HandoffCode::of_all),
            is_taken_over: story.is_taken_over,
            resolution: resolved.how,
            resolved_by: resolved.how.and_then(|_| by_whom(&asked)),
            is_reopened: is_reopened(&asked),
            first_ai_ms: waited(story.ai_delivered_at),
            first_person_ms: waited(story.person_delivered_at),
            stars: story.stars,
            tones: BTreeMap::new(),
            hours: BTreeMap::new(),
            clusters: BTreeMap::new(),
            language: turns.iter().find_map(|turn| turn.language.clone()),
            left: left.stage,
            due_at: earlier(resolved.due_at, left.due_at),
        };
        for turn in turns {
            *insight.tones.entry(Tone::of(turn.sentiment)).or_default() += 1;
            *insight.hours.entry(hour_of_week(turn.opened_at, zone)).or_default() += 1;
            if let Some(answer) = turn.answer {
                *insight.answers.entry(answer.how).or_default() += 1;
            }
        }
        for turn in &asked {
            if let Some(cluster) = &turn.cluster {
                *insight.clusters.entry(cluster.clone()).or_default() += 1;
            }
        }
        insight
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Hour of the week, 0 to 167, by the clocks of the place.
fn hour_of_week(at: Timestamp, zone: &TimeZone) -> u8 {
    let local = local(at, zone);
    let day = u8::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
    day * 24 + u8::try_from(local.hour()).unwrap_or_default()
}

struct Resolved {
    how: Option<Resolution>,
    due_at: Option<Timestamp>,
}

impl Resolved {
    const NONE: Self = Self {
        how: None,
        due_at: None,
    };

    fn of(story: &Story, asked: &[&TurnTold], now: Timestamp) -> Self {
        let Some((last, answer)) = asked.last().and_then(|turn| Some((turn, turn.answer?))) else {
            return Self::NONE;
        };
        if !last.is_seen() || story.stars.is_some_and(|stars| stars <= DISCONTENT_TO) {
            return Self::NONE;
        }
        if story.stars.is_some_and(|stars| stars >= CONTENT_FROM) {
            return Self {
                how: Some(Resolution::Confirmed),
                due_at: None,
            };
        }
        let last_word = story.turns.last().map_or(answer.at, |turn| turn.last_at);
        let quiet_since = answer.at.max(last_word);
        let (assumed_at, verified_at) = (quiet_since.plus_ms(QUIET_MS), quiet_since.plus_ms(NEVER_BACK_MS));
        let judged = || asked.iter().filter_map(|turn| turn.was_good);
        let passes = judged().next().is_some() && judged().all(|is_good| is_good);
        match (now >= assumed_at, passes) {
            (false, _) => Self {
                how: None,
                due_at: Some(assumed_at),
            },
            (true, true) if now >= verified_at => Self {
                how: Some(Resolution::Verified),
                due_at: None,
            },
            (true, passes) => Self {
                how: Some(Resolution::Assumed),
                due_at: passes.then_some(verified_at),
            },
        }
    }
}

/// A question came more than a day after the one before it was answered.
fn is_reopened(asked: &[&TurnTold]) -> bool {
    let pairs = asked.iter().zip(asked.iter().skip(1));
    pairs.into_iter().any(|(before, after)| {
        let answered_at = before.answer.map(|answer| answer.at);
        answered_at.is_some_and(|at| after.opened_at >= at.plus_ms(QUIET_MS))
    })
}

fn by_whom(asked: &[&TurnTold]) -> Option<ResolvedBy> {
    let answers = || asked.iter().filter_map(|turn| turn.answer);
    answers().next()?;
    if answers().any(|answer| answer.how == How::Person) {
        return Some(ResolvedBy::Person);
    }
    let is_alone = answers().all(|answer| answer.how.is_unattended());
    Some(if is_alone { ResolvedBy::Ai } else { ResolvedBy::Reviewed })
}

struct Departure {
    stage: Option<Left>,
    due_at: Option<Timestamp>,
}

impl Departure {
    fn of(story: &Story, asked: &[&TurnTold], now: Timestamp) -> Self {
        let gone_at = story.last_at.plus_ms(QUIET_MS);
        if story.closed_at.is_none() && now < gone_at {
            return Self {
                stage: None,
                due_at: Some(gone_at),
            };
        }
        let stage = match (story.turns.last(), asked.last()) {
            (None, _) => Left::BeforeWriting,
            (Some(_), Some(question)) => of_question(question),
            (Some(turn), None) => match turn.state {
                TurnState::Waiting => Left::WaitingForPerson,
                _ => Left::NoQuestion,
            },
        };
        Self {
            stage: Some(stage),
            due_at: None,
        }
    }
}

fn of_question(turn: &TurnTold) -> Left {
    if turn.answer.is_some() {
        return if turn.is_seen() {
            Left::AfterAnswer
        } else {
            Left::AnswerUnseen
        };
    }
    match turn.state {
        _ if turn.is_refused => Left::AfterRefusal,
        TurnState::Held => Left::WaitingForCheck,
        TurnState::Waiting => Left::WaitingForPerson,
        TurnState::Collecting | TurnState::Answered => Left::BeforeAnswer,
    }
}
