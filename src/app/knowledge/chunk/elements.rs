//! What the elements of a page mean to its reader.

use super::dom::Element;

/// Elements of which nothing is text: programs, pictures, controls, and the way through a site.
const SILENT: [&str; 25] = [
    "script", "style", "noscript", "template", "nav", "button", "select", "input", "textarea", "datalist", "iframe",
    "object", "embed", "applet", "svg", "math", "canvas", "audio", "video", "map", "noframes", "frameset", "progress",
    "meter", "dialog",
];
/// Elements within a line.
pub(super) const INLINE: [&str; 40] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i", "ins", "kbd",
    "label", "mark", "output", "picture", "q", "rb", "rp", "rt", "ruby", "samp", "slot", "small", "source", "span",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img", "nobr",
];
/// A question that opens its answer is a heading below all others.
pub(super) const SUMMARY: u8 = 7;

pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

pub(super) fn level(name: &str) -> Option<u8> {
    Some(match name {
        "h1" => 1,
        "h2" => 2,
        "h3" => 3,
        "h4" => 4,
        "h5" => 5,
        "h6" => 6,
        "summary" => SUMMARY,
        _ => return None,
    })
}

pub(super) fn is_main(element: &Element) -> bool {
    element.name() == "main" || element.attribute("role") == Some("main")
}

pub(super) fn is_part(element: &Element) -> bool {
    is_main(element) || matches!(element.name(), "article" | "section")
}

/// What nobody sees or nobody reads, and what has been struck out.
pub(super) fn is_hidden(element: &Element) -> bool {
    let name = element.name();
    let style = element
        .attribute("style")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .replace(' ', "");
    SILENT.contains(&name)
        || matches!(name, "del" | "s" | "strike")
        || element.attribute("hidden").is_some()
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || style.split(';').any(|rule| {
            rule.strip_prefix("font-size:0")
                .is_some_and(|unit| !unit.starts_with(['.', '1', '2', '3', '4', '5', '6', '7', '8', '9']))
        })
        || (INLINE.contains(&name) && element.attribute("aria-hidden") == Some("true"))
}
