// Canonical definitions: their options, the core signatures they need, and the core functions they add.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canonical-definitions
#include <algorithm>

#include "canon.hpp"
#include "validator.hpp"

namespace heddle::component {

using types::Type;

namespace {

// Their core functions would have shared types, which core modules cannot have here.
constexpr const char* shared_words = "`shared` thread built-ins need shared function types, which the engine does not have; without `shared` threads take turns";

using CoreTypes = std::vector<heddle::ValType>;

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

const char* encoding_name(CanonOpt::Kind k) { return k == CanonOpt::Kind::utf8 ? "utf8" : k == CanonOpt::Kind::utf16 ? "utf16" : "latin1-utf16"; }

}  // namespace

void Validator::push_core_func(CoreTypes params, CoreTypes results) {
    scope_->spaces.core_funcs.push_back(engine_.intern(heddle::FuncType{std::move(params), std::move(results)}));
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
    layouts_.extend();
    bool params_point = std::ranges::any_of(f.params, [&](const types::Field& p) { return has_pointer(p.type); });
    bool result_points = f.result && has_pointer(*f.result);
    bool lower = d == Direction::lower;
    u32 params = layouts_.params(f).flat[o.memory64].count, results = layouts_.result(f).flat[o.memory64].count;
    bool spill_params = params > (o.async && lower ? abi::max_flat_async_params : abi::max_flat_params);
    bool spill_results = o.async ? lower && results != 0 : results > abi::max_flat_results;
    // An async lift gives its result by task.return, whose options count there.
    bool result_here = !(o.async && !lower);
    require(o, spill_params || spill_results || params_point || (result_points && result_here), lower ? result_points : params_point || spill_params);
    return abi::flatten_functype(layouts_, {o.ptr(), o.async, o.callback.has_value()}, f, lower ? abi::Side::lower : abi::Side::lift);
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
    layouts_.extend();
    types::Func as_params;  // the result goes where the parameters of a lowered function would
    if (result) as_params.params.push_back({"", *result});
    bool spill = layouts_.params(as_params).flat[o.memory64].count > abi::max_flat_params;
    require(o, spill || (result && has_pointer(*result)), false);
    heddle::FuncType core = abi::flatten_functype(layouts_, {o.ptr()}, as_params, abi::Side::lower);
    push_core_func(std::move(core.params), {});
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

// thread.new-indirect and thread.spawn-*: the new thread's function comes from a table, or is a reference.
void Validator::thread_new(const Canon& c) {
    if (c.shared) invalid(shared_words);
    TypeId start = core_func_type_at(c.type);
    const heddle::FuncType& f = engine_.type(start).func;
    bool good = f.params.size() == 1 && (f.params[0] == i32_type || (features_.memory64 && f.params[0] == i64_type)) && f.results.empty();
    if (!good) invalid("start function must take a single `i32` or `i64` argument and return nothing");
    if (c.kind == CanonKind::thread_spawn_ref) return push_core_func({heddle::ValType::reference(start, true), f.params[0]}, {i32_type});
    const heddle::TableType& table = at(scope_->spaces.core_tables, c.table, "table");
    if (!engine_.matches(table.element, funcref_type)) invalid("`" + std::string(canon_row(c.kind).text) + "` requires a table of `funcref`");
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
        case K::thread_new_indirect:
        case K::thread_spawn_ref:
        case K::thread_spawn_indirect: return thread_new(c);
        case K::thread_available_parallelism:
            if (c.shared) invalid(shared_words);
            break;
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
