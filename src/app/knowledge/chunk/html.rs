//! The text of raw HTML inside Markdown.

/// Elements that begin a line.
const LINES: [&str; 17] = [
    "p", "br", "div", "ul", "ol", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "dt", "dd",
];

/// The text of an HTML fragment: elements dropped, list items and blocks on lines of their own, scripts and styles left
/// out. Nothing is ever kept as markup, so a fragment that is cut off or nested wrongly only loses layout.
pub(super) fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, from)) = rest.split_once('<') {
        push_words(&mut text, before);
        if let Some(comment) = from.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = from.split_once('>').unwrap_or((from, ""));
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let name = name.to_ascii_lowercase();
        rest = after;
        if (name == "script" || name == "style") && !tag.starts_with('/') {
            let end = format!("</{name}");
            rest = after
                .to_ascii_lowercase()
                .find(&end)
                .and_then(|at| after.get(at..))
                .unwrap_or_default();
        } else if name == "li" && !tag.starts_with('/') {
            new_line(&mut text);
            text.push_str("- ");
        } else if LINES.contains(&name.as_str()) {
            new_line(&mut text);
        }
    }
    push_words(&mut text, rest);
    text.trim().to_owned()
}

fn new_line(text: &mut String) {
    let kept = text.trim_end_matches(' ').len();
    text.truncate(kept);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// Adds text with its white space collapsed and the commonest entities decoded.
fn push_words(text: &mut String, raw: &str) {
    if raw.starts_with(char::is_whitespace) && !text.is_empty() && !text.ends_with([' ', '\n']) {
        text.push(' ');
    }
    let entities = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let decoded = entities
        .iter()
        .fold(raw.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    text.push_str(&super::one_line(&decoded));
    if raw.ends_with(char::is_whitespace) && !raw.trim().is_empty() {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_of_lists_and_blocks_stays_and_scripts_go() {
        let html = "<ul>\n  <li>One <b>two</b></li>\n  <li>Three &amp; four</li>\n</ul>\n<SCRIPT>evil()</SCRIPT><!-- no --><p>End</p>";
        assert_eq!(text(html), "- One two\n- Three & four\nEnd");
    }

    #[test]
    fn what_is_cut_off_loses_only_layout() {
        assert_eq!(text("Hello <b"), "Hello");
        assert_eq!(text("<script>never closed"), "");
        assert_eq!(text("a <!-- never closed"), "a");
    }

    proptest! {
        #[test]
        fn any_text_is_read(html in "([<>/!-]|script|li|&amp;|\\PC){0,60}") {
            let _ = text(&html);
        }
    }
}
