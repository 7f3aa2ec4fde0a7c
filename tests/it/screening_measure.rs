//! Measures screening on real data: the tables of `docs/screening.md`.
//!
//!     cargo test --test it measure_screening -- --ignored --nocapture
//!
//! Every text belongs to one of two halves by its hash. Thresholds are looked for on the first and reported on the second.

#[path = "screening/data.rs"]
mod data;
#[path = "screening/injection.rs"]
mod injection;
#[path = "screening/mood.rs"]
mod mood;
#[path = "screening/personal.rs"]
mod personal;
#[path = "screening/wish.rs"]
mod wish;

#[test]
#[ignore = "prints tables; takes a minute"]
fn measure_screening() {
    let Some(data) = data::folder() else { return };
    injection::measure(&data);
    personal::measure(&data);
    mood::measure(&data);
    wish::measure(&data);
}

#[test]
fn naughty_strings_are_survived_and_mean_nothing_bad() {
    let Some(data) = data::folder() else { return };
    let strings = data::json(&data.join("blns/blns.json"));
    let mut read = 0;
    for text in strings.as_array().unwrap().iter().filter_map(serde_json::Value::as_str) {
        let screening = holdpoint::domain::screening::Screening::of_message(text, "en");
        let masked = holdpoint::domain::screening::mask(text);
        assert!(
            screening.sentiment.abs() <= 1.0 && !screening.wishes_for_person,
            "{text}"
        );
        assert!(masked.len() <= text.len() * 4 + 64, "{text}");
        read += 1;
    }
    assert!(read > 300, "{read} strings");
}
