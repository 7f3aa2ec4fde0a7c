//! Letters: how wide a text is, and where it is broken into lines.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use ttf_parser::Face as Parsed;

/// Noto Sans, under the SIL Open Font License; installed with the console's libraries.
const REGULAR: &[u8] =
    include_bytes!("../../../../assets/node_modules/@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf");
const BOLD: &[u8] =
    include_bytes!("../../../../assets/node_modules/@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf");

/// A weight of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A font that can be measured and drawn.
pub(super) struct Face {
    parsed: Parsed<'static>,
    pub(super) font: Font,
    em: f32,
    /// Stands where the font lacks a letter.
    missing: u16,
}

/// Both weights.
pub(super) struct Faces {
    regular: Face,
    bold: Face,
}

impl Faces {
    /// Reads them; none if what was built in is no font.
    pub(super) fn read() -> Option<Self> {
        Some(Self {
            regular: Face::read(REGULAR)?,
            bold: Face::read(BOLD)?,
        })
    }

    pub(super) const fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

/// Letters that take no room and are not drawn.
const fn is_silent(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ad}')
}

/// A text on one line: without what breaks lines, and without letters that cannot be seen.
pub(super) fn one_line(text: &str) -> String {
    let seen = text.chars().filter(|letter| !is_silent(*letter));
    seen.map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

impl Face {
    fn read(data: &'static [u8]) -> Option<Self> {
        let parsed = Parsed::parse(data, 0).ok()?;
        let em = f32::from(parsed.units_per_em());
        let missing = parsed.glyph_index('?')?.0;
        Some(Self {
            font: Font::new(data.into(), 0)?,
            parsed,
            em,
            missing,
        })
    }

    fn glyph(&self, letter: char) -> ttf_parser::GlyphId {
        let found = self.parsed.glyph_index(letter).filter(|glyph| glyph.0 != 0);
        found.unwrap_or(ttf_parser::GlyphId(self.missing))
    }

    fn advance(&self, letter: char) -> f32 {
        let units = self.parsed.glyph_hor_advance(self.glyph(letter)).unwrap_or_default();
        f32::from(units) / self.em
    }

    /// How wide a text is at a size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(letter)).sum::<f32>() * size
    }

    /// The glyphs of a text, one a letter.
    pub(super) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .map(|(at, letter)| {
                let id = GlyphId::new(u32::from(self.glyph(letter).0));
                let range = at..at + letter.len_utf8();
                KrillaGlyph::new(id, self.advance(letter), 0.0, 0.0, 0.0, range, None)
            })
            .collect()
    }

    /// A text as lines that are no wider than `width`: broken at spaces, and within a word only where it alone is too wide.
    pub(super) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let text = one_line(text);
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let joined = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&joined, size) <= width {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() || lines.is_empty() {
            lines.push(line);
        }
        lines
    }
}
