//! Markdown as HTML, with what site generators add to it.

use super::front_matter::FrontMatter;
use super::liquid;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};
use std::borrow::Cow;

/// A Markdown document, without its front matter, as HTML.
pub(super) fn html(text: &str, matter: &FrontMatter) -> String {
    // Only documents with a front matter are given to the generator's templates.
    let text = if matter.is_there {
        Cow::Owned(liquid::without(text, matter))
    } else {
        Cow::Borrowed(text)
    };
    let text = mended(&text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut written = String::with_capacity(text.len() * 3 / 2);
    html::push_html(
        &mut written,
        with_indented_html(Parser::new_ext(&text, options)).into_iter(),
    );
    written
}

/// HTML that is indented inside HTML reads as code in Markdown, so an indented block that begins with a tag counts as HTML.
fn with_indented_html<'a>(events: impl Iterator<Item = Event<'a>>) -> Vec<Event<'a>> {
    let mut read = Vec::new();
    let mut indented: Option<String> = None;
    for event in events {
        match (event, &mut indented) {
            (Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)), _) => indented = Some(String::new()),
            (Event::Text(text), Some(code)) => code.push_str(&text),
            (Event::End(TagEnd::CodeBlock), code @ Some(_)) => {
                let code = code.take().unwrap_or_default();
                if code.trim_start().starts_with('<') {
                    read.push(Event::Html(CowStr::from(code)));
                } else {
                    read.push(Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)));
                    read.push(Event::Text(CowStr::from(code)));
                    read.push(Event::End(TagEnd::CodeBlock));
                }
            }
            (event, _) => read.push(event),
        }
    }
    read
}

/// Takes attribute lists out (`{: .wide}`), and gives tables that have no line under their first row one.
fn mended(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut mended = String::with_capacity(text.len() + 64);
    let mut fence = None;
    for (at, line) in lines.iter().enumerate() {
        let sign = ["```", "~~~"]
            .into_iter()
            .find(|sign| line.trim_start().starts_with(sign));
        match (fence, sign) {
            (None, Some(_)) => fence = sign,
            (Some(open), Some(sign)) if open == sign => fence = None,
            _ => {}
        }
        if fence.is_some() || sign.is_some() {
            mended.push_str(line);
            mended.push('\n');
            continue;
        }
        mended.push_str(&without_attributes(line));
        mended.push('\n');
        let before = at.checked_sub(1).and_then(|before| lines.get(before));
        let after = lines.get(at + 1);
        let begins_table =
            is_row(line) && !before.is_some_and(|line| is_row(line)) && after.is_some_and(|line| is_row(line));
        if begins_table && !is_rule(line) && !after.is_some_and(|line| is_rule(line)) {
            let cells = line.trim().trim_matches('|').split('|').count();
            mended.push_str(&"|---".repeat(cells));
            mended.push_str("|\n");
        }
    }
    mended
}

fn is_row(line: &str) -> bool {
    let line = line.trim();
    line.len() > 2 && line.starts_with('|') && line.trim_end_matches(char::is_whitespace).ends_with('|')
}

fn is_rule(line: &str) -> bool {
    line.contains('-')
        && line
            .chars()
            .all(|c| matches!(c, '|' | '-' | ':' | '+' | '=' | ' ' | '\t'))
}

/// Longest list of attributes, in bytes.
const LONGEST_LIST: usize = 1_000;

/// A list stands by itself or right behind what it is about.
fn without_attributes(line: &str) -> Cow<'_, str> {
    if !line.contains("{:") {
        return Cow::Borrowed(line);
    }
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, list)) = rest.split_once("{:") {
        kept.push_str(before);
        let is_behind = kept.trim_start().is_empty() || kept.ends_with([')', ']', '*', '_', '>', ' ']);
        let end = list.bytes().take(LONGEST_LIST).position(|byte| byte == b'}');
        let begins_well = list.starts_with([' ', '.', '#']) || list.starts_with(|c: char| c.is_ascii_alphabetic());
        match end.and_then(|end| list.get(end + 1..)) {
            Some(after) if is_behind && begins_well => rest = after,
            _ => {
                kept.push_str("{:");
                rest = list;
            }
        }
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_lists_go_and_tables_get_their_line() {
        assert_eq!(
            mended("{: .list}\n[a](b){:class=\"x\"}.\n`{:ok, x}`\n```\n{: .kept}\n|a|b|\n|c|d|\n```\n"),
            "\n[a](b).\n`{:ok, x}`\n```\n{: .kept}\n|a|b|\n|c|d|\n```\n"
        );
        assert_eq!(mended("| a | b |\n| 1 | 2 |\n"), "| a | b |\n|---|---|\n| 1 | 2 |\n");
        let good = "| a | b |\n|---|---|\n| 1 | 2 |\n";
        assert_eq!(mended(good), good);
    }
}
