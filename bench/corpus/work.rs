// Rust for the miner: iterators, collections, strings, traits, sorting, floats, a small tokenizer.
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(i64),
    Name(String),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(&letter) = letters.peek() {
        if letter.is_ascii_digit() {
            let mut number = 0i64;
            while let Some(digit) = letters.peek().and_then(|c| c.to_digit(10)) {
                number = number.wrapping_mul(10).wrapping_add(digit as i64);
                letters.next();
            }
            found.push(Token::Number(number));
        } else if letter.is_alphabetic() {
            let mut name = String::new();
            while let Some(&c) = letters.peek().filter(|c| c.is_alphanumeric()) {
                name.push(c);
                letters.next();
            }
            found.push(Token::Name(name));
        } else {
            if !letter.is_whitespace() {
                found.push(Token::Sign(letter));
            }
            letters.next();
        }
    }
    found
}

fn shortest(width: usize, height: usize, walls: &HashSet<(usize, usize)>) -> Option<usize> {
    let mut seen = vec![false; width * height];
    let mut queue = VecDeque::from([(0usize, 0usize, 0usize)]);
    while let Some((x, y, steps)) = queue.pop_front() {
        if (x, y) == (width - 1, height - 1) {
            return Some(steps);
        }
        if std::mem::replace(&mut seen[y * width + x], true) {
            continue;
        }
        for (dx, dy) in [(1i32, 0i32), (0, 1), (-1, 0), (0, -1)] {
            let (nx, ny) = (x as i32 + dx, y as i32 + dy);
            if nx < 0 || ny < 0 || nx as usize >= width || ny as usize >= height || walls.contains(&(nx as usize, ny as usize)) {
                continue;
            }
            queue.push_back((nx as usize, ny as usize, steps + 1));
        }
    }
    None
}

fn squeeze(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let run = data[at..].iter().take(255).take_while(|&&b| b == data[at]).count();
        if run > 3 {
            out.extend([0, run as u8, data[at]]);
            at += run;
        } else {
            out.push(data[at].max(1));
            at += 1;
        }
    }
    out
}

fn mix(mut h: u64, bytes: &[u8]) -> u64 {
    for chunk in bytes.chunks(8) {
        let word = chunk.iter().rev().fold(0u64, |w, &b| w << 8 | b as u64);
        h = (h ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(27);
        h ^= h >> 31;
    }
    h
}

fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut sum = vec![0u64; a.len() + b.len()];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0u128;
        for (j, &y) in b.iter().enumerate() {
            let total = x as u128 * y as u128 + sum[i + j] as u128 + carry;
            sum[i + j] = total as u64;
            carry = total >> 64;
        }
        sum[i + b.len()] = carry as u64;
    }
    sum
}

fn main() {
    let mut state = 1u64;
    let mut random = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    };
    let text: String = (0..20000).map(|_| format!("x{} + {} ; ", random() % 900, random() % 77)).collect();
    let all = tokens(&text);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for token in &all {
        if let Token::Name(name) = token {
            *counts.entry(name).or_insert(0) += 1;
        }
    }
    let mut names: Vec<_> = counts.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    println!("{} {:?} {}", all.len(), names[0], all.iter().filter(|t| matches!(t, Token::Sign('+'))).count());

    let sorted: BTreeMap<i64, usize> = all.iter().enumerate().filter_map(|(i, t)| if let Token::Number(n) = t { Some((n * 31 % 5003, i)) } else { None }).collect();
    println!("{} {:?}", sorted.len(), sorted.range(100..).next());

    let shapes: Vec<Box<dyn Shape>> = (0..2000).map(|i| if i % 3 == 0 { Box::new(Square(i as f64)) as Box<dyn Shape> } else { Box::new(Circle(i as f64)) }).collect();
    println!("{:.3}", (0..30).map(|_| shapes.iter().map(|s| s.area()).sum::<f64>()).sum::<f64>());

    let walls: HashSet<_> = (0..900).map(|_| ((random() % 50) as usize, (random() % 50) as usize)).filter(|&w| w != (0, 0) && w != (49, 49)).collect();
    println!("{:?}", shortest(50, 50, &walls));

    let mut numbers: Vec<u64> = (0..40000).map(|_| random()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let bits: u32 = numbers.iter().map(|n| n.count_ones()).sum();
    println!("{} {} {}", numbers.len(), bits, numbers.iter().fold(0u64, |sum, n| sum.rotate_left(5) ^ n));
    let reversed: String = text.split(';').rev().map(str::trim).collect::<Vec<_>>().join("|");
    let big = (0..60).fold(vec![3u64, 5, 7], |n, i| if n.len() < 40 { product(&n, &[n[0] | 1, i]) } else { n });
    let noise: Vec<u8> = (0..60000).map(|i: u32| if i % 50 < 20 { 9 } else { (i.wrapping_mul(2654435761) >> 24) as u8 }).collect();
    println!("{:x} {} {:x}", big.iter().fold(0, |a, b| a ^ b), squeeze(&noise).len(), mix(1, &noise));
    println!("{} {}", reversed.len(), reversed.bytes().fold(7u32, |hash, b| hash.wrapping_mul(16777619) ^ b as u32));
}
