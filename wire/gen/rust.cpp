// Guests in Rust: types of the standard library, and a trait that reads and writes them as JSON. No crate is needed.
#include <set>

#include "gen/generate.hpp"

namespace heddle::wire::gen {

namespace {

using K = Shape::Kind;

constexpr const char* runtime = R"(#![allow(dead_code, unused_mut, clippy::all)]
use std::collections::BTreeMap;

/// JSON text that is not looked into.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub String);
/// Bytes; base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bytes(pub Vec<u8>);

/// How a handler fails, in words or as JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    NoHandler,
    InJsonErr(String),
    HandlerErr(String),
}

#[link(wasm_import_module = "cw:host")]
extern "C" {
    #[link_name = "result"]
    fn cw_give(at: *const u8, bytes: usize);
    #[link_name = "hostcall"]
    fn cw_ask(op: *const u8, op_bytes: usize, json: *const u8, bytes: usize) -> u64;
    #[link_name = "take"]
    fn cw_take(to: *mut u8);
}

/// A host call by name: its JSON, or the error object's.
pub fn hostcall(op: &str, json: &str) -> Result<String, String> {
    let answer = unsafe { cw_ask(op.as_ptr(), op.len(), json.as_ptr(), json.len()) };
    let mut bytes = vec![0u8; answer as u32 as usize];
    unsafe { cw_take(bytes.as_mut_ptr()) };
    let text = String::from_utf8(bytes).unwrap_or_default();
    if answer >> 32 == 0 { Ok(text) } else { Err(text) }
}

/// JSON that the host has checked.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Reader { rest: text }
    }
    fn peek(&mut self) -> u8 {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.rest.first() {
            self.rest = &self.rest[1..];
        }
        *self.rest.first().unwrap_or(&0)
    }
    fn eat(&mut self, c: u8) -> Option<()> {
        if self.peek() != c || self.rest.is_empty() {
            return None;
        }
        self.rest = &self.rest[1..];
        Some(())
    }
    fn word(&mut self, w: &str) -> Option<()> {
        self.peek();
        self.rest = self.rest.strip_prefix(w.as_bytes())?;
        Some(())
    }
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
    fn hex(&mut self) -> Option<u32> {
        let digits = std::str::from_utf8(self.rest.get(..4)?).ok()?;
        self.rest = &self.rest[4..];
        u32::from_str_radix(digits, 16).ok()
    }
    fn escape(&mut self, to: &mut Vec<u8>) -> Option<()> {
        match self.next()? {
            b'n' => to.push(b'\n'),
            b't' => to.push(b'\t'),
            b'r' => to.push(b'\r'),
            b'b' => to.push(8),
            b'f' => to.push(12),
            b'u' => {
                let mut code = self.hex()?;
                if code >> 10 == 0x36 {
                    self.rest = self.rest.get(2..)?;
                    code = 0x10000 + ((code & 0x3ff) << 10 | self.hex()? & 0x3ff);
                }
                to.extend(char::from_u32(code)?.to_string().bytes());
            }
            other => to.push(other),
        }
        Some(())
    }
    fn token(&mut self) -> Option<&'a str> {
        self.peek();
        let end = self.rest.iter().position(|c| b",]} \n\r\t".contains(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        if token.is_empty() { None } else { std::str::from_utf8(token).ok() }
    }
    fn skip(&mut self) -> Option<()> {
        let open = self.peek();
        let close = match open {
            b'"' => return String::read(self).map(|_| ()),
            b'{' => b'}',
            b'[' => b']',
            _ => return self.token().map(|_| ()),
        };
        self.next();
        while self.eat(close).is_none() {
            if open == b'{' {
                self.skip()?;
                self.eat(b':')?;
            }
            self.skip()?;
            if self.eat(b',').is_none() && self.peek() != close {
                return None;
            }
        }
        Some(())
    }
    /// The next element's begin, or the end of an array or object.
    fn more(&mut self, first: &mut bool, close: u8) -> Option<bool> {
        if self.eat(close).is_some() {
            return Some(false);
        }
        if !std::mem::replace(first, false) {
            self.eat(b',')?;
        }
        Some(true)
    }
}

pub trait Value: Sized {
    fn read(r: &mut Reader) -> Option<Self>;
    fn write(&self, w: &mut String);
}

impl Value for String {
    fn read(r: &mut Reader) -> Option<Self> {
        let mut bytes = Vec::new();
        r.eat(b'"')?;
        loop {
            match r.next()? {
                b'"' => return String::from_utf8(bytes).ok(),
                b'\\' => r.escape(&mut bytes)?,
                c => bytes.push(c),
            }
        }
    }
    fn write(&self, w: &mut String) {
        w.push('"');
        for c in self.chars() {
            match c {
                '"' | '\\' => w.extend(['\\', c]),
                c if (c as u32) < 32 => w.push_str(&format!("\\u{:04x}", c as u32)),
                c => w.push(c),
            }
        }
        w.push('"');
    }
}
impl Value for Json {
    fn read(r: &mut Reader) -> Option<Self> {
        r.peek();
        let start = r.rest;
        r.skip()?;
        std::str::from_utf8(&start[..start.len() - r.rest.len()]).ok().map(|t| Json(t.to_string()))
    }
    fn write(&self, w: &mut String) {
        w.push_str(&self.0);
    }
}
impl Value for bool {
    fn read(r: &mut Reader) -> Option<Self> {
        if r.word("true").is_some() { Some(true) } else { r.word("false").map(|_| false) }
    }
    fn write(&self, w: &mut String) {
        w.push_str(if *self { "true" } else { "false" });
    }
}
impl Value for i64 {
    fn read(r: &mut Reader) -> Option<Self> {
        let token = r.token()?;
        token.parse().ok().or_else(|| token.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() <= 9007199254740992.0).map(|n| n as i64))
    }
    fn write(&self, w: &mut String) {
        w.push_str(&self.to_string());
    }
}
impl Value for f64 {
    fn read(r: &mut Reader) -> Option<Self> {
        r.token()?.parse().ok()
    }
    fn write(&self, w: &mut String) {
        if self.is_finite() { w.push_str(&self.to_string()) } else { w.push_str("null") }
    }
}
const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
impl Value for Bytes {
    fn read(r: &mut Reader) -> Option<Self> {
        let (mut held, mut bits, mut bytes) = (0u32, 0, Vec::new());
        for c in String::read(r)?.bytes().take_while(|c| *c != b'=') {
            held = held << 6 | DIGITS.iter().position(|d| *d == c)? as u32;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
            }
        }
        Some(Bytes(bytes))
    }
    fn write(&self, w: &mut String) {
        w.push('"');
        for three in self.0.chunks(3) {
            let group = (0..3).fold(0u32, |g, i| g << 8 | *three.get(i).unwrap_or(&0) as u32);
            for k in 0..4 {
                w.push(if k <= three.len() { DIGITS[(group >> (18 - 6 * k) & 63) as usize] as char } else { '=' });
            }
        }
        w.push('"');
    }
}
impl<T: Value> Value for Option<T> {
    fn read(r: &mut Reader) -> Option<Self> {
        if r.word("null").is_some() { Some(None) } else { T::read(r).map(Some) }
    }
    fn write(&self, w: &mut String) {
        match self {
            Some(v) => v.write(w),
            None => w.push_str("null"),
        }
    }
}
impl<T: Value> Value for Vec<T> {
    fn read(r: &mut Reader) -> Option<Self> {
        let (mut all, mut first) = (Vec::new(), true);
        r.eat(b'[')?;
        while r.more(&mut first, b']')? {
            all.push(T::read(r)?);
        }
        Some(all)
    }
    fn write(&self, w: &mut String) {
        w.push('[');
        for (i, v) in self.iter().enumerate() {
            if i > 0 {
                w.push(',');
            }
            v.write(w);
        }
        w.push(']');
    }
}
impl<T: Value> Value for BTreeMap<String, T> {
    fn read(r: &mut Reader) -> Option<Self> {
        let (mut all, mut first) = (BTreeMap::new(), true);
        r.eat(b'{')?;
        while r.more(&mut first, b'}')? {
            let key = String::read(r)?;
            r.eat(b':')?;
            all.insert(key, T::read(r)?);
        }
        Some(all)
    }
    fn write(&self, w: &mut String) {
        w.push('{');
        for (i, (key, v)) in self.iter().enumerate() {
            if i > 0 {
                w.push(',');
            }
            key.write(w);
            w.push(':');
            v.write(w);
        }
        w.push('}');
    }
}

#[no_mangle]
pub extern "C" fn cw_abi() -> i32 {
    1
}
#[no_mangle]
pub extern "C" fn cw_alloc(bytes: usize) -> *mut u8 {
    let mut room = Vec::<u8>::with_capacity(bytes.max(1));
    let at = room.as_mut_ptr();
    std::mem::forget(room);
    at
}
#[no_mangle]
pub unsafe extern "C" fn cw_free(at: *mut u8, bytes: usize) {
    drop(Vec::from_raw_parts(at, 0, bytes.max(1)));
}
#[no_mangle]
pub extern "C" fn cw_init(_args: *const u8, _bytes: usize) -> i32 {
    0
}

fn end(status: i32, text: &str) -> i32 {
    unsafe { cw_give(text.as_ptr(), text.len()) };
    status
}
fn answer<I: Value, O: Value>(input: &[u8], handler: fn(I) -> Result<O, Failure>) -> i32 {
    let mut r = Reader::new(input);
    let input = match I::read(&mut r) {
        Some(input) => input,
        None => return end(2, "the input is not of the type that this guest was made for"),
    };
    match handler(input) {
        Ok(output) => {
            let mut w = String::new();
            output.write(&mut w);
            end(0, &w)
        }
        Err(Failure::NoHandler) => end(1, ""),
        Err(Failure::InJsonErr(text)) => end(2, &text),
        Err(Failure::HandlerErr(text)) => end(3, &text),
    }
}
fn call<I: Value, O: Value>(op: &str, input: &I) -> Result<O, String> {
    let mut w = String::from("{\"op\":");
    op.to_string().write(&mut w);
    w.push_str(",\"in\":");
    input.write(&mut w);
    w.push('}');
    let json = hostcall("call", &w)?;
    let mut r = Reader::new(json.as_bytes());
    O::read(&mut r).ok_or(json.clone())
}
)";

std::string type(const Shapes& all, u32 i) {
    const Shape& s = all[i];
    auto part = [&](std::size_t k) { return type(all, s.parts[k].shape); };
    std::string text;
    switch (s.kind) {
        case K::json: return "Json";
        case K::boolean: return "bool";
        case K::integer: return "i64";
        case K::number: return "f64";
        case K::string: return "String";
        case K::bytes: return "Bytes";
        case K::option: return "Option<" + part(0) + ">";
        case K::list: return "Vec<" + part(0) + ">";
        case K::map: return "BTreeMap<String, " + part(0) + ">";
        case K::tuple:
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += part(k) + ", ";
            return "(" + text + ")";
        default: return pascal(s.name);
    }
}

std::string implementation(const std::string& name, const std::string& read, const std::string& write) {
    return "impl Value for " + name + " {\n    fn read(r: &mut Reader) -> Option<Self> {\n" + read + "    }\n    fn write(&self, w: &mut String) {\n" + write + "    }\n}\n";
}

std::string record(const Shapes& all, const Shape& s) {
    std::string name = pascal(s.name), fields, read, write, made;
    read = "        let mut first = true;\n";
    write = "        let mut first = true;\n        w.push('{');\n";
    for (const auto& p : s.parts) {
        std::string field = snake(p.name);
        fields += "    pub " + field + ": " + type(all, p.shape) + ",\n";
        read += "        let mut " + field + " = None;\n";
        made += "            " + field + (p.required ? ": " + field + "?,\n" : ": " + field + ".unwrap_or(None),\n");
    }
    read += "        r.eat(b'{')?;\n        while r.more(&mut first, b'}')? {\n            let key = String::read(r)?;\n            r.eat(b':')?;\n            match key.as_str() {\n";
    for (const auto& p : s.parts) {
        std::string field = snake(p.name), put = "            if !std::mem::replace(&mut first, false) {\n                w.push(',');\n            }\n            w.push_str(" + literal(literal(p.json) + ":") + ");\n            self." + field + ".write(w);\n";
        read += "                " + literal(p.json) + " => " + field + " = Some(Value::read(r)?),\n";
        write += (p.required ? "        {\n" : "        if self." + field + ".is_some() {\n") + put + "        }\n";
    }
    read += "                _ => r.skip()?,\n            }\n        }\n        Some(" + name + " {\n" + made + "        })\n";
    return "#[derive(Clone, Debug, PartialEq)]\npub struct " + name + " {\n" + fields + "}\n" + implementation(name, read, write + "        let _ = first;\n        w.push('}');\n");
}

std::string definition(const Shapes& all, const Shape& s) {
    std::string doc = s.title.empty() ? "" : "/// " + s.title + "\n", name = pascal(s.name), cases, read, write;
    if (s.kind == K::record) return doc + record(all, s);
    if (s.kind == K::enumeration) {
        for (const auto& p : s.parts) {
            cases += "    " + pascal(p.name) + ",\n";
            read += "            " + literal(p.json) + " => Some(" + name + "::" + pascal(p.name) + "),\n";
            write += "            " + name + "::" + pascal(p.name) + " => w.push_str(" + literal(literal(p.json)) + "),\n";
        }
        return doc + "#[derive(Clone, Copy, Debug, PartialEq)]\npub enum " + name + " {\n" + cases + "}\n" +
               implementation(name, "        match String::read(r)?.as_str() {\n" + read + "            _ => None,\n        }\n", "        match self {\n" + write + "        }\n");
    }
    if (s.kind == K::variant) {
        read = "        let start = r.clone();\n";
        for (const auto& p : s.parts) {
            cases += "    " + pascal(p.name) + "(" + type(all, p.shape) + "),\n";
            read += "        if let Some(v) = Value::read(r) {\n            return Some(" + name + "::" + pascal(p.name) + "(v));\n        }\n        *r = start.clone();\n";
            write += "            " + name + "::" + pascal(p.name) + "(v) => v.write(w),\n";
        }
        return doc + "#[derive(Clone, Debug, PartialEq)]\npub enum " + name + " {\n" + cases + "}\n" + implementation(name, read + "        None\n", "        match self {\n" + write + "        }\n");
    }
    if (s.kind != K::tuple) return "";
    for (std::size_t k = 0; k < s.parts.size(); ++k) {
        read += std::string(k ? "        r.eat(b',')?;\n" : "") + "        let p" + std::to_string(k) + " = Value::read(r)?;\n";
        cases += "p" + std::to_string(k) + ", ";
        write += std::string(k ? "        w.push(',');\n" : "") + "        self." + std::to_string(k) + ".write(w);\n";
    }
    return implementation("(" + [&] {
        std::string types;
        for (const auto& p : s.parts) types += type(all, p.shape) + ", ";
        return types;
    }() + ")", "        r.eat(b'[')?;\n" + read + "        r.eat(b']')?;\n        Some((" + cases + "))\n", "        w.push('[');\n" + write + "        w.push(']');\n");
}

std::string glue(const Target& t) {
    std::string text = std::string("// ") + glue_note + "\n" + runtime + "\n// ---- the app's types\n\n", arms;
    std::set<std::string> known;  // two tuples of the same types are one
    for (u32 i : t.used)
        if (known.insert(type(t.shapes, i)).second) text += definition(t.shapes, t.shapes[i]);
    if (!t.others.empty()) text += "\n// ---- the app's other materializers: the error object's JSON when the call failed. They need the grant `call`.\n\n";
    for (const OpShape* op : t.others)
        text += "pub fn call_" + snake(op->name) + "(input: &" + type(t.shapes, op->input) + ") -> Result<" + type(t.shapes, op->output) + ", String> {\n    call(" + literal(op->config->op) + ", input)\n}\n";
    for (const OpShape* op : t.own) arms += "        " + literal(op->config->op) + " => answer(input, super::handle_" + snake(op->name) + "),\n";
    return text + "\n#[no_mangle]\npub unsafe extern \"C\" fn cw_handle(op: *const u8, op_bytes: usize, input: *const u8, bytes: usize) -> i32 {\n    let op = std::str::from_utf8(std::slice::from_raw_parts(op, op_bytes)).unwrap_or(\"\");\n" +
           "    let input = std::slice::from_raw_parts(input, bytes);\n    match op {\n" + arms + "        _ => end(1, \"\"),\n    }\n}\n";
}

std::string stubs(const Target& t) {
    std::string text = "// Yours: `heddle gen` writes this file once. To build:\n//   rustc --edition 2021 --target wasm32-unknown-unknown --crate-type cdylib -O -C strip=symbols " + t.name + ".rs\n#[path = \"" + t.name + "_glue.rs\"]\npub mod glue;\nuse glue::*;\n";
    for (const OpShape* op : t.own)
        text += "\npub fn handle_" + snake(op->name) + "(input: " + type(t.shapes, op->input) + ") -> Result<" + type(t.shapes, op->output) + ", Failure> {\n    let _ = input;\n    Err(Failure::HandlerErr(\"not written yet\".to_string()))\n}\n";
    return text;
}

}  // namespace

std::vector<GenFile> rust_files(const Target& t) { return {{t.name + "_glue.rs", glue(t), false}, {t.name + ".rs", stubs(t), true}}; }

}  // namespace heddle::wire::gen
