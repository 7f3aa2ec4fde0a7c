//! Reads little-endian values with a bound: nothing is allocated or skipped beyond the end of the file.

use std::io::{BufReader, Read, Seek};

use super::ModelFileProblem;

/// Longest string kept in memory; chat templates are the longest ones used and far shorter.
const LONGEST_TEXT_BYTES: u64 = 1 << 20;
/// GGUF allows arrays of arrays; no known model nests at all.
const DEEPEST_ARRAY: u8 = 4;

/// A value of the metadata, as far as anything here needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Unsigned(u64),
    /// A number of single precision.
    Float(f32),
    Flag(bool),
    Text(String),
    /// An array: how many entries, and the largest of them if they are integers.
    Array {
        entries: u64,
        largest: u64,
    },
    /// A value whose content nothing here needs.
    Other,
}

pub(super) struct BoundedReader<R> {
    inner: BufReader<R>,
    position: u64,
    length: u64,
}

impl<R: Read + Seek> BoundedReader<R> {
    pub(super) fn new(source: R, length: u64) -> Self {
        Self {
            inner: BufReader::with_capacity(1 << 16, source),
            position: 0,
            length,
        }
    }

    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// Moves past `bytes`, or says how long the file would have to be.
    fn advance(&mut self, bytes: u64) -> Result<(), ModelFileProblem> {
        let end = self.position.saturating_add(bytes);
        if end > self.length {
            return Err(ModelFileProblem::Truncated {
                have_bytes: self.length,
                need_bytes: end,
            });
        }
        self.position = end;
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), ModelFileProblem> {
        self.advance(bytes)?;
        let offset = i64::try_from(bytes).map_err(|_beyond| ModelFileProblem::Damaged("a length is impossible"))?;
        Ok(self.inner.seek_relative(offset)?)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ModelFileProblem> {
        self.advance(N as u64)?;
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn magic(&mut self) -> Result<[u8; 4], ModelFileProblem> {
        self.fixed()
    }

    pub(super) fn u32(&mut self) -> Result<u32, ModelFileProblem> {
        self.fixed().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, ModelFileProblem> {
        self.fixed().map(u64::from_le_bytes)
    }

    /// Checks a count against what the rest of the file can hold, so that a damaged one cannot keep us busy.
    pub(super) fn count(&mut self, bytes_each: u64) -> Result<u64, ModelFileProblem> {
        let count = self.u64()?;
        let need_bytes = self.position.saturating_add(count.saturating_mul(bytes_each));
        if need_bytes > self.length {
            return Err(ModelFileProblem::Truncated {
                have_bytes: self.length,
                need_bytes,
            });
        }
        Ok(count)
    }

    pub(super) fn text(&mut self) -> Result<String, ModelFileProblem> {
        let length = self.count(1)?;
        if length > LONGEST_TEXT_BYTES {
            self.skip(length)?;
            return Ok(String::new());
        }
        self.advance(length)?;
        let mut bytes = Vec::new();
        self.inner.by_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            return Err(ModelFileProblem::Truncated {
                have_bytes: self.length,
                need_bytes: self.position,
            });
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip_text(&mut self) -> Result<(), ModelFileProblem> {
        let length = self.count(1)?;
        self.skip(length)
    }

    /// Reads a value of the given GGUF type number.
    pub(super) fn value(&mut self, kind: u32, depth: u8) -> Result<Value, ModelFileProblem> {
        Ok(match kind {
            0 => Value::Unsigned(u64::from(u8::from_le_bytes(self.fixed()?))),
            1 => non_negative(i64::from(i8::from_le_bytes(self.fixed()?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.fixed()?))),
            3 => non_negative(i64::from(i16::from_le_bytes(self.fixed()?))),
            4 => Value::Unsigned(u64::from(self.u32()?)),
            5 => non_negative(i64::from(i32::from_le_bytes(self.fixed()?))),
            6 => Value::Float(f32::from_le_bytes(self.fixed()?)),
            7 => Value::Flag(self.fixed::<1>()? != [0]),
            8 => Value::Text(self.text()?),
            9 => self.array(depth)?,
            10 => Value::Unsigned(self.u64()?),
            11 => non_negative(i64::from_le_bytes(self.fixed()?)),
            12 => self.fixed::<8>().map(|_float| Value::Other)?,
            _ => {
                return Err(ModelFileProblem::Damaged("its metadata has a value of unknown type"));
            }
        })
    }

    fn array(&mut self, depth: u8) -> Result<Value, ModelFileProblem> {
        if depth >= DEEPEST_ARRAY {
            return Err(ModelFileProblem::Damaged("its metadata is nested too deeply"));
        }
        let kind = self.u32()?;
        // Every entry takes at least its smallest encoding, which bounds the loop below by the file's size.
        let entries = match kind {
            8 => self.count(8)?,
            9 => self.count(12)?,
            _ => self.count(1)?,
        };
        let mut largest = 0;
        for _ in 0..entries {
            if kind == 8 {
                self.skip_text()?;
            } else if let Value::Unsigned(number) = self.value(kind, depth + 1)? {
                largest = largest.max(number);
            }
        }
        Ok(Value::Array { entries, largest })
    }
}

fn non_negative(number: i64) -> Value {
    u64::try_from(number).map_or(Value::Other, Value::Unsigned)
}
