//! What every GGUF file begins with, whatever it holds: metadata and a table of tensors.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use super::{
    ModelFileProblem,
    reader::{BoundedReader, Value},
};

const MAGIC: [u8; 4] = *b"GGUF";
const DEFAULT_ALIGNMENT_BYTES: u64 = 32;
const MOST_DIMENSIONS: u32 = 8;

/// The beginning of a file, up to its data; every tensor it announces lies inside the file.
pub(super) struct GgufFile {
    pub(super) metadata: Metadata,
    pub(super) tensors: BTreeMap<String, Tensor>,
}

/// An entry of the table of tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    /// Length along each dimension.
    pub(super) shape: Vec<u64>,
    /// How its elements are packed, as the format numbers it.
    pub(super) kind: u32,
    offset: u64,
    pub(super) bytes: u64,
}

impl Tensor {
    /// Length along a dimension; those it does not have are 1.
    pub(super) fn length(&self, dimension: usize) -> u64 {
        self.shape.get(dimension).copied().unwrap_or(1)
    }
}

impl GgufFile {
    /// Reads the beginning of `source`, a file of `length` bytes.
    pub(super) fn read<R: Read + Seek>(source: R, length: u64) -> Result<Self, ModelFileProblem> {
        let mut reader = BoundedReader::new(source, length);
        if length < MAGIC.len() as u64 || reader.magic()? != MAGIC {
            return Err(ModelFileProblem::NotGguf);
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(ModelFileProblem::UnsupportedVersion(version));
        }
        // The smallest tensor entry is 24 bytes, the smallest metadata entry 13.
        let tensor_count = reader.count(24)?;
        let entries = reader.count(13)?;

        let mut metadata = BTreeMap::new();
        for _ in 0..entries {
            let key = reader.text()?;
            let kind = reader.u32()?;
            metadata.insert(key, reader.value(kind, 0)?);
        }
        let metadata = Metadata(metadata);
        let alignment = metadata.number("general.alignment").unwrap_or(DEFAULT_ALIGNMENT_BYTES);
        if !alignment.is_power_of_two() {
            return Err(ModelFileProblem::Damaged("its alignment is impossible"));
        }

        let mut tensors = BTreeMap::new();
        let mut data_bytes: u64 = 0;
        for _ in 0..tensor_count {
            let (name, tensor) = read_tensor(&mut reader)?;
            data_bytes = data_bytes.max(tensor.offset.saturating_add(tensor.bytes));
            if tensors.insert(name, tensor).is_some() {
                return Err(ModelFileProblem::Damaged("two of its tensors have the same name"));
            }
        }
        let data_start = reader
            .position()
            .checked_next_multiple_of(alignment)
            .unwrap_or(u64::MAX);
        let need_bytes = data_start.saturating_add(data_bytes);
        if need_bytes > length {
            return Err(ModelFileProblem::Truncated {
                have_bytes: length,
                need_bytes,
            });
        }
        if tensors.is_empty() {
            return Err(ModelFileProblem::Damaged("it holds no weights"));
        }
        Ok(Self { metadata, tensors })
    }

    /// The family of models it is or belongs to.
    pub(super) fn architecture(&self) -> Result<&str, ModelFileProblem> {
        self.metadata
            .text("general.architecture")
            .ok_or(ModelFileProblem::Damaged("it does not say which architecture it is"))
    }

    /// Bytes of all tensors.
    pub(super) fn tensor_bytes(&self) -> u64 {
        let sizes = self.tensors.values().map(|tensor| tensor.bytes);
        sizes.fold(0, u64::saturating_add)
    }
}

fn read_tensor<R: Read + Seek>(reader: &mut BoundedReader<R>) -> Result<(String, Tensor), ModelFileProblem> {
    let name = reader.text()?;
    let dimensions = reader.u32()?;
    if dimensions > MOST_DIMENSIONS {
        return Err(ModelFileProblem::Damaged("a tensor has too many dimensions"));
    }
    let mut elements: u64 = 1;
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let length = reader.u64()?;
        elements = elements
            .checked_mul(length)
            .ok_or(ModelFileProblem::Damaged("a tensor is impossibly large"))?;
        shape.push(length);
    }
    let kind = reader.u32()?;
    let offset = reader.u64()?;
    // A type newer than this table counts as one byte, so that it is neither refused nor mistaken for damage.
    let bytes = block_layout(kind).map_or(1, |(block_elements, block_bytes)| {
        elements.div_ceil(block_elements).saturating_mul(block_bytes)
    });
    let tensor = Tensor {
        shape,
        kind,
        offset,
        bytes,
    };
    Ok((name, tensor))
}

/// How a tensor type packs its elements: elements and bytes per block. The numbers are part of the file format.
const fn block_layout(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        24 => (1, 1),
        27 | 28 => (1, 8),
        2 | 20 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        39 => (32, 17),
        10 => (256, 84),
        11 | 21 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        16 | 35 => (256, 66),
        17 => (256, 74),
        18 => (256, 98),
        19 => (256, 50),
        22 => (256, 82),
        23 => (256, 136),
        29 => (256, 56),
        34 => (256, 54),
        _ => return None,
    })
}

/// The metadata of a file.
pub(super) struct Metadata(BTreeMap<String, Value>);

impl Metadata {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A number; of an array, its largest entry, which is the safe one for an estimate of memory.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::Unsigned(number) | Value::Array { largest: number, .. } => Some(*number),
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn entries(&self, key: &str) -> u64 {
        match self.get(key) {
            Some(Value::Array { entries, .. }) => *entries,
            _ => 0,
        }
    }
}
