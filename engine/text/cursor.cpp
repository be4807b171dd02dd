#include "cursor.hpp"

#include <unordered_set>

#include "bytes.hpp"
#include "opcode.hpp"

namespace heddle::text {
namespace {

// The keywords that are no instructions.
bool is_structural(std::string_view k) {
    static const std::unordered_set<std::string_view> words = {
        "module", "type", "rec", "sub", "final", "func", "struct", "array", "cont", "field", "mut", "param", "result", "local", "ref", "null", "exact", "describes",
        "descriptor", "import", "export", "item", "table", "memory", "global", "tag", "elem", "declare", "data", "offset", "start", "then", "do", "shared", "unshared", "pagesize",
        "i32", "i64", "f32", "f64", "v128", "i8", "i16", "funcref", "externref", "anyref", "eqref", "i31ref", "structref", "arrayref", "exnref", "contref", "nullref",
        "nullfuncref", "nullexternref", "nullexnref", "nullcontref", "extern", "any", "eq", "i31", "none", "nofunc", "noextern", "exn", "noexn", "nocont", "catch_ref",
        "catch_all_ref", "on", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "binary", "quote", "definition", "instance", "register", "invoke", "get", "either",
        "nan:canonical", "nan:arithmetic", "assert_return", "assert_trap", "assert_invalid", "assert_malformed", "assert_unlinkable", "assert_exhaustion", "assert_exception",
        "assert_suspension", "assert_malformed_custom", "assert_invalid_custom", "thread", "wait", "component", "before", "after", "first", "last"};
    return words.contains(k) || k.starts_with("offset=") || k.starts_with("align=");
}

}  // namespace

std::string id_text(std::string_view token) { return token[1] == '"' ? unescape(token.substr(1)) : std::string(token.substr(1)); }

std::string Cursor::name() {
    std::size_t from = offset();
    std::string s = string();
    if (!is_utf8(s)) syntax_error("malformed UTF-8 encoding", from);
    return s;
}

std::optional<std::string> Cursor::take_id() {
    if (!at(Token::Kind::id)) return std::nullopt;
    std::string s = id_text(view());
    ++at_;
    return s;
}

void Cursor::unexpected(u32 ahead) const {
    const Token& t = peek(ahead);
    if (t.kind == Token::Kind::end) syntax_error("unexpected end", t.offset);
    std::string word(list_->view(t).substr(0, 60));
    bool known = t.kind != Token::Kind::reserved && (t.kind != Token::Kind::keyword || is_structural(word) || op_from_text(word) != Op::invalid);
    syntax_error((known ? "unexpected token " : "unknown operator ") + word, t.offset);
}

Annotation* Cursor::take_annotation(Annotation::Kind k) {
    auto& all = list_->annotations;
    if (all.empty()) return nullptr;
    auto it = std::lower_bound(all.begin(), all.end(), at_, [](const Annotation& a, u32 position) { return a.before < position; });
    for (; it != all.end() && it->before == at_; ++it)
        if (it->kind == k && !it->used) {
            it->used = true;
            return &*it;
        }
    return nullptr;
}

}  // namespace heddle::text
