//! Imports point one way: `cli → web → app → {store, engine, outbound} → domain, stats`. That `domain` and `stats` are pure is proven by
//! compiling `pure-check`; this reads the other layers' imports.

use std::path::{Path, PathBuf};

/// A folder or file of `src/`, and what must not be named in it.
const FORBIDDEN: [(&str, &[&str]); 9] = [
    (
        "domain",
        &[
            "crate::store",
            "crate::engine",
            "crate::app",
            "crate::web",
            "crate::cli",
            "crate::config",
        ],
    ),
    (
        "stats",
        &[
            "crate::domain",
            "crate::store",
            "crate::engine",
            "crate::app",
            "crate::web",
            "crate::cli",
        ],
    ),
    (
        "store",
        &[
            "crate::engine",
            "crate::app",
            "crate::web",
            "crate::cli",
            "crate::config",
            "axum::",
            "llama_cpp",
        ],
    ),
    (
        "engine",
        &[
            "crate::store",
            "crate::app",
            "crate::web",
            "crate::cli",
            "crate::config",
            "sea_orm",
        ],
    ),
    (
        "outbound",
        &[
            "crate::store",
            "crate::engine",
            "crate::app",
            "crate::web",
            "crate::cli",
            "crate::config",
            "sea_orm",
            "llama_cpp",
        ],
    ),
    (
        "app",
        &[
            "crate::web",
            "crate::cli",
            "crate::config",
            "axum::",
            "sea_orm",
            "llama_cpp",
        ],
    ),
    ("web", &["crate::cli", "crate::config", "sea_orm", "llama_cpp"]),
    ("cli", &["sea_orm", "llama_cpp"]),
    (
        "config",
        &[
            "crate::store",
            "crate::engine",
            "crate::app",
            "crate::web",
            "crate::cli",
        ],
    ),
];

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_point_one_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (layer, forbidden) in FORBIDDEN {
        let mut files = Vec::new();
        files_below(&source.join(layer), &mut files);
        assert!(!files.is_empty(), "there is no src/{layer}");
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text
                .lines()
                .enumerate()
                .filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                if let Some(name) = forbidden.iter().find(|name| line.contains(**name)) {
                    wrong.push(format!("{}:{} names {name}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that point the wrong way:\n{}",
        wrong.join("\n")
    );
}
