use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// Builds small GGUF files by hand.
#[derive(Default)]
struct Builder {
    metadata: Vec<u8>,
    entries: u64,
    tensors: Vec<u8>,
    tensor_count: u64,
    data: usize,
}

impl Builder {
    fn text_bytes(text: &str) -> Vec<u8> {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes
    }

    fn entry(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.metadata.extend(Self::text_bytes(key));
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend(value);
        self.entries += 1;
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.entry(key, 8, &Self::text_bytes(value))
    }

    fn number(self, key: &str, value: u32) -> Self {
        self.entry(key, 4, &value.to_le_bytes())
    }

    fn tensor(self, elements: u64, kind: u32, offset: u64) -> Self {
        let name = format!("weight.{}", self.tensor_count);
        self.matrix(&name, &[elements], kind, offset)
    }

    fn matrix(mut self, name: &str, shape: &[u64], kind: u32, offset: u64) -> Self {
        self.tensors.extend(Self::text_bytes(name));
        self.tensors.extend(u32::try_from(shape.len()).unwrap().to_le_bytes());
        for length in shape {
            self.tensors.extend(length.to_le_bytes());
        }
        self.tensors.extend(kind.to_le_bytes());
        self.tensors.extend(offset.to_le_bytes());
        self.tensor_count += 1;
        self
    }

    fn data(mut self, bytes: usize) -> Self {
        self.data = bytes;
        self
    }

    fn build(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend(self.tensor_count.to_le_bytes());
        file.extend(self.entries.to_le_bytes());
        file.extend(self.metadata);
        file.extend(self.tensors);
        file.resize(file.len().next_multiple_of(32), 0);
        file.resize(file.len() + self.data, 0);
        file
    }
}

fn small_chat_model() -> Builder {
    Builder::default()
        .text("general.architecture", "llama")
        .text("tokenizer.chat_template", "chatml")
        .number("llama.block_count", 30)
        .number("llama.embedding_length", 576)
        .number("llama.attention.head_count", 9)
        .number("llama.attention.head_count_kv", 3)
        .number("llama.context_length", 8192)
        .tensor(64, 0, 0)
        .tensor(64, 3, 256)
        .data(256 + 40)
}

fn read(file: &[u8]) -> Result<GgufHeader, ModelFileProblem> {
    GgufHeader::read(Cursor::new(file), file.len() as u64)
}

fn on_disk(file: &[u8]) -> tempfile::NamedTempFile {
    let on_disk = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(on_disk.path(), file).expect("the file is written");
    on_disk
}

#[test]
fn a_whole_file_tells_what_the_model_is_and_needs() {
    let header = read(&small_chat_model().build()).expect("the file is whole");
    assert_eq!(header.architecture, "llama");
    assert_eq!(header.context_tokens, 8192);
    assert!(header.has_chat_template);
    assert!(!header.is_encoder());
    assert_eq!(header.tensor_bytes, 256 + 40);
    assert_eq!(header.cache_bytes_per_token, 30 * 3 * (64 + 64) * 2);
}

#[test]
fn every_shorter_prefix_of_a_file_is_refused() {
    let file = small_chat_model().build();
    for length in 0..file.len() {
        let problem = read(&file[..length]).expect_err("a part of a file is not a model");
        if length < 4 {
            assert!(matches!(problem, ModelFileProblem::NotGguf), "{length}: {problem}");
        } else {
            assert!(
                matches!(problem, ModelFileProblem::Truncated { have_bytes, need_bytes }
                    if have_bytes == length as u64 && need_bytes > have_bytes),
                "{length}: {problem}"
            );
        }
    }
}

#[test]
fn another_kind_of_file_is_named_as_such() {
    for file in [&b"<!DOCTYPE html><html></html>"[..], b"PK\x03\x04", b"", b"GGU"] {
        assert!(matches!(read(file), Err(ModelFileProblem::NotGguf)));
    }
}

#[test]
fn an_unknown_version_is_named() {
    let mut file = small_chat_model().build();
    file[4..8].copy_from_slice(&9_u32.to_le_bytes());
    assert!(matches!(read(&file), Err(ModelFileProblem::UnsupportedVersion(9))));
}

#[test]
fn a_model_larger_than_the_memory_is_refused_with_both_numbers() {
    let file = on_disk(&small_chat_model().build());
    let problem = check(file.path(), ModelPurpose::Chat, 4096, Some(1_000_000)).expect_err("1 MB is too little");
    assert!(matches!(
        problem,
        ModelFileProblem::TooLarge {
            available_bytes: 1_000_000,
            ..
        }
    ));
    assert!(problem.to_string().contains("1 MB are available"), "{problem}");
    assert!(check(file.path(), ModelPurpose::Chat, 4096, Some(1 << 30)).is_ok());
    assert!(
        check(file.path(), ModelPurpose::Chat, 4096, None).is_ok(),
        "unknown memory refuses nothing"
    );
}

#[test]
fn a_chat_model_is_not_taken_for_an_embedder() {
    let chat = on_disk(&small_chat_model().build());
    let problem = check(chat.path(), ModelPurpose::Embed, 512, None).expect_err("it is a chat model");
    assert!(
        problem.to_string().contains("is a chat model (architecture `llama`)"),
        "{problem}"
    );

    let embedder = Builder::default()
        .text("general.architecture", "bert")
        .entry("bert.attention.causal", 7, &[0])
        .number("bert.pooling_type", 1)
        .tensor(8, 0, 0)
        .data(32)
        .build();
    let embedder = on_disk(&embedder);
    let header = check(embedder.path(), ModelPurpose::Embed, 512, None).expect("it is an embedder");
    assert!(header.has_pooling);
    assert!(check(embedder.path(), ModelPurpose::Chat, 512, None).is_err());
}

#[test]
fn a_missing_file_is_named_with_its_path() {
    let error = check_models(None, Some(Path::new("/nowhere/model.gguf")), 512).expect_err("no file");
    assert!(
        error
            .to_string()
            .starts_with("The model file `/nowhere/model.gguf` cannot be read"),
        "{error}"
    );
}

#[test]
fn impossible_counts_end_at_once() {
    let mut file = small_chat_model().build();
    file[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(read(&file), Err(ModelFileProblem::Truncated { .. })));
}

fn base_model() -> Vec<u8> {
    Builder::default()
        .text("general.architecture", "llama")
        .matrix("blk.0.attn_q.weight", &[8, 6], 0, 0)
        .data(8 * 6 * 4)
        .build()
}

/// An adapter of rank 2 for the matrix above; `columns` is right at 8.
fn adapter(columns: u64) -> Builder {
    Builder::default()
        .text("general.type", "adapter")
        .text("general.architecture", "llama")
        .text("adapter.type", "lora")
        .entry("adapter.lora.alpha", 6, &2_f32.to_le_bytes())
        .matrix("blk.0.attn_q.weight.lora_a", &[columns, 2], 0, 0)
        .matrix("blk.0.attn_q.weight.lora_b", &[2, 6], 0, 64)
        .data(256)
}

fn refusal_of_adapter(file: Builder) -> String {
    let (model, adapter) = (on_disk(&base_model()), on_disk(&file.build()));
    check_adapter(adapter.path(), model.path())
        .expect_err("the adapter is wrong")
        .to_string()
}

#[test]
fn an_adapter_that_fits_is_accepted() {
    let (model, file) = (on_disk(&base_model()), on_disk(&adapter(8).build()));
    assert_eq!(
        check_adapter(file.path(), model.path()).expect("it fits"),
        (16 + 12) * 4
    );
}

#[test]
fn an_adapter_that_would_kill_the_process_is_refused_in_words() {
    let said = refusal_of_adapter(adapter(7));
    assert!(said.contains("has another shape than the model's"), "{said}");

    let said = refusal_of_adapter(adapter(8).entry("adapter.lora.alpha", 4, &1_u32.to_le_bytes()));
    assert!(said.contains("its strength is not a number"), "{said}");

    let said = refusal_of_adapter(adapter(8).text("general.architecture", "qwen2"));
    assert!(said.contains("made for the architecture `qwen2`"), "{said}");

    let said = refusal_of_adapter(adapter(8).matrix("blk.9.attn_q.weight.lora_a", &[8, 2], 0, 0));
    assert!(said.contains("half of a pair"), "{said}");

    let foreign = adapter(8).matrix("blk.9.attn_q.weight.lora_a", &[8, 2], 0, 0).matrix(
        "blk.9.attn_q.weight.lora_b",
        &[2, 6],
        0,
        0,
    );
    let said = refusal_of_adapter(foreign);
    assert!(
        said.contains("`blk.9.attn_q.weight`, which the model has not"),
        "{said}"
    );

    let said = refusal_of_adapter(small_chat_model());
    assert!(said.contains("is a model, not an adapter"), "{said}");
}

#[test]
fn an_adapter_is_not_taken_for_a_model() {
    let file = on_disk(&adapter(8).build());
    let said = read_model(file.path(), None).expect_err("it is an adapter").to_string();
    assert!(said.contains("holds no model but: adapter"), "{said}");
}

proptest! {
    #[test]
    fn a_damaged_adapter_never_panics(
        damage in proptest::collection::vec((0_usize..500, any::<u8>()), 1..6),
    ) {
        let mut file = adapter(8).build();
        for (place, byte) in damage {
            let place = place % file.len();
            file[place] = byte;
        }
        let (model, file) = (on_disk(&base_model()), on_disk(&file));
        let _either_is_fine = check_adapter(file.path(), model.path());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(read(&bytes).is_err() || bytes.starts_with(b"GGUF"));
    }

    #[test]
    fn a_damaged_header_never_panics(
        damage in proptest::collection::vec((0_usize..400, any::<u8>()), 1..6),
        cut in 0_usize..600,
    ) {
        let mut file = small_chat_model().build();
        for (place, byte) in damage {
            let place = place % file.len();
            file[place] = byte;
        }
        file.truncate(cut.max(4));
        let _either_is_fine = read(&file);
    }
}
