//! A person in charge: e-mail and what it carries.

use crate::m0001_start::in_dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_override"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let connection = manager.get_connection();
        connection.execute_unprepared(&in_dialect(TABLES, sqlite)).await?;
        Ok(())
    }

    // On SQLite sea-orm runs migrations outside of a transaction unless told otherwise.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const TABLES: &str = r"
CREATE TABLE mails (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    mail_key TEXT NOT NULL,
    to_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT,
    body_html TEXT,
    reply_to TEXT,
    conversation_id {uuid},
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unclear')),
    attempts {int} NOT NULL,
    last_error TEXT,
    created_at {int} NOT NULL,
    next_at {int},
    ended_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, mail_key),
    CHECK ((state = 'queued') = (next_at IS NOT NULL)),
    CHECK ((body_text IS NULL) = (state = 'sent')),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
";
