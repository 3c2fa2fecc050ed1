//! The command line.
fn main() {
    #[allow(clippy::print_stdout)]
    { print!("{}", pipegen::schema::schema_text()); }
}
