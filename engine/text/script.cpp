// Scripts to commands. https://github.com/WebAssembly/spec/tree/main/interpreter#scripts
#include <array>

#include "context.hpp"
#include "module_source.hpp"

namespace heddle::text {
namespace {

using Kind = Command::Kind;

struct AssertWord {
    std::string_view word;
    Kind kind;
};
constexpr AssertWord assert_words[] = {{"assert_return", Kind::assert_return},
                                       {"assert_trap", Kind::assert_trap},
                                       {"assert_exhaustion", Kind::assert_exhaustion},
                                       {"assert_exception", Kind::assert_exception},
                                       {"assert_suspension", Kind::assert_suspension},
                                       {"assert_invalid", Kind::assert_invalid},
                                       {"assert_malformed", Kind::assert_malformed},
                                       {"assert_unlinkable", Kind::assert_unlinkable},
                                       {"assert_invalid_custom", Kind::assert_invalid_custom},
                                       {"assert_malformed_custom", Kind::assert_malformed_custom}};

struct NumberWord {
    std::string_view word;
    ValType::Kind kind;
};
constexpr NumberWord number_words[] = {{"i32.const", ValType::i32_}, {"i64.const", ValType::i64_}, {"f32.const", ValType::f32_}, {"f64.const", ValType::f64_}};

struct RefWord {
    std::string_view word;
    Expected::Kind kind;
};
constexpr RefWord ref_words[] = {{"ref.func", Expected::Kind::ref_func},   {"ref.struct", Expected::Kind::ref_struct}, {"ref.array", Expected::Kind::ref_array},
                                 {"ref.eq", Expected::Kind::ref_eq},       {"ref.i31", Expected::Kind::ref_i31},       {"ref.i31_shared", Expected::Kind::ref_i31_shared},
                                 {"ref.any", Expected::Kind::ref_any},     {"ref.exn", Expected::Kind::ref_exn},       {"ref.cont", Expected::Kind::ref_cont},
                                 {"ref.extern", Expected::Kind::ref_extern}, {"ref.host", Expected::Kind::ref_host}};

constexpr u32 max_thread_depth = 100;

// Puts `bytes` of `v` at byte `at` of the vector.
void put_lane(V128& out, unsigned at, unsigned bytes, u64 v) {
    if (bytes < 8) v &= (u64(1) << 8 * bytes) - 1;
    (at < 8 ? out.lo : out.hi) |= v << 8 * (at % 8);
}

u64 lane(const V128& v, unsigned at, unsigned bytes) {
    u64 bits = (at < 8 ? v.lo : v.hi) >> 8 * (at % 8);
    return bytes < 8 ? bits & ((u64(1) << 8 * bytes) - 1) : bits;
}

// https://webassembly.github.io/spec/core/syntax/values.html#floating-point
bool matches_lane(u64 actual, u64 expected, unsigned bytes, Expected::Nan nan) {
    if (nan == Expected::Nan::none) return actual == expected;
    u64 sign = u64(1) << (8 * bytes - 1), quiet = bytes == 4 ? 0x7fc00000u : 0x7ff8000000000000u;
    actual &= ~sign;
    return nan == Expected::Nan::canonical ? actual == quiet : (actual & quiet) == quiet;
}

class ScriptParser {
public:
    ScriptParser(TokenList& list, const AssembleOptions& options) : c_(list), options_(options) {}

    Script run() {
        Script s;
        if (begins_with_fields()) {
            s.commands.push_back(whole_file());
        } else {
            while (!c_.done()) s.commands.push_back(command(0));
        }
        return s;
    }

private:
    bool begins_with_fields() const {
        static constexpr std::string_view fields[] = {"type", "rec", "import", "export", "func", "table", "memory", "global", "tag", "elem", "data", "start"};
        return c_.at(Token::Kind::lparen) && std::ranges::any_of(fields, [&](std::string_view f) { return c_.at_keyword(f, 1); });
    }

    Command whole_file() {
        Command cmd;
        cmd.module.emplace();
        try {
            cmd.module->bytes = parse_module_fields(c_, options_, std::nullopt);
        } catch (Error& e) {
            cmd.module->bytes = std::unexpected(std::move(e));
        }
        return cmd;
    }

    // Offsets only grow, so lines are counted once.
    std::size_t line_at(std::size_t offset) {
        std::string_view text = c_.list().text;
        for (; counted_ < offset; ++counted_) line_ += text[counted_] == '\n';
        return line_;
    }

    Command command(u32 depth) {
        Command cmd;
        cmd.offset = c_.offset();
        cmd.line = line_at(cmd.offset);
        if (c_.at_open("module") || c_.at_open("component")) module_command(cmd, true);
        else if (c_.at_open("invoke") || c_.at_open("get")) cmd.kind = Kind::action, cmd.action = action();
        else if (c_.take_open("register")) register_command(cmd);
        else if (c_.take_open("thread")) thread_command(cmd, depth);
        else if (c_.take_open("wait")) wait_command(cmd);
        else assertion(cmd);
        return cmd;
    }

    std::string required_id() {
        auto id = c_.take_id();
        if (!id) c_.unexpected();
        return *id;
    }

    void register_command(Command& cmd) {
        cmd.kind = Kind::register_;
        cmd.field = c_.name();
        cmd.name = c_.take_id().value_or("");
        c_.expect_close();
    }

    void wait_command(Command& cmd) {
        cmd.kind = Kind::wait;
        cmd.name = required_id();
        c_.expect_close();
    }

    void thread_command(Command& cmd, u32 depth) {
        if (depth == max_thread_depth) throw Error{Error::Kind::limit, "threads nested deeper than " + std::to_string(max_thread_depth), cmd.offset};
        cmd.kind = Kind::thread;
        cmd.name = required_id();
        while (c_.take_open("shared")) {
            c_.expect_open("module");
            cmd.shared.push_back(required_id());
            c_.expect_close();
            c_.expect_close();
        }
        while (!c_.at_rparen()) cmd.commands.push_back(command(depth + 1));
        c_.expect_close();
    }

    // (module …) or (component …); fills kind, name, and module or target.
    void module_command(Command& cmd, bool sets_kind) {
        bool definition = c_.at_keyword("definition", 2);
        cmd.component = c_.at_keyword("component", 1);
        if (c_.at_keyword("instance", 2)) {
            if (sets_kind) cmd.kind = Kind::module_instance;
            c_.skip(), c_.skip(), c_.skip();
            cmd.name = c_.take_id().value_or("");
            cmd.target = c_.take_id().value_or("");
            c_.expect_close();
            return;
        }
        if (sets_kind) cmd.kind = definition ? Kind::module_definition : Kind::module;
        cmd.module = cmd.component ? component_source() : parse_module_source(c_, options_);
        cmd.name = cmd.module->name;
    }

    ModuleSource component_source() {
        ModuleSource m;
        m.component = true;
        m.offset = c_.offset();
        u32 next = c_.after_list();
        const Token& close = c_.list().tokens[next - 1];
        if (close.kind != Token::Kind::rparen) syntax_error("unexpected end", c_.list().text.size());
        c_.skip(), c_.skip();
        std::size_t definition = c_.at_keyword("definition") ? c_.offset() : 0;
        if (definition) c_.skip();
        m.name = c_.take_id().value_or("");
        if (c_.at_keyword("binary") || c_.at_keyword("quote")) {
            m.form = c_.at_keyword("binary") ? ModuleSource::Form::binary : ModuleSource::Form::quote;
            c_.skip();
            std::string s;
            while (c_.at(Token::Kind::string)) s += c_.string();
            c_.expect_close();
            if (m.form == ModuleSource::Form::binary) m.bytes = std::vector<u8>(s.begin(), s.end());
            else m.text = std::move(s);
            return m;
        }
        m.text = c_.list().text.substr(m.offset, close.offset + 1 - m.offset);
        // The word belongs to the script, not to the component; blanks keep offsets as they are.
        if (definition) m.text.replace(definition - m.offset, 10, 10, ' ');
        c_.move_to(next);
        return m;
    }

    void assertion(Command& cmd) {
        auto word = std::ranges::find_if(assert_words, [&](const AssertWord& w) { return c_.at_open(w.word); });
        if (word == std::end(assert_words)) c_.unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
        c_.skip(), c_.skip();
        cmd.kind = word->kind;
        if (c_.at_open("module") || c_.at_open("component")) module_command(cmd, false);
        else cmd.action = action();
        if (cmd.kind == Kind::assert_return)
            while (!c_.at_rparen()) cmd.expected.push_back(expected(true));
        else if (c_.at(Token::Kind::string)) cmd.message = c_.string();
        else if (cmd.kind != Kind::assert_exception) c_.unexpected();
        c_.expect_close();
    }

    Action action() {
        Action a;
        if (c_.take_open("get")) a.kind = Action::Kind::get;
        else c_.expect_open("invoke");
        a.module = c_.take_id().value_or("");
        a.field = c_.name();
        while (a.kind == Action::Kind::invoke && !c_.at_rparen()) a.arguments.push_back(argument());
        c_.expect_close();
        return a;
    }

    // ---- values

    static const NumberWord* number_word(std::string_view w) {
        auto it = std::ranges::find(number_words, w, &NumberWord::word);
        return it == std::end(number_words) ? nullptr : it;
    }

    // A component value stays text.
    std::string raw_value() {
        std::size_t from = c_.offset();
        u32 next = c_.after_list();
        const Token& close = c_.list().tokens[next - 1];
        bool value = c_.at(Token::Kind::lparen) && c_.peek(1).kind == Token::Kind::keyword && c_.view(1).contains('.') && close.kind == Token::Kind::rparen;
        if (!value) c_.unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
        c_.move_to(next);
        return std::string(c_.list().text.substr(from, close.offset + 1 - from));
    }

    RawType heap_type() {
        static const IndexSpace none("type");
        return parse_heap_type(c_, none);
    }

    Argument argument() {
        Argument a;
        if (!c_.at(Token::Kind::lparen)) c_.unexpected();
        if (const NumberWord* n = number_word(c_.view(1))) {
            c_.skip(), c_.skip();
            a.type = ValType::number(n->kind);
            a.bits.lo = parse_scalar(c_, n->kind);
        } else if (c_.take_open("v128.const")) {
            Expected e;
            vector(e, false);
            a.type = v128_type;
            a.bits = e.bits;
        } else if (c_.take_open("ref.null")) {
            a.kind = Argument::Kind::ref_null;
            a.type = heap_type().type;
        } else if (c_.at_open("ref.extern") || c_.at_open("ref.host")) {
            a.kind = c_.at_open("ref.extern") ? Argument::Kind::ref_extern : Argument::Kind::ref_host;
            a.type = c_.at_open("ref.extern") ? externref_type : anyref_type;
            c_.skip(), c_.skip();
            a.bits.lo = parse_u32(c_);
        } else {
            a.kind = Argument::Kind::raw;
            a.text = raw_value();
            return a;
        }
        c_.expect_close();
        return a;
    }

    Expected expected(bool may_be_either) {
        Expected e;
        if (!c_.at(Token::Kind::lparen)) c_.unexpected();
        auto ref = std::ranges::find(ref_words, c_.view(1), &RefWord::word);
        if (const NumberWord* n = number_word(c_.view(1))) {
            c_.skip(), c_.skip();
            e.type = ValType::number(n->kind);
            e.bits.lo = scalar(e, 0, n->kind, true);
        } else if (c_.take_open("v128.const")) {
            vector(e, true);
        } else if (c_.take_open("ref.null")) {
            e.kind = Expected::Kind::ref_null;
            e.has_type = !c_.at_rparen();
            if (e.has_type) e.type = heap_type().type;
        } else if (ref != std::end(ref_words)) {
            c_.skip(), c_.skip();
            e.kind = ref->kind;
            e.has_number = c_.at(Token::Kind::natural);
            if (e.has_number) e.bits.lo = parse_u32(c_);
        } else if (may_be_either && c_.take_open("either")) {
            e.kind = Expected::Kind::either;
            while (!c_.at_rparen()) e.alternatives.push_back(expected(false));
        } else {
            e.kind = Expected::Kind::raw;
            e.text = raw_value();
            return e;
        }
        c_.expect_close();
        return e;
    }

    // A number, or nan:canonical and nan:arithmetic where patterns are allowed.
    u64 scalar(Expected& e, unsigned lane, ValType::Kind k, bool patterns) {
        bool is_float = k == ValType::f32_ || k == ValType::f64_;
        if (patterns && is_float) {
            if (c_.take_keyword("nan:canonical")) return e.nan[lane] = Expected::Nan::canonical, 0;
            if (c_.take_keyword("nan:arithmetic")) return e.nan[lane] = Expected::Nan::arithmetic, 0;
        }
        return parse_scalar(c_, k);
    }

    void vector(Expected& e, bool patterns) {
        const Shape* shape = c_.at(Token::Kind::keyword) ? find_shape(c_.view()) : nullptr;
        if (!shape) c_.unexpected();
        c_.skip();
        e.type = v128_type;
        e.lane_bytes = u8(16 / shape->lanes);
        for (unsigned i = 0; i < shape->lanes; ++i) {
            if (c_.at_rparen()) syntax_error("wrong number of lane literals", c_.offset());
            put_lane(e.bits, i * e.lane_bytes, e.lane_bytes, scalar(e, i, shape->lane, patterns));
        }
    }

    Cursor c_;
    AssembleOptions options_;
    std::size_t counted_ = 0, line_ = 1;
};

}  // namespace

bool Expected::matches_bits(V128 actual) const {
    unsigned total = type == v128_type ? 16 : type == i32_type || type == f32_type ? 4 : 8;
    unsigned bytes = type == v128_type && lane_bytes ? lane_bytes : std::min(total, 8u);
    for (unsigned at = 0; at < total; at += bytes) {
        Nan n = bytes >= 4 ? nan[at / bytes] : Nan::none;
        if (!matches_lane(lane(actual, at, bytes), lane(bits, at, bytes), bytes, n)) return false;
    }
    return true;
}

const char* to_string(Command::Kind k) {
    switch (k) {
    case Kind::module: return "module";
    case Kind::module_definition: return "module definition";
    case Kind::module_instance: return "module instance";
    case Kind::register_: return "register";
    case Kind::action: return "action";
    case Kind::thread: return "thread";
    case Kind::wait: return "wait";
    default: break;
    }
    for (const AssertWord& w : assert_words)
        if (w.kind == k) return w.word.data();
    return "";
}

Result<Script> parse_script(std::string_view wast, const AssembleOptions& options) {
    try {
        TokenList list = lex(wast);
        return ScriptParser(list, options).run();
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::text
