//! A report's blocks on sheets of paper.

use super::face::Weight;
use super::sheet::{Look, MARGIN, Mark, Mileage, Node, PAPER, Role, Sheets, WIDTH};
use crate::domain::report::chart::{Chart, Data};
use crate::domain::report::picture::{Anchor, Ink};
use crate::domain::report::{Block, Language, Report, Tile};

const BODY: f32 = 10.0;
const SMALL: f32 = 8.5;
/// The room between two columns of figures.
const GUTTER: f32 = 18.0;
/// The largest that a logo is printed.
const LOGO: (f32, f32) = (130.0, 48.0);

/// A colour as it is written in the settings.
fn colour(hex: &str) -> (u8, u8, u8) {
    let part = |from: usize| hex.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    match (part(1), part(3), part(5)) {
        (Some(red), Some(green), Some(blue)) => (red, green, blue),
        _ => Ink::First.colour(),
    }
}

/// Lays a report out; `logo` is the size of its logo in pixels.
pub(super) fn lay_out(sheets: &mut Sheets<'_>, report: &Report, logo: Option<(u32, u32)>) -> Vec<Node> {
    let mut nodes = head(sheets, report, logo);
    for block in report.blocks() {
        match block {
            Block::Heading(words) => {
                // A heading does not stand alone at the end of a sheet.
                sheets.make_room(70.0);
                sheets.skip(14.0);
                sheets.outline.push(Mileage {
                    words: words.to_owned(),
                    sheet: sheets.number - 1,
                    y: sheets.y,
                });
                let lines = sheets.paragraph(words, Look::bold(13.0), MARGIN);
                nodes.push(Node::Group(Role::Heading(2, words.to_owned()), lines));
                sheets.skip(4.0);
            }
            Block::Lead(words) => {
                let lines = sheets.paragraph(words, Look::plain(12.5), MARGIN);
                nodes.push(Node::Group(Role::Paragraph, lines));
                sheets.skip(8.0);
            }
            Block::Sentences(said) => nodes.push(sentences(sheets, &said)),
            Block::Tiles(tiles) => nodes.push(figures(sheets, tiles, report.language)),
            Block::Picture(chart) => nodes.extend(picture(sheets, chart, report.language)),
            Block::Table { caption, columns, rows } => nodes.push(table(sheets, caption, &columns, &rows)),
            Block::Notes(said) => {
                sheets.skip(12.0);
                for said in said {
                    let lines = sheets.paragraph(said, Look::muted(SMALL), MARGIN);
                    nodes.push(Node::Group(Role::Paragraph, lines));
                }
            }
        }
    }
    foot(sheets, report);
    nodes
}

#[expect(clippy::cast_precision_loss, reason = "pixels of a logo")]
fn head(sheets: &mut Sheets<'_>, report: &Report, logo: Option<(u32, u32)>) -> Vec<Node> {
    let mut nodes = Vec::new();
    sheets.ornament(Mark::Rect {
        at: (MARGIN, MARGIN - 18.0),
        size: (WIDTH, 4.0),
        colour: colour(&report.accent),
    });
    let mut room = WIDTH;
    if let Some((width, height)) = logo.filter(|(width, height)| *width > 0 && *height > 0) {
        let (width, height) = (width as f32, height as f32);
        let scale = (LOGO.0 / width).min(LOGO.1 / height);
        let size = (width * scale, height * scale);
        let at = (MARGIN + WIDTH - size.0, MARGIN);
        let piece = sheets.piece(vec![Mark::Logo { at, size }]);
        nodes.push(Node::Group(Role::Figure(report.sender.clone()), vec![piece]));
        room -= size.0 + GUTTER;
    }
    let (marks, height) = sheets.text(
        &report.sender,
        Look::muted(BODY),
        (MARGIN, room),
        sheets.y,
        Anchor::Start,
    );
    let piece = sheets.piece(marks);
    nodes.push(Node::Group(Role::Paragraph, vec![piece]));
    sheets.skip(height + 2.0);
    let (marks, height) = sheets.text(&report.title, Look::bold(20.0), (MARGIN, room), sheets.y, Anchor::Start);
    sheets.outline.push(Mileage {
        words: report.title.clone(),
        sheet: 0,
        y: sheets.y,
    });
    let piece = sheets.piece(marks);
    nodes.push(Node::Group(Role::Heading(1, report.title.clone()), vec![piece]));
    sheets.skip(height + 12.0);
    sheets.y = sheets.y.max(if room < WIDTH { MARGIN + LOGO.1 + 12.0 } else { 0.0 });
    nodes
}

fn sentences(sheets: &mut Sheets<'_>, said: &[&str]) -> Node {
    let mut items = Vec::new();
    for said in said {
        sheets.make_room(Look::plain(BODY).leading());
        let look = Look::plain(BODY);
        let bullet = Mark::Text {
            at: (MARGIN, sheets.y + BODY),
            size: BODY,
            weight: Weight::Regular,
            colour: Ink::Muted.colour(),
            words: "•".to_owned(),
        };
        let label = sheets.piece(vec![bullet]);
        let body = sheets.paragraph(said, look, MARGIN + 12.0);
        items.push(Node::Group(
            Role::Item,
            vec![Node::Group(Role::Label, vec![label]), Node::Group(Role::Body, body)],
        ));
        sheets.skip(3.0);
    }
    Node::Group(Role::List, items)
}

/// Figures in two columns.
fn figures(sheets: &mut Sheets<'_>, tiles: &[Tile], language: Language) -> Node {
    let width = (WIDTH - GUTTER) / 2.0;
    let mut items = Vec::new();
    for pair in tiles.chunks(2) {
        // How high they are is known once they are drawn: from the top of a sheet first, if they might not fit.
        sheets.make_room(74.0);
        let mut tallest = 0.0_f32;
        for (nth, tile) in pair.iter().enumerate() {
            let left = if nth == 0 { MARGIN } else { MARGIN + width + GUTTER };
            let (marks, height) = figure(sheets, tile, (left, width), language);
            tallest = tallest.max(height);
            let piece = sheets.piece(marks);
            items.push(Node::Group(Role::Item, vec![Node::Group(Role::Body, vec![piece])]));
        }
        sheets.skip(tallest + 8.0);
    }
    Node::Group(Role::List, items)
}

fn figure(sheets: &Sheets<'_>, tile: &Tile, column: (f32, f32), language: Language) -> (Vec<Mark>, f32) {
    let top = sheets.y;
    let mut marks = Vec::new();
    let mut y = top;
    let mut say = |words: &str, look: Look, marks: &mut Vec<Mark>| {
        let (said, height) = sheets.text(words, look, column, y, Anchor::Start);
        marks.extend(said);
        y += height;
    };
    say(&tile.label, Look::muted(9.0), &mut marks);
    say(&tile.value, Look::bold(15.0), &mut marks);
    if let Some(before) = &tile.before {
        let words = format!("{} {before}", language.pick("before:", "davor:"));
        say(&words, Look::plain(SMALL), &mut marks);
    }
    if !tile.detail.is_empty() {
        say(&tile.detail, Look::muted(SMALL), &mut marks);
    }
    (marks, y - top)
}

fn picture(sheets: &mut Sheets<'_>, chart: &Chart, language: Language) -> Vec<Node> {
    let drawn = chart.draw(language);
    let (_, height) = sheets.picture(&drawn, (MARGIN, 0.0));
    sheets.make_room(height + 56.0);
    sheets.skip(12.0);
    let mut nodes = Vec::new();
    let title = sheets.paragraph(&chart.title, Look::bold(11.0), MARGIN);
    nodes.push(Node::Group(Role::Heading(3, chart.title.clone()), title));
    let says = sheets.paragraph(&chart.says, Look::muted(SMALL + 0.5), MARGIN);
    nodes.push(Node::Group(Role::Paragraph, says));
    sheets.skip(4.0);
    let (marks, height) = sheets.picture(&drawn, (MARGIN, sheets.y));
    let piece = sheets.piece(marks);
    let rows: Vec<String> = chart
        .rows(language)
        .into_iter()
        .map(|(label, value)| format!("{label}: {value}"))
        .collect();
    let alt = format!("{}. {}", chart.title, rows.join("; "));
    nodes.push(Node::Group(Role::Figure(alt), vec![piece]));
    sheets.skip(height + 6.0);
    if matches!(chart.data, Data::Shares { .. }) {
        // The ends of the ranges stand in no picture.
        let lines = sheets.paragraph(&rows.join("; "), Look::muted(SMALL), MARGIN);
        nodes.push(Node::Group(Role::Paragraph, lines));
        sheets.skip(4.0);
    }
    nodes
}

fn table(sheets: &mut Sheets<'_>, caption: &'static str, columns: &[&'static str], rows: &[Vec<String>]) -> Node {
    // Figures need little room; the first column has the rest.
    let narrow = 86.0;
    let figures = columns.len().saturating_sub(1);
    let wide = WIDTH - narrow * f32::from(u8::try_from(figures).unwrap_or(4));
    let column = |nth: usize| {
        if nth == 0 {
            (MARGIN, wide - 8.0)
        } else {
            let before = f32::from(u8::try_from(nth - 1).unwrap_or(4));
            (MARGIN + wide + narrow * before, narrow)
        }
    };
    let head: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
    let mut nodes = Vec::new();
    for (number, cells) in std::iter::once(&head).chain(rows).enumerate() {
        let is_head = number == 0;
        let look = if is_head { Look::bold(9.5) } else { Look::plain(9.5) };
        let anchor = |nth: usize| if nth == 0 { Anchor::Start } else { Anchor::End };
        let heights = cells.iter().enumerate().map(|(nth, cell)| {
            let (_, height) = sheets.text(cell, look, column(nth), 0.0, anchor(nth));
            height
        });
        let tallest = heights.fold(0.0_f32, f32::max);
        sheets.make_room(tallest + 6.0);
        let mut row = Vec::new();
        for (nth, cell) in cells.iter().enumerate() {
            let (marks, _) = sheets.text(cell, look, column(nth), sheets.y, anchor(nth));
            let role = match (is_head, nth) {
                (true, _) => Role::ColumnHeader,
                (false, 0) => Role::RowHeader,
                (false, _) => Role::Cell,
            };
            let piece = sheets.piece(marks);
            row.push(Node::Group(role, vec![piece]));
        }
        sheets.skip(tallest + 2.0);
        sheets.ornament(Mark::Line {
            points: vec![(MARGIN, sheets.y), (MARGIN + WIDTH, sheets.y)],
            width: if is_head { 1.0 } else { 0.5 },
            colour: Ink::Grid.colour(),
        });
        sheets.skip(4.0);
        nodes.push(Node::Group(Role::Row, row));
    }
    sheets.skip(6.0);
    Node::Group(Role::Table(caption), nodes)
}

/// On each sheet, what it belongs to and which one it is.
fn foot(sheets: &mut Sheets<'_>, report: &Report) {
    let all = sheets.number;
    for sheet in 1..=all {
        sheets.number = sheet;
        let words = match report.language {
            Language::English => format!("{} · page {sheet} of {all}", report.title),
            Language::German => format!("{} · Seite {sheet} von {all}", report.title),
        };
        let y = PAPER.1 - MARGIN;
        let (marks, _) = sheets.text(&words, Look::muted(8.0), (MARGIN, WIDTH), y, Anchor::Start);
        for mark in marks.into_iter().take(1) {
            sheets.ornament(mark);
        }
    }
}
