//! Reads a file of past answers with human verdicts.

use crate::domain::features::{Texts, baseline_of, of_texts};
use crate::stats::replay::Row;
use clap::ValueEnum;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// Whose verdicts the shop gets; the truth is `human_bad` either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Reviewer {
    /// A reviewer who never errs: `human_bad`
    Truth,
    /// The first of `rater_bad`, who errs as people do
    Rater0,
}

impl Reviewer {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Truth => "truth",
            Self::Rater0 => "rater0",
        }
    }
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Past {
    /// One for each line.
    pub(super) rows: Vec<Row>,
    /// The model that wrote each answer; empty where the file does not say.
    pub(super) models: Vec<String>,
}

/// Why a file cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("{} cannot be read ({error})", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("line {line} of {}: {why}", path.display())]
    Line { path: PathBuf, line: usize, why: LineError },
    #[error("{} holds no answers; it needs one JSON object a line, with `question`, `answer` and `human_bad`", .0.display())]
    Empty(PathBuf),
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("it is not a JSON object with the fields of an answer ({0})")]
    NotAnAnswer(serde_json::Error),
    #[error("`answer` is missing (or `chatgpt_response`)")]
    NoAnswer,
    #[error("the human verdict is missing: `human_bad` must be true or false (or `hallucination` \"yes\" or \"no\")")]
    NoVerdict,
    #[error("`rater_bad` must begin with the first rater's true or false; replay this file with --reviewer truth")]
    NoRater,
    #[error("`turn` must be a number or a text")]
    OddTurn,
}

/// One line; the second names are those of `HaluEval`.
#[derive(Debug, Deserialize)]
struct Line {
    turn: Option<Value>,
    #[serde(alias = "user_query")]
    question: Option<String>,
    passage: Option<String>,
    #[serde(alias = "chatgpt_response")]
    answer: Option<String>,
    model: Option<String>,
    entity: Option<String>,
    passage_entity: Option<String>,
    human_bad: Option<bool>,
    hallucination: Option<String>,
    rater_bad: Option<Vec<bool>>,
}

/// Reads a file, one JSON object a line; empty lines are passed over.
pub(super) fn read(path: &Path, reviewer: Reviewer) -> Result<Past, FileError> {
    let unreadable = |error| FileError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut past = Past {
        rows: Vec::new(),
        models: Vec::new(),
    };
    let mut turns = HashMap::new();
    for (at, text) in std::io::BufReader::new(file).lines().enumerate() {
        let text = text.map_err(unreadable)?;
        if text.trim().is_empty() {
            continue;
        }
        let of_line = |why| FileError::Line {
            path: path.to_owned(),
            line: at + 1,
            why,
        };
        let line: Line = serde_json::from_str(&text)
            .map_err(LineError::NotAnAnswer)
            .map_err(of_line)?;
        // A row without a turn is a turn of its own.
        let name = line
            .turn_name()
            .map_err(of_line)?
            .unwrap_or_else(|| format!("line {at}"));
        let next = turns.len();
        let turn = *turns.entry(name).or_insert(next);
        past.rows.push(line.row(turn, reviewer).map_err(of_line)?);
        past.models.push(line.model.unwrap_or_default());
    }
    if past.rows.is_empty() {
        return Err(FileError::Empty(path.to_owned()));
    }
    Ok(past)
}

impl Line {
    fn turn_name(&self) -> Result<Option<String>, LineError> {
        match &self.turn {
            None | Some(Value::Null) => Ok(None),
            // Apart from the names that lines without a turn get.
            Some(Value::String(name)) => Ok(Some(format!("turn {name}"))),
            Some(Value::Number(number)) => Ok(Some(format!("turn {number}"))),
            Some(_) => Err(LineError::OddTurn),
        }
    }

    fn row(&self, turn: usize, reviewer: Reviewer) -> Result<Row, LineError> {
        let answer = self.answer.as_deref().ok_or(LineError::NoAnswer)?;
        let said = match self.hallucination.as_deref() {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        };
        let bad = self.human_bad.or(said).ok_or(LineError::NoVerdict)?;
        let judged_bad = match reviewer {
            Reviewer::Truth => bad,
            Reviewer::Rater0 => {
                let raters = self.rater_bad.as_deref().unwrap_or_default();
                *raters.first().ok_or(LineError::NoRater)?
            }
        };
        let features = of_texts(&Texts {
            question: self.question.as_deref().unwrap_or_default(),
            passage: self.passage.as_deref(),
            answer,
            about: self.entity.as_deref().unwrap_or_default(),
            passage_about: self.passage_entity.as_deref(),
        });
        let baseline = baseline_of(&features);
        Ok(Row {
            turn,
            features,
            baseline,
            bad,
            judged_bad,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn reads(text: &str, reviewer: Reviewer) -> Result<Past, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path(), reviewer).map_err(|error| error.to_string())
    }

    const GOOD: &str = r#"{"id":"a","turn":3,"question":"Q?","passage":"Q? P.","answer":"A","entity":"E","model":"m","human_bad":false,"rater_bad":[true,false]}"#;

    #[test]
    fn lines_of_both_shapes_are_read_and_missing_fields_have_their_defaults() {
        let text = format!(
            "{GOOD}\n\n{}\n{}\n{}\n",
            r#"{"ID":"1","user_query":"Q","chatgpt_response":"A","hallucination":"yes","hallucination_spans":[]}"#,
            r#"{"turn":"3","question":null,"passage":null,"answer":"A","human_bad":true}"#,
            GOOD.replace("\"a\"", "\"b\""),
        );
        let past = reads(&text, Reviewer::Truth).unwrap();
        let turns: Vec<usize> = past.rows.iter().map(|row| row.turn).collect();
        assert_eq!(turns, [0, 1, 0, 0], "a line without a turn is one of its own");
        let bad: Vec<bool> = past.rows.iter().map(|row| row.bad).collect();
        assert_eq!(bad, [false, true, true, false]);
        assert_eq!(past.models, ["m", "", "", "m"]);
    }

    #[test]
    fn the_first_rater_is_who_judges_and_the_truth_stays_the_truth() {
        let past = reads(GOOD, Reviewer::Rater0).unwrap();
        assert!(past.rows[0].judged_bad && !past.rows[0].bad);
        let past = reads(GOOD, Reviewer::Truth).unwrap();
        assert!(!past.rows[0].judged_bad);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (second, reviewer, says) in [
            ("not json", Reviewer::Truth, "line 2"),
            (
                r#"{"question":"Q","human_bad":true}"#,
                Reviewer::Truth,
                "`answer` is missing",
            ),
            (
                r#"{"question":"Q","answer":"A"}"#,
                Reviewer::Truth,
                "human verdict is missing",
            ),
            (
                r#"{"answer":"A","hallucination":"maybe"}"#,
                Reviewer::Truth,
                "human verdict is missing",
            ),
            (r#"{"answer":"A","human_bad":"yes"}"#, Reviewer::Truth, "line 2"),
            (
                r#"{"answer":"A","human_bad":true}"#,
                Reviewer::Rater0,
                "--reviewer truth",
            ),
            (
                r#"{"answer":"A","human_bad":true,"rater_bad":[]}"#,
                Reviewer::Rater0,
                "--reviewer truth",
            ),
            (
                r#"{"turn":[1],"answer":"A","human_bad":true}"#,
                Reviewer::Truth,
                "`turn` must be",
            ),
        ] {
            let said = reads(&format!("{GOOD}\n{second}\n"), reviewer).unwrap_err();
            assert!(said.contains("line 2 of ") && said.contains(says), "{said}");
        }
        assert!(
            reads("\n \n", Reviewer::Truth)
                .unwrap_err()
                .contains("holds no answers")
        );
        assert!(
            read(Path::new("/does/not/exist"), Reviewer::Truth)
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
    }
}
