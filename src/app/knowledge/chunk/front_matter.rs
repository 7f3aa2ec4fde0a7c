//! What stands above a Markdown document for its site generator: `key: value` between two lines of `---`.

use std::collections::HashMap;

/// What is read of it: texts and lists of texts. Everything else in it is for the generator.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    texts: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
    /// There is one, if only an empty one.
    pub(super) is_there: bool,
}

impl FrontMatter {
    pub(super) fn title(&self) -> Option<&str> {
        self.texts
            .get("title")
            .map(String::as_str)
            .filter(|title| !title.is_empty())
    }

    pub(super) fn list(&self, name: &str) -> Option<&[String]> {
        self.lists.get(name).map(Vec::as_slice)
    }
}

/// The front matter of a document, and the document without it.
pub(super) fn split(document: &str) -> (FrontMatter, &str) {
    let mut lines = document.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let fence = first.trim_end();
    if !matches!(fence, "---" | "+++") {
        return (FrontMatter::default(), document);
    }
    let mut end = first.len();
    let mut inside: Vec<&str> = Vec::new();
    for line in lines {
        end += line.len();
        let trimmed = line.trim_end();
        if trimmed == fence || trimmed == "..." {
            let sign = if fence == "---" { ':' } else { '=' };
            let is_one = inside.is_empty() || inside.iter().any(|line| entry(line, sign).is_some());
            if !is_one {
                break;
            }
            return (read(&inside, sign), document.get(end..).unwrap_or_default());
        }
        inside.push(trimmed);
    }
    (FrontMatter::default(), document)
}

fn read(lines: &[&str], sign: char) -> FrontMatter {
    let mut matter = FrontMatter {
        is_there: true,
        ..FrontMatter::default()
    };
    let mut key = String::new();
    for line in lines {
        if let Some((name, value)) = entry(line, sign) {
            name.clone_into(&mut key);
            let folded = matches!(value, ">" | "|" | ">-" | "|-" | ">+" | "|+");
            let value = if folded { "" } else { value };
            matter.texts.insert(key.clone(), unquoted(value));
        } else if let Some(item) = line.trim_start().strip_prefix("- ") {
            matter.lists.entry(key.clone()).or_default().push(unquoted(item));
        } else if line.starts_with(' ') && !line.trim_start().starts_with('#') {
            // The text goes on: of the list's last item, or of the value.
            let text = match matter.lists.get_mut(&key).and_then(|list| list.last_mut()) {
                Some(item) => item,
                None => matter.texts.entry(key.clone()).or_default(),
            };
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(line.trim());
        }
    }
    matter
}

/// A line `key: value` that is not indented.
fn entry(line: &str, sign: char) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(sign)?;
    let name = name.trim_end();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let is_apart = sign == '=' || value.is_empty() || value.starts_with([' ', '\t']);
    (is_name && is_apart && !name.starts_with('-')).then_some((name, value.trim()))
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inner) = inner {
            let escaped = if quote == '"' { "\\\"" } else { "''" };
            return inner.replace(escaped, &quote.to_string()).trim().to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn title_and_lists_are_read_and_the_rest_is_left_to_the_generator() {
        let (matter, text) = split(
            "---\nlayout: help\ntitle: \"Say \\\"hi\\\"\"\nredirect_from:\n  - /a/\nyes_list:\n- 'Driver''s licence'\n- Any passport\n  of yours\nurl: https://x\n---\nText\n",
        );
        assert_eq!(matter.title(), Some("Say \"hi\""));
        let list = ["Driver's licence".to_owned(), "Any passport of yours".to_owned()];
        assert_eq!(matter.list("yes_list"), Some(&list[..]));
        assert_eq!(text, "Text\n");
        let (matter, text) = split("+++\ntitle = 'Open'\n+++\nText");
        assert_eq!((matter.title(), text), (Some("Open"), "Text"));
        let (matter, _) = split("---\ntitle: >\n  A long\n  title\n---\n");
        assert_eq!(matter.title(), Some("A long title"));
    }

    #[test]
    fn a_line_across_the_page_is_no_front_matter() {
        for document in [
            "---\nJust text.\n---\nMore",
            "---\ntitle: never closed\n",
            "Text\n---\ntitle: x\n---\n",
        ] {
            assert_eq!(split(document), (FrontMatter::default(), document));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_split(text in "(---\n|[a-z]{1,3}: |- |[ \"'\n]|\\PC){0,40}") {
            let (_, rest) = split(&text);
            prop_assert!(text.ends_with(rest));
        }
    }
}
