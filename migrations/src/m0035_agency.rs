//! Where a person worked last, for those who work for several businesses.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0035_agency",
    changes: CHANGES,
};

const CHANGES: &str = r"
ALTER TABLE members ADD COLUMN used_at {int};
CREATE INDEX members_by_user ON members (user_id);
CREATE INDEX conversations_by_start ON conversations (workspace_id, created_at, id);
CREATE INDEX drafts_written ON drafts (workspace_id, created_at) WHERE mode = 'compose';
CREATE INDEX mails_by_end ON mails (workspace_id, ended_at);
";
