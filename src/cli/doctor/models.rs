//! The model files: there, whole, of the right kind, and not too large.

use super::Finding;
use crate::cli::show::{list, text};
use crate::config::{Model, Settings};
use crate::engine::DEFAULT_CONTEXT_TOKENS;
use crate::engine::gguf::{ModelFileError, check_models};
use serde_json::Value;
use std::num::NonZero;
use std::path::Path;

/// The models that are run, and those of the catalogue whose files are not what was pinned.
pub(super) fn all(settings: &Settings, catalogue: &Value) -> Vec<Finding> {
    let window = settings.engine_context.map_or(DEFAULT_CONTEXT_TOKENS, NonZero::get);
    let (chat, embed) = (chosen(catalogue, "chat"), chosen(catalogue, "embed"));
    let mut findings = vec![
        one("chat", chat.as_ref().or(settings.chat_model.as_ref()), |path| {
            check_models(None, Some(path), window).map(drop)
        }),
        one("embed", embed.as_ref().or(settings.embed_model.as_ref()), |path| {
            check_models(Some(path), None, 0).map(drop)
        }),
    ];
    let pinned = list(catalogue, "/items").iter().filter(|model| model["pinned"] == true);
    findings.extend(pinned.filter_map(unlike_what_was_pinned));
    findings
}

/// The model that was chosen with `holdpoint model use`, unless a setting names one.
fn chosen(catalogue: &Value, purpose: &str) -> Option<Model> {
    let mut models = list(catalogue, "/items").iter();
    let model = models.find(|model| text(model, "/purpose") == purpose && text(model, "/in_use") == "choice")?;
    Some(Model {
        path: text(model, "/file").into(),
        chosen: true,
    })
}

fn unlike_what_was_pinned(model: &Value) -> Option<Finding> {
    let name = text(model, "/name");
    let (says, remedy) = match text(model, "/state") {
        "missing" => (
            format!("the file of the model {name} is not in the models folder"),
            format!("bring it back by adding or pulling it again, or give it up: holdpoint model remove {name}"),
        ),
        "changed" => (
            format!("the file of the model {name} has changed since it was pinned"),
            "see whether its content has: holdpoint model list --verify".to_owned(),
        ),
        _ => return None,
    };
    Some(Finding::wrong("models", says, remedy))
}

fn one(check: &'static str, model: Option<&Model>, look: impl Fn(&Path) -> Result<(), ModelFileError>) -> Finding {
    let Some(Model { path, chosen }) = model else {
        return Finding::well(check, "no model is wanted here");
    };
    if !path.exists() {
        let remedy = if *chosen {
            "correct the path or take the setting away; or choose another one: holdpoint model use NAME"
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

    #[test]
    fn a_chosen_model_is_looked_at_and_one_that_has_changed_is_found() {
        let model = |name: &str, state: &str, in_use: &str| {
            serde_json::json!({
                "name": name, "purpose": "chat", "state": state, "in_use": in_use, "pinned": true,
                "file": format!("/nowhere/{name}.gguf"),
            })
        };
        let catalogue = serde_json::json!({ "items": [model("a", "missing", "choice"), model("b", "changed", ""), model("c", "present", "")] });
        assert_eq!(chosen(&catalogue, "chat").unwrap().path, Path::new("/nowhere/a.gguf"));
        assert_eq!(chosen(&catalogue, "embed"), None);
        let found: Vec<Finding> = list(&catalogue, "/items")
            .iter()
            .filter_map(unlike_what_was_pinned)
            .collect();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|finding| finding.remedy.is_some()));
    }
}
