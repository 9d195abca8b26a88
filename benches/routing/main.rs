//! How long routing one event takes among many subscriptions of one tenant, and compiling their index.
//!
//! `cargo bench --bench routing`. The subscriptions are a mix: half ask for types, a quarter for prefixes, a tenth have a CESQL
//! expression, a twentieth look into data, a tenth ask for a customer. Never part of the tests: it asserts nothing but that something matches.

#![expect(clippy::print_stderr, reason = "it says how many match")]

mod mix;

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use divan::Bencher;
use waypost::domain::event::Event;
use waypost::domain::tenant::TenantName;
use waypost::routing::Index;
use waypost::store::Directory;

/// Subscriptions in the tenant.
const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

/// An event of a type that about twenty subscriptions of a thousand types ask for; data is not looked at.
#[divan::bench(args = SIZES)]
fn few_match(bencher: Bencher<'_, '_>, size: usize) {
    route(bencher, size, &mix::event("com.shop.area3.thing7", "/shop/eu/3", "customer-3/order-9"));
}

/// An event that nothing matches.
#[divan::bench(args = SIZES)]
fn none_matches(bencher: Bencher<'_, '_>, size: usize) {
    route(bencher, size, &mix::event("org.other.thing", "/elsewhere", "nobody"));
}

/// An event of the one type that two hundred subscriptions ask for, as far as there are so many.
#[divan::bench(args = SIZES)]
fn many_match(bencher: Bencher<'_, '_>, size: usize) {
    route(bencher, size, &mix::event(mix::POPULAR, "/shop/eu/3", "customer-3/order-9"));
}

/// An event of a type whose subscriptions look into its data, which is 1 KiB of JSON.
#[divan::bench(args = SIZES)]
fn data_is_needed(bencher: Bencher<'_, '_>, size: usize) {
    route(bencher, size, &mix::event("com.shop.area0.order0", "/shop/eu/0", "customer-0/order-9"));
}

/// The index of all subscriptions.
#[divan::bench(args = SIZES, max_time = 10)]
fn compile(bencher: Bencher<'_, '_>, size: usize) {
    let directory = mix::directory(size);
    bencher.bench(|| Index::compile(divan::black_box(&directory)));
}

/// The same event, with every subscription asked: what the index saves.
#[divan::bench(args = SIZES, max_time = 2)]
fn asking_every_one(bencher: Bencher<'_, '_>, size: usize) {
    let directory = mix::directory(size);
    let event = mix::event("com.shop.area3.thing7", "/shop/eu/3", "customer-3/order-9");
    bencher.bench(|| mix::ask_every_one(divan::black_box(&directory), divan::black_box(&event)));
}

fn route(bencher: Bencher<'_, '_>, size: usize, event: &Event) {
    let index = index(size);
    let tenant = TenantName::default();
    bencher.bench(|| {
        let mut found = 0_usize;
        index.matches(divan::black_box(&tenant), divan::black_box(event), |_, _| found += 1);
        found
    });
}

/// The index of a mix of this size, made once.
fn index(size: usize) -> &'static Index {
    static MADE: OnceLock<Mutex<HashMap<usize, &'static Index>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.entry(size).or_insert_with(|| {
        let directory: Directory = mix::directory(size);
        let index: &'static Index = Box::leak(Box::new(Index::compile(&directory)));
        let mut counts = Vec::new();
        for event in mix::samples() {
            let mut found = 0_usize;
            index.matches(&TenantName::default(), &event, |_, _| found += 1);
            assert_eq!(found, mix::ask_every_one(&directory, &event), "the index is right");
            counts.push(found);
        }
        eprintln!("{size} subscriptions: {counts:?} match few, many, data, none");
        index
    })
}
