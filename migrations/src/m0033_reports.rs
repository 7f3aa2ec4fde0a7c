//! Reports as they were made, the links that show one of them, and the logo at their head.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0033_reports",
    changes: CHANGES,
};

/// A period has one report of a kind: whoever makes it twice finds the first.
const CHANGES: &str = r"
CREATE TABLE reports (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL CHECK (kind IN ('digest', 'month')),
    from_day TEXT NOT NULL CHECK (length(from_day) = 10),
    to_day TEXT NOT NULL CHECK (length(to_day) = 10),
    report TEXT NOT NULL,
    made_at {int} NOT NULL,
    sent_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, kind, from_day)
) {strict};

CREATE TABLE report_links (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    report_id {uuid} NOT NULL,
    token_hash {bytes} NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    recipient TEXT,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    revoked_at {int},
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, report_id) REFERENCES reports (workspace_id, id)
) {strict};
CREATE INDEX report_links_of_report ON report_links (workspace_id, report_id);

CREATE TABLE report_logos (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    kind TEXT NOT NULL CHECK (kind IN ('png', 'jpeg', 'svg')),
    content {bytes} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
";
