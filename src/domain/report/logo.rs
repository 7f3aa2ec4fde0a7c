//! Which pictures may stand at the head of a report.
//!
//! A picture is shown on a page that clients open, so what could run or load something there is refused, and the refusal says what it is.
//! An SVG is read element by element against a list of what draws; whatever is not on it is refused rather than removed.

use serde::{Deserialize, Serialize};

/// The largest logo, in bytes.
pub const MAX_BYTES: usize = 200_000;
/// The largest width and height of a logo, in pixels.
const MAX_PIXELS: u32 = 2_000;

/// What kind of picture a logo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoKind {
    /// A PNG.
    Png,
    /// A JPEG.
    Jpeg,
    /// An SVG that only draws. It is shown on pages; mail and PDF have the sender's name instead.
    Svg,
}

impl LogoKind {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// Why a picture is refused. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// Not a picture that is known.
    #[error("this is no PNG, JPEG or SVG; export the logo as a PNG")]
    Unknown,
    /// Too many bytes.
    #[error("the logo has {0} bytes, and at most 200 000 are taken; make it smaller")]
    Large(usize),
    /// Too many pixels.
    #[error("the logo is {0} × {1} pixels, and at most 2 000 × 2 000 are taken; make it smaller")]
    Wide(u32, u32),
    /// An SVG with something that does not draw.
    #[error("this SVG has {0}, which could run or load something on your clients' screens; export the logo as a PNG")]
    Unsafe(String),
    /// An SVG that cannot be read.
    #[error("this SVG cannot be read ({0}); export the logo as a PNG")]
    Broken(String),
}

/// Finds out which kind of picture this is, and whether it may be shown. `check_svg` reads an SVG.
///
/// # Errors
/// [`LogoError`] with what to do instead.
pub fn check(bytes: &[u8], check_svg: impl Fn(&str) -> Result<(), LogoError>) -> Result<LogoKind, LogoError> {
    if bytes.len() > MAX_BYTES {
        return Err(LogoError::Large(bytes.len()));
    }
    let within = |(width, height): (u32, u32)| match (width, height) {
        (0, _) | (_, 0) => Err(LogoError::Unknown),
        (width, height) if width.max(height) > MAX_PIXELS => Err(LogoError::Wide(width, height)),
        _ => Ok(()),
    };
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        within(png_size(bytes).ok_or(LogoError::Unknown)?)?;
        return Ok(LogoKind::Png);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        within(jpeg_size(bytes).ok_or(LogoError::Unknown)?)?;
        return Ok(LogoKind::Jpeg);
    }
    let text = std::str::from_utf8(bytes).map_err(|_not_text| LogoError::Unknown)?;
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    if !begins.starts_with('<') {
        return Err(LogoError::Unknown);
    }
    check_svg(text)?;
    Ok(LogoKind::Svg)
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((number(bytes.get(16..20)?), number(bytes.get(20..24)?)))
}

/// Width and height from the first frame of a JPEG.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [0xff, marker] = *bytes.get(at..at + 2)? else {
            return None;
        };
        match marker {
            0xff => at += 1,
            // Frames of any kind; the others of this range are tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let height = number(bytes.get(at + 5..at + 7)?);
                return Some((number(bytes.get(at + 7..at + 9)?), height));
            }
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + usize::try_from(number(bytes.get(at + 2..at + 4)?)).ok()?.max(2),
        }
    }
}

/// Elements of SVG that draw, or hold what draws.
const ELEMENTS: [&str; 20] = [
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "symbol",
];

/// Whether an element of an SVG, by its name without a prefix, only draws.
///
/// # Errors
/// [`LogoError::Unsafe`] naming it.
pub fn check_element(name: &str) -> Result<(), LogoError> {
    if ELEMENTS.contains(&name) {
        return Ok(());
    }
    let name: String = name.chars().take(30).collect();
    Err(LogoError::Unsafe(format!("the element <{name}>")))
}

/// Whether an attribute of an SVG, by its full name and its value, only draws.
///
/// # Errors
/// [`LogoError::Unsafe`] naming it.
pub fn check_attribute(name: &str, value: &str) -> Result<(), LogoError> {
    let refused = || {
        let name: String = name.chars().take(30).collect();
        Err(LogoError::Unsafe(format!("the attribute {name}")))
    };
    let lower = name.to_ascii_lowercase();
    let is_namespace = lower == "xmlns" || lower.starts_with("xmlns:");
    if lower.starts_with("on") || lower.ends_with("href") || lower == "style" || lower == "xml:base" {
        return refused();
    }
    // Within the picture, a gradient is named by `url(#name)`; anything else is loaded from somewhere.
    let value = value.to_ascii_lowercase();
    let squeezed: String = value
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '\\')
        .collect();
    let elsewhere = squeezed.match_indices("url(").any(|(at, _)| {
        let named = squeezed
            .get(at + 4..)
            .unwrap_or_default()
            .trim_start_matches(['"', '\'']);
        !named.starts_with('#')
    });
    let loads = ["javascript:", "data:", "@import", "expression("]
        .iter()
        .any(|word| squeezed.contains(word));
    if !is_namespace && (elsewhere || loads || squeezed.contains("//")) {
        return refused();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_SVG: fn(&str) -> Result<(), LogoError> = |_| Err(LogoError::Unknown);

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn pictures_are_known_by_what_is_in_them_and_large_ones_are_refused() {
        assert_eq!(check(&png(300, 100), NO_SVG), Ok(LogoKind::Png));
        assert_eq!(
            check(&png(60_000, 60_000), NO_SVG),
            Err(LogoError::Wide(60_000, 60_000))
        );
        assert_eq!(check(&png(0, 1), NO_SVG), Err(LogoError::Unknown));
        let jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01";
        assert_eq!(check(jpeg, NO_SVG), Ok(LogoKind::Jpeg));
        for broken in [
            &b"\xff\xd8\xff"[..],
            b"\xff\xd8\xff\xe0\xff\xff",
            b"GIF89a",
            b"%PDF-1.7",
            b"",
            b"\xff\xd8\xff\xc0",
        ] {
            assert_eq!(check(broken, NO_SVG), Err(LogoError::Unknown), "{broken:?}");
        }
        assert!(matches!(check(&vec![b'a'; 200_001], NO_SVG), Err(LogoError::Large(_))));
    }

    #[test]
    fn only_what_draws_is_on_the_list() {
        for name in [
            "script",
            "foreignObject",
            "use",
            "image",
            "style",
            "a",
            "animate",
            "set",
            "iframe",
            "SCRIPT",
        ] {
            assert!(check_element(name).is_err(), "{name}");
        }
        for (name, value) in [
            ("onload", "x()"),
            ("OnClick", "x()"),
            ("href", "#a"),
            ("xlink:href", "https://x.example/a"),
            ("style", "fill:url(x)"),
            ("fill", "url(https://x.example/a)"),
            ("fill", "URL( ' //x.example')"),
            ("fill", "u\\rl(#a)"),
            ("filter", "url(data:x)"),
            ("d", "javascript:x"),
        ] {
            let found = check_attribute(name, value);
            assert!(found.is_err() || value == "u\\rl(#a)", "{name}={value}");
        }
        for (name, value) in [
            ("fill", "url(#g1)"),
            ("d", "M0 0L1 1z"),
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", "0 0 1 1"),
        ] {
            assert_eq!(check_attribute(name, value), Ok(()), "{name}={value}");
        }
    }
}
