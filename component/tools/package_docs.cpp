#include "tools/package_docs.hpp"

#include <algorithm>

#include <heddle/bytes.hpp>

#include "tools/json.hpp"

namespace heddle::component::tools {

namespace {

constexpr u8 format_version = 1;

using Kind = wit::WorldItem::Kind;

std::string key_of(const wit::Resolve& r, const wit::WorldItem& i) { return i.name.empty() ? r.interface_name(i.index) : i.name; }

// Record fields, cases and labels have documentation each.
template <class TypeDef, class F>
void for_each_member(TypeDef& def, F f) {
    auto all = [&](auto& members) {
        for (auto& m : members) f(m.name, m.docs);
    };
    if (auto* r = std::get_if<wit::Record>(&def.kind)) all(r->fields);
    else if (auto* v = std::get_if<wit::Variant>(&def.kind)) all(v->cases);
    else if (auto* l = std::get_if<wit::Flags>(&def.kind)) all(l->flags);
    else if (auto* e = std::get_if<wit::Enum>(&def.kind)) all(e->cases);
}

// ---- out of a package -------------------------------------------------------------------------------------------------------------------

Json gate_json(const wit::Gate& g) {
    JsonObject inner;
    if (g.since) inner.push_back({"since", Json(*g.since)});
    else if (g.feature) inner.push_back({"feature", Json(*g.feature)});
    else return {};
    if (g.deprecated) inner.push_back({"deprecated", Json(*g.deprecated)});
    return Json(JsonObject{{g.since ? "stable" : "unstable", Json(std::move(inner))}});
}

void add_some(JsonObject& to, const char* name, Json j) {
    bool is_empty = j.string() ? j.string()->empty() : j.members().empty();
    if (!is_empty) to.push_back({name, std::move(j)});
}

JsonObject about(const std::string& docs, const wit::Gate& gate) {
    JsonObject o;
    add_some(o, "docs", Json(docs));
    add_some(o, "stability", gate_json(gate));
    return o;
}

void add_named(JsonObject& to, const std::string& name, JsonObject what) {
    if (!what.empty()) to.push_back({name, Json(std::move(what))});
}

JsonObject about_type(const wit::TypeDef& def) {
    JsonObject o = about(def.docs, def.gate), items;
    for_each_member(def, [&](const std::string& name, const std::string& docs) {
        if (!docs.empty()) items.push_back({name, Json(docs)});
    });
    add_some(o, "items", Json(std::move(items)));
    return o;
}

JsonObject about_interface(const wit::Resolve& r, u32 interface, const wit::Gate& gate) {
    const wit::Interface& i = r.interfaces[interface];
    JsonObject o = about(i.docs, gate), functions, types;
    for (const wit::Function& f : i.functions) add_named(functions, r.canonical_name(f), about(f.docs, f.gate));
    for (u32 t : i.types) add_named(types, r.types[t].name, about_type(r.types[t]));
    add_some(o, "funcs", Json(std::move(functions)));
    add_some(o, "types", Json(std::move(types)));
    return o;
}

// Interfaces that are written in the world itself, functions, types; and the gates of the interfaces it mentions.
struct Side {
    JsonObject interfaces, functions, types, gates;
    Side(const wit::Resolve& r, const std::vector<wit::WorldItem>& items) {
        for (const wit::WorldItem& i : items) {
            if (i.kind == Kind::type) add_named(types, i.name, about_type(r.types[i.index]));
            else if (i.kind == Kind::function) add_named(functions, i.name, about(i.function.docs, i.gate));
            else if (!r.interfaces[i.index].name) add_named(interfaces, i.name, about_interface(r, i.index, i.gate));
            else add_some(gates, key_of(r, i).c_str(), gate_json(i.gate));
        }
    }
};

JsonObject about_world(const wit::Resolve& r, const wit::World& w) {
    JsonObject o = about(w.docs, w.gate);
    Side in(r, w.imports), out(r, w.exports);
    add_some(o, "interfaces", Json(std::move(in.interfaces)));
    add_some(o, "types", Json(std::move(in.types)));
    add_some(o, "funcs", Json(std::move(in.functions)));
    add_some(o, "interface_exports", Json(std::move(out.interfaces)));
    add_some(o, "func_exports", Json(std::move(out.functions)));
    add_some(o, "interface_import_stability", Json(std::move(in.gates)));
    add_some(o, "interface_export_stability", Json(std::move(out.gates)));
    return o;
}

// ---- into a package -----------------------------------------------------------------------------------------------------------------------

void put_docs(const Json& j, std::string& docs) {
    if (const Json* d = j.find("docs"); d && d->string()) docs = *d->string();
}

void put_gate(const Json& stability, wit::Gate& gate) {
    for (const char* kind : {"stable", "unstable"}) {
        const Json* of = stability.find(kind);
        if (!of) continue;
        auto put = [&](const char* name, std::optional<std::string>& to) {
            if (const Json* v = of->find(name); v && v->string()) to = *v->string();
        };
        put("since", gate.since);
        put("feature", gate.feature);
        put("deprecated", gate.deprecated);
    }
}

template <class T>
void put(const Json& j, T& to) {
    put_docs(j, to.docs);
    if (const Json* s = j.find("stability")) put_gate(*s, to.gate);
}

// In version 0 a function's documentation was a string.
void put_function(const Json& j, wit::Function& f) {
    if (j.string()) f.docs = *j.string();
    else put(j, f);
}

void put_type(const Json& j, wit::TypeDef& def) {
    put(j, def);
    const Json* items = j.find("items");
    if (items)
        for_each_member(def, [&](const std::string& name, std::string& docs) {
            if (const Json* d = items->find(name); d && d->string()) docs = *d->string();
        });
}

// Calls f with each member of j's object `name`.
template <class F>
void each(const Json& j, const char* name, F f) {
    if (const Json* all = j.find(name))
        for (const auto& [key, value] : all->members()) f(key, value);
}

void put_interface(const Json& j, wit::Resolve& r, u32 interface) {
    wit::Interface& i = r.interfaces[interface];
    put(j, i);
    each(j, "funcs", [&](const std::string& name, const Json& about) {
        for (wit::Function& f : i.functions)
            if (r.canonical_name(f) == name) put_function(about, f);
    });
    each(j, "types", [&](const std::string& name, const Json& about) {
        if (auto t = r.find_type(interface, name)) put_type(about, r.types[*t]);
    });
}

void put_world(const Json& j, wit::Resolve& r, u32 world) {
    wit::World& w = r.worlds[world];
    put(j, w);
    auto on = [&](const char* name, std::vector<wit::WorldItem>& items, auto f) {
        each(j, name, [&](const std::string& key, const Json& about) {
            for (wit::WorldItem& i : items)
                if (key_of(r, i) == key) f(i, about);
        });
    };
    auto function = [&](wit::WorldItem& i, const Json& about) {
        if (i.kind != Kind::function) return;
        put_function(about, i.function);
        i.gate = i.function.gate;
    };
    auto interface = [&](wit::WorldItem& i, const Json& about) {
        if (i.kind != Kind::interface || r.interfaces[i.index].name) return;
        put_interface(about, r, i.index);
        i.gate = r.interfaces[i.index].gate;
    };
    auto gate = [&](wit::WorldItem& i, const Json& stability) { put_gate(stability, i.gate); };
    on("interfaces", w.imports, interface);
    on("interface_exports", w.exports, interface);
    on("funcs", w.imports, function);
    on("func_exports", w.exports, function);
    on("types", w.imports, [&](wit::WorldItem& i, const Json& about) {
        if (i.kind == Kind::type) put_type(about, r.types[i.index]);
    });
    on("interface_import_stability", w.imports, gate);
    on("interface_export_stability", w.exports, gate);
}

}  // namespace

std::vector<u8> package_docs(const wit::Resolve& r, u32 package) {
    const wit::Package& p = r.packages[package];
    JsonObject o, worlds, interfaces;
    add_some(o, "docs", Json(p.docs));
    for (u32 w : p.worlds) add_named(worlds, r.worlds[w].name, about_world(r, r.worlds[w]));
    for (u32 i : p.interfaces) add_named(interfaces, *r.interfaces[i].name, about_interface(r, i, r.interfaces[i].gate));
    add_some(o, "worlds", Json(std::move(worlds)));
    add_some(o, "interfaces", Json(std::move(interfaces)));
    if (o.empty()) return {};
    std::string text = to_string(Json(std::move(o)));
    std::vector<u8> bytes{format_version};
    bytes.insert(bytes.end(), text.begin(), text.end());
    return bytes;
}

void add_package_docs(wit::Resolve& r, u32 package, std::span<const u8> section) {
    if (section.empty() || section[0] > format_version) malformed("the version of section `" + std::string(package_docs_section) + "` is not known", 0);
    Json all = parse_json({reinterpret_cast<const char*>(section.data()) + 1, section.size() - 1});
    put_docs(all, r.packages[package].docs);
    each(all, "interfaces", [&](const std::string& name, const Json& about) {
        if (auto i = r.find_interface(package, name)) put_interface(about, r, *i);
    });
    each(all, "worlds", [&](const std::string& name, const Json& about) {
        if (auto w = r.find_world(package, name)) put_world(about, r, *w);
    });
}

}  // namespace heddle::component::tools
