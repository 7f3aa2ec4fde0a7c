//! How many of each band are looked at.

/// Part of what reviewers can do that is planned: traffic varies.
const PLANNED: f64 = 0.9;
/// A band's bad rate is drawn towards the overall one as if this many answers had had that. Ten would look at the safest band
/// of a strong score so often that its gain is lost in part (`docs/statistics.md`, S9).
const SHRINKAGE: f64 = 4.0;
/// Half of the reviews are spread evenly: then no answer weighs more than twice what it would in a uniform sample.
const EVEN: f64 = 0.5;
/// Below this many reviews the bands would have a handful each, in which no bad answer shows that there is none: replayed on real answers with 200 a
/// month, monthly claims held in 95.1 % of the months instead of 96.4 % with a uniform sample (`docs/replay.md`).
const FEWEST_TO_DIVIDE: f64 = 250.0;
/// The interval has to become narrower by this part before uneven sampling is worth it. Three parts in a hundred would give up
/// the gain of an already gated month in every other month, by chance of the pilot (`docs/statistics.md`, S9).
const LEAST_GAIN: f64 = 0.01;

/// Part of the reviews of held drafts that goes to the nearer half of them.
const NEAR: f64 = 0.8;

/// What is known of a band when the month begins, from the past only.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BandHistory {
    /// Answers expected in it this month, `N̂_h`.
    pub expected: f64,
    /// Answers of it judged so far, `n_h`.
    pub reviewed: f64,
    /// Bad ones among them, `x_h`.
    pub bad: f64,
}

/// How the reviews are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// Every answer with the same probability.
    Uniform,
    /// Bands where more is to be learnt with a higher one.
    ByRisk,
}

/// The probabilities of a month, fixed when it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// `π_h` by band, `0.0..=1.0`.
    pub probabilities: Vec<f64>,
    /// How they came about.
    pub division: Division,
}

impl Allocation {
    /// `π` of a band; that of the riskiest for a band that was not foreseen, 0 where nothing is sampled.
    pub fn probability(&self, band: usize) -> f64 {
        let known = self.probabilities.get(band).or(self.probabilities.last());
        known.copied().unwrap_or(0.0)
    }
}

/// Reviews a month that are left for the sample: `n = 0.9 (capacity - expected_gate_load)`, where that is positive.
/// Both in reviews a month; 0 for numbers that are none.
pub fn review_budget(capacity: f64, expected_gate_load: f64) -> f64 {
    let left = PLANNED * (capacity - expected_gate_load.max(0.0));
    if left.is_finite() { left.max(0.0) } else { 0.0 }
}

/// Divides `reviews` among the bands: `π_h = min(1, ½ n σ_h / Σ N̂_k σ_k + ½ n / N̂)` with `σ_h = √(p̃_h (1 - p̃_h))` and
/// `p̃_h = (x_h + 4 p̄) / (n_h + 4)`: half by Neyman's rule, half evenly.
///
/// Uniform (`π = min(1, n / N̂)`) below 250 reviews, without anything known, or where the interval would become narrower by less than 1 %.
/// Capacity 0 gives probabilities of 0; no traffic expected gives 1 (whatever comes is looked at), if there are reviews.
/// Histories that are no counts are taken as nothing known of the band.
pub fn allocate(history: &[BandHistory], reviews: f64) -> Allocation {
    let bands: Vec<BandHistory> = history.iter().map(|band| band.cleaned()).collect();
    let expected: f64 = bands.iter().map(|band| band.expected).sum();
    // NaN reviews sample nothing.
    let even = match (reviews > 0.0, expected > 0.0) {
        (false, _) => 0.0,
        (true, true) => (reviews / expected).min(1.0),
        (true, false) => 1.0,
    };
    let uniform = Allocation {
        probabilities: vec![even; bands.len().max(1)],
        division: Division::Uniform,
    };
    let (judged, bad) = bands
        .iter()
        .fold((0.0, 0.0), |(n, x), band| (n + band.reviewed, x + band.bad));
    if even <= 0.0 || even >= 1.0 || reviews < FEWEST_TO_DIVIDE || judged <= 0.0 || bad <= 0.0 {
        return uniform;
    }
    let overall = bad / judged;
    let spreads: Vec<f64> = bands.iter().map(|band| band.spread(overall)).collect();
    let total: f64 = bands
        .iter()
        .zip(&spreads)
        .map(|(band, spread)| band.expected * spread)
        .sum();
    if total <= 0.0 {
        return uniform;
    }
    let by_risk: Vec<f64> = spreads
        .iter()
        .map(|spread| ((1.0 - EVEN) * reviews * spread / total + EVEN * even).min(1.0))
        .collect();
    let variance = |probabilities: &[f64]| -> f64 {
        let bands = bands.iter().zip(&spreads).zip(probabilities);
        bands
            .map(|((band, spread), probability)| band.expected * spread * spread / probability)
            .sum()
    };
    let width = (variance(&by_risk) / variance(&uniform.probabilities)).sqrt();
    if width > 1.0 - LEAST_GAIN {
        return uniform;
    }
    Allocation {
        probabilities: by_risk,
        division: Division::ByRisk,
    }
}

/// Probabilities with which held drafts are looked at for evidence, where not all of them are judged anyway: for the half of
/// them with the smaller risks, and for the other one. `held` drafts are expected in the month.
///
/// Four fifths go to the nearer half: a certificate that reaches further will reach there first, and an answer that is looked
/// at rarely weighs so much that it alone would keep the gate closed. 0 for numbers that are none.
pub fn allocate_held(held: f64, reviews: f64) -> [f64; 2] {
    let half = held / 2.0;
    [NEAR, 1.0 - NEAR].map(|part| {
        let probability = part * reviews / half;
        if probability.is_finite() && reviews > 0.0 && half > 0.0 {
            probability.min(1.0)
        } else {
            0.0
        }
    })
}

impl BandHistory {
    fn cleaned(self) -> Self {
        let expected = if self.expected.is_finite() {
            self.expected.max(0.0)
        } else {
            0.0
        };
        let is_count = self.reviewed.is_finite() && self.bad >= 0.0 && self.bad <= self.reviewed;
        let (reviewed, bad) = if is_count {
            (self.reviewed, self.bad)
        } else {
            (0.0, 0.0)
        };
        Self {
            expected,
            reviewed,
            bad,
        }
    }

    /// `σ_h`.
    fn spread(self, overall: f64) -> f64 {
        let rate = (self.bad + SHRINKAGE * overall) / (self.reviewed + SHRINKAGE);
        (rate * (1.0 - rate)).max(0.0).sqrt()
    }
}
