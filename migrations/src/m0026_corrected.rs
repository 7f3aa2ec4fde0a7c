//! What an import left of a document, so that a later one can tell what was corrected since.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0026_corrected",
    changes: CHANGES,
};

/// Of what is there already it is taken that nobody has corrected it: nothing says otherwise.
const CHANGES: &str = r"
ALTER TABLE documents ADD COLUMN imported_hash {bytes};
UPDATE documents SET imported_hash = content_hash WHERE removed_at IS NULL;
";
