//! Integration tests: one binary, real databases, real sockets.

mod tidy;
