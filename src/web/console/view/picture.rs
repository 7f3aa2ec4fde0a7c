//! Pictures of figures, as coordinates of a drawing: what they show stands beside them as text.

use crate::app::evidence::{counted, percent};

/// The drawing's width and height, and where its axes lie.
pub(super) const WIDTH: f64 = 420.0;
pub(super) const HEIGHT: f64 = 250.0;
pub(super) const LEFT: f64 = 46.0;
pub(super) const RIGHT: f64 = 408.0;
pub(super) const TOP: f64 = 14.0;
pub(super) const BOTTOM: f64 = 206.0;
/// Errors are shown up to so many limits.
const LIMITS_SHOWN: f64 = 2.5;
/// Where the axis of the watch lies, and the room above its alarm.
const DRIFT_BOTTOM: f64 = 150.0;
const ABOVE_ALARM: f64 = 16.0;

/// The autonomy curve.
#[derive(Clone, Debug, PartialEq)]
pub struct AutonomyPicture {
    /// Points of today's curve, for a polyline.
    pub line: String,
    /// Points of the curve with twice the verdicts.
    pub outlook: String,
    /// All sets that lie in the picture.
    pub dots: Vec<Dot>,
    /// Height of the owner's limit.
    pub limit_y: f64,
    /// The limit in words.
    pub limit: String,
    /// Where today's certificate lies.
    pub today: Option<(f64, f64)>,
    /// Marks of the horizontal axis: place and words.
    pub across: Vec<(f64, String)>,
    /// Marks of the vertical axis.
    pub upwards: Vec<(f64, String)>,
    /// Everything in one sentence, for who does not see it.
    pub says: String,
    /// The same as a table.
    pub rows: Vec<CurveLine>,
}

/// A set of the curve in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Where.
    pub x: f64,
    /// Where.
    pub y: f64,
    /// Certified: drawn full.
    pub is_certified: bool,
}

/// A set of the curve in words.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveLine {
    /// The riskiest kind of answer in it.
    pub mode: &'static str,
    /// The share that goes out.
    pub automation: String,
    /// The guaranteed error.
    pub upper: String,
    /// The estimate.
    pub estimate: String,
    /// Verdicts, and bad ones among them.
    pub verdicts: String,
    /// Whether it is certified.
    pub is_certified: bool,
    /// The guaranteed error with twice the verdicts.
    pub outlook: String,
    /// Whether it would be certified then.
    pub outlook_certified: bool,
}

/// A set as figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The share that goes out.
    pub automation: f64,
    /// The guaranteed error.
    pub upper: f64,
    /// Certified.
    pub is_certified: bool,
}

impl AutonomyPicture {
    /// Draws a curve, its outlook and the limit (a share above 0).
    pub fn of(curve: &[Point], outlook: &[Point], limit: f64, says: String, rows: Vec<CurveLine>) -> Self {
        let today = curve.iter().rfind(|point| point.is_certified);
        let highest = (LIMITS_SHOWN * limit).min(1.0);
        let x = |share: f64| rounded(LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT));
        let y = |error: f64| rounded(BOTTOM - (error / highest).clamp(0.0, 1.0) * (BOTTOM - TOP));
        let line = |points: &[Point]| {
            let inside = points.iter().filter(|point| point.upper <= highest);
            inside
                .map(|point| format!("{},{}", x(point.automation), y(point.upper)))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let inside = curve.iter().filter(|point| point.upper <= highest);
        Self {
            line: line(curve),
            outlook: line(outlook),
            dots: inside
                .map(|point| Dot {
                    x: x(point.automation),
                    y: y(point.upper),
                    is_certified: point.is_certified,
                })
                .collect(),
            limit_y: y(limit),
            limit: percent(limit),
            today: today.map(|point| (x(point.automation), y(point.upper))),
            across: [0.0, 0.25, 0.5, 0.75, 1.0]
                .map(|share| (x(share), percent(share)))
                .to_vec(),
            upwards: [0.0, 0.5, 1.0]
                .map(|part| (y(part * highest), percent(part * highest)))
                .to_vec(),
            says,
            rows,
        }
    }

    /// The drawing's box.
    pub fn size(&self) -> String {
        // The words under the right end are as wide on either side of it.
        format!("0 0 {} {HEIGHT}", WIDTH + 20.0)
    }
}

/// How the detector came to stand where it stands, day by day.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftPicture {
    /// Its days, for a polyline.
    pub line: String,
    /// The days on which something bad was found drawn full, the others hollow.
    pub dots: Vec<DriftDot>,
    /// Height of the alarm.
    pub alarm_y: f64,
    /// Marks of the vertical axis.
    pub upwards: Vec<(f64, String)>,
    /// The first and the last day: place, which side of it the words stand, and words.
    pub across: Vec<(f64, &'static str, String)>,
    /// Everything in one sentence, for who does not see it.
    pub says: String,
    /// The same as a table, the newest first.
    pub rows: Vec<DriftLine>,
}

/// A day in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriftDot {
    /// Where.
    pub x: f64,
    /// Where.
    pub y: f64,
    /// Something bad was found.
    pub is_bad: bool,
}

/// A day in words.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftLine {
    /// Which, as in `2026-05-14`.
    pub date: String,
    /// The same in words.
    pub day: String,
    /// Where the detector stood in the end.
    pub figure: f64,
    /// Checks judged.
    pub checks: u64,
    /// Bad ones among them.
    pub bad: u64,
}

impl DriftPicture {
    /// Draws the days in their order, `number` being that of each in the calendar. Up to the alarm `level` by logarithms: the figure grows by
    /// multiplication. None without a day.
    pub fn of(days: Vec<(i64, DriftLine)>, level: f64) -> Option<Self> {
        let (first, last) = (days.first()?.clone(), days.last()?.clone());
        let (from, to) = (TOP + ABOVE_ALARM, DRIFT_BOTTOM);
        let y = |figure: f64| {
            let part = figure.max(0.0).ln_1p() / level.max(1.0).ln_1p();
            rounded((to - part * (to - from)).max(TOP))
        };
        #[expect(clippy::cast_precision_loss, reason = "days of a calendar")]
        let x = |day: i64| match last.0 - first.0 {
            0 => rounded(LEFT + (RIGHT - LEFT) / 2.0),
            span => rounded(LEFT + (day - first.0) as f64 / span as f64 * (RIGHT - LEFT)),
        };
        let dots: Vec<DriftDot> = days
            .iter()
            .map(|(number, day)| DriftDot {
                x: x(*number),
                y: y(day.figure),
                is_bad: day.bad > 0,
            })
            .collect();
        let line: Vec<String> = dots.iter().map(|dot| format!("{},{}", dot.x, dot.y)).collect();
        let (checks, bad) = days
            .iter()
            .fold((0, 0), |(checks, bad), (_, day)| (checks + day.checks, bad + day.bad));
        let across = if first.0 == last.0 {
            vec![(x(first.0), "middle", first.1.day.clone())]
        } else {
            vec![(LEFT, "start", first.1.day.clone()), (RIGHT, "end", last.1.day.clone())]
        };
        let marks = [0.0, 10.0, 100.0, 1_000.0]
            .into_iter()
            .filter(|mark| *mark * 2.0 < level);
        Some(Self {
            says: format!(
                "From {} to {}, {checks} checks were judged, {bad} of them bad; the counter stood at {} in the end, and the alarm is at {}.",
                first.1.day,
                last.1.day,
                whole(last.1.figure),
                whole(level)
            ),
            line: line.join(" "),
            dots,
            alarm_y: y(level),
            upwards: marks.map(|mark| (y(mark), whole(mark))).collect(),
            across,
            rows: days.into_iter().rev().map(|(_, day)| day).collect(),
        })
    }

    /// The drawing's box.
    pub fn size(&self) -> String {
        format!("0 0 {} {}", WIDTH + 20.0, DRIFT_BOTTOM + 28.0)
    }
}

/// A figure without decimals, its thousands apart.
fn whole(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    digits.parse().map_or(digits, counted)
}

pub(super) fn rounded(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(automation: f64, upper: f64, is_certified: bool) -> Point {
        Point {
            automation,
            upper,
            is_certified,
        }
    }

    #[test]
    fn a_curve_stays_inside_its_frame_and_todays_point_is_the_last_certified_one() {
        let curve = [
            point(0.25, 0.03, true),
            point(0.5, 0.038, true),
            point(0.75, 0.07, false),
            point(1.0, 0.9, false),
        ];
        let picture = AutonomyPicture::of(&curve, &curve, 0.04, String::new(), Vec::new());
        assert_eq!(picture.dots.len(), 3, "what lies far above the limit is not drawn");
        let second = picture.dots.get(1).map(|dot| (dot.x, dot.y));
        assert_eq!(picture.today, second);
        assert!(
            picture
                .dots
                .iter()
                .all(|dot| (LEFT..=RIGHT).contains(&dot.x) && (TOP..=BOTTOM).contains(&dot.y))
        );
        assert!(
            picture.today.is_some_and(|(_, y)| y > picture.limit_y),
            "within the limit is below its line"
        );
    }

    #[test]
    fn the_watch_rises_to_its_alarm_and_says_what_it_shows() {
        let day = |number: i64, figure, bad| {
            let day = format!("2026-05-{number:02}");
            (
                number,
                DriftLine {
                    date: day.clone(),
                    day,
                    figure,
                    checks: 10,
                    bad,
                },
            )
        };
        assert_eq!(DriftPicture::of(Vec::new(), 3_000.0), None);
        let days = vec![day(3, 0.2, 0), day(5, 40.0, 2), day(9, f64::MAX, 8)];
        let picture = DriftPicture::of(days, 3_000.0).unwrap_or_else(|| unreachable!("there are days"));
        let places: Vec<(f64, f64)> = picture.dots.iter().map(|dot| (dot.x, dot.y)).collect();
        assert!(places.is_sorted_by(|a, b| a.0 < b.0 && a.1 > b.1), "{places:?}");
        assert!(
            places
                .iter()
                .all(|(x, y)| (LEFT..=RIGHT).contains(x) && (TOP..=DRIFT_BOTTOM).contains(y))
        );
        assert!(
            places.last().is_some_and(|(_, y)| *y <= picture.alarm_y),
            "beyond the alarm"
        );
        assert!(
            picture
                .says
                .contains("From 2026-05-03 to 2026-05-09, 30 checks were judged, 10 of them bad")
        );
        let alone = DriftPicture::of(vec![day(3, 0.2, 0)], 3_000.0);
        assert!(alone.is_some_and(|picture| picture.across.len() == 1 && picture.dots.len() == 1));
    }
}
