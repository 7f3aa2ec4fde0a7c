//! `holdpoint init`: the first steps of a business.

use super::admin::{WORKSPACES, setup_link};
use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::show::{list, text, time};
use clap::Args;
use serde_json::{Value, json};

const AGENTS: &str = "/api/v1/agents";
/// Longest short name of a workspace.
const LONGEST_SLUG: usize = 40;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Name of the business; the workspace is named after it unless --workspace names it
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Name of the AI assistant that visitors see
    #[arg(long, value_name = "NAME", default_value = "Assistant")]
    assistant: String,
    /// Web site that shows the widget, like `https://shop.example`; may be repeated, and added by a later run
    #[arg(long = "site", value_name = "ORIGIN")]
    sites: Vec<String>,
    /// Language of the widget's own texts
    #[arg(long, value_name = "CODE", default_value = "en")]
    language: String,
}

impl Init {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let slug = match &context.workspace {
            Some(slug) => slug.clone(),
            None => slug_of(&self.name).ok_or_else(|| {
                Failure::usage("no short name can be made from this business's name; give one with --workspace")
            })?,
        };
        context.data_dir().prepare()?;
        let client = Client::connect(context, Needs::Database)
            .await?
            .for_workspace(Some(&slug))?;
        let result = self.set_up(context, &client, &slug).await;
        client.close().await;
        context.answer(&result?, in_words)
    }

    /// Each step only if it has not been taken: a second run adds what is missing and changes nothing.
    async fn set_up(&self, context: &Context, client: &Client, slug: &str) -> Result<Value, Failure> {
        let workspace = ensure_workspace(client, slug, &self.name).await?;
        let settings = json!({
            "name": self.assistant,
            "business": self.name,
            "language": self.language,
            "origins": self.sites,
        });
        let agent = match first_agent(client).await? {
            Some(agent) => allow_origins(client, agent, &self.sites).await?,
            None => new_agent(client, &settings).await?,
        };
        let mut answer =
            json!({ "workspace": slug, "agent": agent["public_key"], "has_owner": workspace["has_owner"] });
        if !workspace["has_owner"].as_bool().unwrap_or_default() {
            answer["setup_link"] = setup_link(client, &client.origin(context)).await?;
        }
        Ok(answer)
    }
}

/// The workspace of this short name, made if there is none.
pub(super) async fn ensure_workspace(client: &Client, slug: &str, name: &str) -> Result<Value, Failure> {
    let all = client.get(WORKSPACES).await?;
    if let Some(workspace) = list(&all, "/items")
        .iter()
        .find(|workspace| text(workspace, "/slug") == slug)
    {
        return Ok(workspace.clone());
    }
    client.post(WORKSPACES, &json!({ "slug": slug, "name": name })).await?;
    Ok(json!({ "slug": slug, "name": name, "has_owner": false }))
}

/// The agent of the workspace, if it has one.
pub(super) async fn first_agent(client: &Client) -> Result<Option<Value>, Failure> {
    Ok(list(&client.get(AGENTS).await?, "/items").first().cloned())
}

/// Publishes a new agent.
pub(super) async fn new_agent(client: &Client, settings: &Value) -> Result<Value, Failure> {
    client.post(AGENTS, settings).await
}

/// Publishes the next version of an agent if there is a site that it does not answer yet; everything else stays as it is.
pub(super) async fn allow_origins(client: &Client, agent: Value, sites: &[String]) -> Result<Value, Failure> {
    let mut settings = agent["settings"].clone();
    let Some(origins) = settings["origins"].as_array_mut() else {
        return Ok(agent);
    };
    let known = origins.len();
    for site in sites {
        // As the server writes them: a second run must find what the first has added.
        let site = site.trim_end_matches('/').to_lowercase();
        if !origins.iter().any(|origin| *origin == *site) {
            origins.push(site.into());
        }
    }
    if origins.len() == known {
        return Ok(agent);
    }
    let id = escaped(text(&agent, "/id"));
    client.put(&format!("{AGENTS}/{id}"), &settings).await
}

fn in_words(answer: &Value) -> String {
    let slug = text(answer, "/workspace");
    let owner = match text(answer, "/setup_link/url") {
        "" => "It has an owner already.".to_owned(),
        url => format!(
            "Its first owner signs up here, once, until {}:\n    {url}",
            time(answer, "/setup_link/expires_at")
        ),
    };
    format!(
        "Workspace {slug} is ready.\n{owner}\n\nNext:\n    holdpoint kb import FILE --workspace {slug}\n    holdpoint serve\n\
         \x20   holdpoint rehearse FILE --workspace {slug}   (questions of the past, before it answers anybody)\n\
         and in the pages of the web site:\n    <script src=\"…/widget.js\" data-agent=\"{}\" defer></script>",
        text(answer, "/agent"),
    )
}

/// `corner-bakery` for “Corner Bakery!”.
fn slug_of(name: &str) -> Option<String> {
    let spelled: String = name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let words: Vec<&str> = spelled.split('-').filter(|word| !word.is_empty()).collect();
    let slug: String = words.join("-").chars().take(LONGEST_SLUG).collect();
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_made_from_the_business() {
        assert_eq!(slug_of("Corner Bakery & Café!").as_deref(), Some("corner-bakery-caf"));
        assert_eq!(slug_of("  --24/7--  ").as_deref(), Some("24-7"));
        assert_eq!(slug_of("パン屋"), None);
        assert_eq!(slug_of(&"a".repeat(90)).map(|slug| slug.len()), Some(LONGEST_SLUG));
    }
}
