//! What only `--dev` has. Never part of a production node, nor of the API document.

pub mod inbox;
