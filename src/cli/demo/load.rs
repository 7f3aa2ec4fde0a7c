//! Brings the demo shop into its workspace. The files are in the binary, so it needs nothing else.

use crate::cli::api::{Client, escaped};
use crate::cli::exit::Failure;
use crate::cli::init::{allow_origins, ensure_workspace, first_agent, new_agent};
use crate::cli::output;
use crate::cli::show::text;
use serde_json::Value;

/// Short name of the demo's workspace.
pub(super) const WORKSPACE: &str = "demo";
const NAME: &str = "Quillhaven Cycles (demo)";
const AGENT: &str = include_str!("../../../examples/demo/agent.toml");
const KNOWLEDGE: [(&str, &str); 5] = [
    ("faq.json", include_str!("../../../examples/demo/faq.json")),
    ("delivery.md", include_str!("../../../examples/demo/delivery.md")),
    ("hire.md", include_str!("../../../examples/demo/hire.md")),
    ("repairs.md", include_str!("../../../examples/demo/repairs.md")),
    ("warranty.md", include_str!("../../../examples/demo/warranty.md")),
];

/// What is there now.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Public key of the shop's agent.
    pub(super) agent: String,
    /// Somebody can sign in.
    pub(super) has_owner: bool,
}

/// Loads what is missing. The agent comes last: where it is, the demo was loaded before, and knowledge and agent belong
/// to the people who have worked with them since.
pub(super) async fn load(client: &Client, origin: &str) -> Result<Loaded, Failure> {
    let workspace = ensure_workspace(client, WORKSPACE, NAME).await?;
    let agent = match first_agent(client).await? {
        Some(agent) => allow_origins(client, agent, &[origin.to_owned()]).await?,
        None => {
            import_knowledge(client).await?;
            let mut settings = agent_settings()?;
            settings["origins"] = [origin].as_slice().into();
            new_agent(client, &settings).await?
        }
    };
    Ok(Loaded {
        agent: text(&agent, "/public_key").to_owned(),
        has_owner: workspace["has_owner"].as_bool().unwrap_or_default(),
    })
}

async fn import_knowledge(client: &Client) -> Result<(), Failure> {
    let bar = output::filling("Loading the shop's knowledge", KNOWLEDGE.len());
    for (name, content) in KNOWLEDGE {
        let path = format!("/api/v1/knowledge/import?name={}&collection=shop", escaped(name));
        client
            .post_file(&path, "application/octet-stream", content.into())
            .await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn agent_settings() -> Result<Value, Failure> {
    toml::from_str(AGENT).map_err(|error| Failure::failed(format!("the demo's agent.toml is damaged: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::AgentInput;

    #[test]
    fn the_demos_agent_has_only_settings_that_exist() {
        let AgentInput(settings) = serde_json::from_value(agent_settings().unwrap()).unwrap();
        assert_eq!(settings.name, "Juno");
    }
}
