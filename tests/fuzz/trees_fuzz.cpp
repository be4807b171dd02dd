// Any list of nodes against any type is arguments of that type, or an error; what is written of them reads back as the same.
#include <cstdlib>
#include <span>

#include "plugins/trees.hpp"

using namespace heddle;
using namespace heddle::component;

namespace {

struct Input {
    std::span<const u8> bytes;
    u8 next() {
        if (bytes.empty()) return 0;
        u8 b = bytes[0];
        bytes = bytes.subspan(1);
        return b;
    }
};

ValueType type_of(Input& in, int depth) {
    u8 choice = in.next();
    if (depth == 0 || choice % 3 == 0) return ValueType::primitive(ValueType::Kind(choice % 13));
    auto inner = [&] { return type_of(in, depth - 1); };
    switch (choice % 9) {
    case 0: return ValueType::list(inner());
    case 1: return ValueType::list(inner(), 1 + choice % 5);
    case 2: return ValueType::option(inner());
    case 3: return ValueType::result(inner(), std::nullopt);
    case 4: return ValueType::map(ValueType::primitive(ValueType::Kind::u32), inner());
    case 5: return ValueType::variant({{"a", inner()}, {"b", std::nullopt}});
    case 6: return ValueType::flags(std::vector<std::string>(1 + choice % 32, "l"));
    case 7: return ValueType::own(1);
    default: return ValueType::record({{"x", inner()}, {"y", inner()}});
    }
}

Val scalar(u32 kind, u8 bits) {
    u64 v = bits;
    switch (kind) {
    case 0: return Val::boolean(v & 1);
    case 1: return Val::s8(i8(v));
    case 2: return Val::u8(u8(v));
    case 3: return Val::s16(i16(v));
    case 4: return Val::u16(u16(v));
    case 5: return Val::s32(i32(v));
    case 6: return Val::u32(u32(v));
    case 7: return Val::s64(i64(v));
    case 8: return Val::u64(v);
    case 9: return Val::f32(f32(v));
    case 10: return Val::f64(f64(v));
    default: return Val::character(char32_t(v));
    }
}

Val indices(Input& in) {
    std::vector<u8> raw;
    for (u8 count = in.next() % 8; count > 0; --count) raw.insert(raw.end(), {in.next(), 0, 0, 0});
    return raw.empty() ? Val::list({}) : Val::packed(Val::Kind::u32, raw);
}

Val node_of(Input& in) {
    u32 kind = in.next() % 18;
    if (kind < 12) return Val::variant(kind, scalar(kind, in.next()));
    switch (kind) {
    case 12: return Val::variant(kind, Val::string(std::string(in.next() % 8, 'a')));
    case 13: return Val::variant(kind, Val::bytes(std::vector<u8>(in.next() % 8)));
    case 16: {
        u8 choice = in.next();
        return Val::variant(kind, Val::record({Val::u32(choice % 4), choice & 8 ? Val::some(Val::u32(in.next())) : Val::none()}));
    }
    case 17: return Val::variant(kind, Val::u32(in.next()));
    default: return Val::variant(kind, indices(in));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    Input in{{data, size}};
    ValueType type = type_of(in, 3);
    FunctionType f{false, {{"x", type}}, type};
    std::vector<Val> nodes;
    while (!in.bytes.empty()) nodes.push_back(node_of(in));
    Val list = Val::list(std::move(nodes));
    if (list.size() && !matches(list, ValueType::list(plugins::node_type()))) std::abort();  // the fuzzer's own mistake
    auto args = plugins::arguments_from_tree(list, f);
    if (!args) return 0;
    if (!matches(args->at(0), type)) std::abort();
    auto tree = plugins::tree_from_result(args->at(0), f);
    if (!tree || tree->size() > list.size() || !matches(*tree, ValueType::list(plugins::node_type()))) std::abort();
    return 0;
}
