//! Documents of a kind that can be made to hurt whoever reads them (PDF), read in a child process with limits.
//!
//! The child is this program (`holdpoint read-pdf`): the document on standard input, its pages as JSON in the last line of
//! standard output. It limits its memory, its processor time and its files itself before it reads a byte; the parent limits how
//! long it may take and how much it may say. Whatever the document makes of the child, the server only hears that it
//! cannot be read.

mod child;

pub use child::main;

use serde::{Deserialize, Serialize};
use std::env;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

/// The word that makes this program read a PDF and nothing else.
pub const READ_PDF: &str = "read-pdf";
/// Largest document, in bytes.
const MOST_BYTES: usize = 20 << 20;
/// Most text that a document may hold, in bytes of JSON.
const MOST_OUTPUT: u64 = 32 << 20;
/// How long a child may take, beyond the processor time it has.
const LIMIT: Duration = Duration::from_secs(90);
/// Children at once.
const AT_ONCE: usize = 2;

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Pages(Vec<String>),
    Error(String),
}

/// Why a document was not read; each message is the end of the sentence "this PDF cannot be read: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this PDF cannot be read: {why}")]
pub struct DocumentError {
    why: String,
}

impl DocumentError {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

/// Reads documents.
#[derive(Debug)]
pub struct DocumentReader {
    program: Option<PathBuf>,
    arguments: Vec<String>,
    limit: Duration,
    places: Semaphore,
}

impl Default for DocumentReader {
    fn default() -> Self {
        Self {
            program: None,
            arguments: vec![READ_PDF.to_owned()],
            limit: LIMIT,
            places: Semaphore::new(AT_ONCE),
        }
    }
}

impl DocumentReader {
    /// Through another program than the one that runs, given as the path of its file.
    #[must_use]
    pub fn through(program: impl Into<PathBuf>) -> Self {
        Self {
            program: Some(program.into()),
            ..Self::default()
        }
    }

    /// The text of each page of a PDF, in order.
    ///
    /// # Errors
    /// [`DocumentError`], whatever the matter is.
    pub async fn read_pdf(&self, pdf: Vec<u8>) -> Result<Vec<String>, DocumentError> {
        if pdf.len() > MOST_BYTES {
            let (mb, most) = (pdf.len().div_ceil(1 << 20), MOST_BYTES >> 20);
            let why = format!("it has {mb} MB, but at most {most} MB are read at once; split it");
            return Err(DocumentError::new(why));
        }
        // The signature may stand behind a few other bytes.
        if !pdf
            .get(..pdf.len().min(1_024))
            .unwrap_or_default()
            .windows(5)
            .any(|bytes| bytes == b"%PDF-")
        {
            return Err(DocumentError::new(
                "it is no PDF, or only the end of one; save it as a PDF anew",
            ));
        }
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|closed| DocumentError::new(closed.to_string()))?;
        let child = self.start().map_err(|error| {
            DocumentError::new(format!(
                "its reader cannot be started ({error}); try it again, and restart Holdpoint if it stays so"
            ))
        })?;
        match tokio::time::timeout(self.limit, hear(child, pdf)).await {
            Ok(heard) => heard,
            // The child is killed as it is dropped.
            Err(_elapsed) => Err(DocumentError::new(format!(
                "it took longer than {} s; split it, or save its text as a text file",
                self.limit.as_secs()
            ))),
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => env::current_exe()?,
        };
        Command::new(program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

async fn hear(mut child: Child, pdf: Vec<u8>) -> Result<Vec<String>, DocumentError> {
    let broken = |error: std::io::Error| DocumentError::new(format!("its reader broke off ({error}); try it again"));
    let stdin = child.stdin.take();
    let tell = async move {
        if let Some(mut stdin) = stdin {
            // A child that has seen enough hears no more; its answer tells why.
            let _told = stdin.write_all(&pdf).await;
        }
    };
    let stdout = child.stdout.take();
    let listen = async move {
        let mut heard = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MOST_OUTPUT + 1).read_to_end(&mut heard).await?;
        }
        Ok::<_, std::io::Error>(heard)
    };
    let ((), heard) = tokio::join!(tell, listen);
    let heard = heard.map_err(broken)?;
    if heard.len() as u64 > MOST_OUTPUT {
        return Err(DocumentError::new(
            "it unfolds into far more text than a document has; save what is needed of it as a text file",
        ));
    }
    let status = child.wait().await.map_err(broken)?;
    let last = heard
        .trim_ascii_end()
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    match serde_json::from_slice(last) {
        Ok(Said::Pages(pages)) if status.success() => Ok(pages),
        Ok(Said::Error(why)) => Err(DocumentError::new(why)),
        _ => Err(DocumentError::new(how_it_ended(status))),
    }
}

fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        // SIGXCPU, and SIGKILL for one that does not listen.
        Some(24 | 9) => "it takes more time than a PDF may; split it, or save its text as a text file".to_owned(),
        Some(_) => {
            "it needs more memory than a PDF may, or it is damaged; save it as a PDF anew, or split it".to_owned()
        }
        None => "it is damaged; save it as a PDF anew".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// What is heard of a child that does this instead of reading.
    async fn heard(script: &str) -> Result<Vec<String>, String> {
        let reader = DocumentReader {
            arguments: vec!["-c".to_owned(), script.to_owned()],
            limit: Duration::from_secs(5),
            ..DocumentReader::through("/bin/sh")
        };
        reader
            .read_pdf(b"%PDF-1.4".to_vec())
            .await
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn whatever_becomes_of_the_child_is_told_in_words() {
        let begun = Instant::now();
        let cases = [
            (
                "echo noise; echo '{\"error\":\"it is locked\"}'; exit 1",
                "it is locked",
            ),
            (
                "exec /bin/sleep 100",
                "it took longer than 5 s; split it, or save its text as a text file",
            ),
            (
                "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done",
                "it took longer than 5 s; split it, or save its text as a text file",
            ),
            (
                "/bin/cat /dev/zero",
                "it unfolds into far more text than a document has; save what is needed of it as a text file",
            ),
            (
                "kill -XCPU $$",
                "it takes more time than a PDF may; split it, or save its text as a text file",
            ),
            (
                "kill -ABRT $$",
                "it needs more memory than a PDF may, or it is damaged; save it as a PDF anew, or split it",
            ),
            ("exit 101", "it is damaged; save it as a PDF anew"),
            (
                "echo '{\"pages\":[\"a\"]}'; exit 1",
                "it is damaged; save it as a PDF anew",
            ),
        ];
        for (script, why) in cases {
            let told = heard(script).await.unwrap_err();
            let ends_so = told == format!("this PDF cannot be read: {why}");
            // How fast the shell is says which of the two limits it meets.
            assert!(
                ends_so || (script.starts_with("while") && told.contains("far more text")),
                "{script}: {told}"
            );
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
        assert_eq!(
            heard("echo; echo '{\"pages\":[\"a\"]}'").await,
            Ok(vec!["a".to_owned()])
        );
        let reader = DocumentReader::default();
        assert!(reader.read_pdf(vec![b'%'; MOST_BYTES + 1]).await.is_err());
        assert!(reader.read_pdf(b"no PDF".to_vec()).await.is_err());
    }
}
