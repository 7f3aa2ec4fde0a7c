//! From facts to a report: every word and every number that any of its forms shows.

use super::changes::{changes, next_steps, reason};
use super::chart::{Chart, Count, Data, Part, Share};
use super::facts::{DayCount, Facts, Numbers, ReportKind};
use super::roi::{Roi, reckon};
use super::settings::ReportSettings;
use super::words::{Language, counted};
use jiff::ToSpan as _;
use serde::{Deserialize, Serialize};

/// A report, as it was made. Nothing in it changes afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The language of its words.
    pub language: Language,
    /// Who it is from.
    pub sender: String,
    /// The colour of its rules.
    pub accent: String,
    /// Its title: `Quillhaven Cycles: May 2026`.
    pub title: String,
    /// The period in words.
    pub period: String,
    /// The most important thing in a sentence.
    pub headline: String,
    /// The figures.
    pub tiles: Vec<Tile>,
    /// What changed, and what happened: sentences.
    pub changes: Vec<String>,
    /// Three pictures.
    pub pictures: Vec<Chart>,
    /// What it was worth.
    pub worth: Worth,
    /// What can be said of the quality: sentences.
    pub quality: Vec<String>,
    /// What visitors asked about most, with the count of the period before.
    pub topics: Vec<(String, String, String)>,
    /// What to do next: sentences.
    pub next: Vec<String>,
    /// How it was counted: sentences.
    pub notes: Vec<String>,
    /// What it was made of.
    pub facts: Facts,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    /// Which one: `conversations`, `answers`, `automation`, `handoffs`, `resolved`, `first_answer`, `first_reply`, `satisfaction`, `leads`,
    /// `conversions`.
    pub key: String,
    /// Its name.
    pub label: String,
    /// Its value.
    pub value: String,
    /// What it is made of, in words.
    pub detail: String,
    /// Its value in the period before.
    pub before: Option<String>,
}

/// What the assistant was worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worth {
    /// The sum, where the owner has set prices.
    pub roi: Option<Roi>,
    /// What is left out of it, and why: sentences.
    pub left_out: Vec<String>,
}

/// A part of a report, in the order in which it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<'a> {
    /// A heading.
    Heading(&'static str),
    /// A sentence that stands out.
    Lead(&'a str),
    /// Sentences, one below the other.
    Sentences(Vec<&'a str>),
    /// Figures.
    Tiles(&'a [Tile]),
    /// A picture.
    Picture(&'a Chart),
    /// A table: its caption, the names of its columns, its rows. The first column is text, the others are figures.
    Table {
        /// What it shows.
        caption: &'static str,
        /// Its columns.
        columns: Vec<&'static str>,
        /// Its rows, each with as many cells.
        rows: Vec<Vec<String>>,
    },
    /// Sentences in small print.
    Notes(&'a [String]),
}

/// Makes the report.
pub fn compose(facts: Facts, settings: &ReportSettings) -> Report {
    let language = settings.language;
    let prices = settings.prices();
    let (roi, left_out) = reckon(&facts, &prices, language);
    let period = language.period(facts.span.from, facts.span.to);
    let mut said = changes(&facts, language);
    said.extend(facts.notices.iter().cloned());
    let sender = if settings.sender.is_empty() {
        facts.business.clone()
    } else {
        settings.sender.clone()
    };
    let has_prices = prices.hour_minor.is_some() || prices.conversion_minor.is_some();
    Report {
        language,
        sender,
        accent: settings.accent.clone(),
        title: format!("{}: {period}", facts.business),
        headline: headline(&facts, &period, language),
        tiles: tiles(&facts, language),
        changes: said,
        pictures: pictures(&facts, language),
        worth: Worth { roi, left_out },
        quality: facts.quality.clone(),
        topics: facts
            .topics
            .iter()
            .map(|topic| {
                let before = topic.before.map_or_else(|| "–".to_owned(), counted);
                (topic.name.clone(), counted(topic.now), before)
            })
            .collect(),
        next: next_steps(&facts, has_prices, language),
        notes: notes(&facts, language),
        period,
        facts,
    }
}

impl Report {
    /// Its parts in the order in which they are read.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        let pick = |english, german| match self.language {
            Language::English => english,
            Language::German => german,
        };
        let mut blocks = vec![
            Block::Lead(&self.headline),
            Block::Tiles(&self.tiles),
            Block::Heading(pick("What changed", "Was sich verändert hat")),
            Block::Sentences(self.changes.iter().map(String::as_str).collect()),
        ];
        blocks.extend(self.pictures.iter().map(Block::Picture));
        blocks.push(Block::Heading(pick("What it was worth", "Was es wert war")));
        blocks.extend(self.worth_blocks(pick));
        blocks.push(Block::Heading(pick(
            "How good the answers were",
            "Wie gut die Antworten waren",
        )));
        blocks.push(Block::Sentences(self.quality.iter().map(String::as_str).collect()));
        if !self.topics.is_empty() {
            blocks.push(Block::Heading(pick(
                "What visitors asked about",
                "Wonach Besucher fragten",
            )));
            blocks.push(Block::Table {
                caption: pick("Topics", "Themen"),
                columns: vec![
                    pick("Topic", "Thema"),
                    pick("Questions", "Fragen"),
                    pick("Before", "Davor"),
                ],
                rows: self
                    .topics
                    .iter()
                    .map(|(name, now, before)| vec![name.clone(), now.clone(), before.clone()])
                    .collect(),
            });
        }
        blocks.push(Block::Heading(pick("Next steps", "Nächste Schritte")));
        blocks.push(Block::Sentences(self.next.iter().map(String::as_str).collect()));
        blocks.push(Block::Notes(&self.notes));
        blocks
    }

    fn worth_blocks(&self, pick: impl Fn(&'static str, &'static str) -> &'static str) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut said: Vec<&str> = Vec::new();
        if let Some(roi) = &self.worth.roi {
            let words = |money: super::money::Money| money.in_words(self.language);
            let mut rows: Vec<Vec<String>> = roi
                .terms
                .iter()
                .map(|term| {
                    let name = format!("{}: {}", term.label, term.says);
                    vec![name, words(term.amount), words(term.halved)]
                })
                .collect();
            rows.push(vec![
                pick("Together", "Zusammen").to_owned(),
                words(roi.total),
                words(roi.halved),
            ]);
            blocks.push(Block::Table {
                caption: pick("The sum", "Die Rechnung"),
                columns: vec![
                    pick("What", "Was"),
                    pick("Amount", "Betrag"),
                    pick("If wrong by half", "Bei halbem Wert"),
                ],
                rows,
            });
            said.extend(roi.says.iter().map(String::as_str));
        }
        said.extend(self.worth.left_out.iter().map(String::as_str));
        if !said.is_empty() {
            blocks.push(Block::Sentences(said));
        }
        blocks
    }

    /// The subject of its mail.
    pub fn subject(&self) -> String {
        let kind = match (self.facts.kind, self.language) {
            (ReportKind::Digest, Language::English) => "Your week",
            (ReportKind::Digest, Language::German) => "Ihre Woche",
            (ReportKind::Month, Language::English) => "Your month",
            (ReportKind::Month, Language::German) => "Ihr Monat",
        };
        format!("{kind}: {} ({})", self.facts.business, self.period)
    }
}

fn headline(facts: &Facts, period: &str, language: Language) -> String {
    let numbers = &facts.now;
    let during = match (language, facts.kind) {
        (Language::English, ReportKind::Month) => format!("In {period}"),
        (Language::English, ReportKind::Digest) => format!("From {period}"),
        (Language::German, ReportKind::Month) => format!("Im {period}"),
        (Language::German, ReportKind::Digest) => format!("Vom {period}"),
    };
    if numbers.conversations == 0 {
        return match language {
            Language::English => format!("{during} no visitor asked anything."),
            Language::German => format!("{during} hat kein Besucher etwas gefragt."),
        };
    }
    let conversations = match language {
        Language::English => language.some(numbers.conversations, "visitor", "visitors"),
        Language::German => language.some(numbers.conversations, "Besucher", "Besucher"),
    };
    if numbers.answers == 0 {
        return match language {
            Language::English => format!("{during} {conversations} asked something; no answer was sent."),
            Language::German => format!("{during}: {conversations} mit Fragen, und keine Antwort wurde gesendet."),
        };
    }
    let (automatic, answers) = (counted(numbers.automatic), numbers.answers);
    let share = language.share(numbers.automatic, answers);
    match language {
        Language::English => format!(
            "{during} {conversations} asked something. Of {} the assistant sent {automatic} without a person ({share}).",
            language.some(answers, "answer", "answers")
        ),
        Language::German => format!(
            "{during}: {conversations} mit Fragen. Von {} hat der Assistent {automatic} ohne einen Menschen gesendet ({share}).",
            language.some(answers, "Antwort", "Antworten")
        ),
    }
}

/// What a tile says of the numbers: its value, and what it is made of.
type Figure = fn(&Numbers, Language) -> (String, String);

const TILES: [(&str, (&str, &str), Figure); 10] = [
    ("conversations", ("Conversations", "Gespräche"), |n, l| {
        let detail = match l {
            Language::English => format!("the assistant attempted an answer in {}", counted(n.attempted)),
            Language::German => format!("in {} hat der Assistent eine Antwort versucht", counted(n.attempted)),
        };
        (counted(n.conversations), detail)
    }),
    ("answers", ("Answers", "Antworten"), |n, l| {
        let detail = match l {
            Language::English => format!(
                "{} of {} rest on your knowledge",
                counted(n.matched),
                l.some(n.questions, "question", "questions")
            ),
            Language::German => format!(
                "{} von {} beruhen auf Ihrem Wissen",
                counted(n.matched),
                l.some(n.questions, "Frage", "Fragen")
            ),
        };
        (counted(n.answers), detail)
    }),
    ("automation", ("Without a person", "Ohne Menschen"), |n, l| {
        let detail = match l {
            Language::English => format!("{} of {}", counted(n.automatic), l.some(n.answers, "answer", "answers")),
            Language::German => format!(
                "{} von {}",
                counted(n.automatic),
                l.some(n.answers, "Antwort", "Antworten")
            ),
        };
        (l.share(n.automatic, n.answers), detail)
    }),
    ("handoffs", ("Handed to a person", "An Menschen übergeben"), |n, l| {
        let mut reasons: Vec<&(String, u64)> = n.handoff_reasons.iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let named = reasons
            .iter()
            .take(3)
            .map(|(code, count)| format!("{}: {}", reason(code, l), counted(*count)));
        (counted(n.handoffs), named.collect::<Vec<_>>().join("; "))
    }),
    ("resolved", ("Resolved", "Gelöst"), |n, l| {
        let detail = match l {
            Language::English => format!(
                "{} confirmed by the visitor, {} taken to be, {} checked",
                counted(n.confirmed),
                counted(n.assumed),
                counted(n.verified)
            ),
            Language::German => format!(
                "{} vom Besucher bestätigt, {} angenommen, {} geprüft",
                counted(n.confirmed),
                counted(n.assumed),
                counted(n.verified)
            ),
        };
        (counted(n.confirmed + n.assumed + n.verified), detail)
    }),
    (
        "first_answer",
        ("First answer of the assistant", "Erste Antwort des Assistenten"),
        |n, l| {
            (
                lasting(n.first_answer_ms, l),
                l.pick(
                    "half of the visitors waited no longer",
                    "die Hälfte der Besucher wartete nicht länger",
                )
                .to_owned(),
            )
        },
    ),
    (
        "first_reply",
        ("First reply of a person", "Erste Antwort eines Menschen"),
        |n, l| {
            (
                lasting(n.first_reply_ms, l),
                l.pick(
                    "half of those who waited for one waited no longer",
                    "die Hälfte derer, die darauf warteten, wartete nicht länger",
                )
                .to_owned(),
            )
        },
    ),
    ("satisfaction", ("Good ratings", "Gute Bewertungen"), |n, l| {
        let detail = match l {
            Language::English => format!(
                "{} of {}; {} of the visitors rated",
                counted(n.good_ratings),
                l.some(n.ratings, "rating", "ratings"),
                l.share(n.ratings, n.conversations)
            ),
            Language::German => format!(
                "{} von {}; {} der Besucher haben bewertet",
                counted(n.good_ratings),
                l.some(n.ratings, "Bewertung", "Bewertungen"),
                l.share(n.ratings, n.conversations)
            ),
        };
        (l.share(n.good_ratings, n.ratings), detail)
    }),
    ("leads", ("Leads", "Leads"), |n, l| {
        (
            counted(n.leads),
            l.pick(
                "visitors who left their details",
                "Besucher, die ihre Daten hinterlassen haben",
            )
            .to_owned(),
        )
    }),
    ("conversions", ("Conversions", "Conversions"), |n, l| {
        (
            counted(n.conversions),
            l.pick(
                "goals reached after a conversation",
                "Ziele, die nach einem Gespräch erreicht wurden",
            )
            .to_owned(),
        )
    }),
];

fn lasting(ms: Option<u64>, language: Language) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| language.lasting(ms))
}

fn tiles(facts: &Facts, language: Language) -> Vec<Tile> {
    let tile = |(key, (english, german), figure): &(&str, (&str, &str), Figure)| {
        let (value, detail) = figure(&facts.now, language);
        Tile {
            key: (*key).to_owned(),
            label: language.pick(english, german).to_owned(),
            value,
            detail,
            before: facts.before.as_ref().map(|(_, before)| figure(before, language).0),
        }
    };
    TILES.iter().map(tile).collect()
}

fn pictures(facts: &Facts, language: Language) -> Vec<Chart> {
    vec![
        traffic(facts, language),
        who_answered(&facts.now, language),
        autonomy(facts, language),
    ]
}

/// Conversations by the day for a week, by the week for a month.
fn traffic(facts: &Facts, language: Language) -> Chart {
    let points: Vec<Count> = match facts.kind {
        ReportKind::Digest => facts
            .days
            .iter()
            .map(|day| Count {
                label: language.short_day(day.day),
                count: day.conversations,
            })
            .collect(),
        ReportKind::Month => weeks(&facts.days, language),
    };
    let title = match facts.kind {
        ReportKind::Digest => language.pick("Conversations by day", "Gespräche nach Tagen"),
        ReportKind::Month => language.pick("Conversations by week", "Gespräche nach Wochen"),
    };
    let most = points
        .iter()
        .max_by_key(|point| point.count)
        .filter(|most| most.count > 0);
    let says = match (most, language) {
        (Some(most), Language::English) => format!("Most conversations: {}, {}.", most.label, counted(most.count)),
        (Some(most), Language::German) => format!("Die meisten Gespräche: {}, {}.", most.label, counted(most.count)),
        (None, Language::English) => "There were no conversations.".to_owned(),
        (None, Language::German) => "Es gab keine Gespräche.".to_owned(),
    };
    Chart {
        title: title.to_owned(),
        says,
        data: Data::Bars { points },
    }
}

/// The days of a month by calendar weeks: the first and the last may be shorter.
fn weeks(days: &[DayCount], language: Language) -> Vec<Count> {
    let monday = |day: &DayCount| {
        day.day
            .saturating_sub(i64::from(day.day.weekday().to_monday_zero_offset()).days())
    };
    days.chunk_by(|a, b| monday(a) == monday(b))
        .filter_map(|week| {
            let (first, last) = (week.first()?.day, week.last()?.day);
            let mark = language.pick("", ".");
            let label = if first == last {
                language.short_day(last)
            } else {
                format!("{}{mark}–{}", first.day(), language.short_day(last))
            };
            let count = week.iter().map(|day| day.conversations).sum();
            Some(Count { label, count })
        })
        .collect()
}

fn who_answered(numbers: &Numbers, language: Language) -> Chart {
    let part = |label: (&str, &str), count: u64| Part {
        label: language.pick(label.0, label.1).to_owned(),
        count,
        share: language.share(count, numbers.answers),
    };
    let parts = vec![
        part(
            ("The assistant, without a person", "Der Assistent, ohne Menschen"),
            numbers.automatic,
        ),
        part(
            (
                "The assistant, checked by a person",
                "Der Assistent, von Menschen geprüft",
            ),
            numbers.released,
        ),
        part(("A person", "Ein Mensch"), numbers.written),
    ];
    let named: Vec<String> = parts
        .iter()
        .map(|part| format!("{}: {} ({})", part.label, counted(part.count), part.share))
        .collect();
    Chart {
        title: language.pick("Who answered", "Wer geantwortet hat").to_owned(),
        says: format!("{}.", named.join("; ")),
        data: Data::Parts { parts },
    }
}

fn autonomy(facts: &Facts, language: Language) -> Chart {
    let points: Vec<Share> = facts
        .autonomy
        .iter()
        .map(|point| {
            let label = match facts.kind {
                ReportKind::Digest => language.short_day(point.from),
                ReportKind::Month => language.short_month(point.from),
            };
            Share::new(label, point.automatic, point.answers, language)
        })
        .collect();
    let title = match facts.kind {
        ReportKind::Digest => language.pick(
            "Answers without a person, week by week",
            "Antworten ohne Menschen, Woche für Woche",
        ),
        ReportKind::Month => language.pick(
            "Answers without a person, month by month",
            "Antworten ohne Menschen, Monat für Monat",
        ),
    };
    let last = points.last().map(|point| point.in_words(language)).unwrap_or_default();
    let says = match language {
        Language::English => {
            format!("Last: {last}. The range is what the share may be by chance alone, 95 times of 100.")
        }
        Language::German => format!(
            "Zuletzt: {last}. Der Bereich ist, wo der Anteil allein durch Zufall liegen kann, in 95 von 100 Fällen."
        ),
    };
    Chart {
        title: title.to_owned(),
        says,
        data: Data::Shares { points },
    }
}

fn notes(facts: &Facts, language: Language) -> Vec<String> {
    let counted_on = language.day(facts.counted_on);
    let zone = &facts.zone;
    match language {
        Language::English => vec![
            format!("Counted on {counted_on}, by the clocks of {zone}. Every conversation counts on the day on which it began."),
            "A difference is only called a change where chance alone would hardly make it.".to_owned(),
            "Of the three kinds of “resolved”, only the first was said by visitors: “taken to be” means that they did not ask on.".to_owned(),
        ],
        Language::German => vec![
            format!("Gezählt am {counted_on}, nach den Uhren von {zone}. Jedes Gespräch zählt an dem Tag, an dem es begann."),
            "Veränderung heißt ein Unterschied nur dort, wo der Zufall allein ihn kaum machen würde.".to_owned(),
            "Von den drei Arten von „gelöst“ haben nur die ersten Besucher selbst so gesagt: „angenommen“ heißt, dass sie nicht weiter gefragt haben.".to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn report(language: Language) -> Report {
        let settings = ReportSettings {
            language,
            ..sample::settings()
        };
        compose(sample::month(), &settings)
    }

    #[test]
    fn a_month_reads_from_the_headline_to_the_next_steps() {
        let report = report(Language::English);
        assert_eq!(
            report.headline.replace('\u{a0}', " "),
            "In May 2026 402 visitors asked something. Of 420 answers the assistant sent 310 without a person (73.8 %)."
        );
        assert_eq!(report.subject(), "Your month: Quillhaven Cycles (May 2026)");
        assert_eq!(report.pictures.len(), 3);
        assert_eq!(report.quality, report.facts.quality, "the statement's own words");
        let Data::Bars { points } = &report.pictures[0].data else {
            panic!("bars first");
        };
        let labels: Vec<&str> = points.iter().map(|point| point.label.as_str()).collect();
        assert_eq!(labels, ["1–3 May", "4–10 May", "11–17 May", "18–24 May", "25–31 May"]);
        let days: u64 = report.facts.days.iter().map(|day| day.conversations).sum();
        assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), days);
    }

    #[test]
    fn a_workspace_without_traffic_has_a_report_in_both_languages() {
        for language in [Language::English, Language::German] {
            let mut facts = sample::month();
            facts.now = Numbers::default();
            facts.before = None;
            facts.topics.clear();
            facts.autonomy.clear();
            facts.days.iter_mut().for_each(|day| day.conversations = 0);
            let settings = ReportSettings {
                language,
                ..ReportSettings::default()
            };
            let report = compose(facts, &settings);
            assert!(report.headline.contains(language.pick("no visitor", "kein Besucher")));
            assert!(report.worth.roi.is_none() && !report.worth.left_out.is_empty());
            let text = format!("{report:?}");
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }

    #[test]
    fn a_report_is_read_back_as_it_was_kept() {
        let report = report(Language::German);
        let kept = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&kept).unwrap(), report);
    }
}
