//! What each draft costs, the statement of a month with a million answers, the certificate over as many drafts, and a refit.

use crate::report::{Report, median};
use holdpoint::domain::answer::Signals;
use holdpoint::domain::features::{Texts, of_draft, prior};
use holdpoint::domain::screening::Screening;
use holdpoint::stats::random::SplitMix64;
use holdpoint::stats::sampler::{Allocation, BandHistory, Bands, Draw, MonthKey, Purpose, allocate};
use holdpoint::stats::score::{Example, Version, fit};
use holdpoint::stats::statement::{CheckState, Drawn, Rules, SentAnswer, state};
use holdpoint::stats::threshold::{self, Draft, Evidence, Mode, Reach, certify};
use std::hint::black_box;
use std::time::Instant;

const TIMES: usize = 7;
const ANSWERS: u64 = 1_000_000;
/// Drafts whose words are read.
const READ: usize = 2_000;
const VERDICTS: usize = 100_000;

const QUESTION: &str = "Can I bring back a bicycle that I bought online, and who pays for the parcel?";
/// As long as the passages that a shop's own pages are cut into.
const PASSAGE: &str = "Returns\nYou may return a bicycle within 30 days of delivery as long as it has not been ridden on the road. Parts and \
    clothing can be returned within 14 days in their own packing. Write to us first; we send a label with which the parcel goes back free of \
    charge. Bicycles are collected from your door on a day that we agree on, between 8:00 and 18:00. As soon as the bicycle is back with us we \
    look it over and return the price, usually within 5 working days, to the account it was paid from. If it was used, we keep what the use \
    was worth: at least 49 €. A bicycle that was built for you by size or colour cannot be returned.";
const ANSWER: &str = "Yes. You may return a bicycle within 30 days of delivery as long as it has not been ridden on the road. We send a label \
    with which the parcel goes back free of charge, and bicycles are collected from your door.";

pub(crate) fn measure(report: &mut Report) {
    let mut random = SplitMix64::new(1);
    let risks: Vec<f64> = (0..ANSWERS).map(|_| random.unit()).collect();
    let bands = Bands::of_last_month(&risks);
    let allocation = allocation(&bands, &risks);
    let draw = Draw::new(&MonthKey::new([7; 32]), [3; 16], "2026-05", Purpose::Sample);

    let reach = Reach {
        mode: Mode::Quote,
        risk: 0.8,
    };
    let is_drawn = |sequence: u64, risk: f64| {
        reach.admits(Mode::Quote, risk) && draw.selects(sequence, allocation.probability(bands.of(risk)))
    };
    let each = timed(|| {
        (0_u64..)
            .zip(&risks)
            .filter(|(sequence, risk)| is_drawn(*sequence, **risk))
            .count()
    });
    report.add(
        "gate decision, band and draw, each draft",
        // Seconds for a million are microseconds for one.
        each,
        "µs",
        None,
        format!("median of {TIMES} runs over a million"),
    );
    let version = Version::by_hand(&prior());
    let scored = timed(|| {
        let drafts = (0_u64..).take(READ);
        drafts
            .filter(|sequence| is_drawn(*sequence, version.rank(&features())))
            .count()
    });
    report.add(
        "reading, scoring, gate decision, band and draw, each draft",
        scored * 1e6 / READ as f64,
        "µs",
        Some(50.0),
        format!(
            "median of {TIMES} runs over {READ}; {} characters of text",
            QUESTION.len() + PASSAGE.len() + ANSWER.len()
        ),
    );

    let whole = timed(|| {
        let answers = (0_u64..)
            .zip(&risks)
            .map(|(sequence, risk)| sent(sequence, *risk, &bands, &allocation, &draw));
        state(answers, &Rules::default())
    });
    report.add(
        "statement over a million answers",
        whole * 1e3,
        "ms",
        Some(2_000.0),
        format!("median of {TIMES}, every draw recomputed"),
    );

    let drafts: Vec<Draft> = (0_u64..)
        .zip(&risks)
        .map(|(sequence, risk)| draft(sequence, *risk))
        .collect();
    let rules = threshold::Rules {
        limit: 0.04,
        risk: 0.05,
        score_version: 1,
        is_corrected: false,
    };
    let certified = timed(|| certify(&drafts, &[], &rules));
    report.add(
        "certificate over a million drafts",
        certified * 1e3,
        "ms",
        None,
        format!("median of {TIMES}, three epochs"),
    );

    let vectors: Vec<Vec<f64>> = (0..VERDICTS)
        .map(|_| features().iter().map(|_| random.unit()).collect())
        .collect();
    let examples: Vec<Example<'_>> = vectors
        .iter()
        .map(|features| Example {
            features,
            bad: random.unit() < 0.02 + 0.1 * features.first().copied().unwrap_or_default(),
            weight: 1.0 + 9.0 * random.unit(),
        })
        .collect();
    let refit = timed(|| fit(&prior(), &examples, None));
    report.add(
        "refit of the score",
        refit,
        "s",
        Some(5.0),
        format!(
            "median of {TIMES}; {VERDICTS} verdicts, {} features",
            prior().features.len()
        ),
    );
}

/// As many as a draft's own; what a model would have to measure is not measured.
fn features() -> Vec<f64> {
    let texts = Texts {
        question: black_box(QUESTION),
        passage: Some(PASSAGE),
        answer: ANSWER,
        about: "Quillhaven Cycles",
        passage_about: None,
    };
    of_draft(&texts, &Signals::default(), &Screening::default())
}

fn allocation(bands: &Bands, risks: &[f64]) -> Allocation {
    let mut history = vec![BandHistory::default(); bands.len()];
    for risk in risks {
        if let Some(band) = history.get_mut(bands.of(*risk)) {
            band.expected += 1.0;
        }
    }
    allocate(&history, 900.0)
}

fn sent(sequence: u64, risk: f64, bands: &Bands, allocation: &Allocation, draw: &Draw) -> SentAnswer {
    let band = bands.of(risk);
    let rho = draw.rho(sequence, allocation.probability(band));
    SentAnswer {
        week: u16::try_from(sequence / 250_000).unwrap_or(u16::MAX),
        band: u16::try_from(band).unwrap_or(u16::MAX),
        drawn: (rho < 1.0).then_some(Drawn {
            rho,
            state: CheckState::Judged {
                bad: sequence.is_multiple_of(25),
                second: None,
            },
        }),
    }
}

fn draft(sequence: u64, risk: f64) -> Draft {
    Draft {
        mode: Mode::Quote,
        risk,
        epoch: u32::try_from(sequence / 350_000).unwrap_or(u32::MAX),
        group: 0,
        topic: 0,
        is_sensitive: false,
        is_fresh: false,
        evidence: match sequence % 1_000 {
            0 if sequence.is_multiple_of(25_000) => Evidence::Bad,
            0 => Evidence::Acceptable,
            _ => Evidence::None,
        },
        stands_for: 1.0,
    }
}

/// Seconds, in the median.
fn timed<T>(work: impl Fn() -> T) -> f64 {
    let times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let began = Instant::now();
            black_box(work());
            began.elapsed().as_secs_f64()
        })
        .collect();
    median(&times)
}
