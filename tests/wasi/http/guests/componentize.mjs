// componentize-js from npm as a command, with the files of this machine as its own: without them it cannot read the world.
//   componentize.mjs NODE_MODULES WIT WORLD SOURCE OUT
import { readFileSync, writeFileSync } from 'node:fs';

const [modules, witPath, worldName, source, out] = process.argv.slice(2);
const files = await import(`${modules}/@bytecodealliance/preview2-shim/dist/nodejs/filesystem.js`);
files._addPreopen('/', '/');
const { componentize } = await import(`${modules}/@bytecodealliance/componentize-js/src/componentize.js`);
const { component } = await componentize(readFileSync(source, 'utf8'), { witPath, worldName });
writeFileSync(out, component);
