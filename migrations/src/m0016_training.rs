//! Whether a visitor agreed that what was said may train a model.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0016_training",
    changes: CHANGES,
};

/// Nobody was asked before.
const CHANGES: &str = r"
ALTER TABLE conversations ADD COLUMN training_consent {bool};
";
