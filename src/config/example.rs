//! The example configuration file, made from the table of settings.

use super::{FILE_NAME, KEYS, Key};
use std::fmt::Write;

/// A configuration file with every setting, explained and commented out.
pub fn example() -> String {
    let mut text = format!(
        "# Settings of Holdpoint. Copy this file to {FILE_NAME} in the data directory and take the `#` off what you change.\n\
         # A flag (--data-dir) wins over an environment variable (HOLDPOINT_DATA_DIR), and this over the file.\n\
         # `holdpoint config check` tells whether the file is right, `holdpoint config show --origins` what is in force.\n"
    );
    for key in &KEYS {
        entry(&mut text, key);
    }
    text
}

fn entry(text: &mut String, key: &Key) {
    text.push('\n');
    for line in wrapped(key.help, 110) {
        line_of(text, format_args!("# {line}"));
    }
    if key.name == "data_dir" {
        line_of(
            text,
            format_args!("# Only in a file outside of it, named with --config."),
        );
    }
    let default = if key.default.is_empty() { "none" } else { key.default };
    line_of(text, format_args!("# Default: {default}"));
    let quote = if key.is_number { "" } else { "\"" };
    line_of(text, format_args!("#{} = {quote}{}{quote}", key.name, key.example));
}

fn line_of(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _written = writeln!(text, "{line}");
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
