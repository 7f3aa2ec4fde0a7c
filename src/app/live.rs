//! What is happening right now: committed log entries, and the AI's work that is not worth an entry.

use super::caller::Caller;
use super::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, WorkspaceId};
use crate::domain::text::AnswerText;
use crate::store::Committed;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::watch;
use tokio::time::sleep;

/// How often the text of one answer that is being written is shown anew.
const SHOWN_EVERY: Duration = Duration::from_millis(250);
/// What is shown of it, in characters.
const SHOWN_CHARS: usize = 2_000;

/// The AI began or ended drafting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drafting {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// For which conversation.
    pub conversation_id: ConversationId,
    /// Whether it is drafting now.
    pub active: bool,
}

/// What the AI is writing in the conversations of one workspace, up to `SHOWN_CHARS` each. A conversation in which it
/// writes nothing, or no more, is not in it.
pub type Texts = BTreeMap<ConversationId, Arc<str>>;

/// The texts that are being written, in memory only: a draft is what is stored, and this is not one yet.
///
/// A workspace's listeners see its latest state; who is slow misses states in between, never the end.
#[derive(Debug, Default)]
pub(super) struct FormingTexts {
    workspaces: Mutex<HashMap<WorkspaceId, watch::Sender<Texts>>>,
}

impl FormingTexts {
    fn of<T>(&self, workspace_id: WorkspaceId, use_it: impl FnOnce(&watch::Sender<Texts>) -> T) -> T {
        let mut workspaces = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(workspaces.entry(workspace_id).or_default())
    }

    fn listen(&self, workspace_id: WorkspaceId) -> watch::Receiver<Texts> {
        self.of(workspace_id, watch::Sender::subscribe)
    }

    /// Shows this text, or none.
    fn put(&self, (workspace_id, id): (WorkspaceId, ConversationId), text: Option<Arc<str>>) {
        self.of(workspace_id, |texts| {
            texts.send_if_modified(|texts| {
                let is_news = texts.get(&id) != text.as_ref();
                match text {
                    Some(text) => texts.insert(id, text),
                    None => texts.remove(&id),
                };
                is_news
            })
        });
    }
}

/// A text that is shown; gone when this is dropped, whatever ended the work on it.
struct Shown<'a> {
    texts: &'a FormingTexts,
    about: (WorkspaceId, ConversationId),
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.texts.put(self.about, None);
    }
}

/// Log entries of all workspaces as they are committed; filter by workspace. A listener that lags gets
/// `RecvError::Lagged` and has to read the log from where it was.
pub fn committed(app: &App) -> Receiver<Arc<Committed>> {
    app.store().subscribe()
}

/// Drafting as it begins and ends.
pub fn drafting(app: &App) -> Receiver<Drafting> {
    app.inner.phases.subscribe()
}

/// What the AI is writing in the caller's workspace, as it forms.
///
/// # Errors
/// [`AppError::Forbidden`].
pub fn forming(app: &App, caller: &Caller) -> Result<watch::Receiver<Texts>, AppError> {
    caller.require(Scope::Read)?;
    Ok(app.inner.forming.listen(caller.workspace_id))
}

pub(super) fn announce(app: &App, drafting: Drafting) {
    let _nobody_listens = app.inner.phases.send(drafting);
}

/// Shows to the workspace what is being written for one of its conversations, until this is dropped.
pub(super) async fn show_forming(
    app: &App,
    about: (WorkspaceId, ConversationId),
    text: watch::Receiver<String>,
) -> Infallible {
    show(&app.inner.forming, about, text, SHOWN_EVERY).await
}

async fn show(
    texts: &FormingTexts,
    about: (WorkspaceId, ConversationId),
    mut text: watch::Receiver<String>,
    every: Duration,
) -> Infallible {
    let shown = Shown { texts, about };
    while text.changed().await.is_ok() {
        let begun: String = text.borrow_and_update().chars().take(SHOWN_CHARS).collect();
        // Cleaned like whatever else a model writes; nothing to read is nothing to show.
        let begun = AnswerText::parse(&begun).ok().map(String::from);
        shown.texts.put(shown.about, begun.map(Arc::from));
        sleep(every).await;
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn about(workspace: u128, conversation: u128) -> (WorkspaceId, ConversationId) {
        (Uuid::from_u128(workspace).into(), Uuid::from_u128(conversation).into())
    }

    #[tokio::test]
    async fn a_listener_hears_few_states_of_its_own_workspace_and_always_the_end() {
        let texts = FormingTexts::default();
        let (ours, theirs) = (about(1, 7), about(2, 8));
        let (mut ear, foreign) = (texts.listen(ours.0), texts.listen(theirs.0));
        let (text, written) = watch::channel(String::new());
        let hour = Duration::from_hours(1);
        let writing = async {
            text.send_replace("Returns\0 ".to_owned());
            ear.changed().await.unwrap();
            assert_eq!(
                ear.borrow_and_update().get(&ours.1).map(|text| &**text),
                Some("Returns")
            );
            for _ in 0..10 {
                text.send_modify(|text| text.push_str("are free. "));
                tokio::task::yield_now().await;
            }
            assert!(!ear.has_changed().unwrap(), "not before its time");
        };
        tokio::select! {
            never = show(&texts, ours, written, hour) => match never {},
            () = writing => {}
        }
        assert!(
            ear.has_changed().unwrap() && ear.borrow_and_update().is_empty(),
            "the end"
        );
        assert!(!foreign.has_changed().unwrap(), "another workspace hears nothing");

        // Who did not look before it was over hears that it is over.
        texts.put(ours, Some(Arc::from("Once more")));
        texts.put(ours, None);
        assert!(ear.has_changed().unwrap() && ear.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_long_text_is_shown_up_to_a_bound() {
        let texts = FormingTexts::default();
        let ours = about(1, 7);
        let mut ear = texts.listen(ours.0);
        let (text, written) = watch::channel(String::new());
        text.send_replace("é".repeat(SHOWN_CHARS + 1));
        let looking = async {
            ear.changed().await.unwrap();
            ear.borrow()[&ours.1].chars().count()
        };
        let shown = tokio::select! {
            never = show(&texts, ours, written, SHOWN_EVERY) => match never {},
            shown = looking => shown,
        };
        assert_eq!(shown, SHOWN_CHARS);
    }
}
