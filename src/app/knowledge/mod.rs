//! What the AI may answer from.
