//! The models and adapters an engine was given, by name.

use std::path::{Path, PathBuf};

use crate::engine::{
    backend::Refusal,
    error::RunError,
    runner::EngineArgs,
    wire::{ErrorCode, ModelPurpose},
};

/// A model with an adapter, or without one: what is loaded as one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) model: usize,
    pub(super) adapter: Option<usize>,
}

/// A file by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A model's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) file: Named,
    /// What its file must be for, where the owner said so.
    pub(super) wanted: Option<ModelPurpose>,
}

/// The files of what is loaded as one thing.
pub(super) struct Files<'c> {
    /// How it is called in logs.
    pub(super) title: String,
    pub(super) model: &'c Path,
    pub(super) adapter: Option<&'c Path>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) models: Vec<Entry>,
    pub(super) adapters: Vec<Named>,
}

impl Catalog {
    /// The chat model, the embedding model, then the others. A file named twice is one model. Of two files of one
    /// name the first counts, but for the default models and adapters, where it is an error.
    pub(super) fn new(args: &EngineArgs) -> Result<Self, RunError> {
        let chat = args.chat_model.iter().map(|path| (path, Some(ModelPurpose::Chat)));
        let embed = args.embed_model.iter().map(|path| (path, Some(ModelPurpose::Embed)));
        let others = args.models.iter().map(|path| (path, None));
        let mut catalog = Self::default();
        for (path, wanted) in chat.chain(embed).chain(others) {
            let name = name_of(path);
            match catalog.models.iter().find(|entry| entry.file.name == name) {
                None => catalog.models.push(Entry {
                    file: Named {
                        name,
                        path: path.clone(),
                    },
                    wanted,
                }),
                Some(first) if first.file.path == *path => {}
                Some(first) if wanted.is_none() => {
                    tracing::warn!(model = %name, used = %first.file.path.display(), ignored = %path.display(), "Two models have the same name; rename one of the files");
                }
                Some(first) => {
                    return Err(RunError::NameTwice {
                        name,
                        first: first.file.path.clone(),
                        second: path.clone(),
                    });
                }
            }
        }
        for (name, path) in &args.adapters {
            if let Some(first) = catalog.adapters.iter().find(|adapter| adapter.name == *name) {
                return Err(RunError::NameTwice {
                    name: name.clone(),
                    first: first.path.clone(),
                    second: path.clone(),
                });
            }
            catalog.adapters.push(Named {
                name: name.clone(),
                path: path.clone(),
            });
        }
        if catalog.models.is_empty() {
            return Err(RunError::NothingToRun);
        }
        Ok(catalog)
    }

    pub(super) fn model(&self, key: Key) -> Option<&Entry> {
        self.models.get(key.model)
    }

    pub(super) fn adapter(&self, key: Key) -> Option<&Named> {
        self.adapters.get(key.adapter?)
    }

    /// How a loaded thing is called in logs: the model's name, and the adapter's.
    pub(super) fn title(&self, key: Key) -> String {
        let model = self.model(key).map_or("", |entry| entry.file.name.as_str());
        match self.adapter(key) {
            Some(adapter) => format!("{model} with adapter {}", adapter.name),
            None => model.to_owned(),
        }
    }

    pub(super) fn files(&self, key: Key) -> Files<'_> {
        Files {
            title: self.title(key),
            // Keys are made from this catalogue, so there is a model.
            model: self.model(key).map_or(Path::new(""), |entry| &entry.file.path),
            adapter: self.adapter(key).map(|adapter| adapter.path.as_path()),
        }
    }

    pub(super) fn find_model(&self, name: &str) -> Result<usize, Refusal> {
        let place = self.models.iter().position(|entry| entry.file.name == name);
        place.ok_or_else(|| unknown("model", name, self.models.iter().map(|entry| entry.file.name.as_str())))
    }

    pub(super) fn find_adapter(&self, name: &str) -> Result<usize, Refusal> {
        let place = self.adapters.iter().position(|adapter| adapter.name == name);
        place.ok_or_else(|| {
            unknown(
                "adapter",
                name,
                self.adapters.iter().map(|adapter| adapter.name.as_str()),
            )
        })
    }
}

/// A model's name: its file's name without the ending.
fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(
        || path.display().to_string(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

fn unknown<'n>(kind: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Refusal {
    let name: String = name.chars().take(80).collect();
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() {
        format!("there is no {kind} here")
    } else {
        format!("there are {}", known.join(", "))
    };
    Refusal::new(
        ErrorCode::NoModel,
        format!("No {kind} is called `{name}`; {known}. Name one of them or none."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(models: &[&str]) -> EngineArgs {
        EngineArgs {
            chat_model: Some("/models/chat.gguf".into()),
            models: models.iter().map(PathBuf::from).collect(),
            ..EngineArgs::default()
        }
    }

    #[test]
    fn a_file_named_twice_is_one_model_and_of_two_files_of_one_name_the_first_counts() {
        let catalog = Catalog::new(&args(&["/models/chat.gguf", "/models/b.gguf", "/elsewhere/chat.gguf"])).unwrap();
        let paths: Vec<_> = catalog
            .models
            .iter()
            .map(|entry| entry.file.path.to_str().unwrap())
            .collect();
        assert_eq!(paths, ["/models/chat.gguf", "/models/b.gguf"]);
    }

    #[test]
    fn two_default_models_of_one_name_are_an_error_with_both_files() {
        let mut args = args(&[]);
        args.embed_model = Some("/elsewhere/chat.gguf".into());
        let error = Catalog::new(&args).unwrap_err().to_string();
        assert!(
            error.contains("/models/chat.gguf") && error.contains("/elsewhere/chat.gguf"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let refusal = Catalog::new(&args(&["/models/b.gguf"]))
            .unwrap()
            .find_model("c")
            .unwrap_err();
        assert_eq!(refusal.code, ErrorCode::NoModel);
        assert_eq!(
            refusal.message,
            "No model is called `c`; there are `chat`, `b`. Name one of them or none."
        );
    }
}
