//! The command line. Every command asks the API, over the running server's socket or in-process; none decides anything.
//!
//! Raw flags are turned once into the `Context` (settings, shape of the output, workspace); the commands see nothing else.

mod action;
mod admin;
mod agent;
mod analyse;
mod api;
mod assemble;
mod bench;
mod changes;
mod checks;
mod config;
mod context;
mod conversations;
mod demo;
mod doctor;
mod engine;
mod exit;
mod export;
mod flags;
mod fresh;
mod gate;
mod goal;
mod improve;
mod init;
mod kb;
mod lead;
mod log;
mod mail;
mod mailer;
mod mcp;
mod model;
mod model_check;
mod output;
mod policy;
mod queue;
mod rehearse;
mod remote;
mod replay;
mod replies;
mod report;
mod sample;
mod serve;
mod server;
mod share;
mod show;
mod simulate;
mod team;
mod tool;
mod tune;
mod tune_eval;
mod webhook;

use crate::outbound::documents;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use context::Context;
use exit::{Code, Failure};
use std::process::ExitCode;

/// Puts AI in front of a small business's customers and keeps people in charge of it.
#[derive(Debug, Parser)]
#[command(name = "holdpoint", version, arg_required_else_help = true, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 not found, 4 somebody or something was \
                        first, 5 not available right now, 6 not allowed, 7 findings (doctor, log verify, policy check, simulate)."
)]
struct Cli {
    #[command(flatten)]
    common: flags::Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server; it runs until it is told to stop (Ctrl-C, SIGTERM)
    Serve(serve::Serve),
    /// Set up a workspace, its agent and the link for its first owner
    Init(init::Init),
    /// Load the demo shop, start the server and print where to look
    Demo(demo::Demo),
    /// Look for what is wrong with this machine and this set-up, and say what to do about it
    Doctor(doctor::Doctor),
    /// Workspaces, members, tokens and set-up links
    #[command(subcommand)]
    Admin(admin::Admin),
    /// The knowledge that answers come from
    #[command(subcommand)]
    Kb(kb::Kb),
    /// Learn a ranking from this workspace's verdicts, as a candidate
    Tune(tune::Tune),
    /// What visitors asked and the AI could not answer, and what is proposed for it
    Improve(improve::Improve),
    /// Weekly digests and monthly reports: make, preview and send them
    #[command(subcommand)]
    Report(report::Report),
    /// The AI personas: their settings and versions
    Agent(agent::Agent),
    /// The models of this machine
    #[command(subcommand)]
    Model(model::Model),
    /// The owner's rules about what is sent, held, handed off or refused
    Policy(policy::Policy),
    /// How far answers go out without a person
    Gate(gate::Gate),
    /// What was drawn to be checked, and what it says
    Sample(sample::Sample),
    /// Measure how well conversations are understood, on data whose truth is known
    #[command(subcommand)]
    Analyse(analyse::Analyse),
    /// What waits for a person
    Queue(queue::Queue),
    /// Conversations with visitors
    Conversations(conversations::Conversations),
    /// What was proposed to be done, by the AI, a colleague or somebody's agent
    Action(action::Action),
    /// What may be proposed to be done, and the secrets for it
    #[command(subcommand)]
    Tool(tool::Tool),
    /// What visitors are to reach, and what they reached
    #[command(subcommand)]
    Goal(goal::Goal),
    /// People to be called back
    #[command(subcommand)]
    Lead(lead::Lead),
    /// E-mails that were or are to be sent
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Webhooks that were or are to be delivered
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// The tools of the Model Context Protocol over standard input and output, for an agent of yours
    Mcp(mcp::Mcp),
    /// The workspace's log of everything that happened
    #[command(subcommand)]
    Log(log::Log),
    /// Take what people decided out as files to train a model with
    Export(export::Export),
    /// Draft what the AI would have answered to chats and e-mails of the past, to be judged before going live
    Rehearse(rehearse::Rehearse),
    /// Live through past answers with human verdicts, and see what certificates and statements would have been worth
    Replay(replay::Replay),
    /// Play the statistics through where the truth is known: do they keep what they promise?
    Simulate(simulate::Simulate),
    /// Measure this machine
    #[command(subcommand)]
    Bench(bench::Bench),
    /// The settings in force
    #[command(subcommand)]
    Config(config::Config),
}

/// Runs the program with this process's arguments.
pub fn main() -> ExitCode {
    // Whatever this process makes, the database and its log among it, belongs to its user alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments: Vec<_> = std::env::args_os().collect();
    // The engine child has a command line of its own: it must not read settings, the server tells it everything.
    if arguments.get(1).is_some_and(|word| word == "engine") {
        return engine::main(arguments.into_iter().skip(1));
    }
    // Nor must the child that reads documents of strangers.
    if arguments.get(1).is_some_and(|word| word == documents::READ_PDF) {
        return documents::main();
    }
    let parsed = Cli::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { common, command } = match parsed {
        Ok(cli) => cli,
        Err(message) => return exit::usage(&message),
    };
    let wants_json = common.json;
    match with_runtime(async { Box::pin(run(Context::new(common)?, command)).await }) {
        Ok(()) => Code::Ok.into(),
        Err(failure) => failure.tell(wants_json),
    }
}

async fn run(context: Context, command: Command) -> Result<(), Failure> {
    context.start_logging(matches!(command, Command::Serve(_)));
    match command {
        Command::Serve(serve) => serve.run(&context).await,
        Command::Init(init) => init.run(&context).await,
        Command::Demo(demo) => demo.run(context).await,
        Command::Doctor(doctor) => doctor.run(&context).await,
        Command::Admin(admin) => admin.run(&context).await,
        Command::Kb(kb) => kb.run(context).await,
        Command::Agent(agent) => agent.run(context).await,
        Command::Model(model) => model.run(context).await,
        Command::Policy(policy) => policy.run(context).await,
        Command::Gate(gate) => gate.run(context).await,
        Command::Tune(tune) => tune.run(context).await,
        Command::Improve(improve) => improve.run(context).await,
        Command::Report(report) => report.run(&context).await,
        Command::Sample(sample) => sample.run(context).await,
        Command::Analyse(analyse) => analyse.run(context).await,
        Command::Queue(queue) => queue.run(context).await,
        Command::Conversations(conversations) => conversations.run(context).await,
        Command::Action(action) => action.run(context).await,
        Command::Tool(tool) => tool.run(&context).await,
        Command::Goal(goal) => goal.run(&context).await,
        Command::Lead(lead) => lead.run(&context).await,
        Command::Mail(mail) => mail.run(&context).await,
        Command::Webhook(webhook) => webhook.run(&context).await,
        Command::Mcp(mcp) => mcp.run(&context).await,
        Command::Log(log) => log.run(&context).await,
        Command::Export(export) => export.run(&context).await,
        Command::Rehearse(rehearse) => rehearse.run(&context).await,
        Command::Replay(replay) => replay.run(&context),
        Command::Simulate(simulate) => simulate.run(&context).await,
        Command::Bench(bench) => bench.run(&context).await,
        Command::Config(config) => config.run(&context),
    }
}

fn with_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::failed(format!(
                "this machine gives Holdpoint no threads to work with ({error})"
            ))
        })?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_contradict_one_another_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        fn check(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} says nothing about itself");
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{path} does not explain {}",
                    argument.get_id()
                );
            }
            for inner in command.get_subcommands() {
                check(inner, &format!("{path} {}", inner.get_name()));
            }
        }
        check(&Cli::command(), "holdpoint");
    }
}
