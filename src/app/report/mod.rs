//! Reports: what a week or a month was like, made once, sent once, for people who were not there.

pub mod pdf;
