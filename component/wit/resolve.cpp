// ast -> model: packages put together from their files, names looked up, worlds completed with the imports they imply.
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "wit/ast.hpp"

namespace heddle::wit {
namespace {

using ast::TypeExpr;

std::string quoted(std::string_view s) { return "`" + std::string(s) + "`"; }

// What is declared under a name in one interface or world; types are resolved when first asked for, since they may be used before they stand.
struct TypeEntry {
    enum class State : u8 { untouched, busy, done };
    const ast::TypeDecl* decl = nullptr;
    const ast::Use* use = nullptr;
    ast::Name used;  // the name in the interface it comes from
    u32 offset = 0;
    State state = State::untouched;
    u32 index = 0;
};
using TypeScope = std::map<std::string_view, TypeEntry>;

struct PackageEntry {
    PackageName name;
    std::vector<const ast::PackageItems*> files;
    std::string docs;
    bool entered = false;
    u32 index = 0;
};

template <class T>
struct Found {
    const T* decl = nullptr;
    const ast::PackageItems* file = nullptr;
};

class Resolver {
public:
    Resolver(std::span<const Source> sources, const Options& options) : options_(options) {
        for (const Source& s : sources)
            for (ast::PackageItems& items : ast::parse(s)) files_.push_back(std::move(items));
    }

    Resolve run() {
        group_files();
        for (PackageEntry& p : packages_) resolve_package(p);
        return std::move(out_);
    }

private:
    // Bounds the recursion that a chain of forward references makes.
    class Nested {
    public:
        Nested(Resolver& r, const ast::PackageItems& file, u32 offset) : r_(r) {
            if (++r_.depth_ > max_depth)
                fail(*file.source, offset, "a chain of more than " + std::to_string(max_depth) + " definitions that refer to later ones");
        }
        ~Nested() { --r_.depth_; }
        Nested(const Nested&) = delete;

    private:
        static constexpr int max_depth = 200;
        Resolver& r_;
    };

    // ---- packages ----
    static std::string_view directory(std::string_view path) {
        auto slash = path.rfind('/');
        return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    }

    void group_files() {
        for (ast::PackageItems& f : files_) {
            bool empty = f.interfaces.empty() && f.worlds.empty() && f.uses.empty();
            if (!f.package && empty) continue;
            if (!f.package) f.package = package_of_directory(f);
            auto p = std::ranges::find(packages_, *f.package, &PackageEntry::name);
            if (p == packages_.end()) p = packages_.insert(packages_.end(), PackageEntry{*f.package, {}, {}, false, 0});
            p->files.push_back(&f);
            if (p->docs.empty()) p->docs = f.docs;
        }
    }

    PackageName package_of_directory(const ast::PackageItems& f) const {
        for (const ast::PackageItems& other : files_)
            if (other.package && directory(other.source->path) == directory(f.source->path)) return *other.package;
        fail(*f.source, 0, "no package: expected `package namespace:name;` in this file or in another of its folder");
    }

    // What is in the package is resolved when something needs it, or at last here: packages may use each other's interfaces.
    void resolve_package(PackageEntry& p) {
        check_names(p);
        enter_package(p);
        for (const auto* f : p.files)
            for (const ast::Interface& i : f->interfaces)
                if (active(i.gate)) interface_index(p, i, *f);
        for (const auto* f : p.files)
            for (const ast::World& w : f->worlds)
                if (active(w.gate)) world_index(p, w, *f);
    }

    void enter_package(PackageEntry& p) {
        if (p.entered) return;
        p.entered = true;
        p.index = u32(out_.packages.size());
        out_.packages.push_back({p.name, {}, {}, p.docs});
    }

    void check_names(const PackageEntry& p) const {
        std::set<std::string_view> names;
        for (const auto* f : p.files) {
            for (const auto& i : f->interfaces)
                if (!names.insert(i.name.text).second)
                    fail(*f->source, i.name.offset, quoted(i.name.text) + " is defined more than once in package " + p.name.to_string());
            for (const auto& w : f->worlds)
                if (!names.insert(w.name.text).second)
                    fail(*f->source, w.name.offset, quoted(w.name.text) + " is defined more than once in package " + p.name.to_string());
        }
    }

    bool active(const Gate& g) const {
        return !g.feature || options_.all_features || std::ranges::find(options_.features, *g.feature) != options_.features.end();
    }

    PackageEntry& package_named(const PackageName& name, const ast::PackageItems& file, u32 offset) {
        auto p = std::ranges::find(packages_, name, &PackageEntry::name);
        if (p != packages_.end()) return *p;
        std::string known;
        for (const PackageEntry& q : packages_) known += (known.empty() ? " (known: " : ", ") + q.name.to_string();
        fail(*file.source, offset, "unknown package " + quoted(name.to_string()) + known + (known.empty() ? "" : ")"));
    }

    // Follows a path: the top-level `use`s of the file, its package, or the package that is named.
    template <class T>
    std::pair<PackageEntry*, Found<T>> find(PackageEntry& from, const ast::PackageItems& file, const ast::Path& path,
                                            std::vector<T> ast::PackageItems::*members, const char* what) {
        PackageEntry* package = path.package ? &package_named(*path.package, file, path.name.offset) : &from;
        if (!path.package)
            for (const ast::TopUse& u : file.uses)
                if (u.as.text == path.name.text && !(u.path.name.text == path.name.text && !u.path.package))
                    return find<T>(from, file, u.path, members, what);
        for (const auto* f : package->files)
            for (const T& t : f->*members)
                if (t.name.text == path.name.text) return {package, {&t, f}};
        fail(*file.source, path.name.offset,
             std::string(what) + " " + quoted(path.name.text) + " is not defined in package " + package->name.to_string());
    }

    // ---- interfaces ----
    u32 interface_index(PackageEntry& p, const ast::Interface& decl, const ast::PackageItems& file) {
        if (auto it = interfaces_.find(&decl); it != interfaces_.end()) {
            if (!it->second) fail(*file.source, decl.name.offset, "interface " + quoted(decl.name.text) + " depends on itself");
            return *it->second;
        }
        Nested nested(*this, file, decl.name.offset);
        interfaces_[&decl] = std::nullopt;
        enter_package(p);
        u32 index = resolve_interface(p, decl, file);
        interfaces_[&decl] = index;
        if (!decl.name.text.empty()) out_.packages[p.index].interfaces.push_back(index);
        return index;
    }

    u32 interface_at(PackageEntry& p, const ast::PackageItems& file, const ast::Path& path) {
        auto [package, found] = find<ast::Interface>(p, file, path, &ast::PackageItems::interfaces, "interface");
        if (!active(found.decl->gate))
            fail(*file.source, path.name.offset, "interface " + quoted(path.name.text) + " needs the feature " + quoted(*found.decl->gate.feature));
        return interface_index(*package, *found.decl, *found.file);
    }

    u32 resolve_interface(PackageEntry& p, const ast::Interface& decl, const ast::PackageItems& file) {
        u32 index = u32(out_.interfaces.size());
        out_.interfaces.push_back({});
        Interface i;
        if (!decl.name.text.empty()) i.name = std::string(decl.name.text);
        i.package = p.index;
        i.docs = decl.docs;
        i.gate = decl.gate;
        out_.interfaces[index] = std::move(i);
        Scope scope{*this, p, file, TypeDef::Owner::interface, index, {}, [&](u32 t) { out_.interfaces[index].types.push_back(t); }};
        for (const auto& item : decl.items) scope.declare(item);
        scope.resolve_all();
        for (const auto& item : decl.items) {
            if (const auto* f = std::get_if<ast::Func>(&item); f && active(f->gate)) out_.interfaces[index].functions.push_back(scope.function(*f));
            if (const auto* t = std::get_if<ast::TypeDecl>(&item); t && active(t->gate))
                scope.resource_functions(*t, [&](Function f) { out_.interfaces[index].functions.push_back(std::move(f)); });
        }
        check_function_names(out_.interfaces[index], file, decl);
        return index;
    }

    void check_function_names(const Interface& i, const ast::PackageItems& file, const ast::Interface& decl) const {
        std::set<std::string> names;
        for (u32 t : i.types) names.insert(out_.types[t].name);
        for (const Function& f : i.functions)
            if (!names.insert(out_.canonical_name(f)).second)
                fail(*file.source, decl.name.offset, quoted(f.name) + " is defined more than once in interface " + quoted(decl.name.text));
    }

    // The types of one interface or world.
    struct Scope {
        Resolver& r;
        PackageEntry& package;
        const ast::PackageItems& file;
        TypeDef::Owner owner;
        u32 owner_index;
        TypeScope types;
        std::function<void(u32)> add;

        template <class Item>
        void declare(const Item& item) {
            std::visit(
                [&](const auto& x) {
                    using T = std::decay_t<decltype(x)>;
                    if constexpr (std::is_same_v<T, ast::TypeDecl>) {
                        if (r.active(x.gate)) declare(x.name, {&x, nullptr, {}, x.name.offset, TypeEntry::State::untouched, 0});
                    } else if constexpr (std::is_same_v<T, ast::Use>) {
                        if (!r.active(x.gate)) return;
                        for (const auto& [name, as] : x.names) declare(as, {nullptr, &x, name, as.offset, TypeEntry::State::untouched, 0});
                    }
                },
                item);
        }
        void declare(ast::Name name, TypeEntry e) {
            if (!types.emplace(name.text, e).second) fail(*file.source, name.offset, quoted(name.text) + " is defined more than once");
        }

        void resolve_all() {
            std::vector<std::pair<u32, std::string_view>> order;
            for (const auto& [name, e] : types) order.emplace_back(e.offset, name);
            std::ranges::sort(order);
            for (const auto& [offset, name] : order) named({name, offset});
        }

        u32 named(ast::Name name) {
            auto it = types.find(name.text);
            if (it == types.end()) fail(*file.source, name.offset, "type " + quoted(name.text) + " is not defined");
            TypeEntry& e = it->second;
            if (e.state == TypeEntry::State::done) return e.index;
            if (e.state == TypeEntry::State::busy) fail(*file.source, name.offset, "type " + quoted(name.text) + " depends on itself");
            Nested nested(r, file, name.offset);
            e.state = TypeEntry::State::busy;
            e.index = e.decl ? define(*e.decl) : used(*e.use, e, it->first);
            e.state = TypeEntry::State::done;
            add(e.index);
            return e.index;
        }

        u32 used(const ast::Use& use, const TypeEntry& e, std::string_view as) {
            u32 from = r.interface_at(package, file, use.from);
            auto t = r.out_.find_type(from, e.used.text);
            if (!t) fail(*file.source, e.used.offset, "interface " + quoted(use.from.name.text) + " has no type " + quoted(e.used.text));
            TypeDef def{std::string(as), Alias{Type::defined(*t)}, owner, owner_index, true, {}, use.gate};
            return push(std::move(def));
        }

        u32 push(TypeDef def) {
            r.out_.types.push_back(std::move(def));
            return u32(r.out_.types.size() - 1);
        }

        u32 define(const ast::TypeDecl& d) {
            TypeDef def{std::string(d.name.text), Resource{}, owner, owner_index, false, d.docs, d.gate};
            using K = ast::TypeDecl::Kind;
            std::set<std::string_view> names;
            for (const ast::Member& m : d.members)
                if (!names.insert(m.name.text).second)
                    fail(*file.source, m.name.offset, quoted(m.name.text) + " stands twice in " + quoted(d.name.text));
            switch (d.kind) {
                case K::record: {
                    Record record;
                    for (const auto& m : d.members) record.fields.push_back({std::string(m.name.text), m.docs, type(*m.type)});
                    def.kind = std::move(record);
                    break;
                }
                case K::variant: {
                    Variant variant;
                    for (const auto& m : d.members)
                        variant.cases.push_back({std::string(m.name.text), m.docs, m.type ? std::optional(type(*m.type)) : std::nullopt});
                    def.kind = std::move(variant);
                    break;
                }
                case K::flags: {
                    Flags flags;
                    for (const auto& m : d.members) flags.flags.push_back({std::string(m.name.text), m.docs});
                    def.kind = std::move(flags);
                    break;
                }
                case K::enum_: {
                    Enum e;
                    for (const auto& m : d.members) e.cases.push_back({std::string(m.name.text), m.docs});
                    def.kind = std::move(e);
                    break;
                }
                case K::alias: return alias(d, std::move(def));
                case K::resource: break;
            }
            return push(std::move(def));
        }

        // `type a = record-or-primitive;`: an anonymous type gets the name, a named one an alias.
        u32 alias(const ast::TypeDecl& d, TypeDef def) {
            if (d.type->kind == TypeExpr::Kind::name) def.kind = Alias{Type::defined(named(d.type->name))};
            else if (d.type->kind == TypeExpr::Kind::prim) def.kind = Alias{Type::of(d.type->prim)};
            else def.kind = anonymous(*d.type);
            return push(std::move(def));
        }

        Type type(const TypeExpr& t) {
            if (t.kind == TypeExpr::Kind::prim) return Type::of(t.prim);
            if (t.kind == TypeExpr::Kind::name) {
                u32 index = named(t.name);
                // A resource's bare name stands for an owned handle.
                if (std::holds_alternative<Resource>(r.out_.types[r.out_.resolve_alias(index)].kind))
                    return Type::defined(push({{}, Handle{index, true}, {}, 0, false, {}, {}}));
                return Type::defined(index);
            }
            TypeDef::Kind kind = anonymous(t);
            return Type::defined(push({{}, std::move(kind), {}, 0, false, {}, {}}));
        }

        TypeDef::Kind anonymous(const TypeExpr& t) {
            using K = TypeExpr::Kind;
            switch (t.kind) {
                case K::list: return List{type(t.args[0]), t.length};
                case K::option: return Option{type(t.args[0])};
                case K::map: return map(t);
                case K::stream: return Stream{t.args.empty() ? std::nullopt : std::optional(type(t.args[0]))};
                case K::future: return Future{t.args.empty() ? std::nullopt : std::optional(type(t.args[0]))};
                case K::tuple: {
                    Tuple tuple;
                    for (const TypeExpr& a : t.args) tuple.types.push_back(type(a));
                    return tuple;
                }
                case K::result: {
                    ResultType result;
                    std::size_t i = 0;
                    if (t.has_ok) result.ok = type(t.args[i++]);
                    if (t.has_error) result.error = type(t.args[i]);
                    return result;
                }
                default: return handle(t);
            }
        }

        Map map(const TypeExpr& t) {
            Type key = type(t.args[0]);
            bool ok = key.prim && *key.prim != Prim::f32 && *key.prim != Prim::f64 && *key.prim != Prim::error_context;
            if (!ok) fail(*file.source, t.offset, "a map's key is bool, an integer, char or string");
            return {key, type(t.args[1])};
        }

        Handle handle(const TypeExpr& t) {
            u32 resource = named(t.name);
            if (!std::holds_alternative<Resource>(r.out_.types[r.out_.resolve_alias(resource)].kind))
                fail(*file.source, t.name.offset, quoted(t.name.text) + " is not a resource");
            return {resource, t.kind == TypeExpr::Kind::own};
        }

        Function function(const ast::Func& f, std::optional<u32> resource = std::nullopt) {
            Function out;
            out.name = std::string(f.name.text);
            out.kind = f.kind;
            out.async = f.async;
            out.docs = f.docs;
            out.gate = f.gate;
            if (resource) out.resource = *resource;
            if (f.kind == Function::Kind::method)
                out.params.push_back({"self", Type::defined(push({{}, Handle{*resource, false}, {}, 0, false, {}, {}}))});
            std::set<std::string_view> names;
            for (const auto& [name, t] : f.params) {
                if (!names.insert(name.text).second) fail(*file.source, name.offset, "parameter " + quoted(name.text) + " stands twice");
                out.params.push_back({std::string(name.text), type(t)});
            }
            if (f.result) out.result = type(*f.result);
            // A constructor without a written result gives the resource.
            if (f.kind == Function::Kind::constructor && !f.result)
                out.result = Type::defined(push({{}, Handle{*resource, true}, {}, 0, false, {}, {}}));
            return out;
        }

        void resource_functions(const ast::TypeDecl& d, const std::function<void(Function)>& give) {
            for (const ast::Func& f : d.functions)
                if (r.active(f.gate)) give(function(f, named(d.name)));
        }
    };

    // ---- worlds ----
    u32 world_index(PackageEntry& p, const ast::World& decl, const ast::PackageItems& file) {
        if (auto it = worlds_.find(&decl); it != worlds_.end()) {
            if (!it->second) fail(*file.source, decl.name.offset, "world " + quoted(decl.name.text) + " includes itself");
            return *it->second;
        }
        Nested nested(*this, file, decl.name.offset);
        worlds_[&decl] = std::nullopt;
        enter_package(p);
        u32 index = u32(out_.worlds.size());
        out_.worlds.push_back({std::string(decl.name.text), p.index, {}, {}, decl.docs, decl.gate});
        out_.packages[p.index].worlds.push_back(index);
        fill_world(p, decl, file, index);
        complete_world(index);
        worlds_[&decl] = index;
        return index;
    }

    void fill_world(PackageEntry& p, const ast::World& decl, const ast::PackageItems& file, u32 index) {
        auto add_type = [&](u32 t) {
            WorldItem item;
            item.kind = WorldItem::Kind::type;
            item.name = out_.types[t].name;
            item.index = t;
            item.gate = out_.types[t].gate;
            out_.worlds[index].imports.push_back(std::move(item));
        };
        Scope scope{*this, p, file, TypeDef::Owner::world, index, {}, add_type};
        for (const auto& item : decl.items) scope.declare(item);
        scope.resolve_all();
        for (const auto& item : decl.items) {
            if (const auto* e = std::get_if<ast::ImportExport>(&item); e && active(e->gate)) {
                auto list = e->import ? &World::imports : &World::exports;
                WorldItem w = world_item(p, scope, *e, file);
                add_item(out_.worlds[index].*list, std::move(w), file, e->name.offset);
            } else if (const auto* t = std::get_if<ast::TypeDecl>(&item); t && active(t->gate)) {
                scope.resource_functions(*t, [&](Function f) {
                    WorldItem w;
                    w.name = out_.canonical_name(f);
                    w.gate = f.gate;
                    w.function = std::move(f);
                    out_.worlds[index].imports.push_back(std::move(w));
                });
            }
        }
        for (const auto& item : decl.items)
            if (const auto* i = std::get_if<ast::Include>(&item); i && active(i->gate)) include(p, *i, file, index);
    }

    WorldItem world_item(PackageEntry& p, Scope& scope, const ast::ImportExport& e, const ast::PackageItems& file) {
        WorldItem w;
        w.name = std::string(e.name.text);
        w.external_id = e.external_id;
        w.gate = e.gate;
        if (const auto* f = std::get_if<ast::Func>(&e.what)) w.function = scope.function(*f);
        else {
            w.kind = WorldItem::Kind::interface;
            if (const auto* i = std::get_if<ast::Interface>(&e.what)) w.index = resolve_interface(p, *i, file);
            else w.index = interface_at(p, file, std::get<ast::Path>(e.what));
        }
        return w;
    }

    static bool same_item(const WorldItem& a, const WorldItem& b) {
        return a.name == b.name && (!a.name.empty() || (a.kind == b.kind && a.index == b.index));
    }

    void add_item(std::vector<WorldItem>& items, WorldItem w, const ast::PackageItems& file, u32 offset) {
        for (WorldItem& other : items)
            if (same_item(other, w)) {
                if (w.name.empty()) return;  // the same interface twice is the same import
                fail(*file.source, offset, quoted(w.name) + " is imported or exported twice");
            }
        items.push_back(std::move(w));
    }

    // The union of both worlds; plain names may be renamed, and must not clash.
    void include(PackageEntry& p, const ast::Include& i, const ast::PackageItems& file, u32 index) {
        auto [package, found] = find<ast::World>(p, file, i.world, &ast::PackageItems::worlds, "world");
        u32 other = world_index(*package, *found.decl, *found.file);
        std::set<std::string_view> unused;
        for (const auto& [from, as] : i.renames) unused.insert(from.text);
        for (auto list : {&World::imports, &World::exports})
            for (WorldItem w : out_.worlds[other].*list) {
                for (const auto& [from, as] : i.renames)
                    if (w.name == from.text) {
                        unused.erase(from.text);
                        w.name = std::string(as.text);
                        break;
                    }
                add_item(out_.worlds[index].*list, std::move(w), file, i.world.name.offset);
            }
        if (!unused.empty()) fail(*file.source, i.world.name.offset, "the included world has nothing named " + quoted(*unused.begin()));
    }

    // The interfaces whose types an interface uses.
    std::vector<u32> used_interfaces(u32 interface) const {
        std::vector<u32> result;
        for (u32 t : out_.interfaces[interface].types) add_used(t, result);
        return result;
    }
    void add_used(u32 type, std::vector<u32>& to) const {
        const TypeDef& def = out_.types[type];
        if (!def.used) return;
        const TypeDef& target = out_.types[std::get<Alias>(def.kind).type.index];
        if (target.owner == TypeDef::Owner::interface && std::ranges::find(to, target.owner_index) == to.end()) to.push_back(target.owner_index);
    }

    // An interface whose types are used must itself be imported, unless the world exports it and only exports use it.
    void complete_world(u32 index) {
        std::vector<WorldItem> imports = std::move(out_.worlds[index].imports), completed;
        std::set<u32> present;
        auto add_interface = [&](auto& self, u32 i, const WorldItem* item) -> void {
            if (present.contains(i)) return;
            for (u32 used : used_interfaces(i)) self(self, used, nullptr);
            present.insert(i);
            auto written = std::ranges::find_if(
                imports, [&](const WorldItem& w) { return w.kind == WorldItem::Kind::interface && w.name.empty() && w.index == i; });
            WorldItem w;
            if (item) w = *item;
            else if (written != imports.end()) w = *written;
            else {
                w.kind = WorldItem::Kind::interface;
                w.index = i;
                w.implied = true;
            }
            completed.push_back(std::move(w));
        };
        auto need = [&](u32 i) { add_interface(add_interface, i, nullptr); };
        for (const WorldItem& w : imports) {
            if (w.kind == WorldItem::Kind::interface && w.name.empty()) {
                add_interface(add_interface, w.index, &w);
                continue;
            }
            if (w.kind == WorldItem::Kind::interface)
                for (u32 used : used_interfaces(w.index)) need(used);
            if (w.kind == WorldItem::Kind::type) {
                std::vector<u32> used;
                add_used(w.index, used);
                for (u32 i : used) need(i);
            }
            completed.push_back(w);
        }
        std::set<u32> exported;
        for (const WorldItem& w : out_.worlds[index].exports)
            if (w.kind == WorldItem::Kind::interface && w.name.empty()) exported.insert(w.index);
        for (const WorldItem& w : out_.worlds[index].exports)
            if (w.kind == WorldItem::Kind::interface)
                for (u32 used : used_interfaces(w.index))
                    if (!exported.contains(used)) need(used);
        out_.worlds[index].imports = std::move(completed);
    }

    const Options& options_;
    int depth_ = 0;
    std::vector<ast::PackageItems> files_;
    std::vector<PackageEntry> packages_;
    std::map<const ast::Interface*, std::optional<u32>> interfaces_;
    std::map<const ast::World*, std::optional<u32>> worlds_;
    Resolve out_;
};

}  // namespace

Result<PackageName> main_package(std::span<const Source> sources) {
    try {
        for (const Source& s : sources)
            for (const ast::PackageItems& items : ast::parse(s))
                if (items.package) return *items.package;
        return std::unexpected(Error{Error::Kind::syntax, (sources.empty() ? std::string() : sources[0].path + ": ") +
                                                              "no package: expected `package namespace:name;`"});
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

Result<Resolve> resolve(std::span<const Source> sources, const Options& options) {
    try {
        return Resolver(sources, options).run();
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::wit
