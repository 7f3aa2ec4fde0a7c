//! The header of a GGUF file: what the model is, how long the file must be, how much memory it needs.

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
/// Keys and values of the attention cache are kept as 16-bit floats.
const CACHE_BYTES_PER_ELEMENT: u64 = 2;
/// What the library allocates besides weights, cache and logits; measured about 20 to 60 MB on small models.
const WORKING_MEMORY_BYTES: u64 = 64 << 20;
/// Rows of logits the library keeps room for; the physical batch of the chat model.
const LOGIT_ROWS: u64 = 512;

/// What the header of a model file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufHeader {
    /// Family of the model, such as `llama` or `bert`.
    pub architecture: String,
    /// The model's own name, if it has one.
    pub name: Option<String>,
    /// Window it was trained with, tokens; 0 if unknown.
    pub context_tokens: u32,
    /// True if the file brings a chat template.
    pub has_chat_template: bool,
    /// True if the file says how token vectors are pooled into one.
    pub has_pooling: bool,
    /// True if attention looks both ways, as in an encoder.
    attention_is_bidirectional: bool,
    /// Bytes of all tensors.
    pub tensor_bytes: u64,
    /// Bytes of attention cache per token of context.
    pub cache_bytes_per_token: u64,
    /// Entries of the vocabulary.
    pub vocabulary: u64,
}

impl GgufHeader {
    /// Reads the header from the beginning of `source`, a file of `length` bytes, and checks that every tensor it
    /// announces lies inside the file.
    pub fn read<R: Read + Seek>(source: R, length: u64) -> Result<Self, ModelFileProblem> {
        let mut reader = BoundedReader::new(source, length);
        if length < MAGIC.len() as u64 || reader.magic()? != MAGIC {
            return Err(ModelFileProblem::NotGguf);
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(ModelFileProblem::UnsupportedVersion(version));
        }
        // The smallest tensor entry is 24 bytes, the smallest metadata entry 13.
        let tensors = reader.count(24)?;
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

        let mut tensor_bytes: u64 = 0;
        let mut data_bytes: u64 = 0;
        for _ in 0..tensors {
            let (offset, bytes) = read_tensor(&mut reader)?;
            tensor_bytes = tensor_bytes.saturating_add(bytes);
            data_bytes = data_bytes.max(offset.saturating_add(bytes));
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
        if tensors == 0 {
            return Err(ModelFileProblem::Damaged("it holds no weights"));
        }
        Self::from_metadata(&metadata, tensor_bytes)
    }

    fn from_metadata(metadata: &Metadata, tensor_bytes: u64) -> Result<Self, ModelFileProblem> {
        let architecture = metadata
            .text("general.architecture")
            .ok_or(ModelFileProblem::Damaged("it does not say which architecture it is"))?;
        let of_model = |key: &str| metadata.number(&format!("{architecture}.{key}"));
        let layers = of_model("block_count").unwrap_or(0);
        let width = of_model("embedding_length").unwrap_or(0);
        let heads = of_model("attention.head_count").unwrap_or(1).max(1);
        let cached_heads = of_model("attention.head_count_kv").unwrap_or(heads);
        let key_length = of_model("attention.key_length").unwrap_or(width / heads);
        let value_length = of_model("attention.value_length").unwrap_or(width / heads);
        let bidirectional = metadata.get(&format!("{architecture}.attention.causal")) == Some(&Value::Flag(false));
        let cache_bytes_per_token = layers
            .saturating_mul(cached_heads)
            .saturating_mul(key_length.saturating_add(value_length))
            .saturating_mul(CACHE_BYTES_PER_ELEMENT);
        Ok(Self {
            name: metadata.text("general.name").map(str::to_owned),
            context_tokens: of_model("context_length")
                .and_then(|tokens| u32::try_from(tokens).ok())
                .unwrap_or(0),
            has_chat_template: metadata.text("tokenizer.chat_template").is_some(),
            has_pooling: of_model("pooling_type").is_some_and(|kind| kind != 0),
            attention_is_bidirectional: bidirectional,
            tensor_bytes,
            cache_bytes_per_token: if bidirectional { 0 } else { cache_bytes_per_token },
            vocabulary: metadata.entries("tokenizer.ggml.tokens"),
            architecture: architecture.to_owned(),
        })
    }

    /// True for models that read a whole text at once and answer with vectors.
    pub const fn is_encoder(&self) -> bool {
        self.attention_is_bidirectional
    }

    /// Estimate of the memory the model needs with a window of `context_tokens`, bytes.
    pub const fn memory_need_bytes(&self, context_tokens: u32) -> u64 {
        let cache = self.cache_bytes_per_token.saturating_mul(context_tokens as u64);
        let logits = if self.is_encoder() {
            0
        } else {
            self.vocabulary.saturating_mul(LOGIT_ROWS * 4)
        };
        self.tensor_bytes
            .saturating_add(cache)
            .saturating_add(logits)
            .saturating_add(WORKING_MEMORY_BYTES)
    }
}

/// Reads one tensor's entry: where its data begins after the header, and how long it is.
fn read_tensor<R: Read + Seek>(reader: &mut BoundedReader<R>) -> Result<(u64, u64), ModelFileProblem> {
    reader.text()?;
    let dimensions = reader.u32()?;
    if dimensions > MOST_DIMENSIONS {
        return Err(ModelFileProblem::Damaged("a tensor has too many dimensions"));
    }
    let mut elements: u64 = 1;
    for _ in 0..dimensions {
        elements = elements
            .checked_mul(reader.u64()?)
            .ok_or(ModelFileProblem::Damaged("a tensor is impossibly large"))?;
    }
    let kind = reader.u32()?;
    let offset = reader.u64()?;
    // A type newer than this table counts as one byte, so that it is neither refused nor mistaken for damage.
    let bytes = block_layout(kind).map_or(1, |(block_elements, block_bytes)| {
        elements.div_ceil(block_elements).saturating_mul(block_bytes)
    });
    Ok((offset, bytes))
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

struct Metadata(BTreeMap<String, Value>);

impl Metadata {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A number; of an array, its largest entry, which is the safe one for an estimate of memory.
    fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::Unsigned(number) | Value::Array { largest: number, .. } => Some(*number),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn entries(&self, key: &str) -> u64 {
        match self.get(key) {
            Some(Value::Array { entries, .. }) => *entries,
            _ => 0,
        }
    }
}
