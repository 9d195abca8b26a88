//! The benchmark: what Waypost accepts and delivers a second, beside a ceiling without a store, in one run.

fn main() {}
