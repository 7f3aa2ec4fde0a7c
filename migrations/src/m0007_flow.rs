//! By when whoever owns a conversation has to have answered.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0007_flow",
    changes: CHANGES,
};

const CHANGES: &str = r"
ALTER TABLE conversations ADD COLUMN answer_due_at {int};
";
