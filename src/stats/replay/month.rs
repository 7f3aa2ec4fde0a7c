//! One shuffle, month after month.

use super::{Row, Settings, Timeline};
use crate::stats::drift::{ALARM_LEVEL, Detector};
use crate::stats::number::count;
use crate::stats::random::SplitMix64;
use crate::stats::sampler::{Allocation, BandHistory, Bands, Division, Draw, MonthKey, Purpose, allocate};
use crate::stats::score::leak::{self, Rule};
use crate::stats::score::{Example, Prior, Version, fit};
use crate::stats::statement::{CheckState, Drawn, Rules as StatementRules, SentAnswer, Statement, state};
use crate::stats::threshold::{Draft, Evidence, Mode, Reach, Rules, certify};

/// Part of the verdicts "good" that a second person judges again.
const RECHECKED: f64 = 0.2;
/// The group of drafts that were held, and all judged; riskier than every band.
const HELD: u16 = 100;

/// What a shuffle showed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Played {
    /// Month by month.
    pub months: Vec<Month>,
    /// Alarms of the detector, in order.
    pub alarms: Vec<Alarm>,
    /// Checks of the sample before another system took over.
    pub checks_before_change: u64,
    /// Checks of the sample in all.
    pub checks: u64,
    /// Answers that went out before another system took over, and bad ones among them.
    pub sent_before_change: (usize, usize),
    /// The same after it.
    pub sent_after_change: (usize, usize),
}

/// One month.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// Drafts.
    pub drafts: usize,
    /// Those that went out without a person.
    pub sent: usize,
    /// Bad ones among those, in truth.
    pub sent_bad: usize,
    /// Verdicts that reviewers gave.
    pub verdicts: usize,
    /// Second opinions among them.
    pub second_opinions: usize,
    /// How far the gate was open; `None` where nothing was certified.
    pub opened: Option<Opened>,
    /// "At most this share of what was sent was bad"; `None` where nothing was sent or the claim was withheld.
    pub claimed: Option<f64>,
}

/// A certificate, held against the truth about all rows of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opened {
    /// The certified bound.
    pub upper: f64,
    /// Share of all rows that lie within.
    pub automation: f64,
    /// The largest share of all rows that this score could have sent within the limit, knowing every truth.
    pub hindsight: f64,
    /// Share of bad ones among the rows that lie within.
    pub bad_rate: f64,
}

/// The detector said that answers have become worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// Checks of the sample up to it.
    pub at_check: u64,
    /// Had another system taken over by then?
    pub after_change: bool,
}

/// A draft of the past.
struct Lived {
    row: usize,
    month: usize,
    group: u16,
    probability: f64,
    verdict: Option<Verdict>,
}

#[derive(Clone, Copy)]
struct Verdict {
    bad: bool,
    second: Option<bool>,
}

impl Verdict {
    /// What counts in the end.
    fn found_bad(self) -> bool {
        self.second.unwrap_or(self.bad)
    }
}

/// Plays the months of a timeline.
pub fn play(rows: &[Row], prior: &Prior, settings: &Settings, timeline: &Timeline, seed: u64) -> Played {
    let mut shop = Shop {
        rows,
        prior,
        settings,
        seed,
        lived: Vec::with_capacity(rows.len()),
        detector: Detector::new(settings.limit, ALARM_LEVEL),
        answers: 0,
        before_change: timeline.before_change,
        played: Played::default(),
    };
    for (month, drafts) in timeline.months.iter().enumerate() {
        let lived = shop.month(month, drafts);
        shop.played.months.push(lived);
    }
    shop.played
}

struct Shop<'a> {
    rows: &'a [Row],
    prior: &'a Prior,
    settings: &'a Settings,
    seed: u64,
    lived: Vec<Lived>,
    detector: Option<Detector>,
    answers: usize,
    before_change: usize,
    played: Played,
}

/// What is in force in a month.
struct InForce {
    version: Version,
    reach: Reach,
    upper: f64,
    bands: Bands,
    allocation: Allocation,
    /// What a bad answer of each band weighs for the detector: its share of the answers by its share of the checks.
    weights: Vec<f64>,
}

impl Shop<'_> {
    fn month(&mut self, month: usize, drafts: &[usize]) -> Month {
        let in_force = self.open(month, drafts.len());
        let (sampling, adjudication) = self.draws(month);
        let mut lived = Month {
            drafts: drafts.len(),
            sent: 0,
            sent_bad: 0,
            verdicts: 0,
            second_opinions: 0,
            opened: in_force.as_ref().map(|in_force| self.in_truth(in_force)),
            claimed: None,
        };
        let mut sent_answers = Vec::new();
        for (sequence, number) in (0_u64..).zip(drafts) {
            let Some(row) = self.rows.get(*number) else { continue };
            let (mut group, mut probability, mut rho) = (HELD, 1.0, 0.0);
            let sending = in_force.as_ref().and_then(|now| {
                let risk = now.version.rank(&row.features);
                now.reach.admits(Mode::Compose, risk).then_some((now, risk))
            });
            if let Some((now, risk)) = sending {
                let band = now.bands.of(risk);
                group = u16::try_from(band).unwrap_or(HELD - 1);
                probability = now.allocation.probability(band);
                rho = sampling.rho(sequence, probability);
            }
            let judged = rho < 1.0;
            let rechecked = self.settings.adjudicates && (row.judged_bad || adjudication.selects(sequence, RECHECKED));
            let verdict = judged.then_some(Verdict {
                bad: row.judged_bad,
                second: rechecked.then_some(row.bad),
            });
            lived.verdicts += usize::from(judged);
            lived.second_opinions += usize::from(judged && rechecked);
            if let Some((now, _)) = sending {
                lived.sent += 1;
                lived.sent_bad += usize::from(row.bad);
                self.count_sent(row.bad);
                sent_answers.push(SentAnswer {
                    week: 0,
                    band: group,
                    drawn: verdict.map(|v| Drawn {
                        rho,
                        state: CheckState::Judged {
                            bad: v.bad,
                            second: v.second,
                        },
                    }),
                });
                if let Some(verdict) = verdict {
                    let weight = now.weights.get(usize::from(group)).copied().unwrap_or(1.0);
                    self.watch(verdict.found_bad(), weight);
                }
            }
            self.answers += 1;
            self.lived.push(Lived {
                row: *number,
                month,
                group,
                probability,
                verdict,
            });
        }
        let rules = StatementRules {
            risk: self.settings.risk,
            ..StatementRules::default()
        };
        if let Statement::Claim(claim) = state(sent_answers, &rules) {
            lived.claimed = Some(claim.upper);
        }
        lived
    }

    fn count_sent(&mut self, bad: bool) {
        let played = &mut self.played;
        let (sent, sent_bad) = if self.answers < self.before_change {
            &mut played.sent_before_change
        } else {
            &mut played.sent_after_change
        };
        *sent += 1;
        *sent_bad += usize::from(bad);
    }

    fn watch(&mut self, bad: bool, weight: f64) {
        let after_change = self.answers >= self.before_change;
        self.played.checks += 1;
        self.played.checks_before_change += u64::from(!after_change);
        let alarmed = self
            .detector
            .as_mut()
            .is_some_and(|detector| detector.observe(bad, weight));
        if alarmed {
            self.played.alarms.push(Alarm {
                at_check: self.played.checks,
                after_change,
            });
            self.detector = Detector::new(self.settings.limit, ALARM_LEVEL);
        }
    }

    /// The draws of a month, for the sample and for second opinions.
    fn draws(&self, month: usize) -> (Draw, Draw) {
        let mut random = SplitMix64::new(self.seed ^ 0x5eed_5eed);
        let mut key = [0; 32];
        for bytes in key.chunks_exact_mut(8) {
            bytes.copy_from_slice(&random.draw().to_be_bytes());
        }
        let (key, month) = (MonthKey::new(key), format!("month {month}"));
        let of = |purpose| Draw::new(&key, [0; 16], &month, purpose);
        (of(Purpose::Sample), of(Purpose::Adjudication))
    }

    /// A score, a certificate on drafts that it never saw, and the month's sampling; `None` where nothing is certified.
    fn open(&self, month: usize, expected: usize) -> Option<InForce> {
        let window_from = month.saturating_sub(self.settings.window);
        let judged_before = self.lived.iter().filter(|past| past.month < window_from);
        let older_bad = judged_before
            .filter_map(|past| past.verdict)
            .filter(|v| v.found_bad())
            .count();
        let rule = Rule::given(i64::try_from(window_from).unwrap_or(i64::MAX), older_bad);
        let (for_fit, for_certificate): (Vec<&Lived>, Vec<&Lived>) = self
            .lived
            .iter()
            .partition(|past| self.purpose(rule, past) == leak::Purpose::Fit);

        let examples: Vec<Example<'_>> = for_fit
            .iter()
            .filter_map(|past| {
                Some(Example {
                    features: &self.rows.get(past.row)?.features,
                    bad: past.verdict?.found_bad(),
                    weight: 1.0 / past.probability,
                })
            })
            .collect();
        let version = fit(self.prior, &examples, Some(rule));
        let drafts: Vec<Draft> = for_certificate
            .iter()
            .filter_map(|past| self.evidence(past, &version))
            .collect();
        let rules = Rules {
            limit: self.settings.limit,
            risk: self.settings.risk,
            score_version: u32::try_from(month).unwrap_or(u32::MAX),
            is_corrected: self.settings.adjudicates,
        };
        let certificate = certify(&drafts, &[], &rules).outcome.ok()?;
        Some(self.in_force(version, certificate.reach, certificate.upper, month, expected))
    }

    /// A turn is on one side whole, another one in every shuffle.
    fn purpose(&self, rule: Rule, past: &Lived) -> leak::Purpose {
        let turn = self.rows.get(past.row).map_or(usize::MAX, |row| row.turn);
        let mut name = self.seed.to_be_bytes().to_vec();
        name.extend_from_slice(&turn.to_be_bytes());
        rule.purpose(i64::try_from(past.month).unwrap_or(i64::MAX), &name)
    }

    /// A draft of the window as the certificate sees it. With second opinions only they count: every "bad" has one and stands for
    /// itself, of the "good" a fifth, which stand for five each.
    fn evidence(&self, past: &Lived, version: &Version) -> Option<Draft> {
        let (evidence, stands_for) = match past.verdict {
            Some(v) if self.settings.adjudicates && v.second.is_none() => (Evidence::None, 1.0),
            Some(v) => {
                let stands_for = if self.settings.adjudicates && !v.bad {
                    1.0 / RECHECKED
                } else {
                    1.0
                };
                (
                    if v.found_bad() {
                        Evidence::Bad
                    } else {
                        Evidence::Acceptable
                    },
                    stands_for,
                )
            }
            None => (Evidence::None, 1.0),
        };
        Some(Draft {
            mode: Mode::Compose,
            risk: version.rank(&self.rows.get(past.row)?.features),
            epoch: u32::try_from(past.month).unwrap_or(u32::MAX),
            group: past.group,
            topic: 0,
            is_sensitive: false,
            is_fresh: false,
            evidence,
            stands_for,
        })
    }

    /// The month's bands and probabilities, from the month before: what of it the certificate would let out.
    fn in_force(&self, version: Version, reach: Reach, upper: f64, month: usize, expected: usize) -> InForce {
        let last: Vec<(f64, Option<Verdict>)> = self
            .lived
            .iter()
            .filter(|past| past.month + 1 == month)
            .filter_map(|past| Some((version.rank(&self.rows.get(past.row)?.features), past.verdict)))
            .collect();
        let all = last.len();
        let within: Vec<(f64, Option<Verdict>)> = last
            .into_iter()
            .filter(|(risk, _)| reach.admits(Mode::Compose, *risk))
            .collect();
        let growth = count(expected) / count(all.max(1));
        let divided = |bands: Bands| {
            let mut history = vec![BandHistory::default(); bands.len()];
            for (risk, verdict) in &within {
                if let Some(band) = history.get_mut(bands.of(*risk)) {
                    band.expected += growth;
                    if let Some(verdict) = verdict {
                        band.reviewed += 1.0;
                        band.bad += if verdict.found_bad() { 1.0 } else { 0.0 };
                    }
                }
            }
            let allocation = allocate(&history, self.settings.sample_per_month);
            (bands, history, allocation)
        };
        let risks: Vec<f64> = within.iter().map(|(risk, _)| *risk).collect();
        let mut plan = divided(Bands::of_last_month(&risks));
        if plan.2.division == Division::Uniform {
            // A uniform sample is one stratum: bands of a few checks each would look surer than they are.
            plan = divided(Bands::one());
        }
        let (bands, history, allocation) = plan;
        let answers: f64 = history.iter().map(|band| band.expected).sum();
        let checks: f64 = history
            .iter()
            .enumerate()
            .map(|(at, band)| band.expected * allocation.probability(at))
            .sum();
        let weights = (0..history.len())
            .map(|at| checks / answers / allocation.probability(at))
            .collect();
        InForce {
            version,
            reach,
            upper,
            bands,
            allocation,
            weights,
        }
    }

    /// The certificate held against all rows.
    fn in_truth(&self, now: &InForce) -> Opened {
        let mut ranked: Vec<(f64, bool)> = self
            .rows
            .iter()
            .map(|row| (now.version.rank(&row.features), row.bad))
            .collect();
        ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let all = count(ranked.len());
        let (mut within, mut bad_within, mut hindsight) = (0, 0, 0);
        let (mut seen, mut bad) = (0, 0);
        for tied in ranked.chunk_by(|a, b| a.0 >= b.0) {
            seen += tied.len();
            bad += tied.iter().filter(|(_, bad)| *bad).count();
            if count(bad) <= self.settings.limit * count(seen) {
                hindsight = seen;
            }
            if tied
                .first()
                .is_some_and(|(risk, _)| now.reach.admits(Mode::Compose, *risk))
            {
                (within, bad_within) = (seen, bad);
            }
        }
        Opened {
            upper: now.upper,
            automation: count(within) / all,
            hindsight: count(hindsight) / all,
            bad_rate: if within > 0 {
                count(bad_within) / count(within)
            } else {
                0.0
            },
        }
    }
}
