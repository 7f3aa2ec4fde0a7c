//! What gives an attempt away by its letters alone: markup of prompts, program code, names at the beginning of a line.

use super::rules::Trick::{self, Code, Posing};

/// Signs that stand in the text itself, lower-cased: markup of prompts, and of pages that carry a program.
pub(super) const SIGNS: &[(Trick, f64, &str)] = &[
    (Posing, 0.8, "<|im_start|>"),
    (Posing, 0.8, "<|im_end|>"),
    (Posing, 0.8, "<|system|>"),
    (Posing, 0.7, "<|endoftext|>"),
    (Posing, 0.7, "<|eot_id|>"),
    (Posing, 0.7, "<|start_header_id|>"),
    (Posing, 0.7, "[inst]"),
    (Posing, 0.7, "[/inst]"),
    (Posing, 0.7, "<<sys>>"),
    (Posing, 0.65, "[system]"),
    (Posing, 0.65, "[system "),
    (Posing, 0.65, "<system>"),
    (Posing, 0.65, "</system>"),
    (Posing, 0.6, "### system"),
    (Posing, 0.6, "###system"),
    (Posing, 0.6, "### instruction"),
    (Posing, 0.5, "### end of"),
    (Posing, 0.5, "</context>"),
    (Posing, 0.5, "</document>"),
    (Posing, 0.5, "</user>"),
    (Posing, 0.4, "<thinking>"),
    (Posing, 0.4, "<scratchpad>"),
    (Code, 0.7, "<script"),
    (Code, 0.7, "javascript:"),
    (Code, 0.6, "onerror="),
    (Code, 0.6, "onload="),
    (Code, 0.6, "onmouseleave="),
    (Code, 0.6, "onmouseover="),
    (Code, 0.6, "data:text/html"),
    (Code, 0.6, "alert(1)"),
    (Code, 0.6, "document.cookie"),
    (Code, 0.6, "' or 1=1"),
    (Code, 0.6, "' or '1'='1"),
    (Code, 0.6, "';shutdown"),
    (Code, 0.6, "/etc/passwd"),
    (Code, 0.5, "rm -rf"),
    (Code, 0.5, "exec("),
    (Code, 0.5, "sleep("),
];

/// Names with a colon that begin a line of somebody who poses as a part of the machine.
pub(super) const POSING_LINES: &[(&str, f64)] = &[
    ("system:", 0.45),
    ("assistant:", 0.5),
    ("developer:", 0.45),
    ("system message:", 0.6),
    ("system prompt:", 0.6),
    ("override:", 0.4),
    ("sistema:", 0.4),
];
