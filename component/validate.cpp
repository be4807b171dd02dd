// Definitions in order: index spaces grow, instances are put together, imports and exports get their names.
#include "validator.hpp"

#include <algorithm>

#include "decode.hpp"
#include "val.hpp"
#include "value_bytes.hpp"

namespace heddle::component {

using types::ComponentId;
using types::Entity;
using types::find;
using types::follow;
using types::FuncId;
using types::InstanceId;
using types::ModuleId;
using types::Named;
using types::Path;
using types::ResourceAt;
using types::ResourceId;
using types::Substitution;
using types::Subtyping;
using types::Type;

namespace {

std::string quoted(std::string_view s) { return "`" + std::string(s) + "`"; }

const char* with_article(Sort s) {
    switch (s) {
        case Sort::core_module: return "a module";
        case Sort::component: return "a component";
        case Sort::instance: return "an instance";
        case Sort::func:
        case Sort::core_func: return "a func";
        case Sort::value: return "a value";
        case Sort::type:
        case Sort::core_type: return "a type";
        case Sort::core_table: return "a table";
        case Sort::core_memory: return "a memory";
        case Sort::core_global: return "a global";
        case Sort::core_tag: return "a tag";
        case Sort::core_instance: return "a core instance";
    }
    return "";
}

const char* import_export_sort(Sort s) { return s == Sort::core_module ? "module" : to_string(s); }

}  // namespace

FuncId Validator::func_type_at(u32 index) const {
    Type t = type_at(index);
    if (t.kind != Type::Kind::func) invalid("type index " + std::to_string(index) + " is not a function type");
    return t.func();
}

types::ValType Validator::val_type(const ValType& t) const {
    if (t.prim) {
        if (*t.prim == Prim::error_context && !features_.error_context) invalid("error-context is turned off");
        return {t.prim, {}};
    }
    Type type = type_at(t.index);
    if (type.kind != Type::Kind::defined) invalid("type index " + std::to_string(t.index) + " is not a defined type");
    return {std::nullopt, type.defined()};
}

ResourceId Validator::resource_at(u32 index) const {
    Type t = type_at(index);
    if (t.kind != Type::Kind::resource) invalid("type index " + std::to_string(index) + " is not a resource type");
    return t.resource();
}

TypeId Validator::core_func_type_at(u32 index) const {
    const CoreTypeEntry& e = core_type_at(index);
    if (e.is_module || engine_.type(e.type).kind != heddle::SubType::Kind::func)
        invalid("core type index " + std::to_string(index) + " is not a function type");
    return e.type;
}

// Every value is consumed exactly once.
void Validator::use_value(u32 index) {
    at(scope_->spaces.values, index, "value");
    if (scope_->value_used[index]) invalid("value " + std::to_string(index) + " cannot be used more than once");
    scope_->value_used[index] = true;
}

Entity Validator::item(const SortIdx& s) {
    Entity e;
    e.sort = s.sort;
    const Spaces& spaces = scope_->spaces;
    switch (s.sort) {
        case Sort::core_module: e.id = u32(at(spaces.core_modules, s.index, "module")); return e;
        case Sort::func: e.id = u32(at(spaces.funcs, s.index, "function")); return e;
        case Sort::component: e.id = u32(at(spaces.components, s.index, "component")); return e;
        case Sort::instance: e.id = u32(at(spaces.instances, s.index, "instance")); return e;
        case Sort::type: e.type = e.referenced = type_at(s.index); return e;
        case Sort::value:
            use_value(s.index);
            e.value = spaces.values[s.index];
            return e;
        default: invalid(std::string("a ") + to_string(s.sort) + " cannot be an import, export or argument of a component");
    }
}

void Validator::push(const Entity& e) {
    Spaces& spaces = scope_->spaces;
    switch (e.sort) {
        case Sort::core_module: spaces.core_modules.push_back(ModuleId(e.id)); return;
        case Sort::func: spaces.funcs.push_back(FuncId(e.id)); return;
        case Sort::component: spaces.components.push_back(ComponentId(e.id)); return;
        case Sort::instance: spaces.instances.push_back(InstanceId(e.id)); return;
        case Sort::type: spaces.types.push_back(e.type); return;
        case Sort::value:
            spaces.values.push_back(e.value);
            scope_->value_used.push_back(false);
            return;
        default: return;
    }
}

// ---- imports and exports ------------------------------------------------------------------------------------------------------------------

void Validator::check_attributes(const ExternName& name, const ParsedName& parsed, const Entity& e) const {
    bool seen[3] = {};
    for (const Attribute& a : name.attributes) {
        constexpr const char* words[] = {"implements", "versionsuffix", "external-id"};  // by Attribute::Kind
        if (seen[std::size_t(a.kind)]) invalid(std::string("duplicate '") + words[std::size_t(a.kind)] + "' option in name " + quoted(name.name));
        seen[std::size_t(a.kind)] = true;
        if (a.kind == Attribute::Kind::implements) {
            if (e.sort != Sort::instance) invalid("only instances can have an `implements`");
            if (parsed.kind != ParsedName::Kind::label) invalid("name " + quoted(name.name) + " is not valid with `implements`");
            auto interface = parse_extern_name(a.text);
            if (!interface) invalid(quoted(a.text) + " is not a valid name: " + interface.error());
            if (interface->kind != ParsedName::Kind::interface) invalid(quoted(a.text) + " must be an interface");
        }
    }
}

// The function's own rules: a constructor gives its resource, a method borrows it first. The resource has its name in the same space.
void Validator::check_annotation(const NameSpace& space, const ParsedName& name, const Entity& e) const {
    using K = ParsedName::Kind;
    if (!name.is_annotated()) return;
    if (e.sort != Sort::func) invalid("item named after a resource's function is not a func");
    const types::Func& f = types_[FuncId(e.id)];
    auto must_be_called = [&](ResourceId r) {
        auto it = space.resources.find(r);
        if (it == space.resources.end()) invalid("resource used in function does not have a name in this context");
        if (it->second != name.resource) invalid("function does not match expected resource name " + quoted(it->second));
    };
    auto own_of = [&](const types::ValType& t) -> const types::Own* { return t.prim ? nullptr : std::get_if<types::Own>(&types_[t.id].kind); };
    if (name.kind == K::constructor) {
        const char* wrong = "function should return `(own $T)` or `(result (own $T))`";
        if (!f.result) invalid("function should return one value");
        const types::Own* own = own_of(*f.result);
        if (!own && !f.result->prim)
            if (const auto* r = std::get_if<types::ResultType>(&types_[f.result->id].kind); r && r->ok) own = own_of(*r->ok);
        if (!own) invalid(wrong);
        must_be_called(own->resource);
    } else if (name.kind == K::method) {
        if (f.params.empty()) invalid("function should have at least one argument");
        if (f.params[0].name != "self") invalid("function should have a first argument called `self`");
        const types::ValType& self = f.params[0].type;
        const auto* borrow = self.prim ? nullptr : std::get_if<types::Borrow>(&types_[self.id].kind);
        if (!borrow) invalid("function should take a first argument of `(borrow $T)`");
        must_be_called(borrow->resource);
    } else if (std::ranges::none_of(space.resources, [&](const auto& r) { return r.second == name.resource; })) {
        invalid("static resource name is not known in this context");
    }
}

void Validator::check_name(NameSpace& space, const ExternName& name, const Entity& e) {
    auto parsed = parse_extern_name(name.name);
    if (!parsed) invalid(parsed.error() + ": " + quoted(name.name) + " is not a valid extern name");
    check_attributes(name, *parsed, e);
    check_annotation(space, *parsed, e);
    if (e.sort == Sort::type && e.type.kind == Type::Kind::resource && parsed->kind == ParsedName::Kind::label)
        space.resources[e.type.resource()] = name.name;
    std::string key = uniqueness_key(name.name);
    if (!space.key_set.insert(key).second) {
        auto previous = std::ranges::find(space.keys, key, &std::pair<std::string, std::string>::first);
        invalid(std::string(space.what) + " name " + quoted(name.name) + " conflicts with previous name " + quoted(previous->second));
    }
    space.keys.emplace_back(std::move(key), name.name);
}

// An instance type's abstract resources become new ones, found under `name`; a bare `sub resource` too.
Entity Validator::open(const Entity& e, const std::string& name, std::vector<ResourceAt>& into) {
    if (e.sort != Sort::instance) return e;
    Substitution fresh(types_);
    std::vector<ResourceAt> abstract = types_[InstanceId(e.id)].fresh;
    if (abstract.empty()) return e;
    for (const ResourceAt& r : abstract) {
        ResourceId id = types_.new_resource();
        fresh.replace(r.identity, id);
        Path path = {name};
        path.insert(path.end(), r.path.begin(), r.path.end());
        into.push_back({types_.identity(id), std::move(path)});
    }
    types::Instance opened;
    Named exports = types_[InstanceId(e.id)].exports;
    for (const auto& [n, x] : exports) opened.exports.emplace_back(n, fresh(x));
    Entity result = e;
    result.id = u32(types_.add(std::move(opened)));
    return result;
}

// Kept for those who print types: what is matched is the name alone.
static u32 attributes_of(types::Types& types, const ExternName& name) {
    types::NameAttributes kept;
    for (const Attribute& a : name.attributes) {
        if (a.kind == Attribute::Kind::implements) kept.implements = a.text;
        if (a.kind == Attribute::Kind::external_id) kept.external_id = a.text;
    }
    if (kept.implements.empty() && kept.external_id.empty()) return 0;
    types.attributes.push_back(std::move(kept));
    return u32(types.attributes.size());
}

void Validator::import(const ExternName& name, const ExternType& t) {
    Entity e = entity(t);
    std::string text(name.name);
    if (e.sort == Sort::type && !t.type.eq) scope_->type.imported.push_back({types_.identity(e.type.resource()), {text}});
    e = open(e, text, scope_->type.imported);
    if (!visible(e, scope_->importable)) invalid(std::string(import_export_sort(e.sort)) + " not valid to be used as import");
    check_name(scope_->imports, name, e);
    if (e.sort == Sort::type) {
        scope_->importable.insert(e.type);
        scope_->exportable.insert(e.type);
    } else if (e.sort == Sort::instance) {
        name_types(InstanceId(e.id), scope_->importable);
        name_types(InstanceId(e.id), scope_->exportable);
    }
    push(e);
    e.attributes = attributes_of(types_, name);
    scope_->type.imports.emplace_back(std::move(text), e);
}

void Validator::export_declaration(const ExternName& name, const ExternType& t) {
    Entity e = entity(t);
    std::string text(name.name);
    if (e.sort == Sort::type && !t.type.eq) scope_->type.fresh.push_back({types_.identity(e.type.resource()), {text}});
    e = open(e, text, scope_->type.fresh);
    // An instance type is looked at when something is imported or exported with it.
    if (scope_->kind != Scope::Kind::instance_type && !visible(e, scope_->exportable))
        invalid(std::string(import_export_sort(e.sort)) + " not valid to be used as export");
    check_name(scope_->exports, name, e);
    if (e.sort == Sort::type) scope_->exportable.insert(e.type);
    if (e.sort == Sort::instance) name_types(InstanceId(e.id), scope_->exportable);
    push(e);
    e.attributes = attributes_of(types_, name);
    scope_->type.exports.emplace_back(std::move(text), e);
}

void Validator::export_(const Export& x) {
    Entity e = item(x.item);
    std::string text(x.name.name);
    if (x.type) {
        Entity ascribed = entity(*x.type);
        try {
            Subtyping check(engine_, types_, offset_);
            // A bare `sub resource` hides which resource it is.
            if (ascribed.sort == Sort::type && !x.type->type.eq) {
                if (e.sort != Sort::type || e.type.kind != Type::Kind::resource) invalid("expected resource, found another type");
                scope_->type.fresh.push_back({types_.identity(ascribed.type.resource()), {text}});
            } else check.entity(e, ascribed);
        } catch (Error& error) {
            error.message = "ascribed type of export is not compatible with item's type: " + error.message;
            throw;
        }
        e = open(ascribed, text, scope_->type.fresh);
    } else if (e.sort == Sort::type) {
        e.referenced = e.type;
        e.type = types_.renamed(e.type);
    }
    if (!visible(e, scope_->exportable)) invalid(std::string(import_export_sort(e.sort)) + " not valid to be used as export");
    check_name(scope_->exports, x.name, e);
    if (e.sort == Sort::type) scope_->exportable.insert(e.type);
    if (e.sort == Sort::instance) name_types(InstanceId(e.id), scope_->exportable);
    push(e);
    // The exported value was consumed by the export; its new index is not to be consumed again.
    if (e.sort == Sort::value) scope_->value_used.back() = true;
    e.attributes = attributes_of(types_, x.name);
    scope_->type.exports.emplace_back(std::move(text), e);
}

// ---- core definitions ---------------------------------------------------------------------------------------------------------------------

void Validator::core_module(const CoreModule& m) {
    auto module = heddle::Module::load(engine_, m.bytes);
    if (!module) {
        Error e = module.error();
        if (e.offset != Error::no_offset) e.offset += offset_;
        throw e;
    }
    scope_->spaces.core_modules.push_back(module_type_of(*module));
    scope_->result.modules.push_back(std::move(*module));
}

void Validator::core_instantiate(const CoreInstantiate& i) {
    ModuleId id = at(scope_->spaces.core_modules, i.module, "module");
    std::map<std::string_view, u32> args;
    for (const auto& a : i.args) {
        at(scope_->core_instances, a.instance, "core instance");
        if (!args.emplace(a.name, a.instance).second) invalid("duplicate module instantiation argument named " + quoted(a.name));
    }
    const types::Module& m = types_[id];
    for (const auto& wanted : m.imports) {
        auto arg = args.find(wanted.module);
        if (arg == args.end()) invalid("missing module instantiation argument named " + quoted(wanted.module));
        const CoreExports& given = scope_->core_instances[arg->second];
        auto found = std::ranges::find(given, wanted.name, [](const auto& e) { return e.first; });
        if (found == given.end())
            invalid("module instantiation argument " + quoted(wanted.module) + " does not export an item named " + quoted(wanted.name));
        Subtyping(engine_, types_, offset_).core(found->second, wanted.type);
    }
    scope_->core_instances.push_back(m.exports);
}

void Validator::core_instance(const CoreInstance& i) {
    if (const auto* instantiate = std::get_if<CoreInstantiate>(&i)) return core_instantiate(*instantiate);
    CoreExports exports;
    std::set<std::string_view> names;
    for (const CoreInlineExport& e : std::get<std::vector<CoreInlineExport>>(i)) {
        heddle::ExternType t;
        const Spaces& s = scope_->spaces;
        switch (e.item.sort) {
            case Sort::core_func:
                t.kind = ExternKind::func;
                t.type = at(s.core_funcs, e.item.index, "function");
                break;
            case Sort::core_table:
                t.kind = ExternKind::table;
                t.table = at(s.core_tables, e.item.index, "table");
                break;
            case Sort::core_memory:
                t.kind = ExternKind::memory;
                t.memory = at(s.core_memories, e.item.index, "memory");
                break;
            case Sort::core_global:
                t.kind = ExternKind::global;
                t.global = at(s.core_globals, e.item.index, "global");
                break;
            case Sort::core_tag:
                t.kind = ExternKind::tag;
                t.type = at(s.core_tags, e.item.index, "tag");
                break;
            default: invalid(std::string("a ") + to_string(e.item.sort) + " cannot be exported by a core instance");
        }
        if (!names.insert(e.name).second) invalid("export name " + quoted(e.name) + " already defined");
        exports.emplace_back(e.name, std::move(t));
    }
    scope_->core_instances.push_back(std::move(exports));
}

// ---- instances ----------------------------------------------------------------------------------------------------------------------------

void Validator::instance(const Instance& i) {
    if (const auto* x = std::get_if<Instantiate>(&i)) instantiate(*x);
    else synthesize(std::get<std::vector<InlineExport>>(i));
}

void Validator::synthesize(const std::vector<InlineExport>& exports) {
    types::Instance instance;
    NameSpace names{"export", {}, {}, {}};
    for (const InlineExport& x : exports) {
        Entity e = item(x.item);
        check_name(names, x.name, e);
        // Only a resource that the component itself has a name for is known by the name it gets here.
        std::erase_if(names.resources, [&](const auto& r) { return !scope_->exportable.contains(Type::of(r.first)); });
        instance.exports.emplace_back(x.name.name, std::move(e));
    }
    scope_->spaces.instances.push_back(types_.add(std::move(instance)));
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#type-checking: imported resources are replaced by what is
// given, the component's own by new ones, and the types it imports by the arguments' names for them.
void Validator::instantiate(const Instantiate& x) {
    ComponentId id = at(scope_->spaces.components, x.component, "component");
    Named args;
    for (const auto& a : x.args) {
        if (find(args, a.name)) invalid("instantiation argument " + quoted(a.name) + " conflicts with previous argument " + quoted(a.name));
        args.emplace_back(a.name, item(a.item));
    }
    types::Component c = types_[id];
    Substitution given(types_);
    for (const ResourceAt& r : c.imported)
        if (auto t = follow(types_, args, r.path); t && t->kind == Type::Kind::resource) given.replace(r.identity, t->resource());
    auto name_as_given = [&](auto& self, const Entity& wanted, const Entity& arg) -> void {
        if (wanted.sort == Sort::type && arg.sort == Sort::type) given.replace(wanted.type, arg.type);
        if (wanted.sort != Sort::instance || arg.sort != Sort::instance) return;
        Named inner = types_[InstanceId(wanted.id)].exports, outer = types_[InstanceId(arg.id)].exports;
        for (const auto& [name, e] : inner)
            if (const Entity* o = find(outer, name)) self(self, e, *o);
    };
    for (const auto& [name, wanted] : c.imports) {
        const Entity* arg = find(args, name);
        if (!arg) invalid("missing import named " + quoted(name));
        Entity expected = given(wanted);
        try {
            Subtyping(engine_, types_, offset_).entity(*arg, expected);
        } catch (Error& e) {
            e.message += ": type mismatch for import " + quoted(name);
            throw;
        }
        name_as_given(name_as_given, wanted, *arg);
    }
    for (const ResourceAt& r : c.fresh) {
        ResourceId fresh = types_.new_resource();
        given.replace(r.identity, fresh);
        scope_->type.fresh.push_back({types_.identity(fresh), {}});
    }
    types::Instance instance;
    for (const auto& [name, e] : c.exports) instance.exports.emplace_back(name, given(e));
    InstanceId result = types_.add(std::move(instance));
    check_size(Type::of(result));
    scope_->spaces.instances.push_back(result);
}

// ---- aliases ------------------------------------------------------------------------------------------------------------------------------

void Validator::alias(const Alias& a, bool declarator) {
    bool type_or_instance = a.sort == Sort::type || (a.target == Alias::Target::export_ ? a.sort == Sort::instance : a.sort == Sort::core_type);
    if (declarator && (a.target == Alias::Target::core_export || !type_or_instance))
        invalid("aliases in type declarations may only refer to types or instances");
    switch (a.target) {
        case Alias::Target::export_: return alias_export(a);
        case Alias::Target::core_export: return alias_core_export(a);
        case Alias::Target::outer: return alias_outer(a);
    }
}

void Validator::alias_export(const Alias& a) {
    InstanceId id = at(scope_->spaces.instances, a.instance, "instance");
    const Entity* found = find(types_[id].exports, a.name);
    if (!found) invalid("instance " + std::to_string(a.instance) + " has no export named " + quoted(a.name));
    Entity e = *found;
    if (e.sort != a.sort) invalid("export " + quoted(a.name) + " for instance " + std::to_string(a.instance) + " is not " + with_article(a.sort));
    push(e);
}

void Validator::alias_core_export(const Alias& a) {
    const CoreExports& exports = at(scope_->core_instances, a.instance, "core instance");
    auto found = std::ranges::find(exports, a.name, [](const auto& e) { return std::string_view(e.first); });
    if (found == exports.end()) invalid("core instance " + std::to_string(a.instance) + " has no export named " + quoted(a.name));
    const heddle::ExternType& t = found->second;
    constexpr Sort sorts[] = {Sort::core_func, Sort::core_table, Sort::core_memory, Sort::core_global, Sort::core_tag};  // by ExternKind
    if (sorts[std::size_t(t.kind)] != a.sort)
        invalid("export " + quoted(a.name) + " for core instance " + std::to_string(a.instance) + " is not " + with_article(a.sort));
    Spaces& s = scope_->spaces;
    switch (t.kind) {
        case ExternKind::func: s.core_funcs.push_back(t.type); return;
        case ExternKind::table: s.core_tables.push_back(t.table); return;
        case ExternKind::memory: s.core_memories.push_back(t.memory); return;
        case ExternKind::global: s.core_globals.push_back(t.global); return;
        case ExternKind::tag: s.core_tags.push_back(t.type); return;
    }
}

void Validator::alias_outer(const Alias& a) {
    const Scope* target = scope_;
    bool crosses = false;
    for (u32 i = 0; i < a.count; ++i) {
        crosses |= target->kind == Scope::Kind::component;
        target = target->parent;
        if (!target) invalid("invalid outer alias count of " + std::to_string(a.count));
    }
    Spaces& here = scope_->spaces;
    switch (a.sort) {
        case Sort::core_module: here.core_modules.push_back(ModuleId(at(target->spaces.core_modules, a.index, "module"))); return;
        case Sort::core_type: scope_->core_types.push_back(CoreTypeEntry(at(target->core_types, a.index, "type"))); return;
        case Sort::component: here.components.push_back(ComponentId(at(target->spaces.components, a.index, "component"))); return;
        case Sort::type: {
            Type t = at(target->spaces.types, a.index, "type");
            std::set<u32> bound;
            std::set<Type> seen;
            if (crosses && mentions_free_resource(t, bound, seen))
                invalid("cannot alias outer type which transitively refers to resources not defined in the current component");
            here.types.push_back(t);
            return;
        }
        default: invalid(std::string("a ") + to_string(a.sort) + " cannot be aliased from an outer component");
    }
}

// ---- start and values -----------------------------------------------------------------------------------------------------------------------

void Validator::start(const Start& s) {
    if (!features_.values) invalid("start definitions are turned off");
    const types::Func f = types_[FuncId(at(scope_->spaces.funcs, s.func, "function"))];
    if (f.params.size() != s.args.size())
        invalid("component start function requires " + std::to_string(f.params.size()) + " arguments but was given " + std::to_string(s.args.size()));
    if (s.results != (f.result ? 1u : 0u))
        invalid("component start function has a result count of " + std::to_string(s.results) + " but the function type has " +
                (f.result ? "one" : "none"));
    for (std::size_t i = 0; i < s.args.size(); ++i) {
        use_value(s.args[i]);
        Subtyping(engine_, types_, offset_).value(scope_->spaces.values[s.args[i]], f.params[i].type);
    }
    if (!f.result) return;
    scope_->spaces.values.push_back(*f.result);
    scope_->value_used.push_back(false);
}

void Validator::value(const Value& v) {
    if (!features_.values) invalid("value definitions are turned off");
    types::ValType type = val_type(v.type);
    try {
        read_value(v.bytes, Describer(types_)(type));
    } catch (Error& e) {
        throw Error{e.kind, "value " + std::to_string(scope_->spaces.values.size()) + ": byte " + std::to_string(e.offset) + ": " + e.message, offset_};
    }
    scope_->spaces.values.push_back(type);
    scope_->value_used.push_back(false);
}

// ---- the whole ------------------------------------------------------------------------------------------------------------------------------

void Validator::definition(const Definition& d) {
    struct Visit {
        Validator& v;
        void operator()(const CustomSection&) const {}
        void operator()(const CoreModule& x) const { v.core_module(x); }
        void operator()(const CoreInstance& x) const { v.core_instance(x); }
        void operator()(const CoreType& x) const { v.core_type(x); }
        void operator()(const Component& x) const {
            Validated nested = v.component(x);
            v.scope_->spaces.components.push_back(nested.type);
            v.scope_->result.nested.push_back(std::move(nested));
        }
        void operator()(const Instance& x) const { v.instance(x); }
        void operator()(const Alias& x) const { v.alias(x, false); }
        void operator()(const DefType& x) const { v.type_definition(x); }
        void operator()(const Canon& x) const { v.canon(x); }
        void operator()(const Start& x) const { v.start(x); }
        void operator()(const Import& x) const { v.import(x.name, x.type); }
        void operator()(const Export& x) const { v.export_(x); }
        void operator()(const Value& x) const { v.value(x); }
    };
    offset_ = d.offset;
    std::visit(Visit{*this}, d.what);
}

Validated Validator::component(const Component& c) {
    Within within(*this, Scope::Kind::component);
    Scope& s = within.scope;
    for (const Definition& d : c.definitions) definition(d);
    for (std::size_t i = 0; i < s.value_used.size(); ++i)
        if (!s.value_used[i]) invalid("value index " + std::to_string(i) + " was not used as part of an instantiation, start function, or export");
    s.result.type = types_.add(std::move(s.type));
    check_size(Type::of(s.result.type));
    s.result.spaces = std::move(s.spaces);
    return std::move(s.result);
}

std::unique_ptr<ValidatedComponent> validate(const Engine& engine, std::shared_ptr<const std::vector<u8>> bytes, const Features& features) {
    auto result = std::make_unique<ValidatedComponent>();
    result->bytes = std::move(bytes);
    result->model = decode(*result->bytes);
    result->root = Validator(engine, result->types, features).component(result->model);
    return result;
}

}  // namespace heddle::component
