// Canonical definitions: their options, the core signatures they need, and the core functions they add.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canonical-definitions
#include <algorithm>

#include "canon.hpp"
#include "validator.hpp"

namespace heddle::component {

using types::Type;

namespace {

using CoreTypes = std::vector<heddle::ValType>;

constexpr std::size_t max_flat_params = 16, max_flat_async_params = 4, max_flat_results = 1;
constexpr u32 context_slots = 2;

std::string list_text(const CoreTypes& types) {
    std::string s;
    for (heddle::ValType t : types) {
        std::string name = to_string(t);
        std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
        s += (s.empty() ? "" : ", ") + name;
    }
    return "`[" + s + "]`";
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flattening: what two cases of a variant share
heddle::ValType join(heddle::ValType a, heddle::ValType b) {
    if (a == b) return a;
    auto is_32 = [](heddle::ValType t) { return t == i32_type || t == f32_type; };
    return is_32(a) && is_32(b) ? i32_type : i64_type;
}

const char* encoding_name(CanonOpt::Kind k) { return k == CanonOpt::Kind::utf8 ? "utf8" : k == CanonOpt::Kind::utf16 ? "utf16" : "latin1-utf16"; }

}  // namespace

void Validator::push_core_func(CoreTypes params, CoreTypes results) {
    scope_->spaces.core_funcs.push_back(engine_.intern(heddle::FuncType{std::move(params), std::move(results)}));
}

void Validator::flatten(const types::ValType& t, heddle::ValType pointer, CoreTypes& out) const {
    auto prim = [&](Prim p) {
        switch (p) {
            case Prim::s64:
            case Prim::u64: out.push_back(i64_type); return;
            case Prim::f32: out.push_back(f32_type); return;
            case Prim::f64: out.push_back(f64_type); return;
            case Prim::string: out.insert(out.end(), {pointer, pointer}); return;
            default: out.push_back(i32_type); return;
        }
    };
    if (t.prim) return prim(*t.prim);
    // A case's values lie over those of the other cases, behind the discriminant.
    auto cases = [&](std::initializer_list<std::optional<types::ValType>> payloads, const std::vector<types::Case>* more) {
        CoreTypes joined;
        auto add = [&](const std::optional<types::ValType>& payload) {
            if (!payload) return;
            CoreTypes flat;
            flatten(*payload, pointer, flat);
            for (std::size_t i = 0; i < flat.size(); ++i) {
                if (i < joined.size()) joined[i] = join(joined[i], flat[i]);
                else joined.push_back(flat[i]);
            }
        };
        for (const auto& p : payloads) add(p);
        if (more)
            for (const types::Case& c : *more) add(c.type);
        out.push_back(i32_type);
        out.insert(out.end(), joined.begin(), joined.end());
    };
    struct Flatten {
        const Validator& v;
        heddle::ValType pointer;
        CoreTypes& out;
        decltype(prim)& p;
        decltype(cases)& c;
        void operator()(Prim x) const { p(x); }
        void operator()(const types::Record& r) const {
            for (const auto& f : r.fields) v.flatten(f.type, pointer, out);
        }
        void operator()(const types::Tuple& t) const {
            for (const auto& f : t.types) v.flatten(f, pointer, out);
        }
        void operator()(const types::Variant& x) const { c({}, &x.cases); }
        void operator()(const types::Option& x) const { c({x.type}, nullptr); }
        void operator()(const types::ResultType& x) const { c({x.ok, x.error}, nullptr); }
        void operator()(const types::List& l) const {
            if (!l.length) out.insert(out.end(), {pointer, pointer});
            // More than can be passed flat is as good as too many.
            else
                for (u32 i = 0; i < *l.length && out.size() <= max_flat_params; ++i) v.flatten(l.type, pointer, out);
        }
        void operator()(const types::Map&) const { out.insert(out.end(), {pointer, pointer}); }
        void operator()(const types::Flags&) const { out.push_back(i32_type); }
        void operator()(const types::Enum&) const { out.push_back(i32_type); }
        void operator()(const types::Own&) const { out.push_back(i32_type); }
        void operator()(const types::Borrow&) const { out.push_back(i32_type); }
        void operator()(const types::Stream&) const { out.push_back(i32_type); }
        void operator()(const types::Future&) const { out.push_back(i32_type); }
    };
    std::visit(Flatten{*this, pointer, out, prim, cases}, types_[t.id].kind);
}

// Whether a value has parts elsewhere in memory: strings, lists and maps.
bool Validator::has_pointer(const types::ValType& t) const {
    if (t.prim) return *t.prim == Prim::string;
    auto any = [&](const std::optional<types::ValType>& x) { return x && has_pointer(*x); };
    struct Has {
        const Validator& v;
        decltype(any)& a;
        bool operator()(Prim p) const { return p == Prim::string; }
        bool operator()(const types::Record& r) const {
            return std::ranges::any_of(r.fields, [&](const auto& f) { return v.has_pointer(f.type); });
        }
        bool operator()(const types::Variant& r) const {
            return std::ranges::any_of(r.cases, [&](const auto& c) { return a(c.type); });
        }
        bool operator()(const types::Tuple& t) const {
            return std::ranges::any_of(t.types, [&](const auto& x) { return v.has_pointer(x); });
        }
        bool operator()(const types::List& l) const { return !l.length || v.has_pointer(l.type); }
        bool operator()(const types::Map&) const { return true; }
        bool operator()(const types::Option& o) const { return v.has_pointer(o.type); }
        bool operator()(const types::ResultType& r) const { return a(r.ok) || a(r.error); }
        bool operator()(const types::Flags&) const { return false; }
        bool operator()(const types::Enum&) const { return false; }
        bool operator()(const types::Own&) const { return false; }
        bool operator()(const types::Borrow&) const { return false; }
        bool operator()(const types::Stream&) const { return false; }
        bool operator()(const types::Future&) const { return false; }
    };
    return std::visit(Has{*this, any}, types_[t.id].kind);
}

// The core type of a function, and on the way which options it cannot do without.
heddle::FuncType Validator::flatten(const types::Func& f, const Options& o, Direction d) {
    heddle::ValType pointer = o.pointer();
    heddle::FuncType core;
    bool params_point = false, result_points = f.result && has_pointer(*f.result);
    for (const types::Field& p : f.params) {
        if (core.params.size() <= max_flat_params) flatten(p.type, pointer, core.params);
        params_point |= has_pointer(p.type);
    }
    if (f.result) flatten(*f.result, pointer, core.results);
    bool lower = d == Direction::lower;
    bool spill_params = core.params.size() > (o.async && lower ? max_flat_async_params : max_flat_params);
    bool spill_results = o.async ? lower && !core.results.empty() : core.results.size() > max_flat_results;
    // An async lift gives its result by task.return, whose options count there.
    bool result_here = !(o.async && !lower);
    bool memory = spill_params || spill_results || params_point || (result_points && result_here);
    bool realloc = lower ? result_points : params_point || spill_params;
    require(o, memory, realloc);
    if (spill_params) core.params = {pointer};
    if (!o.async) {
        if (spill_results && lower) core.params.push_back(pointer);
        if (spill_results) core.results = lower ? CoreTypes{} : CoreTypes{pointer};
    } else if (lower) {
        if (!core.results.empty()) core.params.push_back(pointer);
        core.results = {i32_type};
    } else core.results = o.callback ? CoreTypes{i32_type} : CoreTypes{};
    return core;
}

void Validator::require(const Options& o, bool memory, bool realloc) const {
    if (memory && !o.memory) invalid("canonical option `memory` is required");
    if (realloc && !o.realloc) invalid("canonical option `realloc` is required");
}

void Validator::check_signature(u32 func, const heddle::FuncType& wanted, const char* option) const {
    const heddle::FuncType& found = engine_.type(at(scope_->spaces.core_funcs, func, "function")).func;
    if (found != wanted) invalid(std::string("canonical option `") + option + "` uses a core function with an incorrect signature");
}

Validator::Options Validator::options(const Canon& c) {
    using K = CanonOpt::Kind;
    Options o;
    std::optional<K> encoding;
    auto once = [&](std::optional<u32>& to, u32 index, const char* name) {
        if (to) invalid(std::string("canonical option `") + name + "` is specified more than once");
        to = index;
    };
    for (const CanonOpt& opt : c.options) {
        switch (opt.kind) {
            case K::utf8:
            case K::utf16:
            case K::latin1_utf16:
                if (encoding)
                    invalid(std::string("canonical encoding option `") + encoding_name(*encoding) + "` conflicts with option `" +
                            encoding_name(opt.kind) + "`");
                encoding = opt.kind;
                break;
            case K::memory:
                once(o.memory, opt.index, "memory");
                o.memory64 = at(scope_->spaces.core_memories, opt.index, "memory").is64;
                if (o.memory64 && !features_.memory64) invalid("64-bit memories are turned off");
                break;
            case K::realloc: once(o.realloc, opt.index, "realloc"); break;
            case K::post_return: once(o.post_return, opt.index, "post-return"); break;
            case K::callback: once(o.callback, opt.index, "callback"); break;
            case K::async:
                if (o.async) invalid("canonical option `async` is specified more than once");
                if (!features_.async) invalid("the canonical option `async` is turned off");
                o.async = true;
                break;
        }
    }
    if (o.realloc) {
        if (!o.memory) invalid("canonical option `realloc` requires `memory` to also be specified");
        heddle::ValType p = o.pointer();
        check_signature(*o.realloc, {{p, p, p, p}, {p}}, "realloc");
    }
    if (o.post_return && c.kind != CanonKind::lift) invalid("canonical option `post-return` cannot be specified for lowerings");
    if (o.callback) {
        if (c.kind != CanonKind::lift) invalid("canonical option `callback` cannot be specified for lowerings");
        if (!o.async) invalid("cannot specify callback without the `async` canonical option");
        check_signature(*o.callback, {{i32_type, i32_type, i32_type}, {i32_type}}, "callback");
    }
    if (o.async && o.post_return) invalid("cannot specify post-return function in an async lift");
    return o;
}

void Validator::lift(const Canon& c) {
    types::FuncId id = func_type_at(c.type);
    const types::Func f = types_[id];
    const heddle::FuncType core = engine_.type(at(scope_->spaces.core_funcs, c.func, "function")).func;
    Options o = options(c);
    if (o.async && !f.async) invalid("the `async` canonical option requires an async function type");
    heddle::FuncType wanted = flatten(f, o, Direction::lift);
    if (wanted.params != core.params)
        invalid("lowered parameter types " + list_text(wanted.params) + " do not match parameter types " + list_text(core.params) +
                " of core function " + std::to_string(c.func));
    if (wanted.results != core.results)
        invalid("lowered result types " + list_text(wanted.results) + " do not match result types " + list_text(core.results) + " of core function " +
                std::to_string(c.func));
    if (o.post_return) check_signature(*o.post_return, {core.results, {}}, "post-return");
    scope_->spaces.funcs.push_back(id);
}

void Validator::lower(const Canon& c) {
    const types::Func f = types_[types::FuncId(at(scope_->spaces.funcs, c.func, "function"))];
    Options o = options(c);
    if (o.async && !f.async) invalid("the `async` canonical option requires an async function type");
    heddle::FuncType core = flatten(f, o, Direction::lower);
    push_core_func(std::move(core.params), std::move(core.results));
}

// A resource's representation is seen by the component that defines it, nobody else.
void Validator::resource_builtin(const Canon& c) {
    types::ResourceId r = resource_at(c.type);
    if (c.kind != CanonKind::resource_drop && !scope_->local_resources.contains(types_.identity(r)))
        invalid("type index " + std::to_string(c.type) + " is not a local resource");
    push_builtin(c, i32_type);
}

void Validator::task_return(const Canon& c) {
    Options o = options(c);
    if (o.realloc || o.async) invalid("cannot specify `realloc` or `async` for `task.return`");
    std::optional<types::ValType> result = c.result ? std::optional(val_type(*c.result)) : std::nullopt;
    if (result && types_.has_borrow(*result)) invalid("function result cannot contain a `borrow` type");
    CoreTypes params;
    if (result) flatten(*result, o.pointer(), params);
    bool spill = params.size() > max_flat_params;
    require(o, spill || (result && has_pointer(*result)), false);
    if (spill) params = {o.pointer()};
    push_core_func(std::move(params), {});
}

// stream.* and future.*: the type, and the options where elements are moved.
void Validator::element_builtin(const Canon& c) {
    Type t = type_at(c.type);
    bool wants_stream = canon_row(c.kind).text.starts_with("stream");
    const types::Defined::Kind* kind = t.kind == Type::Kind::defined ? &types_[t.defined()].kind : nullptr;
    const types::Stream* s = kind ? std::get_if<types::Stream>(kind) : nullptr;
    const types::Future* f = kind ? std::get_if<types::Future>(kind) : nullptr;
    if (wants_stream ? !s : !f)
        invalid(std::string("`") + std::string(canon_row(c.kind).text) + "` requires a " + (wants_stream ? "stream" : "future") + " type");
    heddle::ValType pointer = i32_type;
    if (canon_row(c.kind).immediates == CanonImmediates::TypeOpts) {
        Options o = options(c);
        std::optional<types::ValType> element = wants_stream ? s->type : f->type;
        bool reads = c.kind == CanonKind::stream_read || c.kind == CanonKind::future_read;
        require(o, element.has_value(), reads && element && has_pointer(*element));
        pointer = o.pointer();
    }
    push_builtin(c, pointer);
}

void Validator::thread_new(const Canon& c) {
    const heddle::FuncType& f = engine_.type(core_func_type_at(c.type)).func;
    bool good = f.params.size() == 1 && (f.params[0] == i32_type || (features_.memory64 && f.params[0] == i64_type)) && f.results.empty();
    if (!good) invalid("start function must take a single `i32` or `i64` argument and return nothing");
    const heddle::TableType& table = at(scope_->spaces.core_tables, c.table, "table");
    if (!engine_.matches(table.element, funcref_type)) invalid("thread.new-indirect requires a table of `funcref`");
    push_core_func({table.is64 ? i64_type : i32_type, f.params[0]}, {i32_type});
}

// By the signature of the row in canon.def.
void Validator::push_builtin(const Canon& c, heddle::ValType pointer) {
    std::string_view s = canon_row(c.kind).signature;
    auto take = [&](CoreTypes& to) {
        if (s.starts_with('_')) return s.remove_prefix(1);
        for (; !s.empty() && s[0] != '_'; s.remove_prefix(1))
            to.push_back(s[0] == 'l' ? i64_type : s[0] == 'p' ? pointer : s[0] == 's' ? c.slot : i32_type);
    };
    CoreTypes params, results;
    take(params);
    s.remove_prefix(1);
    take(results);
    push_core_func(std::move(params), std::move(results));
}

void Validator::canon(const Canon& c) {
    using K = CanonKind;
    switch (c.kind) {
        case K::lift: return lift(c);
        case K::lower: return lower(c);
        case K::resource_new:
        case K::resource_drop:
        case K::resource_rep: return resource_builtin(c);
        default: break;
    }
    bool error_context = c.kind == K::error_context_new || c.kind == K::error_context_debug_message || c.kind == K::error_context_drop;
    if (error_context ? !features_.error_context : !features_.async)
        invalid(std::string("`") + std::string(canon_row(c.kind).text) + "` is turned off");
    if (canon_row(c.kind).text.starts_with("thread.") && c.kind != K::thread_yield && !features_.threads) invalid("thread built-ins are turned off");
    switch (c.kind) {
        case K::task_return: return task_return(c);
        case K::context_get:
        case K::context_set:
            if (c.slot_index >= context_slots)
                invalid("context slot " + std::to_string(c.slot_index) + " is out of bounds: there are " + std::to_string(context_slots));
            if (c.slot != i32_type && !(features_.memory64 && c.slot == i64_type)) invalid("context slots hold `i32` or `i64`");
            if (scope_->context.value_or(c.slot) != c.slot) invalid("all context slots of a component have one type");
            scope_->context = c.slot;
            return push_builtin(c, i32_type);
        case K::thread_new_indirect: return thread_new(c);
        case K::thread_spawn_ref:
        case K::thread_spawn_indirect:
        case K::thread_available_parallelism: invalid("shared-everything threads are not part of this engine");
        case K::error_context_new:
        case K::error_context_debug_message: {
            Options o = options(c);
            require(o, true, c.kind == K::error_context_debug_message);
            return push_builtin(c, o.pointer());
        }
        case K::waitable_set_wait:
        case K::waitable_set_poll: return push_builtin(c, at(scope_->spaces.core_memories, c.memory, "memory").is64 ? i64_type : i32_type);
        default: break;
    }
    std::string_view text = canon_row(c.kind).text;
    if (text.starts_with("stream.") || text.starts_with("future.")) return element_builtin(c);
    push_builtin(c, i32_type);
}

}  // namespace heddle::component
