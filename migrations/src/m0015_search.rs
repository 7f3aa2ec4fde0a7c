//! Every entry of the knowledge is ranked by one vector; those of all entries are read in one go.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0015_search",
    changes: CHANGES,
};

/// Nobody reads the vectors of parts but by their owners: an index over all of a workspace would only lead astray.
///
/// A vector is never changed: a new one has a higher number, so that whoever has read up to a number reads on from there. Vectors of an older version are made
/// anew, in the background.
const CHANGES: &str = r"
CREATE TABLE ranking_vectors (
    number {serial} PRIMARY KEY {once},
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    owner_id {uuid} NOT NULL,
    embedder TEXT NOT NULL,
    collection TEXT,
    content_hash {bytes} NOT NULL,
    vector {bytes} NOT NULL
) {strict};
CREATE UNIQUE INDEX ranking_vectors_by_owner ON ranking_vectors (workspace_id, owner_id, embedder);
CREATE INDEX ranking_vectors_in_order ON ranking_vectors (workspace_id, embedder, number);
DROP INDEX vectors_by_workspace;
DELETE FROM vectors;
";
