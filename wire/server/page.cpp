// One file without dependencies: markup, style and script. Everything that comes from the app is set as text, never as markup.
#include "server/page.hpp"

namespace heddle::wire {

const std::string_view page_html = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>heddle</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top }
pre, textarea, code { font: 13px/1.45 ui-monospace, monospace } pre { white-space: pre-wrap; margin: 0 } textarea { width: 100%; min-height: 5rem; box-sizing: border-box }
button { padding: .3rem 1rem } tr.op { cursor: pointer } .bad { color: #c33 } .dim { opacity: .65 }
</style></head><body>
<h1 id="name">heddle</h1>
<table><thead><tr><th>materializer</th><th>kind</th><th>input → output</th><th>calls</th><th>p50</th><th>p99</th></tr></thead><tbody id="ops"></tbody></table>
<h2>Call <span id="chosen"></span></h2>
<textarea id="input" aria-label="input" spellcheck="false">null</textarea>
<p><button id="call">Call</button> <span id="status" class="dim"></span></p><pre id="output"></pre>
<h2>Recent errors</h2><table><tbody id="errors"></tbody></table>
<script>
const $ = id => document.getElementById(id);
let chosen = null;
const cell = (row, text, tag = 'td') => { const c = document.createElement(tag); c.textContent = text; row.append(c); return c; };
const time = s => s === 0 ? '–' : s < 1e-3 ? Math.round(s * 1e6) + ' µs' : s < 1 ? (s * 1e3).toPrecision(2) + ' ms' : s + ' s';
function example(schema) {
  if (schema === true || typeof schema === 'string') return null;
  if ('default' in schema) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object' || schema.properties) return Object.fromEntries(Object.entries(schema.properties || {}).map(([k, v]) => [k, example(v)]));
  return { array: [], string: '', integer: 0, number: 0, boolean: false }[type] ?? null;
}
function choose(op) { chosen = op.op; $('chosen').textContent = op.op; $('input').value = JSON.stringify(example(op.input), null, 2); }
async function refresh() {
  const app = await (await fetch('app.json')).json();
  $('name').textContent = app.name; document.title = app.name;
  $('ops').replaceChildren(...app.materializers.map(op => {
    const row = document.createElement('tr'); row.className = 'op'; row.onclick = () => choose(op);
    cell(row, op.op).title = op.title; cell(row, op.kind + ', ' + op.effect + ', ' + op.lifetime);
    cell(row, JSON.stringify(op.input) + ' → ' + JSON.stringify(op.output)); cell(row, op.calls); cell(row, time(op.p50)); cell(row, time(op.p99));
    return row;
  }));
  if (!chosen && app.materializers.length) choose(app.materializers[0]);
  $('errors').replaceChildren(...app.errors.map(e => { const row = document.createElement('tr'); cell(row, e.time); cell(row, e.op); cell(row, e.code).className = 'bad'; cell(row, e.message); return row; }));
}
$('call').onclick = async () => {
  $('status').textContent = '…';
  const start = performance.now();
  const r = await fetch('op/' + encodeURIComponent(chosen), { method: 'POST', headers: { 'content-type': 'application/json' }, body: $('input').value });
  const text = await r.text();
  $('status').textContent = r.status + ' in ' + (performance.now() - start).toFixed(1) + ' ms';
  $('output').textContent = text; $('output').className = r.ok ? '' : 'bad';
  refresh();
};
refresh(); setInterval(refresh, 5000);
</script></body></html>
)html";

}  // namespace heddle::wire
