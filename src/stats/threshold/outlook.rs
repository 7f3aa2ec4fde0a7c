//! What more evidence would give.

use super::certify::{Rules, Step, can_start};
use crate::stats::bounds::clopper_pearson_upper;

/// The curve as it would be with `times` (1 and more) as many verdicts that say the same: estimates stay, bounds come closer to
/// them, `CP(θ̂ k n_e, k n_e)` and never above what they are now, and the test goes as far as it then can.
///
/// A picture of what to hope for, not a forecast: the verdicts to come may say something else.
pub fn with_times_the_verdicts(curve: &[Step], times: f64, rules: &Rules) -> Vec<Step> {
    let times = if times.is_finite() { times.max(1.0) } else { 1.0 };
    let mut outlook: Vec<Step> = curve
        .iter()
        .map(|step| {
            let effective = step.effective * times;
            let upper = clopper_pearson_upper(step.estimate * effective, effective, rules.risk).min(step.upper);
            Step {
                effective,
                upper,
                can_start: step.can_start || can_start(effective, rules.limit, rules.risk),
                is_certified: false,
                ..*step
            }
        })
        .collect();
    let from_start = outlook.iter_mut().skip_while(|step| !step.can_start);
    for step in from_start.take_while(|step| step.upper <= rules.limit) {
        step.is_certified = true;
    }
    outlook
}
