//! Who published a version of an agent, and whether anything was drafted under one.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0023_agents",
    changes: CHANGES,
};

/// Written as the log writes it: `member:ID` or `admin`. Nobody noted it before.
const CHANGES: &str = r"
ALTER TABLE agent_versions ADD COLUMN publisher TEXT;
CREATE INDEX drafts_by_agent_version ON drafts (agent_version_id);
";
