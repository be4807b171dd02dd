// Model -> WIT text.
#include <algorithm>
#include <utility>

#include <heddle/wit.hpp>

namespace heddle::wit {
namespace {

class Printer {
public:
    Printer(const Resolve& r, const Package& p) : r_(r), package_(p) {}

    std::string run() {
        docs(package_.docs);
        line("package " + package_.name.to_string() + ";");
        for (u32 i : package_.interfaces) {
            blank();
            interface(r_.interfaces[i], "interface " + escaped(*r_.interfaces[i].name));
        }
        for (u32 w : package_.worlds) {
            blank();
            world(r_.worlds[w]);
        }
        return std::move(out_);
    }

    std::string run_nested() {
        docs(package_.docs);
        open("package " + package_.name.to_string());
        bool first = true;
        const auto space = [&] {
            if (!std::exchange(first, false)) blank();
        };
        for (u32 i : package_.interfaces) space(), interface(r_.interfaces[i], "interface " + escaped(*r_.interfaces[i].name));
        for (u32 w : package_.worlds) space(), world(r_.worlds[w]);
        close();
        return std::move(out_);
    }

private:
    void line(const std::string& s) { out_ += std::string(std::size_t(indent_) * 2, ' ') + s + "\n"; }
    void blank() { out_ += "\n"; }
    void open(const std::string& s) {
        line(s + " {");
        ++indent_;
    }
    void close() {
        --indent_;
        line("}");
    }

    void docs(std::string_view text) {
        while (!text.empty()) {
            std::string_view first = text.substr(0, text.find('\n'));
            line(first.empty() ? "///" : "/// " + std::string(first));
            text.remove_prefix(std::min(first.size() + 1, text.size()));
        }
    }
    void gate(const Gate& g) {
        if (g.since) line("@since(version = " + *g.since + ")");
        if (g.feature) line("@unstable(feature = " + *g.feature + ")");
        if (g.deprecated) line("@deprecated(version = " + *g.deprecated + ")");
    }

    std::string type(const Type& t) const { return r_.to_string(t); }

    // Functions of a resource are printed inside it.
    static bool belongs_to(const Function& f, u32 resource) { return f.kind != Function::Kind::freestanding && f.resource == resource; }

    void interface(const Interface& i, const std::string& head) {
        docs(i.docs);
        gate(i.gate);
        interface_body(i, head);
    }

    void interface_body(const Interface& i, const std::string& head) {
        open(head);
        types(i.types, i.functions, i.package);
        bool first = i.types.empty();
        for (const Function& f : i.functions)
            if (f.kind == Function::Kind::freestanding) {
                if (!std::exchange(first, false)) blank();
                docs(f.docs);
                gate(f.gate);
                line(escaped(f.name) + ": " + signature(f) + ";");
            }
        close();
    }

    void types(const std::vector<u32>& list, const std::vector<Function>& functions, u32 package) {
        bool first = !uses(list, package);
        for (u32 t : list) {
            if (r_.types[t].used) continue;
            if (!std::exchange(first, false)) blank();
            type_definition(t, functions);
        }
    }

    // One `use` per interface that types come from. Gives whether there was one.
    bool uses(const std::vector<u32>& list, u32 package) {
        std::vector<u32> from;
        for (u32 t : list) {
            if (!r_.types[t].used) continue;
            u32 owner = source_interface(t);
            if (std::ranges::find(from, owner) == from.end()) from.push_back(owner);
        }
        for (u32 interface : from) {
            std::string names;
            for (u32 t : list) {
                const TypeDef& def = r_.types[t];
                if (!def.used || source_interface(t) != interface) continue;
                const std::string& original = r_.types[std::get<Alias>(def.kind).type.index].name;
                names += (names.empty() ? "" : ", ") + escaped(original) + (original == def.name ? "" : " as " + escaped(def.name));
            }
            line("use " + path(interface, package) + ".{" + names + "};");
        }
        return !from.empty();
    }
    u32 source_interface(u32 type) const { return r_.types[std::get<Alias>(r_.types[type].kind).type.index].owner_index; }
    std::string path(u32 interface, u32 package) const {
        const Interface& i = r_.interfaces[interface];
        return i.package == package ? escaped(*i.name) : r_.interface_name(interface);
    }

    void type_definition(u32 index, const std::vector<Function>& functions) {
        const TypeDef& def = r_.types[index];
        docs(def.docs);
        gate(def.gate);
        std::string name = escaped(def.name);
        if (const auto* r = std::get_if<Record>(&def.kind)) {
            open("record " + name);
            for (const Field& f : r->fields) {
                docs(f.docs);
                line(escaped(f.name) + ": " + type(f.type) + ",");
            }
            close();
        } else if (const auto* v = std::get_if<Variant>(&def.kind)) {
            open("variant " + name);
            for (const Case& c : v->cases) {
                docs(c.docs);
                line(escaped(c.name) + (c.type ? "(" + type(*c.type) + ")" : "") + ",");
            }
            close();
        } else if (const auto* f = std::get_if<Flags>(&def.kind)) labels("flags " + name, f->flags);
        else if (const auto* e = std::get_if<Enum>(&def.kind)) labels("enum " + name, e->cases);
        else if (std::holds_alternative<Resource>(def.kind)) resource(index, functions);
        else line("type " + name + " = " + r_.to_string(def.kind) + ";");
    }

    void labels(const std::string& head, const std::vector<Label>& list) {
        open(head);
        for (const Label& l : list) {
            docs(l.docs);
            line(escaped(l.name) + ",");
        }
        close();
    }

    void resource(u32 index, const std::vector<Function>& functions) {
        std::string head = "resource " + escaped(r_.types[index].name);
        if (std::ranges::none_of(functions, [&](const Function& f) { return belongs_to(f, index); })) return line(head + ";");
        open(head);
        for (const Function& f : functions) {
            if (!belongs_to(f, index)) continue;
            docs(f.docs);
            gate(f.gate);
            if (f.kind == Function::Kind::constructor) line("constructor(" + params(f, 0) + ")" + constructor_result(f) + ";");
            else line(escaped(f.name) + ": " + (f.kind == Function::Kind::static_ ? "static " : "") + signature(f) + ";");
        }
        close();
    }
    std::string constructor_result(const Function& f) const {
        const Handle* h = f.result && !f.result->prim ? std::get_if<Handle>(&r_.types[f.result->index].kind) : nullptr;
        return h ? "" : " -> " + type(*f.result);
    }

    std::string params(const Function& f, std::size_t from) const {
        std::string s;
        for (std::size_t i = from; i < f.params.size(); ++i) s += (s.empty() ? "" : ", ") + escaped(f.params[i].name) + ": " + type(f.params[i].type);
        return s;
    }
    std::string signature(const Function& f) const {
        return std::string(f.async ? "async " : "") + "func(" + params(f, f.kind == Function::Kind::method ? 1 : 0) + ")" +
               (f.result ? " -> " + type(*f.result) : "");
    }

    void world(const World& w) {
        docs(w.docs);
        gate(w.gate);
        open("world " + escaped(w.name));
        std::vector<u32> list;
        std::vector<Function> functions;
        for (const WorldItem& i : w.imports) {
            if (i.kind == WorldItem::Kind::type) list.push_back(i.index);
            if (i.kind == WorldItem::Kind::function && i.function.kind != Function::Kind::freestanding) functions.push_back(i.function);
        }
        bool types_printed = false;
        for (const WorldItem& i : w.imports) {
            if (i.kind == WorldItem::Kind::type && !std::exchange(types_printed, true)) types(list, functions, w.package);
            item("import ", i, w.package);
        }
        if (std::ranges::any_of(w.imports, [](const WorldItem& i) { return !i.implied; }) && !w.exports.empty()) blank();
        for (const WorldItem& i : w.exports) item("export ", i, w.package);
        close();
    }

    void item(const std::string& direction, const WorldItem& i, u32 package) {
        if (i.kind == WorldItem::Kind::type || i.implied) return;
        if (i.kind == WorldItem::Kind::function && i.function.kind != Function::Kind::freestanding) return;
        bool is_inline = i.kind == WorldItem::Kind::interface && !r_.interfaces[i.index].name;
        docs(is_inline ? r_.interfaces[i.index].docs : i.function.docs);
        gate(i.gate);
        if (i.external_id) line("@external-id(\"" + *i.external_id + "\")");
        if (i.kind == WorldItem::Kind::function) line(direction + escaped(i.name) + ": " + signature(i.function) + ";");
        else if (r_.interfaces[i.index].name) line(direction + (i.name.empty() ? "" : escaped(i.name) + ": ") + path(i.index, package) + ";");
        else interface_body(r_.interfaces[i.index], direction + escaped(i.name) + ": interface");
    }

    const Resolve& r_;
    const Package& package_;
    std::string out_;
    int indent_ = 0;
};

}  // namespace

std::string print(const Resolve& resolve, const Package& package) { return Printer(resolve, package).run(); }
std::string print_nested(const Resolve& resolve, const Package& package) { return Printer(resolve, package).run_nested(); }

}  // namespace heddle::wit
