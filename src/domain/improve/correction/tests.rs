use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn id(number: u128) -> DocumentId {
    Uuid::from_u128(number).into()
}

fn patch(number: u128, text: Option<&str>) -> Wish {
    Wish {
        patches: vec![Patch {
            document_id: id(number),
            text: text.map(str::to_owned),
        }],
        ..Wish::default()
    }
}

const STANDING: Standing<'static> = Standing {
    documents: &[],
    instructions: "Be kind.",
    is_remembered: false,
};

#[test]
fn what_cannot_be_done_is_refused_in_words_that_say_what_to_do() {
    let documents = [(id(1), "We open at nine.\nEvery day."), (id(2), "No towels.")];
    let standing = Standing {
        documents: &documents,
        ..STANDING
    };
    let told = |text: &str| Wish {
        instructions: Some(text.to_owned()),
        ..Wish::default()
    };
    let twice = Wish {
        patches: [patch(1, None).patches, patch(1, Some("At ten.")).patches].concat(),
        ..Wish::default()
    };
    let long = "x".repeat(LONGEST_INSTRUCTIONS + 1);
    for (wish, refused) in [
        (patch(3, Some("At ten.")), WishError::UnknownDocument),
        (patch(3, None), WishError::UnknownDocument),
        (patch(1, Some(" \n ")), WishError::EmptyPatch),
        (patch(1, Some("We open at nine.\r\nEvery day. ")), WishError::SamePatch),
        (twice, WishError::TwiceTheDocument),
        (told(" "), WishError::EmptyInstructions),
        (told("Be kind.\n"), WishError::SameInstructions),
        (told(&long), WishError::LongInstructions(LONGEST_INSTRUCTIONS + 1)),
    ] {
        assert_eq!(wish.check(&standing), Err(refused));
    }
    let answer = Wish {
        verified_answer: true,
        ..Wish::default()
    };
    let remembered = Standing {
        is_remembered: true,
        ..STANDING
    };
    assert_eq!(answer.check(&remembered), Err(WishError::Remembered));
    assert_eq!(answer.check(&STANDING), Ok(()));
    for wish in [
        patch(1, None),
        patch(2, Some("Towels from May on.")),
        told("Be brief."),
        Wish::default(),
    ] {
        assert_eq!(wish.check(&standing), Ok(()));
    }
}

#[test]
fn causes_are_presumed_from_what_the_reviewer_said_and_how_the_draft_was_made() {
    let wrong = [ReasonCode::Wrong];
    let one = |cause| BTreeSet::from([cause]);
    assert_eq!(presumed(&wrong, Some(AnswerMode::Quote)), one(Cause::Wrong));
    assert_eq!(presumed(&wrong, Some(AnswerMode::Compose)), one(Cause::Composition));
    assert_eq!(presumed(&[], None), one(Cause::KnowledgeMissing));
    assert_eq!(
        presumed(&wrong, Some(AnswerMode::Abstain)),
        one(Cause::KnowledgeMissing)
    );
    assert_eq!(presumed(&[], Some(AnswerMode::Quote)), BTreeSet::new());
    let both = [ReasonCode::Tone, ReasonCode::Outdated, ReasonCode::Other];
    let expected = BTreeSet::from([Cause::Tone, Cause::Outdated]);
    assert_eq!(presumed(&both, Some(AnswerMode::Verified)), expected);
}

#[test]
fn codes_are_those_that_are_sent() {
    for cause in Cause::ALL {
        assert_eq!(serde_json::to_value(cause).ok(), Some(cause.as_str().into()));
    }
}

fn any_reason() -> impl Strategy<Value = ReasonCode> {
    prop_oneof![
        Just(ReasonCode::Wrong),
        Just(ReasonCode::Outdated),
        Just(ReasonCode::Missing),
        Just(ReasonCode::Tone),
        Just(ReasonCode::Policy),
        Just(ReasonCode::Language),
        Just(ReasonCode::Other),
    ]
}

fn any_mode() -> impl Strategy<Value = Option<AnswerMode>> {
    prop_oneof![
        Just(None),
        Just(Some(AnswerMode::Verified)),
        Just(Some(AnswerMode::Quote)),
        Just(Some(AnswerMode::Compose)),
        Just(Some(AnswerMode::Abstain)),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let text = prop::option::of("[a-c \r\n]{0,4}");
    let patches = prop::collection::vec((0_u128..4, text.clone()), 0..3);
    (any::<bool>(), patches, text).prop_map(|(verified_answer, patches, instructions)| Wish {
        verified_answer,
        patches: { patches.into_iter() }
            .map(|(number, text)| Patch {
                document_id: id(number),
                text,
            })
            .collect(),
        instructions,
        ..Wish::default()
    })
}

proptest! {
    #[test]
    fn no_more_causes_are_presumed_than_reasons_were_given_unless_nothing_was_drafted(
        reasons in prop::collection::vec(any_reason(), 0..6), mode in any_mode()
    ) {
        let causes = presumed(&reasons, mode);
        let is_drafted = !matches!(mode, None | Some(AnswerMode::Abstain));
        let most = if is_drafted { reasons.len() } else { 1 };
        prop_assert!(causes.len() <= most);
        prop_assert_eq!(causes.contains(&Cause::Composition) && mode != Some(AnswerMode::Compose), false);
        let mut turned = reasons;
        turned.reverse();
        prop_assert_eq!(presumed(&turned, mode), causes);
    }

    #[test]
    fn a_granted_wish_changes_each_document_once_and_to_something_else(wish in any_wish(), current in "[a-c]{0,3}") {
        let documents = [(id(0), current.as_str()), (id(1), "a")];
        let standing = Standing { documents: &documents, ..STANDING };
        if wish.check(&standing).is_ok() {
            let mut touched: Vec<_> = wish.patches.iter().map(|patch| patch.document_id.uuid()).collect();
            touched.sort_unstable();
            touched.dedup();
            prop_assert_eq!(touched.len(), wish.patches.len());
            for patch in &wish.patches {
                let known = documents.iter().find(|(id, _)| *id == patch.document_id);
                prop_assert!(known.is_some());
                if let (Some(text), Some((_, current))) = (&patch.text, known) {
                    prop_assert!(!text.trim().is_empty());
                    prop_assert_ne!(text.trim(), current.trim());
                }
            }
        }
        prop_assert_eq!(wish.changes_answers(), wish.verified_answer || !wish.patches.is_empty() || wish.instructions.is_some());
    }
}
