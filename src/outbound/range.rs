//! Which part of a file an answer holds.

/// The `Content-Range` of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// The bytes from `first` to `last`, both included.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
        /// Length of the whole file, bytes, if the server knows it.
        total: Option<u64>,
    },
    /// Nothing of what was asked for exists.
    Unsatisfied {
        /// Length of the whole file, bytes.
        total: u64,
    },
}

impl ContentRange {
    /// Reads the header's value; `None` if it contradicts itself or is no range of bytes.
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, rest) = value.trim().split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = rest.trim().split_once('/')?;
        let total = match total {
            "*" => None,
            total => Some(number(total)?),
        };
        if range == "*" {
            return total.map(|total| Self::Unsatisfied { total });
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let is_sound = first <= last && total.is_none_or(|total| last < total);
        is_sound.then_some(Self::Part { first, last, total })
    }
}

/// Digits only: `parse` would take a sign too.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_range_that_contradicts_itself_is_none() {
        let parse = ContentRange::parse;
        let part = |first, last, total| Some(ContentRange::Part { first, last, total });
        assert_eq!(parse("bytes 0-9/10"), part(0, 9, Some(10)));
        assert_eq!(parse("Bytes 5-5/*"), part(5, 5, None));
        assert_eq!(parse("bytes */10"), Some(ContentRange::Unsatisfied { total: 10 }));
        for wrong in [
            "",
            "bytes",
            "bytes 0-9",
            "bytes 9-0/10",
            "bytes 0-10/10",
            "bytes */*",
            "bytes -5/10",
            "bytes 0-/10",
            "bytes +1-2/10",
            "lines 0-9/10",
            "bytes 0-9/-1",
            "bytes 0-99999999999999999999/*",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_sound_range_is_read_back(first in 0_u64..1 << 50, length in 1_u64..1 << 50, behind in 0_u64..1 << 50) {
            let last = first + length - 1;
            let total = last + 1 + behind;
            let read = ContentRange::parse(&format!("bytes {first}-{last}/{total}"));
            prop_assert_eq!(read, Some(ContentRange::Part { first, last, total: Some(total) }));
        }

        #[test]
        fn any_text_is_refused_or_sound(text in "(bytes )?[0-9*/ -]{0,30}") {
            if let Some(ContentRange::Part { first, last, total }) = ContentRange::parse(&text) {
                prop_assert!(first <= last && total.is_none_or(|total| last < total));
            }
        }
    }
}
