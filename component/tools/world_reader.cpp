#include "tools/world_reader.hpp"

#include <algorithm>
#include <map>

namespace heddle::component::tools {
namespace {

namespace t = types;

class Reader {
public:
    Reader(const t::Types& types, wit::Resolve& resolve) : types_(types), r_(resolve) {}

    // The items become a world's imports and exports.
    u32 world(const t::Named& imports, const t::Named& exports, const std::string& name, u32 package) {
        u32 index = u32(r_.worlds.size());
        r_.worlds.push_back({name, package, {}, {}, {}, {}});
        r_.packages[package].worlds.push_back(index);
        for (const auto& [n, e] : imports) item(index, n, e, true);
        for (const auto& [n, e] : exports) item(index, n, e, false);
        return index;
    }

    // An interface under its own full name, found or made.
    u32 interface(const std::string& name, const t::Entity& e) {
        auto full = interface_name(name);
        if (!full) fail("`" + name + "` is not an interface's name");
        u32 package = package_of(r_, full->package);
        auto known = r_.find_interface(package, full->interface);
        u32 index = known ? *known : new_interface(full->interface, package);
        if (!known) r_.packages[package].interfaces.push_back(index);
        fill(index, e);
        return index;
    }

private:
    [[noreturn]] void fail(const std::string& why) const { throw Error{Error::Kind::invalid, "cannot be written as WIT: " + why, Error::no_offset}; }

    u32 new_interface(std::optional<std::string> name, u32 package) {
        r_.interfaces.push_back({std::move(name), package, {}, {}, {}, {}});
        return u32(r_.interfaces.size() - 1);
    }

    // ---- worlds ----
    void item(u32 world, const std::string& name, const t::Entity& e, bool import) {
        wit::WorldItem w;
        if (e.attributes && !types_.attributes[e.attributes - 1].external_id.empty()) w.external_id = types_.attributes[e.attributes - 1].external_id;
        if (e.sort == Sort::instance) {
            w.kind = wit::WorldItem::Kind::interface;
            w.index = world_interface(world, name, e, w.name);
        } else if (e.sort == Sort::func) {
            w.name = name;
            w.function = function(name, t::FuncId(e.id), [&](std::string_view n) { return world_type(world, n); });
        } else if (e.sort == Sort::type) {
            w.kind = wit::WorldItem::Kind::type;
            w.name = name;
            w.index = type_definition(name, e, wit::TypeDef::Owner::world, world);
            import = true;
        } else fail("`" + name + "` is a " + to_string(e.sort));
        auto& list = import ? r_.worlds[world].imports : r_.worlds[world].exports;
        list.push_back(std::move(w));
    }

    u32 world_interface(u32 world, const std::string& name, const t::Entity& e, std::string& plain) {
        if (interface_name(name)) return interface(name, e);
        plain = name;
        if (e.attributes && !types_.attributes[e.attributes - 1].implements.empty()) return interface(types_.attributes[e.attributes - 1].implements, e);
        u32 index = new_interface(std::nullopt, r_.worlds[world].package);
        fill(index, e);
        return index;
    }

    std::optional<u32> world_type(u32 world, std::string_view name) const {
        for (const wit::WorldItem& i : r_.worlds[world].imports)
            if (i.kind == wit::WorldItem::Kind::type && i.name == name) return i.index;
        return std::nullopt;
    }

    // ---- interfaces ----
    // What an instance exports, added to what the interface has: a component imports of an interface what it uses, and may export it too.
    void fill(u32 interface, const t::Entity& e) {
        auto outer = named_;
        std::vector<t::Type> fresh;
        for (const auto& [name, x] : types_[t::InstanceId(e.id)].exports) {
            if (x.sort == Sort::type) {
                if (!outer.contains(x.type)) fresh.push_back(x.type);
                interface_type(interface, name, x);
            } else if (x.sort == Sort::func) interface_function(interface, name, x);
            else fail("`" + name + "`, a " + to_string(x.sort) + ", stands in an interface");
        }
        // A type that had a name before keeps it for what follows.
        for (t::Type f : fresh) outer.insert_or_assign(f, named_.at(f));
        named_ = std::move(outer);
    }

    void interface_type(u32 interface, const std::string& name, const t::Entity& x) {
        if (auto known = r_.find_type(interface, name)) {
            named_.insert_or_assign(x.type, *known);
            remember_resource(x.type, *known);
            return;
        }
        u32 index = type_definition(name, x, wit::TypeDef::Owner::interface, interface);
        r_.interfaces[interface].types.push_back(index);
    }

    void interface_function(u32 interface, const std::string& name, const t::Entity& x) {
        wit::Function f = function(name, t::FuncId(x.id), [&](std::string_view n) { return r_.find_type(interface, n); });
        for (const wit::Function& known : r_.interfaces[interface].functions)
            if (r_.canonical_name(known) == r_.canonical_name(f)) return;
        r_.interfaces[interface].functions.push_back(std::move(f));
    }

    // ---- types ----
    u32 type_definition(const std::string& name, const t::Entity& e, wit::TypeDef::Owner owner, u32 owner_index) {
        wit::TypeDef def{name, wit::Resource{}, owner, owner_index, false, {}, {}};
        if (auto known = find(e.referenced)) {
            def.kind = wit::Alias{wit::Type::defined(*known)};
            const wit::TypeDef& target = r_.types[*known];
            def.used = target.owner == wit::TypeDef::Owner::interface && !(owner == target.owner && target.owner_index == owner_index);
        } else if (e.type.kind == t::Type::Kind::defined) def.kind = structure(types_[e.type.defined()].kind);
        else if (e.type.kind != t::Type::Kind::resource) fail("`" + name + "` is the type of a function, an instance or a component");
        u32 index = push(std::move(def));
        if (!is_named_within(e.type, owner, owner_index)) named_.insert_or_assign(e.type, index);
        remember_resource(e.type, index);
        return index;
    }
    // A resource and an alias of it in one interface are one type where they come in: its functions speak of the resource.
    bool is_named_within(t::Type type, wit::TypeDef::Owner owner, u32 owner_index) const {
        auto known = named_.find(type);
        return known != named_.end() && r_.types[known->second].owner == owner && r_.types[known->second].owner_index == owner_index;
    }

    std::optional<u32> find(t::Type type) const {
        if (auto it = named_.find(type); it != named_.end()) return it->second;
        if (type.kind != t::Type::Kind::resource) return std::nullopt;
        auto it = resources_.find(types_.identity(type.resource()));
        return it == resources_.end() ? std::nullopt : std::optional(it->second);
    }
    void remember_resource(t::Type type, u32 index) {
        if (type.kind == t::Type::Kind::resource) resources_.try_emplace(types_.identity(type.resource()), index);
    }

    u32 push(wit::TypeDef def) {
        r_.types.push_back(std::move(def));
        return u32(r_.types.size() - 1);
    }
    wit::Type anonymous(wit::TypeDef::Kind kind) { return wit::Type::defined(push({{}, std::move(kind), wit::TypeDef::Owner::none, 0, false, {}, {}})); }

    wit::Type type(const t::ValType& v) {
        if (v.prim) return wit::Type::of(*v.prim);
        if (auto known = find(t::Type::of(v.id))) return wit::Type::defined(*known);
        const t::Defined::Kind& kind = types_[v.id].kind;
        if (const Prim* p = std::get_if<Prim>(&kind)) return wit::Type::of(*p);
        if (std::holds_alternative<t::Record>(kind) || std::holds_alternative<t::Variant>(kind) || std::holds_alternative<t::Flags>(kind) ||
            std::holds_alternative<t::Enum>(kind))
            fail("a " + types_.describe(v) + " without a name");
        return anonymous(structure(kind));
    }
    std::optional<wit::Type> type(const std::optional<t::ValType>& v) { return v ? std::optional(type(*v)) : std::nullopt; }

    u32 resource(t::ResourceId id) const {
        auto known = find(t::Type::of(id));
        if (!known) fail("a handle of a resource without a name");
        return *known;
    }

    wit::TypeDef::Kind structure(const t::Defined::Kind& kind) {
        struct Convert {
            Reader& r;
            wit::TypeDef::Kind operator()(Prim p) const { return wit::Alias{wit::Type::of(p)}; }
            wit::TypeDef::Kind operator()(const t::Record& x) const {
                wit::Record out;
                for (const t::Field& f : x.fields) out.fields.push_back({f.name, {}, r.type(f.type)});
                return out;
            }
            wit::TypeDef::Kind operator()(const t::Variant& x) const {
                wit::Variant out;
                for (const t::Case& c : x.cases) out.cases.push_back({c.name, {}, r.type(c.type)});
                return out;
            }
            wit::TypeDef::Kind operator()(const t::List& x) const { return wit::List{r.type(x.type), x.length}; }
            wit::TypeDef::Kind operator()(const t::Tuple& x) const {
                wit::Tuple out;
                for (const t::ValType& v : x.types) out.types.push_back(r.type(v));
                return out;
            }
            wit::TypeDef::Kind operator()(const t::Flags& x) const {
                wit::Flags out;
                for (const std::string& l : x.labels) out.flags.push_back({l, {}});
                return out;
            }
            wit::TypeDef::Kind operator()(const t::Enum& x) const {
                wit::Enum out;
                for (const std::string& l : x.labels) out.cases.push_back({l, {}});
                return out;
            }
            wit::TypeDef::Kind operator()(const t::Option& x) const { return wit::Option{r.type(x.type)}; }
            wit::TypeDef::Kind operator()(const t::ResultType& x) const { return wit::ResultType{r.type(x.ok), r.type(x.error)}; }
            wit::TypeDef::Kind operator()(const t::Own& x) const { return wit::Handle{r.resource(x.resource), true}; }
            wit::TypeDef::Kind operator()(const t::Borrow& x) const { return wit::Handle{r.resource(x.resource), false}; }
            wit::TypeDef::Kind operator()(const t::Stream& x) const { return wit::Stream{r.type(x.type)}; }
            wit::TypeDef::Kind operator()(const t::Future& x) const { return wit::Future{r.type(x.type)}; }
            wit::TypeDef::Kind operator()(const t::Map& x) const { return wit::Map{r.type(x.key), r.type(x.value)}; }
        };
        return std::visit(Convert{*this}, kind);
    }

    // ---- functions ----
    template <class FindType>
    wit::Function function(const std::string& name, t::FuncId id, FindType find_type) {
        wit::Function out;
        auto parsed = parse_extern_name(name);
        using K = ParsedName::Kind;
        static constexpr std::pair<K, wit::Function::Kind> kinds[] = {{K::method, wit::Function::Kind::method},
                                                                      {K::static_, wit::Function::Kind::static_},
                                                                      {K::constructor, wit::Function::Kind::constructor},
                                                                      {K::label, wit::Function::Kind::freestanding}};
        auto kind = std::ranges::find(kinds, parsed ? parsed->kind : K::interface, &std::pair<K, wit::Function::Kind>::first);
        if (kind == std::end(kinds)) fail("a function is called `" + name + "`");
        out.kind = kind->second;
        out.name = parsed->label;
        if (parsed->is_annotated()) {
            auto resource = find_type(parsed->resource);
            if (!resource) fail("`" + name + "` has no resource `" + std::string(parsed->resource) + "`");
            out.resource = *resource;
        }
        const t::Func& f = types_[id];
        out.async = f.async;
        for (const t::Field& p : f.params) out.params.push_back({p.name, type(p.type)});
        out.result = type(f.result);
        return out;
    }

    const t::Types& types_;
    wit::Resolve& r_;
    std::map<t::Type, u32> named_;
    std::map<u32, u32> resources_;  // identity -> type
};

// The one thing that a wrapping component type exports.
const std::pair<std::string, t::Entity>* wrapped(const t::Types& types, const t::Entity& e) {
    if (e.sort != Sort::type || e.type.kind != t::Type::Kind::component) return nullptr;
    const auto& exports = types[e.type.component()].exports;
    return exports.size() == 1 && interface_name(exports[0].first) ? &exports[0] : nullptr;
}

}  // namespace

std::optional<InterfaceName> interface_name(std::string_view name) {
    auto p = parse_extern_name(name);
    if (!p || p->kind != ParsedName::Kind::interface) return std::nullopt;
    auto colon = p->package.find(':');
    InterfaceName result{{std::string(p->package.substr(0, colon)), std::string(p->package.substr(colon + 1)), std::nullopt},
                         std::string(p->interface)};
    if (!p->version.empty()) result.package.version = std::string(p->version);
    return result;
}

u32 package_of(wit::Resolve& resolve, const wit::PackageName& name) {
    if (auto known = resolve.find_package(name)) return *known;
    resolve.packages.push_back({name, {}, {}, {}});
    return u32(resolve.packages.size() - 1);
}

WorldIn read_world(const ValidatedComponent& component) {
    WorldIn w;
    u32 package = package_of(w.resolve, {"root", "component", std::nullopt});
    const t::Component& type = component.types[component.root.type];
    w.world = Reader(component.types, w.resolve).world(type.imports, type.exports, "root", package);
    return w;
}

bool is_package(const ValidatedComponent& component) {
    const t::Component& type = component.types[component.root.type];
    auto is_wrapped = [&](const auto& named) { return wrapped(component.types, named.second) != nullptr; };
    return type.imports.empty() && !type.exports.empty() && std::ranges::all_of(type.exports, is_wrapped);
}

PackageIn read_package(const ValidatedComponent& component) {
    if (!is_package(component)) throw Error{Error::Kind::usage, "not a WIT package in binary form", Error::no_offset};
    PackageIn result;
    const t::Types& types = component.types;
    for (const auto& [label, e] : types[component.root.type].exports) {
        Reader reader(types, result.resolve);
        const auto& [name, what] = *wrapped(types, e);
        for (const auto& [n, x] : types[e.type.component()].imports)
            if (x.sort == Sort::instance && interface_name(n)) reader.interface(n, x);
        auto full = interface_name(name);
        result.package = package_of(result.resolve, full->package);
        if (what.sort == Sort::instance) reader.interface(name, what);
        else if (what.sort == Sort::component) {
            const t::Component& world = types[t::ComponentId(what.id)];
            result.worlds.push_back(reader.world(world.imports, world.exports, full->interface, result.package));
        } else throw Error{Error::Kind::invalid, "`" + name + "` in a WIT package is neither an interface nor a world", Error::no_offset};
    }
    return result;
}

}  // namespace heddle::component::tools
