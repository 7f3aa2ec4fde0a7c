//! Sentiment and anger.

use super::data::{everyday, is_chosen_on, say, share};
use holdpoint::domain::screening::{ANGRY_FROM, Mood, mood};
use std::fs;
use std::path::Path;

struct Rated {
    rating: f64,
    text: String,
    mood: Mood,
}

pub(super) fn measure(data: &Path) {
    let tweets = fs::read_to_string(data.join("sentiment/tweets_GroundTruth.txt")).unwrap();
    let rows: Vec<Rated> = tweets
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\t').skip(1);
            let rating = fields.next()?.parse().ok()?;
            let text = fields.next()?.to_owned();
            Some(Rated {
                rating,
                mood: mood(&text),
                text,
            })
        })
        .collect();
    let (chosen, reported): (Vec<&Rated>, Vec<&Rated>) = rows.iter().partition(|row| is_chosen_on(&row.text));
    say(
        "\n## Sentiment\n\n| half | tweets | correlation with people's ratings | bad ones (rating ≤ -1) found at ≤ -0.2 | precision |\n|---|---|---|---|---|",
    );
    for (name, half) in [("first", &chosen), ("second", &reported)] {
        let pairs: Vec<(f64, f64)> = half.iter().map(|row| (row.rating, row.mood.sentiment)).collect();
        let bad = half.iter().filter(|row| row.rating <= -1.0).count();
        let called = half.iter().filter(|row| row.mood.sentiment <= -0.2);
        let (hits, calls) = (called.clone().filter(|row| row.rating <= -1.0).count(), called.count());
        say(format!(
            "| {name} | {} | {:.3} | {} | {} |",
            half.len(),
            correlation(&pairs),
            share(hits, bad),
            share(hits, calls)
        ));
    }
    say(format!(
        "\n## Anger\n\nIn force: {ANGRY_FROM:.2}. Nobody labelled anger; tweets rated -2 and worse stand in for it.\n"
    ));
    say("| threshold | half | flagged of very bad (≤ -2) | flagged of not bad (≥ 0) |\n|---|---|---|---|");
    for step in 8..=14_u32 {
        let threshold = f64::from(step) * 0.05;
        for (name, half) in [("first", &chosen), ("second", &reported)] {
            let count = |from: &dyn Fn(f64) -> bool| {
                let all = half.iter().filter(|row| from(row.rating));
                (
                    all.clone().filter(|row| row.mood.anger >= threshold).count(),
                    all.count(),
                )
            };
            let (bad, all_bad) = count(&|rating| rating <= -2.0);
            let (good, all_good) = count(&|rating| rating >= 0.0);
            say(format!(
                "| {threshold:.2} | {name} | {} | {} |",
                share(bad, all_bad),
                share(good, all_good)
            ));
        }
    }
    say("\n| everyday messages | number | angry | share | in distress |\n|---|---|---|---|---|");
    for (name, texts) in everyday(data) {
        let moods: Vec<(Mood, &String)> = texts.iter().map(|text| (mood(text), text)).collect();
        let angry = moods.iter().filter(|(mood, _)| mood.is_angry()).count();
        let distressed = moods.iter().filter(|(mood, _)| mood.distressed_words.is_some()).count();
        say(format!(
            "| {name} | {} | {angry} | {} | {distressed} |",
            texts.len(),
            share(angry, texts.len())
        ));
        if std::env::var("SCREENING_SHOW").is_ok() {
            for (mood, text) in moods
                .iter()
                .filter(|(mood, text)| is_chosen_on(text) && (mood.is_angry() || mood.distressed_words.is_some()))
            {
                say(format!(
                    "{:.2} {:?} {:?} | {text}",
                    mood.anger, mood.angry_words, mood.distressed_words
                ));
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand rows")]
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|pair| of(pair.0 - x, pair.1 - y)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}
