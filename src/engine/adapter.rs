//! A LoRA adapter of a loaded model.

use std::path::{Path, PathBuf};

use llama_cpp_2::{
    context::LlamaContext,
    model::{LlamaLoraAdapter, LlamaModel},
};

use super::error::RunError;

/// As strong as the adapter was trained.
const FULL_STRENGTH: f32 = 1.0;

/// The adapter a model is loaded with, or none. Its file must have been checked against the model's.
pub(crate) struct Adapter(Option<(LlamaLoraAdapter, PathBuf)>);

impl Adapter {
    /// Must come before any context of the model: those made earlier have no room for it.
    pub(crate) fn open(model: &mut LlamaModel, path: Option<&Path>) -> Result<Self, RunError> {
        let Some(path) = path else { return Ok(Self(None)) };
        match model.lora_adapter_init(path) {
            Ok(adapter) => Ok(Self(Some((adapter, path.to_owned())))),
            Err(error) => Err(unusable(path, error)),
        }
    }

    /// Everything the context computes from now on goes through the adapter.
    pub(crate) fn apply(self, context: &mut LlamaContext<'_>) -> Result<(), RunError> {
        let Self(Some((mut adapter, path))) = self else {
            return Ok(());
        };
        // The model owns what is behind it, so it outlives this value.
        context
            .lora_adapter_set(&mut adapter, FULL_STRENGTH)
            .map_err(|error| unusable(&path, error))
    }
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> RunError {
    RunError::Load {
        path: path.to_owned(),
        why: why.to_string(),
    }
}
