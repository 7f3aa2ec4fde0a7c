//! One text for both databases; the type names that differ stand in braces.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Each name, in SQLite and in PostgreSQL.
const NAMES: [(&str, &str, &str); 10] = [
    // The full-text index refers to rows by a number that must survive a VACUUM.
    ("{serial}", "INTEGER", "BIGINT GENERATED ALWAYS AS IDENTITY"),
    // Behind a primary key of that kind: a number is given once, even if its row is gone. PostgreSQL does so anyway.
    ("{once}", "AUTOINCREMENT", ""),
    ("{uuid}", "BLOB", "UUID"),
    ("{int}", "INTEGER", "BIGINT"),
    ("{real}", "REAL", "DOUBLE PRECISION"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{true}", "1", "TRUE"),
    ("{strict}", "STRICT", ""),
    // Tables of many small rows that are read in the order of their key.
    ("{by_key}", "STRICT, WITHOUT ROWID", ""),
];

/// Executes statements with the names above.
pub(crate) async fn execute(manager: &SchemaManager<'_>, statements: &str) -> Result<(), DbErr> {
    let named = |sqlite: bool| {
        NAMES.iter().fold(statements.to_owned(), |sql, (name, lite, postgres)| {
            sql.replace(name, if sqlite { lite } else { postgres })
        })
    };
    execute_one_of(manager, &named(true), &named(false)).await
}

/// Executes what each database has to be told in its own way.
pub(crate) async fn execute_one_of(manager: &SchemaManager<'_>, sqlite: &str, postgres: &str) -> Result<(), DbErr> {
    let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
    let statements = if is_sqlite { sqlite } else { postgres };
    manager.get_connection().execute_unprepared(statements).await?;
    Ok(())
}

/// A migration that is nothing but statements, the same ones for both databases.
#[derive(Debug)]
pub(crate) struct Statements {
    /// As it is remembered in the database.
    pub(crate) name: &'static str,
    /// With placeholders for what the databases call differently.
    pub(crate) changes: &'static str,
}

impl MigrationName for Statements {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Statements {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, self.changes).await
    }

    // On SQLite sea-orm runs migrations outside of a transaction unless told otherwise.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
