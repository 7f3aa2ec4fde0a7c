use super::*;
use crate::domain::rehearsal::{MOST_CASES, Reading};
use proptest::prelude::*;

fn read_text(text: &str) -> (Vec<Case>, Reading) {
    let (mut cases, reading) = read(text.as_bytes()).unwrap().finish(MOST_CASES);
    cases.sort_by_key(|case| (case.line, case.history.len()));
    (cases, reading)
}

fn refused(text: &str) -> String {
    match read(text.as_bytes()) {
        Ok(collector) => panic!("{collector:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn questions_and_answers_are_read_line_by_line_and_bad_lines_are_named() {
    let text = r#"{"question": "When do you open?", "answer": "At nine.", "id": 17, "at": "2026-05-04T10:00:00Z"}

{"question": "Do you deliver?"}
{"question": "Cut off
{"answer": "No question"}
[1, 2]
{"question": {"a": 1}}
{"question": "When?", "at": "yesterday"}
"#;
    let (cases, reading) = read_text(text);
    let told: Vec<_> = cases
        .iter()
        .map(|case| (case.line, case.question.as_str(), case.answer.as_deref()))
        .collect();
    assert_eq!(
        told,
        [(1, "When do you open?", Some("At nine.")), (3, "Do you deliver?", None)]
    );
    assert_eq!(cases[0].id.as_deref(), Some("17"));
    assert_eq!(cases[0].at, Some(Timestamp(1_777_888_800_000)));
    let rows: Vec<usize> = reading.skipped.iter().map(|row| row.row).collect();
    assert_eq!((rows, reading.rows), (vec![4, 5, 6, 7, 8], 7));
}

#[test]
fn chats_of_other_programs_are_read_too() {
    let text = r#"{"id": "c1", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]}
{"messages": [{"author": "visitor", "text": "Open?"}, {"author": "martian", "text": "Yes"}]}
{"messages": [{"author": "visitor"}]}
{"messages": []}"#;
    let (cases, reading) = read_text(text);
    assert_eq!(cases.len(), 1);
    assert_eq!(
        (cases[0].question.as_str(), cases[0].answer.as_deref()),
        ("Hi", Some("Hello!"))
    );
    let told: Vec<&str> = reading.skipped.iter().map(|row| row.why.as_str()).collect();
    assert!(told[0].contains("martian") && told[1].contains("no text"), "{told:?}");
}

#[test]
fn a_list_and_one_object_over_several_lines_are_json_too() {
    assert_eq!(read_text(r#"[{"question": "A?"}, {"question": "B?"}]"#).0.len(), 2);
    let chat = "{\n \"messages\": [\n {\"author\": \"visitor\", \"text\": \"Open?\"},\n {\"author\": \"person\", \"text\": \"Yes\"}\n ]\n}";
    let (cases, reading) = read_text(chat);
    assert_eq!((cases.len(), reading.skipped.len()), (1, 0));
}

#[test]
fn csv_is_read_by_the_names_of_its_columns() {
    for text in [
        "question,answer\n\"Open, on Sunday?\",No\n,Nobody asked\nWhy?,\n",
        "\u{feff}ID;Frage;Antwort\r\n1;Open, on Sunday?;No\r\n2;;Nobody asked\r\n\r\n3;Why?;\r\n",
        "question\nOpen, on Sunday?\n \" \"\nWhy?\n",
    ] {
        let (cases, reading) = read_text(text);
        let questions: Vec<&str> = cases.iter().map(|case| case.question.as_str()).collect();
        if text.starts_with("question\n") {
            assert_eq!(reading.skipped.len(), 0, "a line of nothing is nothing");
        } else {
            assert_eq!(questions, ["Open, on Sunday?", "Why?"], "{text}");
            assert_eq!(cases[0].answer.as_deref(), Some("No"));
            assert_eq!((cases[1].answer.as_deref(), reading.skipped.len()), (None, 1));
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_says_what_can() {
    for (text, says) in [
        ("", "empty"),
        (" \n", "empty"),
        ("name,price\nBell,7\n", "line 1 names no column"),
        (
            "From mia@example.org Mon May  4\nSubject: Hi\n",
            "mailboxes and e-mails",
        ),
        ("Received: from a by b\nSubject: Hi\n", "mailboxes and e-mails"),
        ("{\"question\": \nnothing\n", "line 1 cannot be read as JSON"),
        ("[1, 2", "line 1 cannot be read as JSON"),
    ] {
        let told = refused(text);
        assert!(told.contains(says), "{told}");
        assert!(text.trim().is_empty() || told.contains("JSON Lines"), "{told}");
    }
    assert_eq!(read(b"question\n\xff").unwrap_err(), FileError::NotUtf8 { at: 9 });
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _either = read(&bytes);
    }

    #[test]
    fn any_text_of_any_shape_is_read_or_refused(text in any::<String>(), beginning in 0_usize..5) {
        let beginnings = ["", "{", "[", "question,answer\n", "{\"messages\": ["];
        let _either = read(format!("{}{text}", beginnings[beginning]).as_bytes());
    }

    #[test]
    fn every_line_of_a_file_is_a_question_or_is_named(
        lines in prop::collection::vec(
            prop_oneof![
                "[a-z ?]{0,20}".prop_map(|text| serde_json::json!({ "question": text }).to_string()),
                "\\{[a-z\": ]{0,20}",
            ],
            1..30,
        ),
    ) {
        let text = lines.join("\n");
        if let Ok(collector) = read(text.as_bytes()) {
            let (cases, reading) = collector.finish(MOST_CASES);
            prop_assert_eq!(cases.len() + reading.unusable + reading.repeated, lines.len());
            prop_assert_eq!(reading.rows, lines.len());
        }
    }
}
