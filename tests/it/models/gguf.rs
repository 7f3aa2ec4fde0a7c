//! Small GGUF files with valid headers, made by hand. Their weights are numbers, and nobody could talk to them.

/// What goes into a file.
pub(crate) struct Gguf {
    metadata: Vec<u8>,
    entries: u64,
    weights: Vec<u8>,
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

impl Gguf {
    fn new(architecture: &str) -> Self {
        let empty = Self {
            metadata: Vec::new(),
            entries: 0,
            weights: Vec::new(),
        };
        empty.entry("general.architecture", 8, &text(architecture))
    }

    fn entry(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.metadata.extend(text(key));
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend(value);
        self.entries += 1;
        self
    }

    fn number(self, key: &str, value: u32) -> Self {
        self.entry(key, 4, &value.to_le_bytes())
    }

    /// A chat model.
    pub(crate) fn chat() -> Self {
        Self::new("llama")
            .entry("tokenizer.chat_template", 8, &text("chatml"))
            .number("llama.block_count", 2)
            .number("llama.embedding_length", 64)
            .number("llama.attention.head_count", 2)
            .number("llama.context_length", 512)
    }

    /// A chat model that keeps so much of a conversation that no machine could run it.
    pub(crate) fn giant() -> Self {
        Self::chat()
            .number("llama.attention.key_length", u32::MAX)
            .number("llama.attention.value_length", u32::MAX)
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.entry(key, 8, &text(value))
    }

    /// An adapter for a chat model.
    pub(crate) fn adapter() -> Self {
        Self::new("llama")
            .text("general.type", "adapter")
            .text("adapter.type", "lora")
    }

    /// One of three files that are a model together.
    pub(crate) fn part() -> Self {
        Self::chat().entry("split.count", 2, &3_u16.to_le_bytes())
    }

    /// What lets a model see pictures.
    pub(crate) fn eyes() -> Self {
        Self::new("clip")
    }

    /// A file with numbers about a model.
    pub(crate) fn statistics() -> Self {
        Self::new("llama").text("general.type", "imatrix")
    }

    /// A chat model that does not say how conversations are written.
    pub(crate) fn without_template() -> Self {
        Self::new("llama").number("llama.block_count", 2)
    }

    /// An embedding model.
    pub(crate) fn embedder() -> Self {
        Self::new("bert")
            .entry("bert.attention.causal", 7, &[0])
            .number("bert.pooling_type", 1)
    }

    /// With a header of at least so many bytes, as large vocabularies have.
    pub(crate) fn long_header(self, bytes: usize) -> Self {
        let mut words = 8_u32.to_le_bytes().to_vec();
        let count = bytes / 16;
        words.extend((count as u64).to_le_bytes());
        for number in 0..count {
            words.extend(text(&format!("{number:08}")));
        }
        self.entry("tokenizer.ggml.tokens", 9, &words)
    }

    /// The file, with weights that depend on `seed`.
    pub(crate) fn build(mut self, seed: u8, weights: usize) -> Vec<u8> {
        let weights = weights.next_multiple_of(32);
        self.weights = (0..weights).map(|at| seed ^ u8::try_from(at % 251).unwrap()).collect();
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(self.entries.to_le_bytes());
        file.extend(self.metadata);
        file.extend(text("weight"));
        file.extend(1_u32.to_le_bytes());
        // Eight-bit whole numbers.
        file.extend((weights as u64).to_le_bytes());
        file.extend(24_u32.to_le_bytes());
        file.extend(0_u64.to_le_bytes());
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(self.weights);
        file
    }
}
