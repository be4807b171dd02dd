// Names of types and errors as users read them.
#include <heddle/error.hpp>
#include <heddle/types.hpp>

#include <array>
#include <charconv>

namespace heddle {
namespace {

struct HeapName {
    const char* name;      // inside (ref …)
    const char* nullable;  // the abbreviation of (ref null …)
};

constexpr HeapName heap_names[] = {{"func", "funcref"},   {"nofunc", "nullfuncref"}, {"extern", "externref"},  {"noextern", "nullexternref"},
                                   {"any", "anyref"},     {"eq", "eqref"},           {"i31", "i31ref"},        {"struct", "structref"},
                                   {"array", "arrayref"}, {"none", "nullref"},       {"exn", "exnref"},        {"noexn", "nullexnref"},
                                   {"cont", "contref"},   {"nocont", "nullcontref"}, {"bot", "(ref null bot)"}};

std::string ref_name(ValType t) {
    if (!t.is_defined()) {
        const HeapName& n = heap_names[std::size_t(t.heap())];
        return t.nullable() ? n.nullable : std::string("(ref ") + n.name + ")";
    }
    std::string id = std::to_string(u32(t.type()));
    if (t.exact()) id = "(exact " + id + ")";
    return (t.nullable() ? "(ref null " : "(ref ") + id + ")";
}

}  // namespace

std::string to_string(ValType t) {
    switch (t.kind()) {
        case ValType::bottom: return "bot";
        case ValType::i32_: return "i32";
        case ValType::i64_: return "i64";
        case ValType::f32_: return "f32";
        case ValType::f64_: return "f64";
        case ValType::v128_: return "v128";
        case ValType::ref: return ref_name(t);
        case ValType::i8_: return "i8";
        case ValType::i16_: return "i16";
    }
    return "?";
}

const char* to_string(ExternKind k) {
    switch (k) {
        case ExternKind::func: return "func";
        case ExternKind::table: return "table";
        case ExternKind::memory: return "memory";
        case ExternKind::global: return "global";
        case ExternKind::tag: return "tag";
    }
    return "?";
}

const char* to_string(Error::Kind k) {
    switch (k) {
        case Error::Kind::syntax: return "syntax";
        case Error::Kind::malformed: return "malformed";
        case Error::Kind::invalid: return "invalid";
        case Error::Kind::unlinkable: return "unlinkable";
        case Error::Kind::limit: return "limit";
        case Error::Kind::usage: return "usage";
        case Error::Kind::trapped: return "trapped";
        case Error::Kind::io: return "io";
    }
    return "?";
}

std::string Error::to_string() const {
    std::string text = std::string(heddle::to_string(kind)) + ": " + message;
    if (offset == no_offset) return text;
    std::array<char, 20> hex;
    auto end = std::to_chars(hex.data(), hex.data() + hex.size(), offset, 16).ptr;
    return text + " (at offset 0x" + std::string(hex.data(), end) + ")";
}

}  // namespace heddle
