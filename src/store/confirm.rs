//! Was it committed? On PostgreSQL the answer to a COMMIT can be lost with the connection after the server has carried it out.
//! Running the writes again would then do everything twice, so the server is asked what became of the transaction.

use super::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement};
use std::time::Duration;

/// How often and how far apart the server is asked.
const ASK: (u32, Duration) = (40, Duration::from_millis(250));

/// PostgreSQL's name for the transaction under way; none on SQLite, and none while it has written nothing.
pub(super) async fn transaction_name(tx: &DatabaseTransaction) -> Result<Option<String>, StoreError> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let asked = Statement::from_string(
        DbBackend::Postgres,
        "SELECT pg_current_xact_id_if_assigned()::text AS name",
    );
    let row = tx.query_one_raw(asked).await?;
    Ok(row.map(|row| row.try_get("", "name")).transpose()?.flatten())
}

/// Whether a transaction was committed whose COMMIT was answered with an error.
///
/// # Errors
/// [`StoreError::Unsure`] when the server cannot be asked.
pub(super) async fn was_committed(readers: &DatabaseConnection, name: Option<&str>) -> Result<bool, StoreError> {
    // SQLite's answer comes from this very process: an error is a no. And what has written nothing may run again.
    let Some(name) = name else {
        return Ok(false);
    };
    let asked = Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT pg_xact_status($1::text::xid8) AS status",
        [name.into()],
    );
    for _ in 0..ASK.0 {
        let answer = readers.query_one_raw(asked.clone()).await;
        let status = answer.and_then(|row| row.map(|row| row.try_get::<Option<String>>("", "status")).transpose());
        match status {
            Ok(Some(Some(status))) if status == "committed" => return Ok(true),
            Ok(Some(Some(status))) if status == "aborted" => return Ok(false),
            // In progress, or the server is starting again.
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the database cannot be asked yet whether a transaction was committed");
            }
        }
        tokio::time::sleep(ASK.1).await;
    }
    Err(StoreError::Unsure)
}
