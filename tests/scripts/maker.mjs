// Runs npm's build of a binaryen tool many times in one process, so that it is compiled once:
//   node maker.mjs TOOL < lines of JSON, each the arguments of one run > one exit code per line
// The tool is a script for Node that carries its WebAssembly within; every run gets an instance of its own.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { Script } from 'node:vm';

const tool = process.argv[2];
const text = readFileSync(tool, 'utf8').replace(/^#!.*/, '');
const start = new Script(`(function (Module, process, require, console, __filename, __dirname) {${text}\n})`, { filename: tool }).runInThisContext();
const require = createRequire(import.meta.url);
const silent = { log() {}, error() {}, warn() {} };

let compiled; // by the first run, which takes the bytes out of the script
const compile = WebAssembly.instantiate;
WebAssembly.instantiate = async (bytes, imports) => {
  const result = await compile(bytes, imports);
  compiled = result.module;
  return result;
};

const tooLate = 60_000;

function run(words) {
  return new Promise((finish) => {
    const late = setTimeout(() => finish(-1), tooLate);
    const done = (code) => {
      clearTimeout(late);
      finish(code);
    };
    const itself = { argv: [process.argv[0], tool, ...words], versions: process.versions, platform: process.platform, env: {}, cwd: process.cwd,
      binding: (name) => process.binding(name), on() {}, exitCode: 0, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, hrtime: process.hrtime };
    const module = { postRun: () => done(itself.exitCode), onAbort: () => done(-1), print() {}, printErr() {} };
    if (compiled) module.instantiateWasm = (imports, ready) => ready(new WebAssembly.Instance(compiled, imports), compiled);
    try {
      start(module, itself, require, silent, tool, '.');
    } catch {
      done(-1);
    }
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const code = await run(JSON.parse(line));
  process.stdout.write(`${code}\n`);
}
