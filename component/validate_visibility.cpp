// Which types an import or an export may mention: those that were imported or exported before it under names of their own.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#external-visibility-of-types
#include "validator.hpp"

namespace heddle::component {

using types::ComponentId;
using types::Defined;
using types::Entity;
using types::FuncId;
using types::InstanceId;
using types::Named;
using types::ResourceId;
using types::Type;

// Records, variants, flags, enums and resources need a name; other types are what they are made of.
bool Validator::visible(const types::ValType& t, const std::set<Type>& named) const {
    if (t.prim || named.contains(Type::of(t.id))) return true;
    const Defined::Kind& kind = types_[t.id].kind;
    bool needs_name = std::holds_alternative<types::Record>(kind) || std::holds_alternative<types::Variant>(kind) ||
                      std::holds_alternative<types::Flags>(kind) || std::holds_alternative<types::Enum>(kind);
    return !needs_name && visible_parts(Type::of(t.id), named);
}

bool Validator::visible_parts(Type t, const std::set<Type>& named) const {
    struct Parts {
        const Validator& v;
        const std::set<Type>& named;
        bool all(const types::ValType& t) const { return v.visible(t, named); }
        bool all(const std::optional<types::ValType>& t) const { return !t || v.visible(*t, named); }
        bool operator()(Prim) const { return true; }
        bool operator()(const types::Record& r) const {
            for (const auto& f : r.fields)
                if (!all(f.type)) return false;
            return true;
        }
        bool operator()(const types::Variant& r) const {
            for (const auto& c : r.cases)
                if (!all(c.type)) return false;
            return true;
        }
        bool operator()(const types::List& l) const { return all(l.type); }
        bool operator()(const types::Tuple& t) const {
            for (const auto& f : t.types)
                if (!all(f)) return false;
            return true;
        }
        bool operator()(const types::Flags&) const { return true; }
        bool operator()(const types::Enum&) const { return true; }
        bool operator()(const types::Option& o) const { return all(o.type); }
        bool operator()(const types::ResultType& r) const { return all(r.ok) && all(r.error); }
        bool operator()(const types::Own& o) const { return named.contains(Type::of(o.resource)); }
        bool operator()(const types::Borrow& b) const { return named.contains(Type::of(b.resource)); }
        bool operator()(const types::Stream& s) const { return all(s.type); }
        bool operator()(const types::Future& f) const { return all(f.type); }
        bool operator()(const types::Map& m) const { return all(m.key) && all(m.value); }
    };
    switch (t.kind) {
        case Type::Kind::defined: return std::visit(Parts{*this, named}, types_[t.defined()].kind);
        case Type::Kind::func: return visible(t.func(), named);
        case Type::Kind::instance: return visible(t.instance(), named);
        default: return true;  // a component type was checked where it stands; a resource is what gets the name
    }
}

bool Validator::visible(FuncId f, const std::set<Type>& named) const {
    for (const auto& p : types_[f].params)
        if (!visible(p.type, named)) return false;
    return !types_[f].result || visible(*types_[f].result, named);
}

// An instance's own type exports name types for what follows them.
bool Validator::visible(InstanceId i, std::set<Type> named) const {
    for (const auto& [name, e] : types_[i].exports) {
        if (!visible(e, named)) return false;
        if (e.sort == Sort::type) named.insert(e.type);
        if (e.sort == Sort::instance) name_types(InstanceId(e.id), named);
    }
    return true;
}

bool Validator::visible(const Entity& e, const std::set<Type>& named) const {
    switch (e.sort) {
        case Sort::func: return visible(FuncId(e.id), named);
        case Sort::instance: return visible(InstanceId(e.id), named);
        case Sort::value: return visible(e.value, named);
        case Sort::type: return visible_parts(e.referenced, named);
        default: return true;
    }
}

void Validator::name_types(InstanceId i, std::set<Type>& into) const {
    for (const auto& [name, e] : types_[i].exports) {
        if (e.sort == Sort::type) into.insert(e.type);
        if (e.sort == Sort::instance) name_types(InstanceId(e.id), into);
    }
}

// Whether a type reaches a resource that is not its own: then it means something only in the component it stands in.
bool Validator::mentions_free_resource(Type t, std::set<u32>& bound, std::set<Type>& seen) const {
    if (!seen.insert(t).second) return false;
    auto resource = [&](ResourceId r) { return !bound.contains(types_.identity(r)); };
    auto val = [&](const types::ValType& v) { return !v.prim && mentions_free_resource(Type::of(v.id), bound, seen); };
    auto opt = [&](const std::optional<types::ValType>& v) { return v && val(*v); };
    auto named = [&](const Named& items) {
        for (const auto& [name, e] : items) {
            bool free = e.sort == Sort::func        ? mentions_free_resource(Type::of(FuncId(e.id)), bound, seen)
                        : e.sort == Sort::component ? mentions_free_resource(Type::of(ComponentId(e.id)), bound, seen)
                        : e.sort == Sort::instance  ? mentions_free_resource(Type::of(InstanceId(e.id)), bound, seen)
                        : e.sort == Sort::type      ? mentions_free_resource(e.type, bound, seen)
                        : e.sort == Sort::value     ? val(e.value)
                                                    : false;
            if (free) return true;
        }
        return false;
    };
    switch (t.kind) {
        case Type::Kind::resource: return resource(t.resource());
        case Type::Kind::func: {
            for (const auto& p : types_[t.func()].params)
                if (val(p.type)) return true;
            return opt(types_[t.func()].result);
        }
        case Type::Kind::component: {
            const types::Component& c = types_[t.component()];
            for (const auto& r : c.imported) bound.insert(r.identity);
            for (const auto& r : c.fresh) bound.insert(r.identity);
            return named(c.imports) || named(c.exports);
        }
        case Type::Kind::instance: {
            const types::Instance& i = types_[t.instance()];
            for (const auto& r : i.fresh) bound.insert(r.identity);
            return named(i.exports);
        }
        case Type::Kind::defined: break;
    }
    struct Parts {
        decltype(val)& v;
        decltype(opt)& o;
        decltype(resource)& r;
        bool operator()(Prim) const { return false; }
        bool operator()(const types::Record& x) const {
            for (const auto& f : x.fields)
                if (v(f.type)) return true;
            return false;
        }
        bool operator()(const types::Variant& x) const {
            for (const auto& c : x.cases)
                if (o(c.type)) return true;
            return false;
        }
        bool operator()(const types::Tuple& x) const {
            for (const auto& f : x.types)
                if (v(f)) return true;
            return false;
        }
        bool operator()(const types::List& x) const { return v(x.type); }
        bool operator()(const types::Flags&) const { return false; }
        bool operator()(const types::Enum&) const { return false; }
        bool operator()(const types::Option& x) const { return v(x.type); }
        bool operator()(const types::ResultType& x) const { return o(x.ok) || o(x.error); }
        bool operator()(const types::Own& x) const { return r(x.resource); }
        bool operator()(const types::Borrow& x) const { return r(x.resource); }
        bool operator()(const types::Stream& x) const { return o(x.type); }
        bool operator()(const types::Future& x) const { return o(x.type); }
        bool operator()(const types::Map& x) const { return v(x.key) || v(x.value); }
    };
    return std::visit(Parts{val, opt, resource}, types_[t.defined()].kind);
}

}  // namespace heddle::component
