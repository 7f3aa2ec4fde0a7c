//! JSON as it was written: a name twice in one object is an error, because readers differ in which of the two they take, and then somebody
//! approves one and the other runs. Names that mean something to the library that reads it are refused too.

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::fmt;

/// How the library's own names begin.
const RESERVED: &str = "$serde_json::private";

/// A JSON value without a name that stands twice in one object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Strict(pub Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

/// For a field of a request: `#[serde(deserialize_with = "strict")]`.
///
/// # Errors
/// The deserializer's, and one that names what stands twice.
pub fn strict<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Strict::deserialize(from).map(|Strict(value)| value)
}

/// The same for a field that may be left out.
///
/// # Errors
/// Those of [`strict`].
pub fn strict_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    let value = strict(from)?;
    Ok((!value.is_null()).then_some(value))
}

/// The same for a field that is an object.
///
/// # Errors
/// Those of [`strict`], and one for anything else.
pub fn strict_object<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    match strict(from)? {
        Value::Object(members) => Ok(members),
        _ => Err(de::Error::custom("a JSON object is wanted here, like {\"amount\": 20}")),
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that JSON does not have"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                let name: String = name.chars().take(60).collect();
                return Err(de::Error::custom(format!(
                    "“{name}” stands twice in one object, and readers differ in which of the two they take; leave one out"
                )));
            }
            // Read again elsewhere, what stands under it would be taken for JSON, and another value be shown than was sent.
            if name.starts_with(RESERVED) {
                return Err(de::Error::custom(format!(
                    "names that begin with {RESERVED} cannot be used"
                )));
            }
            let Strict(value) = members.next_value()?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Value, String> {
        serde_json::from_str::<Strict>(text)
            .map(|Strict(value)| value)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth_however_it_is_spelled() {
        for twice in [
            r#"{"amount": 100000, "amount": 2}"#,
            r#"{"a": {"b": [{"c": 1, "c": 1}]}}"#,
            r#"{"a": 1, "\u0061": 2}"#,
        ] {
            let error = read(twice).unwrap_err();
            assert!(error.contains("stands twice"), "{error}");
        }
    }

    #[test]
    fn names_that_the_library_takes_for_its_own_are_refused() {
        for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let text = format!(r#"{{"x": {{"{name}": "1"}}}}"#);
            assert!(read(&text).unwrap_err().contains("cannot be used"), "{name}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_it_was_written(value in value()) {
            prop_assert_eq!(read(&value.to_string()), Ok(value));
        }
    }
}
