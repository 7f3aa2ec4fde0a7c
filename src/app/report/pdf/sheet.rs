//! Sheets of paper: what stands where, and what it is for those who have it read to them.

use super::face::{Faces, Weight, one_line};
use crate::domain::report::picture::{Anchor, Ink, Picture, Shape};

/// Width and height of A4, in points.
pub(super) const PAPER: (f32, f32) = (595.0, 842.0);
/// The margin on all sides.
pub(super) const MARGIN: f32 = 54.0;
/// The width of what stands between the margins.
pub(super) const WIDTH: f32 = PAPER.0 - 2.0 * MARGIN;
/// What is printed ends here; the foot comes below.
const BOTTOM: f32 = PAPER.1 - MARGIN - 14.0;

/// Something that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Rect {
        at: (f32, f32),
        size: (f32, f32),
        colour: (u8, u8, u8),
    },
    Line {
        points: Vec<(f32, f32)>,
        width: f32,
        colour: (u8, u8, u8),
    },
    Area {
        points: Vec<(f32, f32)>,
        colour: (u8, u8, u8),
    },
    Text {
        at: (f32, f32),
        size: f32,
        weight: Weight,
        colour: (u8, u8, u8),
        words: String,
    },
    /// The logo.
    Logo { at: (f32, f32), size: (f32, f32) },
}

/// What belongs together on one sheet and is read as one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) sheet: usize,
    /// It only looks nice: it is not read.
    pub(super) is_ornament: bool,
    pub(super) marks: Vec<Mark>,
}

/// What something is, for those who have it read to them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Role {
    Heading(u16, String),
    Paragraph,
    List,
    Item,
    Label,
    Body,
    Figure(String),
    Table(&'static str),
    Row,
    ColumnHeader,
    RowHeader,
    Cell,
}

/// The order in which everything is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Group(Role, Vec<Node>),
    Piece(usize),
}

/// A heading that readers can jump to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mileage {
    pub(super) words: String,
    pub(super) sheet: usize,
    pub(super) y: f32,
}

/// Sheets that are being filled from the top.
pub(super) struct Sheets<'a> {
    pub(super) faces: &'a Faces,
    pub(super) number: usize,
    pub(super) y: f32,
    pub(super) pieces: Vec<Piece>,
    pub(super) outline: Vec<Mileage>,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
}

impl Look {
    pub(super) const fn plain(size: f32) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            ink: Ink::Text,
        }
    }

    pub(super) const fn bold(size: f32) -> Self {
        Self {
            weight: Weight::Bold,
            ..Self::plain(size)
        }
    }

    pub(super) const fn muted(size: f32) -> Self {
        Self {
            ink: Ink::Muted,
            ..Self::plain(size)
        }
    }

    /// From one line to the next.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.38
    }
}

impl<'a> Sheets<'a> {
    pub(super) const fn new(faces: &'a Faces) -> Self {
        Self {
            faces,
            number: 1,
            y: MARGIN,
            pieces: Vec::new(),
            outline: Vec::new(),
        }
    }

    /// Sees to it that so much room is left, on the next sheet if need be.
    pub(super) fn make_room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > MARGIN {
            self.number += 1;
            self.y = MARGIN;
        }
    }

    pub(super) const fn skip(&mut self, height: f32) {
        self.y += height;
    }

    /// Notes what is drawn together here.
    pub(super) fn piece(&mut self, marks: Vec<Mark>) -> Node {
        self.pieces.push(Piece {
            sheet: self.number - 1,
            is_ornament: false,
            marks,
        });
        Node::Piece(self.pieces.len() - 1)
    }

    pub(super) fn ornament(&mut self, mark: Mark) {
        self.pieces.push(Piece {
            sheet: self.number - 1,
            is_ornament: true,
            marks: vec![mark],
        });
    }

    /// A text in lines from `left` on, `width` wide, its first line's top at `y`: the marks and the height.
    pub(super) fn text(
        &self,
        words: &str,
        look: Look,
        (left, width): (f32, f32),
        y: f32,
        to: Anchor,
    ) -> (Vec<Mark>, f32) {
        let face = self.faces.of(look.weight);
        let lines = face.lines(words, look.size, width);
        let mut marks = Vec::with_capacity(lines.len());
        let mut baseline = y + look.size;
        for line in lines {
            let rest = width - face.width(&line, look.size);
            let x = match to {
                Anchor::Start => left,
                Anchor::Middle => left + rest / 2.0,
                Anchor::End => left + rest,
            };
            marks.push(Mark::Text {
                at: (x, baseline),
                size: look.size,
                weight: look.weight,
                colour: look.ink.colour(),
                words: line,
            });
            baseline += look.leading();
        }
        (marks, baseline - y - look.size)
    }

    /// A paragraph, line by line, across sheets if it must.
    pub(super) fn paragraph(&mut self, words: &str, look: Look, left: f32) -> Vec<Node> {
        let face = self.faces.of(look.weight);
        let lines = face.lines(words, look.size, MARGIN + WIDTH - left);
        let mut nodes = Vec::new();
        for line in lines {
            self.make_room(look.leading());
            let mark = Mark::Text {
                at: (left, self.y + look.size),
                size: look.size,
                weight: look.weight,
                colour: look.ink.colour(),
                words: line,
            };
            nodes.push(self.piece(vec![mark]));
            self.skip(look.leading());
        }
        nodes
    }

    /// A picture, as wide as the text: the marks, and its height on paper.
    pub(super) fn picture(&self, picture: &Picture, (left, top): (f32, f32)) -> (Vec<Mark>, f32) {
        let scale = WIDTH / picture.width;
        let placed = |(x, y): (f32, f32)| (left + x * scale, top + y * scale);
        let marks = picture.shapes.iter().map(|shape| match shape {
            Shape::Rect { at, size, ink } => Mark::Rect {
                at: placed(*at),
                size: (size.0 * scale, size.1 * scale),
                colour: ink.colour(),
            },
            Shape::Line { points, width, ink } => Mark::Line {
                points: points.iter().map(|point| placed(*point)).collect(),
                width: width * scale,
                colour: ink.colour(),
            },
            Shape::Area { points, ink } => Mark::Area {
                points: points.iter().map(|point| placed(*point)).collect(),
                colour: ink.colour(),
            },
            Shape::Text {
                at,
                size,
                anchor,
                ink,
                words,
            } => {
                let (x, y) = placed(*at);
                let (size, words) = (size * scale, one_line(words));
                let width = self.faces.of(Weight::Regular).width(&words, size);
                let x = match anchor {
                    Anchor::Start => x,
                    Anchor::Middle => x - width / 2.0,
                    Anchor::End => x - width,
                };
                Mark::Text {
                    at: (x, y),
                    size,
                    weight: Weight::Regular,
                    colour: ink.colour(),
                    words,
                }
            }
        });
        (marks.collect(), picture.height * scale)
    }
}
