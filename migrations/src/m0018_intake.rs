//! What is known about a document besides its text: its language, who looks after it, and until when it is true.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0018_intake",
    changes: CHANGES,
};

/// The language of what is there already is found out when it is imported again.
const CHANGES: &str = r"
ALTER TABLE documents ADD COLUMN language TEXT;
ALTER TABLE documents ADD COLUMN owner TEXT;
ALTER TABLE documents ADD COLUMN expires_at {int};
CREATE INDEX documents_expiring ON documents (workspace_id, expires_at) WHERE expires_at IS NOT NULL;
";
