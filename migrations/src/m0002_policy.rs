//! Policies of the owner's, and what a decision rested on.

use crate::dialect;
use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_policy"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::execute(manager, TABLES).await?;
        dialect::execute_one_of(manager, STAY_SQLITE, STAY_POSTGRES).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

// Decisions of before name no version: what is built in decided alone.
const TABLES: &str = r"
CREATE TABLE policy_versions (
    workspace_id {uuid} NOT NULL,
    agent_id {uuid} NOT NULL,
    number {int} NOT NULL CHECK (number >= 1),
    document TEXT NOT NULL,
    member_id {uuid},
    created_at {int} NOT NULL,
    PRIMARY KEY (agent_id, number),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};

ALTER TABLE decisions ADD COLUMN rules TEXT NOT NULL DEFAULT '[]';
ALTER TABLE decisions ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE decisions ADD COLUMN confidence {real};
ALTER TABLE decisions ADD COLUMN facts TEXT;
UPDATE decisions SET policy_version = 0;
";

// What the other columns refer to is the foreign keys' to watch.
const STAY_SQLITE: &str = r"
CREATE TRIGGER policy_versions_stay BEFORE UPDATE OF number, document, created_at ON policy_versions BEGIN
    SELECT RAISE(ABORT, 'a version of a policy never changes');
END;
";

const STAY_POSTGRES: &str = r"
CREATE OR REPLACE FUNCTION policy_versions_stay() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'a version of a policy never changes'; END $$;
CREATE TRIGGER policy_versions_stay BEFORE UPDATE OF number, document, created_at ON policy_versions
    FOR EACH ROW EXECUTE FUNCTION policy_versions_stay();
";
