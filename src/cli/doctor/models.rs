//! The model files: there, whole, of the right kind, and not too large.

use super::Finding;
use crate::config::{Model, Settings};
use crate::engine::DEFAULT_CONTEXT_TOKENS;
use crate::engine::gguf::{ModelFileError, check_models};
use std::num::NonZero;
use std::path::Path;

pub(super) fn all(settings: &Settings) -> [Finding; 2] {
    let window = settings.engine_context.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get);
    [
        one("chat", settings.chat_model.as_ref(), |path| {
            check_models(None, Some(path), window).map(drop)
        }),
        one("embed", settings.embed_model.as_ref(), |path| {
            check_models(Some(path), None, 0).map(drop)
        }),
    ]
}

fn one(check: &'static str, model: Option<&Model>, look: impl Fn(&Path) -> Result<(), ModelFileError>) -> Finding {
    let Some(Model { path, chosen }) = model else {
        return Finding::well(check, "no model is wanted here");
    };
    if !path.exists() {
        let remedy = if *chosen {
            "correct the path, or take the setting away to use the default model"
        } else {
            "fetch the default models (./install.sh models) and name their folder with --models-dir"
        };
        return Finding::wrong(check, format!("the model {} is not there", path.display()), remedy);
    }
    match look(path) {
        Ok(()) => Finding::well(check, format!("{} is whole", path.display())),
        Err(error) => Finding::wrong(check, error.to_string(), "replace the file, or choose another model"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: std::path::PathBuf, chosen: bool) -> Finding {
        one("chat", Some(&Model { path, chosen }), |path| {
            check_models(None, Some(path), 4096).map(drop)
        })
    }

    #[test]
    fn a_file_that_is_no_model_is_found_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.gguf");
        std::fs::write(&path, "<!doctype html>").unwrap();
        let found = finding(path, true);
        assert!(!found.ok && found.says.contains("is not a GGUF file"), "{found:?}");
    }

    #[test]
    fn a_missing_default_model_is_fetched_and_a_missing_chosen_one_corrected() {
        let remedy = |chosen| finding("/nowhere/model.gguf".into(), chosen).remedy.unwrap();
        assert!(remedy(false).contains("install.sh models"));
        assert!(remedy(true).contains("correct the path"));
    }
}
