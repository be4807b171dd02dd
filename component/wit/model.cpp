// Look-ups and names over the resolved model.
#include <array>

#include <heddle/wit.hpp>

namespace heddle::wit {

std::string_view to_string(Prim p) {
    static constexpr std::array<std::string_view, 14> names = {"bool", "s8",  "u8",  "s16", "u16",  "s32",    "u32",
                                                               "s64",  "u64", "f32", "f64", "char", "string", "error-context"};
    return names[std::size_t(p)];
}

std::string PackageName::to_string() const { return namespace_ + ":" + name + (version ? "@" + *version : ""); }

std::string PackageName::interface_name(std::string_view interface) const {
    return namespace_ + ":" + name + "/" + std::string(interface) + (version ? "@" + *version : "");
}

namespace {

template <class Items, class Matches>
std::optional<u32> find_index(const Items& items, Matches matches) {
    for (u32 i : items)
        if (matches(i)) return i;
    return std::nullopt;
}

}  // namespace

std::optional<u32> Resolve::find_package(const PackageName& name) const {
    for (u32 i = 0; i < packages.size(); ++i)
        if (packages[i].name == name) return i;
    return std::nullopt;
}

std::optional<u32> Resolve::find_interface(u32 package, std::string_view name) const {
    return find_index(packages[package].interfaces, [&](u32 i) { return interfaces[i].name == name; });
}

std::optional<u32> Resolve::find_world(u32 package, std::string_view name) const {
    return find_index(packages[package].worlds, [&](u32 i) { return worlds[i].name == name; });
}

std::optional<u32> Resolve::find_type(u32 interface, std::string_view name) const {
    return find_index(interfaces[interface].types, [&](u32 i) { return types[i].name == name; });
}

std::string Resolve::interface_name(u32 interface) const {
    const Interface& i = interfaces[interface];
    return i.name ? packages[i.package].name.interface_name(*i.name) : std::string();
}

u32 Resolve::resolve_alias(u32 type) const {
    while (const Alias* a = std::get_if<Alias>(&types[type].kind)) {
        if (a->type.prim) break;
        type = a->type.index;
    }
    return type;
}

namespace {

struct StructurePrinter {
    const Resolve& r;

    std::string optional(const char* name, const std::optional<Type>& t) const {
        return t ? name + ("<" + r.to_string(*t)) + ">" : std::string(name);
    }

    std::string operator()(const Tuple& t) const {
        std::string s;
        for (const Type& e : t.types) s += (s.empty() ? "" : ", ") + r.to_string(e);
        return "tuple<" + s + ">";
    }
    std::string operator()(const Option& o) const { return "option<" + r.to_string(o.type) + ">"; }
    std::string operator()(const ResultType& t) const {
        if (!t.ok && !t.error) return "result";
        return "result<" + (t.ok ? r.to_string(*t.ok) : "_") + (t.error ? ", " + r.to_string(*t.error) : "") + ">";
    }
    std::string operator()(const List& l) const { return "list<" + r.to_string(l.type) + (l.length ? ", " + std::to_string(*l.length) : "") + ">"; }
    std::string operator()(const Map& m) const { return "map<" + r.to_string(m.key) + ", " + r.to_string(m.value) + ">"; }
    std::string operator()(const Stream& s) const { return optional("stream", s.type); }
    std::string operator()(const Future& f) const { return optional("future", f.type); }
    // An owned handle is written as the resource's bare name.
    std::string operator()(const Handle& h) const {
        std::string name = escaped(r.types[h.resource].name);
        return h.own ? name : "borrow<" + name + ">";
    }
    std::string operator()(const Alias& a) const { return r.to_string(a.type); }
    std::string operator()(const Record&) const { return "record"; }
    std::string operator()(const Flags&) const { return "flags"; }
    std::string operator()(const Variant&) const { return "variant"; }
    std::string operator()(const Enum&) const { return "enum"; }
    std::string operator()(const Resource&) const { return "resource"; }
};

}  // namespace

std::string Resolve::to_string(const TypeDef::Kind& kind) const { return std::visit(StructurePrinter{*this}, kind); }

std::string Resolve::to_string(const Type& type) const {
    if (type.prim) return std::string(wit::to_string(*type.prim));
    const TypeDef& def = types[type.index];
    return def.name.empty() ? to_string(def.kind) : escaped(def.name);
}

std::string Resolve::canonical_name(const Function& f) const {
    switch (f.kind) {
        case Function::Kind::freestanding: return f.name;
        case Function::Kind::constructor: return "[constructor]" + types[f.resource].name;
        case Function::Kind::method: return "[method]" + types[f.resource].name + "." + f.name;
        case Function::Kind::static_: return "[static]" + types[f.resource].name + "." + f.name;
    }
    return f.name;
}

}  // namespace heddle::wit
