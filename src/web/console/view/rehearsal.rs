//! Rehearsals: all of them, the judging of one, its result sheet.

use super::{Moment, Shell};
use crate::domain::rehearsal::{Counts, Gap, MOST_CASES, Standing};
use askama::Template;

/// `GET /rehearsal`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/rehearsals.html")]
pub struct RehearsalsPage {
    /// The frame.
    pub shell: Shell,
    /// The rehearsals, the newest first.
    pub rows: Vec<RehearsalRow>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// The agents that could rehearse: id and name.
    pub agents: Vec<(String, String)>,
    /// Questions at most.
    pub most: usize,
}

impl RehearsalsPage {
    /// Questions at most.
    pub const MOST: usize = MOST_CASES;
}

/// A rehearsal.
#[derive(Clone, Debug)]
pub struct RehearsalRow {
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// The agent's name.
    pub agent: String,
    /// Who began it.
    pub by: String,
    /// When.
    pub began: Moment,
    /// How far it is.
    pub says: String,
}

/// `GET /rehearsal/{id}`. What is judged comes from the API, answer by answer.
#[derive(Clone, Debug, Template)]
#[template(path = "console/rehearsal.html")]
pub struct RehearsalPage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// How far it is.
    pub says: String,
    /// Questions.
    pub total: u64,
    /// Drafted ones.
    pub drafted: u64,
    /// Answers.
    pub answered: u64,
    /// The end of the bar of judged ones: at least 1.
    pub most_judged: u64,
    /// Judged ones.
    pub judged: u64,
    /// What of the file is not among the questions.
    pub left_out: Vec<String>,
    /// Whoever looks may end it.
    pub may_end: bool,
}

/// `GET /rehearsal/{id}/sheet`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/rehearsal_sheet.html")]
pub struct RehearsalSheetPage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// How far it is.
    pub says: String,
    /// The figures as a picture.
    pub picture: SheetPicture,
    /// The figures in sentences.
    pub sentences: Vec<String>,
    /// What is missing, the largest gap first.
    pub gaps: Vec<GapLine>,
    /// By topic.
    pub topics: Vec<PartLine>,
    /// By how the answer came about.
    pub modes: Vec<PartLine>,
}

/// A gap.
#[derive(Clone, Debug)]
pub struct GapLine {
    /// What it is about.
    pub about: String,
    /// How many questions show it.
    pub says: String,
    /// Some of them.
    pub examples: Vec<crate::domain::rehearsal::Example>,
}

impl From<Gap> for GapLine {
    fn from(gap: Gap) -> Self {
        let Gap { silent, wrong, .. } = gap;
        let questions = |number: u64| {
            if number == 1 {
                "1 question".to_owned()
            } else {
                format!("{number} questions")
            }
        };
        Self {
            says: match (silent, wrong) {
                (_, 0) => format!("Nothing answers {}.", questions(silent)),
                (0, _) => format!("The answer was wrong to {}.", questions(wrong)),
                _ => format!(
                    "Nothing answers {}, and the answer was wrong to {}.",
                    questions(silent),
                    questions(wrong)
                ),
            },
            about: gap.about,
            examples: gap.examples,
        }
    }
}

/// The questions of one topic, or of one kind of answer.
#[derive(Clone, Debug)]
pub struct PartLine {
    /// Which.
    pub name: String,
    /// How they stand.
    pub counts: Counts,
    /// The share of right ones among those judged, with its interval.
    pub share: String,
}

/// A bar of all questions, cut by how they stand.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetPicture {
    /// The pieces that have a width.
    pub parts: Vec<SheetPart>,
    /// All pieces, those without a question too.
    pub legend: Vec<SheetPart>,
    /// Everything in one sentence, for who does not see it.
    pub says: String,
}

/// A piece of the bar.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetPart {
    /// How these stand, as a class name has it.
    pub code: &'static str,
    /// The same in words.
    pub words: &'static str,
    /// The same as a letter, for who cannot tell colours apart.
    pub letter: char,
    /// How many.
    pub count: u64,
    /// Where it begins.
    pub x: f64,
    /// How wide it is.
    pub width: f64,
    /// Where its middle is.
    pub middle: f64,
    /// There is room for its number and its letter.
    pub is_wide: bool,
}

impl SheetPicture {
    const WIDTH: f64 = 600.0;
    /// Narrower pieces have no number and no letter; they stand in the legend.
    const WIDE: f64 = 22.0;

    /// Draws the counts.
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred questions")]
    pub fn of(counts: &Counts) -> Self {
        let pieces = [
            (Standing::Right, "Right", 'R', counts.right),
            (Standing::Wrong, "Wrong", 'W', counts.wrong),
            (Standing::Leave, "Rather a person", 'P', counts.leave),
            (Standing::Silent, "Left to a person by itself", 'S', counts.silent),
            (Standing::NotJudged, "Not judged yet", '–', counts.not_judged),
            (Standing::NotDrafted, "Not drafted", '·', counts.not_drafted),
        ];
        let each = Self::WIDTH / counts.total.max(1) as f64;
        let mut before = 0;
        let legend: Vec<SheetPart> = pieces
            .into_iter()
            .map(|(standing, words, letter, count)| {
                let (x, width) = (before as f64 * each, count as f64 * each);
                before += count;
                SheetPart {
                    code: standing.as_str(),
                    words,
                    letter,
                    count,
                    x: rounded(x),
                    width: rounded(width),
                    middle: rounded(x + width / 2.0),
                    is_wide: width >= Self::WIDE,
                }
            })
            .collect();
        let told: Vec<String> = legend
            .iter()
            .map(|part| format!("{}: {}", part.words, part.count))
            .collect();
        Self {
            parts: legend.iter().filter(|part| part.count > 0).cloned().collect(),
            says: format!("Of {} questions: {}", counts.total, told.join("; ")),
            legend,
        }
    }

    /// The drawing's box.
    pub fn size(&self) -> String {
        format!("-1 0 {} 58", Self::WIDTH + 2.0)
    }
}

/// To a tenth: what a screen can show.
fn rounded(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_long_as_all_questions_and_says_all_counts() {
        let counts = Counts {
            total: 8,
            right: 4,
            wrong: 1,
            silent: 2,
            not_drafted: 1,
            ..Counts::default()
        };
        let picture = SheetPicture::of(&counts);
        let places: Vec<(f64, f64)> = picture.parts.iter().map(|part| (part.x, part.width)).collect();
        assert_eq!(places, [(0.0, 300.0), (300.0, 75.0), (375.0, 150.0), (525.0, 75.0)]);
        assert_eq!(picture.legend.len(), 6);
        assert!(
            picture.says.starts_with("Of 8 questions: Right: 4; Wrong: 1;"),
            "{}",
            picture.says
        );
        assert!(SheetPicture::of(&Counts::default()).parts.is_empty());
    }
}
