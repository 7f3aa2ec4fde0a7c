//! A picture as a list of shapes. Drawn once, painted by whoever shows it: as SVG here, in a PDF elsewhere.

use super::escaped;
use std::fmt::Write as _;

/// What a shape is painted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Text.
    Text,
    /// Text of less weight.
    Muted,
    /// Thin lines behind the figures.
    Grid,
    /// The first series.
    First,
    /// The second series.
    Second,
    /// The third series.
    Third,
    /// The range that a figure may lie in.
    Band,
    /// What stands on a filled shape: the hatching of a series.
    Paper,
}

impl Ink {
    /// Its colour on white paper, as red, green and blue.
    pub const fn colour(self) -> (u8, u8, u8) {
        match self {
            Self::Text => (0x1c, 0x24, 0x2d),
            Self::Muted => (0x4d, 0x5a, 0x68),
            Self::Grid => (0xd9, 0xde, 0xe4),
            Self::First => (0x1f, 0x5f, 0xa8),
            Self::Second => (0x5a, 0x7d, 0x2a),
            Self::Third => (0x8a, 0x8f, 0x98),
            Self::Band => (0xcf, 0xdf, 0xf2),
            Self::Paper => (0xff, 0xff, 0xff),
        }
    }

    /// Its colour as in HTML: `#1f5fa8`.
    pub fn hex(self) -> String {
        let (red, green, blue) = self.colour();
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The class that a page's stylesheet may paint otherwise.
    const fn class(self) -> &'static str {
        match self {
            Self::Text => "ink-text",
            Self::Muted => "ink-muted",
            Self::Grid => "ink-grid",
            Self::First => "ink-first",
            Self::Second => "ink-second",
            Self::Third => "ink-third",
            Self::Band => "ink-band",
            Self::Paper => "ink-paper",
        }
    }
}

/// Which end of a text stands at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A point: to the right, and down.
pub type Point = (f32, f32);

/// A shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Rect {
        /// Its upper left corner.
        at: Point,
        /// Its width and height.
        size: (f32, f32),
        /// Its filling.
        ink: Ink,
    },
    /// A line through points.
    Line {
        /// The points.
        points: Vec<Point>,
        /// Its width.
        width: f32,
        /// Its colour.
        ink: Ink,
    },
    /// A filled polygon.
    Area {
        /// Its corners.
        points: Vec<Point>,
        /// Its filling.
        ink: Ink,
    },
    /// A line of text.
    Text {
        /// Where its baseline is.
        at: Point,
        /// Its size.
        size: f32,
        /// Which end stands there.
        anchor: Anchor,
        /// Its colour.
        ink: Ink,
        /// The words.
        words: String,
    },
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// What it shows, in a few words.
    pub title: String,
    /// The same in a sentence, for those who do not see it.
    pub says: String,
    /// Its shapes, from the back to the front.
    pub shapes: Vec<Shape>,
}

/// A coordinate, to a tenth, so that the same picture is the same text everywhere.
fn number(value: f32) -> String {
    let tenths = format!("{value:.1}");
    let short = tenths.strip_suffix(".0").unwrap_or(&tenths);
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

fn points_of(points: &[Point]) -> String {
    let pairs: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{},{}", number(*x), number(*y)))
        .collect();
    pairs.join(" ")
}

impl Picture {
    /// The picture as SVG for within a page: no style, no script, nothing that is loaded. `id` tells it from others of the page.
    pub fn svg(&self, id: &str) -> String {
        let mut svg = format!(
            "<svg class=\"picture\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" font-family=\"sans-serif\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            number(self.width),
            number(self.height),
            escaped(&self.title),
            escaped(&self.says)
        );
        for shape in &self.shapes {
            let _infallible = match shape {
                Shape::Rect { at, size, ink } => write!(
                    svg,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" class=\"{}\"/>",
                    number(at.0),
                    number(at.1),
                    number(size.0),
                    number(size.1),
                    ink.hex(),
                    ink.class()
                ),
                Shape::Line { points, width, ink } => write!(
                    svg,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" class=\"line {}\"/>",
                    points_of(points),
                    ink.hex(),
                    number(*width),
                    ink.class()
                ),
                Shape::Area { points, ink } => write!(
                    svg,
                    "<polygon points=\"{}\" fill=\"{}\" class=\"{}\"/>",
                    points_of(points),
                    ink.hex(),
                    ink.class()
                ),
                Shape::Text {
                    at,
                    size,
                    anchor,
                    ink,
                    words,
                } => write!(
                    svg,
                    "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\" fill=\"{}\" class=\"{}\">{}</text>",
                    number(at.0),
                    number(at.1),
                    number(*size),
                    match anchor {
                        Anchor::Start => "start",
                        Anchor::Middle => "middle",
                        Anchor::End => "end",
                    },
                    ink.hex(),
                    ink.class(),
                    escaped(words)
                ),
            };
        }
        svg.push_str("</svg>");
        svg
    }
}
