//! The files of folders.

use crate::app::knowledge::parse::Format;
use crate::cli::exit::{Code, Failure};
use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Files that are imported in one go.
const MOST_FILES: usize = 20_000;
/// Folders within folders.
const MOST_DEPTH: usize = 40;

/// A file to import.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Its path within the folder that was named, or its name if it was named itself.
    pub(super) name: String,
}

/// Something that is not imported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) name: String,
    pub(super) why: &'static str,
}

#[derive(Default)]
struct Walk {
    found: Vec<Found>,
    left_out: Vec<LeftOut>,
    names: HashSet<String>,
}

/// The files that these paths name, in order: a file whatever it is, of a folder those that can be knowledge.
pub(super) fn collect(paths: &[PathBuf]) -> Result<(Vec<Found>, Vec<LeftOut>), Failure> {
    let mut walk = Walk::default();
    for path in paths {
        let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if about.is_dir() {
            let root = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
            let before = walk.found.len();
            walk.folder(&root, path, "", 0)?;
            if walk.found.len() == before {
                let sentence = format!(
                    "{} holds no file that can be imported: JSON, CSV, Markdown, HTML, text or PDF",
                    path.display()
                );
                return Err(Failure::new(Code::NotFound, sentence));
            }
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            walk.add(path.clone(), name.unwrap_or_default());
        }
    }
    if walk.found.len() > MOST_FILES {
        let sentence = format!("these are more than {MOST_FILES} files; import folder by folder");
        return Err(Failure::usage(sentence));
    }
    Ok((walk.found, walk.left_out))
}

impl Walk {
    fn add(&mut self, path: PathBuf, name: String) {
        if self.names.insert(name.clone()) {
            self.found.push(Found { path, name });
        } else {
            self.left_out(
                name,
                "another file of that name was imported just before; it would replace that one",
            );
        }
    }

    fn left_out(&mut self, name: String, why: &'static str) {
        self.left_out.push(LeftOut { name, why });
    }

    /// What is in a folder; `within` is the folder's path from where the walk began, with a slash behind it.
    fn folder(&mut self, root: &Path, folder: &Path, within: &str, depth: usize) -> Result<(), Failure> {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = entries.map_err(|error| unreadable(folder, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let file = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{within}{file}");
            let path = entry.path();
            if file.starts_with('.') {
                self.left_out(name, "it is hidden");
                continue;
            }
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            if kind.is_symlink() {
                self.link(root, path, name);
            } else if kind.is_dir() && depth < MOST_DEPTH {
                self.folder(root, &path, &format!("{name}/"), depth + 1)?;
            } else if kind.is_dir() {
                self.left_out(name, "it lies too deep");
            } else if !kind.is_file() {
                self.left_out(name, "it is no file");
            } else if Format::from_name(&file).is_none() {
                self.left_out(name, "it is of a kind that is not read");
            } else {
                self.add(path, name);
            }
        }
        Ok(())
    }

    /// A link is followed to a file of the same folder only.
    fn link(&mut self, root: &Path, path: PathBuf, name: String) {
        match fs::canonicalize(&path) {
            Err(_) => self.left_out(name, "it is a link that leads nowhere"),
            Ok(target) if !target.starts_with(root) => self.left_out(name, "it is a link that leads out of the folder"),
            Ok(target) if !target.is_file() => self.left_out(name, "it is a link to another folder"),
            Ok(_) if Format::from_name(&name).is_none() => self.left_out(name, "it is of a kind that is not read"),
            Ok(_) => self.add(path, name),
        }
    }
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let code = if error.kind() == ErrorKind::NotFound {
        Code::NotFound
    } else {
        Code::Failed
    };
    Failure::new(
        code,
        format!("{} cannot be read ({error}); check the path", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_folder_is_walked_in_order_and_what_is_left_out_is_named() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join("docs").join(name);
        fs::create_dir_all(at("b/deep")).unwrap();
        fs::create_dir(at(".git")).unwrap();
        fs::write(root.path().join("outside.md"), "x").unwrap();
        for file in ["z.md", "b/a.HTML", "b/deep/c.txt", "b/picture.png", ".hidden.md"] {
            fs::write(at(file), "x").unwrap();
        }
        symlink(root.path().join("outside.md"), at("out.md")).unwrap();
        symlink(at("z.md"), at("same.md")).unwrap();
        symlink(root.path(), at("b/loop")).unwrap();
        symlink(at("b"), at("b/deep/back")).unwrap();
        symlink(at("gone"), at("nowhere.md")).unwrap();
        let (found, left_out) = collect(&[at(""), at("z.md")]).unwrap();
        let found: Vec<_> = found.into_iter().map(|found| found.name).collect();
        assert_eq!(found, ["b/a.HTML", "b/deep/c.txt", "same.md", "z.md"]);
        let left_out: Vec<_> = left_out.into_iter().map(|it| (it.name, it.why)).collect();
        let expected = [
            (".git", "it is hidden"),
            (".hidden.md", "it is hidden"),
            ("b/deep/back", "it is a link to another folder"),
            ("b/loop", "it is a link that leads out of the folder"),
            ("b/picture.png", "it is of a kind that is not read"),
            ("nowhere.md", "it is a link that leads nowhere"),
            ("out.md", "it is a link that leads out of the folder"),
            (
                "z.md",
                "another file of that name was imported just before; it would replace that one",
            ),
        ];
        assert_eq!(left_out, expected.map(|(name, why)| (name.to_owned(), why)));
    }
}
