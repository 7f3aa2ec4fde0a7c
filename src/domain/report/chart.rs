//! What a report's pictures show, as data, and how it is drawn.

use super::picture::{Anchor, Ink, Picture, Shape};
use super::words::{Language, counted};
use crate::stats::bounds::{clopper_pearson_lower, clopper_pearson_upper};
use serde::{Deserialize, Serialize};

/// Width of every picture.
const WIDTH: f32 = 640.0;
const LETTER: f32 = 13.0;
const LEFT: f32 = 46.0;
const RIGHT: f32 = 628.0;
const TOP: f32 = 26.0;
const BOTTOM: f32 = 176.0;
/// The risk that a share lies above its range, and that it lies below.
const RISK: f64 = 0.025;

/// A picture's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// What it shows, in a few words.
    pub title: String,
    /// The same in a sentence, with its figures.
    pub says: String,
    /// The figures.
    pub data: Data,
}

/// The figures of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Data {
    /// Counts side by side.
    Bars {
        /// The counts.
        points: Vec<Count>,
    },
    /// The parts of a whole.
    Parts {
        /// The parts, three at most.
        parts: Vec<Part>,
    },
    /// A share over time, each with the range it may lie in.
    Shares {
        /// The shares.
        points: Vec<Share>,
    },
}

/// A count with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Its name.
    pub label: String,
    /// The count.
    pub count: u64,
}

/// A part of a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub label: String,
    /// The count.
    pub count: u64,
    /// Its share as people read it.
    pub share: String,
}

/// A share at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// When.
    pub label: String,
    /// The part.
    pub part: u64,
    /// The whole.
    pub whole: u64,
    /// The share as people read it.
    pub share: String,
    /// The share, and the ends of the range it may lie in with 95 % confidence, in tenths of a percent; none without a whole.
    pub tenths: Option<(u32, u32, u32)>,
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one, in thousandths"
)]
fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1_000.0).round() as u32
}

#[expect(clippy::cast_possible_truncation, reason = "a coordinate needs no more")]
fn scaled(part: f64, whole: f64, length: f32) -> f32 {
    if whole > 0.0 {
        (part / whole) as f32 * length
    } else {
        0.0
    }
}

impl Share {
    /// A share with its range.
    pub fn new(label: String, part: u64, whole: u64, language: Language) -> Self {
        let (k, n) = (float(part), float(whole));
        Self {
            label,
            part,
            whole,
            share: language.share(part, whole),
            tenths: (whole > 0).then(|| {
                (
                    thousandths(k / n),
                    thousandths(clopper_pearson_lower(k, n, RISK)),
                    thousandths(clopper_pearson_upper(k, n, RISK)),
                )
            }),
        }
    }

    /// Share and range in words: `77.1 % (72.7 % to 81.1 %)`.
    pub fn in_words(&self, language: Language) -> String {
        let Some((_, low, high)) = self.tenths else {
            return self.share.clone();
        };
        let ends = [low, high].map(|end| language.tenths_of_percent(u128::from(end)));
        let [low, high] = ends;
        format!("{} ({low} {} {high})", self.share, language.pick("to", "bis"))
    }
}

/// The next number above that reads well: 1, 2 or 5 times a power of ten.
fn round_above(number: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let candidate = step.saturating_mul(factor);
            if candidate >= number || candidate == u64::MAX {
                return candidate;
            }
        }
        step = step.saturating_mul(10);
    }
}

fn text(at: (f32, f32), anchor: Anchor, ink: Ink, words: impl Into<String>) -> Shape {
    Shape::Text {
        at,
        size: LETTER,
        anchor,
        ink,
        words: words.into(),
    }
}

/// A line across, with its value.
fn grid(shapes: &mut Vec<Shape>, y: f32, words: String) {
    shapes.push(Shape::Line {
        points: vec![(LEFT, y), (RIGHT, y)],
        width: 1.0,
        ink: Ink::Grid,
    });
    shapes.push(text((LEFT - 6.0, y + 4.0), Anchor::End, Ink::Muted, words));
}

/// Where the `nth` of `number` columns has its middle, and how wide it may be.
fn column(nth: usize, number: usize) -> (f32, f32) {
    let [nth, number] = [nth, number.max(1)].map(|n| f32::from(u16::try_from(n).unwrap_or(u16::MAX)));
    let width = (RIGHT - LEFT) / number;
    (LEFT + width * (nth + 0.5), width)
}

impl Chart {
    /// Draws it.
    pub fn draw(&self, language: Language) -> Picture {
        let (height, shapes) = match &self.data {
            Data::Bars { points } => (204.0, bars(points)),
            Data::Parts { parts } => (
                64.0 + 24.0 * f32::from(u8::try_from(parts.len()).unwrap_or(3)),
                stacked(parts),
            ),
            Data::Shares { points } => (204.0, shares(points, language)),
        };
        Picture {
            width: WIDTH,
            height,
            title: self.title.clone(),
            says: self.says.clone(),
            shapes,
        }
    }

    /// Its figures as rows of a table.
    pub fn rows(&self, language: Language) -> Vec<(String, String)> {
        match &self.data {
            Data::Bars { points } => points
                .iter()
                .map(|point| (point.label.clone(), counted(point.count)))
                .collect(),
            Data::Parts { parts } => parts
                .iter()
                .map(|part| (part.label.clone(), format!("{} ({})", counted(part.count), part.share)))
                .collect(),
            Data::Shares { points } => points
                .iter()
                .map(|point| (point.label.clone(), point.in_words(language)))
                .collect(),
        }
    }

    /// How long the bar of each of its rows is, of a hundred.
    pub fn lengths(&self) -> Vec<u8> {
        let hundredths = |part: u64, whole: u64| {
            let share = super::words::rounded(u128::from(part) * 100, u128::from(whole));
            u8::try_from(share.min(100)).unwrap_or(100)
        };
        match &self.data {
            Data::Bars { points } => {
                let most = points.iter().map(|point| point.count).max().unwrap_or_default();
                points.iter().map(|point| hundredths(point.count, most)).collect()
            }
            Data::Parts { parts } => {
                let all = parts.iter().map(|part| part.count).sum();
                parts.iter().map(|part| hundredths(part.count, all)).collect()
            }
            Data::Shares { points } => points.iter().map(|point| hundredths(point.part, point.whole)).collect(),
        }
    }
}

fn bars(points: &[Count]) -> Vec<Shape> {
    let most = points.iter().map(|point| point.count).max().unwrap_or_default();
    let top = round_above(most.max(2));
    let mut shapes = Vec::new();
    for part in [0, top / 2, top] {
        let y = BOTTOM - scaled(float(part), float(top), BOTTOM - TOP);
        grid(&mut shapes, y, counted(part));
    }
    for (nth, point) in points.iter().enumerate() {
        let (middle, width) = column(nth, points.len());
        let bar = (width * 0.62).min(64.0);
        let height = scaled(float(point.count), float(top), BOTTOM - TOP);
        shapes.push(Shape::Rect {
            at: (middle - bar / 2.0, BOTTOM - height),
            size: (bar, height),
            ink: Ink::First,
        });
        let above = (middle, BOTTOM - height - 5.0);
        shapes.push(text(above, Anchor::Middle, Ink::Text, counted(point.count)));
        shapes.push(text((middle, BOTTOM + 18.0), Anchor::Middle, Ink::Muted, &*point.label));
    }
    shapes
}

const SERIES: [Ink; 3] = [Ink::First, Ink::Second, Ink::Third];

/// Hatching that tells a series from the others without colour: the second is hatched one way, the third the other.
fn hatch(series: usize, (left, top): (f32, f32), (width, height): (f32, f32)) -> Vec<Shape> {
    const STEP: f32 = 9.0;
    if series == 0 || width < STEP {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut from = STEP / 2.0;
    // The strokes lean by the height; each is cut off at the sides.
    while from < width + height {
        let (low, high) = ((from - height).max(0.0), from.min(width));
        if high > low {
            let at = |x: f32| (left + x, top + from - x);
            let mirrored = |x: f32| (left + width - x, top + from - x);
            let points = if series == 1 {
                vec![at(low), at(high)]
            } else {
                vec![mirrored(low), mirrored(high)]
            };
            lines.push(Shape::Line {
                points,
                width: 1.4,
                ink: Ink::Paper,
            });
        }
        from += STEP;
    }
    lines
}

fn stacked(parts: &[Part]) -> Vec<Shape> {
    let all: u64 = parts.iter().map(|part| part.count).sum();
    let mut shapes = Vec::new();
    let (mut left, full) = (8.0, RIGHT - 8.0);
    if all == 0 {
        shapes.push(Shape::Rect {
            at: (left, 8.0),
            size: (full, 34.0),
            ink: Ink::Grid,
        });
    }
    for (nth, part) in parts.iter().enumerate() {
        let ink = SERIES.get(nth).copied().unwrap_or(Ink::Third);
        let width = scaled(float(part.count), float(all), full);
        let filled = |at: (f32, f32), size: (f32, f32), shapes: &mut Vec<Shape>| {
            shapes.push(Shape::Rect { at, size, ink });
            shapes.extend(hatch(nth, at, size));
        };
        filled((left, 8.0), ((width - 1.5).max(0.0), 34.0), &mut shapes);
        left += width;
        let y = 58.0 + 24.0 * f32::from(u8::try_from(nth).unwrap_or_default());
        filled((8.0, y), (22.0, 14.0), &mut shapes);
        let words = format!("{}: {} ({})", part.label, counted(part.count), part.share);
        shapes.push(text((38.0, y + 12.0), Anchor::Start, Ink::Text, words));
    }
    shapes
}

fn shares(points: &[Share], language: Language) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let height = |tenths: u32| BOTTOM - scaled(f64::from(tenths), 1_000.0, BOTTOM - TOP);
    for tenths in [0, 500, 1_000] {
        grid(
            &mut shapes,
            height(tenths),
            language.tenths_of_percent(u128::from(tenths)),
        );
    }
    // A time without answers has no share: the line is broken there.
    let mut run: Vec<(f32, (u32, u32, u32))> = Vec::new();
    let mut runs = Vec::new();
    for (nth, point) in points.iter().enumerate() {
        match point.tenths {
            Some(tenths) => run.push((column(nth, points.len()).0, tenths)),
            None => runs.push(std::mem::take(&mut run)),
        }
    }
    runs.push(run);
    for run in &runs {
        // A single point is as wide as a short stroke.
        let reach = if run.len() == 1 { 8.0 } else { 0.0 };
        let wide = || {
            run.iter()
                .flat_map(|(x, tenths)| [(x - reach, *tenths), (x + reach, *tenths)])
        };
        let high = wide().map(|(x, (_, _, high))| (x, height(high)));
        let mut band: Vec<(f32, f32)> = high.collect();
        let low: Vec<(f32, f32)> = wide().map(|(x, (_, low, _))| (x, height(low))).collect();
        band.extend(low.into_iter().rev());
        if band.is_empty() {
            continue;
        }
        shapes.push(Shape::Area {
            points: band,
            ink: Ink::Band,
        });
        shapes.push(Shape::Line {
            points: wide().map(|(x, (share, ..))| (x, height(share))).collect(),
            width: 2.5,
            ink: Ink::First,
        });
    }
    for (nth, point) in points.iter().enumerate() {
        let (middle, _) = column(nth, points.len());
        if let Some((share, ..)) = point.tenths {
            let y = height(share);
            shapes.push(Shape::Rect {
                at: (middle - 3.0, y - 3.0),
                size: (6.0, 6.0),
                ink: Ink::First,
            });
            shapes.push(text((middle, y - 9.0), Anchor::Middle, Ink::Text, &*point.share));
        }
        shapes.push(text((middle, BOTTOM + 18.0), Anchor::Middle, Ink::Muted, &*point.label));
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(counts: [u64; 3]) -> Chart {
        let all = counts.iter().sum();
        Chart {
            title: "Who answered".to_owned(),
            says: "x < y & \"z\"".to_owned(),
            data: Data::Parts {
                parts: counts
                    .into_iter()
                    .map(|count| Part {
                        label: "Somebody".to_owned(),
                        count,
                        share: Language::English.share(count, all),
                    })
                    .collect(),
            },
        }
    }

    #[test]
    fn nothing_is_drawn_outside_of_the_picture_however_odd_the_numbers() {
        let counts = |counts: &[u64]| Chart {
            title: String::new(),
            says: String::new(),
            data: Data::Bars {
                points: counts
                    .iter()
                    .map(|&count| Count {
                        label: "4 May".to_owned(),
                        count,
                    })
                    .collect(),
            },
        };
        let share = |part, whole| Share::new("May".to_owned(), part, whole, Language::English);
        let line = |points: Vec<Share>| Chart {
            title: String::new(),
            says: String::new(),
            data: Data::Shares { points },
        };
        for chart in [
            counts(&[]),
            counts(&[0, 0]),
            counts(&[1, 7, 10_000_000]),
            parts([0, 0, 0]),
            parts([1, 0, 999_999]),
            line(vec![]),
            line(vec![share(0, 0), share(1, 1), share(0, 0)]),
            line(vec![share(0, 9), share(5, 9), share(9, 9)]),
        ] {
            let picture = chart.draw(Language::English);
            for shape in &picture.shapes {
                let points = match shape {
                    Shape::Rect { at, size, .. } => vec![*at, (at.0 + size.0, at.1 + size.1)],
                    Shape::Line { points, .. } | Shape::Area { points, .. } => points.clone(),
                    Shape::Text { at, .. } => vec![*at],
                };
                for (x, y) in points {
                    assert!((0.0..=picture.width).contains(&x), "{shape:?}");
                    assert!((0.0..=picture.height).contains(&y), "{shape:?}");
                }
            }
            assert_eq!(chart.rows(Language::German).len(), chart.lengths().len());
        }
    }

    #[test]
    fn a_picture_says_in_words_what_it_shows_and_loads_nothing() {
        let svg = parts([300, 60, 42]).draw(Language::English).svg("p1");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title id=\"p1-t\">Who answered</title>"));
        assert!(svg.contains("x &lt; y &amp; &quot;z&quot;"), "{svg}");
        assert!(
            !svg.contains("style=") && !svg.contains("href") && !svg.contains("<script"),
            "{svg}"
        );
        assert!(
            svg.matches("ink-paper").count() > 10,
            "the second and third part are hatched"
        );
    }

    #[test]
    fn a_share_stands_in_its_range_and_few_answers_make_it_wide() {
        let few = Share::new(String::new(), 3, 4, Language::English);
        let many = Share::new(String::new(), 3_000, 4_000, Language::English);
        let width = |share: &Share| {
            let (at, low, high) = share.tenths.unwrap();
            assert!(low < at && at < high);
            high - low
        };
        assert!(width(&few) > 600 && width(&many) < 40);
        assert_eq!(
            many.in_words(Language::German).replace('\u{a0}', " "),
            "75 % (73,6 % bis 76,3 %)"
        );
    }
}
