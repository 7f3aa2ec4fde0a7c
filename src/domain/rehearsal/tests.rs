use super::*;
use crate::domain::conversation::Author;
use crate::domain::ids::RehearsalCaseId;
use proptest::prelude::*;
use uuid::Uuid;

fn line(author: Author, text: &str) -> Line {
    Line {
        author,
        text: text.to_owned(),
    }
}

fn asked(row: usize, question: &str) -> Case {
    Case {
        line: row,
        id: None,
        question: question.to_owned(),
        answer: None,
        at: None,
        history: Vec::new(),
    }
}

fn draft(text: &str, title: Option<&str>, reasons: &[Reason]) -> RehearsedDraft {
    let source = |title: &str| Source {
        document_id: None,
        verified_answer_id: None,
        title: title.to_owned(),
        text: "We open at nine.".to_owned(),
        score: 0.8,
        quoted: Vec::new(),
    };
    RehearsedDraft {
        agent_version_id: Uuid::nil().into(),
        mode: if text.is_empty() {
            AnswerMode::Abstain
        } else {
            AnswerMode::Quote
        },
        text: text.to_owned(),
        sources: title.map(source).into_iter().collect(),
        signals: Signals::default(),
        screening: Screening::default(),
        topic: "other".to_owned(),
        score: None,
        score_version: 0,
        decision: if text.is_empty() {
            DecisionKind::HandOff
        } else {
            DecisionKind::Hold
        },
        reasons: reasons.to_vec(),
    }
}

fn silent() -> RehearsedDraft {
    draft("", None, &[Reason::MissingKnowledge])
}

fn rehearsed<'a>(
    number: u128,
    question: &'a str,
    draft: Option<&'a RehearsedDraft>,
    verdict: Option<RehearsalVerdict>,
) -> Rehearsed<'a> {
    Rehearsed {
        id: RehearsalCaseId::from(Uuid::from_u128(number)),
        question,
        draft,
        verdict,
        note: None,
    }
}

// ---- cases

#[test]
fn a_chat_gives_each_question_that_a_person_answered_with_what_was_said_before() {
    let mut collector = Collector::default();
    let said = [
        line(Author::Visitor, "Hello"),
        line(Author::Visitor, "Are you open on Sundays?"),
        line(Author::System, "A colleague has joined."),
        line(Author::Person, "No, we are not."),
        line(Author::Person, "Monday from nine."),
        line(Author::Visitor, "And do you repair e-bikes?"),
        line(Author::Ai, "One moment please."),
        line(Author::Person, "Yes, all brands."),
        line(Author::Visitor, "Thanks!"),
    ];
    collector.chat(4, Some("chat-7"), None, &said);
    let (mut cases, reading) = collector.finish(MOST_CASES);
    cases.sort_by_key(|case| case.history.len());
    let [first, second] = cases.as_slice() else {
        panic!("{cases:?}")
    };
    assert_eq!(first.question, "Hello\nAre you open on Sundays?");
    assert_eq!(first.answer.as_deref(), Some("No, we are not.\nMonday from nine."));
    assert_eq!((first.id.as_deref(), first.history.len()), (Some("chat-7"), 0));
    assert_eq!(second.answer.as_deref(), Some("Yes, all brands."));
    assert_eq!((second.id.as_deref(), second.history.len()), (Some("chat-7#2"), 4));
    assert_eq!((reading.unanswered, reading.skipped.len()), (1, 0));
}

#[test]
fn what_is_asked_twice_is_counted_and_asked_once() {
    let mut collector = Collector::default();
    for (row, question) in [
        "Do you deliver?",
        "do you DELIVER",
        "  Do   you deliver!?",
        "Do we deliver?",
    ]
    .into_iter()
    .enumerate()
    {
        collector.question(row + 1, asked(row + 1, question));
    }
    let (cases, reading) = collector.finish(MOST_CASES);
    assert_eq!((cases.len(), reading.repeated), (2, 2));
    assert!(
        cases.iter().all(|case| case.line == 1 || case.line == 4),
        "the first is kept"
    );
}

#[test]
fn what_no_person_types_is_dropped_everywhere() {
    let mut collector = Collector::default();
    let case = Case {
        id: Some("a\0b".to_owned()),
        answer: Some("No\u{7}.".to_owned()),
        history: vec![line(Author::Visitor, "He\0llo"), line(Author::Person, "\0")],
        ..asked(1, "Open\0?")
    };
    collector.question(1, case);
    let (cases, _) = collector.finish(MOST_CASES);
    let expected = Case {
        id: Some("ab".to_owned()),
        answer: Some("No.".to_owned()),
        history: vec![line(Author::Visitor, "Hello")],
        ..asked(1, "Open?")
    };
    assert_eq!(cases, [expected]);
}

#[test]
fn the_same_words_after_other_words_are_another_question() {
    let mut collector = Collector::default();
    let after = |said: &str| Case {
        history: vec![line(Author::Visitor, said)],
        ..asked(1, "How much is it?")
    };
    collector.question(1, after("I need a new chain."));
    collector.question(2, after("My tyre is flat."));
    assert_eq!(collector.finish(MOST_CASES).0.len(), 2);
}

#[test]
fn what_cannot_be_used_is_named_with_its_row() {
    let mut collector = Collector::default();
    collector.question(3, asked(3, " \n"));
    collector.question(5, asked(5, &"a".repeat(4_001)));
    collector.question(
        6,
        Case {
            answer: Some("b".repeat(8_001)),
            ..asked(6, "Why?")
        },
    );
    let (cases, reading) = collector.finish(MOST_CASES);
    assert_eq!(cases, []);
    let told: Vec<(usize, &str)> = reading.skipped.iter().map(|row| (row.row, row.why.as_str())).collect();
    assert_eq!(
        told,
        [
            (3, "it has no question"),
            (5, "the question has 4001 characters, but at most 4000 are allowed"),
            (6, "the answer has 8001 characters, but at most 8000 are allowed"),
        ]
    );
}

#[test]
fn of_many_bad_rows_the_first_are_named_and_all_counted() {
    let mut collector = Collector::default();
    for row in 1..=MOST_NAMED + 50 {
        collector.question(row, asked(row, ""));
    }
    let (_, reading) = collector.finish(MOST_CASES);
    assert_eq!((reading.skipped.len(), reading.unusable), (MOST_NAMED, MOST_NAMED + 50));
}

#[test]
fn of_a_long_chat_the_end_is_kept() {
    let mut collector = Collector::default();
    let mut said = vec![line(Author::Visitor, "The very first words")];
    said.extend((0..40).map(|_| line(Author::Person, &"x".repeat(1_000))));
    said.push(line(Author::Visitor, "And now?"));
    said.push(line(Author::Person, "Now it is done."));
    collector.chat(1, None, None, &said);
    let (cases, reading) = collector.finish(MOST_CASES);
    let now = cases.iter().find(|case| case.question == "And now?");
    assert!(now.is_some_and(|case| case.history.len() == 12), "{reading:?}");
}

proptest! {
    #[test]
    fn every_row_is_a_question_or_is_accounted_for(
        rows in prop::collection::vec((".{0,12}", prop::option::of(".{0,12}")), 0..40),
        most in 0_usize..20,
    ) {
        let mut collector = Collector::default();
        for (at, (question, answer)) in rows.iter().enumerate() {
            collector.row();
            collector.question(at + 1, Case { answer: answer.clone(), ..asked(at + 1, question) });
        }
        let (cases, reading) = collector.finish(most);
        prop_assert!(cases.len() <= most);
        prop_assert_eq!(cases.len() + reading.unusable + reading.repeated + reading.left_out, rows.len());
        prop_assert_eq!(reading.rows, rows.len());
    }

    #[test]
    fn the_same_questions_are_chosen_in_whatever_order_they_come(
        questions in prop::collection::hash_set("[a-z]{1,6}( [a-z]{1,6})?", 0..30),
        most in 0_usize..20,
        turn in 0_usize..30,
    ) {
        let chosen = |questions: &[&String]| {
            let mut collector = Collector::default();
            for question in questions {
                collector.question(1, asked(1, question));
            }
            collector.finish(most).0.into_iter().map(|case| case.question).collect::<Vec<_>>()
        };
        let mut questions: Vec<&String> = questions.iter().collect();
        let first = chosen(&questions);
        let middle = turn % questions.len().max(1);
        questions.rotate_left(middle);
        prop_assert_eq!(first, chosen(&questions));
    }

    #[test]
    fn any_chat_can_be_read(said in prop::collection::vec((0_u8..4, ".{0,9}"), 0..20)) {
        let authors = [Author::Visitor, Author::Ai, Author::Person, Author::System];
        let said: Vec<Line> = said.iter().map(|(author, text)| line(authors[usize::from(*author)], text)).collect();
        let mut collector = Collector::default();
        collector.chat(1, None, None, &said);
        let (cases, _) = collector.finish(MOST_CASES);
        prop_assert!(cases.iter().all(|case| case.answer.is_some() && !case.question.is_empty()));
    }
}

// ---- the sheet

#[test]
fn the_sheet_says_where_it_would_have_been_right_wrong_and_silent() {
    let (good, none) = (
        draft("At nine.", Some("Opening hours"), &[Reason::GateClosed]),
        silent(),
    );
    let person = draft("", None, &[Reason::CustomerRequest]);
    let cases = [
        rehearsed(1, "When do you open?", Some(&good), Some(RehearsalVerdict::Right)),
        rehearsed(2, "When do you close?", Some(&good), Some(RehearsalVerdict::Wrong)),
        rehearsed(3, "May I complain?", Some(&good), Some(RehearsalVerdict::Leave)),
        rehearsed(4, "Do you sell gift cards?", Some(&none), None),
        rehearsed(5, "A person please", Some(&person), None),
        rehearsed(6, "Are you open today?", Some(&good), None),
        rehearsed(7, "Anything else?", None, None),
    ];
    let sheet = Sheet::of(&cases);
    let expected = Counts {
        total: 7,
        right: 1,
        wrong: 1,
        leave: 1,
        silent: 2,
        not_judged: 1,
        not_drafted: 1,
    };
    assert_eq!(sheet.counts, expected);
    let mut silences = sheet.silences;
    silences.sort_unstable();
    assert_eq!(silences, [(Reason::CustomerRequest, 1), (Reason::MissingKnowledge, 1)]);
    let told: Vec<_> = sheet
        .gaps
        .iter()
        .map(|gap| (gap.about.as_str(), gap.silent, gap.wrong))
        .collect();
    assert_eq!(told, [("Opening hours", 0, 1), ("sell gift cards", 1, 0)]);
    assert_eq!(sheet.modes.len(), 2);
}

#[test]
fn an_answer_that_the_rules_keep_from_the_visitor_is_silence_and_no_gap() {
    let kept = RehearsedDraft {
        decision: DecisionKind::HandOff,
        ..draft("At nine.", Some("Opening hours"), &[Reason::OwnerRule])
    };
    assert!(kept.is_silent() && !kept.lacks_knowledge());
    let sheet = Sheet::of(&[rehearsed(1, "When do you open?", Some(&kept), None)]);
    assert_eq!((sheet.counts.silent, sheet.gaps.len()), (1, 0));
}

#[test]
fn questions_about_the_same_thing_are_one_gap_named_by_their_words() {
    let none = silent();
    let questions = [
        "Do you sell gift cards?",
        "Can I rent a tandem?",
        "How long is a gift card valid?",
        "Where can I buy gift cards online?",
    ];
    let cases: Vec<_> = (0_u128..)
        .zip(questions)
        .map(|(at, words)| rehearsed(at, words, Some(&none), None))
        .collect();
    let gaps = Sheet::of(&cases).gaps;
    let told: Vec<_> = gaps.iter().map(|gap| (gap.about.as_str(), gap.silent)).collect();
    assert_eq!(told, [("gift cards", 3), ("rent tandem", 1)]);
    assert_eq!(gaps[0].examples.len(), 3);
}

#[test]
fn nothing_judged_has_no_share() {
    let sheet = Sheet::of(&[]);
    assert_eq!((sheet.right_share, sheet.answered_share), (None, None));
}

proptest! {
    #[test]
    fn every_question_stands_on_the_sheet_once(
        cases in prop::collection::vec((0_u8..6, "[a-c]{1,3}( [a-c]{1,3}){0,3}"), 0..40),
    ) {
        let (good, none) = (draft("At nine.", Some("Opening hours"), &[Reason::GateClosed]), silent());
        let rehearsed: Vec<Rehearsed<'_>> = (0_u128..).zip(&cases).map(|(at, (kind, question))| {
            let (draft, verdict) = match kind {
                0 => (None, None),
                1 => (Some(&none), None),
                2 => (Some(&good), None),
                3 => (Some(&good), Some(RehearsalVerdict::Right)),
                4 => (Some(&good), Some(RehearsalVerdict::Wrong)),
                _ => (Some(&good), Some(RehearsalVerdict::Leave)),
            };
            rehearsed(at, question, draft, verdict)
        }).collect();
        let sheet = Sheet::of(&rehearsed);
        let counts = sheet.counts;
        prop_assert_eq!(counts.total, cases.len() as u64);
        prop_assert_eq!(counts.drafted() + counts.not_drafted, counts.total);
        prop_assert_eq!(sheet.topics.iter().map(|part| part.counts.total).sum::<u64>(), counts.drafted());
        prop_assert_eq!(sheet.modes.iter().map(|part| part.counts.total).sum::<u64>(), counts.drafted());
        let in_gaps: u64 = sheet.gaps.iter().map(|gap| gap.silent + gap.wrong).sum();
        prop_assert_eq!(in_gaps, counts.silent + counts.wrong);
        prop_assert!(sheet.gaps.iter().all(|gap| !gap.about.is_empty() && !gap.examples.is_empty()));
        for share in [sheet.right_share, sheet.answered_share].into_iter().flatten() {
            prop_assert!(0.0 <= share.lower && share.lower <= share.share && share.share <= share.upper && share.upper <= 1.0);
        }
    }
}
