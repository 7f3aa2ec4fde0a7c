//! How well stated probabilities hold, as a picture and in words.

use super::picture::{BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, rounded};
use crate::app::evidence::percent;
use crate::stats::metrics::{Bin, ScoreQuality};

/// The reliability diagram: what was stated against what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReliabilityPicture {
    /// One mark for each bin of drafts.
    pub marks: Vec<Mark>,
    /// Marks of both axes: share of bad, and where it lies across and upwards.
    pub ticks: Vec<(f64, f64, String)>,
    /// The corner up to which stated and found are the same.
    pub corner: (f64, f64),
    /// Everything in sentences.
    pub says: Vec<String>,
    /// The same as a table.
    pub rows: Vec<ReliabilityLine>,
}

/// A bin in the picture: a dot with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Where it stands.
    pub x: f64,
    /// What was found.
    pub y: f64,
    /// The interval's ends.
    pub from: f64,
    /// The interval's ends.
    pub to: f64,
}

/// A bin in words.
#[derive(Clone, Debug, PartialEq)]
pub struct ReliabilityLine {
    /// The share that it holds of all drafts.
    pub share: String,
    /// Bad, as was stated.
    pub stated: String,
    /// Bad, as was found.
    pub found: String,
    /// Its interval.
    pub interval: String,
    /// Verdicts.
    pub verdicts: usize,
}

impl ReliabilityPicture {
    /// Draws what verdicts said of a score.
    pub fn of(score: &ScoreQuality) -> Self {
        let bins = &score.probabilities.bins;
        // Most drafts are good, so the picture goes no further than it has to.
        let largest = |bin: &Bin| bin.stated.max(bin.interval.1);
        let highest = bins.iter().map(largest).fold(0.05, f64::max).min(1.0);
        let x = |share: f64| rounded(LEFT + (share / highest).clamp(0.0, 1.0) * (RIGHT - LEFT));
        let y = |share: f64| rounded(BOTTOM - (share / highest).clamp(0.0, 1.0) * (BOTTOM - TOP));
        let ticks = [0.0, 0.5, 1.0].map(|part| (x(part * highest), y(part * highest), percent(part * highest)));
        Self {
            marks: bins
                .iter()
                .map(|bin| Mark {
                    x: x(bin.stated),
                    y: y(bin.found),
                    from: y(bin.interval.0),
                    to: y(bin.interval.1),
                })
                .collect(),
            ticks: ticks.to_vec(),
            corner: (x(highest), y(highest)),
            says: in_words(score),
            rows: bins
                .iter()
                .map(|bin| ReliabilityLine {
                    share: percent(bin.share),
                    stated: percent(bin.stated),
                    found: percent(bin.found),
                    interval: format!("{} to {}", percent(bin.interval.0), percent(bin.interval.1)),
                    verdicts: bin.verdicts,
                })
                .collect(),
        }
    }

    /// The drawing's `viewBox`.
    pub fn size(&self) -> String {
        format!("0 0 {WIDTH} {HEIGHT}")
    }
}

fn in_words(score: &ScoreQuality) -> Vec<String> {
    let mut said = vec![format!(
        "At the last test {} verdicts that the score had not seen said how good it is; {} of them were bad.",
        score.verdicts, score.bad
    )];
    said.push(match score.auroc {
        Some(auroc) => format!(
            "Shown a bad and an acceptable draft, it finds the bad one in {:.0} of 100 cases (AUROC {auroc:.3}); a coin would in 50.",
            100.0 * auroc
        ),
        None => "Whether it tells bad drafts from acceptable ones cannot be said before there are both.".to_owned(),
    });
    said.push(format!(
        "What it states is off by {:.1} points in a hundred on average (calibration error; Brier score {:.3}).",
        100.0 * score.probabilities.calibration_error,
        score.probabilities.brier
    ));
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::metrics::{Judged, score_quality};

    #[test]
    fn what_was_stated_and_found_lies_on_the_diagonal_where_it_is_the_same() {
        let judged: Vec<Judged> = (0..400)
            .map(|n| Judged {
                risk: if n < 200 { 0.1 } else { 0.5 },
                bad: if n < 200 { n % 10 == 0 } else { n % 2 == 0 },
                weight: 1.0,
            })
            .collect();
        let score = score_quality(&judged).unwrap();
        let picture = ReliabilityPicture::of(&score);
        assert_eq!(picture.marks.len(), picture.rows.len());
        let (corner_x, corner_y) = picture.corner;
        for mark in &picture.marks {
            let across = (mark.x - LEFT) / (corner_x - LEFT);
            let upwards = (BOTTOM - mark.y) / (BOTTOM - corner_y);
            assert!((across - upwards).abs() < 0.01, "{mark:?}");
            assert!(mark.to < mark.y && mark.y < mark.from, "upwards is smaller: {mark:?}");
        }
        assert!(picture.says[1].contains("AUROC 0.7"), "{:?}", picture.says);
        assert_eq!(
            (picture.rows[0].stated.as_str(), picture.rows[0].found.as_str()),
            ("10 %", "10 %")
        );
    }
}
