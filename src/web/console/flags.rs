//! What a reviewer should look at before deciding on a draft, in sentences.

use super::view::{Flag, Severity};
use crate::app::review::{DraftView as Draft, ItemView};
use crate::domain::policy::Reason;
use crate::domain::review::ItemKind;
use crate::domain::screening::Flag as Noticed;

/// Unsupported statements named one by one.
const NAMED: usize = 5;

pub(super) fn flags(found: &ItemView) -> Vec<Flag> {
    let mut flags = found.draft.as_ref().map(noticed).unwrap_or_default();
    let Some(draft) = found.draft.as_ref().filter(|_| found.summary.kind == ItemKind::Gate) else {
        return flags;
    };
    let mut flag = |severity, text: String| flags.push(Flag { severity, text });
    for words in draft.signals.unsupported.iter().take(NAMED) {
        flag(Severity::Warning, format!("“{words}” does not occur in the sources"));
    }
    match draft.signals.unsupported.len().saturating_sub(NAMED) {
        0 => {}
        more => flag(
            Severity::Warning,
            format!("and {more} more statements that do not occur in the sources"),
        ),
    }
    if found.reasons.contains(&Reason::InConflict) {
        flag(
            Severity::Warning,
            "Newer knowledge speaks against this verified answer: compare them first".to_owned(),
        );
    }
    if found.reasons.contains(&Reason::UnfitModel) {
        flag(
            Severity::Warning,
            "The AI model has not been found fit for this kind of answer: read every word".to_owned(),
        );
    }
    for &reason in &found.reasons {
        if let Some(what) = trouble(reason) {
            flag(Severity::Note, format!("{what}; {}", instead(draft)));
        }
    }
    for topic in &found.uncertified_topics {
        let words = "is released without a certificate; this draft is held all the same";
        flag(Severity::Note, format!("“{topic}” {words}"));
    }
    if let Some(what) = draft.signals.left_out.and_then(|left_out| left_out.in_words()) {
        flag(Severity::Note, format!("The AI did not see: {what}"));
    }
    flags
}

/// What screening noticed, each flag with what raised it. What the sources do not say is named one by one elsewhere.
fn noticed(draft: &Draft) -> Vec<Flag> {
    let noticed = draft.screening.in_words().into_iter();
    noticed
        .filter(|(flag, _)| *flag != Noticed::Unsupported)
        .map(|(flag, text)| Flag {
            severity: match flag {
                Noticed::PersonalData | Noticed::OtherLanguage => Severity::Note,
                _ => Severity::Warning,
            },
            text,
        })
        .collect()
}

/// What went wrong with the AI, if that is what a reason says.
const fn trouble(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::EngineUnavailable => Some("The AI was not available"),
        Reason::EngineOverloaded => Some("The AI was too busy"),
        Reason::EngineDeadline => Some("The AI took too long"),
        Reason::PromptTooLong => Some("The question is too long for the AI model"),
        Reason::UnusableAnswer => Some("The AI wrote nothing that can be used"),
        _ => None,
    }
}

/// Where the draft comes from that was made without the AI.
fn instead(draft: &Draft) -> &'static str {
    // Only what was ranked by meaning stands out by some measure.
    if draft.signals.stand_out == 0.0 {
        "this was found by keyword"
    } else {
        "this is quoted from the passage that fits best"
    }
}
