// Makes tour.wasm and tour.txt of tour.mbt, by MoonBit's compiler as it comes from npm:
//
//   npm install --prefix build/npm --ignore-scripts @moonbit/moonc-worker@0.1.202605123 @moonbit/moonpad-monaco@0.1.202602255
//   node tests/guests/moonbit/build.mjs [build/npm]
//
// tour.wasm is for WebAssembly with garbage collection. tour.txt is what the same program prints when the same compiler makes JavaScript of it
// and Node runs it.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = path.join(path.resolve(process.argv[2] ?? "build/npm"), "node_modules/@moonbit");
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "moonbit-"));

// ---- the compiler: a web worker that answers messages

let listener;
const waiting = new Map();
globalThis.addEventListener = (kind, f) => { if (kind == "message") listener ??= f; };
globalThis.postMessage = answer => waiting.get(answer.id)?.(answer);
fs.copyFileSync(path.join(packages, "moonc-worker/moonc-worker.js"), path.join(scratch, "compiler.cjs"));
createRequire(import.meta.url)(path.join(scratch, "compiler.cjs"));

function ask(name, parameters) {
  return new Promise((resolve, reject) => {
    const id = String(waiting.size);
    waiting.set(id, answer => answer.type == "HANDLER" ? reject(new Error(JSON.stringify(answer.value))) : resolve(answer.value));
    listener({ data: { id, type: "APPLY", path: [name], argumentList: [{ type: "RAW", value: parameters }] }, origin: "" });
  });
}

async function compile(parameters) {
  const made = await ask("buildPackage", { indirectImportMiFiles: [], stdMiFiles: [], miFiles: [], isMain: false, errorFormat: "human", enableValueTracing: false,
                                           noOpt: false, ...parameters });
  if (!made.core) throw new Error(`${parameters.pkg}:\n${made.diagnostics.join("\n")}`);
  return made;
}

// ---- its standard library, as sources inside the editor's bundle: path -> text

const bundle = fs.readFileSync(path.join(packages, "moonpad-monaco/dist/moonpad-monaco.js"), "utf8");
const texts = new Map([...bundle.matchAll(/[ ,]([\w$]+) = d\("([^"]*)"\)/g)].map(([, variable, text]) => [variable, text]));
const sources = new Map([...bundle.matchAll(/i\["\/lib\/core\/([^"]+)"\] = ([\w$]+);/g)].filter(([, , variable]) => texts.has(variable))
  .map(([, file, variable]) => [file, Buffer.from(texts.get(variable), "base64").toString()]));
const library = new Map(JSON.parse(sources.get("_build/packages.json")).packages.map(p => [p.root + (p.rel ? "/" + p.rel : ""), p]));

// The prelude and what it needs, each after what it needs itself: name -> {core, mi}.
async function standardLibrary(target, backend) {
  const built = new Map();
  async function build(name) {
    if (built.has(name)) return;
    const { deps, files, rel } = library.get(name);
    for (const dep of deps) await build(dep.path);
    const direct = new Map(deps.map(dep => [dep.path, dep.alias]));
    built.set(name, await compile({
      target, pkg: name, pkgSources: [`${name}:moonbit-core:/lib/core/${rel}`],
      mbtFiles: Object.entries(files).filter(([, only]) => only.backend.includes(backend) && only.optlevel.includes("Release"))
        .map(([file]) => [file, sources.get(file.replace(/^.*\/lib\/core\//, ""))]),
      miFiles: [...built].map(([other, { mi }]) => [`/${other}.mi:${direct.get(other) ?? other}`, mi]),
    }));
  }
  await build("moonbitlang/core/debug");
  await build("moonbitlang/core/prelude");
  return built;
}

async function program(target, backend) {
  const built = await standardLibrary(target, backend);
  const main = await compile({ target, pkg: "main", pkgSources: ["main:/main"], isMain: true, stdMiFiles: [...built].map(([name, { mi }]) => [`/${name}.mi`, mi]),
                               mbtFiles: [["tour.mbt", fs.readFileSync(path.join(here, "tour.mbt"), "utf8")]] });
  const linked = await ask("linkCore", {
    target, main: "main", coreFiles: [...[...built.values()].map(({ core }) => core), main.core],
    pkgSources: [...[...built.keys()].map(name => `${name}:moonbit-core:/lib/core/${library.get(name).rel}`), "main:/main"],
    exportedFunctions: [], outputFormat: "wasm", testMode: false, debug: false, noOpt: false, sourceMap: false, sources: {}, stopOnMain: false,
  });
  return linked.result;
}

fs.writeFileSync(path.join(here, "tour.wasm"), await program("wasm-gc", "WasmGC"));
fs.writeFileSync(path.join(scratch, "tour.js"), await program("js", "Js"));
fs.writeFileSync(path.join(here, "tour.txt"), execFileSync("node", [path.join(scratch, "tour.js")]));
fs.rmSync(scratch, { recursive: true });
