#include "opcode.hpp"

#include <unordered_map>

namespace heddle {
namespace {

constexpr ValType letter(char c) {
    switch (c) {
    case 'i': return i32_type;
    case 'l': return i64_type;
    case 'f': return f32_type;
    case 'd': return f64_type;
    case 'v': return v128_type;
    default: throw "unknown signature letter";
    }
}

// "i_ll": results, underscore, operands.
constexpr Signature signature(std::string_view s) {
    Signature sig;
    std::size_t i = 0;
    for (; s[i] != '_'; ++i) sig.results[sig.result_count++] = letter(s[i]);
    for (++i; i < s.size(); ++i) sig.operands[sig.operand_count++] = letter(s[i]);
    return sig;
}
constexpr Signature gives(char c) { return {0, 1, {}, {letter(c)}}; }
constexpr Signature takes(char c) { return {1, 0, {letter(c)}, {}}; }

constexpr Signature atomic_signature(RowKind kind, char c) {
    ValType t = letter(c);
    switch (kind) {
    case RowKind::atomic_load: return {0, 1, {}, {t}};
    case RowKind::atomic_store: return {1, 0, {t}, {}};
    case RowKind::atomic_rmw: return {1, 1, {t}, {t}};
    default: return {2, 1, {t, t}, {t}};
    }
}

}  // namespace

constexpr std::array<OpInfo, std::size_t(Op::count_)> op_table = {{
#define PURE(name, code, text, sig, ...) {#name, text, code, Imm::None, RowKind::pure, signature(#sig), 0, 0},
#define WIDE(name, code, text, sig, ...) {#name, text, code, Imm::None, RowKind::wide, signature(#sig), 0, 0},
#define LOAD(name, code, text, c, type) {#name, text, code, Imm::MemArg, RowKind::load, gives(*#c), sizeof(type), 0},
#define STORE(name, code, text, c, type) {#name, text, code, Imm::MemArg, RowKind::store, takes(*#c), sizeof(type), 0},
#define VLOAD(name, code, text, bytes, ...) {#name, text, code, Imm::MemArg, RowKind::vload, gives('v'), bytes, 0},
#define VSTORE(name, code, text, bytes) {#name, text, code, Imm::MemArg, RowKind::vstore, takes('v'), bytes, 0},
#define LOADLANE(name, code, text, type) {#name, text, code, Imm::MemArgLane, RowKind::loadlane, {1, 1, {v128_type}, {v128_type}}, sizeof(type), 16 / sizeof(type)},
#define STORELANE(name, code, text, type) {#name, text, code, Imm::MemArgLane, RowKind::storelane, takes('v'), sizeof(type), 16 / sizeof(type)},
#define LANE(name, code, text, lanes, sig, ...) {#name, text, code, Imm::Lane, RowKind::lane, signature(#sig), 0, lanes},
#define ATOMIC(name, code, text, kind, c, type, ...) \
    {#name, text, code, Imm::MemArg, RowKind::atomic_##kind, atomic_signature(RowKind::atomic_##kind, *#c), sizeof(type), 0},
#define OTHER(name, code, text, imm) {#name, text, code, Imm::imm, RowKind::other, {}, 0, 0},
#include "opcodes.def"
}};

constexpr std::array<Imm, std::size_t(Op::count_)> op_imm = [] {
    std::array<Imm, std::size_t(Op::count_)> t{};
    for (std::size_t i = 0; i < t.size(); ++i) t[i] = op_table[i].imm;
    return t;
}();

namespace {

constexpr u32 prefixes[] = {0xfb, 0xfc, 0xfd, 0xfe};
constexpr std::size_t sub_count = 0x120;
using SubTable = std::array<Op, sub_count>;

consteval SubTable sub_table(u32 prefix) {
    SubTable t{};
    t.fill(Op::invalid);
    for (std::size_t i = 0; i < op_table.size(); ++i)
        if (op_table[i].code >> 12 == prefix) {
            Op& entry = t[op_table[i].code & 0xfff];
            if (entry != Op::invalid) throw "duplicate opcode";
            entry = Op(i);
        }
    return t;
}
constexpr SubTable sub_tables[] = {sub_table(0xfb), sub_table(0xfc), sub_table(0xfd), sub_table(0xfe)};

consteval std::array<Op, 256> byte_table() {
    std::array<Op, 256> t{};
    t.fill(Op::invalid);
    for (std::size_t i = 0; i < op_table.size(); ++i)
        if (op_table[i].code < 256) {
            if (t[op_table[i].code] != Op::invalid) throw "duplicate opcode";
            t[op_table[i].code] = Op(i);
        }
    return t;
}

}  // namespace

constexpr std::array<Op, 256> op_from_byte = byte_table();

Op op_from_code(u32 prefix, u32 code) {
    if (prefix == 0) return code < 256 ? op_from_byte[code] : Op::invalid;
    for (std::size_t i = 0; i < std::size(prefixes); ++i)
        if (prefixes[i] == prefix) return code < sub_count ? sub_tables[i][code] : Op::invalid;
    return Op::invalid;
}

Op op_from_text(std::string_view text) {
    static const auto by_text = [] {
        std::unordered_map<std::string_view, Op> m;
        for (std::size_t i = 0; i < op_table.size(); ++i) m.emplace(op_table[i].text, Op(i));
        return m;
    }();
    auto it = by_text.find(text);
    return it == by_text.end() ? Op::invalid : it->second;
}

}  // namespace heddle
