//! The child: it limits itself, reads one document and ends.

use super::{MOST_BYTES, Said};
use pdf_extract::{Document, PlainTextOutput, output_doc_page};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{self, Read, Write};
use std::panic;
use std::process::ExitCode;

/// Memory, in bytes; the program itself is part of it.
const MEMORY: u64 = 1 << 30;
/// Processor time, in seconds.
const SECONDS: u64 = 45;
/// Pages that are read.
const MOST_PAGES: usize = 3_000;
/// Text that is read, in bytes.
const MOST_TEXT: usize = 16 << 20;

/// Reads a PDF from standard input and writes its pages to standard output.
pub fn main() -> ExitCode {
    // What a damaged document makes of its reader is no news.
    panic::set_hook(Box::new(|_| {}));
    let said = limit().and_then(|()| read()).unwrap_or_else(Said::Error);
    let is_read = matches!(said, Said::Pages(_));
    let Ok(mut line) = serde_json::to_vec(&said) else {
        return ExitCode::FAILURE;
    };
    line.insert(0, b'\n');
    let written = io::stdout().write_all(&line).is_ok();
    if is_read && written {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn limit() -> Result<(), String> {
    let limits = [
        (Resource::As, MEMORY),
        (Resource::Cpu, SECONDS),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, 16),
    ];
    for (resource, most) in limits {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(|error| {
            format!("its reader cannot be limited ({error}); try it again, and restart Holdpoint if it stays so")
        })?;
    }
    Ok(())
}

fn read() -> Result<Said, String> {
    let mut pdf = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut pdf)
        .map_err(|error| format!("it broke off ({error}); try it again"))?;
    let mut document =
        Document::load_mem(&pdf).map_err(|error| format!("it is damaged ({error}); save it as a PDF anew"))?;
    drop(pdf);
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err("it is locked with a password; save it without one".to_owned());
    }
    let numbers: Vec<u32> = document.get_pages().into_keys().collect();
    if numbers.len() > MOST_PAGES {
        let pages = numbers.len();
        return Err(format!(
            "it has {pages} pages, but at most {MOST_PAGES} are read at once; split it"
        ));
    }
    let (mut pages, mut length, mut unread) = (Vec::new(), 0, 0);
    for number in numbers {
        // One page that cannot be read is no reason to leave the others.
        let page = panic::catch_unwind(panic::AssertUnwindSafe(|| page(&document, number)));
        let text = page.ok().flatten().unwrap_or_else(|| {
            unread += 1;
            String::new()
        });
        length += text.len();
        if length > MOST_TEXT {
            return Err(
                "it unfolds into far more text than a document has; save what is needed of it as a text file"
                    .to_owned(),
            );
        }
        pages.push(text);
    }
    if unread == pages.len() {
        return Err("it is damaged: not one of its pages can be read; save it as a PDF anew".to_owned());
    }
    Ok(Said::Pages(pages))
}

fn page(document: &Document, number: u32) -> Option<String> {
    let mut text = String::new();
    let mut output = PlainTextOutput::new(&mut text);
    output_doc_page(document, &mut output, number).ok()?;
    Some(text)
}
