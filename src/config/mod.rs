//! Configuration: built-in `default.toml` < `waypost.toml` < `WAYPOST_*` < flags. One file per section.
