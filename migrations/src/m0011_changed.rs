//! Whoever tests a certificate counts the drafts whose answer is another one today, while others wait to write. And held drafts that are decided
//! about without a verdict are asked about more often in the half with the smaller risks, which a certificate reaches first.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0011_changed",
    changes: CHANGES,
};

/// Months of an older version ask evenly.
const CHANGES: &str = r"
CREATE INDEX evidence_changed ON evidence (workspace_id) WHERE is_changed;
ALTER TABLE sampling_months ADD COLUMN requeue_far {real} CHECK (requeue_far BETWEEN 0 AND 1);
ALTER TABLE sampling_months ADD COLUMN requeue_middle {real};
UPDATE evidence SET band = 0, probability = (
    SELECT requeue_probability FROM sampling_months
    WHERE sampling_months.workspace_id = evidence.workspace_id AND sampling_months.month = evidence.month
) WHERE NOT is_sent;
";
