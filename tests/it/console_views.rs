//! The console's pages rendered from literals: what can be seen without a server.
//!
//! `HOLDPOINT_PREVIEW_DIR=DIR` also writes every page there, to be looked at in a browser.

use askama::Template;
use holdpoint::domain::action::form::{Field, Input};
use holdpoint::domain::action::tool::Risk;
use holdpoint::domain::answer::AnswerMode as Mode;
use holdpoint::domain::conversation::Author;
use holdpoint::domain::review::{ItemKind, OutcomeKind};
use holdpoint::domain::settings::AutonomySettings;
use holdpoint::stats::metrics::{Judged, score_quality};
use holdpoint::web::console::view::*;
use jiff::tz::TimeZone;

/// Half past two on a Sunday, in milliseconds.
const NOW_MS: i64 = 1_795_358_000_000;

fn ago(seconds: i64) -> Moment {
    Moment::at(NOW_MS - seconds * 1_000, &TimeZone::UTC)
}

/// `text` with each of `words` highlighted where it first occurs.
fn marked(text: &str, words: &[&str]) -> Marked {
    let ranges: Vec<_> = words
        .iter()
        .map(|word| text.find(word).map(|at| at..at + word.len()).unwrap())
        .collect();
    Marked::new(text, &ranges)
}

fn shell(section: Section) -> Shell {
    Shell {
        manages: false,
        workspace_id: "019a0000-0000-7000-8000-0000000000aa".into(),
        places: Vec::new(),
        sees_agency: false,
        workspace: "Northlight Cycles".into(),
        person: "Mia Okafor".into(),
        member: Some("019a0000-0000-7000-8000-000000000001".into()),
        section,
        waiting: 4,
        gate: GateBadge::Closed,
        engine: EngineState::Up,
        undelivered: Vec::new(),
        switched_off: 0,
        csrf_token: "csrf".into(),
        after_seq: 812,
    }
}

fn says(author: Author, name: &str, text: &str, seconds: i64) -> MessageView {
    MessageView {
        author,
        name: name.into(),
        text: text.into(),
        at: ago(seconds),
    }
}

fn row(id: &str, question: &str, mode: Option<Mode>, seconds: i64) -> QueueRow {
    QueueRow {
        id: id.into(),
        kind: RowKind::Item(ItemKind::Gate),
        mode,
        question: question.into(),
        waiting_since: ago(seconds),
        warnings: 0,
        revision: 1,
        held_by: None,
        given_to: None,
        program: None,
    }
}

fn list() -> QueuePart {
    let mut rows = vec![
        row(
            "i1",
            "How much is a full service for an e-bike, and can I wait for it?",
            Some(Mode::Compose),
            192,
        ),
        row("i2", "Are you open on the 24th of December?", Some(Mode::Quote), 140),
        row(
            "i3",
            "Can I bring back a helmet I have worn once?",
            Some(Mode::Verified),
            75,
        ),
        row("i4", "My order 20811 has not arrived", Some(Mode::Abstain), 31),
        row("i5", "I want to talk to a human please", None, 12),
        row("i6", "Do you also repair prams?", None, 3),
    ];
    rows[0].warnings = 1;
    rows[0].revision = 2;
    rows[1].held_by = Some("Jonas".into());
    rows[4].kind = RowKind::Item(ItemKind::Handoff);
    rows[5].kind = RowKind::Action("Asked by the agent Otto".into(), Risk::High);
    QueuePart {
        total: rows.len() as u64,
        rows,
        current: "i1".into(),
    }
}

#[expect(clippy::too_many_lines, reason = "one item with everything an item can have")]
fn composed() -> QueueItem {
    let plain = "A full service for an e-bike costs 129 € and takes about two hours. You are welcome to wait in the café next door; for a battery check we charge 42 € on top.";
    QueueItem {
        brief: None,
        id: "i1".into(),
        kind: ItemKind::Gate,
        conversation_id: "c1".into(),
        visitor: "Visitor 3f2a".into(),
        agent: "Lumi".into(),
        revision: 2,
        question: vec![
            says(
                Author::Visitor,
                "Visitor 3f2a",
                "How much is a full service for an e-bike, and can I wait for it?",
                192,
            ),
            says(
                Author::Visitor,
                "Visitor 3f2a",
                "It is a Bosch motor if that matters",
                181,
            ),
        ],
        history: vec![
            says(
                Author::System,
                "Notice",
                "You are chatting with an AI assistant. A person checks its answers.",
                420,
            ),
            says(Author::Visitor, "Visitor 3f2a", "Hi, where are you?", 402),
            says(
                Author::Ai,
                "Lumi",
                "You find us at 14 Harbour Lane, right behind the old fish market.",
                377,
            ),
        ],
        draft: Some(DraftView {
            mode: Mode::Compose,
            text: marked(plain, &["42 €"]),
            plain: plain.into(),
            agent_version: "Lumi, version 3".into(),
            took_ms: 1_840,
        }),
        without_draft: String::new(),
        remembers: true,
        drafting: false,
        sources: vec![
            SourceView {
                title: "What does a service cost?".into(),
                href: "/knowledge/documents/d1".into(),
                passage: marked(
                    "A full service is 89 € for a bicycle and 129 € for an e-bike, including small parts. It takes about two hours.",
                    &["129 € for an e-bike", "It takes about two hours"],
                ),
                nearness_percent: Some(83),
                used: true,
            },
            SourceView {
                title: "Can I wait while you work?".into(),
                href: "/knowledge/documents/d1".into(),
                passage: marked(
                    "Yes. There is a café next door, and we send you a message when the bike is ready.",
                    &["café next door"],
                ),
                nearness_percent: Some(71),
                used: true,
            },
            SourceView {
                title: "Which motors do you look after?".into(),
                href: "/knowledge/documents/d1".into(),
                passage: Marked::plain("Bosch and Shimano, with the makers' diagnostic tools."),
                nearness_percent: Some(44),
                used: false,
            },
        ],
        flags: vec![
            Flag {
                severity: Severity::Warning,
                text: "“42 €” does not occur in the sources".into(),
            },
            Flag {
                severity: Severity::Note,
                text: "The visitor asks two things at once".into(),
            },
        ],
        reasons: vec![
            "The gate is closed: every answer waits for a person.".into(),
            "A price is not supported by a source.".into(),
        ],
        waiting_since: ago(192),
        deadline: Some(Moment::at(NOW_MS + 408_000, &TimeZone::UTC)),
        fallback: "After the deadline the visitor is told that a person will answer.".into(),
        newer: vec![says(
            Author::Visitor,
            "Visitor 3f2a",
            "It is a Bosch motor if that matters",
            181,
        )],
        lease: LeaseView::Mine,
        wording: 0,
        together: Vec::new(),
        alike: 0,
    }
}

fn abstained() -> QueueItem {
    QueueItem {
        id: "i4".into(),
        question: vec![says(
            Author::Visitor,
            "Visitor 77c0",
            "My order 20811 has not arrived",
            31,
        )],
        visitor: "Visitor 77c0".into(),
        history: Vec::new(),
        revision: 1,
        draft: Some(DraftView {
            mode: Mode::Abstain,
            text: Marked::default(),
            plain: String::new(),
            agent_version: "Lumi, version 3".into(),
            took_ms: 22,
        }),
        sources: Vec::new(),
        flags: vec![Flag {
            severity: Severity::Note,
            text: "The message carries an order number".into(),
        }],
        newer: Vec::new(),
        lease: LeaseView::Other("Jonas".into()),
        ..composed()
    }
}

fn queue(item: Option<QueueItem>) -> QueuePage {
    let mut list = if item.is_some() { list() } else { QueuePart::default() };
    list.current = item.as_ref().map(|item| item.id.clone()).unwrap_or_default();
    let mut shell = shell(Section::Queue);
    shell.waiting = list.rows.len() as u64;
    QueuePage {
        topics: vec!["refunds".into()],
        checks: 0,
        load: String::new(),
        shell,
        list,
        item: item.map(|item| ItemPart { item }),
        action: None,
        has_knowledge: true,
        agents: Vec::new(),
        reasons: Vec::new(),
    }
}

fn trace(mode: Mode, outcome: Option<OutcomeKind>, text: Marked, changed: bool) -> DraftTrace {
    DraftTrace {
        mode,
        text,
        changed,
        agent_version: "Lumi, version 3".into(),
        uncertified: String::new(),
        correction: String::new(),
        reasons: vec!["The gate is closed: every answer waits for a person.".into()],
        sources: vec!["Where are you?".into()],
        noticed: Vec::new(),
        outcome,
        decided_by: if outcome.is_some() { "Mia".into() } else { String::new() },
        decided_at: outcome.map(|_| ago(380)),
        verdict: if changed { "Bad: wrong".into() } else { String::new() },
        release_id: if outcome.is_some() {
            "0199a1b2-77aa-7cde-9f00-5b7d0c1e2f3a".into()
        } else {
            String::new()
        },
    }
}

fn spoken(seq: i64, author: Author, name: &str, text: &str, trace: Option<DraftTrace>) -> ThreadEntry {
    ThreadEntry::Message(Box::new(ThreadMessage {
        seq,
        author,
        name: name.into(),
        text: text.into(),
        at: ago(600 - seq * 40),
        delivered: (author != Author::Visitor).then(|| ago(600 - seq * 40)),
        trace: trace.map(Box::new),
    }))
}

fn conversation() -> ConversationPage {
    let taken_out = marked("A new tyre costs 15 € with fitting.", &["15 €"]);
    ConversationPage {
        shell: shell(Section::Conversations),
        conversation: ConversationPart {
            id: "c1".into(),
            visitor: "Visitor 3f2a".into(),
            agent: "Lumi".into(),
            started: ago(600),
            owner: OwnerView::Person("Mia".into()),
            mine: true,
            closed: false,
            email: Some("vera@example.org".into()),
            rating: None,
            brief: None,
            open_item: Some("i1".into()),
            thread: vec![
                spoken(
                    1,
                    Author::System,
                    "Notice",
                    "You are chatting with an AI assistant. A person checks its answers.",
                    None,
                ),
                spoken(2, Author::Visitor, "Visitor 3f2a", "Hi, where are you?", None),
                spoken(
                    3,
                    Author::Ai,
                    "Lumi",
                    "You find us at 14 Harbour Lane, right behind the old fish market.",
                    Some(trace(
                        Mode::Quote,
                        Some(OutcomeKind::Approve),
                        Marked::plain("x"),
                        false,
                    )),
                ),
                spoken(
                    4,
                    Author::Visitor,
                    "Visitor 3f2a",
                    "And what is a new tyre?\nFitted I mean",
                    None,
                ),
                spoken(
                    5,
                    Author::Ai,
                    "Lumi",
                    "A new tyre costs 38 € with fitting.",
                    Some(trace(Mode::Compose, Some(OutcomeKind::Edit), taken_out, true)),
                ),
                ThreadEntry::Draft(Box::new(trace(
                    Mode::Compose,
                    Some(OutcomeKind::Reject),
                    Marked::plain("We are the cheapest in town!"),
                    true,
                ))),
                ThreadEntry::Event {
                    text: "Mia took over".into(),
                    at: ago(220),
                },
                spoken(
                    6,
                    Author::Person,
                    "Mia",
                    "Mia here. I have just looked: we have two in stock.",
                    None,
                ),
                ThreadEntry::Draft(Box::new(trace(
                    Mode::Compose,
                    None,
                    Marked::plain("A full service for an e-bike costs 129 €."),
                    false,
                ))),
            ],
            actions: Vec::new(),
        },
        tools: Vec::new(),
    }
}

fn conversations(rows: Vec<ConversationRow>) -> ConversationsPage {
    let next = (!rows.is_empty()).then(|| "c9".to_owned());
    ConversationsPage {
        shell: shell(Section::Conversations),
        list: ConversationsPart {
            rows,
            next,
            continued: false,
            spam: false,
        },
    }
}

fn conversation_row(
    visitor: &str,
    author: Author,
    text: &str,
    owner: OwnerView,
    state: &str,
    needs_person: bool,
) -> ConversationRow {
    ConversationRow {
        id: "c1".into(),
        visitor: visitor.into(),
        last_text: text.into(),
        last_author: author,
        last_at: ago(181),
        owner,
        state: state.into(),
        needs_person,
        spam: false,
    }
}

fn file() -> KnowledgeFile {
    let entry = |title: &str, beginning: &str| DocumentRow {
        id: "d1".into(),
        title: title.into(),
        collection: "shop".into(),
        beginning: beginning.into(),
    };
    KnowledgeFile {
        collection: "default".to_owned(),
        name: "Services and prices".into(),
        documents: vec![
            entry(
                "What does a service cost?",
                "A full service is 89 € for a bicycle and 129 € for an e-bike.",
            ),
            entry("Can I wait while you work?", "Yes. There is a café next door."),
        ],
        updated: ago(90_000),
    }
}

fn verified(answers: Vec<VerifiedAnswerRow>) -> VerifiedAnswersPage {
    VerifiedAnswersPage {
        shell: shell(Section::Knowledge),
        may_change: true,
        count: answers.len(),
        doubted: answers.len(),
        show: "",
        second_person: true,
        hold_conflicts: false,
        answers,
    }
}

fn verified_answer() -> VerifiedAnswerPage {
    VerifiedAnswerPage {
        shell: shell(Section::Knowledge),
        may_change: true,
        id: "v1".into(),
        question: "What is a new <b>tyre</b>, fitted?".into(),
        answer: "A new tyre costs 38 € with fitting.".into(),
        variants: vec!["Price of a tyre?".into()],
        language: "en".into(),
        owner: "Noor".into(),
        last_day: "2027-01-31".into(),
        author: "Mia".into(),
        at: ago(5_000),
        conversation_id: "c1".into(),
        retired: None,
        confirmed: Some(ago(1_000)),
        sources: Some(vec![AnswerSource {
            href: "/knowledge/documents/d1".into(),
            title: "Prices".into(),
            state: "says something else now",
        }]),
        figures: vec![("Drafts made from it", "7".into()), ("Judged", "2".into())],
        weeks: vec![
            WeekBar { x: 0, y: 40, height: 0 },
            WeekBar {
                x: 14,
                y: 0,
                height: 40,
            },
        ],
        weeks_say: "Used 7 times in the last twelve weeks, 2 of them in the last seven days.".into(),
        conflicts: vec![ConflictCard {
            id: "f1".into(),
            what: "A document that it rests on says something else now.",
            title: "Prices".into(),
            href: "/knowledge/documents/d1".into(),
            before_is: "What it rested on",
            before: "A tyre costs 38 €.".into(),
            after: "A tyre costs 42 €.".into(),
            differs: "“38 €” here, “42 €” there".into(),
            at: ago(500),
        }],
        decided: vec!["“Prices”: Mia said that the answer is still right.".into()],
        history: vec![AnswerHistory {
            id: "k1".into(),
            title: "What is a new tyre, fitted?".into(),
            by: "number 4, Mia".into(),
            state: "live",
            look: "published",
            at: ago(5_000),
        }],
        waiting: "k2".into(),
        replaces: "v0".into(),
        replaced_by: String::new(),
    }
}

fn documents(list: DocumentsPart) -> DocumentsPage {
    DocumentsPage {
        shell: shell(Section::Knowledge),
        list,
        verified_count: 3,
        doubted: 1,
        collections: vec!["default".into(), "shop".into()],
    }
}

fn log_page(chain: Option<ChainStatus>) -> LogPage {
    let line = |seq: i64, kind: &str, sentence: &str| LogLine {
        seq,
        at: ago((812 - seq) * 50),
        kind: kind.into(),
        sentence: sentence.into(),
        href: "/conversations/c1".into(),
        hash: "9f2c41d0a7b3".into(),
    };
    let lines = vec![
        line(
            812,
            "review.requested",
            "A draft for Visitor 3f2a was held: the gate is closed.",
        ),
        line(811, "message.created", "Visitor 3f2a wrote."),
        line(
            810,
            "message.released",
            "Mia's approval let the answer to Visitor 77c0 out.",
        ),
        line(
            809,
            "conversation.taken_over",
            "Mia took over the conversation with Visitor 12de.",
        ),
    ];
    LogPage {
        shell: shell(Section::Log),
        chain,
        list: LogPart {
            lines,
            older_than: Some(809),
        },
    }
}

/// The page before anything is known.
fn quality_empty() -> QualityPage {
    QualityPage {
        shell: shell(Section::Quality),
        settings: AutonomyForm {
            set: AutonomySettings::default(),
            limit: "4".into(),
            is_owner: false,
        },
        gate: "The gate is closed: every answer waits for a person.".into(),
        certificate: vec!["There is no certificate yet.".into()],
        expires: None,
        tested: None,
        curve: None,
        score: None,
        months: Vec::new(),
        closed: Vec::new(),
        drift: None,
        drift_words: "Nothing to watch yet.".into(),
        topics: Vec::new(),
        versions: Vec::new(),
        reviewers: None,
        plan: PlanPart {
            conversations: "20".into(),
            limit: "4".into(),
            confidence: "95".into(),
            reviews: "20".into(),
            says: vec!["The gate is likely to open after 45 days.".into()],
            assumptions: vec!["6 % of drafts are bad.".into()],
            presets: vec![("Careful".into(), "At most 2 % bad.".into())],
            problem: String::new(),
            wrong: "",
        },
    }
}

fn quality() -> QualityPage {
    let point = |automation, upper, is_certified| Point {
        automation,
        upper,
        is_certified,
    };
    let now = [point(0.3, 0.03, true), point(0.6, 0.038, true), point(0.9, 0.06, false)];
    let more = [point(0.3, 0.02, true), point(0.6, 0.03, true), point(0.9, 0.039, true)];
    let row = CurveLine {
        mode: "Verified answer",
        automation: "30 %".into(),
        upper: "3 %".into(),
        estimate: "1.2 %".into(),
        verdicts: "412, 5 bad".into(),
        is_certified: true,
        outlook: "2 %".into(),
        outlook_certified: true,
    };
    let says = "Today 60 % may go out within the limit of 4 %.".to_owned();
    let mut page = quality_empty();
    page.shell.manages = true;
    page.settings.is_owner = true;
    page.expires = Some(ago(-90_000));
    page.tested = Some(ago(90_000));
    let unseen: Vec<Judged> = (0..200)
        .map(|n| Judged {
            risk: f64::from(n) / 400.0,
            bad: n % 11 == 0,
            weight: 1.0,
        })
        .collect();
    page.score = score_quality(&unseen).as_ref().map(ReliabilityPicture::of);
    page.curve = Some(AutonomyPicture::of(&now, &more, 0.04, says, vec![row]));
    page.months = vec![MonthLine {
        month: "2026-05".into(),
        name: "May 2026".into(),
        says: "At most 3.1 % of the 2 412 answers sent unreviewed in May 2026 were bad.".into(),
        is_closed: true,
        sent: 2_412,
        drawn: Some(190),
        reviewed: 180,
        bad: 3,
    }];
    page.closed = vec![
        "The gate closed by itself.".into(),
        "About 12 answers a day went out.".into(),
    ];
    let day = |number: i64, figure, bad| {
        let line = DriftLine {
            date: format!("2026-05-{number:02}"),
            day: format!("{number} May 2026"),
            figure,
            checks: 9,
            bad,
        };
        (number, line)
    };
    let days = vec![day(2, 0.4, 0), day(9, 40.0, 2), day(23, 3_200.0, 6)];
    page.drift = DriftPicture::of(days, 3_000.0);
    page.reviewers = Some(ReviewersPart {
        team: "Two reviewers agree on 94 % of 80 (86 % to 98.1 %).".into(),
        rows: vec![ReviewerLine {
            id: "m1".into(),
            name: "Mia Okafor".into(),
            verdicts: 212,
            time: "12 s, 1.4 % too fast".into(),
            agreement: "94 % of 80 (86 % to 98.1 %)".into(),
            ac1: "0.92 (0.83 to 0.97)".into(),
            known: "11 of 12 right (61.5 % to 99.8 %)".into(),
            repeats: "5 of 5 the same".into(),
            word: "Mia found 0 of 120 answers bad, colleagues 20 of 200.".into(),
        }],
    });
    page.topics = vec![AccuracyLine {
        name: "opening hours".into(),
        query: "topic=opening%20hours".into(),
        drafts: 412,
        judged: 80,
        bad: 2,
        says: "97.5 % acceptable (92 % to 99.6 %; 80 drafts judged, 2 bad)".into(),
    }];
    page
}

/// Everything of it at once.
fn correction() -> CorrectionPage {
    let told = |id: &str, has_email| ToldLine {
        conversation_id: id.into(),
        visitor: format!("Visitor {id}"),
        at: ago(900),
        has_email,
    };
    CorrectionPage {
        shell: shell(Section::Improve),
        id: "o1".into(),
        conversation_id: "c1".into(),
        question: "What does a <b>service</b> cost?".into(),
        draft: "A full service is 89 €.".into(),
        text: "A full service is 99 €.".into(),
        is_remembered: false,
        causes: vec![CauseTick {
            code: "outdated",
            words: "The knowledge is out of date",
            is_ticked: true,
        }],
        documents: vec![DocumentTick {
            id: "d1".into(),
            title: "Prices".into(),
            source: "prices.md".into(),
            text: "A full service is 89 €.".into(),
        }],
        instructions: Some("Be brief.".into()),
        told: vec![told("3f2a", true), told("77aa", false)],
        reachable: 1,
        can_mail: true,
        done: None,
    }
}

/// Every page by name.
fn action() -> ActionCard {
    let field = |name: &str, title: &str, input: Input, value: &str| FieldView {
        field: Field {
            name: name.into(),
            title: title.into(),
            about: String::new(),
            required: true,
            input,
        },
        value: value.into(),
    };
    let amount = Input::Number {
        whole: false,
        least: Some(0.01),
        most: Some(500.0),
    };
    ActionCard {
        id: "a1".into(),
        title: "Refund an order".into(),
        name: "refund_order".into(),
        description: "Gives a customer money back.".into(),
        risk: Risk::High,
        asked: "asked by the agent Otto".into(),
        state: "waiting",
        state_words: "Waits for people".into(),
        conversation: Some(("c1".into(), "Visitor 3f2a".into())),
        args: vec![
            ArgLine {
                title: "Order number".into(),
                value: "20811".into(),
                was: None,
            },
            ArgLine {
                title: "Amount in euros".into(),
                value: "18".into(),
                was: Some("20.5".into()),
            },
        ],
        unsaid: String::new(),
        args_shown: r#"{"amount":18,"order":"20811"}"#.into(),
        args_json: r#"{"amount":18,"order":"20811"}"#.into(),
        fields: vec![
            field("amount", "amount in euros", amount, "18"),
            field("agreed", "agreed", Input::Flag, "true"),
            field("items", "items", Input::Json, "[1]"),
        ],
        sent: vec![("Request", "POST https://shop.example/refunds".into())],
        carried_out: "Holdpoint carries this out, at most once, exactly as it stands here.",
        asked_at: ago(90),
        deadline: ago(-3_600),
        fallback: "Nobody deciding by then counts as no.",
        together: vec!["2 people have to approve this; nobody has yet.".into()],
        allowed: vec!["approve", "edit", "reject"],
        hash: "00".into(),
        lease: LeaseView::Free,
        may_undo: false,
        decided: String::new(),
        decided_at: None,
        message: String::new(),
        result: String::new(),
        began: None,
        ended: None,
        is_unknown: false,
        has_entry: false,
    }
}

fn unknown_action() -> ActionPage {
    let mut action = action();
    action.state = "unknown";
    action.is_unknown = true;
    action.result = "It was sent, and no whole answer came.".into();
    action.decided = "Mia approved it with other arguments.".into();
    action.began = Some((ago(60), 1));
    ActionPage {
        shell: shell(Section::Actions),
        state: ActionStatePart { action },
    }
}

#[expect(clippy::too_many_lines, reason = "a list, one entry a page")]
fn pages() -> Vec<(&'static str, String)> {
    let html = |page: &dyn askama::DynTemplate| page.dyn_render().unwrap();
    let mut engine_down = queue(Some(abstained()));
    engine_down.shell.engine = EngineState::Down("The AI is not answering and is being restarted. Drafts are found by keyword and held; run holdpoint doctor if this stays.".into());
    let mut first_run = queue(None);
    first_run.has_knowledge = false;
    let hits = vec![SearchHit {
        href: "/knowledge/documents/d1".into(),
        title: "What does a service cost?".into(),
        is_verified: false,
        passage: marked(
            "A full service is 89 € for a bicycle and 129 € for an e-bike.",
            &["full service", "e-bike"],
        ),
        nearness_percent: 83,
    }];
    let mut with_action = queue(None);
    with_action.list = list();
    with_action.action = Some(ActionPart { action: action() });
    vec![
        ("queue-action", html(&with_action)),
        ("action-unknown", html(&unknown_action())),
        (
            "setup",
            html(&SetupPage {
                token: "t".into(),
                name: String::new(),
                email: String::new(),
                problem: None,
                password_min_chars: 12,
            }),
        ),
        (
            "login",
            html(&LoginPage {
                email: "mia@shop.example".into(),
                next: "/queue".into(),
                problem: Some("E-mail and password do not belong together; try again.".into()),
            }),
        ),
        (
            "problem",
            html(&ProblemPage::for_status(500, None, "0199a1b2-77aa-7cde".into())),
        ),
        ("correction", html(&correction())),
        ("queue", html(&queue(Some(composed())))),
        ("queue-abstain", html(&engine_down)),
        ("queue-empty", html(&queue(None))),
        ("queue-first", html(&first_run)),
        (
            "conversations",
            html(&conversations(vec![
                conversation_row(
                    "Visitor 3f2a",
                    Author::Visitor,
                    "It is a Bosch motor if that matters",
                    OwnerView::Ai,
                    "A draft waits",
                    true,
                ),
                conversation_row(
                    "Visitor 77c0",
                    Author::Person,
                    "I have just looked: we have two in stock.",
                    OwnerView::Person("Mia".into()),
                    "Idle",
                    false,
                ),
                conversation_row(
                    "Visitor 12de",
                    Author::System,
                    "A person will answer you as soon as possible.",
                    OwnerView::Nobody,
                    "Waits since 09:12",
                    true,
                ),
            ])),
        ),
        ("conversations-empty", html(&conversations(Vec::new()))),
        ("conversation", html(&conversation())),
        (
            "documents",
            html(&documents(DocumentsPart {
                files: vec![file(), file()],
                ..DocumentsPart::default()
            })),
        ),
        (
            "documents-found",
            html(&documents(DocumentsPart {
                query: "service e-bike".into(),
                hits,
                ..DocumentsPart::default()
            })),
        ),
        ("documents-empty", html(&documents(DocumentsPart::default()))),
        (
            "document",
            html(&DocumentPage {
                shell: shell(Section::Knowledge),
                id: "d1".into(),
                title: "What does a service cost?".into(),
                text: "A full service is 89 € for a bicycle and 129 € for an e-bike, including small parts.".into(),
                is_faq: true,
                file: "https://shop.example/prices".into(),
                place: "service".into(),
                address: Some("https://shop.example/prices#service".into()),
                language: "en".into(),
                owner: Some("Mia".into()),
                expires: Some(ago(0)),
                collection: "shop".into(),
                updated: ago(90_000),
            }),
        ),
        (
            "verified",
            html(&verified(vec![VerifiedAnswerRow {
                id: "v1".into(),
                question: "What is a new tyre, fitted?".into(),
                answer: "A new tyre costs 38 € with fitting.".into(),
                author: "Mia".into(),
                at: ago(5_000),
                conversation_id: "c1".into(),
                used: 7,
                variants: 2,
                expires: Some(ago(0)),
                to_look_at: true,
            }])),
        ),
        ("verified-answer", html(&verified_answer())),
        ("verified-empty", html(&verified(Vec::new()))),
        ("quality", html(&quality())),
        ("quality-empty", html(&quality_empty())),
        (
            "quality-answers",
            html(&AnswersPage {
                shell: shell(Section::Quality),
                title: "Answers found bad in May 2026".into(),
                hint: "An answer about which somebody else is still asked is listed afterwards.".into(),
                rows: vec![AnswerLine {
                    conversation: "c1".into(),
                    at: ago(90_000),
                    question: "Are you open on <b>Sunday</b>?".into(),
                    answer: "We open at nine.".into(),
                    mode: "Quoted from your knowledge",
                    topic: "opening hours".into(),
                    state: "Sent without a person",
                    verdict: "Bad",
                }],
                query: "what=bad&month=2026-05".into(),
                next: Some("1_d1".into()),
                continued: false,
            }),
        ),
        (
            "log",
            html(&log_page(Some(ChainStatus::Whole {
                entries: 812,
                head: "9f2c41d0a7b3".into(),
            }))),
        ),
        (
            "log-broken",
            html(&log_page(Some(ChainStatus::Broken {
                first_bad: 641,
                why: "Its content does not match its hash.".into(),
            }))),
        ),
    ]
}

/// Writes the pages where `HOLDPOINT_PREVIEW_DIR` says, if it says anything.
fn write_preview() {
    let Ok(directory) = std::env::var("HOLDPOINT_PREVIEW_DIR") else {
        return;
    };
    std::fs::create_dir_all(&directory).unwrap();
    for (name, html) in pages() {
        std::fs::write(format!("{directory}/{name}.html"), html).unwrap();
    }
}

#[test]
fn no_page_needs_an_inline_style_or_script() {
    write_preview();
    for (name, html) in pages() {
        for forbidden in [" style=", "<style", " onclick=", " hx-on", "javascript:", "js:"] {
            assert!(!html.contains(forbidden), "{name} contains {forbidden}");
        }
        for script in html.match_indices("<script").map(|(at, _)| &html[at..]) {
            assert!(
                script.starts_with("<script src=\"/static/"),
                "{name} has a script of its own"
            );
        }
    }
}

#[test]
fn every_page_has_one_heading_one_main_and_a_title() {
    for (name, html) in pages() {
        assert_eq!(html.matches("<h1").count(), 1, "{name}: <h1>");
        assert_eq!(html.matches("<main").count(), 1, "{name}: <main>");
        assert!(html.contains(" · Holdpoint</title>"), "{name}: title");
    }
}

#[test]
fn what_the_curve_shows_stands_there_as_text_and_every_figure_opens_its_answers() {
    let html = quality().render().unwrap();
    for shown in [
        "aria-labelledby=\"curve-says\"",
        "Today 60 % may go out within the limit of 4 %.",
        "your limit, 4 %",
        "<td data-label=\"Bad at most\">3 %</td>",
        "/quality/answers?month=2026-05&amp;what=sent",
        "/quality/answers?what=bad&amp;topic=opening%20hours",
        "aria-labelledby=\"drift-says\"",
        "From 2 May 2026 to 23 May 2026, 27 checks were judged, 8 of them bad",
        "/quality/answers?what=judged\">Answers judged in the last three months</a>",
        "/quality/answers?what=bad\">Those found bad</a>",
        "/quality/answers?what=judged&amp;by=m1",
        "/quality/answers?what=bad_reviewed&amp;day=2026-05-09",
    ] {
        assert!(html.contains(shown), "{shown} is missing: {html}");
    }
    let mut admin = quality();
    admin.settings.is_owner = false;
    let html = admin.render().unwrap();
    assert!(
        html.contains(r#"aria-disabled="true" data-refused="Only an owner can switch this on.""#)
            && !html.contains(" disabled"),
        "a switch that only owners move is found by keyboard and says why: {html}"
    );
    let mut reviewer = quality();
    reviewer.shell.manages = false;
    reviewer.reviewers = None;
    let html = reviewer.render().unwrap();
    assert!(
        !html.contains("/quality/answers") && !html.contains("Let certificates open the gate"),
        "{html}"
    );
}

#[test]
#[expect(clippy::single_range_in_vec_init, reason = "a highlight is a range")]
fn what_a_visitor_writes_is_never_markup() {
    let mut item = composed();
    item.question[0].text = "<script>alert(1)</script>".into();
    item.visitor = "<img src=x>".into();
    item.draft = Some(DraftView {
        text: Marked::new("<b>bold</b>", &[0..3]),
        plain: "</textarea><b>".into(),
        ..composed().draft.unwrap()
    });
    let html = ItemPart { item }.render().unwrap();
    assert!(
        !html.contains("<script>") && !html.contains("<img src=x>") && !html.contains("<b>bold"),
        "{html}"
    );
    assert!(!html.contains("</textarea><b>"), "{html}");
}

#[test]
fn an_action_offers_what_its_asker_can_deal_with_and_shows_what_was_changed() {
    let mut action = action();
    action.args[0].value = "<img src=x onerror=alert(1)>".into();
    let html = ActionPart { action }.render().unwrap();
    for (key, offered) in [("a", true), ("e", true), ("r", true), ("s", false)] {
        let button = format!(r#"data-key="{key}""#);
        assert_eq!(html.contains(&button), offered, "{key}");
    }
    assert!(html.contains("<del>") && html.contains("20.5</del>") && html.contains("18</ins>"));
    assert!(!html.contains("<img src=x"), "what an agent writes is never markup");
    assert!(html.contains("a number from 0.01 to 500"));
}

#[test]
fn an_item_without_a_draft_offers_no_approval() {
    let html = ItemPart { item: abstained() }.render().unwrap();
    assert!(
        !html.contains(r#"data-key="a""#) && !html.contains(r#"data-key="e""#),
        "{html}"
    );
    assert!(html.contains(r#"data-key="s""#), "{html}");
    assert!(html.contains("Jonas is looking at this."), "{html}");
}
