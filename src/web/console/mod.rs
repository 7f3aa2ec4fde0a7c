//! The pages of the browser console.
//!
//! Two halves, kept apart on purpose: [`view`] holds what the pages show, as plain data with its template,
//! and knows nothing of where it comes from; the handlers beside it read through `app` and fill it in.
//! Every decision a person makes on a page goes to the JSON API, so a page never changes anything itself.

pub mod view;
