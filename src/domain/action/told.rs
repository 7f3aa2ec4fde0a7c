//! What the AI is told about actions of its conversation, so that it neither promises what was refused nor asks for it again.

use super::ActionStatus;

/// Characters kept of arguments, of what a person said and of what another machine answered.
const MOST_CHARS: usize = 300;

/// An action of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past<'a> {
    /// What people call it.
    pub title: &'a str,
    /// How it stands.
    pub status: ActionStatus,
    /// Its arguments, as they stand.
    pub args: &'a str,
    /// What the person who decided said.
    pub message: Option<&'a str>,
    /// What came of it.
    pub result: Option<&'a str>,
}

/// In words for a prompt, oldest first; none if there is nothing to tell.
pub fn told(actions: &[Past<'_>]) -> Option<String> {
    let lines: Vec<String> = actions.iter().map(line).collect();
    (!lines.is_empty()).then(|| format!("What was asked to be done in this conversation:\n{}", lines.join("\n")))
}

fn line(action: &Past<'_>) -> String {
    let cut = |text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.chars().take(MOST_CHARS).collect::<String>()
    };
    let what = format!("- {} with {}", action.title, cut(action.args));
    let said = action
        .message
        .map(|text| format!(" The person says: {}", cut(text)))
        .unwrap_or_default();
    match action.status {
        ActionStatus::Executed => {
            let result = action
                .result
                .map(|text| format!(" Result: {}", cut(text)))
                .unwrap_or_default();
            format!("{what}: it was done.{result}")
        }
        ActionStatus::Failed => format!("{what}: it was tried and NOT done."),
        ActionStatus::Unknown => {
            format!("{what}: nobody knows yet whether it was done; a person is finding out. Promise nothing about it.")
        }
        ActionStatus::Rejected | ActionStatus::Responded => {
            format!("{what}: it was NOT done, a person declined it. Do not ask for it again.{said}")
        }
        ActionStatus::Expired | ActionStatus::Cancelled => {
            format!("{what}: it was NOT done, nobody decided about it in time.")
        }
        _ => format!("{what}: it was NOT done yet, a person is looking at it. Promise nothing about it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_is_told_as_not_done() {
        let action = Past {
            title: "Refund an order",
            status: ActionStatus::Rejected,
            args: r#"{"order":"A7"}"#,
            message: Some("It was\n a gift."),
            result: None,
        };
        let text = told(&[action]).unwrap();
        assert!(
            text.contains("NOT done, a person declined it") && text.ends_with("The person says: It was a gift."),
            "{text}"
        );
        for status in [
            ActionStatus::Waiting,
            ActionStatus::Decided,
            ActionStatus::Approved,
            ActionStatus::Running,
            ActionStatus::Failed,
            ActionStatus::Expired,
            ActionStatus::Cancelled,
        ] {
            assert!(
                told(&[Past { status, ..action }]).unwrap().contains("NOT done"),
                "{status:?}"
            );
        }
        let done = Past {
            status: ActionStatus::Executed,
            result: Some("200: ok"),
            ..action
        };
        assert!(told(&[done]).unwrap().ends_with("it was done. Result: 200: ok"));
        assert_eq!(told(&[]), None);
        assert!(
            told(&[Past {
                args: &"x".repeat(9_000),
                ..action
            }])
            .unwrap()
            .len()
                < 800
        );
    }
}
