use super::*;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

fn example(instead_of: Option<&str>) -> Example {
    Example {
        outcome: OutcomeId::from(Uuid::from_u128(1)),
        conversation: ConversationId::from(Uuid::from_u128(2)),
        at: Timestamp(0),
        how: OutcomeKind::Edit,
        asked: asked([
            (Author::Ai, "Hello!"),
            (Author::Visitor, "Do you open"),
            (Author::Visitor, "on Mondays?"),
            (Author::Ai, "We do."),
            (Author::System, "A colleague is checking."),
            (Author::Visitor, "From when?"),
        ])
        .unwrap(),
        answer: "From ten.".to_owned(),
        instead_of: instead_of.map(str::to_owned),
        reasons: vec!["wrong".to_owned()],
    }
}

#[test]
fn a_conversation_becomes_what_trainers_read() {
    let before = json!([
        { "role": "user", "content": "Do you open\non Mondays?" },
        { "role": "assistant", "content": "We do." },
        { "role": "user", "content": "From when?" },
    ]);
    let good = json!({ "role": "assistant", "content": "From ten." });
    let bad = json!([{ "role": "assistant", "content": "From nine." }]);
    let written = |format| serde_json::to_value(row(&example(Some("From nine.")), format)).unwrap();
    let mut whole = before.as_array().unwrap().clone();
    whole.push(good.clone());
    assert_eq!(written(Format::Chat), json!({ "messages": whole }));
    assert_eq!(
        written(Format::Dpo),
        json!({ "prompt": before, "chosen": [good], "rejected": bad })
    );
    assert_eq!(
        written(Format::DpoOpenai),
        json!({ "input": { "messages": before }, "preferred_output": [good], "non_preferred_output": bad })
    );
    assert_eq!(
        written(Format::Csv),
        json!({ "question": "From when?", "answer": "From ten.", "how": "edit", "draft": "From nine.", "reasons": "wrong" })
    );
}

#[test]
fn there_is_a_pair_only_where_somebody_preferred_one_answer_to_another() {
    for instead_of in [None, Some(""), Some("  From ten. ")] {
        for format in [Format::Dpo, Format::DpoOpenai] {
            assert_eq!(row(&example(instead_of), format), None, "{instead_of:?}");
        }
        assert!(row(&example(instead_of), Format::Chat).is_some());
    }
}

#[test]
fn what_nobody_asked_is_no_example() {
    assert_eq!(asked([]), None);
    assert_eq!(asked([(Author::Ai, "Hello!")]), None);
    assert_eq!(asked([(Author::Visitor, "Hi"), (Author::Ai, "Hello!")]), None);
    assert_eq!(asked([(Author::System, "closed")]), None);
}

#[test]
fn about_a_tenth_of_the_conversations_is_kept_for_judging() {
    let workspace = WorkspaceId::from(Uuid::from_u128(7));
    let kept = (0..10_000)
        .filter(|number| Split::of(workspace, ConversationId::from(Uuid::from_u128(*number))) == Split::Validation)
        .count();
    assert!((900..1_100).contains(&kept), "{kept}");
}

fn an_author() -> impl Strategy<Value = Author> {
    prop_oneof![
        Just(Author::Visitor),
        Just(Author::Ai),
        Just(Author::Person),
        Just(Author::System)
    ]
}

proptest! {
    #[test]
    fn roles_take_turns_from_the_user_to_the_user(
        said in prop::collection::vec((an_author(), "[a-z]{1,5}"), 0..12),
    ) {
        let Some(asked) = asked(said.iter().map(|(author, text)| (*author, text.as_str()))) else {
            return Ok(());
        };
        for (place, message) in asked.iter().enumerate() {
            let expected = if place % 2 == 0 { Role::User } else { Role::Assistant };
            prop_assert_eq!(message.role, expected);
        }
        prop_assert_eq!(asked.len() % 2, 1);
        let visitors: Vec<&str> = said.iter().filter(|(author, _)| *author == Author::Visitor).map(|(_, text)| text.as_str()).collect();
        let users: Vec<&str> = asked.iter().filter(|message| message.role == Role::User).flat_map(|message| message.content.lines()).collect();
        prop_assert_eq!(visitors, users, "nothing that a visitor said is lost");
    }
}
