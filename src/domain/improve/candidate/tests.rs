use super::*;
use proptest::prelude::*;

fn answer(text: &str) -> Answer {
    Answer {
        mode: if text.is_empty() {
            AnswerMode::Abstain
        } else {
            AnswerMode::Quote
        },
        text: text.to_owned(),
        sources: Vec::new(),
        recipe: None,
    }
}

fn written(text: &str) -> Answer {
    Answer {
        mode: AnswerMode::Compose,
        ..answer(text)
    }
}

fn unwritten(recipe: &str) -> Answer {
    Answer {
        recipe: Some(recipe.to_owned()),
        ..written("")
    }
}

fn expected(answer: &str) -> Known {
    Known::Expected {
        answer: answer.to_owned(),
    }
}

fn judged(text: &str, label: VerdictLabel) -> Known {
    Known::Judged {
        text: text.to_owned(),
        label,
    }
}

#[test]
fn a_regression_question_is_mended_or_broken_by_what_it_expects_alone() {
    let (open, closed, nothing) = (answer("We open at nine."), answer("We are closed."), answer(""));
    let known = expected("we open at NINE");
    assert_eq!(effect(&known, &closed, &open), Effect::Mended);
    assert_eq!(effect(&known, &nothing, &open), Effect::Mended);
    assert_eq!(effect(&known, &open, &closed), Effect::Broken);
    assert_eq!(effect(&known, &open, &nothing), Effect::Broken);
    assert_eq!(effect(&known, &closed, &nothing), Effect::Silenced);
    assert_eq!(effect(&known, &open, &open), Effect::Same);
    let silence = expected("");
    assert_eq!(effect(&silence, &nothing, &open), Effect::Broken);
    assert_eq!(effect(&silence, &open, &nothing), Effect::Mended);
}

#[test]
fn what_a_person_called_bad_is_mended_by_any_other_answer_and_what_they_called_good_is_broken_by_one() {
    let (then, now) = (answer("then"), answer("now"));
    assert_eq!(effect(&judged("then", VerdictLabel::Bad), &then, &now), Effect::Mended);
    assert_eq!(
        effect(&judged("then", VerdictLabel::Bad), &then, &answer("")),
        Effect::Mended
    );
    assert_eq!(
        effect(&judged("then", VerdictLabel::Acceptable), &then, &now),
        Effect::Broken
    );
    assert_eq!(
        effect(&judged("then", VerdictLabel::Acceptable), &then, &answer("")),
        Effect::Silenced
    );
    // The verdict was about an answer that is gone already.
    assert_eq!(
        effect(&judged("long ago", VerdictLabel::Bad), &then, &now),
        Effect::Other
    );
    assert_eq!(
        effect(&judged("then", VerdictLabel::CannotJudge), &then, &now),
        Effect::Other
    );
}

#[test]
fn the_same_words_from_another_entry_are_the_same_answer() {
    let other = Answer {
        sources: vec!["elsewhere".to_owned()],
        ..answer("same")
    };
    assert_eq!(effect(&Known::Asked, &answer("same"), &other), Effect::Same);
    assert_eq!(
        effect(&judged("same", VerdictLabel::Acceptable), &answer("same"), &other),
        Effect::Same
    );
    assert_eq!(effect(&Known::Asked, &unwritten("a"), &unwritten("b")), Effect::Other);
    assert_eq!(effect(&Known::Asked, &unwritten("a"), &unwritten("a")), Effect::Same);
}

#[test]
fn a_verdict_is_carried_by_the_very_text_and_other_words_of_the_llm_are_unknown() {
    for label in [VerdictLabel::Bad, VerdictLabel::Acceptable, VerdictLabel::CannotJudge] {
        let known = judged("then", label);
        assert_eq!(effect(&known, &written("then"), &written("now")), Effect::Other);
        assert_eq!(effect(&known, &written("then"), &unwritten("a")), Effect::Other);
        assert_eq!(effect(&known, &written("then"), &written("then")), Effect::Same);
    }
    let (bad, good) = (
        judged("then", VerdictLabel::Bad),
        judged("then", VerdictLabel::Acceptable),
    );
    assert_eq!(effect(&bad, &written("now"), &written("then")), Effect::Broken);
    assert_eq!(effect(&good, &written("now"), &written("then")), Effect::Other);
    assert_eq!(effect(&bad, &written("then"), &answer("")), Effect::Mended);
    assert_eq!(effect(&good, &written("then"), &answer("")), Effect::Silenced);
}

#[test]
fn over_a_regression_only_with_a_reason_and_never_untried_or_twice() {
    let worse = Found {
        worse: 2,
        ..Found::default()
    };
    let waiting = CandidateState::Waiting;
    assert_eq!(
        may_publish(waiting, Some(&worse), Finding::Open, None),
        Err(CandidateError::Worse(2))
    );
    assert_eq!(
        may_publish(waiting, Some(&worse), Finding::Open, Some("  ")),
        Err(CandidateError::Worse(2))
    );
    assert_eq!(
        may_publish(waiting, Some(&worse), Finding::Open, Some("The old answers are wrong.")),
        Ok(())
    );
    assert_eq!(
        may_publish(waiting, Some(&Found::default()), Finding::Open, None),
        Ok(())
    );
    assert_eq!(
        may_publish(waiting, None, Finding::Open, Some("why")),
        Err(CandidateError::NotTried)
    );
    assert_eq!(
        may_publish(CandidateState::Replaying, Some(&worse), Finding::Open, Some("why")),
        Err(CandidateError::NotTried)
    );
    let none = Found::default();
    assert_eq!(
        may_publish(waiting, Some(&none), Finding::Worse, Some(" ")),
        Err(CandidateError::FoundWorse)
    );
    assert_eq!(
        may_publish(waiting, Some(&none), Finding::Worse, Some("It is the law.")),
        Ok(())
    );
    assert_eq!(may_publish(waiting, Some(&none), Finding::Better, None), Ok(()));
    for state in [
        CandidateState::Publishing,
        CandidateState::Published,
        CandidateState::RollingBack,
        CandidateState::RolledBack,
        CandidateState::Withdrawn,
    ] {
        let refused = may_publish(state, Some(&Found::default()), Finding::Open, Some("why"));
        assert!(matches!(refused, Err(CandidateError::Over(_))), "{state:?}");
    }
}

#[test]
fn a_candidate_changes_something_and_nothing_twice() {
    let id = VerifiedAnswerId::from(uuid::Uuid::from_u128(1));
    assert_eq!(check(&[]), Err(CandidateError::Empty));
    let (add, retire) = (
        Change::AddAnswer {
            id,
            question: "q".to_owned(),
            answer: "a".to_owned(),
            details: Box::default(),
        },
        Change::RetireAnswer { id },
    );
    assert_eq!(check(std::slice::from_ref(&add)), Ok(()));
    assert!(matches!(check(&[add, retire]), Err(CandidateError::Twice(_))));
}

#[test]
fn a_change_that_an_older_version_stored_is_read_and_one_without_details_is_stored_as_before() {
    let id = VerifiedAnswerId::from(uuid::Uuid::from_u128(1));
    let stored = r#"{"kind":"add_answer","id":"00000000-0000-0000-0000-000000000001","question":"q","answer":"a"}"#;
    let read: Change = serde_json::from_str(stored).unwrap();
    let plain = Change::AddAnswer {
        id,
        question: "q".to_owned(),
        answer: "a".to_owned(),
        details: Box::default(),
    };
    assert_eq!(read, plain);
    assert_eq!(serde_json::to_string(&plain).unwrap(), stored);
    let newer = r#"{"kind":"add_answer","id":"00000000-0000-0000-0000-000000000001","question":"q","answer":"a","details":{"variants":["r"],"expires_at":7}}"#;
    let Ok(Change::AddAnswer { details, .. }) = serde_json::from_str::<Change>(newer) else {
        panic!("not read")
    };
    assert_eq!((details.variants.len(), details.expires_at), (1, Some(Timestamp(7))));
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![Just(answer("")), Just(answer("one")), Just(answer("two"))]
}

fn any_known() -> impl Strategy<Value = Known> {
    prop_oneof![
        Just(Known::Asked),
        Just(Known::Gap),
        Just(expected("")),
        Just(expected("one")),
        Just(judged("one", VerdictLabel::Bad)),
        Just(judged("two", VerdictLabel::Acceptable)),
    ]
}

proptest! {
    #[test]
    fn what_changes_nothing_has_no_effect_and_taking_back_turns_better_into_worse(
        known in any_known(), before in any_answer(), after in any_answer()
    ) {
        prop_assert_eq!(effect(&known, &before, &before), Effect::Same);
        let (there, back) = (effect(&known, &before, &after), effect(&known, &after, &before));
        if matches!(known, Known::Expected { .. } | Known::Asked | Known::Gap) {
            prop_assert_eq!(there.is_better(), back.is_worse());
            prop_assert_eq!(there == Effect::Other, back == Effect::Other);
        }
    }

    #[test]
    fn every_question_is_counted_once(
        cases in prop::collection::vec((any_known(), any_answer(), any_answer()), 0..40)
    ) {
        let mut found = Found::default();
        for (known, before, after) in &cases {
            found.add(known, before, after);
        }
        prop_assert_eq!(found.tried(), cases.len() as u64);
        prop_assert!(found.better + found.worse + found.other <= found.tried());
        prop_assert!(found.met_after <= found.expected && found.answered_after <= found.asked && found.gap_after <= found.gap);
    }
}
