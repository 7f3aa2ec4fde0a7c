//! Reads the configuration file.

use super::{ConfigError, Given, KEYS, Key, Origin, closest};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toml::Value;

/// The settings in `path`, by key. Relative folders and files are relative to the file's folder.
pub(super) fn read(path: &Path, in_data_dir: bool) -> Result<BTreeMap<&'static str, Given>, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| ConfigError::NotToml {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(&text, span.start)),
        why: error.message().to_owned(),
    })?;

    let origin = || Origin::File(path.to_owned());
    let mut given = BTreeMap::new();
    for (name, value) in table {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            let suggestion = closest(&name, KEYS.iter().map(|key| key.name));
            return Err(ConfigError::UnknownKey {
                key: name,
                path: path.to_owned(),
                suggestion,
            });
        };
        if key.name == "data_dir" && in_data_dir {
            return Err(ConfigError::DataDirInside { path: path.to_owned() });
        }
        let text = plain(key, value, origin())?;
        given.insert(
            key.name,
            Given {
                text: beside_file(key, text, path),
                origin: origin(),
            },
        );
    }
    Ok(given)
}

fn plain(key: &'static Key, value: Value, origin: Origin) -> Result<String, ConfigError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        other => Err(ConfigError::Invalid {
            key: key.name,
            value: other.to_string(),
            origin,
            wanted: if key.is_number {
                "it must be a whole number"
            } else {
                "it must be a text in quotes"
            }
            .to_owned(),
        }),
    }
}

/// Folders in the file mean folders beside the file, wherever Holdpoint is started.
fn beside_file(key: &Key, text: String, file: &Path) -> String {
    let is_folder = matches!(key.name, "data_dir" | "models_dir");
    match file.parent() {
        Some(folder) if is_folder && !text.is_empty() => folder.join(text).to_string_lossy().into_owned(),
        _ => text,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
