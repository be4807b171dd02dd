// Guests in C: structs that look like the app's types, and a reader and a writer of JSON for each. No library is needed.
#include <algorithm>
#include <set>

#include "gen/c_runtime.hpp"
#include "gen/generate.hpp"

namespace heddle::wire::gen {

namespace {

using K = Shape::Kind;

class C {
public:
    explicit C(const Target& t) : t_(t) {}
    std::string header() const;
    std::string source() const;
    std::string stubs() const;

private:
    const Shape& shape(u32 i) const { return t_.shapes[i]; }
    std::string mangled(u32 i) const;
    std::string type(u32 i) const;
    std::string definition(u32 i) const;
    std::string reader(u32 i) const;
    std::string writer(u32 i) const;
    std::string handler(const OpShape& op) const;
    std::string call(const OpShape& op) const;
    // One shape of each type: two lists of texts are one type.
    std::vector<u32> types() const;

    const Target& t_;
};

// What a type is called in names: "person", "list_person".
std::string C::mangled(u32 i) const {
    const Shape& s = shape(i);
    auto part = [&](std::size_t k) { return mangled(s.parts[k].shape); };
    switch (s.kind) {
        case K::json: return "json";
        case K::boolean: return "boolean";
        case K::integer: return "integer";
        case K::number: return "number";
        case K::string: return "text";
        case K::bytes: return "bytes";
        case K::option: return "option_" + part(0);
        case K::list: return "list_" + part(0);
        case K::map: return "map_" + part(0);
        case K::tuple: {
            std::string name = "tuple" + std::to_string(s.parts.size());
            for (std::size_t k = 0; k < s.parts.size(); ++k) name += "_" + part(k);
            return name;
        }
        default: return snake(s.name);
    }
}

std::string C::type(u32 i) const {
    switch (shape(i).kind) {
        case K::json:
        case K::string: return "cw_text";
        case K::boolean: return "bool";
        case K::integer: return "int64_t";
        case K::number: return "double";
        case K::bytes: return "cw_bytes";
        default: return mangled(i) + "_t";
    }
}

std::string C::definition(u32 i) const {
    const Shape& s = shape(i);
    std::string name = mangled(i), text;
    auto field = [&](std::size_t k, const std::string& called) { return "    " + type(s.parts[k].shape) + " " + called + ";\n"; };
    if (!s.title.empty()) text += "// " + s.title + "\n";
    switch (s.kind) {
        case K::option: return text + "typedef struct {\n    bool has;\n" + field(0, "value") + "} " + name + "_t;\n";
        case K::list: return text + "typedef struct {\n    " + type(s.parts[0].shape) + " *items;\n    uint32_t size;\n} " + name + "_t;\n";
        case K::map: return text + "typedef struct {\n    struct { cw_text key; " + type(s.parts[0].shape) + " value; } *items;\n    uint32_t size;\n} " + name + "_t;\n";
        case K::enumeration: {
            text += "typedef enum {";
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += (k ? ", " : " ") + upper(s.name) + "_" + upper(s.parts[k].name);
            return text + " } " + name + "_t;\n";
        }
        case K::tuple:
        case K::record:
            text += "typedef struct {\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += field(k, s.kind == K::tuple ? "part" + std::to_string(k) : snake(s.parts[k].name));
            return text + "} " + name + "_t;\n";
        case K::variant:
            text += "typedef struct {\n    enum {";
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += (k ? ", " : " ") + upper(s.name) + "_" + upper(s.parts[k].name);
            text += " } which;\n    union {\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += "    " + field(k, snake(s.parts[k].name));
            return text + "    };\n} " + name + "_t;\n";
        default: return "";
    }
}

std::string C::reader(u32 i) const {
    const Shape& s = shape(i);
    std::string head = "static bool read_" + mangled(i) + "(cw_reader *r, " + type(i) + " *to) {\n", text;
    auto read = [&](std::size_t k, const std::string& where) { return "read_" + mangled(s.parts[k].shape) + "(r, " + where + ")"; };
    switch (s.kind) {
        case K::option: return head + "    if (CW_WORD(r, \"null\")) return true;\n    return to->has = " + read(0, "&to->value") + ";\n}\n";
        case K::list:
        case K::map: {
            bool map = s.kind == K::map;
            std::string open = map ? "{" : "[", close = map ? "}" : "]", element = map ? "(!read_text(r, &to->items[n].key) || !cw_eat(r, ':') || !" + read(0, "&to->items[n].value") + ")" : "(!" + read(0, "&to->items[n]") + ")";
            return head + "    uint32_t room = 0, n = 0;\n    if (!cw_eat(r, '" + open + "')) return false;\n    while (!cw_eat(r, '" + close + "')) {\n" +
                   "        if (n == room) {\n            void *old = to->items;\n            room = room * 2 + 4;\n            to->items = cw_new(room * (uint32_t)sizeof *to->items);\n" +
                   "            memcpy(to->items, old, n * sizeof *to->items);\n        }\n        if " + element + " return false;\n        ++n;\n" +
                   "        if (!cw_eat(r, ',') && cw_peek(r) != '" + close + "') return false;\n    }\n    to->size = n;\n    return true;\n}\n";
        }
        case K::tuple:
            text = head + "    return cw_eat(r, '[')";
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += (k ? " && cw_eat(r, ',') && " : " && ") + read(k, "&to->part" + std::to_string(k));
            return text + " && cw_eat(r, ']');\n}\n";
        case K::enumeration:
            text = head + "    cw_text label;\n    if (!read_text(r, &label)) return false;\n";
            for (const auto& p : s.parts) text += "    if (CW_IS(label, " + literal(p.json) + ")) return *to = " + upper(s.name) + "_" + upper(p.name) + ", true;\n";
            return text + "    return false;\n}\n";
        case K::variant:
            text = head + "    cw_reader start = *r;\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k) {
                std::string at = "&to->" + snake(s.parts[k].name);
                text += "    *to = (" + type(i) + "){0};\n    to->which = " + upper(s.name) + "_" + upper(s.parts[k].name) + ";\n    if (" + read(k, at) + ") return true;\n    *r = start;\n";
            }
            return text + "    return false;\n}\n";
        case K::record: {
            text = head + "    cw_text key;\n    bool seen[" + std::to_string(std::max<std::size_t>(1, s.parts.size())) + "] = {0};\n    if (!cw_eat(r, '{')) return false;\n    while (!cw_eat(r, '}')) {\n        if (!read_text(r, &key) || !cw_eat(r, ':')) return false;\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k)
                text += std::string(k ? "        else if" : "        if") + " (CW_IS(key, " + literal(s.parts[k].json) + ")) {\n            if (!" + read(k, "&to->" + snake(s.parts[k].name)) +
                        ") return false;\n            seen[" + std::to_string(k) + "] = true;\n        }\n";
            text += std::string(s.parts.empty() ? "        " : "        else ") + "if (!cw_skip(r)) return false;\n        if (!cw_eat(r, ',') && cw_peek(r) != '}') return false;\n    }\n    return true";
            for (std::size_t k = 0; k < s.parts.size(); ++k)
                if (s.parts[k].required) text += " && seen[" + std::to_string(k) + "]";
            return text + ";\n}\n";
        }
        default: return "";
    }
}

std::string C::writer(u32 i) const {
    const Shape& s = shape(i);
    std::string head = "static void write_" + mangled(i) + "(cw_writer *w, const " + type(i) + " *v) {\n", text = head;
    auto write = [&](std::size_t k, const std::string& what) { return "write_" + mangled(s.parts[k].shape) + "(w, " + what + ");\n"; };
    switch (s.kind) {
        case K::option: return head + "    if (v->has) " + write(0, "&v->value") + "    else CW_PUT(w, \"null\");\n}\n";
        case K::list:
            return head + "    CW_PUT(w, \"[\");\n    for (uint32_t i = 0; i < v->size; ++i) {\n        if (i) CW_PUT(w, \",\");\n        " + write(0, "&v->items[i]") + "    }\n    CW_PUT(w, \"]\");\n}\n";
        case K::map:
            return head + "    CW_PUT(w, \"{\");\n    for (uint32_t i = 0; i < v->size; ++i) {\n        if (i) CW_PUT(w, \",\");\n        write_text(w, &v->items[i].key);\n        CW_PUT(w, \":\");\n        " +
                   write(0, "&v->items[i].value") + "    }\n    CW_PUT(w, \"}\");\n}\n";
        case K::tuple:
            text += "    CW_PUT(w, \"[\");\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k) text += std::string(k ? "    CW_PUT(w, \",\");\n" : "") + "    " + write(k, "&v->part" + std::to_string(k));
            return text + "    CW_PUT(w, \"]\");\n}\n";
        case K::enumeration:
            text += "    switch (*v) {\n";
            for (const auto& p : s.parts) text += "        case " + upper(s.name) + "_" + upper(p.name) + ": CW_PUT(w, " + literal(literal(p.json)) + "); break;\n";
            return text + "    }\n}\n";
        case K::variant:
            text += "    switch (v->which) {\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k)
                text += "        case " + upper(s.name) + "_" + upper(s.parts[k].name) + ": write_" + mangled(s.parts[k].shape) + "(w, &v->" + snake(s.parts[k].name) + "); break;\n";
            return text + "    }\n}\n";
        case K::record:
            text += "    bool first = true;\n    CW_PUT(w, \"{\");\n";
            for (std::size_t k = 0; k < s.parts.size(); ++k) {
                const auto& p = s.parts[k];
                std::string at = "v->" + snake(p.name), put = "        if (!first) CW_PUT(w, \",\");\n        first = false;\n        CW_PUT(w, " + literal(literal(p.json) + ":") + ");\n        " + write(k, "&" + at);
                text += (p.required ? "    {\n" : "    if (" + at + ".has) {\n") + put + "    }\n";
            }
            return text + "    (void)first, (void)v;\n    CW_PUT(w, \"}\");\n}\n";
        default: return "";
    }
}

std::string C::handler(const OpShape& op) const {
    return "cw_status handle_" + snake(op.name) + "(const " + type(op.input) + " *input, " + type(op.output) + " *output, cw_text *error)";
}
std::string C::call(const OpShape& op) const { return "bool call_" + snake(op.name) + "(const " + type(op.input) + " *input, " + type(op.output) + " *output, cw_text *error)"; }

std::vector<u32> C::types() const {
    std::set<std::string> known;
    std::vector<u32> all;
    for (u32 i : t_.used)
        if (known.insert(mangled(i)).second) all.push_back(i);
    return all;
}

std::string C::header() const {
    std::string text = std::string("// ") + glue_note + "\n" + c_header + "\n// ---- the app's types\n\n", last;
    for (u32 i : types()) text += definition(i);
    text += "\n// ---- what this guest gives\n\n";
    for (const OpShape* op : t_.own) text += (op->config->title.empty() ? "" : "// " + op->config->title + "\n") + handler(*op) + ";\n";
    if (!t_.others.empty()) text += "\n// ---- the app's other materializers: false, and the error object's JSON, when the call failed. They need the grant `call`.\n\n";
    for (const OpShape* op : t_.others) text += call(*op) + ";\n";
    return text;
}

std::string C::source() const {
    std::string text = std::string("// ") + glue_note + "\n#include \"" + t_.name + ".h\"\n\n#pragma clang diagnostic ignored \"-Wunused-function\"\n" + c_source + "\n// ---- the app's types\n\n";
    for (u32 i : types()) text += reader(i) + writer(i);
    for (const OpShape* op : t_.others)
        text += "\n" + call(*op) + " {\n    cw_writer w = {0};\n    cw_text got;\n    CW_PUT(&w, " + literal("{\"op\":" + literal(op->config->op) + ",\"in\":") + ");\n    write_" + mangled(op->input) +
                "(&w, input);\n    CW_PUT(&w, \"}\");\n    bool good = cw_hostcall(CW_TEXT(\"call\"), (cw_text){w.at, w.size}, &got);\n    cw_reader r = {got.at, got.at + got.size};\n    if (!good) *error = got;\n    return good && read_" +
                mangled(op->output) + "(&r, output);\n}\n";
    text += "\n__attribute__((export_name(\"cw_handle\"))) int cw_handle(const char *op, uint32_t op_bytes, const char *in, uint32_t bytes) {\n    cw_reader r = {in, in + bytes};\n    cw_writer w = {0};\n    cw_text error = {0};\n    cw_text name = {op, op_bytes};\n";
    for (const OpShape* op : t_.own)
        text += "    if (CW_IS(name, " + literal(op->config->op) + ")) {\n        " + type(op->input) + " input = {0};\n        " + type(op->output) + " output = {0};\n        if (!read_" + mangled(op->input) +
                "(&r, &input)) return cw_end(CW_IN_JSON_ERR, CW_TEXT(\"the input is not of the type that this guest was made for\"));\n        cw_status status = handle_" + snake(op->name) +
                "(&input, &output, &error);\n        if (status != CW_OK) return cw_end(status, error);\n        write_" + mangled(op->output) + "(&w, &output);\n        return cw_end(CW_OK, (cw_text){w.at, w.size});\n    }\n";
    return text + "    return cw_end(CW_NO_HANDLER, error);\n}\n";
}

std::string C::stubs() const {
    std::string text = "// Yours: `heddle gen` writes this file once. To build:\n//   clang --target=wasm32 -O2 -nostdlib -ffreestanding -Wl,--no-entry,-s " + t_.name + ".c " + t_.name + "_glue.c -o " + t_.name + ".wasm\n#include \"" + t_.name + ".h\"\n";
    for (const OpShape* op : t_.own)
        text += "\n" + handler(*op) + " {\n    (void)input, (void)output;\n    *error = CW_TEXT(\"not written yet\");\n    return CW_HANDLER_ERR;\n}\n";
    return text;
}

}  // namespace

std::vector<GenFile> c_files(const Target& t) {
    C c(t);
    return {{t.name + ".h", c.header(), false}, {t.name + "_glue.c", c.source(), false}, {t.name + ".c", c.stubs(), true}};
}

}  // namespace heddle::wire::gen
