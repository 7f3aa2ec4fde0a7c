//! What runs: server, socket, port, database, engine.

use super::Finding;
use crate::cli::admin::WORKSPACES;
use crate::cli::api::Client;
use crate::cli::assemble::Needs;
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::show::{list, number, text};
use serde_json::Value;
use std::net::TcpListener;

/// The findings, and the catalogue of models as the API tells it.
pub(super) async fn all(context: &Context) -> (Vec<Finding>, Value) {
    let data_dir = context.data_dir();
    let is_running = Client::running(&data_dir).await.is_some();
    let mut findings = vec![server(context, is_running)];
    if !is_running {
        findings.push(port(context));
    }
    if !data_dir.is_prepared() {
        return (findings, Value::Null);
    }
    let mut catalogue = Value::Null;
    match status(context).await {
        Ok((Some(status), models)) => {
            findings.extend(from_status(&status, is_running));
            catalogue = models;
        }
        Ok((None, models)) => {
            findings.push(Finding::wrong(
                "setup",
                "there is no workspace yet",
                "run `holdpoint init`",
            ));
            catalogue = models;
        }
        Err(failure) => {
            let remedy = "see the sentence above; nothing was changed by looking";
            findings.push(Finding::wrong("database", failure.sentence, remedy));
        }
    }
    (findings, catalogue)
}

fn server(context: &Context, is_running: bool) -> Finding {
    let socket = context.data_dir().socket();
    if is_running {
        Finding::well("server", format!("a server answers on {}", socket.display()))
    } else {
        Finding::well("server", "no server runs; `holdpoint serve` starts one")
    }
}

/// Could a server listen?
fn port(context: &Context) -> Finding {
    let address = context.settings().listen;
    match TcpListener::bind(address) {
        Ok(_) => Finding::well("port", format!("{address} is free")),
        Err(error) => Finding::wrong(
            "port",
            format!("{address} cannot be listened on ({error})"),
            "stop the program that uses it, or choose another with --listen",
        ),
    }
}

/// What the API says, in the first workspace, none where there is no workspace; and the catalogue of models.
async fn status(context: &Context) -> Result<(Option<Value>, Value), Failure> {
    let client = Client::connect(context, Needs::Database).await?;
    let workspaces = client.get(WORKSPACES).await;
    let first = match &workspaces {
        Ok(workspaces) => list(workspaces, "/items")
            .first()
            .map(|workspace| text(workspace, "/slug").to_owned()),
        Err(_) => None,
    };
    let client = client.for_workspace(first.as_deref())?;
    let status = match (workspaces, first) {
        (Err(failure), _) => Err(failure),
        (Ok(_), None) => Ok(None),
        (Ok(_), Some(_)) => client.get("/api/v1/status").await.map(Some),
    };
    let models = client.get("/api/v1/admin/models").await;
    client.close().await;
    Ok((status?, models?))
}

fn from_status(status: &Value, is_running: bool) -> Vec<Finding> {
    let mut findings = vec![Finding::well(
        "database",
        format!(
            "the database ({}) is of this version and can be read",
            text(status, "/database")
        ),
    )];
    // Without a server there is no engine either, and that is as it should be.
    if is_running {
        let (says, ready) = (
            text(status, "/engine/in_words"),
            status["engine"]["ready"].as_bool().unwrap_or_default(),
        );
        findings.push(if ready {
            Finding::well("engine", says)
        } else {
            Finding::wrong(
                "engine",
                says,
                "wait if it is starting; else see the findings about models, and the server's log",
            )
        });
    }
    findings.extend(list(status, "/remote_engines").iter().map(remote_engine));
    findings.push(mail(status));
    findings.push(webhooks(status));
    let floods = number(status, "/floods");
    if floods > 0 {
        findings.push(Finding::wrong(
            "floods",
            format!("{floods} conversations of the last day were put aside: too many from one address waited"),
            "look at them in the console under Conversations, Spam; if your visitors come through a reverse proxy, name it in `trusted_proxies`",
        ));
    }
    let failing = number(status, "/failing_jobs");
    findings.push(if failing == 0 {
        Finding::well("jobs", "no background work is stuck")
    } else {
        let says = format!("{failing} pieces of background work failed and are tried again");
        Finding::wrong(
            "jobs",
            says,
            "look for “job” in the server's log; most often the engine or the disk is the reason",
        )
    });
    findings
}

fn mail(status: &Value) -> Finding {
    let says = text(status, "/mail/in_words");
    if status["mail"]["well"].as_bool().unwrap_or(true) {
        return Finding::well("mail", says);
    }
    Finding::wrong(
        "mail",
        says,
        "see `holdpoint mail list`; nothing is lost: what waits is sent once the server takes it, the rest with `holdpoint mail retry ID`",
    )
}

fn webhooks(status: &Value) -> Finding {
    let says = text(status, "/webhooks/in_words");
    if status["webhooks"]["well"].as_bool().unwrap_or(true) {
        return Finding::well("webhooks", says);
    }
    Finding::wrong(
        "webhooks",
        says,
        "see `holdpoint webhook list` for what each met; once its receiver answers, what waits is delivered by itself, the rest with `holdpoint webhook retry ID`",
    )
}

fn remote_engine(engine: &Value) -> Finding {
    let (name, place) = (text(engine, "/name"), text(engine, "/base_url"));
    let says = format!("the engine {name} ({place}): {}", text(engine, "/in_words"));
    if text(engine, "/state") == "ready" {
        return Finding::well("remote", says);
    }
    Finding::wrong(
        "remote",
        says,
        format!(
            "start that server, or correct or remove {name} in `remote_engines`; until then its models are passed over"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn webhooks_that_keep_failing_are_told_with_what_to_do() {
        let findings = |well: bool| {
            let status = json!({ "webhooks": { "well": well, "in_words": "2 webhooks keep failing" } });
            let findings = from_status(&status, false).into_iter();
            findings
                .filter(|finding| finding.check == "webhooks")
                .collect::<Vec<_>>()
        };
        let [failing] = <[Finding; 1]>::try_from(findings(false)).unwrap();
        assert!(
            !failing.ok && failing.in_words().contains("2 webhooks keep failing"),
            "{failing:?}"
        );
        assert!(failing.remedy.unwrap().contains("holdpoint webhook retry ID"));
        assert!(findings(true).iter().all(|finding| finding.ok));
    }
}
