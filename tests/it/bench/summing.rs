//! Percentiles and medians.

use super::statistics::{Percentiles, median, real, real_size};

#[test]
fn percentiles_are_those_of_the_sorted_samples() {
    let percentiles = Percentiles::of((1..=1000).rev().collect());
    let Percentiles { p50, p90, p99, p999 } = percentiles;
    assert_eq!((p50, p90, p99, p999), (501, 901, 991, 1000));
}

#[test]
fn few_samples_have_percentiles_and_none_have_zeros() {
    let one = Percentiles::of(vec![7]);
    assert_eq!((one.p50, one.p999), (7, 7));
    assert_eq!(Percentiles::of(Vec::new()).p99, 0);
}

#[test]
fn a_median_is_the_middle_one() {
    for (values, expected) in [(vec![3.0, 1.0, 2.0], 2.0), (vec![real(4), real_size(2)], 4.0), (Vec::new(), 0.0)] {
        assert!((median(values) - expected).abs() < f64::EPSILON);
    }
}
