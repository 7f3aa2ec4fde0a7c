//! A form made from a schema: one field for each argument.

use serde::Serialize;
use serde_json::Value;

/// Choices that are shown as a list.
const MOST_CHOICES: usize = 100;
/// From this length on a text gets several lines.
const LONG_TEXT: u64 = 120;

/// How an argument is filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Input {
    /// A text.
    Text {
        /// Longest, in characters.
        most: Option<u64>,
        /// In several lines.
        long: bool,
        /// What a browser calls it: `text`, `email`, `date`, `url`.
        of: &'static str,
    },
    /// A number.
    Number {
        /// Without a fraction.
        whole: bool,
        /// Smallest.
        least: Option<f64>,
        /// Largest.
        most: Option<f64>,
    },
    /// Yes or no.
    Flag,
    /// One of several texts.
    Choice {
        /// Which.
        options: Vec<String>,
    },
    /// Anything else, as JSON.
    Json,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// The argument's name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// It must be there.
    pub required: bool,
    /// How it is filled in.
    pub input: Input,
}

/// The fields of a schema, those that must be there first, else by name. What it does not name cannot be filled in.
pub fn fields(schema: &Value) -> Vec<Field> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut fields: Vec<Field> = properties
        .into_iter()
        .flatten()
        .map(|(name, about)| {
            let said = |key| about.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let title = match said("title") {
                title if title.is_empty() => name.replace(['_', '-'], " "),
                title => title,
            };
            Field {
                name: name.clone(),
                title,
                about: said("description"),
                required: required.contains(&name.as_str()),
                input: input(about),
            }
        })
        .collect();
    let place = |field: &Field| {
        required
            .iter()
            .position(|name| *name == field.name)
            .unwrap_or(usize::MAX)
    };
    fields.sort_by_key(place);
    fields
}

fn input(about: &Value) -> Input {
    if let Some(options) = about.get("enum").and_then(Value::as_array) {
        let options: Option<Vec<String>> = options
            .iter()
            .map(|option| option.as_str().map(str::to_owned))
            .collect();
        return match options {
            Some(options) if options.len() <= MOST_CHOICES => Input::Choice { options },
            _ => Input::Json,
        };
    }
    let number = |whole| Input::Number {
        whole,
        least: about.get("minimum").and_then(Value::as_f64),
        most: about.get("maximum").and_then(Value::as_f64),
    };
    match about.get("type").and_then(Value::as_str) {
        Some("string") => {
            let most = about.get("maxLength").and_then(Value::as_u64);
            Input::Text {
                most,
                long: most.is_some_and(|most| most > LONG_TEXT),
                of: match about.get("format").and_then(Value::as_str) {
                    Some("email") => "email",
                    Some("date") => "date",
                    Some("uri") => "url",
                    _ => "text",
                },
            }
        }
        Some("integer") => number(true),
        Some("number") => number(false),
        Some("boolean") => Input::Flag,
        _ => Input::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_argument_has_a_field_that_fits_and_what_must_be_there_comes_first() {
        let schema = json!({
            "type": "object",
            "required": ["order", "amount"],
            "properties": {
                "amount": { "type": "number", "maximum": 500 },
                "agreed": { "type": "boolean" },
                "items": { "type": "array" },
                "order": { "type": "string", "title": "Order number", "maxLength": 20 },
                "why_so": { "enum": ["broken", "late"] },
            },
        });
        let fields = fields(&schema);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["order", "amount", "agreed", "items", "why_so"]);
        assert_eq!(
            (fields[0].title.as_str(), fields[4].title.as_str()),
            ("Order number", "why so")
        );
        assert!(fields[1].required && !fields[2].required);
        assert_eq!(
            fields[1].input,
            Input::Number {
                whole: false,
                least: None,
                most: Some(500.0)
            }
        );
        assert_eq!((&fields[2].input, &fields[3].input), (&Input::Flag, &Input::Json));
        assert_eq!(
            fields[4].input,
            Input::Choice {
                options: vec!["broken".to_owned(), "late".to_owned()]
            }
        );
    }

    #[test]
    fn what_is_no_schema_has_no_fields() {
        for strange in [json!(null), json!({ "properties": [1] }), json!({ "required": 3 })] {
            assert_eq!(fields(&strange), []);
        }
    }
}
