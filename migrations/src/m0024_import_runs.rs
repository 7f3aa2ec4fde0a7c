//! Which run of an import brought a candidate, and the next of its changes without reading all of them.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0024_import_runs",
    changes: CHANGES,
};

const CHANGES: &str = r"
ALTER TABLE candidates ADD COLUMN import_run TEXT;
CREATE INDEX candidates_of_run ON candidates (workspace_id, import_run, number);
CREATE INDEX candidates_published ON candidates (workspace_id, published_at);
CREATE INDEX candidate_changes_next ON candidate_changes (workspace_id, candidate_id, is_live, place);
";
