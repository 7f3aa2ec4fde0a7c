//! Where the two default models are.

use std::path::PathBuf;

/// The embedder and the chat model.
pub(crate) const NAMES: [&str; 2] = ["all-minilm-l6-v2-f16.gguf", "smollm2-135m-instruct-q4_1.gguf"];

/// The folder with both of them, if they are there: `HOLDPOINT_MODELS`, or where `install.sh` keeps them.
pub(crate) fn folder() -> Option<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let folder = variable("HOLDPOINT_MODELS").or_else(|| Some(cache()?.join("holdpoint/models")))?;
    NAMES.iter().all(|name| folder.join(name).is_file()).then_some(folder)
}
