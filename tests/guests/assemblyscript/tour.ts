// The tour in AssemblyScript; files through the shim's bindings, since it has no file interface of its own.
import { errnoToString, fd_close, fd_read, oflags, path_open, rights } from "bindings/wasi_snapshot_preview1";

// The first preopened directory.
const DIRECTORY: u32 = 3;
const buffer = memory.data(4096);
const result = memory.data(16);
const vector = memory.data(8);

function fail(message: string): void {
  process.stderr.write(message + "\n");
  process.exit(1);
}

function readFile(name: string): ArrayBuffer {
  const path = String.UTF8.encode(name);
  const error = path_open(DIRECTORY, 0, changetype<usize>(path), path.byteLength, <oflags>0, rights.FD_READ, <rights>0, 0, result);
  if (error) fail("cannot open " + name + ": " + errnoToString(error));
  const file = load<u32>(result);
  store<u32>(vector, <u32>buffer);
  store<u32>(vector, 4096, 4);
  if (fd_read(file, vector, 1, result)) fail("cannot read " + name);
  fd_close(file);
  const size = load<u32>(result);
  const bytes = new ArrayBuffer(size);
  memory.copy(changetype<usize>(bytes), buffer, size);
  return bytes;
}

function countFile(name: string): void {
  const bytes = Uint8Array.wrap(readFile(name));
  let lines = 0, words = 0, inside = false;
  for (let i = 0; i < bytes.length; i++) {
    const blank = bytes[i] == 0x20 || bytes[i] == 0x0a;
    if (bytes[i] == 0x0a) lines++;
    if (!blank && !inside) words++;
    inside = !blank;
  }
  console.log("data/" + name + ": " + lines.toString() + " lines, " + words.toString() + " words, " + bytes.length.toString() + " bytes");
}

function readInput(): string {
  const chunk = new ArrayBuffer(1024);
  let text = "";
  for (let size = process.stdin.read(chunk); size > 0; size = process.stdin.read(chunk)) {
    text += String.UTF8.decode(chunk.slice(0, size));
  }
  return text;
}

console.log("arguments: " + (process.argv.length - 1).toString());
for (let i = 1; i < process.argv.length; i++) console.log("  <" + process.argv[i] + ">");
console.log("GREETING: " + (process.env.has("GREETING") ? process.env.get("GREETING") : "(none)"));
countFile("input.txt");
const lines = readInput().split("\n");
for (let i = 0; i < lines.length - 1; i++) console.log((i + 1).toString() + ": " + lines[i]);
console.log("done");
process.exit(7);
