// Guests in JavaScript: the glue is put behind the user's file, and both become a component of world wit-wire. Types are told to editors by a .d.ts.
#include "gen/generate.hpp"

namespace heddle::wire::gen {

namespace {

using K = Shape::Kind;

constexpr const char* wit = R"(package metatype:wit-wire;

interface typegate-wire {
  hostcall: func(op-name: string, json: string) -> result<string, string>;
}

interface mat-wire {
  type json-str = string;
  record mat-info { op-name: string, mat-title: string, mat-hash: string, mat-data-json: string }
  record init-args { metatype-version: string, expected-ops: list<mat-info> }
  record init-response { ok: bool }
  variant init-error { version-mismatch(string), unexpected-mat(mat-info), other(string) }
  init: func(args: init-args) -> result<init-response, init-error>;
  record handle-req { op-name: string, in-json: json-str }
  variant handle-err { no-handler, in-json-err(string), handler-err(string) }
  handle: func(req: handle-req) -> result<json-str, handle-err>;
}

world wit-wire {
  import typegate-wire;
  export mat-wire;
}
)";

constexpr const char* glue = R"(
// A host call by name. A failure is thrown as an Error with the error object's fields.
const host = {
  ask(op, argument) {
    try {
      return JSON.parse(hostcall(op, JSON.stringify(argument)));
    } catch (failure) {
      const text = failure?.payload ?? failure;
      if (typeof text !== 'string') throw failure;
      const error = JSON.parse(text);
      throw Object.assign(new Error(error.message), error);
    }
  },
  call(op, input) { return host.ask('call', { op, in: input }); },
  gql(query, variables) { return host.ask('gql', { query, variables: variables ?? {} }); },
  log(message, fields) { return host.ask('log', fields === undefined ? { message } : { message, fields }); },
};

export const matWire = {
  init(args) {
    const missing = args.expectedOps.find((op) => typeof handlers[op.opName] !== 'function');
    if (missing) throw { tag: 'unexpected-mat', val: missing };
    return { ok: true };
  },
  handle(request) {
    const handler = handlers[request.opName];
    if (typeof handler !== 'function') throw { tag: 'no-handler' };
    let output;
    try {
      output = handler(JSON.parse(request.inJson), host);
    } catch (error) {
      throw { tag: 'handler-err', val: JSON.stringify({ message: String(error?.message ?? error), ...(error?.code === undefined ? {} : { code: error.code }) }) };
    }
    return JSON.stringify(output === undefined ? null : output);
  },
};
)";

std::string key(const std::string& name) {
    bool plain = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") == name.npos && !(name[0] >= '0' && name[0] <= '9');
    return plain ? name : literal(name);
}

std::string type(const Shapes& all, u32 i) {
    const Shape& s = all[i];
    auto part = [&](std::size_t k) { return type(all, s.parts[k].shape); };
    std::string text;
    switch (s.kind) {
        case K::json: return "unknown";
        case K::boolean: return "boolean";
        case K::integer:
        case K::number: return "number";
        case K::string:
        case K::bytes: return "string";
        case K::option: return part(0) + " | null";
        case K::list: return "Array<" + part(0) + ">";
        case K::map: return "{ [key: string]: " + part(0) + " }";
        case K::tuple:
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += (k ? ", " : "") + part(k);
            return "[" + text + "]";
        default: return pascal(s.name);
    }
}

std::string definition(const Shapes& all, const Shape& s) {
    std::string text = s.title.empty() ? "" : "/** " + s.title + " */\n";
    if (s.kind == K::record) {
        text += "interface " + pascal(s.name) + " {\n";
        for (const auto& p : s.parts) text += "  " + key(p.json) + (p.required ? ": " + type(all, p.shape) : "?: " + type(all, all[p.shape].parts[0].shape)) + ";\n";
        return text + "}\n";
    }
    if (s.kind != K::enumeration && s.kind != K::variant) return "";
    text += "type " + pascal(s.name) + " =";
    for (const auto& p : s.parts) text += " | " + (s.kind == K::enumeration ? literal(p.json) : type(all, p.shape));
    return text + ";\n";
}

std::string declarations(const Target& t) {
    std::string text = std::string("// ") + glue_note + "\n";
    for (u32 i : t.used) text += definition(t.shapes, t.shapes[i]);
    text += "\ninterface Host {\n  ask(op: string, argument: unknown): any;\n  gql(query: string, variables?: object): any;\n  log(message: string, fields?: object): void;\n";
    for (const OpShape* op : t.others) text += "  call(op: " + literal(op->config->op) + ", input: " + type(t.shapes, op->input) + "): " + type(t.shapes, op->output) + ";\n";
    text += "}\ninterface Handlers {\n";
    for (const OpShape* op : t.own) text += "  " + key(op->config->op) + "(input: " + type(t.shapes, op->input) + ", host: Host): " + type(t.shapes, op->output) + ";\n";
    return text + "}\n";
}

std::string stubs(const Target& t) {
    std::string text = "// Yours: `heddle gen` writes this file once. To build, with componentize-qjs or componentize-js from npm:\n//   cat " + t.name + ".js " + t.name + "_glue.js > whole.js\n//   npx componentize-qjs --js whole.js --wit " + t.name +
                       ".wit --world wit-wire -o " + t.name + ".wasm\n/// <reference path=\"./" + t.name + ".d.ts\" />\n\n/** @type {Handlers} */\nconst handlers = {\n";
    for (const OpShape* op : t.own) text += "  " + key(op->config->op) + "(input, host) {\n    throw new Error('not written yet');\n  },\n";
    return text + "};\n";
}

}  // namespace

std::vector<GenFile> js_files(const Target& t) {
    return {{t.name + ".wit", wit, false},
            {t.name + ".d.ts", declarations(t), false},
            {t.name + "_glue.js", std::string("// ") + glue_note + "\nimport { hostcall } from 'metatype:wit-wire/typegate-wire';\n" + glue, false},
            {t.name + ".js", stubs(t), true}};
}

}  // namespace heddle::wire::gen
