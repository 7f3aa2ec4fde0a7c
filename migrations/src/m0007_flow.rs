//! By when whoever owns a conversation has to have answered.

use crate::dialect;
use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_flow"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::execute(manager, CHANGES).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const CHANGES: &str = r"
ALTER TABLE conversations ADD COLUMN answer_due_at {int};
";
