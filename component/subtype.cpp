// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Subtyping.md
#include <algorithm>

#include "types.hpp"

namespace heddle::component::types {
namespace {

constexpr int max_depth = 200;

std::string quoted(const std::string& s) { return "`" + s + "`"; }

const char* kind_name(Type::Kind k) {
    switch (k) {
        case Type::Kind::defined: return "defined type";
        case Type::Kind::func: return "func";
        case Type::Kind::component: return "component";
        case Type::Kind::instance: return "instance";
        case Type::Kind::resource: return "resource";
    }
    return "";
}

std::string limits_text(const Limits& l) { return std::to_string(l.min) + (l.max ? " " + std::to_string(*l.max) : ""); }

bool limits_match(const Limits& a, const Limits& b) { return a.min >= b.min && (!b.max || (a.max && *a.max <= *b.max)); }

std::string func_text(const heddle::FuncType& t) {
    auto list = [](const char* what, const std::vector<heddle::ValType>& types) {
        std::string s;
        for (heddle::ValType v : types) s += " " + to_string(v);
        return s.empty() ? s : " (" + std::string(what) + s + ")";
    };
    return "(func" + list("param", t.params) + list("result", t.results) + ")";
}

}  // namespace

void Subtyping::mismatch(const std::string& message) const { throw Error{Error::Kind::invalid, message, offset_}; }

// The cause comes first, then where it was found.
template <class F>
void Subtyping::within(const std::string& context, F check) {
    if (++depth_ > max_depth) mismatch("types nest too deeply to be compared");
    try {
        check();
    } catch (Error& e) {
        e.message += ": " + context;
        throw;
    }
    --depth_;
}

// Two structures of the same kind.
struct Subtyping::Structures {
    Subtyping& s;

    void labels(const std::vector<std::string>& x, const std::vector<std::string>& y, const char* what) const {
        if (x != y) s.mismatch(std::string("mismatch in ") + what + " elements");
    }
    void resource(ResourceId x, ResourceId y) const { s.equal(Type::of(x), Type::of(y)); }

    void operator()(Prim, Prim) const {}
    void operator()(const Record& a, const Record& b) const {
        if (a.fields.size() != b.fields.size())
            s.mismatch("expected " + std::to_string(b.fields.size()) + " fields, found " + std::to_string(a.fields.size()));
        for (std::size_t i = 0; i < b.fields.size(); ++i) {
            if (a.fields[i].name != b.fields[i].name)
                s.mismatch("expected field name " + quoted(b.fields[i].name) + ", found " + quoted(a.fields[i].name));
            s.within("type mismatch in record field " + quoted(b.fields[i].name), [&] { s.value(a.fields[i].type, b.fields[i].type); });
        }
    }
    void operator()(const Variant& a, const Variant& b) const {
        if (a.cases.size() != b.cases.size())
            s.mismatch("expected " + std::to_string(b.cases.size()) + " cases, found " + std::to_string(a.cases.size()));
        for (std::size_t i = 0; i < b.cases.size(); ++i) {
            const Case &x = a.cases[i], &y = b.cases[i];
            if (x.name != y.name) s.mismatch("expected case named " + quoted(y.name) + ", found " + quoted(x.name));
            if (!x.type && y.type) s.mismatch("expected case " + quoted(y.name) + " to have a type, found none");
            if (x.type && !y.type) s.mismatch("expected case " + quoted(y.name) + " to have no type");
            if (x.type) s.within("type mismatch in variant case " + quoted(y.name), [&] { s.value(*x.type, *y.type); });
        }
    }
    void operator()(const List& a, const List& b) const {
        if (a.length != b.length)
            s.mismatch(b.length ? "expected fixed-length list of size " + std::to_string(*b.length) : "expected list, found fixed-length list");
        s.within("type mismatch in list", [&] { s.value(a.type, b.type); });
    }
    void operator()(const Tuple& a, const Tuple& b) const {
        if (a.types.size() != b.types.size())
            s.mismatch("expected " + std::to_string(b.types.size()) + " types, found " + std::to_string(a.types.size()));
        for (std::size_t i = 0; i < b.types.size(); ++i)
            s.within("type mismatch in tuple field " + std::to_string(i), [&] { s.value(a.types[i], b.types[i]); });
    }
    void operator()(const Flags& a, const Flags& b) const { labels(a.labels, b.labels, "flags"); }
    void operator()(const Enum& a, const Enum& b) const { labels(a.labels, b.labels, "enum"); }
    void operator()(const Option& a, const Option& b) const {
        s.within("type mismatch in option", [&] { s.value(a.type, b.type); });
    }
    void operator()(const ResultType& a, const ResultType& b) const {
        s.optional(a.ok, b.ok, "ok");
        s.optional(a.error, b.error, "err");
    }
    void operator()(const Own& a, const Own& b) const { resource(a.resource, b.resource); }
    void operator()(const Borrow& a, const Borrow& b) const { resource(a.resource, b.resource); }
    void operator()(const Stream& a, const Stream& b) const { s.optional(a.type, b.type, "stream"); }
    void operator()(const Future& a, const Future& b) const { s.optional(a.type, b.type, "future"); }
    void operator()(const Map& a, const Map& b) const {
        s.within("type mismatch in map key", [&] { s.value(a.key, b.key); });
        s.within("type mismatch in map value", [&] { s.value(a.value, b.value); });
    }
};

void Subtyping::entity(const Entity& a, const Entity& b) {
    if (a.sort != b.sort) mismatch(std::string("expected ") + to_string(b.sort) + ", found " + to_string(a.sort));
    switch (b.sort) {
        case Sort::func: return func(FuncId(a.id), FuncId(b.id));
        case Sort::component: return component(ComponentId(a.id), ComponentId(b.id));
        case Sort::instance: return instance(InstanceId(a.id), InstanceId(b.id));
        case Sort::core_module: return module(ModuleId(a.id), ModuleId(b.id));
        case Sort::value: return value(a.value, b.value);
        case Sort::type: return equal(a.type, b.type);
        default: mismatch("this sort cannot be imported");
    }
}

void Subtyping::equal(Type a, Type b) {
    if (a.kind != b.kind) mismatch(std::string("expected ") + kind_name(b.kind) + ", found " + kind_name(a.kind));
    switch (b.kind) {
        case Type::Kind::defined: return value({std::nullopt, a.defined()}, {std::nullopt, b.defined()});
        case Type::Kind::func: return func(a.func(), b.func());
        case Type::Kind::component: component(b.component(), a.component()); return component(a.component(), b.component());
        case Type::Kind::instance: instance(b.instance(), a.instance()); return instance(a.instance(), b.instance());
        case Type::Kind::resource:
            if (types_.identity(a.resource()) != types_.identity(b.resource())) mismatch("resource types are not the same");
    }
}

void Subtyping::value(const ValType& a, const ValType& b) {
    if (a == b) return;
    auto prim = [&](const ValType& t) -> std::optional<Prim> {
        if (t.prim) return t.prim;
        const Prim* p = std::get_if<Prim>(&types_[t.id].kind);
        return p ? std::optional(*p) : std::nullopt;
    };
    auto pa = prim(a), pb = prim(b);
    if (pa && pb) {
        if (*pa != *pb)
            mismatch("expected primitive " + quoted(std::string(wit::to_string(*pb))) + " found primitive " +
                     quoted(std::string(wit::to_string(*pa))));
        return;
    }
    if (pb) mismatch("expected " + (b.prim ? std::string(wit::to_string(*pb)) : "primitive") + ", found " + types_.describe(a));
    if (pa || types_[a.id].kind.index() != types_[b.id].kind.index()) mismatch("expected " + types_.describe(b) + ", found " + types_.describe(a));
    std::visit([&](const auto& wanted) { Structures{*this}(std::get<std::decay_t<decltype(wanted)>>(types_[a.id].kind), wanted); },
               types_[b.id].kind);
}

void Subtyping::optional(const std::optional<ValType>& a, const std::optional<ValType>& b, const char* what) {
    if (!a && !b) return;
    if (!b) mismatch(std::string("expected ") + what + " type to not be present");
    if (!a) mismatch(std::string("expected ") + what + " type, but found none");
    within(std::string("type mismatch in ") + what + " variant", [&] { value(*a, *b); });
}

void Subtyping::func(FuncId ai, FuncId bi) {
    if (ai == bi) return;
    const Func &a = types_[ai], &b = types_[bi];
    if (a.async != b.async) mismatch(b.async ? "expected an async function, found a sync one" : "expected a sync function, found an async one");
    if (a.params.size() != b.params.size())
        mismatch("expected " + std::to_string(b.params.size()) + " parameters, found " + std::to_string(a.params.size()));
    for (std::size_t i = 0; i < b.params.size(); ++i) {
        if (a.params[i].name != b.params[i].name)
            mismatch("expected parameter named " + quoted(b.params[i].name) + ", found " + quoted(a.params[i].name));
        within("type mismatch in function parameter " + quoted(b.params[i].name), [&] { value(a.params[i].type, b.params[i].type); });
    }
    if (a.result && !b.result) mismatch("expected a result, found none");
    if (!a.result && b.result) mismatch("expected a result, found none");
    if (b.result) within("type mismatch with result type", [&] { value(*a.result, *b.result); });
}

// The abstract resources of b stand for whatever a exports in their place.
void Subtyping::instance(InstanceId ai, InstanceId bi) {
    if (ai == bi) return;
    std::map<u32, ResourceId> map;
    for (const ResourceAt& r : types_[bi].fresh)
        if (auto t = follow(types_, types_[ai].exports, r.path); t && t->kind == Type::Kind::resource) map.emplace(r.identity, t->resource());
    Substitution substitute(types_, std::move(map));
    Named wanted = types_[bi].exports;
    for (const auto& [name, b] : wanted) {
        const Entity* a = find(types_[ai].exports, name);
        if (!a) mismatch("missing expected export " + quoted(name));
        Entity given = *a, expected = substitute(b);
        within("type mismatch in instance export " + quoted(name), [&] { entity(given, expected); });
    }
}

// Imports the other way round: b must be given at least what a needs.
void Subtyping::component(ComponentId ai, ComponentId bi) {
    if (ai == bi) return;
    Component a = types_[ai], b = types_[bi];
    std::map<u32, ResourceId> map;
    for (const ResourceAt& r : a.imported)
        if (auto t = follow(types_, b.imports, r.path); t && t->kind == Type::Kind::resource) map.emplace(r.identity, t->resource());
    Substitution open(types_, std::move(map));
    for (const auto& [name, wanted] : a.imports) {
        const Entity* given = find(b.imports, name);
        if (!given) mismatch("missing expected import " + quoted(name));
        Entity expected = open(wanted);
        within("type mismatch in import " + quoted(name), [&] { entity(*given, expected); });
    }
    Named exports;
    for (const auto& [name, e] : a.exports) exports.emplace_back(name, open(e));
    std::map<u32, ResourceId> fresh;
    for (const ResourceAt& r : b.fresh)
        if (auto t = follow(types_, exports, r.path); t && t->kind == Type::Kind::resource) fresh.emplace(r.identity, t->resource());
    Substitution close(types_, std::move(fresh));
    for (const auto& [name, wanted] : b.exports) {
        const Entity* given = find(exports, name);
        if (!given) mismatch("missing expected export " + quoted(name));
        Entity expected = close(wanted);
        within("type mismatch in export " + quoted(name), [&] { entity(*given, expected); });
    }
}

void Subtyping::module(ModuleId ai, ModuleId bi) {
    if (ai == bi) return;
    const Module &a = types_[ai], &b = types_[bi];
    for (const Module::Import& i : a.imports) {
        std::string name = i.module + "::" + i.name;
        auto given = std::ranges::find_if(b.imports, [&](const Module::Import& j) { return j.module == i.module && j.name == i.name; });
        if (given == b.imports.end()) mismatch("missing expected import " + quoted(name));
        within("type mismatch in import " + quoted(name), [&] { core(given->type, i.type); });
    }
    for (const auto& [name, wanted] : b.exports) {
        auto given = std::ranges::find(a.exports, name, [](const auto& e) { return e.first; });
        if (given == a.exports.end()) mismatch("missing expected export " + quoted(name));
        within("type mismatch in export " + quoted(name), [&] { core(given->second, wanted); });
    }
}

void Subtyping::core(const heddle::ExternType& a, const heddle::ExternType& b) {
    if (a.kind != b.kind) mismatch(std::string("expected ") + heddle::to_string(b.kind) + ", found " + heddle::to_string(a.kind));
    switch (b.kind) {
        case ExternKind::func:
        case ExternKind::tag:
            if (!engine_.matches(a, b))
                mismatch("expected: " + func_text(engine_.type(b.type).func) + ", found: " + func_text(engine_.type(a.type).func));
            return;
        case ExternKind::global:
            if (a.global.mutable_ != b.global.mutable_) mismatch("mismatch in the mutability of globals");
            if (!engine_.matches(a, b))
                mismatch("expected global type " + heddle::to_string(b.global.type) + ", found " + heddle::to_string(a.global.type));
            return;
        case ExternKind::table:
            if (a.table.element != b.table.element)
                mismatch("expected table element type " + heddle::to_string(b.table.element) + ", found " + heddle::to_string(a.table.element));
            if (a.table.is64 != b.table.is64) mismatch("mismatch in the address types of tables");
            if (!limits_match(a.table.limits, b.table.limits))
                mismatch("mismatch in table limits: expected " + limits_text(b.table.limits) + ", found " + limits_text(a.table.limits));
            return;
        case ExternKind::memory:
            if (a.memory.shared != b.memory.shared) mismatch("mismatch in the shared flag for memories");
            if (a.memory.is64 != b.memory.is64) mismatch("mismatch in the address types of memories");
            if (a.memory.page_log2 != b.memory.page_log2) mismatch("mismatch in the page sizes of memories");
            if (!limits_match(a.memory.limits, b.memory.limits))
                mismatch("mismatch in memory limits: expected " + limits_text(b.memory.limits) + ", found " + limits_text(a.memory.limits));
            return;
    }
}

}  // namespace heddle::component::types
