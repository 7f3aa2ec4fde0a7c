//! `holdpoint export`: takes what people decided out as files to train a model with.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::show::{list, number, text};
use crate::web::cell;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why decisions are no examples, and what is said of it.
const LEFT_OUT: [(&str, &str); 5] = [
    ("not_agreed", "the visitor has not agreed"),
    ("checked", "looked at as a check, too"),
    ("unjudged", "judged by nobody"),
    ("no_question", "spam, or nothing was asked"),
    ("no_pair", "nobody preferred one answer to another"),
];

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// What to write
    #[arg(value_enum)]
    format: Format,
    /// The folder to write into; it must not exist yet, or be empty
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Conversations with the answer that was good, as chat messages
    Chat,
    /// Pairs of a good and a bad answer, as TRL reads them
    Dpo,
    /// The same as `input`, `preferred_output` and `non_preferred_output`
    DpoOpenai,
    /// A table of questions and answers, for people
    Csv,
}

impl Format {
    const fn code(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Dpo => "dpo",
            Self::DpoOpenai => "dpo-openai",
            Self::Csv => "csv",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Chat | Self::Dpo | Self::DpoOpenai => "jsonl",
        }
    }
}

impl Export {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        Client::asked(context, Needs::Database, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let mut files = Files::new(&self.out, self.format)?;
        let mut left_out: BTreeMap<&str, i64> = BTreeMap::new();
        let mut after = Value::Null;
        let bar = output::waiting("Exporting");
        loop {
            let wish = json!({ "format": self.format.code(), "after": after });
            let page = client.post("/api/v1/training/export", &wish).await?;
            for item in list(&page, "/items") {
                files.write(item)?;
            }
            for (name, _) in LEFT_OUT {
                *left_out.entry(name).or_default() += number(&page, &format!("/left_out/{name}"));
            }
            after = page["next"].clone();
            if after.is_null() {
                break;
            }
        }
        bar.finish_and_clear();
        let manifest = files.finish(self.format, &left_out)?;
        context.answer(&manifest, |manifest| told(manifest, &self.out))
    }
}

fn told(manifest: &Value, folder: &Path) -> String {
    let written = list(manifest, "/files").iter().filter(|file| !file["rows"].is_null());
    let written: Vec<String> = written
        .map(|file| format!("{} {}", number(file, "/rows"), text(file, "/name")))
        .collect();
    let left_out = LEFT_OUT.iter().filter_map(|(name, why)| {
        let count = number(manifest, &format!("/left_out/{name}"));
        (count > 0).then(|| format!("\n{count} left out: {why}."))
    });
    let rows = match written.as_slice() {
        [] => "no row yet".to_owned(),
        written => format!("rows {}", written.join(", ")),
    };
    let (folder, left_out) = (folder.display(), left_out.collect::<String>());
    format!("Written to {folder}: {rows}.{left_out}")
}

/// The files of an export while they are written.
struct Files {
    folder: PathBuf,
    extension: &'static str,
    splits: BTreeMap<String, Split>,
    provenance: Hashed,
}

struct Split {
    file: Hashed,
    rows: u64,
}

impl Files {
    fn new(folder: &Path, format: Format) -> Result<Self, Failure> {
        let refused = |why: String| Failure::failed(format!("{} cannot be written into ({why})", folder.display()));
        fs::create_dir_all(folder).map_err(|error| refused(error.to_string()))?;
        let mut inside = fs::read_dir(folder).map_err(|error| refused(error.to_string()))?;
        if inside.next().is_some() {
            return Err(refused("it is not empty; name a new folder".to_owned()));
        }
        let mut splits = BTreeMap::new();
        for name in ["train", "validation"] {
            let mut file = Hashed::create(folder, format!("{name}.{}", format.extension()))?;
            if matches!(format, Format::Csv) {
                file.line(&csv_line(COLUMNS.iter().map(|name| (*name).to_owned()))?)?;
            }
            splits.insert(name.to_owned(), Split { file, rows: 0 });
        }
        Ok(Self {
            folder: folder.to_owned(),
            extension: format.extension(),
            splits,
            provenance: Hashed::create(folder, "provenance.jsonl".to_owned())?,
        })
    }

    fn write(&mut self, item: &Value) -> Result<(), Failure> {
        let (row, name) = (&item["row"], text(item, "/split"));
        let Some(split) = self.splits.get_mut(name) else {
            return Err(Failure::failed(format!(
                "the server names an unknown part {name:?}; is it of this version?"
            )));
        };
        let line = if self.extension == "csv" {
            csv_line(COLUMNS.iter().map(|column| cell(&row[*column])))?
        } else {
            row.to_string() + "\n"
        };
        split.file.line(&line)?;
        split.rows += 1;
        let mut provenance = item["provenance"].as_object().cloned().unwrap_or_else(Map::new);
        provenance.insert("file".to_owned(), json!(split.file.name));
        provenance.insert("row".to_owned(), json!(split.rows));
        provenance.insert(
            "sha256".to_owned(),
            json!(hex(&Sha256::digest(line.trim_end_matches('\n')))),
        );
        self.provenance.line(&(Value::Object(provenance).to_string() + "\n"))
    }

    /// Writes the manifest, which tells whether anything was changed afterwards.
    fn finish(self, format: Format, left_out: &BTreeMap<&str, i64>) -> Result<Value, Failure> {
        let mut files = Vec::new();
        for split in self.splits.into_values() {
            let rows = split.rows;
            if rows == 0 {
                // Libraries refuse a file without rows, and all the others with it.
                let path = self.folder.join(&split.file.name);
                drop(split.file);
                let refused = |error| Failure::failed(format!("{} cannot be removed ({error})", path.display()));
                fs::remove_file(&path).map_err(refused)?;
                continue;
            }
            files.push(json!({ "name": split.file.name.clone(), "rows": rows, "sha256": split.file.finish()? }));
        }
        let name = self.provenance.name.clone();
        files.push(json!({ "name": name, "rows": null, "sha256": self.provenance.finish()? }));
        let manifest = json!({
            "format": format.code(),
            "version": env!("CARGO_PKG_VERSION"),
            "split": "by conversation, one in ten for validation, the same at every export",
            "personal_data": "masked",
            "files": files,
            "left_out": left_out,
        });
        let mut file = Hashed::create(&self.folder, "manifest.json".to_owned())?;
        file.line(&format!("{manifest:#}\n"))?;
        file.finish()?;
        Ok(manifest)
    }
}

const COLUMNS: [&str; 5] = ["question", "answer", "how", "draft", "reasons"];

fn csv_line(cells: impl Iterator<Item = String>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("a row cannot be written ({error})"));
    writer.write_record(cells).map_err(|error| failed(&error))?;
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

/// A file whose hash is known when it is written.
struct Hashed {
    name: String,
    file: BufWriter<File>,
    hash: Sha256,
}

impl Hashed {
    fn create(folder: &Path, name: String) -> Result<Self, Failure> {
        let path = folder.join(&name);
        let file = File::create_new(&path).map_err(|error| unwritten(&path, &error))?;
        Ok(Self {
            name,
            file: BufWriter::new(file),
            hash: Sha256::new(),
        })
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.hash.update(line);
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| unwritten(Path::new(&self.name), &error))
    }

    fn finish(mut self) -> Result<String, Failure> {
        let flushed = self.file.flush();
        flushed.map_err(|error| unwritten(Path::new(&self.name), &error))?;
        Ok(hex(&self.hash.finalize()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!(
        "{} cannot be written ({error}); make room, or name another folder",
        path.display()
    ))
}
