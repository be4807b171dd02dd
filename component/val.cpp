#include "val.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "abi/strings.hpp"

namespace heddle::component {

// ---- Val --------------------------------------------------------------------------------------------------------------------------------

struct Val::List {
    std::optional<Kind> packed;   // the kind of all elements
    std::vector<heddle::u8> raw;  // packed: the elements as in memory
    std::vector<Val> items;       // otherwise
    friend bool operator==(const List&, const List&) = default;
};

namespace {

using Handle = std::shared_ptr<HostHandle>;

bool is_signed(Val::Kind k) { return k == Val::Kind::s8 || k == Val::Kind::s16 || k == Val::Kind::s32 || k == Val::Kind::s64; }

u64 sign_extend(u64 v, std::size_t bytes) {
    unsigned shift = unsigned(64 - 8 * bytes);
    return u64(i64(v << shift) >> shift);
}

}  // namespace

Val::Val(const Val& o) : kind_(o.kind_), index_(o.index_), word_(o.is_heap() && o.word_ ? o.clone() : o.word_) {}

heddle::u64 Val::clone() const {
    switch (kind_) {
        case Kind::string: return owned(body<std::string>());
        case Kind::list: return owned(body<List>());
        case Kind::record: return owned(body<std::vector<Val>>());
        case Kind::variant: return owned(body<Val>());
        default: return owned(body<Handle>());
    }
}

void Val::destroy() {
    switch (kind_) {
        case Kind::string: delete &body<std::string>(); break;
        case Kind::list: delete &body<List>(); break;
        case Kind::record: delete &body<std::vector<Val>>(); break;
        case Kind::variant: delete &body<Val>(); break;
        default: delete &body<Handle>(); break;
    }
}

Val Val::string(std::string utf8) { return owning(Kind::string, 0, std::move(utf8)); }

Val Val::list(std::vector<Val> items) {
    bool same = !items.empty() && items[0].is_scalar() && std::ranges::all_of(items, [&](const Val& v) { return v.kind_ == items[0].kind_; });
    if (!same) return owning(Kind::list, 0, List{{}, {}, std::move(items)});
    std::size_t bytes = scalar_bytes(items[0].kind_);
    std::vector<heddle::u8> raw(items.size() * bytes);
    for (std::size_t i = 0; i < items.size(); ++i) std::memcpy(&raw[i * bytes], &items[i].word_, bytes);
    return packed(items[0].kind_, std::move(raw));
}

Val Val::packed(Kind element, std::vector<heddle::u8> raw) {
    assert(is_scalar(element) && raw.size() % scalar_bytes(element) == 0);
    if (raw.empty()) return owning(Kind::list, 0, List{});
    return owning(Kind::list, 0, List{element, std::move(raw), {}});
}

Val Val::record(std::vector<Val> fields) { return owning(Kind::record, 0, std::move(fields)); }
Val Val::variant(heddle::u32 case_index) { return Val(Kind::variant, case_index, 0); }
Val Val::variant(heddle::u32 case_index, Val payload) { return owning(Kind::variant, case_index, std::move(payload)); }

Val Val::handle(Kind kind, std::shared_ptr<HostHandle> h) {
    assert(kind >= Kind::own);
    return owning(kind, 0, std::move(h));
}

const std::string& Val::as_string() const {
    assert(kind_ == Kind::string);
    return body<std::string>();
}

std::size_t Val::size() const {
    if (kind_ == Kind::record) return body<std::vector<Val>>().size();
    assert(kind_ == Kind::list);
    const List& l = body<List>();
    return l.packed ? l.raw.size() / scalar_bytes(*l.packed) : l.items.size();
}

Val Val::at(std::size_t i) const {
    assert(i < size());
    if (!is_packed()) return items()[i];
    const List& l = body<List>();
    std::size_t bytes = scalar_bytes(*l.packed);
    heddle::u64 word = 0;
    std::memcpy(&word, &l.raw[i * bytes], bytes);
    return Val(*l.packed, 0, is_signed(*l.packed) ? sign_extend(word, bytes) : word);
}

std::span<const Val> Val::items() const {
    if (kind_ == Kind::record) return body<std::vector<Val>>();
    assert(kind_ == Kind::list && !is_packed());
    return body<List>().items;
}

bool Val::is_packed() const { return kind_ == Kind::list && body<List>().packed.has_value(); }

Val::Kind Val::packed_kind() const {
    assert(is_packed());
    return *body<List>().packed;
}

std::span<const heddle::u8> Val::packed_bytes() const {
    assert(kind_ == Kind::list);
    return body<List>().raw;
}

const Val* Val::payload() const {
    assert(kind_ == Kind::variant);
    return word_ ? &body<Val>() : nullptr;
}

const std::shared_ptr<HostHandle>& Val::handle() const {
    assert(is_handle());
    return body<Handle>();
}

bool operator==(const Val& a, const Val& b) {
    if (a.kind_ != b.kind_ || a.index_ != b.index_) return false;
    if (!a.is_heap() || !a.word_ || !b.word_) return a.word_ == b.word_;
    switch (a.kind_) {
        case Val::Kind::string: return a.body<std::string>() == b.body<std::string>();
        case Val::Kind::list: return a.body<Val::List>() == b.body<Val::List>();
        case Val::Kind::record: return a.body<std::vector<Val>>() == b.body<std::vector<Val>>();
        case Val::Kind::variant: return a.body<Val>() == b.body<Val>();
        default: return a.body<Handle>() == b.body<Handle>();
    }
}

const char* to_string(Val::Kind k) {
    static constexpr const char* names[] = {"bool",  "s8",  "u8",     "s16",    "u16",    "s32",          "u32",    "s64",
                                            "u64",   "f32", "f64",    "char",   "string", "list",         "record", "variant",
                                            "flags", "own", "borrow", "stream", "future", "error-context"};
    return names[std::size_t(k)];
}

namespace {

template <class T>
std::string digits(T v) {
    char buffer[64];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, v).ptr};
}

std::string scalar_text(const Val& v) {
    switch (v.kind()) {
        case Val::Kind::bool_: return v.as<bool>() ? "true" : "false";
        case Val::Kind::f32: return digits(v.as<f32>());
        case Val::Kind::f64: return digits(v.as<f64>());
        case Val::Kind::char_: return "U+" + digits(v.bits());
        default: return is_signed(v.kind()) ? digits(i64(v.bits())) : digits(v.bits());
    }
}

std::string items_text(const Val& v) {
    std::string s;
    for (std::size_t i = 0; i < v.size(); ++i) s += (i ? ", " : "") + to_string(v.at(i));
    return s;
}

}  // namespace

std::string to_string(const Val& v) {
    switch (v.kind()) {
        case Val::Kind::string: return '"' + v.as_string() + '"';
        case Val::Kind::list: return '[' + items_text(v) + ']';
        case Val::Kind::record: return '(' + items_text(v) + ')';
        case Val::Kind::variant: return '#' + digits(v.case_index()) + (v.payload() ? '(' + to_string(*v.payload()) + ')' : "");
        case Val::Kind::flags: return "flags " + digits(v.bits());
        default: return v.is_scalar() ? scalar_text(v) : to_string(v.kind());
    }
}

// ---- ValueType --------------------------------------------------------------------------------------------------------------------------

struct ValueType::Data {
    std::vector<Member> members;  // also: the element of a list, stream or future, as its only member
    std::optional<heddle::u32> length;
    heddle::u32 resource = 0;
    friend bool operator==(const Data&, const Data&) = default;
};

namespace {

std::vector<ValueType::Member> labels_as_members(std::vector<std::string> labels) {
    std::vector<ValueType::Member> members;
    for (std::string& l : labels) members.push_back({std::move(l), {}});
    return members;
}

}  // namespace

ValueType ValueType::make(Kind k, std::vector<Member> members, std::optional<heddle::u32> length, heddle::u32 resource) {
    return ValueType(k, std::make_shared<const Data>(Data{std::move(members), length, resource}));
}

ValueType ValueType::record(std::vector<Member> fields) { return make(Kind::record, std::move(fields)); }
ValueType ValueType::variant(std::vector<Member> cases) { return make(Kind::variant, std::move(cases)); }
ValueType ValueType::list(ValueType element, std::optional<heddle::u32> length) { return make(Kind::list, {{{}, std::move(element)}}, length); }
ValueType ValueType::flags(std::vector<std::string> labels) { return make(Kind::flags, labels_as_members(std::move(labels))); }
ValueType ValueType::enumeration(std::vector<std::string> labels) { return make(Kind::enum_, labels_as_members(std::move(labels))); }
ValueType ValueType::option(ValueType some) { return make(Kind::option, {{"none", {}}, {"some", std::move(some)}}); }
ValueType ValueType::result(std::optional<ValueType> ok, std::optional<ValueType> error) {
    return make(Kind::result, {{"ok", std::move(ok)}, {"err", std::move(error)}});
}
ValueType ValueType::map(ValueType key, ValueType value) { return make(Kind::map, {{{}, std::move(key)}, {{}, std::move(value)}}); }
ValueType ValueType::stream(std::optional<ValueType> element) { return make(Kind::stream, {{{}, std::move(element)}}); }
ValueType ValueType::future(std::optional<ValueType> element) { return make(Kind::future, {{{}, std::move(element)}}); }
ValueType ValueType::own(heddle::u32 resource) { return make(Kind::own, {}, {}, resource); }
ValueType ValueType::borrow(heddle::u32 resource) { return make(Kind::borrow, {}, {}, resource); }
ValueType ValueType::tuple(std::vector<ValueType> types) {
    std::vector<Member> members;
    for (ValueType& t : types) members.push_back({{}, std::move(t)});
    return make(Kind::tuple, std::move(members));
}

std::span<const ValueType::Member> ValueType::members() const {
    bool has = data_ && kind_ != Kind::list && kind_ != Kind::stream && kind_ != Kind::future;
    return has ? std::span<const Member>(data_->members) : std::span<const Member>();
}

const ValueType* ValueType::element() const {
    assert(kind_ == Kind::list || kind_ == Kind::stream || kind_ == Kind::future);
    const auto& t = data_->members[0].type;
    return t ? &*t : nullptr;
}

std::optional<heddle::u32> ValueType::length() const { return data_ ? data_->length : std::nullopt; }
heddle::u32 ValueType::resource() const { return data_ ? data_->resource : 0; }

bool operator==(const ValueType& a, const ValueType& b) {
    if (a.kind_ != b.kind_) return false;
    return a.data_ == b.data_ || (a.data_ && b.data_ && *a.data_ == *b.data_);
}

bool same_shape(const ValueType& a, const ValueType& b) {
    using K = ValueType::Kind;
    if (a.kind() != b.kind() || a.length() != b.length()) return false;
    if (a.kind() == K::own || a.kind() == K::borrow) return true;
    if (a.kind() == K::list || a.kind() == K::stream || a.kind() == K::future) {
        const ValueType *x = a.element(), *y = b.element();
        return bool(x) == bool(y) && (!x || same_shape(*x, *y));
    }
    return std::ranges::equal(a.members(), b.members(), [](const ValueType::Member& m, const ValueType::Member& n) {
        return m.name == n.name && bool(m.type) == bool(n.type) && (!m.type || same_shape(*m.type, *n.type));
    });
}

bool same_shape(const FunctionType& a, const FunctionType& b) {
    if (a.async != b.async || bool(a.result) != bool(b.result) || (a.result && !same_shape(*a.result, *b.result))) return false;
    return std::ranges::equal(a.params, b.params, [](const FunctionType::Param& p, const FunctionType::Param& q) {
        return (p.name.empty() || q.name.empty() || p.name == q.name) && same_shape(p.type, q.type);
    });
}

namespace {

constexpr std::size_t longest_type_text = 4000;

void print(std::string& s, const ValueType& t);

void print_list(std::string& s, std::string_view open, std::span<const ValueType::Member> members, std::string_view payload_open,
                std::string_view payload_close, std::string_view close) {
    s += open;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i) s += ", ";
        if (s.size() > longest_type_text) {
            s += "…";
            break;
        }
        s += members[i].name;
        if (!members[i].type) continue;
        s += payload_open;
        print(s, *members[i].type);
        s += payload_close;
    }
    s += close;
}

void print_element(std::string& s, std::string_view name, const ValueType& t) {
    s += name;
    if (!t.element()) return;
    s += '<';
    print(s, *t.element());
    if (t.length()) s += ", " + std::to_string(*t.length());
    s += '>';
}

void print_result(std::string& s, const ValueType& t) {
    const auto &ok = t.members()[0].type, &error = t.members()[1].type;
    s += "result";
    if (!ok && !error) return;
    s += '<';
    if (ok) print(s, *ok);
    else s += '_';
    if (error) {
        s += ", ";
        print(s, *error);
    }
    s += '>';
}

void print(std::string& s, const ValueType& t) {
    static constexpr const char* names[] = {"bool", "s8",  "u8",  "s16", "u16",  "s32",    "u32",
                                            "s64",  "u64", "f32", "f64", "char", "string", "error-context"};
    using Kind = ValueType::Kind;
    if (s.size() > longest_type_text) {
        s += "…";
        return;
    }
    switch (t.kind()) {
        case Kind::record: return print_list(s, "record { ", t.members(), ": ", "", " }");
        case Kind::variant: return print_list(s, "variant { ", t.members(), "(", ")", " }");
        case Kind::flags: return print_list(s, "flags { ", t.members(), "", "", " }");
        case Kind::enum_: return print_list(s, "enum { ", t.members(), "", "", " }");
        case Kind::tuple: return print_list(s, "tuple<", t.members(), "", "", ">");
        case Kind::map: return print_list(s, "map<", t.members(), "", "", ">");
        case Kind::list: return print_element(s, "list", t);
        case Kind::stream: return print_element(s, "stream", t);
        case Kind::future: return print_element(s, "future", t);
        case Kind::result: return print_result(s, t);
        case Kind::option:
            s += "option<";
            print(s, *t.members()[1].type);
            s += '>';
            return;
        case Kind::own: s += "own<resource " + std::to_string(t.resource()) + ">"; return;
        case Kind::borrow: s += "borrow<resource " + std::to_string(t.resource()) + ">"; return;
        default: s += names[std::size_t(t.kind())];
    }
}

}  // namespace

std::string to_string(const ValueType& t) {
    std::string s;
    print(s, t);
    return s;
}

std::string to_string(const FunctionType& t) {
    std::string s = t.async ? "async func(" : "func(";
    for (std::size_t i = 0; i < t.params.size(); ++i) {
        s += (i ? ", " : "") + t.params[i].name + ": ";
        print(s, t.params[i].type);
    }
    s += ')';
    if (t.result) s += " -> " + to_string(*t.result);
    return s;
}

// ---- matches ----------------------------------------------------------------------------------------------------------------------------

namespace {

bool list_matches(const Val& v, const ValueType& element, std::optional<u32> length) {
    if (v.kind() != Val::Kind::list || (length && v.size() != *length)) return false;
    if (!v.is_packed()) return std::ranges::all_of(v.items(), [&](const Val& e) { return matches(e, element); });
    if (element.kind() != ValueType::Kind::char_) return std::size_t(element.kind()) == std::size_t(v.packed_kind());
    for (std::size_t i = 0; i < v.size(); ++i)
        if (!matches(v.at(i), element)) return false;
    return true;
}

bool fields_match(const Val& v, std::span<const ValueType::Member> members) {
    if (v.kind() != Val::Kind::record || v.size() != members.size()) return false;
    for (std::size_t i = 0; i < members.size(); ++i)
        if (!matches(v.items()[i], *members[i].type)) return false;
    return true;
}

bool map_matches(const Val& v, std::span<const ValueType::Member> members) {
    return v.kind() == Val::Kind::list && !v.is_packed() && std::ranges::all_of(v.items(), [&](const Val& e) { return fields_match(e, members); });
}

bool case_matches(const Val& v, std::span<const ValueType::Member> cases) {
    if (v.kind() != Val::Kind::variant || v.case_index() >= cases.size()) return false;
    const auto& type = cases[v.case_index()].type;
    return type ? v.payload() && matches(*v.payload(), *type) : !v.payload();
}

}  // namespace

bool matches(const Val& v, const ValueType& t) {
    using Kind = ValueType::Kind;
    static_assert(u8(Kind::char_) == u8(Val::Kind::char_) && u8(Kind::string) == u8(Val::Kind::string));
    switch (t.kind()) {
        case Kind::char_: return v.kind() == Val::Kind::char_ && abi::is_scalar_value(u32(v.bits()));
        case Kind::string: {
            if (v.kind() != Val::Kind::string) return false;
            const std::string& s = v.as_string();
            return !abi::find_invalid_utf8({reinterpret_cast<const u8*>(s.data()), s.size()});
        }
        case Kind::list: return list_matches(v, *t.element(), t.length());
        case Kind::map: return map_matches(v, t.members());
        case Kind::record:
        case Kind::tuple: return fields_match(v, t.members());
        case Kind::variant:
        case Kind::enum_:
        case Kind::option:
        case Kind::result: return case_matches(v, t.members());
        case Kind::flags: return v.kind() == Val::Kind::flags && (t.members().size() >= 32 || v.bits() >> t.members().size() == 0);
        case Kind::own: return v.kind() == Val::Kind::own;
        case Kind::borrow: return v.kind() == Val::Kind::borrow || v.kind() == Val::Kind::own;
        case Kind::stream: return v.kind() == Val::Kind::stream;
        case Kind::future: return v.kind() == Val::Kind::future;
        case Kind::error_context: return v.kind() == Val::Kind::error_context;
        default: return u8(t.kind()) == u8(v.kind());
    }
}

// ---- Describer --------------------------------------------------------------------------------------------------------------------------

ValueType Describer::operator()(const types::ValType& t) {
    static_assert(u8(Prim::char_) == u8(ValueType::Kind::char_) && u8(Prim::error_context) == u8(ValueType::Kind::error_context));
    if (t.prim) return ValueType::primitive(ValueType::Kind(u8(*t.prim)));
    if (auto it = done_.find(t.id); it != done_.end()) return it->second;
    return done_[t.id] = structure(types_[t.id].kind);
}

FunctionType Describer::operator()(const types::Func& f) {
    FunctionType t{f.async, {}, {}};
    for (const types::Field& p : f.params) t.params.push_back({p.name, (*this)(p.type)});
    if (f.result) t.result = (*this)(*f.result);
    return t;
}

ValueType Describer::structure(const types::Defined::Kind& k) {
    auto optional = [this](const std::optional<types::ValType>& t) { return t ? std::optional((*this)(*t)) : std::nullopt; };
    struct Visitor {
        Describer& describe;
        decltype(optional)& maybe;
        ValueType operator()(Prim p) const { return ValueType::primitive(ValueType::Kind(u8(p))); }
        ValueType operator()(const types::Record& r) const {
            std::vector<ValueType::Member> m;
            for (const types::Field& f : r.fields) m.push_back({f.name, describe(f.type)});
            return ValueType::record(std::move(m));
        }
        ValueType operator()(const types::Variant& v) const {
            std::vector<ValueType::Member> m;
            for (const types::Case& c : v.cases) m.push_back({c.name, maybe(c.type)});
            return ValueType::variant(std::move(m));
        }
        ValueType operator()(const types::List& l) const { return ValueType::list(describe(l.type), l.length); }
        ValueType operator()(const types::Tuple& t) const {
            std::vector<ValueType> m;
            for (const types::ValType& e : t.types) m.push_back(describe(e));
            return ValueType::tuple(std::move(m));
        }
        ValueType operator()(const types::Flags& f) const { return ValueType::flags(f.labels); }
        ValueType operator()(const types::Enum& e) const { return ValueType::enumeration(e.labels); }
        ValueType operator()(const types::Option& o) const { return ValueType::option(describe(o.type)); }
        ValueType operator()(const types::ResultType& r) const { return ValueType::result(maybe(r.ok), maybe(r.error)); }
        ValueType operator()(const types::Own& o) const { return ValueType::own(describe.types_.identity(o.resource)); }
        ValueType operator()(const types::Borrow& b) const { return ValueType::borrow(describe.types_.identity(b.resource)); }
        ValueType operator()(const types::Stream& s) const { return ValueType::stream(maybe(s.type)); }
        ValueType operator()(const types::Future& f) const { return ValueType::future(maybe(f.type)); }
        ValueType operator()(const types::Map& m) const { return ValueType::map(describe(m.key), describe(m.value)); }
    };
    return std::visit(Visitor{*this, optional}, k);
}

}  // namespace heddle::component
