//! GGUF files made for a test: a LoRA adapter, and a model with another chat template.

use std::{fs, path::Path};

const TEXT: u32 = 8;
const FLOAT: u32 = 6;
const SINGLE_PRECISION: u32 = 0;
const ALIGNMENT: usize = 32;

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [text(key).as_slice(), &kind.to_le_bytes(), value].concat()
}

/// A LoRA adapter for one matrix of `columns` × `rows`, of the given rank. Its numbers are small and without order;
/// `strength` multiplies them, so 0 makes an adapter that changes nothing.
pub(crate) fn lora(architecture: &str, matrix: &str, columns: u64, rows: u64, strength: f32) -> Vec<u8> {
    const RANK: u64 = 4;
    let metadata = [
        entry("general.type", TEXT, &text("adapter")),
        entry("general.architecture", TEXT, &text(architecture)),
        entry("adapter.type", TEXT, &text("lora")),
        entry("adapter.lora.alpha", FLOAT, &8_f32.to_le_bytes()),
    ];
    let matrices = [
        (format!("{matrix}.lora_a"), [columns, RANK], 1.0),
        (format!("{matrix}.lora_b"), [RANK, rows], strength),
    ];
    let mut file = b"GGUF".to_vec();
    file.extend(3_u32.to_le_bytes());
    file.extend((matrices.len() as u64).to_le_bytes());
    file.extend((metadata.len() as u64).to_le_bytes());
    file.extend(metadata.concat());
    let mut data: Vec<u8> = Vec::new();
    let mut state: u32 = 1;
    for (name, shape, strength) in matrices {
        file.extend(text(&name));
        file.extend(2_u32.to_le_bytes());
        file.extend(shape.iter().flat_map(|length| length.to_le_bytes()));
        file.extend(SINGLE_PRECISION.to_le_bytes());
        data.resize(data.len().next_multiple_of(ALIGNMENT), 0);
        file.extend((data.len() as u64).to_le_bytes());
        for _ in 0..shape[0] * shape[1] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = (f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0) * 0.5 * strength;
            data.extend(number.to_le_bytes());
        }
    }
    file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
    file.extend(data);
    file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
    file
}

/// A copy of a model with another value for one text of its metadata.
pub(super) fn with_text(model: &Path, key: &str, value: &str) -> Vec<u8> {
    let file = fs::read(model).unwrap();
    let wanted = [text(key).as_slice(), &TEXT.to_le_bytes()].concat();
    let place = file.windows(wanted.len()).position(|window| window == wanted).unwrap() + wanted.len();
    let old = 8 + usize::try_from(u64::from_le_bytes(file[place..place + 8].try_into().unwrap())).unwrap();
    let data = data_start(&file);
    let mut changed = file[..place].to_vec();
    changed.extend(text(value));
    changed.extend(&file[place + old..end_of_tensors(&file)]);
    changed.resize(changed.len().next_multiple_of(ALIGNMENT), 0);
    changed.extend(&file[data..]);
    changed
}

fn data_start(file: &[u8]) -> usize {
    end_of_tensors(file).next_multiple_of(ALIGNMENT)
}

/// Where the table of tensors ends. Each has a name, dimensions, a type and an offset.
fn end_of_tensors(file: &[u8]) -> usize {
    let mut reader = Reader { file, place: 8 };
    let (tensors, entries) = (reader.u64(), reader.u64());
    for _ in 0..entries {
        reader.text();
        let kind = reader.u32();
        reader.value(kind);
    }
    for _ in 0..tensors {
        reader.text();
        let dimensions = reader.u32();
        reader.place += usize::try_from(dimensions).unwrap() * 8 + 4 + 8;
    }
    reader.place
}

struct Reader<'f> {
    file: &'f [u8],
    place: usize,
}

impl Reader<'_> {
    fn u32(&mut self) -> u32 {
        self.place += 4;
        u32::from_le_bytes(self.file[self.place - 4..self.place].try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        self.place += 8;
        u64::from_le_bytes(self.file[self.place - 8..self.place].try_into().unwrap())
    }

    fn text(&mut self) {
        self.place += usize::try_from(self.u64()).unwrap();
    }

    fn value(&mut self, kind: u32) {
        match kind {
            0 | 1 | 7 => self.place += 1,
            2 | 3 => self.place += 2,
            4..=6 => self.place += 4,
            10..=12 => self.place += 8,
            8 => self.text(),
            9 => {
                let kind = self.u32();
                for _ in 0..self.u64() {
                    self.value(kind);
                }
            }
            _ => panic!("no such type"),
        }
    }
}
