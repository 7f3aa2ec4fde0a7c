//! What Jekyll replaces in a document: `{% … %}` and `{{ … }}`.

use super::front_matter::FrontMatter;

/// The document without it. Where it shows a list of the front matter (`items=page.NAME`), the list stands there instead.
pub(super) fn without(text: &str, matter: &FrontMatter) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, is_tag, inside, after)) = next(rest) {
        kept.push_str(before);
        rest = after;
        if !is_tag {
            continue;
        }
        if inside.trim_matches(['-', ' ']) == "comment" {
            while let Some((_, _, inside, after)) = next(rest) {
                rest = after;
                if inside.trim_matches(['-', ' ']) == "endcomment" {
                    break;
                }
            }
            continue;
        }
        for item in shown(inside, matter) {
            kept.push_str("\n* ");
            kept.push_str(item);
            kept.push('\n');
        }
    }
    kept.push_str(rest);
    kept
}

/// What precedes the next tag or variable, whether it is a tag, what it says, and what follows it.
fn next(text: &str) -> Option<(&str, bool, &str, &str)> {
    // In one pass: a long document has many of the one and none of the other.
    let at = text
        .as_bytes()
        .windows(2)
        .position(|pair| matches!(pair, b"{%" | b"{{"))?;
    let (before, from) = text.split_at(at);
    let is_tag = from.starts_with("{%");
    let (inside, after) = from.get(2..)?.split_once(if is_tag { "%}" } else { "}}" })?;
    Some((before, is_tag, inside, after))
}

fn shown<'a>(tag: &str, matter: &'a FrontMatter) -> &'a [String] {
    let names = tag.split("page.").skip(1).map(|from| {
        let end = from.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
        from.get(..end.unwrap_or(from.len())).unwrap_or_default()
    });
    let is_include = tag.trim_start_matches(['-', ' ']).starts_with("include");
    let mut lists = names.filter(|_| is_include).filter_map(|name| matter.list(name));
    lists.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::front_matter::split;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_go_and_lists_of_the_front_matter_take_their_place() {
        let (matter, text) = split(
            "---\nok:\n- One\n- Two\n---\nWe take:\n{% include list.html items=page.ok size='md' %}\n{% capture x %}\nStay.\n{% endcapture %}[a]({{ site.url }}/b) {% comment %}no {{ x }}{% endcomment %}{%- assign y = page.ok -%}end {% open",
        );
        assert_eq!(
            without(text, &matter),
            "We take:\n\n* One\n\n* Two\n\n\nStay.\n[a](/b) end {% open"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\{%|%\\}|\\{\\{|\\}\\}|comment|include|page\\.|\\PC){0,40}") {
            let _ = without(&text, &FrontMatter::default());
        }
    }
}
