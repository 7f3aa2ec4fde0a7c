//! Tests of the choice of an answer mode.

use super::*;
use proptest::prelude::*;

const ALL: AllowedModes = AllowedModes {
    verified: true,
    nearby: true,
    quote: true,
    compose: true,
};

fn candidate<'a>(
    kind: CandidateKind,
    title: &'a str,
    body: &'a str,
    score: f64,
    title_similarity: f64,
) -> Candidate<'a> {
    let ranked = RankedEntry {
        index: 0,
        score,
        title_similarity: Some(title_similarity),
        body_similarity: score,
    };
    Candidate {
        kind,
        title,
        body,
        ranked,
        sentence_similarities: None,
    }
}

fn chosen(question: &str, stand_out: f64, candidates: &[Candidate<'_>], allowed: AllowedModes) -> Choice {
    let ranking = Ranking {
        entries: Vec::new(),
        gap: 0.1,
        stand_out,
    };
    choose(question, &ranking, candidates, allowed, &Thresholds::default())
}

const FAQ: CandidateKind = CandidateKind::Faq;
const SECTION: CandidateKind = CandidateKind::Section;
const VERIFIED: CandidateKind = CandidateKind::Verified;

#[test]
fn a_faq_entry_that_stands_out_is_answered_verbatim() {
    let choice = chosen(
        "Can I pay by card?",
        0.3,
        &[candidate(FAQ, "Do you take cards?", " We take all cards. ", 0.6, 0.7)],
        ALL,
    );
    assert_eq!(
        (choice.mode, choice.text.as_str()),
        (AnswerMode::Quote, "We take all cards.")
    );
    assert_eq!(
        choice.sources,
        [ChosenSource {
            candidate: 0,
            quoted: vec![(1, 19)]
        }]
    );
    assert!((choice.signals.overlap - 0.5).abs() < 1e-9, "{:?}", choice.signals);
}

#[test]
fn a_question_asked_word_for_word_gets_its_own_answer_though_another_ranks_before_it() {
    let nearer = candidate(
        FAQ,
        "Do you repair bikes bought elsewhere?",
        "Yes, all makes.",
        0.76,
        0.8,
    );
    let own = candidate(
        FAQ,
        "Do you repair e-bikes?",
        "Yes, the motors of two makers.",
        0.72,
        1.0,
    );
    let choice = chosen("do you repair e-bikes", 0.3, &[nearer, own], ALL);
    assert_eq!(
        (choice.mode, choice.text.as_str()),
        (AnswerMode::Quote, "Yes, the motors of two makers.")
    );
}

#[test]
fn nothing_that_stands_out_means_abstaining_with_the_nearest_beside_it() {
    let candidates = [
        candidate(FAQ, "A?", "B.", 0.5, 0.5),
        candidate(FAQ, "C?", "D.", 0.49, 0.5),
    ];
    let choice = chosen("Do you sell boats?", 0.05, &candidates, ALL);
    assert_eq!(
        (choice.mode, choice.text.as_str(), choice.sources.len()),
        (AnswerMode::Abstain, "", 2)
    );
    assert_eq!(chosen("Anyone?", 0.0, &[], ALL).mode, AnswerMode::Abstain);
}

#[test]
fn a_question_far_from_everything_is_not_answered_however_much_the_best_stands_out() {
    assert_eq!(
        chosen("Hello there", 0.24, &[candidate(FAQ, "A?", "B.", 0.24, 0.2)], ALL).mode,
        AnswerMode::Abstain
    );
}

#[test]
fn a_verified_answer_that_ranks_first_is_served_without_the_llm() {
    let candidates = [
        candidate(VERIFIED, "Do you rent tandems?", "Yes, by the day.", 0.6, 0.6),
        candidate(FAQ, "Bikes?", "No.", 0.5, 0.5),
    ];
    let choice = chosen("Can I rent a tandem?", 0.2, &candidates, ALL);
    assert_eq!(
        (choice.mode, choice.text.as_str()),
        (AnswerMode::Verified, "Yes, by the day.")
    );
}

#[test]
fn a_verified_answer_to_the_same_question_is_served_even_behind_a_passage() {
    let candidates = [
        candidate(FAQ, "Tandems?", "No.", 0.7, 0.7),
        candidate(VERIFIED, "Do you rent tandems?", "Yes.", 0.65, 0.9),
    ];
    assert_eq!(chosen("Do you rent a tandem?", 0.2, &candidates, ALL).text, "Yes.");
}

#[test]
fn a_verified_answer_to_another_question_leaves_the_word_to_the_passage() {
    let candidates = [
        candidate(VERIFIED, "Where do I park?", "Behind the house.", 0.6, 0.3),
        candidate(FAQ, "Is it far?", "No.", 0.55, 0.5),
    ];
    let choice = chosen("How far is it?", 0.3, &candidates, ALL);
    assert_eq!((choice.mode, choice.text.as_str()), (AnswerMode::Quote, "No."));
    let forbidden = AllowedModes { verified: false, ..ALL };
    assert_ne!(
        chosen("Where do I park?", 0.3, &candidates, forbidden).mode,
        AnswerMode::Verified
    );
}

#[test]
fn a_section_is_quoted_by_its_sentences_with_ranges_in_characters() {
    let body = "Größe zählt. Punctures are mended at once. We close at six.";
    let choice = chosen(
        "Are punctures mended?",
        0.3,
        &[candidate(SECTION, "Repairs", body, 0.6, 0.3)],
        ALL,
    );
    assert_eq!(
        (choice.mode, choice.text.as_str()),
        (AnswerMode::Quote, "Punctures are mended at once.")
    );
    assert_eq!(
        choice.sources,
        [ChosenSource {
            candidate: 0,
            quoted: vec![(13, 42)]
        }]
    );
    assert_eq!(
        choice.signals.question_answer_similarity, None,
        "a part of the body has not been embedded"
    );
}

#[test]
fn a_section_whose_sentences_miss_the_question_is_composed_from_or_else_quoted() {
    let body = "Frames last. Chains do not. Oil helps.";
    let candidates = [candidate(SECTION, "Care", body, 0.6, 0.3)];
    let question = "How should winter cyclists maintain gears?";
    assert_eq!(chosen(question, 0.3, &candidates, ALL).mode, AnswerMode::Compose);
    let quote_only = chosen(question, 0.3, &candidates, AllowedModes::default());
    assert_eq!((quote_only.mode, quote_only.text.as_str()), (AnswerMode::Quote, body));
}

#[test]
fn a_related_passage_is_composed_from_only_where_that_is_allowed() {
    let candidates = [candidate(FAQ, "A?", "B.", 0.4, 0.4)];
    assert_eq!(
        chosen("What about both?", 0.13, &candidates, ALL).mode,
        AnswerMode::Compose
    );
    assert_eq!(
        chosen("What about both?", 0.13, &candidates, AllowedModes::default()).mode,
        AnswerMode::Abstain
    );
}

#[test]
fn a_greeting_is_not_answered_with_whatever_lies_near_it() {
    let candidates = [candidate(FAQ, "How can I contact you?", "hello@example.org", 0.6, 0.6)];
    for text in ["Hello there!", "ok, thanks", "👍", "Guten Morgen"] {
        assert_eq!(chosen(text, 0.3, &candidates, ALL).mode, AnswerMode::Abstain, "{text}");
    }
    assert_eq!(
        chosen("Hello, where are you?", 0.3, &candidates, ALL).mode,
        AnswerMode::Quote
    );
}

#[test]
fn sentences_that_hold_only_a_part_of_the_question_leave_it_to_the_llm_where_it_may_write() {
    let body = "The cargo bike costs £45 a day. Straps are included. We show you how to steer.";
    let candidates = [candidate(SECTION, "Cargo bikes", body, 0.6, 0.6)];
    let question = "What is the deposit for a cargo bike?";
    assert_eq!(chosen(question, 0.3, &candidates, ALL).mode, AnswerMode::Compose);
    assert_eq!(
        chosen(question, 0.3, &candidates, AllowedModes::default()).text,
        "The cargo bike costs £45 a day."
    );
}

proptest! {
    #[test]
    fn any_texts_and_numbers_give_a_choice_whose_quotes_lie_inside_their_source(
        question in any::<String>(), title in any::<String>(), body in any::<String>(),
        score in -1.0f64..1.0, stand_out in -1.0f64..1.0, section in any::<bool>(), compose in any::<bool>(),
    ) {
        let kind = if section { SECTION } else { FAQ };
        let candidates = [candidate(kind, &title, &body, score, score)];
        let choice = chosen(&question, stand_out, &candidates, AllowedModes { compose, ..ALL });
        prop_assert!(compose || choice.mode != AnswerMode::Compose);
        prop_assert!(choice.mode == AnswerMode::Quote || choice.text.is_empty());
        let length = body.chars().count();
        for (start, end) in choice.sources.iter().flat_map(|s| &s.quoted) {
            prop_assert!(start <= end && *end <= length);
        }
    }
}

#[test]
fn without_trust_in_the_embedder_a_verified_answer_is_served_to_its_own_words_only() {
    let candidates = [
        candidate(SECTION, "Dogs", "Dogs are welcome.", 0.6, 0.5),
        candidate(VERIFIED, "Do you deliver on Sunday?", "Never.", 0.1, 0.97),
    ];
    let by_words = AllowedModes { nearby: false, ..ALL };
    let own = chosen("do you deliver on sunday", 0.0, &candidates, by_words);
    assert_eq!((own.mode, own.text.as_str()), (AnswerMode::Verified, "Never."));
    let other = chosen("Do you deliver on Saturday?", 0.0, &candidates, by_words);
    assert_eq!(other.mode, AnswerMode::Abstain, "only the embedder finds them alike");
    assert_eq!(
        chosen("Do you deliver on Saturday?", 0.0, &candidates, ALL).mode,
        AnswerMode::Verified
    );
}
