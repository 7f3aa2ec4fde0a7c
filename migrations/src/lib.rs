//! Holdpoint's database schema, version by version, for SQLite and PostgreSQL.
//!
//! The schema carries the invariants it can: every AI message has its release, every release its basis, an item one
//! final outcome, and a row refers only to rows of its own workspace (foreign keys include the workspace).

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod dialect;
mod m0001_start;
mod m0002_policy;
mod m0003_screening;
mod m0004_team;
mod m0005_override;
mod m0006_duty;
mod m0007_flow;
mod m0008_evidence;
mod m0009_rehearsals;
mod m0010_doubt;
mod m0011_changed;
mod m0014_tuner;
mod m0015_search;
mod m0016_training;
mod m0017_candidates;
mod m0018_intake;
mod m0019_gaps;
mod m0020_corrections;
mod m0021_comparison;
mod m0022_answers;
mod m0023_agents;
mod m0024_import_runs;
mod m0025_actions;
mod m0026_corrected;
mod m0027_webhooks;
mod m0028_programs;
mod m0029_act;
mod m0030_insights;
mod m0031_engage;
mod m0032_topics;
mod m0033_reports;
mod m0035_agency;

/// All migrations in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_start::Migration),
            Box::new(m0002_policy::Migration),
            Box::new(m0003_screening::Migration),
            Box::new(m0004_team::MIGRATION),
            Box::new(m0005_override::MIGRATION),
            Box::new(m0006_duty::MIGRATION),
            Box::new(m0007_flow::MIGRATION),
            Box::new(m0008_evidence::MIGRATION),
            Box::new(m0009_rehearsals::MIGRATION),
            Box::new(m0010_doubt::MIGRATION),
            Box::new(m0011_changed::MIGRATION),
            Box::new(m0014_tuner::MIGRATION),
            Box::new(m0015_search::MIGRATION),
            Box::new(m0016_training::MIGRATION),
            Box::new(m0017_candidates::MIGRATION),
            Box::new(m0018_intake::MIGRATION),
            Box::new(m0019_gaps::MIGRATION),
            Box::new(m0020_corrections::MIGRATION),
            Box::new(m0021_comparison::MIGRATION),
            Box::new(m0022_answers::Migration),
            Box::new(m0023_agents::MIGRATION),
            Box::new(m0024_import_runs::MIGRATION),
            Box::new(m0025_actions::MIGRATION),
            Box::new(m0026_corrected::MIGRATION),
            Box::new(m0027_webhooks::MIGRATION),
            Box::new(m0028_programs::MIGRATION),
            Box::new(m0029_act::MIGRATION),
            Box::new(m0030_insights::MIGRATION),
            Box::new(m0031_engage::MIGRATION),
            Box::new(m0032_topics::MIGRATION),
            Box::new(m0033_reports::MIGRATION),
            Box::new(m0035_agency::MIGRATION),
        ]
    }
}
