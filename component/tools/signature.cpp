#include "tools/signature.hpp"

#include <algorithm>

#include "tools/type_writer.hpp"

namespace heddle::component::tools {
namespace {

constexpr std::size_t max_flat_params = 16, max_flat_async_params = 4, max_flat_results = 1;
constexpr int max_depth = 100;

// Flattens until there is more than a call could pass.
class Flattener {
public:
    explicit Flattener(const wit::Resolve& r) : r_(r) {}
    std::vector<CoreValType> out;

    bool full() const { return out.size() > max_flat_params; }

    void type(const wit::Type& t) {
        if (full()) return;
        if (t.prim) return prim(*t.prim);
        if (++depth_ > max_depth) throw Error{Error::Kind::limit, "types nest more than 100 deep", Error::no_offset};
        std::visit([this](const auto& k) { kind(k); }, r_.types[t.index].kind);
        --depth_;
    }

private:
    void prim(Prim p) {
        switch (p) {
            case Prim::s64:
            case Prim::u64: return out.push_back(i64_type);
            case Prim::f32: return out.push_back(f32_type);
            case Prim::f64: return out.push_back(f64_type);
            case Prim::string: out.push_back(i32_type); [[fallthrough]];
            default: return out.push_back(i32_type);
        }
    }
    void kind(const wit::Record& x) {
        for (const auto& f : x.fields) type(f.type);
    }
    void kind(const wit::Tuple& x) {
        for (const auto& t : x.types) type(t);
    }
    void kind(const wit::Flags& x) {
        for (std::size_t i = 0; i < x.flags.size() && !full(); i += 32) out.push_back(i32_type);
    }
    void kind(const wit::List& x) {
        if (!x.length) return pointer_and_length();
        for (u32 i = 0; i < *x.length && !full(); ++i) type(x.type);
    }
    void kind(const wit::Map&) { pointer_and_length(); }
    void pointer_and_length() { out.push_back(i32_type), out.push_back(i32_type); }
    void kind(const wit::Alias& x) { type(x.type); }
    void kind(const wit::Variant& x) {
        std::vector<std::optional<wit::Type>> cases;
        for (const auto& c : x.cases) cases.push_back(c.type);
        variant(cases);
    }
    void kind(const wit::Option& x) { variant({std::nullopt, x.type}); }
    void kind(const wit::ResultType& x) { variant({x.ok, x.error}); }
    void kind(const wit::Enum&) { out.push_back(i32_type); }
    void kind(const wit::Handle&) { out.push_back(i32_type); }
    void kind(const wit::Stream&) { out.push_back(i32_type); }
    void kind(const wit::Future&) { out.push_back(i32_type); }
    void kind(const wit::Resource&) { out.push_back(i32_type); }

    static CoreValType join(CoreValType a, CoreValType b) {
        if (a == b) return a;
        bool small = (a == i32_type && b == f32_type) || (a == f32_type && b == i32_type);
        return small ? i32_type : i64_type;
    }
    void variant(const std::vector<std::optional<wit::Type>>& cases) {
        out.push_back(i32_type);
        std::vector<CoreValType> before = std::move(out), joined;
        for (const auto& c : cases) {
            out.clear();
            if (c) type(*c);
            for (std::size_t i = 0; i < out.size(); ++i) {
                if (i < joined.size()) joined[i] = join(joined[i], out[i]);
                else joined.push_back(out[i]);
            }
        }
        out = std::move(before);
        out.insert(out.end(), joined.begin(), joined.end());
    }

    const wit::Resolve& r_;
    int depth_ = 0;
};

template <class F>
bool any_part(const wit::Resolve& r, const wit::Type& t, F is) {
    if (t.prim) return is(t);
    Live parts;
    parts.add_type(r, t);
    return std::ranges::any_of(parts.types, [&](u32 p) { return is(wit::Type::defined(p)); });
}

bool mentions_string(const wit::TypeDef::Kind& kind) {
    const auto is = [](const wit::Type& t) { return t.prim == Prim::string; };
    const auto maybe = [&](const std::optional<wit::Type>& t) { return t && is(*t); };
    if (auto* x = std::get_if<wit::Record>(&kind)) return std::ranges::any_of(x->fields, [&](const auto& f) { return is(f.type); });
    if (auto* x = std::get_if<wit::Variant>(&kind)) return std::ranges::any_of(x->cases, [&](const auto& c) { return maybe(c.type); });
    if (auto* x = std::get_if<wit::Tuple>(&kind)) return std::ranges::any_of(x->types, is);
    if (auto* x = std::get_if<wit::Option>(&kind)) return is(x->type);
    if (auto* x = std::get_if<wit::ResultType>(&kind)) return maybe(x->ok) || maybe(x->error);
    if (auto* x = std::get_if<wit::List>(&kind)) return is(x->type);
    if (auto* x = std::get_if<wit::Map>(&kind)) return is(x->key) || is(x->value);
    if (auto* x = std::get_if<wit::Alias>(&kind)) return is(x->type);
    return false;
}

void find_streams(const wit::Resolve& r, const wit::Type& t, std::vector<u32>& out, int depth) {
    if (t.prim) return;
    if (depth > max_depth) throw Error{Error::Kind::limit, "types nest more than 100 deep", Error::no_offset};
    if (out.size() > 10'000) throw Error{Error::Kind::limit, "a function's type has more than 10000 streams and futures", Error::no_offset};
    const wit::TypeDef::Kind& kind = r.types[t.index].kind;
    const auto each = [&](const wit::Type& part) { find_streams(r, part, out, depth + 1); };
    const auto maybe = [&](const std::optional<wit::Type>& part) {
        if (part) each(*part);
    };
    if (auto* x = std::get_if<wit::Record>(&kind)) std::ranges::for_each(x->fields, each, &wit::Field::type);
    else if (auto* x = std::get_if<wit::Variant>(&kind)) std::ranges::for_each(x->cases, maybe, &wit::Case::type);
    else if (auto* x = std::get_if<wit::Tuple>(&kind)) std::ranges::for_each(x->types, each);
    else if (auto* x = std::get_if<wit::Option>(&kind)) each(x->type);
    else if (auto* x = std::get_if<wit::ResultType>(&kind)) maybe(x->ok), maybe(x->error);
    else if (auto* x = std::get_if<wit::List>(&kind)) each(x->type);
    else if (auto* x = std::get_if<wit::Map>(&kind)) each(x->key), each(x->value);
    else if (auto* x = std::get_if<wit::Alias>(&kind)) each(x->type);
    else if (auto* x = std::get_if<wit::Stream>(&kind)) maybe(x->type), out.push_back(t.index);
    else if (auto* x = std::get_if<wit::Future>(&kind)) maybe(x->type), out.push_back(t.index);
}

}  // namespace

bool has_pointer(const wit::Resolve& r, const wit::Type& t) {
    return any_part(r, t, [&](const wit::Type& p) {
        if (p.prim) return p.prim == Prim::string;
        const auto& kind = r.types[p.index].kind;
        const auto* list = std::get_if<wit::List>(&kind);
        return (list && !list->length) || std::holds_alternative<wit::Map>(kind) || mentions_string(kind);
    });
}

bool has_string(const wit::Resolve& r, const wit::Type& t) {
    return any_part(r, t, [&](const wit::Type& p) { return p.prim ? p.prim == Prim::string : mentions_string(r.types[p.index].kind); });
}

std::vector<u32> streams_and_futures(const wit::Resolve& r, const wit::Function& f) {
    std::vector<u32> out;
    for (const wit::Param& p : f.params) find_streams(r, p.type, out, 0);
    if (f.result) find_streams(r, *f.result, out, 0);
    return out;
}

Signature signature(const wit::Resolve& r, const wit::Function& f, Call call) {
    Flattener params(r), results(r);
    for (const wit::Param& p : f.params) params.type(p.type);
    if (f.result) results.type(*f.result);
    bool params_point = std::ranges::any_of(f.params, [&](const wit::Param& p) { return has_pointer(r, p.type); });
    bool result_points = f.result && has_pointer(r, *f.result);
    Signature s;
    s.strings = std::ranges::any_of(f.params, [&](const wit::Param& p) { return has_string(r, p.type); }) || (f.result && has_string(r, *f.result));
    if (call == Call::task_return) {
        s.memory = result_points || results.full();
        s.params = results.full() ? std::vector{i32_type} : results.out;
        return s;
    }
    bool lower = call == Call::lower || call == Call::async_lower;
    bool spilled = params.out.size() > (call == Call::async_lower ? max_flat_async_params : max_flat_params);
    s.params = spilled ? std::vector{i32_type} : params.out;
    bool returned = false;  // through memory
    if (call == Call::async_callback) s.results = {i32_type};
    else if (call == Call::async_lower) {
        returned = f.result.has_value();
        if (returned) s.params.push_back(i32_type);
        s.results = {i32_type};
    } else if (call != Call::async_stackful) {
        returned = results.out.size() > max_flat_results;
        if (!returned) s.results = results.out;
        else if (lower) s.params.push_back(i32_type);
        else s.results = {i32_type};
    }
    s.memory = spilled || returned || params_point || result_points;
    s.realloc = lower ? result_points : params_point || spilled;
    return s;
}

std::string to_string(const Signature& s) {
    const auto list = [](const char* word, const std::vector<CoreValType>& types) {
        std::string text;
        for (CoreValType t : types) text += " " + heddle::to_string(t);
        return text.empty() ? text : std::string(" (") + word + text + ")";
    };
    return "(func" + list("param", s.params) + list("result", s.results) + ")";
}

}  // namespace heddle::component::tools
