// V8's answers: reads lines "SUPPORT.wasm MODULE.wasm EXTERNS.wasm", writes for each one line of JSON that says what every export did.
// Needs node --experimental-wasm-type-reflection.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// Values are carried as their bits in hexadecimal, so that nothing is rounded.
const view = new DataView(new ArrayBuffer(8));
const bits = {
  i32: (value) => (view.setInt32(0, value), view.getUint32(0).toString(16)),
  i64: (value) => (view.setBigInt64(0, value), view.getBigUint64(0).toString(16)),
  f32: (value) => (Number.isNaN(value) ? 'nan' : (view.setFloat32(0, value), view.getUint32(0).toString(16))),
  f64: (value) => (Number.isNaN(value) ? 'nan' : (view.setFloat64(0, value), view.getBigUint64(0).toString(16))),
};

const choices = {
  i32: [0, 1, -1, 42, -2147483648, 2147483647, 65536, 255],
  i64: [0n, 1n, -1n, 42n, -(2n ** 63n), 2n ** 63n - 1n, 4294967296n, 65535n],
  f32: [0, 1.5, -0, -7.25, Infinity, 16777216, 1e-40, -Infinity],
  f64: [0, -0, 2.5, 4294967296, -Infinity, 1e308, 5e-324, -1.75],
};

// What one export does, or null when JavaScript cannot call it (v128).
function answer(instance, { name, type }, turn) {
  const usable = [...type.parameters, ...type.results].every((each) => each in bits);
  if (!usable) return null;
  const values = type.parameters.map((each, at) => choices[each][(turn + 3 * at) % choices[each].length]);
  const call = { name, parameters: type.parameters, results: type.results };
  call.arguments = values.map((value, at) => bits[type.parameters[at]](value));
  try {
    const result = instance.exports[name](...values);
    const list = type.results.length > 1 ? [...result] : type.results.length ? [result] : [];
    call.returned = list.map((value, at) => bits[type.results[at]](value));
  } catch (error) {
    if (error instanceof RangeError) call.exhausted = true;
    else if (error instanceof WebAssembly.RuntimeError) call.trap = error.message;
    else if (error instanceof WebAssembly.Exception) call.thrown = true;
    else throw error;
  }
  return call;
}

function answers(support, path, externs) {
  let module;
  try {
    module = new WebAssembly.Module(readFileSync(path));
  } catch (error) {
    return { rejected: error.message };
  }
  const helper = new WebAssembly.Instance(support);
  let instance;
  try {
    instance = new WebAssembly.Instance(module, { 'fuzzing-support': helper.exports, __fuzz_import: new WebAssembly.Instance(externs).exports });
  } catch (error) {
    return error instanceof WebAssembly.RuntimeError ? { trap: error.message } : { rejected: error.message };
  }
  const functions = WebAssembly.Module.exports(module).filter((each) => each.kind === 'function');
  const limiter = functions.find((each) => each.name === 'hangLimitInitializer');
  const calls = [];
  for (const [turn, each] of functions.entries()) {
    if (each === limiter) continue;
    if (limiter) calls.push(answer(instance, limiter, 0));
    const call = answer(instance, each, turn);
    if (call) calls.push(call);
    if (call?.exhausted) return { calls };
  }
  return { calls, sum: bits.i64(helper.exports.sum()) };
}

const loaded = new Map(); // what the modules share
const load = (file) => loaded.get(file) ?? loaded.set(file, new WebAssembly.Module(readFileSync(file))).get(file);

for await (const line of createInterface({ input: process.stdin })) {
  const [support, path, externs] = line.split('\t');
  console.log(JSON.stringify(answers(load(support), path, load(externs))));
}
