// Instructions, flat and folded, to bytes. Nesting lives in an explicit stack, so depth costs heap and never native stack.
// https://webassembly.github.io/spec/core/text/instructions.html
#include <bit>

#include "context.hpp"
#include "number.hpp"

namespace heddle::text {
namespace {

class Instructions {
public:
    Instructions(ModuleContext& m, const Body& b) : m_(m), c_(m.cursor), body_(b), out_(*b.out) {}

    // Up to the ")" that closes the list we are in, or one folded instruction.
    void run(bool single) {
        if (single && !c_.at(Token::Kind::lparen)) c_.unexpected();
        frames_.push_back({Frame::base, 0, 0, no_hint});
        do {
            step();
        } while (!frames_.empty() && !(single && frames_.size() == 1));
    }

private:
    static constexpr u8 no_hint = 0xff;

    struct Frame {
        // What may come next inside it:
        enum Kind : u8 {
            base,         // instructions, until ")"
            block,        // instructions, until `end`
            if_,          // instructions, until `else` or `end`
            try_,         // instructions, until a catch clause, `delegate` or `end`
            catch_,       // instructions, until a catch clause or `end`
            folded,       // folded operands of a plain instruction, until ")"
            folded_block, // instructions, until ")"
            folded_if,    // folded condition, until "(then"
            folded_then,  // instructions, until ")", then "(else" or ")"
            folded_last,  // the last part of a folded if or try: instructions, until ")", then ")"
            folded_try,   // "(do"
            folded_do,    // instructions, until ")", then catch clauses or ")"
            folded_catch, // instructions, until ")"
            clauses,      // "(catch", "(catch_all", "(delegate" or ")"
            more_clauses, // "(catch", "(catch_all" or ")"
            else_clause,  // "(else" or ")"
            closing       // only ")"
        } kind;
        u32 pending = 0;      // where its own bytes begin in pending_
        u32 at = 0;           // the opening, for messages
        u8 hint = no_hint;
        bool ends = true;     // writes `end` at its ")"
    };

    static bool holds_instructions(Frame::Kind k) {
        switch (k) {
        case Frame::base:
        case Frame::block:
        case Frame::if_:
        case Frame::try_:
        case Frame::catch_:
        case Frame::folded_block:
        case Frame::folded_then:
        case Frame::folded_last:
        case Frame::folded_do:
        case Frame::folded_catch: return true;
        default: return false;
        }
    }

    Frame& top() { return frames_.back(); }

    void step() {
        u8 hint = take_hint(no_hint);
        switch (c_.peek().kind) {
        case Token::Kind::rparen: no_hint_here(hint); return close();
        case Token::Kind::lparen: return open(hint);
        case Token::Kind::end:
            no_hint_here(hint);
            syntax_error("unexpected end", c_.offset());
        default:
            if (!holds_instructions(top().kind)) c_.unexpected();
            flat(hint);
        }
    }

    // ---- parentheses

    void close() {
        Frame f = top();
        switch (f.kind) {
        case Frame::base: return frames_.pop_back();
        case Frame::folded:
            hint_here(f.hint);
            flush(f.pending);
            frames_.pop_back();
            break;
        case Frame::folded_block: end_block(); break;
        case Frame::folded_then: top().kind = Frame::else_clause; break;
        case Frame::folded_last: top().kind = Frame::closing; break;
        case Frame::folded_do: top().kind = Frame::clauses; break;
        case Frame::folded_catch: top().kind = Frame::more_clauses; break;
        case Frame::else_clause:
        case Frame::clauses:
        case Frame::more_clauses:
        case Frame::closing:
            if (f.ends) end_block();
            else frames_.pop_back();
            break;
        default: c_.unexpected();
        }
        c_.skip();
    }

    void end_block() {
        out_.byte(0x0b);
        pop_label();
        frames_.pop_back();
    }

    void open(u8 hint) {
        switch (top().kind) {
        case Frame::folded_if:
            if (c_.at_open("then")) return open_then();
            return open_instruction(hint);
        case Frame::else_clause: return open_else();
        case Frame::folded_try:
            c_.expect_open("do");
            top().kind = Frame::folded_do;
            return;
        case Frame::clauses:
        case Frame::more_clauses: return open_clause();
        case Frame::closing: c_.unexpected(1);
        default: return open_instruction(hint);
        }
    }

    void open_then() {
        Frame& f = top();
        c_.skip(), c_.skip();
        hint_here(f.hint);
        flush(f.pending);
        push_label(std::move(if_labels_.back()));
        if_labels_.pop_back();
        f.kind = Frame::folded_then;
    }

    void open_else() {
        c_.expect_open("else");
        out_.byte(0x05);
        top().kind = Frame::folded_last;
    }

    void open_clause() {
        if (c_.take_open("catch")) {
            out_.byte(0x07);
            out_.u32_leb(m_.tags.index(c_));
            top().kind = Frame::folded_catch;
        } else if (c_.take_open("catch_all")) {
            out_.byte(0x19);
            top().kind = Frame::folded_last;
        } else {
            if (top().kind == Frame::more_clauses) c_.unexpected(1);
            c_.expect_open("delegate");
            delegate();
            top().kind = Frame::closing;
            top().ends = false;
            c_.expect_close();
        }
    }

    // The label of `delegate` is seen from outside its try.
    void delegate() {
        pop_label();
        out_.byte(0x18);
        out_.u32_leb(label());
    }

    void open_instruction(u8 hint) {
        u32 at = c_.position();
        c_.skip();
        hint = take_hint(hint);
        Op op = keyword();
        Frame f{Frame::folded, u32(pending_.bytes.size()), at, no_hint};
        switch (op) {
        case Op::block:
        case Op::loop:
        case Op::try_table:
            no_hint_here(hint);
            begin_block(op, out_);
            f.kind = Frame::folded_block;
            break;
        case Op::if_:
            if_labels_.push_back(block_label());
            write_op(pending_, op);
            write_block_type(pending_, parse_block_type(m_));
            f.kind = Frame::folded_if;
            f.hint = hint;
            break;
        case Op::try_:
            no_hint_here(hint);
            begin_block(op, out_);
            f.kind = Frame::folded_try;
            break;
        case Op::else_:
        case Op::end:
        case Op::catch_:
        case Op::catch_all:
        case Op::delegate: c_.move_to(at + 1); c_.unexpected();
        default:
            if (op != Op::br_if) no_hint_here(hint);
            plain(op, pending_);
            f.hint = hint;
        }
        frames_.push_back(f);
    }

    // Moves the bytes of a folded instruction behind those of its operands.
    void flush(u32 from) {
        out_.span(std::span(pending_.bytes).subspan(from));
        pending_.bytes.resize(from);
    }

    // ---- flat instructions

    Op keyword() {
        if (!c_.at(Token::Kind::keyword)) c_.unexpected();
        Op op = op_from_text(c_.view());
        if (op == Op::invalid) c_.unexpected();
        c_.skip();
        return op;
    }

    void flat(u8 hint) {
        u32 at = c_.position();
        Op op = keyword();
        if (op == Op::if_ || op == Op::br_if) hint_here(hint);
        else no_hint_here(hint);
        switch (op) {
        case Op::block:
        case Op::loop:
        case Op::try_table: return flat_block(op, Frame::block, at);
        case Op::if_: return flat_block(op, Frame::if_, at);
        case Op::try_: return flat_block(op, Frame::try_, at);
        case Op::else_:
            need(top().kind == Frame::if_, at);
            repeat_label();
            out_.byte(0x05);
            top().kind = Frame::block;
            return;
        case Op::catch_:
        case Op::catch_all:
            need(top().kind == Frame::try_ || top().kind == Frame::catch_, at);
            write_op(out_, op);
            if (op == Op::catch_) out_.u32_leb(m_.tags.index(c_));
            else repeat_label();
            top().kind = op == Op::catch_ ? Frame::catch_ : Frame::block;
            return;
        case Op::delegate:
            need(top().kind == Frame::try_, at);
            delegate();
            frames_.pop_back();
            return;
        case Op::end:
            need(top().kind == Frame::block || top().kind == Frame::if_ || top().kind == Frame::try_ || top().kind == Frame::catch_, at);
            repeat_label();
            return end_block();
        default: plain(op, out_);
        }
    }

    void need(bool condition, u32 at) {
        if (condition) return;
        c_.move_to(at);
        c_.unexpected();
    }

    void flat_block(Op op, Frame::Kind kind, u32 at) {
        begin_block(op, out_);
        frames_.push_back({kind, 0, at, no_hint});
    }

    // `end $l` and `else $l` may repeat the block's label.
    void repeat_label() {
        std::size_t from = c_.offset();
        auto id = c_.take_id();
        if (id && *id != labels_.back()) syntax_error("mismatching label", from);
    }

    // ---- labels

    // Empty when the block has none; an identifier is never empty.
    std::string block_label() {
        std::string l = c_.take_id().value_or("");
        take_name_annotation(c_);
        return l;
    }

    u32 label() {
        if (c_.at(Token::Kind::natural)) return parse_u32(c_);
        if (!c_.at(Token::Kind::id)) c_.unexpected();
        std::string id = id_text(c_.view());
        auto it = label_depths_.find(id);
        if (it == label_depths_.end() || it->second.empty()) syntax_error("unknown label $" + id, c_.offset());
        c_.skip();
        return u32(labels_.size()) - 1 - it->second.back();
    }

    void push_label(std::string id) {
        if (!id.empty()) label_depths_[id].push_back(u32(labels_.size()));
        labels_.push_back(std::move(id));
    }
    void pop_label() {
        if (!labels_.back().empty()) label_depths_[labels_.back()].pop_back();
        labels_.pop_back();
    }

    void begin_block(Op op, Writer& w) {
        std::string l = block_label();
        write_op(w, op);
        write_block_type(w, parse_block_type(m_));
        if (op == Op::try_table) catches(w);
        push_label(std::move(l));
    }

    void catches(Writer& w) {
        struct Clause {
            std::string_view word;
            bool tag;
        };
        static constexpr Clause clauses[] = {{"catch", true}, {"catch_ref", true}, {"catch_all", false}, {"catch_all_ref", false}};
        vector(w, [&](Writer& v) {
            for (u8 i = 0; i < 4; ++i) {
                if (!c_.take_open(clauses[i].word)) continue;
                v.byte(i);
                if (clauses[i].tag) v.u32_leb(m_.tags.index(c_));
                v.u32_leb(label());
                c_.expect_close();
                return true;
            }
            return false;
        });
    }

    void handlers(Writer& w) {
        vector(w, [&](Writer& v) {
            if (!c_.take_open("on")) return false;
            u32 tag = m_.tags.index(c_);
            bool is_switch = c_.take_keyword("switch");
            v.byte(is_switch);
            v.u32_leb(tag);
            if (!is_switch) v.u32_leb(label());
            c_.expect_close();
            return true;
        });
    }

    // A count and the elements, as long as there are any.
    template <class F>
    void vector(Writer& w, F one) {
        Writer elements;
        u32 n = 0;
        while (one(elements)) ++n;
        w.u32_leb(n);
        w.span(elements.bytes);
    }

    // ---- branch hints

    u8 take_hint(u8 before) {
        Annotation* a = body_.hints ? c_.take_annotation(Annotation::Kind::branch_hint) : nullptr;
        if (!a) return before;
        if (before != no_hint || c_.take_annotation(Annotation::Kind::branch_hint))
            syntax_error("@metadata.code.branch_hint annotation: duplicate annotation", a->offset);
        hint_offset_ = a->offset;
        return parse_branch_hint(c_.list(), *a);
    }
    void no_hint_here(u8 hint) const {
        if (hint != no_hint) throw Error{Error::Kind::invalid, "@metadata.code.branch_hint annotation: invalid target", hint_offset_};
    }
    void hint_here(u8 hint) {
        if (hint != no_hint) body_.hints->emplace_back(u32(out_.bytes.size()), hint);
    }

    // ---- plain instructions: the opcode and its immediates

    void plain(Op op, Writer& w) {
        switch (info(op).imm) {
        case Imm::Types: break;
        case Imm::HeapType: return heap_type(op, w);
        default:
            if (op == Op::select && c_.at_open("result")) {
                write_op(w, Op::select_t);
                auto types = parse_results(c_, m_.type_names);
                w.u64_leb(types.size());
                for (RawType t : types) write_val_type(w, t);
                return;
            }
        }
        write_op(w, op);
        immediates(op, w);
    }

    // ref.null takes a heap type; ref.test and ref.cast a reference type, whose nullability chooses the opcode.
    void heap_type(Op op, Writer& w) {
        if (op == Op::ref_null) {
            write_op(w, op);
            return write_heap_type(w, parse_heap_type(c_, m_.type_names));
        }
        RawType t = parse_ref_type(c_, m_.type_names);
        Op twin = Op(u32(op) + 1);
        write_op(w, t.type.nullable() && twin < Op::count_ && info(twin).text == info(op).text ? twin : op);
        write_heap_type(w, t);
    }

    void immediates(Op op, Writer& w) {
        switch (info(op).imm) {
        case Imm::None:
        case Imm::BlockType:
        case Imm::TryTable:
        case Imm::HeapType:
        case Imm::Types: return;
        case Imm::Label: return w.u32_leb(label());
        case Imm::LabelTable: return label_table(w);
        case Imm::Func: return index(m_.funcs, w);
        case Imm::Type: return index(m_.type_names, w);
        case Imm::Local: return index(*body_.locals, w);
        case Imm::Global: return index(m_.globals, w);
        case Imm::Elem: return index(m_.elems, w);
        case Imm::Tag: return index(m_.tags, w);
        case Imm::Table: return w.u32_leb(optional_index(m_.tables));
        case Imm::Memory: return w.u32_leb(optional_index(m_.memories));
        case Imm::Data: m_.needs_data_count = true; return index(m_.data, w);
        case Imm::TypeTable: return type_table(w);
        case Imm::TableTable: return two(m_.tables, w);
        case Imm::MemoryMemory: return two(m_.memories, w);
        case Imm::ElemTable: return segment(m_.elems, m_.tables, w);
        case Imm::DataMemory: m_.needs_data_count = true; return segment(m_.data, m_.memories, w);
        case Imm::MemArg: return mem_arg(op, w);
        case Imm::MemArgLane:
            mem_arg(op, w);
            return w.byte(parse_lane(c_));
        case Imm::Lane: return w.byte(parse_lane(c_));
        case Imm::Shuffle: return shuffle(w);
        case Imm::V128: return v128(w);
        case Imm::I32: return w.i32_leb(i32(u32(parse_scalar(c_, ValType::i32_))));
        case Imm::I64: return w.i64_leb(i64(parse_scalar(c_, ValType::i64_)));
        case Imm::F32: return w.fixed32(u32(parse_scalar(c_, ValType::f32_)));
        case Imm::F64: return w.fixed64(parse_scalar(c_, ValType::f64_));
        case Imm::TypeField: return type_field(w);
        case Imm::TypeLength:
            index(m_.type_names, w);
            return w.u32_leb(parse_u32(c_));
        case Imm::TypeData:
            m_.needs_data_count = true;
            index(m_.type_names, w);
            return index(m_.data, w);
        case Imm::TypeElem:
            index(m_.type_names, w);
            return index(m_.elems, w);
        case Imm::TypeType:
            index(m_.type_names, w);
            return index(m_.type_names, w);
        case Imm::TypeTag:
            index(m_.type_names, w);
            return index(m_.tags, w);
        case Imm::TypeHandlers:
            index(m_.type_names, w);
            return handlers(w);
        case Imm::TypeTagHandlers:
            index(m_.type_names, w);
            index(m_.tags, w);
            return handlers(w);
        case Imm::BrOnCast: return br_on_cast(w);
        case Imm::Zero: return w.byte(0);
        }
    }

    void index(const IndexSpace& space, Writer& w) { w.u32_leb(space.index(c_)); }
    u32 optional_index(const IndexSpace& space) { return c_.at_index() ? space.index(c_) : 0; }

    // Both or neither.
    void two(const IndexSpace& space, Writer& w) {
        if (!c_.at_index()) return w.u32_leb(0), w.u32_leb(0);
        index(space, w);
        index(space, w);
    }

    // In text the memory or table comes first and may be left out; in bytes it comes second.
    void segment(const IndexSpace& segments, const IndexSpace& space, Writer& w) {
        u32 where = c_.at_index(1) ? space.index(c_) : 0;
        index(segments, w);
        w.u32_leb(where);
    }

    void label_table(Writer& w) {
        std::vector<u32> labels{label()};
        while (c_.at_index()) labels.push_back(label());
        w.u64_leb(labels.size() - 1);
        for (u32 l : labels) w.u32_leb(l);
    }

    void type_table(Writer& w) {
        u32 table = optional_index(m_.tables);
        w.u32_leb(parse_type_use(m_, nullptr).index);
        w.u32_leb(table);
    }

    void type_field(Writer& w) {
        u32 type = m_.type_names.index(c_);
        w.u32_leb(type);
        bool is_struct = type < m_.types.size() && m_.types[type].field_names;
        if (is_struct) return index(*m_.types[type].field_names, w);
        static const IndexSpace none("field");
        index(none, w);
    }

    void br_on_cast(Writer& w) {
        u32 l = label();
        RawType from = parse_ref_type(c_, m_.type_names), to = parse_ref_type(c_, m_.type_names);
        w.byte(u8(from.type.nullable() | to.type.nullable() << 1));
        w.u32_leb(l);
        write_heap_type(w, from);
        write_heap_type(w, to);
    }

    // memory? offset=…? align=…?
    void mem_arg(Op op, Writer& w) {
        MemArg arg;
        bool lane_follows = info(op).imm == Imm::MemArgLane;
        // Before a lane, a lone number is the lane.
        bool memory = c_.at_index() && (!lane_follows || c_.at(Token::Kind::id) || c_.at_index(1) || at_field("offset=", 1) || at_field("align=", 1));
        if (memory) arg.memory = m_.memories.index(c_);
        if (at_field("offset=")) arg.offset = field_value(7, "offset out of range");
        u64 natural = info(op).access_bytes ? info(op).access_bytes : default_alignment(op), align = natural;
        if (at_field("align=")) {
            std::size_t from = c_.offset();
            align = field_value(6, "alignment out of range");
            if (!std::has_single_bit(align)) syntax_error("alignment must be a power of two", from);
        }
        arg.align = u32(std::countr_zero(align));
        write_mem_arg(w, arg);
    }

    // The rows that are no plain loads and stores have no access size: notify and wait.
    static u64 default_alignment(Op op) { return op == Op::memory_atomic_wait64 ? 8 : 4; }

    bool at_field(std::string_view name, u32 ahead = 0) const { return c_.peek(ahead).kind == Token::Kind::keyword && c_.view(ahead).starts_with(name); }

    u64 field_value(std::size_t skip, const char* message) {
        std::string_view digits = c_.view().substr(skip);
        if (digits.empty() || classify_number(digits) != Token::Kind::natural) syntax_error("unknown operator " + std::string(c_.view()), c_.offset());
        auto v = parse_unsigned(digits);
        if (!v) syntax_error(message, c_.offset());
        c_.skip();
        return *v;
    }

    void shuffle(Writer& w) {
        std::size_t from = c_.offset();
        for (int i = 0; i < 16; ++i) {
            if (c_.at_rparen() || c_.at(Token::Kind::lparen) || c_.at(Token::Kind::keyword)) syntax_error("invalid lane length", from);
            if (c_.at(Token::Kind::integer) || c_.at(Token::Kind::float_)) syntax_error("i8 constant out of range", c_.offset());
            w.byte(parse_lane(c_));
        }
        if (c_.at(Token::Kind::natural)) syntax_error("invalid lane length", from);
    }

    void v128(Writer& w) {
        const Shape* shape = c_.at(Token::Kind::keyword) ? find_shape(c_.view()) : nullptr;
        if (!shape) c_.unexpected();
        c_.skip();
        for (u8 i = 0; i < shape->lanes; ++i) {
            Token::Kind k = c_.peek().kind;
            if (k == Token::Kind::rparen || k == Token::Kind::lparen || k == Token::Kind::keyword) syntax_error("wrong number of lane literals", c_.offset());
            u64 v = parse_scalar(c_, shape->lane);
            for (int b = 0; b < 16 / shape->lanes; ++b) w.byte(u8(v >> 8 * b));
        }
        Token::Kind k = c_.peek().kind;
        if (k == Token::Kind::natural || k == Token::Kind::integer || k == Token::Kind::float_) syntax_error("wrong number of lane literals", c_.offset());
    }

    ModuleContext& m_;
    Cursor& c_;
    const Body& body_;
    Writer& out_;
    std::vector<Frame> frames_;
    std::vector<std::string> labels_;      // of the open blocks, outermost first
    std::unordered_map<std::string, std::vector<u32>> label_depths_;   // where in labels_ each identifier stands, innermost last
    std::vector<std::string> if_labels_;   // of folded ifs whose condition is being read
    Writer pending_;                       // folded instructions that wait for their operands
    std::size_t hint_offset_ = 0;
};

}  // namespace

void parse_instructions(ModuleContext& m, const Body& body) { Instructions(m, body).run(false); }
void parse_folded_instruction(ModuleContext& m, const Body& body) { Instructions(m, body).run(true); }

}  // namespace heddle::text
