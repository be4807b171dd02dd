// Type definitions and the declarations inside component, instance and module types.
#include <algorithm>

#include "validator.hpp"

namespace heddle::component {

using types::ComponentId;
using types::Defined;
using types::Entity;
using types::FuncId;
using types::InstanceId;
using types::ModuleId;
using types::ResourceId;
using types::Type;

namespace {

std::string quoted(std::string_view s) { return "`" + std::string(s) + "`"; }

}  // namespace

// ---- core types ---------------------------------------------------------------------------------------------------------------------------

// Indices of the scope become interned types; those of the group being defined are written as the engine wants them.
heddle::ValType Validator::core_val_type(heddle::ValType t, u32 group, u32 group_size) const {
    if (!t.is_ref() || !t.is_defined()) return t;
    u32 index = u32(t.type());
    if (index >= group && index - group < group_size)
        return heddle::ValType::reference(TypeId(Engine::own_type + index - group), t.nullable(), t.exact());
    const CoreTypeEntry& e = core_type_at(index);
    if (e.is_module) invalid("core type index " + std::to_string(index) + " is a module type");
    return heddle::ValType::reference(e.type, t.nullable(), t.exact());
}

void Validator::rec_group(const RecGroup& g) {
    u32 base = u32(scope_->core_types.size()), count = u32(g.types.size());
    std::vector<heddle::SubType> group = g.types;
    auto index = [&](TypeId& t) {
        if (t == TypeId::none) return;
        u32 i = u32(t);
        if (i >= base && i - base < count) t = TypeId(Engine::own_type + i - base);
        else {
            const CoreTypeEntry& e = core_type_at(i);
            if (e.is_module) invalid("core type index " + std::to_string(i) + " is a module type");
            t = e.type;
        }
    };
    for (heddle::SubType& t : group) {
        index(t.super);
        index(t.cont);
        for (auto& p : t.func.params) p = core_val_type(p, base, count);
        for (auto& r : t.func.results) r = core_val_type(r, base, count);
        for (auto& f : t.fields) f.type = core_val_type(f.type, base, count);
    }
    TypeId first = engine_.intern(group);
    for (u32 i = 0; i < count; ++i) scope_->core_types.push_back({false, TypeId(u32(first) + i), {}});
}

heddle::ExternType Validator::core_extern_type(const heddle::ExternType& t) const {
    heddle::ExternType r = t;
    switch (t.kind) {
        case ExternKind::func:
        case ExternKind::tag: r.type = core_func_type_at(u32(t.type)); break;
        case ExternKind::table: r.table.element = core_val_type(t.table.element, 0, 0); break;
        case ExternKind::global: r.global.type = core_val_type(t.global.type, 0, 0); break;
        case ExternKind::memory:
            if (!t.memory.is64 && t.memory.page_log2 == 16 && (t.memory.limits.min > 65536 || t.memory.limits.max.value_or(0) > 65536))
                invalid("memory size must be at most 65536 pages (4GiB)");
            if (t.memory.limits.max && *t.memory.limits.max < t.memory.limits.min) invalid("size minimum must not be greater than maximum");
            break;
    }
    return r;
}

// A module type begins with no types of its own; outer aliases bring some in.
ModuleId Validator::core_module_type(const CoreModuleType& t) {
    Within within(*this, Scope::Kind::instance_type);
    types::Module m;
    std::set<std::string> imports, exports;
    struct Visit {
        Validator& v;
        types::Module& m;
        std::set<std::string>&imports, &exports;
        void operator()(const CoreImportDecl& d) const {
            if (!imports.insert(std::to_string(d.module.size()) + ":" + std::string(d.module) + std::string(d.name)).second)
                v.invalid("duplicate import name `" + std::string(d.module) + ":" + std::string(d.name) + "`");
            m.imports.push_back({std::string(d.module), std::string(d.name), v.core_extern_type(d.type)});
        }
        void operator()(const CoreType& d) const {
            if (std::holds_alternative<CoreModuleType>(d)) v.invalid("a module type cannot be declared in a module type");
            v.core_type(d);
        }
        void operator()(const CoreOuterAlias& d) const {
            const Scope* target = v.scope_;
            for (u32 i = 0; i < d.count; ++i)
                if (!(target = target->parent)) v.invalid("invalid outer alias count of " + std::to_string(d.count));
            const CoreTypeEntry& e = v.at(target->core_types, d.index, "type");
            if (e.is_module) v.invalid("a module type cannot be aliased into a module type");
            v.scope_->core_types.push_back(CoreTypeEntry(e));
        }
        void operator()(const CoreExportDecl& d) const {
            if (!exports.insert(std::string(d.name)).second) v.invalid("export name " + quoted(d.name) + " already defined");
            m.exports.emplace_back(std::string(d.name), v.core_extern_type(d.type));
        }
    };
    for (const CoreModuleDecl& d : t.decls) {
        offset_ = d.offset;
        std::visit(Visit{*this, m, imports, exports}, d.decl);
    }
    return types_.add(std::move(m));
}

ModuleId Validator::module_type_of(const heddle::Module& module) const {
    types::Module m;
    std::set<std::string> names;
    for (auto& i : module.imports()) {
        if (!names.insert(std::to_string(i.module.size()) + ":" + i.module + i.name).second)
            invalid("duplicate import name `" + i.module + ":" + i.name + "`");
        m.imports.push_back({i.module, i.name, i.type});
    }
    for (auto& e : module.exports()) m.exports.emplace_back(e.name, e.type);
    return types_.add(std::move(m));
}

void Validator::core_type(const CoreType& t) {
    if (const auto* g = std::get_if<RecGroup>(&t)) return rec_group(*g);
    ModuleId id = core_module_type(std::get<CoreModuleType>(t));
    scope_->core_types.push_back({true, TypeId::none, id});
}

// ---- defined types ------------------------------------------------------------------------------------------------------------------------

template <class Labels, class Name>
void Validator::check_labels(const Labels& labels, Name name, const char* what, const char* short_what) const {
    std::map<std::string, std::string_view> seen;
    for (const auto& l : labels) {
        std::string_view text = name(l);
        if (text.empty()) invalid(std::string(what) + " name cannot be empty");
        if (!is_label(text)) invalid(std::string(what) + " name " + quoted(text) + " is not in kebab case");
        auto [it, fresh] = seen.emplace(uniqueness_key(text), text);
        if (!fresh) invalid(std::string(what) + " name " + quoted(text) + " conflicts with previous " + short_what + " name " + quoted(it->second));
    }
}

void Validator::check_size(Type t) const {
    if (types_.size(t) > max_type_size) invalid("effective type size exceeds the limit of " + std::to_string(max_type_size));
    if (t.kind != Type::Kind::defined) return;
    const Defined& d = types_[t.defined()];
    if (d.bytes64 >= max_element_bytes) invalid("type exceeds maximum byte size of " + std::to_string(max_element_bytes - 1));
    if (d.depth > 100) invalid("type nesting is deeper than the limit of 100");
}

Defined Validator::defined(const DefType& t) {
    auto optional = [&](const std::optional<ValType>& v) { return v ? std::optional(val_type(*v)) : std::nullopt; };
    auto limit = [&](std::size_t n, const char* what) {
        if (n > max_members) invalid(std::string(what) + " count " + std::to_string(n) + " exceeds the limit of " + std::to_string(max_members));
    };
    struct Make {
        Validator& v;
        decltype(optional)& opt;
        decltype(limit)& lim;
        Defined::Kind operator()(Prim p) const { return *v.val_type(ValType::of(p)).prim; }
        Defined::Kind operator()(const Record& r) const {
            if (r.fields.empty()) v.invalid("record type must have at least one field");
            lim(r.fields.size(), "record field");
            v.check_labels(
                r.fields, [](const Field& f) { return f.name; }, "record field", "field");
            types::Record out;
            for (const Field& f : r.fields) out.fields.push_back({std::string(f.name), v.val_type(f.type)});
            return out;
        }
        Defined::Kind operator()(const Variant& r) const {
            if (r.cases.empty()) v.invalid("variant type must have at least one case");
            lim(r.cases.size(), "variant case");
            v.check_labels(
                r.cases, [](const Case& c) { return c.name; }, "variant case", "case");
            types::Variant out;
            for (const Case& c : r.cases) out.cases.push_back({std::string(c.name), opt(c.type)});
            return out;
        }
        Defined::Kind operator()(const List& l) const {
            if (l.length && !v.features_.fixed_length_lists) v.invalid("fixed-length lists are turned off");
            if (l.length && *l.length == 0) v.invalid("fixed-length lists must have more than zero elements");
            return types::List{v.val_type(l.type), l.length};
        }
        Defined::Kind operator()(const Tuple& t) const {
            if (t.types.empty()) v.invalid("tuple type must have at least one type");
            lim(t.types.size(), "tuple type");
            types::Tuple out;
            for (const ValType& e : t.types) out.types.push_back(v.val_type(e));
            return out;
        }
        Defined::Kind operator()(const Flags& f) const {
            if (f.labels.empty()) v.invalid("flags must have at least one entry");
            if (f.labels.size() > 32) v.invalid("cannot have more than 32 flags");
            v.check_labels(
                f.labels, [](std::string_view l) { return l; }, "flag", "flag");
            return types::Flags{{f.labels.begin(), f.labels.end()}};
        }
        Defined::Kind operator()(const Enum& e) const {
            if (e.labels.empty()) v.invalid("enum type must have at least one variant");
            lim(e.labels.size(), "enum case");
            v.check_labels(
                e.labels, [](std::string_view l) { return l; }, "enum tag", "tag");
            return types::Enum{{e.labels.begin(), e.labels.end()}};
        }
        Defined::Kind operator()(const Option& o) const { return types::Option{v.val_type(o.type)}; }
        Defined::Kind operator()(const ResultType& r) const { return types::ResultType{opt(r.ok), opt(r.error)}; }
        Defined::Kind operator()(const Own& o) const { return types::Own{v.resource_at(o.resource)}; }
        Defined::Kind operator()(const Borrow& b) const { return types::Borrow{v.resource_at(b.resource)}; }
        // What travels through a stream or future outlives the call: it cannot be borrowed.
        std::optional<types::ValType> element(const std::optional<ValType>& t, const char* what) const {
            if (!v.features_.async) v.invalid(std::string(what) + "s are turned off");
            auto e = opt(t);
            if (e && v.types_.has_borrow(*e)) v.invalid(std::string("`") + what + "` element type cannot contain a `borrow` type");
            return e;
        }
        Defined::Kind operator()(const Stream& s) const {
            auto e = element(s.type, "stream");
            bool is_char = e && (e->prim ? *e->prim == Prim::char_ : v.types_[e->id].kind == Defined::Kind(Prim::char_));
            if (is_char) v.invalid("`stream<char>` is not valid at this time");
            return types::Stream{e};
        }
        Defined::Kind operator()(const Future& f) const { return types::Future{element(f.type, "future")}; }
        Defined::Kind operator()(const Map& m) const {
            if (!v.features_.map) v.invalid("maps are turned off");
            types::ValType key = v.val_type(m.key);
            std::optional<Prim> p = key.prim;
            if (!p)
                if (const Prim* q = std::get_if<Prim>(&v.types_[key.id].kind)) p = *q;
            bool ok = p && *p != Prim::f32 && *p != Prim::f64 && *p != Prim::error_context;
            if (!ok) v.invalid("invalid map key type: expected bool, an integer, char or string");
            return types::Map{key, v.val_type(m.value)};
        }
        // The other definitions are no value types.
        Defined::Kind operator()(const FuncType&) const { return Prim::bool_; }
        Defined::Kind operator()(const ComponentType&) const { return Prim::bool_; }
        Defined::Kind operator()(const InstanceType&) const { return Prim::bool_; }
        Defined::Kind operator()(const ResourceType&) const { return Prim::bool_; }
    };
    Defined d;
    d.kind = std::visit(Make{*this, optional, limit}, t);
    return d;
}

FuncId Validator::func_type(const FuncType& t) {
    if (t.async && !features_.async) invalid("async functions are turned off");
    if (t.params.size() > max_params)
        invalid("function parameter count " + std::to_string(t.params.size()) + " exceeds the limit of " + std::to_string(max_params));
    check_labels(
        t.params, [](const Field& f) { return f.name; }, "function parameter", "parameter");
    types::Func f;
    f.async = t.async;
    for (const Field& p : t.params) f.params.push_back({std::string(p.name), val_type(p.type)});
    if (t.result) f.result = val_type(*t.result);
    if (f.result && types_.has_borrow(*f.result)) invalid("function result cannot contain a `borrow` type");
    return types_.add(std::move(f));
}

void Validator::resource_type(const ResourceType& r) {
    if (scope_->kind != Scope::Kind::component) invalid("resources can only be defined within a concrete component");
    if (r.rep != i32_type && !(features_.memory64 && r.rep == i64_type)) invalid("resources can only be represented by `i32`");
    if (r.dtor) {
        const heddle::FuncType& f = engine_.type(at(scope_->spaces.core_funcs, *r.dtor, "function")).func;
        if (f.params != std::vector{r.rep} || !f.results.empty())
            invalid("wrong signature for a destructor: expected (func (param " + to_string(r.rep) + "))");
    }
    ResourceId id = types_.new_resource();
    u32 identity = types_.identity(id);
    scope_->local_resources.insert(identity);
    scope_->result.resources.push_back(identity);
    scope_->type.fresh.push_back({identity, {}});
    scope_->spaces.types.push_back(Type::of(id));
}

void Validator::type_definition(const DefType& t) {
    Type result;
    if (const auto* f = std::get_if<FuncType>(&t)) result = Type::of(func_type(*f));
    else if (const auto* c = std::get_if<ComponentType>(&t)) result = Type::of(component_type(*c));
    else if (const auto* i = std::get_if<InstanceType>(&t)) result = Type::of(instance_type(*i));
    else if (const auto* r = std::get_if<ResourceType>(&t)) return resource_type(*r);
    else result = Type::of(types_.add(defined(t)));
    check_size(result);
    scope_->spaces.types.push_back(result);
}

// ---- component and instance types -------------------------------------------------------------------------------------------------------------

void Validator::declarator(const Declarator& d) {
    struct Visit {
        Validator& v;
        void operator()(const CoreType& t) const { v.core_type(t); }
        void operator()(const DefType& t) const { v.type_definition(t); }
        void operator()(const Alias& a) const { v.alias(a, true); }
        void operator()(const ImportDecl& i) const { v.import(i.name, i.type); }
        void operator()(const ExportDecl& e) const { v.export_declaration(e.name, e.type); }
    };
    offset_ = d.offset;
    std::visit(Visit{*this}, d.decl);
}

ComponentId Validator::component_type(const ComponentType& t) {
    Within within(*this, Scope::Kind::component_type);
    for (const Declarator& d : t.decls) declarator(d);
    return types_.add(std::move(within.scope.type));
}

InstanceId Validator::instance_type(const InstanceType& t) {
    Within within(*this, Scope::Kind::instance_type);
    for (const Declarator& d : t.decls) declarator(d);
    types::Instance i;
    i.exports = std::move(within.scope.type.exports);
    i.fresh = std::move(within.scope.type.fresh);
    return types_.add(std::move(i));
}

// What an import or export declares. A bare `sub resource` is a new resource.
Entity Validator::entity(const ExternType& t) {
    Entity e;
    e.sort = t.sort;
    switch (t.sort) {
        case Sort::core_module: {
            const CoreTypeEntry& c = core_type_at(t.index);
            if (!c.is_module) invalid("core type index " + std::to_string(t.index) + " is not a module type");
            e.id = u32(c.module);
            return e;
        }
        case Sort::func: e.id = u32(func_type_at(t.index)); return e;
        case Sort::component: {
            Type c = type_at(t.index);
            if (c.kind != Type::Kind::component) invalid("type index " + std::to_string(t.index) + " is not a component type");
            e.id = c.id;
            return e;
        }
        case Sort::instance: {
            Type i = type_at(t.index);
            if (i.kind != Type::Kind::instance) invalid("type index " + std::to_string(t.index) + " is not an instance type");
            e.id = i.id;
            return e;
        }
        case Sort::value:
            if (!features_.values) invalid("values are turned off");
            if (t.value.eq) {
                use_value(*t.value.eq);
                e.value = scope_->spaces.values[*t.value.eq];
            } else e.value = val_type(t.value.type);
            return e;
        case Sort::type:
            if (t.type.eq) {
                e.referenced = type_at(*t.type.eq);
                e.type = types_.renamed(e.referenced);
            } else e.type = e.referenced = Type::of(types_.new_resource());
            return e;
        default: invalid(std::string("a ") + to_string(t.sort) + " cannot be imported or exported");
    }
}

}  // namespace heddle::component
