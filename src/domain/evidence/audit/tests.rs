use super::*;
use crate::domain::ids::WorkspaceId;
use crate::domain::log::{Hash, Header, content_digest, entry_hash};
use crate::stats::sampler::{Draw, Purpose};

const KEY: [u8; 32] = [7; 32];
const OTHER_KEY: [u8; 32] = [8; 32];
/// Where May's log begins here, and how many answers go out in it.
const FIRST: i64 = 3;
const ANSWERS: i64 = 60;

type Refs = BTreeMap<String, String>;

/// An entry before it is sealed.
#[derive(Debug, Clone)]
struct Said {
    at: Timestamp,
    kind: EventKind,
    refs: Refs,
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn workspace() -> WorkspaceId {
    WorkspaceId::from(Uuid::from_u128(5))
}

fn said(when: &str, kind: EventKind, refs: &[(&str, String)]) -> Said {
    let refs = refs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Said {
        at: at(when),
        kind,
        refs: refs.collect(),
    }
}

/// Scores of 0 and 1 in turn; what is above 0.5 is always looked at, the others every other time.
fn released(sequence: i64) -> Said {
    let risky = sequence % 2;
    said(
        "2026-05-14T12:00:00Z",
        EventKind::MessageReleased,
        &[
            ("decision", "d".to_owned()),
            ("month", "2026-05".to_owned()),
            ("score", format!("{risky}")),
            ("band", format!("{risky}")),
            ("probability", if risky == 1 { "1" } else { "0.5" }.to_owned()),
        ],
    )
}

fn opened(key: [u8; 32]) -> Said {
    said(
        "2026-04-30T20:00:00Z",
        EventKind::SamplingOpened,
        &[
            ("month", "2026-05".to_owned()),
            ("commitment", hex(&MonthKey::new(key).commitment())),
            ("cuts", "[0.5]".to_owned()),
            ("probabilities", "[0.5,1.0]".to_owned()),
        ],
    )
}

fn closed(key: [u8; 32], drawn: &[i64], sent: i64) -> Said {
    said(
        "2026-06-02T08:00:00Z",
        EventKind::StatementPublished,
        &[
            ("month", "2026-05".to_owned()),
            ("key", hex(&key)),
            ("drawn", serde_json::to_string(drawn).unwrap()),
            ("sent", sent.to_string()),
        ],
    )
}

fn drawn_by(key: [u8; 32]) -> Vec<i64> {
    let draw = Draw::new(
        &MonthKey::new(key),
        *workspace().uuid().as_bytes(),
        "2026-05",
        Purpose::Sample,
    );
    let chosen = |sequence: &i64| {
        let probability = if sequence % 2 == 1 { 1.0 } else { 0.5 };
        draw.selects(u64::try_from(*sequence).unwrap(), probability)
    };
    (FIRST..FIRST + ANSWERS).filter(chosen).collect()
}

/// An honest May.
fn honest() -> Vec<Said> {
    let mut log = vec![
        said("2026-01-01T00:00:00Z", EventKind::WorkspaceCreated, &[]),
        opened(KEY),
    ];
    log.extend((FIRST..FIRST + ANSWERS).map(released));
    log.push(closed(KEY, &drawn_by(KEY), ANSWERS));
    log
}

/// Whoever can write the database can seal whatever they like.
fn sealed(log: &[Said]) -> Vec<Entry> {
    let mut previous = Hash::GENESIS;
    let numbered = log.iter().zip(1_i64..);
    numbered
        .map(|(said, seq)| {
            let header = Header {
                workspace_id: workspace(),
                seq,
                at: said.at,
                kind: said.kind.as_str().to_owned(),
                actor: "system".to_owned(),
                refs: said.refs.clone(),
            };
            let digest = content_digest(&[1; 16], "{}");
            let entry = Entry {
                hash: entry_hash(previous, &header, digest),
                header,
                content: None,
                content_digest: digest,
                previous,
            };
            previous = entry.hash;
            entry
        })
        .collect()
}

fn audited(entries: &[Entry]) -> Result<Audited, NotAudited> {
    let mut audit = Audit::of("2026-05".parse().unwrap());
    entries.iter().for_each(|entry| audit.hear(entry));
    audit.finish()
}

fn problems(log: &[Said]) -> Vec<AuditProblem> {
    audited(&sealed(log)).unwrap().problems
}

fn set(said: &mut Said, name: &str, value: &str) {
    said.refs.insert(name.to_owned(), value.to_owned());
}

#[test]
fn an_honest_month_is_fair_and_an_open_one_is_not_rechecked() {
    let found = audited(&sealed(&honest())).unwrap();
    assert_eq!(found.problems, []);
    assert_eq!((found.checked, found.drawn), (60, drawn_by(KEY).len() as u64));
    assert_eq!(audited(&sealed(&honest()[..40])), Err(NotAudited::NotClosed));
    assert_eq!(audited(&sealed(&honest()[..1])), Err(NotAudited::NotOpened));
}

#[test]
fn a_key_that_was_chosen_afterwards_is_none_however_often_the_month_is_opened() {
    let mut log = honest();
    let last = log.len() - 1;
    log[last] = opened(OTHER_KEY);
    log.push(closed(OTHER_KEY, &drawn_by(OTHER_KEY), ANSWERS));
    let found = problems(&log);
    let again = i64::try_from(last).unwrap() + 1;
    assert!(found.contains(&AuditProblem::OpenedAgain(again)), "{found:?}");
    assert!(found.contains(&AuditProblem::Draw(DrawProblem::OtherKey)), "{found:?}");
    // Nor does it help to publish twice.
    let mut log = honest();
    log.push(closed(OTHER_KEY, &[], ANSWERS));
    assert_eq!(
        problems(&log),
        [AuditProblem::ClosedAgain(i64::try_from(log.len()).unwrap())]
    );
}

#[test]
fn a_commitment_after_the_answers_is_none() {
    let mut log = honest();
    log.swap(1, 2);
    let found = problems(&log);
    assert!(found.contains(&AuditProblem::BeforeCommitment(2)), "{found:?}");
}

#[test]
fn what_goes_out_after_the_key_is_known_does_not_belong_to_the_month() {
    let mut log = honest();
    log.push(Said {
        at: at("2026-05-31T23:00:00Z"),
        ..released(2)
    });
    let found = problems(&log);
    let last = i64::try_from(log.len()).unwrap();
    assert!(found.contains(&AuditProblem::AfterReveal(last)), "{found:?}");
}

#[test]
fn what_goes_out_after_a_clock_was_set_back_belongs_to_the_next_month_and_is_fair_in_either() {
    let mut log = honest();
    let mut late = released(2);
    late.at = at("2026-05-20T12:00:00Z");
    set(&mut late, "month", "2026-06");
    log.push(late.clone());
    assert_eq!(problems(&log), []);
    // Not before May is closed: there it is missing.
    log.swap(10, 63);
    assert!(problems(&log).contains(&AuditProblem::Unsampled(11)));

    let mut june = opened(OTHER_KEY);
    set(&mut june, "month", "2026-06");
    let mut closing = closed(OTHER_KEY, &[], 1);
    set(&mut closing, "month", "2026-06");
    let of_june = |log: &[Said]| {
        let mut audit = Audit::of("2026-06".parse().unwrap());
        sealed(log).iter().for_each(|entry| audit.hear(entry));
        audit.finish().unwrap().problems
    };
    let other_time = |found: &[AuditProblem]| found.iter().any(|one| matches!(one, AuditProblem::OtherTime(_)));
    let mut log = honest();
    log.extend([june.clone(), late.clone(), closing.clone()]);
    assert!(!other_time(&of_june(&log)), "{:?}", of_june(&log));
    assert!(
        other_time(&of_june(&[june, late, closing])),
        "nothing says that May was closed"
    );
}

#[test]
fn a_risky_answer_cannot_hide_in_a_band_that_is_seldom_looked_at() {
    let mut log = honest();
    set(&mut log[2], "score", "0.9");
    set(&mut log[2], "band", "0");
    set(&mut log[2], "probability", "0.5");
    let found = problems(&log);
    let hidden = AuditProblem::OtherBand {
        sequence: 3,
        band: 0,
        by_score: 1,
    };
    assert!(found.contains(&hidden), "{found:?}");
    for missing in ["score", "band"] {
        let mut log = honest();
        log[3].refs.remove(missing);
        let found = problems(&log);
        assert!(
            found
                .iter()
                .any(|one| matches!(one, AuditProblem::OtherBand { sequence: 4, .. })),
            "{missing}: {found:?}"
        );
    }
}

#[test]
fn an_answer_cannot_leave_the_month_by_saying_nothing_or_another_month() {
    for says in [None, Some("2026-04"), Some("2027-05")] {
        let mut log = honest();
        match says {
            Some(month) => set(&mut log[2], "month", month),
            None => log[2].refs.retain(|name, _| name == "decision"),
        }
        assert!(problems(&log).contains(&AuditProblem::Unsampled(3)), "{says:?}");
    }
    let mut log = honest();
    log[2].at = at("2026-07-14T12:00:00Z");
    assert!(problems(&log).contains(&AuditProblem::OtherTime(3)));
    // At the border clocks may differ.
    log[2].at = at("2026-04-30T13:00:00Z");
    assert_eq!(problems(&log), []);
    // What a person released is not drawn.
    log[2].at = at("2026-05-14T12:00:00Z");
    log[2].refs = Refs::from([("outcome".to_owned(), "o".to_owned())]);
    let found = problems(&log);
    assert!(!found.contains(&AuditProblem::Unsampled(3)), "{found:?}");
}

#[test]
fn bands_and_probabilities_have_to_fit_together() {
    for (name, value) in [
        ("probabilities", "[]"),
        ("probabilities", "[0.5]"),
        ("probabilities", "none"),
        ("cuts", "[0.5,0.7]"),
        ("cuts", "[2,1]"),
    ] {
        let mut log = honest();
        set(&mut log[1], name, value);
        let found = problems(&log);
        assert!(found.contains(&AuditProblem::NoPlan(2)), "{name} {value}: {found:?}");
    }
    let mut log = honest();
    set(&mut log[2], "band", "7");
    assert!(!problems(&log).is_empty());
}

#[test]
fn what_was_published_has_to_count_what_the_log_has() {
    let mut log = honest();
    let last = log.len() - 1;
    set(&mut log[last], "sent", "59");
    let other = AuditProblem::OtherNumber {
        published: "59".to_owned(),
        logged: 60,
    };
    assert_eq!(problems(&log), [other]);
    log[last].refs.remove("sent");
    assert_eq!(problems(&log).len(), 1);
    let mut drawn = drawn_by(KEY);
    drawn.push(9_999);
    log[last] = closed(KEY, &drawn, ANSWERS);
    assert_eq!(
        problems(&log),
        [AuditProblem::Draw(DrawProblem::NothingSent { sequence: 9_999 })]
    );
}

#[test]
fn a_log_that_was_changed_after_it_was_written_is_damaged_whatever_it_says() {
    let mut entries = sealed(&honest());
    set_ref(&mut entries[2], "score", "0.4");
    let found = audited(&entries).unwrap().problems;
    assert!(
        found.contains(&AuditProblem::Log {
            sequence: 3,
            why: ChainError::Altered(3)
        }),
        "{found:?}"
    );
    let mut entries = sealed(&honest());
    entries.remove(10);
    let found = audited(&entries).unwrap().problems;
    assert!(
        matches!(
            found.first(),
            Some(AuditProblem::Log {
                why: ChainError::Gap { .. },
                ..
            })
        ),
        "{found:?}"
    );
    let mut entries = sealed(&honest());
    entries[4].header.workspace_id = WorkspaceId::from(Uuid::from_u128(6));
    let found = audited(&entries).unwrap().problems;
    assert!(found.contains(&AuditProblem::OtherWorkspace(5)), "{found:?}");
}

fn set_ref(entry: &mut Entry, name: &str, value: &str) {
    entry.header.refs.insert(name.to_owned(), value.to_owned());
}
