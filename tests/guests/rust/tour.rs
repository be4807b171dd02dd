//! The tour in Rust, plus writing, listing and removing a file.
use std::io::{self, BufRead, Write};
use std::{env, fs, process};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    println!("arguments: {}", arguments.len());
    for argument in &arguments {
        println!("  <{argument}>");
    }
    println!("GREETING: {}", env::var("GREETING").unwrap_or_else(|_| "(none)".into()));

    let path = "data/input.txt";
    let text = fs::read_to_string(path).unwrap_or_else(|error| {
        eprintln!("cannot open {path}: {error}");
        process::exit(1)
    });
    println!("{path}: {} lines, {} words, {} bytes", text.lines().count(), text.split_whitespace().count(), text.len());

    for (number, line) in io::stdin().lock().lines().enumerate() {
        println!("{}: {}", number + 1, line?);
    }

    let copy = "data/from-rust.txt";
    fs::write(copy, text.to_uppercase())?;
    assert_eq!(fs::metadata(copy)?.len() as usize, text.to_uppercase().len());
    let mut names: Vec<_> = fs::read_dir("data")?.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert!(names.iter().any(|name| name == "from-rust.txt"));
    fs::remove_file(copy)?;

    println!("done");
    io::stdout().flush()?;
    process::exit(7)
}
