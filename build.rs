//! Has cargo look at the dashboard's files: what `web::Files` takes in is read by a macro, which cargo does not see.

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
}
