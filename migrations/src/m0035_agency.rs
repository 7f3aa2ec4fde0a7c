//! Where a person worked last, for those who work for several businesses.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0035_agency",
    changes: CHANGES,
};

const CHANGES: &str = r"
ALTER TABLE members ADD COLUMN used_at {int};
CREATE INDEX members_by_user ON members (user_id);
";
