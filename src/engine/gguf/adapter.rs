//! Checks a LoRA adapter against the model it is to be applied to.
//!
//! The library ends the process on metadata of another type than it expects, and says only "null" on everything
//! else; so all of it is looked at here first.

use std::path::Path;

use super::{
    ModelFileError, ModelFileProblem,
    file::{GgufFile, Tensor},
    open,
    reader::Value,
};

const LOW_RANK_A: &str = ".lora_a";
const LOW_RANK_B: &str = ".lora_b";
/// Tensors that adapters carry and the library passes over.
const PASSED_OVER: &str = "_norm.weight";
/// Ways of packing that every matrix product of the library knows: 32 and 16 bits, and 8-bit blocks.
const KINDS: [u32; 4] = [0, 1, 8, 30];
/// Highest rank accepted; adapters in use have 8 to 256.
const HIGHEST_RANK: u64 = 4096;

/// Checks that the adapter can be applied to the model, and returns the bytes its tensors take.
pub fn check_adapter(adapter: &Path, model: &Path) -> Result<u64, ModelFileError> {
    let in_file = |path: &Path| {
        let path = path.to_owned();
        move |problem| ModelFileError { path, problem }
    };
    let base = open(model).map_err(in_file(model))?;
    open(adapter)
        .and_then(|file| check(&file, &base))
        .map_err(in_file(adapter))
}

fn check(adapter: &GgufFile, base: &GgufFile) -> Result<u64, ModelFileProblem> {
    let metadata = &adapter.metadata;
    if metadata.text("general.type") != Some("adapter") {
        return Err(ModelFileProblem::NotAnAdapter("a model, not an adapter"));
    }
    if metadata.text("adapter.type") != Some("lora") {
        return Err(ModelFileProblem::NotAnAdapter("an adapter, but not a LoRA adapter"));
    }
    if metadata.get("adapter.alora.invocation_tokens").is_some() {
        return Err(ModelFileProblem::NotAnAdapter(
            "an adapter that is switched on by certain words, which is not supported",
        ));
    }
    match metadata.get("adapter.lora.alpha") {
        None => {}
        Some(Value::Float(alpha)) if alpha.is_finite() => {}
        Some(_) => return Err(ModelFileProblem::Damaged("its strength is not a number")),
    }
    let (is_for, needed) = (adapter.architecture()?, base.architecture()?);
    if is_for != needed {
        return Err(ModelFileProblem::OtherModel(format!(
            "it is made for the architecture `{is_for}`, and the model's is `{needed}`"
        )));
    }
    for (name, tensor) in &adapter.tensors {
        if let Some(of) = name.strip_suffix(LOW_RANK_A) {
            let b = adapter.tensors.get(&format!("{of}{LOW_RANK_B}"));
            check_pair(of, tensor, b, base.tensors.get(of))?;
        } else if let Some(of) = name.strip_suffix(LOW_RANK_B) {
            if !adapter.tensors.contains_key(&format!("{of}{LOW_RANK_A}")) {
                return Err(ModelFileProblem::Damaged("half of a pair of its tensors is missing"));
            }
        } else if !name.ends_with(PASSED_OVER) {
            return Err(ModelFileProblem::Damaged("it holds tensors that are no part of a LoRA"));
        }
    }
    Ok(adapter.tensor_bytes())
}

/// A change of rank r to a matrix of n columns and m rows is an n × r and an r × m matrix.
fn check_pair(name: &str, a: &Tensor, b: Option<&Tensor>, changed: Option<&Tensor>) -> Result<(), ModelFileProblem> {
    let b = b.ok_or(ModelFileProblem::Damaged("half of a pair of its tensors is missing"))?;
    let shown: String = name.chars().take(80).collect();
    let changed = changed
        .ok_or_else(|| ModelFileProblem::OtherModel(format!("it changes `{shown}`, which the model has not")))?;
    if !KINDS.contains(&a.kind) || !KINDS.contains(&b.kind) {
        return Err(ModelFileProblem::Damaged("its tensors are packed in an unusual way"));
    }
    let (fits, rank) = if name.ends_with("token_embd.weight") {
        // Both are turned round there.
        let fits = changed.length(0) == b.length(1) && changed.length(1) == a.length(1) && a.length(0) == b.length(0);
        (fits, a.length(0))
    } else {
        let fits = changed.length(0) == a.length(0) && changed.length(1) == b.length(1) && a.length(1) == b.length(0);
        (fits, a.length(1))
    };
    let are_matrices = [a, b, changed].iter().all(|tensor| tensor.shape.len() <= 2);
    if !fits || !are_matrices || !(1..=HIGHEST_RANK).contains(&rank) {
        return Err(ModelFileProblem::OtherModel(format!(
            "its change to `{shown}` has another shape than the model's"
        )));
    }
    Ok(())
}
