//! The text of a file, whatever it is encoded in.

use super::{MAX_BYTES, ParseError};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// Where a page must say how it is encoded.
const PRESCAN_BYTES: usize = 2_048;

/// The text of a file without a byte order mark, and a remark if its encoding was guessed.
pub(super) fn decode(bytes: &[u8], is_page: bool) -> Result<(Cow<'_, str>, Option<String>), ParseError> {
    if bytes.len() > MAX_BYTES {
        return Err(ParseError::TooLarge {
            mb: bytes.len().div_ceil(1024 * 1024),
        });
    }
    let (text, remark) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding == UTF_16LE || encoding == UTF_16BE => {
            (wide(encoding, bytes.get(mark..).unwrap_or_default())?, None)
        }
        _ => narrow(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), is_page)?,
    };
    if text.trim().is_empty() {
        Err(ParseError::Empty)
    } else {
        Ok((text, remark))
    }
}

fn wide<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, ParseError> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    match text {
        Some(text) if text.contains('\0') => Err(ParseError::Binary),
        Some(text) => Ok(text),
        None => Err(ParseError::Utf16),
    }
}

/// Western text in UTF-16 that does not say so by its first two bytes: every other byte is null.
fn unmarked(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = bytes.get(..bytes.len().min(PRESCAN_BYTES)).unwrap_or_default();
    let nulls = |from: usize| {
        beginning
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let pairs = beginning.len() / 2;
    match (nulls(0), nulls(1)) {
        (0, nulls) if pairs > 1 && nulls * 10 >= pairs * 9 => Some(UTF_16LE),
        (nulls, 0) if pairs > 1 && nulls * 10 >= pairs * 9 => Some(UTF_16BE),
        _ => None,
    }
}

fn narrow(bytes: &[u8], is_page: bool) -> Result<(Cow<'_, str>, Option<String>), ParseError> {
    if bytes.contains(&0) {
        let Some(encoding) = unmarked(bytes) else {
            return Err(ParseError::Binary);
        };
        let text = wide(encoding, bytes)?;
        let is_text = !text.chars().any(|c| c.is_control() && !c.is_whitespace());
        return if is_text {
            Ok((text, None))
        } else {
            Err(ParseError::Binary)
        };
    }
    let wrong = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok((text.into(), None)),
        Err(error) => ParseError::NotUtf8 {
            at: error.valid_up_to(),
        },
    };
    if let Some(encoding) = declared(bytes).filter(|encoding| is_page && *encoding != UTF_8) {
        let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
        return if had_errors { Err(wrong) } else { Ok((text, None)) };
    }
    let (text, had_errors) = WINDOWS_1252.decode_without_bom_handling(bytes);
    if had_errors || !reads_well(&text) {
        return Err(wrong);
    }
    let remark = "the file is not UTF-8; it was read as Windows-1252, so look whether its accents are right".to_owned();
    Ok((text, Some(remark)))
}

/// What a page says about itself: `<meta charset=…>`, or the same within `content`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let beginning = bytes.get(..bytes.len().min(PRESCAN_BYTES)).unwrap_or_default();
    let beginning = String::from_utf8_lossy(beginning).to_ascii_lowercase();
    let (_, from) = beginning.split_once("charset=")?;
    let label = from.trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | ':'));
    Encoding::for_label(label.get(..end.unwrap_or(label.len()))?.as_bytes())
}

/// Western text has few accents, and they stand within words. Anything else that is read as Western text has many, or has signs where letters belong.
fn reads_well(text: &str) -> bool {
    let plain = text.chars().filter(char::is_ascii_alphabetic).count();
    let accented = text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    let signs = text.chars().filter(|c| !c.is_ascii() && !c.is_alphabetic()).count();
    let controls = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
    controls == 0 && accented * 3 <= plain && signs * 4 <= plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<String, ParseError> {
        decode(bytes, true).map(|(text, _)| text.into_owned())
    }

    #[test]
    fn whatever_an_office_writes_is_read() {
        assert_eq!(read("\u{feff}Café".as_bytes()).as_deref(), Ok("Café"));
        assert_eq!(read(b"\xff\xfeC\0a\0f\0\xe9\0").as_deref(), Ok("Café"));
        assert_eq!(read(b"\xfe\xff\0C\0a\0f\0\xe9").as_deref(), Ok("Café"));
        // Without the mark, as some programs write it.
        assert_eq!(read(b"C\0a\0f\0\xe9\0").as_deref(), Ok("Café"));
        assert_eq!(read(b"\0C\0a\0f\0\xe9").as_deref(), Ok("Café"));
        let (text, remark) = decode(b"Our caf\xe9 opens at 9 \x96 every day.", false).unwrap();
        assert_eq!(text, "Our café opens at 9 – every day.");
        assert!(remark.is_some_and(|remark| remark.contains("Windows-1252")));
        assert_eq!(
            read(b"<meta charset=\"koi8-r\"><p>\xf0\xd2\xc9\xd7\xc5\xd4").as_deref(),
            Ok("<meta charset=\"koi8-r\"><p>Привет")
        );
    }

    #[test]
    fn what_cannot_be_guessed_is_refused_rather_than_garbled() {
        // Russian in windows-1251 and Japanese in Shift-JIS, which do not say so.
        assert_eq!(
            read(b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0"),
            Err(ParseError::NotUtf8 { at: 0 })
        );
        assert_eq!(
            read(b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd"),
            Err(ParseError::NotUtf8 { at: 0 })
        );
        assert_eq!(read(b"\x89PNG\r\n\x1a\n\x80\x81"), Err(ParseError::NotUtf8 { at: 0 }));
        assert_eq!(read(b"\xff\xfe\x00\xd8"), Err(ParseError::Utf16));
        assert_eq!(read(b"a\0b"), Err(ParseError::Binary));
        assert_eq!(read(b" \n"), Err(ParseError::Empty));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
