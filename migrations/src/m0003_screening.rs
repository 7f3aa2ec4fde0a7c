//! What was noticed about a turn is stored with its draft.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_screening"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Drafts made before were not screened: nothing was noticed about them.
        manager
            .get_connection()
            .execute_unprepared("ALTER TABLE drafts ADD COLUMN screening TEXT NOT NULL DEFAULT '{}'")
            .await?;
        Ok(())
    }

    // On SQLite sea-orm runs migrations outside of a transaction unless told otherwise.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
