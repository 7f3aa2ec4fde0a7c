//! `holdpoint conversations`: read them, take one over, hand it back.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::{Page, message};
use super::show::{list, more, text, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(crate) struct Conversations {
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The latest conversations
    List(Page),
    /// One conversation, whole
    Show(Conversation),
    /// Answer the visitor yourself from now on; the AI falls silent
    TakeOver(Conversation),
    /// Give the conversation back to the AI
    HandBack {
        /// Id of the conversation
        conversation: String,
        /// What the AI is to know before it writes its next draft
        #[arg(long, default_value = "")]
        note: String,
    },
    /// End the conversation; the visitor is asked how it was
    Close(Conversation),
    /// Leave a note for colleagues; the visitor never sees it
    Note {
        /// Id of the conversation
        conversation: String,
        /// The note
        text: String,
    },
}

#[derive(Debug, Args)]
struct Conversation {
    /// Id of the conversation
    conversation: String,
}

impl Conversations {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        Client::asked(&context, Needs::Database, async |client| {
            self.command.run(&context, client).await
        })
        .await
    }
}

impl Command {
    async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let path =
            |Conversation { conversation }: Conversation| format!("/api/v1/conversations/{}", escaped(&conversation));
        match self {
            Self::List(page) => {
                let answer = client.get(&format!("/api/v1/conversations{}", page.query())).await?;
                context.answer(&answer, conversations)
            }
            Self::Show(which) => context.answer(&client.get(&path(which)).await?, conversation),
            Self::TakeOver(which) => {
                let answer = client.post(&format!("{}/take-over", path(which)), &json!({})).await?;
                context.answer(&answer, |_| {
                    "The conversation is yours; the AI writes nothing any more.".to_owned()
                })
            }
            Self::Close(which) => {
                let answer = client.post(&format!("{}/close", path(which)), &json!({})).await?;
                context.answer(&answer, |_| "The conversation is over.".to_owned())
            }
            Self::Note { conversation, text } => {
                let path = path(Conversation { conversation });
                let answer = client.post(&format!("{path}/notes"), &json!({ "text": text })).await?;
                context.answer(&answer, |_| "Noted; the visitor does not see it.".to_owned())
            }
            Self::HandBack { conversation, note } => {
                let path = path(Conversation { conversation });
                let answer = client
                    .post(&format!("{path}/hand-back"), &json!({ "note": note }))
                    .await?;
                context.answer(&answer, |_| "The AI answers again.".to_owned())
            }
        }
    }
}

fn conversations(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|item| {
            [
                text(item, "/id").to_owned(),
                time(item, "/updated_at"),
                owner(item).to_owned(),
                short(text(item, "/last_message/text"), 60),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are no conversations yet.".to_owned();
    }
    output::table(["CONVERSATION", "LATEST", "OWNER", "LAST MESSAGE"], &rows) + &more(answer)
}

fn conversation(answer: &Value) -> String {
    let heading = format!("Conversation {}, answered by {}", text(answer, "/id"), owner(answer));
    let messages = list(answer, "/transcript").iter().map(message);
    std::iter::once(heading).chain(messages).collect::<Vec<_>>().join("\n")
}

/// The colleague's name, `ai` or `nobody`.
fn owner(conversation: &Value) -> &str {
    match text(conversation, "/owner/name") {
        "" => text(conversation, "/owner/kind"),
        name => name,
    }
}
