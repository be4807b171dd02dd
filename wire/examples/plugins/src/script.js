// The same from JavaScript: filters held by typed handles, a failure caught, and calls without types.
import { Code } from 'heddle:plugins/loader@0.1.0';
import { callJson, callTree, functions } from 'heddle:plugins/values@0.1.0';
import { Plugin, Session } from 'demo:filters-plugin/filter@1.0.0';

const load = (name) => Code.named(name).instantiate({});

export function run() {
  const said = [];
  const shout = Plugin.bind(load('shout')), rot13 = Plugin.bind(load('rot13'));
  for (const p of [shout, rot13]) said.push(`${p.name()}: ${p.apply('Hello')}`);
  const session = Session.new(shout, 'one');
  said.push(session.feed('in pieces'), String(session.count()));
  try {
    shout.misbehave('trap');
  } catch (e) {
    said.push(`caught ${(e.payload ?? e).tag}`);
  }
  said.push(rot13.apply('nyvir'));
  const untyped = load('rot13');
  said.push(`${functions(untyped).length} functions`, callJson(untyped, 'demo:filters/filter.apply', '["Ada"]'));
  const nodes = [{ tag: 'record', val: new Uint32Array([1, 2]) }, { tag: 'u32', val: 40 }, { tag: 'u32', val: 2 }];
  said.push(JSON.stringify(callTree(untyped, 'demo:filters/filter.add', nodes)));
  return said.join('\n');
}
