//! Tests of reading knowledge files.

use super::*;
use proptest::prelude::*;

fn read(format: Format, text: &str) -> Parsed {
    match parse(format, "our-shop.md", text.as_bytes()) {
        Ok(parsed) => parsed,
        Err(error) => Parsed {
            skipped: vec![Skipped {
                row: 0,
                why: format!("ERROR {error}"),
            }],
            ..Parsed::default()
        },
    }
}

fn pairs(parsed: &Parsed) -> Vec<(&str, &str)> {
    parsed
        .documents
        .iter()
        .map(|d| (d.title.as_str(), d.body.as_str()))
        .collect()
}

#[test]
fn csv_is_read_by_the_names_of_its_columns_whatever_separates_them() {
    for text in [
        "question,answer\nOpen?,\"Yes, daily\"\n",
        "\u{feff}Antwort;Frage\r\n\"Yes, daily\";Open?\r\n",
        "id\tTitle\tBody\n7\tOpen?\tYes, daily\n",
    ] {
        assert_eq!(pairs(&read(Format::FaqCsv, text)), [("Open?", "Yes, daily")], "{text}");
    }
}

#[test]
fn a_csv_row_that_cannot_be_used_is_skipped_with_its_line_and_reason() {
    let parsed = read(
        Format::FaqCsv,
        "question,answer\nA?,\"two\nlines\"\n,no question\nB?\nA?,\"two\nlines\"\nC?,yes\n",
    );
    assert_eq!(pairs(&parsed), [("A?", "two\nlines"), ("C?", "yes")]);
    let skipped: Vec<_> = parsed.skipped.iter().map(|s| (s.row, s.why.as_str())).collect();
    assert_eq!(
        skipped,
        [
            (4, "it has no question; write one, or leave the row out"),
            (5, "it has no answer; write one, or leave the row out"),
            (6, "it repeats row 2, question and answer")
        ]
    );
}

#[test]
fn a_csv_without_a_header_says_which_columns_it_needs() {
    let error = parse(Format::FaqCsv, "a.csv", b"Open?,Yes\n").map_err(|e| e.to_string());
    assert_eq!(
        error,
        Err("the first row must name the columns, among them question and answer; it reads: open?, yes. Put such a row on top, and import it again".to_owned())
    );
}

#[test]
fn json_is_read_in_every_shape_it_comes_in() {
    for text in [
        r#"[{"question":"Open?","answer":"Yes"}]"#,
        r#"{"items":[{"title":"Open?","body":"Yes"}]}"#,
        r#"{"Open?":"Yes"}"#,
        "{\"q\":\"Open?\",\"a\":\"Yes\"}\n",
        "{\"Question\":[\"Open?\",\"Closed?\"],\"Answer\":\"Yes\"}\n\n{\"question\":\"Open?\",\"answer\":\"Yes\"}\n",
    ] {
        assert_eq!(pairs(&read(Format::FaqJson, text)), [("Open?", "Yes")], "{text}");
    }
}

#[test]
fn json_that_holds_no_questions_is_refused_in_words() {
    assert_eq!(parse(Format::FaqJson, "x", b"42"), Err(ParseError::JsonShape));
    assert_eq!(parse(Format::FaqJson, "x", br#"{"a":[1]}"#), Err(ParseError::JsonShape));
    assert!(matches!(
        parse(Format::FaqJson, "x", b"[{"),
        Err(ParseError::Json { .. })
    ));
    let deep = "[".repeat(100_000);
    assert!(matches!(
        parse(Format::FaqJson, "x", deep.as_bytes()),
        Err(ParseError::Json { .. })
    ));
}

#[test]
fn markdown_questions_become_faq_entries_and_the_rest_sections() {
    let parsed = read(
        Format::Markdown,
        "# Bikes\n## Do you rent bikes?\nYes, by the day.\n## Repairs\nAll makes.\n",
    );
    let found: Vec<_> = parsed
        .documents
        .iter()
        .map(|d| (d.kind, d.title.as_str(), d.body.as_str(), d.anchor.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                DocumentKind::Faq,
                "Do you rent bikes?",
                "Yes, by the day.",
                "do-you-rent-bikes"
            ),
            (DocumentKind::Section, "Bikes › Repairs", "All makes.", "repairs"),
        ]
    );
}

#[test]
fn a_document_without_a_title_is_called_after_its_file() {
    let parsed = read(Format::Markdown, "Just text.");
    assert_eq!(pairs(&parsed), [("our shop", "Just text.")]);
}

#[test]
fn ids_are_the_same_on_the_next_import_and_unique_within_a_file() {
    let text = r#"[{"question":"Open?","answer":"Yes"},{"question":"open?","answer":"No"},{"id":"k","question":"A?","answer":"B"}]"#;
    let (one, two) = (read(Format::FaqJson, text), read(Format::FaqJson, text));
    assert_eq!(one, two);
    let ids: Vec<&str> = one.documents.iter().map(|d| d.external_id.as_str()).collect();
    assert_eq!(ids.last(), Some(&"k"));
    assert!(
        ids.first().zip(ids.get(1)).is_some_and(|(a, b)| *b == format!("{a}#2")),
        "{ids:?}"
    );
}

#[test]
fn what_is_not_text_is_refused_with_the_remedy() {
    assert_eq!(parse(Format::Markdown, "x", b""), Err(ParseError::Empty));
    assert_eq!(parse(Format::Markdown, "x", b"a\0b"), Err(ParseError::Binary));
    assert_eq!(
        parse(Format::Markdown, "x", b"\xcf\xf0\xe8\xe2\xe5\xf2"),
        Err(ParseError::NotUtf8 { at: 0 })
    );
    assert_eq!(parse(Format::FaqCsv, "x", b"\xff\xfe\0\xd8"), Err(ParseError::Utf16));
    assert_eq!(
        parse(Format::FaqCsv, "x", &vec![b'a'; MAX_BYTES + 1]),
        Err(ParseError::TooLarge { mb: 21 })
    );
}

#[test]
fn more_rows_than_allowed_are_refused() {
    let text: String = (0..=MAX_ROWS).fold("question,answer\n".to_owned(), |text, n| text + &format!("Q{n}?,A\n"));
    assert_eq!(
        parse(Format::FaqCsv, "x", text.as_bytes()),
        Err(ParseError::TooManyRows)
    );
    let text: String = (0..=MAX_ROWS).fold(String::new(), |text, n| {
        text + &format!("{{\"q\":\"Q{n}?\",\"a\":\"A\"}}\n")
    });
    assert_eq!(
        parse(Format::FaqJson, "x", text.as_bytes()),
        Err(ParseError::TooManyRows)
    );
}

#[test]
fn an_answer_longer_than_may_be_sent_is_skipped() {
    let text = format!("question,answer\nA?,{}\n", "é".repeat(MAX_BODY_CHARS + 1));
    let parsed = read(Format::FaqCsv, &text);
    assert!(
        parsed
            .skipped
            .iter()
            .any(|s| s.row == 2 && s.why.contains("8001 characters")),
        "{parsed:?}"
    );
}

/// Every naughty string as question and answer, in each format: kept or skipped with a reason, never lost or a panic.
#[test]
#[expect(clippy::print_stderr, reason = "a test says when it skips")]
fn naughty_strings_are_imported_or_skipped_with_a_reason() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/blns/blns.json");
    let Ok(file) = std::fs::read_to_string(path) else {
        eprintln!("skipped: {path} is not there");
        return;
    };
    let strings: Vec<String> = serde_json::from_str(&file).unwrap();
    assert!(strings.len() > 400);
    let rows: Vec<_> = strings
        .iter()
        .map(|s| serde_json::json!({"question": format!("What of {s}"), "answer": s}))
        .collect();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["question", "answer"]).unwrap();
    for s in &strings {
        csv.write_record([&format!("What of {s}"), s]).unwrap();
    }
    let json = read(Format::FaqJson, &serde_json::to_string(&rows).unwrap());
    let csv = parse(
        Format::FaqCsv,
        "x",
        &csv.into_inner()
            .unwrap()
            .into_iter()
            .filter(|b| *b != 0)
            .collect::<Vec<_>>(),
    )
    .unwrap();
    for parsed in [json, csv] {
        assert_eq!(parsed.documents.len() + parsed.skipped.len(), strings.len());
        assert!(parsed.documents.len() > strings.len() - 40, "{:?}", parsed.skipped);
    }
    for s in &strings {
        let _ = parse(Format::Markdown, s, format!("# {s}\n{s}\n\n## {s}?\n{s}").as_bytes());
        let _ = parse(Format::FaqCsv, s, s.as_bytes());
        let _ = parse(Format::FaqJson, s, s.as_bytes());
    }
}

/// A real help centre: 220 Markdown files in four languages.
#[test]
#[expect(clippy::print_stderr, reason = "a test says when it skips")]
fn a_real_help_centre_is_read_whole() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/logingov-help/content");
    let mut folders = vec![std::path::PathBuf::from(root)];
    if !folders.iter().all(|folder| folder.is_dir()) {
        eprintln!("skipped: {root} is not there");
        return;
    }
    let (mut files, mut passages) = (0, 0);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                let parsed = parse(
                    Format::Markdown,
                    &path.to_string_lossy(),
                    &std::fs::read(&path).unwrap(),
                )
                .unwrap();
                files += 1;
                passages += parsed.documents.len();
                for document in parsed.documents {
                    let markup = ["](", "{: ", "<div", "**", "---"]
                        .into_iter()
                        .find(|m| document.body.contains(m));
                    assert_eq!(markup, None, "{}: {}", path.display(), document.body);
                }
            }
        }
    }
    assert!(
        files >= 200 && passages > 2 * files,
        "{files} files, {passages} passages"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::FaqJson, Format::FaqCsv, Format::Markdown, Format::Html, Format::Text] {
            let _ = parse(format, "any", &bytes);
        }
    }

    #[test]
    fn nothing_imported_is_empty_or_carries_control_characters(text in any::<String>()) {
        for format in [Format::FaqJson, Format::FaqCsv, Format::Markdown, Format::Html, Format::Text] {
            let text = format!("question,answer\n{text}");
            for document in read(format, &text).documents {
                prop_assert!(!document.body.is_empty());
                let clean = !document.body.contains('\u{7f}') && !document.title.contains('\n');
                prop_assert!(clean);
            }
        }
    }
}
