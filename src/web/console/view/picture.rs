//! Pictures of figures, as coordinates of a drawing: what they show stands beside them as text.

use crate::app::evidence::percent;

/// The drawing's width and height, and where its axes lie.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 408.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 206.0;
/// Errors are shown up to so many limits.
const LIMITS_SHOWN: f64 = 2.5;
const BAR: f64 = 300.0;

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

/// How far the detector is from its alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftPicture {
    /// Width of the bar; the alarm is at its full length.
    pub filled: f64,
    /// The full length.
    pub full: f64,
}

impl DriftPicture {
    /// The figure against its alarm level, both by their logarithms: it grows by multiplication.
    pub fn of(figure: f64, level: f64) -> Self {
        let part = figure.max(0.0).ln_1p() / level.max(1.0).ln_1p();
        Self {
            filled: rounded(BAR * part.clamp(0.0, 1.0)),
            full: BAR,
        }
    }
}

fn rounded(place: f64) -> f64 {
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
    fn the_detectors_bar_is_full_at_the_alarm() {
        assert_eq!(DriftPicture::of(3_000.0, 3_000.0).filled.to_bits(), BAR.to_bits());
        assert_eq!(DriftPicture::of(0.0, 3_000.0).filled.to_bits(), 0.0_f64.to_bits());
        assert!(DriftPicture::of(f64::MAX, 3_000.0).filled <= BAR);
    }
}
