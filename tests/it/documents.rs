//! What the documents name exists: files, links, and the tests that stand for the invariants.

use std::fs;
use std::path::{Path, PathBuf};

/// What newcomers read to find their way.
const DOCUMENTS: [&str; 4] = ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "SECURITY.md"];
/// Folders of the repository that a path may begin with.
const TOP: [&str; 7] = ["src", "tests", "docs", "migrations", "assets", "examples", "benches"];
/// Folders of `src/` that a path may begin with for short.
const LAYERS: [&str; 9] = [
    "app", "cli", "config", "domain", "engine", "outbound", "stats", "store", "web",
];
/// The invariants of the design that this version has something to keep for.
const KEPT: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backticks, in order.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of a table's row; none for any other line.
fn cells(line: &str) -> Vec<&str> {
    let row = line.trim().strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
    row.map_or_else(Vec::new, |row| row.split(" | ").map(str::trim).collect())
}

/// Where in the repository a word points, if it is a path.
fn path_of(word: &str) -> Option<PathBuf> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "./_-".contains(c);
    let (first, _) = word.split_once('/')?;
    if !word.chars().all(is_plain) {
        return None;
    }
    let below = if TOP.contains(&first) {
        repository()
    } else if LAYERS.contains(&first) {
        repository().join("src")
    } else {
        return None;
    };
    Some(below.join(word))
}

/// Words without a folder in a row that begins with one, such as `flow.rs` beside `src/domain/`.
fn paths_beside_their_folder(row: &[&str]) -> Vec<PathBuf> {
    let Some(folder) = row.first().and_then(|cell| quoted(cell).next().and_then(path_of)) else {
        return Vec::new();
    };
    let is_file = |word: &&str| Path::new(word).extension().is_some() && path_of(word).is_none();
    let others = row.iter().skip(1).flat_map(|cell| quoted(cell));
    others.filter(is_file).map(|word| folder.join(word)).collect()
}

/// What links lead to inside the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut missing = Vec::new();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let mut paths: Vec<PathBuf> = quoted(&text).filter_map(path_of).collect();
        paths.extend(links(&text).map(|target| repository().join(target)));
        paths.extend(text.lines().flat_map(|line| paths_beside_their_folder(&cells(line))));
        seen += paths.len();
        let gone = paths.into_iter().filter(|path| !path.exists());
        missing.extend(gone.map(|path| format!("{document} names {}", path.display())));
    }
    assert!(seen > 80, "only {seen} paths were found in the documents");
    assert!(missing.is_empty(), "these do not exist:\n{}", missing.join("\n"));
}

#[test]
fn every_invariant_names_its_code_and_tests_that_exist() {
    let text = read("ARCHITECTURE.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(cells)
        .filter(|row| row.len() == 4 && row[0].parse::<u32>().is_ok())
        .collect();
    let numbers: Vec<u32> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    for row in rows {
        let [number, _, code, tests] = row.as_slice() else {
            unreachable!()
        };
        if !KEPT.contains(&number.parse().unwrap()) {
            assert!(tests.contains("not in this version"), "invariant {number}");
            continue;
        }
        assert!(
            quoted(code).any(|word| path_of(word).is_some()),
            "invariant {number} names no code"
        );
        // Files, each followed by the names of its tests.
        let mut source = String::new();
        let mut named = 0;
        for word in quoted(tests) {
            if path_of(word).is_some() {
                source = read(word);
            } else {
                let at = source
                    .find(&format!("fn {word}("))
                    .unwrap_or_else(|| panic!("invariant {number}: there is no test `{word}`"));
                let before: Vec<&str> = source[..at].lines().rev().take(4).collect();
                assert!(
                    before.iter().any(|line| line.contains("test")),
                    "invariant {number}: `{word}` is no test"
                );
                named += 1;
            }
        }
        assert!(named > 0, "invariant {number} names no test");
    }
}

/// Every `file`: `test` that stands anywhere in it.
#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = read("ARCHITECTURE.md");
    let is_name = |word: &str| word.contains('_') && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut seen = 0;
    for file in text.split("`: `").zip(text.split("`: `").skip(1)) {
        let (before, after) = file;
        let Some(path) = before.rsplit('`').next().filter(|word| path_of(word).is_some()) else {
            continue;
        };
        let source = read(path);
        // The names up to the next that is none.
        for name in after.split('`').step_by(2).take_while(|word| is_name(word)) {
            assert!(source.contains(&format!("fn {name}(")), "{path} has no `{name}`");
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} tests were found");
}
