//! Reads the list of remote engines.

use super::{RemoteEngine, closest};
use http::Uri;

/// Longest name of an engine, bytes.
const LONGEST_NAME: usize = 32;
/// What the whole setting looks like.
const SHAPE: &str = "it must list engines as NAME=URL, like office=http://10.0.0.5:8080, lab=https://gpu.example";

/// The engines of a list; what would be right, as a clause, if one cannot be understood.
pub(super) fn parse(text: &str) -> Result<Vec<RemoteEngine>, String> {
    let mut engines: Vec<RemoteEngine> = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let engine = one(entry)?;
        if engines.iter().any(|other| other.name == engine.name) {
            return Err(format!(
                "it must give every engine a name of its own; two are called {}",
                engine.name
            ));
        }
        engines.push(engine);
    }
    Ok(engines)
}

fn one(entry: &str) -> Result<RemoteEngine, String> {
    let Some((name, url)) = entry.split_once('=') else {
        return Err(match address(entry) {
            Ok(url) => format!("it must name every engine; did you mean `office={url}`?"),
            Err(_) => SHAPE.to_owned(),
        });
    };
    let (name, url) = (name.trim(), url.trim());
    let is_name = |name: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_allowed)
    };
    if !is_name(name) {
        let tidy = name.to_lowercase().replace([' ', '_', '.'], "-");
        let hint = if is_name(&tidy) {
            format!("; did you mean `{tidy}`?")
        } else {
            String::new()
        };
        return Err(format!(
            "it must name engines with lower-case letters, digits and hyphens, 32 at most{hint}"
        ));
    }
    let base_url =
        address(url).map_err(|why| format!("it must give {name} an address like http://10.0.0.5:8080{why}"))?;
    Ok(RemoteEngine {
        name: name.to_owned(),
        base_url,
    })
}

/// The address in its plain form; what is wrong with it, to be put behind a sentence.
fn address(text: &str) -> Result<String, String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        let guess = format!("http://{text}");
        return Err(match address(&guess) {
            Ok(url) => format!("; did you mean `{url}`?"),
            Err(_) => String::new(),
        });
    };
    if !matches!(scheme, "http" | "https") {
        let hint = closest(scheme, ["http", "https"]).map(|scheme| format!("; did you mean `{scheme}://…`?"));
        return Err(hint.unwrap_or_default());
    }
    if rest.contains('@') {
        return Err(
            ", without a user or a password; a token belongs into its own file in the data directory".to_owned(),
        );
    }
    if text.contains(['?', '#', ' ']) {
        return Err(", without `?`, `#` or spaces".to_owned());
    }
    let is_address = text
        .parse::<Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    if !is_address {
        return Err(String::new());
    }
    let text = text.trim_end_matches('/');
    Ok(text.strip_suffix("/v1").unwrap_or(text).to_owned())
}

/// The list as it may be shown, should somebody have written a password into it.
pub(super) fn without_passwords(text: &str) -> String {
    let shown = text.split(',').map(|entry| match entry.rsplit_once('@') {
        Some((before, place)) => match before.split_once("://") {
            Some((start, _)) => format!("{start}://…@{place}"),
            None => format!("…@{place}"),
        },
        None => entry.to_owned(),
    });
    shown.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_read_with_their_names_and_plain_addresses() {
        let engines = parse(" office=http://10.0.0.5:8080/v1/ , lab=https://gpu.example/llm,").unwrap();
        let pairs: Vec<(&str, &str)> = engines
            .iter()
            .map(|engine| (engine.name.as_str(), engine.base_url.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [("office", "http://10.0.0.5:8080"), ("lab", "https://gpu.example/llm")]
        );
        assert_eq!(parse(" "), Ok(Vec::new()));
    }

    #[test]
    fn a_mistake_is_told_with_what_was_perhaps_meant() {
        for (text, words) in [
            ("http://10.0.0.5:8080", "did you mean `office=http://10.0.0.5:8080`?"),
            ("office", "NAME=URL"),
            ("office=10.0.0.5:8080", "did you mean `http://10.0.0.5:8080`?"),
            ("office=htps://gpu.example", "did you mean `http"),
            ("Office_PC=http://a", "did you mean `office-pc`?"),
            ("=http://a", "lower-case letters"),
            ("a=http://a, a=http://b", "two are called a"),
            ("a=http://me:hunter2@b", "belongs into its own file"),
            ("a=http://b?key=1", "without `?`"),
            ("a=http://", "an address like"),
            ("a=unix:///tmp/x", "an address like"),
        ] {
            let wanted = parse(text).unwrap_err();
            assert!(
                wanted.starts_with("it must") && wanted.contains(words),
                "{text}: {wanted}"
            );
            assert!(!wanted.contains("hunter2"), "{wanted}");
        }
        assert_eq!(
            without_passwords("a=http://me:hunter2@b,c=http://d"),
            "a=http://…@b,c=http://d"
        );
    }
}
