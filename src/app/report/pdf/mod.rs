//! The report as a PDF: tagged, so that it can be read aloud; the same report is the same file, to the last byte.

mod face;
mod lay_out;
mod sheet;

use crate::domain::report::Report;
use face::Faces;
use krilla::color::rgb;
use krilla::configure::{Accessibility, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use krilla::{Document, SerializeSettings};
use sheet::{Mark, Node, PAPER, Piece, Role, Sheets};
use std::num::NonZeroU16;

/// A picture file that stands at the head of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raster {
    /// A PNG.
    Png(Vec<u8>),
    /// A JPEG.
    Jpeg(Vec<u8>),
}

/// Why a PDF was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the PDF cannot be written ({0}); please report this with the report's numbers")]
pub struct PdfError(String);

fn image(raster: &Raster) -> Option<Image> {
    match raster {
        Raster::Png(bytes) => Image::from_png(bytes.clone().into(), false),
        Raster::Jpeg(bytes) => Image::from_jpeg(bytes.clone().into(), false),
    }
    .ok()
}

fn settings(configuration: Configuration) -> SerializeSettings {
    SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    }
}

/// Writes the PDF. A logo that cannot be read is left out.
///
/// # Errors
/// [`PdfError`] where the library refuses.
pub fn write(report: &Report, logo: Option<&Raster>) -> Result<Vec<u8>, PdfError> {
    let faces = Faces::read().ok_or_else(|| PdfError("its font cannot be read".to_owned()))?;
    let logo = logo.and_then(image);
    let mut sheets = Sheets::new(&faces);
    let nodes = lay_out::lay_out(&mut sheets, report, logo.as_ref().map(Image::size));
    let refused = |error: &dyn std::fmt::Debug| PdfError(format!("{error:?}").chars().take(200).collect());
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| refused(&error))?;
    let mut document = Document::new_with(settings(configuration));
    document.set_metadata(metadata(report));
    let painter = Painter {
        faces: &faces,
        logo: logo.as_ref(),
    };
    let mut ids: Vec<Option<Identifier>> = vec![None; sheets.pieces.len()];
    for number in 0..sheets.number {
        let size = PageSettings::from_wh(PAPER.0, PAPER.1).ok_or_else(|| PdfError("no such paper".to_owned()))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        let on_it = sheets
            .pieces
            .iter()
            .zip(&mut ids)
            .filter(|(piece, _)| piece.sheet == number);
        for (piece, id) in on_it {
            *id = painter.piece(&mut surface, piece);
        }
        surface.finish();
        page.finish();
    }
    let mut outline = Outline::new();
    for heading in &sheets.outline {
        let to = XyzDestination::new(heading.sheet, Point::from_xy(sheet::MARGIN, heading.y));
        outline.push_child(OutlineNode::new(heading.words.clone(), to));
    }
    document.set_outline(outline);
    let mut tree = TagTree::new().with_lang(Some(report.language.code().to_owned()));
    for node in nodes {
        if let Some(node) = tagged(node, &mut ids) {
            tree.push(node);
        }
    }
    document.set_tag_tree(tree);
    document.finish().map_err(|error| refused(&error))
}

fn metadata(report: &Report) -> Metadata {
    let day = report.facts.counted_on;
    let positive = |number: i8| u8::try_from(number).unwrap_or(1);
    let made = DateTime::new(u16::try_from(day.year()).unwrap_or_default())
        .month(positive(day.month()))
        .day(positive(day.day()))
        .hour(0)
        .minute(0)
        .second(0)
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(report.title.clone())
        .authors(vec![report.sender.clone()])
        .creator("Holdpoint".to_owned())
        .language(report.language.code().to_owned())
        .creation_date(made)
}

/// Pieces become what they are for those who have the file read to them. Each piece is used once.
fn tagged(node: Node, ids: &mut [Option<Identifier>]) -> Option<krilla::tagging::Node> {
    match node {
        Node::Piece(at) => ids.get_mut(at).and_then(Option::take).map(Into::into),
        Node::Group(role, children) => {
            let mut group = TagGroup::new(kind(role));
            for child in children {
                if let Some(child) = tagged(child, ids) {
                    group.push(child);
                }
            }
            Some(group.into())
        }
    }
}

fn kind(role: Role) -> TagKind {
    match role {
        Role::Heading(level, words) => Tag::Hn(NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN), Some(words)).into(),
        Role::Paragraph => Tag::P.into(),
        Role::List => Tag::L(ListNumbering::Disc).into(),
        Role::Item => Tag::LI.into(),
        Role::Label => Tag::Lbl.into(),
        Role::Body => Tag::LBody.into(),
        Role::Figure(alt) => Tag::Figure(Some(alt)).into(),
        Role::Table(summary) => Tag::Table.with_summary(Some(summary.to_owned())).into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHeader => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHeader => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
    }
}

struct Painter<'a> {
    faces: &'a Faces,
    logo: Option<&'a Image>,
}

fn fill((red, green, blue): (u8, u8, u8)) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        ..Fill::default()
    }
}

fn path(points: &[(f32, f32)], is_closed: bool) -> Option<krilla::geom::Path> {
    let mut builder = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    builder.move_to(first.0, first.1);
    for point in rest {
        builder.line_to(point.0, point.1);
    }
    if is_closed {
        builder.close();
    }
    builder.finish()
}

impl Painter<'_> {
    fn piece(&self, surface: &mut Surface<'_>, piece: &Piece) -> Option<Identifier> {
        let tag = if piece.is_ornament {
            ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other))
        } else {
            ContentTag::Other
        };
        let id = surface.start_tagged(tag);
        for mark in &piece.marks {
            self.mark(surface, mark);
        }
        surface.end_tagged();
        (!piece.is_ornament).then_some(id)
    }

    fn mark(&self, surface: &mut Surface<'_>, mark: &Mark) {
        match mark {
            Mark::Rect { at, size, colour } => {
                let mut builder = PathBuilder::new();
                let Some(rect) = Rect::from_xywh(at.0, at.1, size.0, size.1) else {
                    return;
                };
                builder.push_rect(rect);
                shape(surface, builder.finish(), Some(fill(*colour)), None);
            }
            Mark::Area { points, colour } => shape(surface, path(points, true), Some(fill(*colour)), None),
            Mark::Line { points, width, colour } => {
                let stroke = Stroke {
                    paint: rgb::Color::new(colour.0, colour.1, colour.2).into(),
                    width: *width,
                    ..Stroke::default()
                };
                shape(surface, path(points, false), None, Some(stroke));
            }
            Mark::Text {
                at,
                size,
                weight,
                colour,
                words,
            } => {
                let face = self.faces.of(*weight);
                surface.set_stroke(None);
                surface.set_fill(Some(fill(*colour)));
                let start = Point::from_xy(at.0, at.1);
                surface.draw_glyphs(start, &face.glyphs(words), face.font.clone(), words, *size, false);
            }
            Mark::Logo { at, size } => {
                let (Some(logo), Some(size)) = (self.logo, Size::from_wh(size.0, size.1)) else {
                    return;
                };
                surface.push_transform(&Transform::from_translate(at.0, at.1));
                surface.draw_image(logo.clone(), size);
                surface.pop();
            }
        }
    }
}

fn shape(surface: &mut Surface<'_>, path: Option<krilla::geom::Path>, fill: Option<Fill>, stroke: Option<Stroke>) {
    // A bar of nothing is no shape.
    if let Some(path) = path {
        surface.set_fill(fill);
        surface.set_stroke(stroke);
        surface.draw_path(&path);
    }
}

#[cfg(test)]
mod tests;
