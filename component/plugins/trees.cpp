#include "trees.hpp"

#include <cstring>

namespace heddle::component::plugins {

namespace {

using K = ValueType::Kind;

// Cases of `node`: scalars and strings in the order of ValueType::Kind, and then these.
enum Case : u32 { bytes = u32(K::string) + 1, list, record, variant, flags };
constexpr const char* names[] = {"bool", "s8",  "u8",  "s16",  "u16",    "s32",   "u32",  "s64",    "u64",
                                 "f32",  "f64", "char", "string", "bytes", "list", "record", "variant", "flags"};

ValueType prim(K k) { return ValueType::primitive(k); }
bool is_plain(const ValueType& t) { return u32(t.kind()) <= u32(K::string); }
bool is_bytes(const ValueType& t) { return t.kind() == K::list && t.element()->kind() == K::u8; }

[[noreturn]] void fail(Error::Kind k, std::string why) { throw Error{k, std::move(why), Error::no_offset}; }

std::string node(u64 at) { return "node " + std::to_string(at); }

// ---- what nodes consist of ------------------------------------------------------------------------------------------------------------------

u32 index_at(const Val& indices, std::size_t i) {
    u32 index = 0;
    std::memcpy(&index, indices.packed_bytes().data() + i * sizeof index, sizeof index);
    return index;
}

void each_part(const Val& node, auto f) {
    if (node.case_index() == list || node.case_index() == record)
        for (std::size_t i = 0; i < node.payload()->size(); ++i) f(index_at(*node.payload(), i));
    if (node.case_index() != variant) return;
    if (const Val* payload = node.payload()->items()[1].payload()) f(payload->as<u32>());
}

// Every part lies behind what it is a part of, and is a part once: so nothing contains itself, and reading takes as long as the list is.
void check(std::span<const Val> nodes) {
    if (nodes.size() > most_nodes) fail(Error::Kind::limit, "the tree has " + std::to_string(nodes.size()) + " nodes: it may have " + std::to_string(most_nodes));
    struct Placed {
        u32 depth = 0, whole = 0;
    };
    std::vector<Placed> placed(nodes.size());
    for (u32 i = 0; i < nodes.size(); ++i) {
        if (i > 0 && placed[i].depth == 0) fail(Error::Kind::usage, node(i) + " is no part of a node before it: only node 0 is none");
        each_part(nodes[i], [&](u32 part) {
            if (part >= nodes.size()) fail(Error::Kind::usage, node(i) + " has " + node(part) + " as a part: there are " + std::to_string(nodes.size()));
            if (part <= i) fail(Error::Kind::usage, node(i) + " has " + node(part) + " as a part, which must lie behind it");
            if (placed[part].depth) fail(Error::Kind::usage, node(part) + " is a part twice: of " + node(placed[part].whole) + " and " + node(i));
            placed[part] = {placed[i].depth + 1, i};
            if (placed[part].depth > deepest_node) fail(Error::Kind::limit, node(part) + " is deeper than " + std::to_string(deepest_node));
        });
    }
}

// ---- reading ----------------------------------------------------------------------------------------------------------------------------------

// Where a value is: in which, under what name or number.
struct Place {
    const Place* inside;
    std::string_view name;
    std::size_t number;
};
std::string to_string(const Place& p) {
    std::string own = p.name.empty() ? "[" + std::to_string(p.number) + "]" : std::string(p.name);
    if (!p.inside) return own;
    return to_string(*p.inside) + (p.name.empty() ? "" : ".") + own;
}

class Reader {
public:
    explicit Reader(std::span<const Val> nodes) : nodes_(nodes) {}

    Val read(u32 at, const ValueType& t, const Place& place) const {
        const Val& n = nodes_[at];
        if (is_plain(t)) return expect(at, u32(t.kind()), t, place), *n.payload();
        switch (t.kind()) {
        case K::list:
        case K::map: return read_list(at, t, place);
        case K::record:
        case K::tuple: return read_record(at, t, place);
        case K::flags: return read_flags(at, t, place);
        default: return read_variant(at, t, place);
        }
    }

private:
    [[noreturn]] static void wrong(const Place& place, const ValueType& t, const std::string& what) {
        fail(Error::Kind::usage, "`" + to_string(place) + "`: expected " + component::to_string(t) + ", " + what);
    }
    void expect(u32 at, u32 node_case, const ValueType& t, const Place& place) const {
        if (nodes_[at].case_index() != node_case) wrong(place, t, node(at) + " is " + names[nodes_[at].case_index()]);
    }
    static void expect_size(u32 at, std::size_t has, std::optional<std::size_t> wants, const ValueType& t, const Place& place) {
        if (wants && has != *wants) wrong(place, t, node(at) + " has " + std::to_string(has) + " parts");
    }

    Val read_list(u32 at, const ValueType& t, const Place& place) const {
        const Val& n = nodes_[at];
        if (is_bytes(t) && n.case_index() == bytes) return expect_size(at, n.payload()->size(), t.length(), t, place), *n.payload();
        expect(at, list, t, place);
        expect_size(at, n.payload()->size(), t.length(), t, place);
        ValueType element = t.kind() == K::map ? ValueType::tuple({*t.members()[0].type, *t.members()[1].type}) : *t.element();
        std::vector<Val> all;
        for (std::size_t i = 0; i < n.payload()->size(); ++i) all.push_back(read(index_at(*n.payload(), i), element, {&place, {}, i}));
        return Val::list(std::move(all));
    }
    Val read_record(u32 at, const ValueType& t, const Place& place) const {
        expect(at, record, t, place);
        const Val& indices = *nodes_[at].payload();
        expect_size(at, indices.size(), t.members().size(), t, place);
        std::vector<Val> all;
        for (std::size_t i = 0; i < indices.size(); ++i) all.push_back(read(index_at(indices, i), *t.members()[i].type, {&place, t.members()[i].name, i}));
        return Val::record(std::move(all));
    }
    Val read_flags(u32 at, const ValueType& t, const Place& place) const {
        expect(at, flags, t, place);
        u32 bits = nodes_[at].payload()->as<u32>();
        if (t.members().size() < 32 && bits >> t.members().size()) wrong(place, t, node(at) + " has bits that have no label");
        return Val::flags(bits);
    }
    Val read_variant(u32 at, const ValueType& t, const Place& place) const {
        expect(at, variant, t, place);
        auto choice = nodes_[at].payload()->items();
        u32 which = choice[0].as<u32>();
        if (which >= t.members().size()) wrong(place, t, node(at) + " has case " + std::to_string(which));
        const ValueType::Member& m = t.members()[which];
        const Val* payload = choice[1].payload();
        if (bool(payload) != m.type.has_value()) wrong(place, t, node(at) + " has case `" + m.name + "` " + (payload ? "with" : "without") + " a payload");
        return payload ? Val::variant(which, read(payload->as<u32>(), *m.type, {&place, m.name, which})) : Val::variant(which);
    }

    std::span<const Val> nodes_;
};

// ---- writing ----------------------------------------------------------------------------------------------------------------------------------

class Writer {
public:
    std::vector<Val> nodes;

    u32 write(const Val& v, const ValueType& t) {
        if (nodes.size() >= most_nodes) fail(Error::Kind::limit, "the result has more nodes than " + std::to_string(most_nodes));
        u32 at = u32(nodes.size());
        nodes.emplace_back();  // its parts lie behind it
        nodes[at] = written(v, t);
        return at;
    }

private:
    Val written(const Val& v, const ValueType& t) {
        if (is_plain(t)) return Val::variant(u32(t.kind()), v);
        if (is_bytes(t)) return Val::variant(bytes, v);
        if (t.kind() == K::flags) return Val::variant(flags, Val::u32(u32(v.bits())));
        if (t.kind() == K::list) return Val::variant(list, parts(v, [&](std::size_t) -> const ValueType& { return *t.element(); }));
        if (t.kind() == K::map) return Val::variant(list, parts(v, [&](std::size_t) { return ValueType::tuple({*t.members()[0].type, *t.members()[1].type}); }));
        if (!t.is_variant()) return Val::variant(record, parts(v, [&](std::size_t i) -> const ValueType& { return *t.members()[i].type; }));
        const Val* payload = v.payload();
        Val part = payload ? Val::some(Val::u32(write(*payload, *t.members()[v.case_index()].type))) : Val::none();
        return Val::variant(variant, Val::record({Val::u32(v.case_index()), std::move(part)}));
    }
    Val parts(const Val& v, auto type_of) {
        std::vector<u8> raw(v.size() * sizeof(u32));
        for (std::size_t i = 0; i < v.size(); ++i) {
            u32 at = write(v.at(i), type_of(i));
            std::memcpy(raw.data() + i * sizeof at, &at, sizeof at);
        }
        return raw.empty() ? Val::list({}) : Val::packed(Val::Kind::u32, std::move(raw));
    }
};

}  // namespace

ValueType node_type() {
    std::vector<ValueType::Member> cases;
    for (u32 i = 0; i <= u32(K::string); ++i) cases.push_back({names[i], prim(K(i))});
    ValueType index = prim(K::u32), indices = ValueType::list(index);
    cases.push_back({names[bytes], ValueType::list(prim(K::u8))});
    cases.push_back({names[list], indices});
    cases.push_back({names[record], indices});
    cases.push_back({names[variant], ValueType::record({{"number", index}, {"payload", ValueType::option(index)}})});
    cases.push_back({names[flags], index});
    return ValueType::variant(std::move(cases));
}

Result<std::vector<Val>> arguments_from_tree(const Val& nodes, const FunctionType& type) {
    try {
        auto all = nodes.items();
        check(all);
        if (all.empty()) fail(Error::Kind::usage, "there is no node: node 0 is a record of the arguments");
        if (all[0].case_index() != record) fail(Error::Kind::usage, "node 0 is " + std::string(names[all[0].case_index()]) + ": it must be a record of the arguments");
        const Val& indices = *all[0].payload();
        if (indices.size() != type.params.size())
            fail(Error::Kind::usage, "expected " + std::to_string(type.params.size()) + " arguments of " + to_string(type) + ", there are " + std::to_string(indices.size()));
        Reader reader(all);
        std::vector<Val> args;
        for (std::size_t i = 0; i < indices.size(); ++i) args.push_back(reader.read(index_at(indices, i), type.params[i].type, {nullptr, type.params[i].name, i}));
        return args;
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

Result<Val> tree_from_result(const std::optional<Val>& result, const FunctionType& type) {
    try {
        Writer w;
        if (result) w.write(*result, *type.result);
        return Val::list(std::move(w.nodes));
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::component::plugins
