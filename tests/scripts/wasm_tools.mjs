// The wasm-tools that npm's @bytecodealliance/jco carries, as a command: another implementation of `heddle component`.
//   wasm_tools.mjs NODE_MODULES dummy WIT WORLD OUT | embed WIT WORLD CORE OUT | new CORE OUT [NAME=ADAPTER …] | wit FILE
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const [modules, command, ...args] = process.argv.slice(2);
const files = await import(`${modules}/@bytecodealliance/preview2-shim/dist/nodejs/filesystem.js`);
files._addPreopen('/', '/');
const tools = await import(`${modules}/@bytecodealliance/jco-transpile/dist/wasm-tools.js`);
const bytes = path => new Uint8Array(readFileSync(path));
const adapter = word => [word.slice(0, word.indexOf('=')), bytes(word.slice(word.indexOf('=') + 1))];

const commands = {
  dummy: async (wit, world, out) => writeFileSync(out, await tools.componentEmbed({ binary: null, dummy: true, witPath: resolve(wit), world })),
  embed: async (wit, world, core, out) => writeFileSync(out, await tools.componentEmbed({ binary: bytes(core), witPath: resolve(wit), world })),
  new: async (core, out, ...adapters) => writeFileSync(out, await tools.componentNew(bytes(core), adapters.map(adapter))),
  wit: async file => process.stdout.write(await tools.componentWit(bytes(file))),
};
try {
  await commands[command](...args);
} catch (error) {
  console.error(error.payload ?? error);
  process.exit(1);
}
