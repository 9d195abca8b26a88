//! The domain of Waypost, as the fuzz targets see it: the program's own files, without the layers above them.

#[path = "../src/domain/mod.rs"]
pub mod domain;
