use super::*;
use crate::domain::answer::AnswerMode;
use crate::domain::screening::Flag;
use crate::stats::score::{Direction, Version};
use proptest::prelude::*;
use std::collections::HashSet;

fn texts<'a>(question: &'a str, passage: &'a str, answer: &'a str) -> Texts<'a> {
    Texts {
        question,
        passage: Some(passage),
        answer,
        about: "Harbour Inn",
        passage_about: None,
    }
}

fn value(features: &[f64], name: &str) -> f64 {
    let at = CATALOGUE.iter().position(|feature| feature.name == name).unwrap();
    features[at]
}

fn of(question: &str, passage: &str, answer: &str, name: &str) -> f64 {
    value(&of_texts(&texts(question, passage, answer)), name)
}

const PETS: &str = "Are pets allowed? No, pets are not allowed at the Harbour Inn.";

#[test]
fn the_right_passage_that_is_used_is_told_from_one_that_is_not() {
    let used = of(
        "Are pets allowed?",
        PETS,
        "Sorry, pets are not allowed.",
        "matching_and_used",
    );
    let unused = of(
        "Are pets allowed?",
        PETS,
        "Let me check that for you.",
        "matching_and_used",
    );
    let wrong = of(
        "When is breakfast served?",
        PETS,
        "Pets are not allowed.",
        "matching_and_used",
    );
    assert!(used > 0.8 && unused < 0.1 && wrong < 0.4, "{used} {unused} {wrong}");
    assert!(of("Are pets allowed?", PETS, "Let me check that for you.", "says_nothing") > 0.5);
}

#[test]
fn saying_the_opposite_of_the_passage_is_noticed() {
    assert!(of("Are pets allowed?", PETS, "Yes, pets are allowed.", "contradicts") > 0.5);
    assert!(of("Are pets allowed?", PETS, "Pets aren't allowed.", "contradicts") < 0.5);
    // As tokenisers write it, and in another language.
    assert!(of("Are pets allowed?", PETS, "they do n't allow pets", "contradicts") < 0.5);
    assert!(
        of(
            "Sind Hunde erlaubt?",
            "Hunde sind erlaubt.",
            "Hunde sind leider nicht erlaubt.",
            "contradicts"
        ) > 0.5
    );
    // What the answer asks says nothing.
    assert!(
        of(
            "Are pets allowed?",
            PETS,
            "Pets are allowed. Is there no other wish?",
            "negative"
        ) < 0.5
    );
}

#[test]
fn numbers_from_nowhere_and_numbers_left_out_are_noticed() {
    let passage = "How much is parking? Parking costs 25 euros a day.";
    assert!(
        of(
            "How much is parking?",
            passage,
            "Parking costs 30 euros a day.",
            "unsupported"
        ) > 0.3
    );
    assert!(
        of(
            "How much is parking?",
            passage,
            "Parking costs 25 euros a day.",
            "unsupported"
        ) < 0.01
    );
    assert!(
        of(
            "How much is parking?",
            passage,
            "There is a fee for parking.",
            "numbers_left_out"
        ) > 0.9
    );
}

#[test]
fn an_answer_that_is_stuck_breaks_off_or_asks_back_is_noticed() {
    let stuck = "let me see if that is listed. let me see if that is listed. let me see if that is listed.";
    assert!(of("Are pets allowed?", PETS, stuck, "repeats") > 0.5);
    assert!(of("Are pets allowed?", PETS, "so it says that it is the", "breaks_off") > 0.5);
    assert!(of("Are pets allowed?", PETS, "Pets are not allowed.", "breaks_off") < 0.5);
    assert!(
        of(
            "Are pets allowed?",
            PETS,
            "No pets. Would you like to book?",
            "asks_back"
        ) > 0.4
    );
}

#[test]
fn a_passage_about_something_else_is_noticed() {
    let elsewhere = "Are pets allowed? Pets are welcome at the Grand Hotel.";
    let question = "Are pets allowed?";
    assert!(of(question, elsewhere, "Pets are welcome.", "subject_missing") > 0.9);
    assert!(of(question, PETS, "Pets are welcome.", "subject_missing") < 0.1);
    let known = Texts {
        passage_about: Some("Harbour Inn"),
        ..texts(question, "Pets are welcome.", "Pets are welcome.")
    };
    assert!(value(&of_texts(&known), "subject_missing") < 0.1);
}

#[test]
fn what_is_not_there_is_not_measured() {
    let alone = Texts {
        question: "Who painted it?",
        answer: "Monet.",
        ..Texts::default()
    };
    let features = of_texts(&alone);
    assert!(value(&features, "matching").is_nan() && value(&features, "subject_missing").is_nan());
    assert!(value(&features, "stand_out").is_nan() && value(&features, "length") > 0.0);
    assert!(Version::by_hand(&prior()).rank(&features).is_finite());
}

#[test]
fn before_any_verdict_the_score_prefers_what_a_person_would() {
    let by_hand = Version::by_hand(&prior());
    let risk = |answer| by_hand.risk(&of_texts(&texts("Are pets allowed?", PETS, answer)));
    let right = risk("No, pets are not allowed.");
    assert!(right < risk("Yes, pets are allowed."));
    assert!(right < risk("Let me check that for you."));
    assert!(right < risk("The bar opens at 18:30."));
}

#[test]
fn signals_and_flags_of_a_draft_count() {
    let by_hand = Version::by_hand(&prior());
    let words = texts("Are pets allowed?", PETS, "No, pets are not allowed.");
    let near = Signals {
        mode: AnswerMode::Quote,
        top_similarity: 0.8,
        stand_out: 0.5,
        gap: 0.2,
        ..Signals::default()
    };
    let calm = Screening::default();
    let risk = |signals: &Signals, screening: &Screening| by_hand.risk(&of_draft(&words, signals, screening));
    let sure = risk(&near, &calm);
    let far = Signals {
        top_similarity: 0.3,
        stand_out: 0.05,
        gap: 0.0,
        ..near.clone()
    };
    let composed = Signals {
        mode: AnswerMode::Compose,
        ..near.clone()
    };
    let verified = Signals {
        mode: AnswerMode::Verified,
        ..near.clone()
    };
    let unfit = Signals {
        unfit: true,
        ..near.clone()
    };
    let invented = Signals {
        unsupported: vec!["£42".to_owned()],
        ..near.clone()
    };
    for worse in [far, composed, unfit, invented] {
        assert!(risk(&worse, &calm) > sure, "{worse:?}");
    }
    assert!(risk(&verified, &calm) < sure);
    let doubted = Signals {
        mean_logprob: Some(-3.0),
        min_logprob: Some(-12.0),
        support_delta: Some(-1.0),
        ..near.clone()
    };
    assert_eq!(
        risk(&doubted, &calm).to_bits(),
        sure.to_bits(),
        "nobody has measured that they tell anything"
    );
    let telling = Signals {
        probabilities_tell: true,
        ..doubted
    };
    assert!(risk(&telling, &calm) > sure);
    let angry = Screening {
        flags: vec![Flag::Anger],
        ..Screening::default()
    };
    assert!(risk(&near, &angry) > sure);
}

#[test]
fn the_catalogue_is_in_order() {
    let names: HashSet<&str> = CATALOGUE.iter().map(|feature| feature.name).collect();
    assert_eq!(names.len(), CATALOGUE.len(), "each name once");
    for feature in CATALOGUE {
        let agrees = match feature.direction {
            Direction::Risk => feature.coefficient >= 0.0,
            Direction::Safety => feature.coefficient <= 0.0,
            Direction::Either => true,
        };
        assert!(
            agrees && feature.scale > 0.0 && !feature.meaning.is_empty(),
            "{}",
            feature.name
        );
    }
    assert_eq!(
        baseline_of(&of_texts(&Texts::default())).len(),
        baseline_prior().features.len()
    );
}

proptest! {
    #[test]
    fn any_texts_have_features_that_are_numbers_or_missing(question in any::<String>(), passage in any::<Option<String>>(), answer in any::<String>(), about in any::<String>()) {
        let features = of_texts(&Texts { question: &question, passage: passage.as_deref(), answer: &answer, about: &about, passage_about: None });
        prop_assert_eq!(features.len(), CATALOGUE.len());
        prop_assert!(features.iter().all(|value| value.is_nan() || (value.is_finite() && (0.0..20.0).contains(value))));
    }
}
