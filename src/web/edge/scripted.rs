//! For tests: an API that answers as it was told to, and remembers what it was asked.

use super::{Answer, Api, Wish};
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;
use std::sync::Mutex;

pub(in crate::web) struct Scripted {
    /// The last one is the next.
    answers: Mutex<Vec<Answer>>,
    asked: Mutex<Vec<Wish>>,
}

impl Scripted {
    pub(in crate::web) fn new(answers: Vec<(u16, Value)>) -> Self {
        let answer = |(status, body)| Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body,
        };
        Self {
            answers: Mutex::new(answers.into_iter().rev().map(answer).collect()),
            asked: Mutex::default(),
        }
    }

    /// Methods and paths, in their order.
    pub(in crate::web) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .map(|wish| format!("{} {}", wish.method, wish.path))
            .collect()
    }

    /// What was sent with the one at this place.
    pub(in crate::web) fn body(&self, at: usize) -> Value {
        self.asked.lock().unwrap()[at].body.clone().unwrap_or_default()
    }
}

impl Api for Scripted {
    async fn ask(&self, _asker: Option<&Parts>, wish: Wish) -> Result<Answer, String> {
        self.asked.lock().unwrap().push(wish);
        let answer = self.answers.lock().unwrap().pop();
        answer.ok_or_else(|| "no Holdpoint answers".to_owned())
    }

    fn new_id(&self) -> String {
        "new".to_owned()
    }
}
