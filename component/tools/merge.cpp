#include "tools/merge.hpp"

#include <algorithm>

#include "names.hpp"

namespace heddle::component::tools {
namespace {

[[noreturn]] void differ(const std::string& what, const std::string& a, const std::string& b) {
    throw Error{Error::Kind::invalid, what + " is two things: `" + a + "` and `" + b + "`", Error::no_offset};
}

}  // namespace

std::string describe(const wit::Resolve& r, const wit::TypeDef& def) {
    std::string s;
    const auto add = [&](const std::string& part) { s += (s.empty() ? "" : ", ") + part; };
    if (auto* x = std::get_if<wit::Record>(&def.kind)) {
        for (const auto& f : x->fields) add(f.name + ": " + r.to_string(f.type));
        return "record { " + s + " }";
    }
    if (auto* x = std::get_if<wit::Variant>(&def.kind)) {
        for (const auto& c : x->cases) add(c.name + (c.type ? "(" + r.to_string(*c.type) + ")" : ""));
        return "variant { " + s + " }";
    }
    if (auto* x = std::get_if<wit::Flags>(&def.kind)) {
        for (const auto& l : x->flags) add(l.name);
        return "flags { " + s + " }";
    }
    if (auto* x = std::get_if<wit::Enum>(&def.kind)) {
        for (const auto& l : x->cases) add(l.name);
        return "enum { " + s + " }";
    }
    return r.to_string(def.kind);
}

std::string describe(const wit::Resolve& r, const wit::Function& f) {
    std::string params;
    for (const wit::Param& p : f.params) params += (params.empty() ? "" : ", ") + p.name + ": " + r.to_string(p.type);
    return std::string(f.async ? "async " : "") + "func(" + params + ")" + (f.result ? " -> " + r.to_string(*f.result) : "");
}

u32 Merge::package(u32 from) {
    if (auto known = packages_.find(from); known != packages_.end()) return known->second;
    const wit::PackageName& name = from_.packages[from].name;
    auto there = into_.find_package(name);
    if (!there) {
        there = u32(into_.packages.size());
        into_.packages.push_back({name, {}, {}, from_.packages[from].docs});
    }
    return packages_[from] = *there;
}

u32 Merge::interface(u32 from) {
    if (auto known = interfaces_.find(from); known != interfaces_.end()) return known->second;
    const wit::Interface& i = from_.interfaces[from];
    u32 p = package(i.package);
    std::optional<u32> there = i.name ? into_.find_interface(p, *i.name) : std::nullopt;
    if (!there) {
        there = u32(into_.interfaces.size());
        into_.interfaces.push_back({i.name, p, {}, {}, i.docs, i.gate});
        if (i.name) into_.packages[p].interfaces.push_back(*there);
    }
    interfaces_[from] = *there;
    add_interface(from, *there);
    return *there;
}

void Merge::add_interface(u32 from, u32 to) {
    for (u32 t : from_.interfaces[from].types) add_type(t, to);
    for (const wit::Function& f : from_.interfaces[from].functions) add_function(f, to);
}

void Merge::add_type(u32 from, u32 interface) {
    const wit::TypeDef& def = from_.types[from];
    wit::TypeDef copy = def;
    copy.kind = structure(def.kind);
    copy.owner_index = interface;
    if (auto known = into_.find_type(interface, def.name)) {
        types_[from] = *known;
        std::string a = describe(into_, into_.types[*known]), b = describe(from_, def);
        if (a != b) differ("the type `" + def.name + "` of " + into_.interface_name(interface), a, b);
        return;
    }
    u32 index = u32(into_.types.size());
    into_.types.push_back(std::move(copy));
    into_.interfaces[interface].types.push_back(index);
    types_[from] = index;
}

void Merge::add_function(const wit::Function& f, u32 interface) {
    wit::Function copy = function(f);
    std::string name = from_.canonical_name(f);
    for (const wit::Function& known : into_.interfaces[interface].functions) {
        if (into_.canonical_name(known) != name) continue;
        std::string a = describe(into_, known), b = describe(from_, f);
        if (a != b) differ("the function `" + name + "` of " + into_.interface_name(interface), a, b);
        return;
    }
    into_.interfaces[interface].functions.push_back(std::move(copy));
}

wit::Type Merge::type(const wit::Type& t) { return t.prim ? t : wit::Type::defined(type_index(t.index)); }
std::optional<wit::Type> Merge::type(const std::optional<wit::Type>& t) { return t ? std::optional(type(*t)) : std::nullopt; }

u32 Merge::type_index(u32 from) {
    if (auto known = types_.find(from); known != types_.end()) return known->second;
    const wit::TypeDef& def = from_.types[from];
    // A named type comes with its interface; of interfaces that are still being added, those types come first that others speak of.
    if (!def.name.empty() && def.owner == wit::TypeDef::Owner::interface) {
        u32 to = interface(def.owner_index);
        if (auto known = types_.find(from); known != types_.end()) return known->second;
        add_type(from, to);
        return types_.at(from);
    }
    wit::TypeDef copy = def;
    copy.kind = structure(def.kind);
    into_.types.push_back(std::move(copy));
    return types_[from] = u32(into_.types.size() - 1);
}

wit::TypeDef::Kind Merge::structure(const wit::TypeDef::Kind& kind) {
    struct Copy {
        Merge& m;
        wit::TypeDef::Kind operator()(wit::Record x) const {
            for (auto& f : x.fields) f.type = m.type(f.type);
            return x;
        }
        wit::TypeDef::Kind operator()(wit::Variant x) const {
            for (auto& c : x.cases) c.type = m.type(c.type);
            return x;
        }
        wit::TypeDef::Kind operator()(wit::Tuple x) const {
            for (auto& t : x.types) t = m.type(t);
            return x;
        }
        wit::TypeDef::Kind operator()(wit::Option x) const { return wit::Option{m.type(x.type)}; }
        wit::TypeDef::Kind operator()(wit::ResultType x) const { return wit::ResultType{m.type(x.ok), m.type(x.error)}; }
        wit::TypeDef::Kind operator()(wit::List x) const { return wit::List{m.type(x.type), x.length}; }
        wit::TypeDef::Kind operator()(wit::Map x) const { return wit::Map{m.type(x.key), m.type(x.value)}; }
        wit::TypeDef::Kind operator()(wit::Stream x) const { return wit::Stream{m.type(x.type)}; }
        wit::TypeDef::Kind operator()(wit::Future x) const { return wit::Future{m.type(x.type)}; }
        wit::TypeDef::Kind operator()(wit::Handle x) const { return wit::Handle{m.type_index(x.resource), x.own}; }
        wit::TypeDef::Kind operator()(wit::Alias x) const { return wit::Alias{m.type(x.type)}; }
        wit::TypeDef::Kind operator()(const wit::Flags& x) const { return x; }
        wit::TypeDef::Kind operator()(const wit::Enum& x) const { return x; }
        wit::TypeDef::Kind operator()(const wit::Resource& x) const { return x; }
    };
    return std::visit(Copy{*this}, kind);
}

wit::Function Merge::function(const wit::Function& f) {
    wit::Function copy = f;
    if (f.kind != wit::Function::Kind::freestanding) copy.resource = type_index(f.resource);
    for (wit::Param& p : copy.params) p.type = type(p.type);
    copy.result = type(copy.result);
    return copy;
}

wit::WorldItem Merge::item(const wit::WorldItem& i, u32 world) {
    wit::WorldItem copy = i;
    if (i.kind == wit::WorldItem::Kind::interface) copy.index = interface(i.index);
    if (i.kind == wit::WorldItem::Kind::type) {
        copy.index = type_index(i.index);
        into_.types[copy.index].owner_index = world;
    }
    if (i.kind == wit::WorldItem::Kind::function) copy.function = function(i.function);
    return copy;
}

u32 Merge::world(u32 from) {
    const wit::World& w = from_.worlds[from];
    u32 index = u32(into_.worlds.size());
    into_.worlds.push_back({w.name, package(w.package), {}, {}, w.docs, w.gate});
    world_into(from, index);
    return index;
}

void Merge::world_into(u32 from, u32 into) {
    for (auto list : {&wit::World::imports, &wit::World::exports})
        for (const wit::WorldItem& i : from_.worlds[from].*list) item_into(i, into, list);
}

void Merge::item_into(const wit::WorldItem& i, u32 world, std::vector<wit::WorldItem> wit::World::*list) {
    auto& there = into_.worlds[world].*list;
    auto same = std::ranges::find_if(there, [&](const wit::WorldItem& o) {
        if (o.kind != i.kind || o.name != i.name) return false;
        return !i.name.empty() || into_.interface_name(o.index) == from_.interface_name(i.index);
    });
    if (same == there.end()) {
        auto copy = item(i, world);
        (into_.worlds[world].*list).push_back(std::move(copy));
    } else if (i.kind == wit::WorldItem::Kind::interface) {
        u32 to = same->index;
        if (from_.interfaces[i.index].name) interface(i.index);
        else if (interfaces_.try_emplace(i.index, to).second) add_interface(i.index, to);
    } else if (i.kind == wit::WorldItem::Kind::type) types_[i.index] = same->index;
    else {
        std::string a = describe(into_, same->function), b = describe(from_, i.function);
        if (a != b) differ("`" + i.name + "` of world `" + into_.worlds[world].name + "`", a, b);
    }
}

void unify_versions(std::span<wit::Resolve*> all) {
    std::map<std::string, std::string> highest;  // what compatible versions share -> the highest version
    const auto key = [](const wit::PackageName& n) { return matching_key(n.interface_name("x")); };
    for (const wit::Resolve* r : all)
        for (const wit::Package& p : r->packages) {
            if (!p.name.version) continue;
            auto [it, added] = highest.try_emplace(key(p.name), *p.name.version);
            auto a = parse_version(it->second), b = parse_version(*p.name.version);
            if (!added && a && b && *a < *b) it->second = *p.name.version;
        }
    for (wit::Resolve* r : all)
        for (wit::Package& p : r->packages)
            if (p.name.version) p.name.version = highest.at(key(p.name));
}

}  // namespace heddle::component::tools
