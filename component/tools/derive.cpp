// heddle wit derive: from the world of a plug-in to the package that a component imports in order to hold several of them.
//
//   interface codec {                    interface codec {                                     in package demo:plug-plugin
//     resource session {                   use heddle:plugins/loader.{instance, load-error, call-error};
//       constructor(key: string);          resource plugin { bind: static func(i: borrow<instance>) -> result<plugin, load-error>;
//       feed: func(s: string) -> u32;                        sum: func(s: string) -> result<u32, call-error>; }
//     }                                    resource session { new: static func(plugin: borrow<plugin>, key: string) -> result<session, call-error>;
//     sum: func(s: string) -> u32;                            feed: func(s: string) -> result<u32, call-error>; }
//   }                                    }
#include <algorithm>
#include <map>
#include <set>

#include <heddle/component_tools.hpp>

#include "plugins/package.hpp"

namespace heddle::component::tools {

namespace {

using namespace wit;

[[noreturn]] void refuse(const std::string& why) { throw Error{Error::Kind::invalid, why, Error::no_offset}; }

class Derivation {
public:
    Derivation(Resolve& r, u32 world) : r_(r), world_(world) { find_loader(); }

    // The package with the world `imports`, which has all that was derived.
    u32 run() {
        const World world = r_.worlds[world_];
        u32 main = package_of(r_.packages[world.package].name);
        std::vector<Function> loose;
        for (const WorldItem& item : world.exports) {
            if (item.kind == WorldItem::Kind::interface) announce(item, main);
            if (item.kind == WorldItem::Kind::function) loose.push_back(item.function);
        }
        for (auto [from, to] : std::vector(derived_.begin(), derived_.end())) fill(to, r_.interfaces[from].functions, r_.interfaces[from].types, false);
        if (!loose.empty()) fill(new_interface(main, world.name, world.docs), loose, types_of(world), true);
        if (order_.empty()) refuse("world " + world.name + " exports nothing that a plug-in could be called for");
        add_world(main);
        keep_what_is_mentioned(main);
        return main;
    }

private:
    void find_loader() {
        for (u32 p = 0; p < r_.packages.size(); ++p)
            if (r_.packages[p].name.to_string() == "heddle:plugins@" + std::string(plugins::package_version)) loader_ = *r_.find_interface(p, "loader");
    }

    // ---- packages and interfaces

    u32 package_of(PackageName name) {
        name.name += plugins::derived_suffix;
        if (auto there = r_.find_package(name)) {
            if (std::ranges::find(packages_, *there) == packages_.end()) refuse("there is a package " + name.to_string() + " already: derive from the plug-in's world");
            return *there;
        }
        r_.packages.push_back({name, {}, {}, "Plug-ins by handles, derived from " + r_.packages[r_.worlds[world_].package].name.interface_name(r_.worlds[world_].name) + "."});
        packages_.push_back(u32(r_.packages.size() - 1));
        return packages_.back();
    }

    u32 new_interface(u32 package, const std::string& name, const std::string& docs) {
        if (r_.find_interface(package, name)) refuse("two exports are called " + name);
        u32 index = u32(r_.interfaces.size());
        Interface made;
        made.name = name;
        made.package = package;
        made.docs = docs;
        r_.interfaces.push_back(std::move(made));
        r_.packages[package].interfaces.push_back(index);
        order_.push_back(index);
        return index;
    }

    void announce(const WorldItem& item, u32 main) {
        const Interface from = r_.interfaces[item.index];
        u32 package = from.name ? package_of(r_.packages[from.package].name) : main;
        derived_[item.index] = new_interface(package, from.name.value_or(item.name), from.docs);
    }

    static std::vector<u32> types_of(const World& world) {
        std::vector<u32> all;
        for (const WorldItem& i : world.imports)
            if (i.kind == WorldItem::Kind::type) all.push_back(i.index);
        return all;
    }

    // ---- one interface

    void fill(u32 to, const std::vector<Function>& functions, const std::vector<u32>& types, bool only_used) {
        current_ = to;
        taken_.clear();
        for (const char* name : {"instance", "load-error", "call-error"}) borrow_name(*r_.find_type(loader_, name));
        u32 plugin = define(TypeDef{"plugin", Resource{}, TypeDef::Owner::interface, to, false, "One plug-in, as what it can do.", {}});
        add_type(plugin);
        std::vector<Function> made{bind(plugin)};
        if (!only_used)
            for (u32 t : types) named(t);
        for (const Function& f : functions) made.push_back(function(f, plugin));
        for (u32 t : types)
            if (auto at = types_.find(t); at != types_.end()) add_type(at->second);
        check_names(made);
        r_.interfaces[to].functions = std::move(made);
    }

    void borrow_name(u32 original) {
        u32 here = define(TypeDef{r_.types[original].name, Alias{Type::defined(original)}, TypeDef::Owner::interface, current_, true, "", {}});
        loaders_[r_.types[original].name] = here;
        add_type(here);
    }

    void add_type(u32 t) {
        if (!taken_.insert(r_.types[t].name).second)
            refuse(r_.interface_name(current_) + ": a type is called " + r_.types[t].name + ", a name that plug-ins' interfaces need: give it another");
        r_.interfaces[current_].types.push_back(t);
    }

    void check_names(const std::vector<Function>& functions) const {
        std::set<std::pair<u32, std::string>> names;
        for (const Function& f : functions)
            if (!names.insert({f.resource, f.name}).second)
                refuse(r_.interface_name(current_) + ": a function is called " + f.name + ", a name that plug-ins' interfaces need: give it another");
    }

    u32 define(TypeDef t) {
        r_.types.push_back(std::move(t));
        return u32(r_.types.size() - 1);
    }
    Type anonymous(TypeDef::Kind k) { return Type::defined(define(TypeDef{"", std::move(k), TypeDef::Owner::none, 0, false, "", {}})); }
    Type lent(u32 resource) { return anonymous(Handle{resource, false}); }

    Function bind(u32 plugin) {
        Function f;
        f.name = "bind";
        f.kind = Function::Kind::static_;
        f.resource = plugin;
        f.params.push_back({"i", lent(loaders_.at("instance"))});
        f.result = anonymous(ResultType{anonymous(Handle{plugin, true}), Type::defined(loaders_.at("load-error"))});
        f.docs = "The instance must export all of this interface.";
        return f;
    }

    // A parameter's name that is not taken.
    static std::string free_name(const Function& f) {
        std::string name = "plugin";
        while (std::ranges::find(f.params, name, &Param::name) != f.params.end()) name = "the-" + name;
        return name;
    }

    Function function(const Function& from, u32 plugin) {
        Function f = from;
        for (Param& p : f.params) p.type = type(p.type);
        std::optional<Type> ok;
        if (from.result) ok = type(*from.result);
        f.result = anonymous(ResultType{ok, Type::defined(loaders_.at("call-error"))});
        if (from.kind == Function::Kind::freestanding) {
            f.kind = Function::Kind::method;
            f.resource = plugin;
            f.params.insert(f.params.begin(), {"self", lent(plugin)});
            return f;
        }
        f.resource = named(from.resource);
        if (from.kind == Function::Kind::method) return f;
        if (from.kind == Function::Kind::constructor) f.name = "new";
        f.kind = Function::Kind::static_;
        f.params.insert(f.params.begin(), {free_name(f), lent(plugin)});
        return f;
    }

    // ---- types

    Type type(const Type& t) {
        if (t.prim == Prim::error_context) refuse("an error-context cannot go from one zone to another");
        return t.prim ? t : Type::defined(named(t.index));
    }
    std::optional<Type> type(const std::optional<Type>& t) { return t ? std::optional(type(*t)) : std::nullopt; }

    // What a type of the plug-in's is called here. Types of interfaces that it does not export stay what they are: they hold no resources.
    u32 named(u32 old) {
        if (auto at = types_.find(old); at != types_.end()) return at->second;
        const TypeDef from = r_.types[old];
        bool is_own = from.owner == TypeDef::Owner::none || (from.owner == TypeDef::Owner::interface && derived_.contains(from.owner_index)) ||
                      (from.owner == TypeDef::Owner::world && from.owner_index == world_);
        if (!is_own) {
            if (std::holds_alternative<Resource>(from.kind)) refuse(foreign(from));
            type_kind(from.kind);  // for what is inside
            return types_[old] = old;
        }
        if (from.owner == TypeDef::Owner::world && std::holds_alternative<Resource>(from.kind)) refuse(foreign(from));
        TypeDef made = from;
        made.kind = type_kind(from.kind);
        if (from.owner == TypeDef::Owner::interface) made.owner_index = derived_.at(from.owner_index);
        if (from.owner == TypeDef::Owner::world) made.owner = TypeDef::Owner::interface, made.owner_index = current_;
        return types_[old] = define(std::move(made));
    }

    static std::string foreign(const TypeDef& t) {
        return "resource " + t.name + " is none of the plug-in's exports: resources that it imports cannot be handed to it from outside";
    }

    TypeDef::Kind type_kind(const TypeDef::Kind& kind) {
        struct Visitor {
            Derivation& d;
            TypeDef::Kind operator()(Record r) const {
                for (Field& f : r.fields) f.type = d.type(f.type);
                return r;
            }
            TypeDef::Kind operator()(Variant v) const {
                for (Case& c : v.cases) c.type = d.type(c.type);
                return v;
            }
            TypeDef::Kind operator()(Tuple t) const {
                for (Type& x : t.types) x = d.type(x);
                return t;
            }
            TypeDef::Kind operator()(const Flags& f) const { return f; }
            TypeDef::Kind operator()(const Enum& e) const { return e; }
            TypeDef::Kind operator()(const Option& o) const { return Option{d.type(o.type)}; }
            TypeDef::Kind operator()(const ResultType& r) const { return ResultType{d.type(r.ok), d.type(r.error)}; }
            TypeDef::Kind operator()(const List& l) const { return List{d.type(l.type), l.length}; }
            TypeDef::Kind operator()(const Map& m) const { return Map{d.type(m.key), d.type(m.value)}; }
            TypeDef::Kind operator()(const Stream&) const { refuse("a stream cannot go from one zone to another"); }
            TypeDef::Kind operator()(const Future&) const { refuse("a future cannot go from one zone to another"); }
            TypeDef::Kind operator()(const Resource& r) const { return r; }
            TypeDef::Kind operator()(const Handle& h) const { return Handle{d.named(h.resource), h.own}; }
            TypeDef::Kind operator()(const Alias& a) const { return Alias{d.type(a.type)}; }
        };
        return std::visit(Visitor{*this}, kind);
    }

    // ---- the whole

    void add_world(u32 main) {
        World w;
        w.name = "imports";
        w.package = main;
        w.docs = "What a component imports that holds such plug-ins: `include` it.";
        for (u32 i : order_) {
            if (r_.interfaces[i].name == w.name && r_.interfaces[i].package == main) refuse("an export is called " + w.name + ", which is the derived world's name");
            w.imports.push_back(import(i));
        }
        w.imports.push_back(import(loader_));
        r_.packages[main].worlds.push_back(u32(r_.worlds.size()));
        r_.worlds.push_back(std::move(w));
    }
    static WorldItem import(u32 interface) {
        WorldItem i;
        i.kind = WorldItem::Kind::interface;
        i.index = interface;
        return i;
    }

    void mention(u32 interface, std::set<u32>& all) const {
        if (!all.insert(interface).second) return;
        for (u32 t : r_.interfaces[interface].types)
            if (r_.types[t].used) mention(r_.types[std::get<Alias>(r_.types[t].kind).type.index].owner_index, all);
    }

    void keep_what_is_mentioned(u32 main) {
        std::set<u32> all;
        for (u32 i : order_) mention(i, all);
        for (u32 p = 0; p < r_.packages.size(); ++p) {
            if (p == r_.interfaces[loader_].package) continue;
            std::erase_if(r_.packages[p].interfaces, [&](u32 i) { return !all.contains(i); });
            if (p != main) r_.packages[p].worlds.clear();
        }
    }

    Resolve& r_;
    u32 world_, loader_ = 0, current_ = 0;
    std::vector<u32> packages_, order_;  // that are made here
    std::map<u32, u32> derived_;         // exported interface -> the derived one
    std::map<u32, u32> types_;           // a type of the plug-in's world -> the same here
    std::map<std::string, u32> loaders_;
    std::set<std::string> taken_;
};

Result<Resolve> with_loader(const std::string& text) {
    if (text.find("package heddle:plugins@" + std::string(plugins::package_version)) != text.npos) return resolve({{"the world", text}});
    return resolve({{"the world", text}, {"heddle:plugins", std::string(plugins::package_text())}});
}

WitOf derive(const WitOf& w, u32 world) {
    std::string package = w.resolve.packages[w.package].name.to_string(), name = w.resolve.worlds[world].name;
    PackageName of = w.resolve.packages[w.resolve.worlds[world].package].name;
    auto r = with_loader(print(w));
    if (!r) throw r.error();
    u32 main = Derivation(*r, *r->find_world(*r->find_package(of), name)).run();
    PackageName derived = r->packages[main].name;
    auto again = resolve({{derived.to_string(), print(WitOf{*r, main, std::nullopt})}});
    if (!again) throw again.error();
    u32 at = *again->find_package(derived);
    return {std::move(*again), at, std::nullopt};
}

}  // namespace

Result<WitOf> derive_plugin(const WitOf& w, u32 world) {
    try {
        return derive(w, world);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::component::tools
