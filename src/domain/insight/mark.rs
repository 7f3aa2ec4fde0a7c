//! Marks: under which heads a conversation is counted. The sum of a mark over conversations *is* the figure, and the conversations that carry it are those that the
//! figure opens.

use super::latency::rounded_s;
use super::story::{HandoffCode, How, Insight, Left, Resolution, ResolvedBy, Tone};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A head under which conversations are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Conversations in which the visitor wrote.
    Conversations,
    /// The visitor opened the chat and wrote nothing.
    Unwritten,
    /// It counts as spam.
    Spam,
    /// Conversations with a question.
    Asked,
    /// Conversations with a question to which the AI attempted an answer.
    Involved,
    /// Turns with a question.
    Questions,
    /// Those whose draft rests on knowledge.
    Matched,
    /// Turns that were answered, by how.
    Answers(How),
    /// Conversations in which the AI gave up.
    HandedOff,
    /// The same by why it gave up first.
    HandedOffFor(HandoffCode),
    /// Conversations that a person took over.
    TakenOver,
    /// Conversations in which the visitor was helped, by how that is known.
    Resolved(Resolution),
    /// The same by who helped.
    ResolvedBy(ResolvedBy),
    /// The visitor asked on after it was assumed to be over.
    Reopened,
    /// From the visitor's first message to the AI's first text, delivered; seconds with two digits that count.
    FirstByAi(u64),
    /// The same to a person's first text.
    FirstByPerson(u64),
    /// Ratings, by stars.
    Stars(i64),
    /// Turns, by how they sound.
    Tone(Tone),
    /// Turns, by hour of the week.
    Hour(u8),
    /// Conversations, by language.
    Language(String),
    /// Conversations, by where the visitor left.
    Left(Left),
    /// Questions, by cluster.
    Cluster(String),
}

/// What a conversation counts.
pub type Marks = BTreeMap<Mark, i64>;

impl Mark {
    /// The part before the colon, and the one after it.
    fn parts(&self) -> (&'static str, String) {
        let coded = |name, code: &str| (name, code.to_owned());
        match self {
            Self::Conversations => coded("conversations", ""),
            Self::Unwritten => coded("unwritten", ""),
            Self::Spam => coded("spam", ""),
            Self::Asked => coded("asked", ""),
            Self::Involved => coded("involved", ""),
            Self::Questions => coded("questions", ""),
            Self::Matched => coded("matched", ""),
            Self::Answers(how) => coded("answers", how.as_str()),
            Self::HandedOff => coded("handed_off", ""),
            Self::HandedOffFor(code) => coded("handed_off_for", code.as_str()),
            Self::TakenOver => coded("taken_over", ""),
            Self::Resolved(how) => coded("resolved", how.as_str()),
            Self::ResolvedBy(whom) => coded("resolved_by", whom.as_str()),
            Self::Reopened => coded("reopened", ""),
            Self::FirstByAi(seconds) => ("first_by_ai", seconds.to_string()),
            Self::FirstByPerson(seconds) => ("first_by_person", seconds.to_string()),
            Self::Stars(stars) => ("stars", stars.to_string()),
            Self::Tone(tone) => coded("tone", tone.as_str()),
            Self::Hour(hour) => ("hour", hour.to_string()),
            Self::Language(code) => coded("language", code),
            Self::Left(stage) => coded("left", stage.as_str()),
            Self::Cluster(id) => coded("cluster", id),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (name, key) if key.is_empty() => f.write_str(name),
            (name, key) => write!(f, "{name}:{key}"),
        }
    }
}

/// A text that names no mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is nothing that is counted; see docs/metrics.md for what is")]
pub struct NotAMark(String);

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let (name, key) = text.split_once(':').unwrap_or((text, ""));
        let number = || key.parse().ok();
        let mark = match (name, key.is_empty()) {
            ("conversations", true) => Some(Self::Conversations),
            ("unwritten", true) => Some(Self::Unwritten),
            ("spam", true) => Some(Self::Spam),
            ("asked", true) => Some(Self::Asked),
            ("involved", true) => Some(Self::Involved),
            ("questions", true) => Some(Self::Questions),
            ("matched", true) => Some(Self::Matched),
            ("handed_off", true) => Some(Self::HandedOff),
            ("taken_over", true) => Some(Self::TakenOver),
            ("reopened", true) => Some(Self::Reopened),
            ("answers", false) => How::parse(key).map(Self::Answers),
            ("handed_off_for", false) => HandoffCode::parse(key).map(Self::HandedOffFor),
            ("resolved", false) => Resolution::parse(key).map(Self::Resolved),
            ("resolved_by", false) => ResolvedBy::parse(key).map(Self::ResolvedBy),
            ("first_by_ai", false) => number().map(Self::FirstByAi),
            ("first_by_person", false) => number().map(Self::FirstByPerson),
            ("stars", false) => key
                .parse()
                .ok()
                .filter(|stars| (1..=5).contains(stars))
                .map(Self::Stars),
            ("tone", false) => Tone::parse(key).map(Self::Tone),
            ("hour", false) => key.parse().ok().filter(|hour| *hour < 168).map(Self::Hour),
            ("language", false) => Some(Self::Language(key.to_owned())),
            ("left", false) => Left::parse(key).map(Self::Left),
            ("cluster", false) => Some(Self::Cluster(key.to_owned())),
            _ => None,
        };
        mark.ok_or_else(|| NotAMark(text.to_owned()))
    }
}

/// Under which heads a conversation is counted, and how often.
pub fn marks(insight: &Insight) -> Marks {
    let mut marks = Marks::new();
    let mut add = |mark: Mark, amount: u32| {
        if amount > 0 {
            *marks.entry(mark).or_default() += i64::from(amount);
        }
    };
    if insight.is_spam {
        add(Mark::Spam, 1);
        return marks;
    }
    if let Some(stage) = insight.left {
        add(Mark::Left(stage), 1);
    }
    if !insight.has_written {
        add(Mark::Unwritten, 1);
        return marks;
    }
    let once = u32::from;
    add(Mark::Conversations, 1);
    add(Mark::Asked, once(insight.questions > 0));
    add(Mark::Involved, once(insight.is_attempted));
    add(Mark::Questions, insight.questions);
    add(Mark::Matched, insight.matched);
    for (how, turns) in &insight.answers {
        add(Mark::Answers(*how), *turns);
    }
    if let Some(code) = insight.handoff {
        add(Mark::HandedOff, 1);
        add(Mark::HandedOffFor(code), 1);
    }
    add(Mark::TakenOver, once(insight.is_taken_over));
    if let Some(how) = insight.resolution {
        add(Mark::Resolved(how), 1);
    }
    if let Some(whom) = insight.resolved_by {
        add(Mark::ResolvedBy(whom), 1);
    }
    add(Mark::Reopened, once(insight.is_reopened));
    if let Some(ms) = insight.first_ai_ms {
        add(Mark::FirstByAi(rounded_s(ms)), 1);
    }
    if let Some(ms) = insight.first_person_ms {
        add(Mark::FirstByPerson(rounded_s(ms)), 1);
    }
    if let Some(stars) = insight.stars {
        add(Mark::Stars(stars), 1);
    }
    for (tone, turns) in &insight.tones {
        add(Mark::Tone(*tone), *turns);
    }
    for (hour, turns) in &insight.hours {
        add(Mark::Hour(*hour), *turns);
    }
    if let Some(code) = &insight.language {
        add(Mark::Language(code.clone()), 1);
    }
    for (id, questions) in &insight.clusters {
        add(Mark::Cluster(id.clone()), *questions);
    }
    marks
}
