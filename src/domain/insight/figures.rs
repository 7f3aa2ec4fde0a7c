//! The figures of a period, made of marks.

use super::latency::quantile;
use super::mark::Mark;
use super::story::{HandoffCode, How, Left, Resolution, ResolvedBy, Tone};
use serde::Serialize;
use std::collections::BTreeMap;

/// A part of something, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole; where it is 0 there is no share.
    pub of: u64,
}

impl Share {
    /// 0 to 1; none of nothing. A part can exceed the whole only if rows are wrong; it is told as it is.
    pub fn value(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of conversations")]
        let value = self.part as f64 / self.of as f64;
        (self.of > 0).then_some(value)
    }

    /// In percent with one digit at most, as it is shown everywhere: `81.4 %`, `100 %`; a dash where there is nothing to share. Whole tenths are rounded half up from
    /// the counts themselves, so that no two places can differ.
    pub fn in_words(self) -> String {
        if self.of == 0 {
            return "–".to_owned();
        }
        let tenths = (u128::from(self.part) * 2_000 + u128::from(self.of)) / (u128::from(self.of) * 2);
        match (tenths / 10, tenths % 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, tenth) => format!("{whole}.{tenth} %"),
        }
    }
}

/// How long visitors waited.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Waits {
    /// Conversations in which it is known.
    pub conversations: u64,
    /// Half of them waited at most so long, in seconds with two digits that count.
    pub median_s: Option<u64>,
    /// Nine in ten.
    pub p90_s: Option<u64>,
}

impl Waits {
    fn of(counts: &BTreeMap<u64, u64>) -> Self {
        Self {
            conversations: counts.values().sum(),
            median_s: quantile(counts, 0.5),
            p90_s: quantile(counts, 0.9),
        }
    }
}

/// Turns by day of the week (Monday first) and hour of the day.
pub type HeatMap = [[u64; 24]; 7];

/// What can be said of the conversations of a period. `docs/metrics.md` defines each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Conversations in which the visitor wrote, spam not among them.
    pub conversations: u64,
    /// Chats that were opened and in which nothing was written.
    pub unwritten: u64,
    /// Conversations that count as spam.
    pub spam: u64,
    /// Conversations with an attempt of the AI among those with a question.
    pub involvement: Share,
    /// Turns answered without a person among those answered.
    pub automation: Share,
    /// Questions whose draft rests on knowledge among all questions.
    pub match_rate: Share,
    /// Conversations in which the AI gave up among all: a wish for a person is no question, and is one of the reasons.
    pub handoff: Share,
    /// Four and five stars among all ratings.
    pub csat: Share,
    /// Ratings among conversations.
    pub response_rate: Share,
    /// Conversations in which the visitor was helped among those with a question, all three ways together.
    pub resolved: Share,
    /// The three ways apart.
    pub resolutions: BTreeMap<Resolution, u64>,
    /// Who helped.
    pub resolved_by: BTreeMap<ResolvedBy, u64>,
    /// Conversations in which the visitor asked on later.
    pub reopened: u64,
    /// Conversations that a person took over.
    pub taken_over: u64,
    /// Answered turns, by how.
    pub answers: BTreeMap<How, u64>,
    /// Why the AI gave up.
    pub handoff_reasons: BTreeMap<HandoffCode, u64>,
    /// Until the AI's first text was delivered.
    pub first_by_ai: Waits,
    /// Until a person's first text was delivered.
    pub first_by_person: Waits,
    /// Ratings by stars, one to five.
    pub stars: [u64; 5],
    /// Turns by how they sound.
    pub tones: BTreeMap<Tone, u64>,
    /// Conversations by language.
    pub languages: BTreeMap<String, u64>,
    /// Where visitors left.
    pub left: BTreeMap<Left, u64>,
    /// Questions by cluster.
    pub clusters: BTreeMap<String, u64>,
    /// When visitors write.
    pub hours: HeatMap,
}

impl Figures {
    /// Of sums of marks, each of them once or in parts.
    pub fn of(sums: impl IntoIterator<Item = (Mark, i64)>) -> Self {
        let mut sum = Sums::default();
        for (mark, amount) in sums {
            sum.add(mark, u64::try_from(amount).unwrap_or_default());
        }
        sum.figures()
    }
}

#[derive(Default)]
struct Sums {
    plain: BTreeMap<Mark, u64>,
    answers: BTreeMap<How, u64>,
    handoff_reasons: BTreeMap<HandoffCode, u64>,
    resolutions: BTreeMap<Resolution, u64>,
    resolved_by: BTreeMap<ResolvedBy, u64>,
    by_ai: BTreeMap<u64, u64>,
    by_person: BTreeMap<u64, u64>,
    stars: [u64; 5],
    tones: BTreeMap<Tone, u64>,
    languages: BTreeMap<String, u64>,
    left: BTreeMap<Left, u64>,
    clusters: BTreeMap<String, u64>,
    hours: HeatMap,
}

impl Sums {
    fn add(&mut self, mark: Mark, amount: u64) {
        let place = match mark {
            Mark::Answers(how) => self.answers.entry(how).or_default(),
            Mark::HandedOffFor(code) => self.handoff_reasons.entry(code).or_default(),
            Mark::Resolved(how) => self.resolutions.entry(how).or_default(),
            Mark::ResolvedBy(whom) => self.resolved_by.entry(whom).or_default(),
            Mark::FirstByAi(seconds) => self.by_ai.entry(seconds).or_default(),
            Mark::FirstByPerson(seconds) => self.by_person.entry(seconds).or_default(),
            Mark::Tone(tone) => self.tones.entry(tone).or_default(),
            Mark::Language(code) => self.languages.entry(code).or_default(),
            Mark::Left(stage) => self.left.entry(stage).or_default(),
            Mark::Cluster(id) => self.clusters.entry(id).or_default(),
            Mark::Stars(stars) => {
                let at = usize::try_from(stars - 1).unwrap_or(usize::MAX);
                return self.stars.get_mut(at).into_iter().for_each(|count| *count += amount);
            }
            Mark::Hour(hour) => {
                let (day, hour) = (usize::from(hour / 24), usize::from(hour % 24));
                let cell = self.hours.get_mut(day).and_then(|day| day.get_mut(hour));
                return cell.into_iter().for_each(|count| *count += amount);
            }
            plain => self.plain.entry(plain).or_default(),
        };
        *place += amount;
    }

    fn figures(self) -> Figures {
        let plain = |mark| self.plain.get(&mark).copied().unwrap_or_default();
        let asked = plain(Mark::Asked);
        let answered = self.answers.values().sum();
        let unattended = self.answers.iter().filter(|(how, _)| how.is_unattended());
        let rated: u64 = self.stars.iter().sum();
        let [.., four, five] = self.stars;
        let share = |part, of| Share { part, of };
        Figures {
            conversations: plain(Mark::Conversations),
            unwritten: plain(Mark::Unwritten),
            spam: plain(Mark::Spam),
            involvement: share(plain(Mark::Involved), asked),
            automation: share(unattended.map(|(_, turns)| turns).sum(), answered),
            match_rate: share(plain(Mark::Matched), plain(Mark::Questions)),
            handoff: share(plain(Mark::HandedOff), plain(Mark::Conversations)),
            csat: share(four + five, rated),
            response_rate: share(rated, plain(Mark::Conversations)),
            resolved: share(self.resolutions.values().sum(), asked),
            reopened: plain(Mark::Reopened),
            taken_over: plain(Mark::TakenOver),
            first_by_ai: Waits::of(&self.by_ai),
            first_by_person: Waits::of(&self.by_person),
            resolutions: self.resolutions,
            resolved_by: self.resolved_by,
            answers: self.answers,
            handoff_reasons: self.handoff_reasons,
            stars: self.stars,
            tones: self.tones,
            languages: self.languages,
            left: self.left,
            clusters: self.clusters,
            hours: self.hours,
        }
    }
}
