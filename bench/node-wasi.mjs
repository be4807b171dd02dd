// Runs a preview 1 command with Node's own WASI: node node-wasi.mjs [--dir HOST[::GUEST]] [--env N=V] FILE [ARGS]
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { WASI } from 'node:wasi';

// Node 20's fast calls into its WASI may collect garbage with the guest's roots unseen, and then crash.
setFlagsFromString('--no-turbo-fast-api-calls');

const words = process.argv.slice(2);
const preopens = {};
const env = {};
while (words[0] === '--dir' || words[0] === '--env') {
  const [option, value] = words.splice(0, 2);
  if (option === '--env') {
    const at = value.indexOf('=');
    env[value.slice(0, at)] = value.slice(at + 1);
  } else {
    const [host, guest] = value.split('::');
    preopens[guest ?? host] = host;
  }
}

const wasi = new WASI({ version: 'preview1', args: words, env, preopens, returnOnExit: true });
const module = new WebAssembly.Module(readFileSync(words[0]));
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
