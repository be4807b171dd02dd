// The calls of component_calls.cpp beside the same component under jco, on V8's compilers: one run, one table.
//
//   NODE_PATH=…/node_modules node bench/component_calls.mjs build/release/bench/component_calls
//
// Needs @bytecodealliance/jco where NODE_PATH says, or beside this file. Each engine is measured by itself, in turn, thrice; the middle one counts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const bench = process.argv[2];
if (!bench) {
  console.error("usage: NODE_PATH=…/node_modules node bench/component_calls.mjs build/release/bench/component_calls");
  process.exit(2);
}

async function load_jco() {
  for (const folder of [...(process.env.NODE_PATH ?? "").split(":"), join(import.meta.dirname ?? ".", "node_modules")]) {
    if (!folder) continue;
    const root = join(folder, "@bytecodealliance", "jco");
    try {
      const main = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports["."].default;
      return await import(pathToFileURL(join(root, main)));
    } catch (e) {
      if (e.code !== "ENOENT") throw e;
    }
  }
  console.error("component_calls: no @bytecodealliance/jco in NODE_PATH; nothing to compare with");
  process.exit(0);
}

const { transpile } = await load_jco();
const folder = mkdtempSync(join(tmpdir(), "component-calls-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

execFileSync(bench, ["--write", join(folder, "calls.wasm")]);
const { files } = await transpile(readFileSync(join(folder, "calls.wasm")), { name: "calls", map: ["host=./host.js"] });
for (const [name, bytes] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), bytes);
}
writeFileSync(join(folder, "package.json"), '{"type":"module"}');
writeFileSync(join(folder, "host.js"), "export const scalars = (a, b) => (a + b) >>> 0;\nexport const text = (s) => s.length;\n");
const { callee, loop } = await import(pathToFileURL(join(folder, "calls.js")));

const text = "0123456789abcdef0123456789abcdef", point = [{ x: 1, y: 2.5, name: "north" }];
const repeat = (f) => (n) => { while (n--) f(n); };
const cases = [  // as component_calls.cpp names them; a loop inside of the component takes the number of calls
  ["host -> component -> host, scalars", repeat((n) => callee.scalars(n, 2))],
  ["host -> component -> host, string of 32", repeat(() => callee.text(text))],
  ["the same, and a string back", repeat(() => callee.echo(text))],
  ["host -> component -> host, list of a record", repeat(() => callee.record(point))],
  ["host -> component -> host, async, at once", async (n) => { while (n--) await callee.async(n); }],
  ["core -> core, for comparison", loop.core],
  ["component -> component, scalars", loop.scalars],
  ["component -> component, string of 32", loop.text],
  ["component -> component, list<u8> of 64 KiB", loop.bytes],
  ["component -> component, async, at once", loop.async],
  ["component -> host, scalars", loop.hostScalars],
  ["component -> host, string of 32", loop.hostText],
];

const cpu_ns = () => { const { user, system } = process.cpuUsage(); return 1000 * (user + system); };
const middle = (a) => a.sort((x, y) => x - y)[a.length >> 1];

async function in_jco([, run]) {
  const once = async (n) => {
    const begin = cpu_ns();
    await run(n);
    return (cpu_ns() - begin) / n;
  };
  let n = 100;  // as many as take some 100 ms, which also makes V8 compile it
  for (let ns = await once(n); n * ns < 5e7; ns = await once(n)) n *= 4;
  return middle([await once(n), await once(n), await once(n)]);
}

function in_heddle([name]) {
  const lines = execFileSync(bench, [name], { encoding: "utf8" }).split("\n");
  return Number(lines.find((l) => l.startsWith(name)).slice(name.length).trim().split(/\s+/)[0]);
}

console.log(`${"ns of CPU time per call".padEnd(46)}${"heddle".padStart(10)}${"jco".padStart(10)}${"ratio".padStart(8)}`);
for (const c of cases) {
  const ours = [], theirs = [];
  try {
    for (let i = 0; i < 3; ++i) {
      ours.push(in_heddle(c));
      theirs.push(await in_jco(c));
    }
  } catch (e) {
    console.log(`${c[0].padEnd(46)}${String(ours[0]?.toFixed(1) ?? "-").padStart(10)}         -       -   jco: ${String(e.message ?? e).split("\n")[0]}`);
    continue;
  }
  const [a, b] = [middle(ours), middle(theirs)];
  console.log(`${c[0].padEnd(46)}${a.toFixed(1).padStart(10)}${b.toFixed(1).padStart(10)}${(a / b).toFixed(2).padStart(8)}`);
}
