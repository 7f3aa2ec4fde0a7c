//! The header of a model's file: what the model is, and how much memory it needs.

use std::io::{Read, Seek};

use super::{ModelFileProblem, ModelPurpose, file::GgufFile, reader::Value};

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
        Self::of_file(&GgufFile::read(source, length)?)
    }

    pub(super) fn of_file(file: &GgufFile) -> Result<Self, ModelFileProblem> {
        let architecture = file.architecture()?;
        let metadata = &file.metadata;
        // Files of other kinds, such as adapters and vision towers, say so; older models say nothing.
        match metadata.text("general.type") {
            None | Some("model") => {}
            Some(other) => return Err(ModelFileProblem::NotAModel(other.chars().take(40).collect())),
        }
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
            tensor_bytes: file.tensor_bytes(),
            cache_bytes_per_token: if bidirectional { 0 } else { cache_bytes_per_token },
            vocabulary: metadata.entries("tokenizer.ggml.tokens"),
            architecture: architecture.to_owned(),
        })
    }

    /// True for models that read a whole text at once and answer with vectors.
    pub const fn is_encoder(&self) -> bool {
        self.attention_is_bidirectional
    }

    /// What the model is for.
    pub const fn purpose(&self) -> ModelPurpose {
        if self.is_encoder() {
            ModelPurpose::Embed
        } else {
            ModelPurpose::Chat
        }
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
