//! A model's own chat template, for models whose template llama.cpp does not recognise.
//!
//! Templates are small programs that come with a model's file, so they are not trusted: they get a bounded number of
//! steps and of bytes, no clock and no files. Many assume what not every conversation keeps, such as that users and
//! assistant take turns, and refuse the rest; such conversations are put into the shape they accept.

use std::io;

use minijinja::{Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::wire::ChatMessage;

/// Steps of one rendering. Real templates take some hundred for every message.
const MOST_STEPS: u64 = 1_000_000;
/// Bytes a rendering may add to the messages, and how often it may repeat them.
const MOST_ADDED_BYTES: usize = 1 << 16;
const MOST_REPETITIONS: usize = 4;
const NAME: &str = "chat";
/// What the probe looks for in the output.
const PROBE: &str = "Answer in one sentence.";

/// A chat template that works.
pub(crate) struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
    /// It refuses or ignores system messages: they become the beginning of the next user's message.
    takes_no_system: bool,
}

impl Template {
    /// Compiles a template and tries it out; `bos` and `eos` are the texts of the model's first and last token. The
    /// error says what is wrong with it.
    pub(crate) fn new(source: &str, bos: &str, eos: &str) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(MOST_STEPS));
        // As the templates' authors have it.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| in_words(&error))?);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", |why: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, why))
        });
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|error| in_words(&error))?;
        let mut template = Self {
            environment,
            bos: bos.to_owned(),
            eos: eos.to_owned(),
            takes_no_system: false,
        };
        let alone = template.render(&[ChatMessage::user(PROBE)])?;
        if !alone.contains(PROBE) {
            return Err("it leaves out what the user writes".to_owned());
        }
        let instructed = template.apply(&[ChatMessage::system(PROBE), ChatMessage::user("Hello")]);
        template.takes_no_system = instructed.map_or(true, |text| !text.contains(PROBE));
        Ok(template)
    }

    /// The prompt of a conversation, ending where the assistant's answer begins.
    pub(crate) fn render(&self, messages: &[ChatMessage]) -> Result<String, String> {
        let shaped;
        let messages = if self.takes_no_system {
            shaped = without_system(messages);
            &shaped
        } else {
            messages
        };
        self.apply(messages).or_else(|refused| {
            let in_turns = taking_turns(messages);
            if in_turns.len() == messages.len() {
                return Err(refused);
            }
            self.apply(&in_turns)
        })
    }

    fn apply(&self, messages: &[ChatMessage]) -> Result<String, String> {
        let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
        let mut output = Bounded {
            text: Vec::new(),
            most_bytes: bytes.saturating_mul(MOST_REPETITIONS).saturating_add(MOST_ADDED_BYTES),
        };
        let conversation: Vec<Value> = messages
            .iter()
            .map(|message| context! { role => message.role.as_str(), content => message.content.as_str() })
            .collect();
        let values = context! {
            messages => conversation,
            add_generation_prompt => true,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        };
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render_captured_to(values, &mut output).map(drop))
            .map_err(|error| in_words(&error))?;
        String::from_utf8(output.text).map_err(|_broken| "it writes broken characters".to_owned())
    }
}

/// Takes no more than it may.
struct Bounded {
    text: Vec<u8>,
    most_bytes: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len().saturating_add(bytes.len()) > self.most_bytes {
            return Err(io::Error::other("the output is too long"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn in_words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
        ErrorKind::WriteFailure => "it writes far more than it is given".to_owned(),
        _ => {
            let line = error.line().map_or_else(String::new, |line| format!(", line {line}"));
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            let detail: String = detail.chars().take(200).collect();
            format!("{detail}{line}")
        }
    }
}

/// System messages as the beginning of the next user's message.
fn without_system(messages: &[ChatMessage]) -> Vec<ChatMessage> {
    let mut shaped = Vec::with_capacity(messages.len());
    let mut instructions: Vec<&str> = Vec::new();
    for message in messages {
        match message.role.as_str() {
            "system" => instructions.push(&message.content),
            "user" => {
                instructions.push(&message.content);
                shaped.push(ChatMessage::user(instructions.join("\n\n")));
                instructions.clear();
            }
            _ => shaped.push(message.clone()),
        }
    }
    if !instructions.is_empty() {
        shaped.push(ChatMessage::user(instructions.join("\n\n")));
    }
    shaped
}

/// Messages of the same role in a row as one.
fn taking_turns(messages: &[ChatMessage]) -> Vec<ChatMessage> {
    let mut shaped: Vec<ChatMessage> = Vec::with_capacity(messages.len());
    for message in messages {
        match shaped.last_mut() {
            Some(last) if last.role == message.role => {
                last.content.push_str("\n\n");
                last.content.push_str(&message.content);
            }
            _ => shaped.push(message.clone()),
        }
    }
    shaped
}

#[cfg(test)]
mod tests;
