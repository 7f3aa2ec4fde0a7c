//! The figures of a replay as a person reads them.

use super::Report;
use crate::stats::replay::Drift;

/// The whole report.
pub(super) fn told(report: &Report) -> String {
    let s = &report.summary;
    let mut told = format!(
        "{} answers in {} turns, {} bad; {} shuffles of {} months, {} checks a month of what went out; limit {}\n\n",
        s.n,
        s.turns,
        percent(Some(s.bad_rate)),
        s.shuffles,
        s.months,
        report.sample_per_month,
        percent(Some(report.limit)),
    );
    let lines = [
        ("the score tells bad from good", format!("AUROC {}", decimal(s.auroc))),
        (
            "baseline, similarity and overlap",
            format!(
                "AUROC {}; ours is better by {} at least (95 %)",
                decimal(s.auroc_baseline),
                decimal(s.auroc_diff_lower95)
            ),
        ),
        (
            "sent without a person once certified",
            format!(
                "{}; {} in hindsight",
                percent(s.automation),
                percent(s.automation_hindsight)
            ),
        ),
        ("bad among what was sent", percent(s.sent_bad_rate)),
        (
            "months that let out too much",
            format!(
                "{}; p = {}; {} of the {} certified ones",
                percent(s.violation_rate),
                decimal(s.violation_p),
                percent(s.violation_rate_certified),
                s.certified_months
            ),
        ),
        (
            "monthly statements that held",
            format!(
                "{} of {}; they said {} on average",
                percent(s.statement_coverage),
                s.statements,
                percent(s.statement_upper)
            ),
        ),
        (
            "months without a certificate",
            format!("{:.2} of {}", s.uncertified_months, s.months),
        ),
        (
            "verdicts a month",
            format!(
                "{:.0}, and {:.0} second opinions",
                s.verdicts_a_month, s.second_opinions_a_month
            ),
        ),
    ];
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, figure) in lines {
        told.push_str(&format!("{name:<width$}  {figure}\n"));
    }
    if let Some(drift) = &report.drift {
        told.push_str(&changed(drift));
    }
    told
}

fn changed(drift: &Drift) -> String {
    format!(
        "\nAnother system took over: {} of its answers bad instead of {}; of what went out {} instead of {}. In {} shuffles anything went out then; in {} of \
         them the alarm came, after {} reviews (median). Before the change there were {} false alarms in {} reviews.\n",
        percent(Some(drift.bad_rate_after)),
        percent(Some(drift.bad_rate_before)),
        percent(drift.sent_bad_rate_after),
        percent(drift.sent_bad_rate_before),
        drift.sending,
        drift.alarmed,
        drift
            .reviews_until_alarm
            .map_or_else(|| "–".to_owned(), |n| format!("{n:.0}")),
        drift.false_alarms,
        drift.reviews_before,
    )
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn decimal(number: Option<f64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"))
}
