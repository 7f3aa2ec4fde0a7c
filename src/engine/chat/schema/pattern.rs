//! Which regular expressions the library's grammars can follow without losing themselves. Pure.
//!
//! A grammar follows all ways to read a text at once, so nested repetitions multiply, and repeating what may be empty
//! doubles the ways with every repetition: a dozen characters would stop the engine.

const LONGEST: usize = 200;
/// Characters asked for at most, nested repetitions multiplied.
const MOST_REPETITIONS: u64 = 500;

/// What stands between two brackets.
#[derive(Default)]
struct Group {
    /// Characters asked for, without the last part.
    characters: u64,
    last: Part,
    /// An alternative before this one may be empty.
    has_empty_alternative: bool,
    /// Something in this alternative before the last part may not be empty.
    is_filled: bool,
}

/// A character, a class or a group, with its repetition.
#[derive(Clone, Copy)]
struct Part {
    characters: u64,
    may_be_empty: bool,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            characters: 0,
            may_be_empty: true,
        }
    }
}

impl Group {
    fn push(&mut self, part: Part) {
        self.characters = self.characters.saturating_add(self.last.characters);
        self.is_filled |= !self.last.may_be_empty;
        self.last = part;
    }

    fn next_alternative(&mut self) {
        self.push(Part::default());
        self.has_empty_alternative |= !self.is_filled;
        self.is_filled = false;
    }

    fn close(mut self) -> Part {
        self.next_alternative();
        Part {
            characters: self.characters,
            may_be_empty: self.has_empty_alternative,
        }
    }

    /// Repeats the last part so many times at least and at most.
    fn repeat(&mut self, least: u64, most: u64) -> Result<(), String> {
        if most > 1 && self.last.may_be_empty {
            return Err("a `pattern` repeats what may be empty".to_owned());
        }
        self.last.characters = self.last.characters.saturating_mul(most.max(1));
        self.last.may_be_empty |= least == 0;
        Ok(())
    }
}

/// What is wrong with a pattern, in words.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    if pattern.len() > LONGEST {
        return Err(format!("a `pattern` is longer than {LONGEST} characters"));
    }
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let inner = inner.ok_or("a `pattern` must begin with ^ and end with $")?;
    let repetitions = repetitions(inner)?;
    if repetitions > MOST_REPETITIONS {
        return Err(format!(
            "a `pattern` repeats more than {MOST_REPETITIONS} times, nested repetitions multiplied"
        ));
    }
    Ok(())
}

/// How many characters a pattern asks for at most; a repetition without an upper limit counts twice.
fn repetitions(pattern: &str) -> Result<u64, String> {
    let unbalanced = || "the brackets of a `pattern` do not match".to_owned();
    let mut outer: Vec<Group> = Vec::new();
    let mut group = Group::default();
    let mut characters = pattern.chars().peekable();
    let one = Part {
        characters: 1,
        may_be_empty: false,
    };
    while let Some(character) = characters.next() {
        match character {
            '(' => outer.push(std::mem::take(&mut group)),
            ')' => {
                let inside = std::mem::replace(&mut group, outer.pop().ok_or_else(unbalanced)?).close();
                group.push(inside);
            }
            '|' => group.next_alternative(),
            '*' => group.repeat(0, 2)?,
            '+' => group.repeat(1, 2)?,
            '?' => group.repeat(0, 1)?,
            '{' => {
                let limits: String = std::iter::from_fn(|| characters.next_if(|next| *next != '}')).collect();
                characters.next().ok_or_else(unbalanced)?;
                let (least, most) = limits.split_once(',').unwrap_or((&limits, &limits));
                let least = limit(least, 0)?;
                group.repeat(least, limit(most, least.max(2))?)?;
            }
            '[' => {
                let mut is_escaped = false;
                loop {
                    let next = characters.next().ok_or_else(unbalanced)?;
                    if next == ']' && !is_escaped {
                        break;
                    }
                    is_escaped = next == '\\' && !is_escaped;
                }
                group.push(one);
            }
            '\\' => {
                characters.next();
                group.push(one);
            }
            _ => group.push(one),
        }
    }
    if outer.is_empty() {
        Ok(group.close().characters)
    } else {
        Err(unbalanced())
    }
}

fn limit(number: &str, without: u64) -> Result<u64, String> {
    if number.is_empty() {
        return Ok(without);
    }
    number
        .parse()
        .map_err(|_no_number| format!("a `pattern` repeats {number} times"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nested_repetitions_are_multiplied() {
        for (pattern, expected) in [
            ("", 0),
            ("[A-Z]{2}[0-9]{4}", 6),
            ("(a|[\\]{9}]b){3,5}c*", 17),
            ("\\(x{2}", 3),
            ("((a{1,900}){1,900}){1,900}", 729_000_000),
            ("a{0,20}b?", 21),
        ] {
            assert_eq!(repetitions(pattern), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_the_library_would_lose_itself_in_is_refused_in_words() {
        for (pattern, word) in [
            ("a", "must begin with ^"),
            ("^(a$", "do not match"),
            ("^a)$", "do not match"),
            ("^[a$", "do not match"),
            ("^a{2$", "do not match"),
            ("^(a?){0,400}$", "may be empty"),
            ("^(a|b*|c)+$", "may be empty"),
            ("^((a*)*)*$", "may be empty"),
            ("^(){2}$", "may be empty"),
            ("^a{99999999999999999999}$", "repeats 9999"),
            ("^(a{1,30}){1,30}$", "more than 500"),
        ] {
            let why = check(pattern).expect_err(pattern);
            assert!(why.contains(word), "{pattern}: {why}");
        }
        for pattern in ["^(a|b)*$", "^(ab?)+$", "^(a{0,3}b){0,9}$", "^[^\"]{0,400}$", "^$"] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_is_looked_at_without_a_panic(pattern in "\\^[a(){}|*?,0-9\\[\\]\\\\]{0,60}\\$") {
            let _either = check(&pattern);
        }
    }
}
