//! Wishes for a person.

use super::data::{everyday, is_chosen_on, say, share, table};
use holdpoint::domain::screening::wishes_for_person;
use std::path::Path;

pub(super) fn measure(data: &Path) {
    let shop = table(&data.join("bitext-intents/train.csv"), "utterance", "intent");
    say("\n## Wishes for a person\n\n| texts | half | number | heard | share |\n|---|---|---|---|---|");
    for (name, first) in [("first", true), ("second", false)] {
        let half = shop.iter().filter(|(text, _)| is_chosen_on(text) == first);
        for (group, wanted) in [("asks for a person", true), ("asks for something else", false)] {
            let texts: Vec<&String> = half
                .clone()
                .filter(|(_, intent)| {
                    (intent == "contact_human_agent") == wanted && intent != "contact_customer_service"
                })
                .map(|(text, _)| text)
                .collect();
            let heard = texts.iter().filter(|text| wishes_for_person(text)).count();
            say(format!(
                "| bitext: {group} | {name} | {} | {heard} | {} |",
                texts.len(),
                share(heard, texts.len())
            ));
            if first && std::env::var("SCREENING_SHOW").is_ok() {
                for text in texts.iter().filter(|text| wishes_for_person(text) != wanted) {
                    say(format!("wrong ({group}): {text}"));
                }
            }
        }
    }
    for (name, texts) in everyday(data).into_iter().filter(|(name, _)| *name != "bitext") {
        let heard: Vec<&String> = texts.iter().filter(|text| wishes_for_person(text)).collect();
        say(format!(
            "| {name} | both | {} | {} | {} |",
            texts.len(),
            heard.len(),
            share(heard.len(), texts.len())
        ));
        if std::env::var("SCREENING_SHOW").is_ok() {
            heard
                .iter()
                .filter(|text| is_chosen_on(text))
                .for_each(|text| say(format!("heard: {text}")));
        }
    }
}
