#include "types.hpp"

#include <algorithm>
#include <array>

namespace heddle::component::types {
namespace {

constexpr u64 huge = u64(1) << 40;  // any size above the limit is as good as this one

u64 align_to(u64 n, u64 align) { return (n + align - 1) / align * align; }

struct Layout {
    u64 bytes = 0, align = 1;
    void add(u64 field_bytes, u64 field_align) {
        bytes = std::min(align_to(bytes, field_align) + field_bytes, huge);
        align = std::max(align, field_align);
    }
    Layout done() const { return {align_to(bytes, align), align}; }
};

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#element-size, with 64-bit pointers
Layout prim_layout(Prim p) {
    switch (p) {
        case Prim::bool_:
        case Prim::s8:
        case Prim::u8: return {1, 1};
        case Prim::s16:
        case Prim::u16: return {2, 2};
        case Prim::s32:
        case Prim::u32:
        case Prim::f32:
        case Prim::char_:
        case Prim::error_context: return {4, 4};
        case Prim::s64:
        case Prim::u64:
        case Prim::f64: return {8, 8};
        case Prim::string: return {16, 8};
    }
    return {};
}

u64 discriminant_bytes(std::size_t cases) { return cases <= 256 ? 1 : cases <= 65536 ? 2 : 4; }

// What a structure says about its parts, gathered while they are visited.
struct Measure {
    const Types& types;
    u32 depth = 0;
    u64 size = 1;
    bool borrow = false;

    Layout operator()(const ValType& t) {
        if (t.prim) {
            ++size;
            return prim_layout(*t.prim);
        }
        const Defined& d = types[t.id];
        depth = std::max(depth, d.depth);
        size += d.size;
        borrow |= d.has_borrow;
        return {d.bytes64, d.align64};
    }
    Layout operator()(const std::optional<ValType>& t) { return t ? (*this)(*t) : Layout{}; }

    Layout cases(std::size_t count, std::initializer_list<std::optional<ValType>> payloads) {
        Layout payload;
        for (const auto& p : payloads) {
            Layout l = (*this)(p);
            payload = {std::max(payload.bytes, l.bytes), std::max(payload.align, l.align)};
        }
        Layout all;
        all.add(discriminant_bytes(count), discriminant_bytes(count));
        all.add(payload.bytes, payload.align);
        return all.done();
    }

    Layout structure(Prim p) { return prim_layout(p); }
    Layout structure(const Record& r) {
        Layout l;
        for (const Field& f : r.fields) {
            Layout e = (*this)(f.type);
            l.add(e.bytes, e.align);
        }
        return l.done();
    }
    Layout structure(const Tuple& t) {
        Layout l;
        for (const ValType& f : t.types) {
            Layout e = (*this)(f);
            l.add(e.bytes, e.align);
        }
        return l.done();
    }
    Layout structure(const Variant& v) {
        Layout payload;
        for (const Case& c : v.cases) {
            Layout e = (*this)(c.type);
            payload = {std::max(payload.bytes, e.bytes), std::max(payload.align, e.align)};
        }
        Layout l;
        l.add(discriminant_bytes(v.cases.size()), discriminant_bytes(v.cases.size()));
        l.add(payload.bytes, payload.align);
        return l.done();
    }
    Layout structure(const List& t) {
        Layout e = (*this)(t.type);
        if (!t.length) return {16, 8};
        return {std::min(e.bytes * *t.length, huge), e.align};
    }
    Layout structure(const Flags& f) {
        u64 n = f.labels.size() <= 8 ? 1 : f.labels.size() <= 16 ? 2 : 4;
        return {n, n};
    }
    Layout structure(const Enum& e) {
        u64 n = discriminant_bytes(e.labels.size());
        return {n, n};
    }
    Layout structure(const Option& o) { return cases(2, {std::nullopt, o.type}); }
    Layout structure(const ResultType& r) { return cases(2, {r.ok, r.error}); }
    Layout structure(const Own&) { return {4, 4}; }
    Layout structure(const Borrow&) {
        borrow = true;
        return {4, 4};
    }
    Layout structure(const Stream& s) {
        (*this)(s.type);
        return {4, 4};
    }
    Layout structure(const Future& f) {
        (*this)(f.type);
        return {4, 4};
    }
    Layout structure(const Map& m) {  // a list of pairs; the pair has a size of its own
        Layout pair;
        Layout k = (*this)(m.key), v = (*this)(m.value);
        pair.add(k.bytes, k.align);
        pair.add(v.bytes, v.align);
        return {16, 8};
    }
};

u32 capped(u64 n) { return u32(std::min<u64>(n, ~u32(0))); }

u64 entity_size(const Types& types, const Entity& e) {
    switch (e.sort) {
        case Sort::func: return types.size(Type::of(FuncId(e.id)));
        case Sort::component: return types.size(Type::of(ComponentId(e.id)));
        case Sort::instance: return types.size(Type::of(InstanceId(e.id)));
        case Sort::type: return 1 + u64(types.size(e.type));
        case Sort::core_module: return 1 + u64(types[ModuleId(e.id)].imports.size() + types[ModuleId(e.id)].exports.size());
        default: return 1;
    }
}

}  // namespace

const Entity* find(const Named& items, std::string_view name) {
    auto it = std::ranges::find(items, name, [](const auto& p) { return std::string_view(p.first); });
    return it == items.end() ? nullptr : &it->second;
}

DefinedId Types::add(Defined t) {
    Measure m{*this};
    Layout l = std::visit([&](const auto& k) { return m.structure(k); }, t.kind);
    t.depth = m.depth + 1;
    t.size = capped(m.size);
    t.has_borrow = m.borrow;
    t.bytes64 = l.bytes;
    t.align64 = l.align;
    defined.push_back(std::move(t));
    return DefinedId(u32(defined.size() - 1));
}

FuncId Types::add(Func t) {
    u64 size = 1;
    auto count = [&](const ValType& v) { size += v.prim ? 1 : (*this)[v.id].size; };
    for (const Field& p : t.params) count(p.type);
    if (t.result) count(*t.result);
    t.size = capped(size);
    funcs.push_back(std::move(t));
    return FuncId(u32(funcs.size() - 1));
}

ComponentId Types::add(Component t) {
    u64 size = 1;
    for (const auto& [name, e] : t.imports) size += entity_size(*this, e);
    for (const auto& [name, e] : t.exports) size += entity_size(*this, e);
    t.size = capped(size);
    components.push_back(std::move(t));
    return ComponentId(u32(components.size() - 1));
}

InstanceId Types::add(Instance t) {
    u64 size = 1;
    for (const auto& [name, e] : t.exports) size += entity_size(*this, e);
    t.size = capped(size);
    instances.push_back(std::move(t));
    return InstanceId(u32(instances.size() - 1));
}

ModuleId Types::add(Module t) {
    modules.push_back(std::move(t));
    return ModuleId(u32(modules.size() - 1));
}

ResourceId Types::name_resource(u32 identity) {
    resources.push_back(identity);
    return ResourceId(u32(resources.size() - 1));
}

Type Types::renamed(Type t) {
    auto copy = [](auto& items, u32 id) {
        auto same = items[id];  // a copy first: the vector may move
        items.push_back(std::move(same));
        return u32(items.size() - 1);
    };
    switch (t.kind) {
        case Type::Kind::defined: return {t.kind, copy(defined, t.id)};
        case Type::Kind::func: return {t.kind, copy(funcs, t.id)};
        case Type::Kind::component: return {t.kind, copy(components, t.id)};
        case Type::Kind::instance: return {t.kind, copy(instances, t.id)};
        case Type::Kind::resource: return {t.kind, copy(resources, t.id)};
    }
    return t;
}

u32 Types::size(Type t) const {
    switch (t.kind) {
        case Type::Kind::defined: return (*this)[t.defined()].size;
        case Type::Kind::func: return (*this)[t.func()].size;
        case Type::Kind::component: return (*this)[t.component()].size;
        case Type::Kind::instance: return (*this)[t.instance()].size;
        case Type::Kind::resource: return 1;
    }
    return 1;
}

std::string Types::describe(const ValType& t) const {
    if (t.prim) return std::string(wit::to_string(*t.prim));
    static constexpr std::array<const char*, 14> names = {"primitive", "record", "variant", "list",   "tuple",  "flags",  "enum",
                                                          "option",    "result", "own",     "borrow", "stream", "future", "map"};
    const Defined::Kind& kind = (*this)[t.id].kind;
    if (const Prim* p = std::get_if<Prim>(&kind)) return std::string(wit::to_string(*p));
    return names[kind.index()];
}

std::optional<Type> follow(const Types& types, const Named& items, const Path& path) {
    const Named* at = &items;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const Entity* e = find(*at, path[i]);
        if (!e) return std::nullopt;
        if (i + 1 == path.size()) return e->sort == Sort::type ? std::optional(e->type) : std::nullopt;
        if (e->sort != Sort::instance) return std::nullopt;
        at = &types[InstanceId(e->id)].exports;
    }
    return std::nullopt;
}

// ---- substitution -------------------------------------------------------------------------------------------------------------------------

void Substitution::replace(Type from, Type to) {
    if (from.kind == Type::Kind::resource && to.kind == Type::Kind::resource) names_.insert_or_assign(from.resource(), to.resource());
    else done_.insert_or_assign(from, to);
}

ResourceId Substitution::operator()(ResourceId r) const {
    if (auto name = names_.find(r); name != names_.end()) return name->second;
    auto it = map_.find(types_.identity(r));
    return it == map_.end() ? r : it->second;
}

ValType Substitution::operator()(const ValType& t) {
    if (t.prim) return t;
    return {std::nullopt, (*this)(Type::of(t.id)).defined()};
}

Defined::Kind Substitution::structure(const Defined::Kind& k) {
    auto optional = [&](const std::optional<ValType>& t) { return t ? std::optional((*this)(*t)) : std::nullopt; };
    struct Copy {
        Substitution& s;
        decltype(optional)& opt;
        Defined::Kind operator()(Prim p) const { return p; }
        Defined::Kind operator()(Record r) const {
            for (Field& f : r.fields) f.type = s(f.type);
            return r;
        }
        Defined::Kind operator()(Variant v) const {
            for (Case& c : v.cases) c.type = opt(c.type);
            return v;
        }
        Defined::Kind operator()(List l) const { return List{s(l.type), l.length}; }
        Defined::Kind operator()(Tuple t) const {
            for (ValType& f : t.types) f = s(f);
            return t;
        }
        Defined::Kind operator()(Flags f) const { return f; }
        Defined::Kind operator()(Enum e) const { return e; }
        Defined::Kind operator()(Option o) const { return Option{s(o.type)}; }
        Defined::Kind operator()(ResultType r) const { return ResultType{opt(r.ok), opt(r.error)}; }
        Defined::Kind operator()(Own o) const { return Own{s(o.resource)}; }
        Defined::Kind operator()(Borrow b) const { return Borrow{s(b.resource)}; }
        Defined::Kind operator()(Stream t) const { return Stream{opt(t.type)}; }
        Defined::Kind operator()(Future t) const { return Future{opt(t.type)}; }
        Defined::Kind operator()(Map m) const { return Map{s(m.key), s(m.value)}; }
    };
    return std::visit(Copy{*this, optional}, k);
}

Entity Substitution::operator()(const Entity& e) {
    Entity r = e;
    switch (e.sort) {
        case Sort::func: r.id = (*this)(Type::of(FuncId(e.id))).id; break;
        case Sort::component: r.id = (*this)(Type::of(ComponentId(e.id))).id; break;
        case Sort::instance: r.id = (*this)(Type::of(InstanceId(e.id))).id; break;
        case Sort::value: r.value = (*this)(e.value); break;
        case Sort::type:
            r.type = (*this)(e.type);
            r.referenced = (*this)(e.referenced);
            break;
        default: break;
    }
    return r;
}

Named Substitution::named(const Named& items) {
    Named result;
    result.reserve(items.size());
    for (const auto& [name, e] : items) result.emplace_back(name, (*this)(e));
    return result;
}

// A type that mentions no replaced resource keeps its id; one that does is copied once.
Type Substitution::operator()(Type t) {
    if (t.kind == Type::Kind::resource) return Type::of((*this)(t.resource()));
    if (auto it = done_.find(t); it != done_.end()) return it->second;
    auto same = [](const Named& a, const Named& b) {
        return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
            return x.second.id == y.second.id && x.second.value == y.second.value && x.second.type == y.second.type &&
                   x.second.referenced == y.second.referenced;
        });
    };
    Type result = t;
    switch (t.kind) {
        case Type::Kind::defined: {
            Defined copy = types_[t.defined()];
            copy.kind = structure(copy.kind);
            if (copy.kind != types_[t.defined()].kind) result = Type::of(types_.add(std::move(copy)));
            break;
        }
        case Type::Kind::func: {
            Func copy = types_[t.func()];
            for (Field& p : copy.params) p.type = (*this)(p.type);
            if (copy.result) copy.result = (*this)(*copy.result);
            const Func& old = types_[t.func()];
            bool changed = copy.result != old.result || !std::ranges::equal(copy.params, old.params, {}, &Field::type, &Field::type);
            if (changed) result = Type::of(types_.add(std::move(copy)));
            break;
        }
        case Type::Kind::component: {
            Component copy = types_[t.component()];
            copy.imports = named(copy.imports);
            copy.exports = named(copy.exports);
            const Component& old = types_[t.component()];
            if (!same(copy.imports, old.imports) || !same(copy.exports, old.exports)) result = Type::of(types_.add(std::move(copy)));
            break;
        }
        case Type::Kind::instance: {
            Instance copy = types_[t.instance()];
            copy.exports = named(copy.exports);
            if (!same(copy.exports, types_[t.instance()].exports)) result = Type::of(types_.add(std::move(copy)));
            break;
        }
        case Type::Kind::resource: break;
    }
    done_.emplace(t, result);
    return result;
}

}  // namespace heddle::component::types
