// Instructions to text, flat or folded. Folding only moves parentheses: operands are written in the order they are computed, so any
// grouping gives the same bytes, and a wrong guess about arity (in invalid code) costs only beauty.
#include <cstdio>

#include "number.hpp"
#include "print_context.hpp"

namespace heddle::text {
namespace {

struct Arity {
    u32 operands = 0, results = 0;
};

enum class Open : u8 { block, if_, else_, try_, catch_, last_catch };

// Reads instructions, keeps the nesting, and hands each as text to a Sink:
//   plain(text, arity) · open(op, text, results, has_params) · part(op, text) · close() · delegate(text)
template <class Sink>
class Walker {
public:
    Walker(const PrintContext& p, const NameTable* locals, Reader& r, Sink& sink) : p_(p), locals_(locals), r_(r), sink_(sink) {}

    // Up to and including the `end` of the sequence.
    void run() {
        for (;;) {
            read_instr(r_, in_);
            switch (in_.op) {
            case Op::block:
            case Op::loop:
            case Op::try_table: open(Open::block); break;
            case Op::if_: open(Open::if_); break;
            case Op::try_: open(Open::try_); break;
            case Op::else_: part(top() == Open::if_, Open::else_); break;
            case Op::catch_: part(top() == Open::try_ || top() == Open::catch_, Open::catch_); break;
            case Op::catch_all: part(top() == Open::try_ || top() == Open::catch_, Open::last_catch); break;
            case Op::delegate:
                if (top() != Open::try_) misplaced();
                open_.pop_back();
                sink_.delegate("delegate" + immediates());
                break;
            case Op::end:
                if (open_.empty()) return;
                open_.pop_back();
                sink_.close();
                break;
            default: plain();
            }
        }
    }

private:
    std::optional<Open> top() const { return open_.empty() ? std::nullopt : std::optional(open_.back()); }
    [[noreturn]] void misplaced() const { malformed("misplaced " + std::string(info(in_.op).text), in_.offset); }

    void plain() {
        std::string text(info(in_.op).text);
        text += immediates();
        sink_.plain(std::move(text), arity());
    }

    void open(Open kind) {
        std::string text(info(in_.op).text);
        open_.push_back(kind);
        text += " (;@" + std::to_string(open_.size()) + ";)" + block_type(in_.block);
        open_.pop_back();   // catch labels are seen from outside
        if (in_.op == Op::try_table) text += catches();
        open_.push_back(kind);
        auto [params, results] = block_arity();
        sink_.open(in_.op, std::move(text), results, params != 0);
    }

    void part(bool allowed, Open next) {
        if (!allowed) misplaced();
        open_.back() = next;
        sink_.part(in_.op, std::string(info(in_.op).text) + immediates());
    }

    std::string block_type(const BlockType& b) const {
        if (b.kind == BlockType::Kind::empty) return "";
        if (b.kind == BlockType::Kind::value) return " (result " + print_val_type(p_, b.value) + ")";
        return print_type_use(p_, b.index, nullptr);
    }
    Arity block_arity() const {
        if (in_.block.kind != BlockType::Kind::index) return {0, in_.block.kind == BlockType::Kind::value};
        const TypeDef* t = p_.find_func_type(in_.block.index);
        return t ? Arity{u32(t->params.size()), u32(t->results.size())} : Arity{};
    }

    std::string label(u32 l) const {
        std::string s = " " + std::to_string(l);
        return l < open_.size() ? s + " (;@" + std::to_string(open_.size() - l) + ";)" : s;
    }
    static std::string use(const NameTable& t, u32 i) { return " " + t.use(i); }
    static std::string use_unless_0(const NameTable& t, u32 i) { return i ? " " + t.use(i) : ""; }

    std::string catches() const {
        static constexpr std::string_view words[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
        std::string s;
        Reader r(in_.vec);
        while (!r.done()) {
            Catch c = read_catch(r);
            s += " (" + std::string(words[u8(c.kind)]);
            if (u8(c.kind) < 2) s += use(p_.tags, c.tag);
            s += label(c.label) + ")";
        }
        return s;
    }

    std::string handlers() const {
        std::string s;
        Reader r(in_.vec);
        while (!r.done()) {
            ResumeHandler h = read_resume_handler(r);
            s += " (on" + use(p_.tags, h.tag) + (h.is_switch ? " switch" : label(h.label)) + ")";
        }
        return s;
    }

    std::string mem_arg() const {
        std::string s = use_unless_0(p_.memories, in_.mem.memory);
        if (in_.mem.offset) s += " offset=" + std::to_string(in_.mem.offset);
        u64 natural = info(in_.op).access_bytes, align = u64(1) << in_.mem.align;
        if (natural == 0) natural = in_.op == Op::memory_atomic_wait64 ? 8 : 4;
        if (align != natural) s += " align=" + std::to_string(align);
        return s;
    }

    std::string v128() const {
        char buffer[64];
        std::string s = " i32x4";
        for (u32 v : {u32(in_.v128.lo), u32(in_.v128.lo >> 32), u32(in_.v128.hi), u32(in_.v128.hi >> 32)}) {
            std::snprintf(buffer, sizeof buffer, " 0x%08x", v);
            s += buffer;
        }
        return s;
    }
    std::string shuffle() const {
        std::string s;
        for (int i = 0; i < 16; ++i) s += " " + std::to_string(u8((i < 8 ? in_.v128.lo : in_.v128.hi) >> 8 * (i % 8)));
        return s;
    }
    std::string types() const {
        std::string s = " (result";
        Reader r(in_.vec);
        while (!r.done()) s += " " + print_val_type(p_, read_val_type(r));
        return s + ")";
    }
    std::string labels() const {
        std::string s;
        Reader r(in_.vec);
        while (!r.done()) s += label(r.u32_leb());
        return s;
    }

    // The immediates, each with a blank in front, in the text format's order.
    std::string immediates() const {
        switch (info(in_.op).imm) {
        case Imm::None:
        case Imm::Zero: return "";
        case Imm::BlockType: return block_type(in_.block);
        case Imm::TryTable: return block_type(in_.block) + catches();
        case Imm::Label: return label(in_.index);
        case Imm::LabelTable: return labels();
        case Imm::Func: return use(p_.funcs, in_.index);
        case Imm::Type: return use(p_.type_names, in_.index);
        case Imm::TypeTable: return use_unless_0(p_.tables, in_.index2) + " (type " + p_.type_names.use(in_.index) + ")";
        case Imm::Local: return locals_ ? use(*locals_, in_.index) : " " + std::to_string(in_.index);
        case Imm::Global: return use(p_.globals, in_.index);
        case Imm::Table: return use_unless_0(p_.tables, in_.index);
        case Imm::TableTable: return in_.index || in_.index2 ? use(p_.tables, in_.index) + use(p_.tables, in_.index2) : "";
        case Imm::Elem: return use(p_.elems, in_.index);
        case Imm::ElemTable: return use_unless_0(p_.tables, in_.index2) + use(p_.elems, in_.index);
        case Imm::Memory: return use_unless_0(p_.memories, in_.index);
        case Imm::MemoryMemory: return in_.index || in_.index2 ? use(p_.memories, in_.index) + use(p_.memories, in_.index2) : "";
        case Imm::Data: return use(p_.data, in_.index);
        case Imm::DataMemory: return use_unless_0(p_.memories, in_.index2) + use(p_.data, in_.index);
        case Imm::MemArg: return mem_arg();
        case Imm::MemArgLane: return mem_arg() + " " + std::to_string(in_.lane);
        case Imm::Lane: return " " + std::to_string(in_.lane);
        case Imm::Shuffle: return shuffle();
        case Imm::V128: return v128();
        case Imm::I32: return " " + std::to_string(i32(u32(in_.bits)));
        case Imm::I64: return " " + std::to_string(i64(in_.bits));
        case Imm::F32: return " " + print_f32(u32(in_.bits));
        case Imm::F64: return " " + print_f64(in_.bits);
        case Imm::HeapType: return " " + (in_.op == Op::ref_null ? print_heap_type(p_, in_.type) : reference(in_.type));
        case Imm::Types: return types();
        case Imm::Tag: return use(p_.tags, in_.index);
        case Imm::TypeField: return use(p_.type_names, in_.index) + field();
        case Imm::TypeLength: return use(p_.type_names, in_.index) + " " + std::to_string(in_.count);
        case Imm::TypeData: return use(p_.type_names, in_.index) + use(p_.data, in_.index2);
        case Imm::TypeElem: return use(p_.type_names, in_.index) + use(p_.elems, in_.index2);
        case Imm::TypeType: return use(p_.type_names, in_.index) + use(p_.type_names, in_.index2);
        case Imm::TypeTag: return use(p_.type_names, in_.index) + use(p_.tags, in_.index2);
        case Imm::TypeHandlers: return use(p_.type_names, in_.index) + handlers();
        case Imm::TypeTagHandlers: return use(p_.type_names, in_.index) + use(p_.tags, in_.index2) + handlers();
        case Imm::BrOnCast: return label(in_.index) + " " + print_val_type(p_, in_.type) + " " + print_val_type(p_, in_.type2);
        }
        return "";
    }

    std::string reference(RawType t) const { return print_val_type(p_, t); }
    std::string field() const {
        auto it = p_.fields.find(in_.index);
        return " " + (it == p_.fields.end() ? std::to_string(in_.index2) : it->second.use(in_.index2));
    }

    // ---- how many operands and results, for folding

    Arity call_arity(const TypeDef* t, u32 more) const { return t ? Arity{u32(t->params.size()) + more, u32(t->results.size())} : Arity{more, 0}; }

    u32 field_count() const { return in_.index < p_.types.size() ? u32(p_.types[in_.index].fields.size()) : 0; }

    Arity arity() const {
        const OpInfo& o = info(in_.op);
        switch (o.kind) {
        case RowKind::pure:
        case RowKind::wide:
        case RowKind::lane: return {o.signature.operand_count, o.signature.result_count};
        case RowKind::other: return other_arity();
        default: return {o.signature.operand_count + 1u, o.signature.result_count};   // the address too
        }
    }

    Arity other_arity() const {
        switch (in_.op) {
        case Op::call: return call_arity(p_.type_of_func(in_.index), 0);
        case Op::call_indirect:
        case Op::call_ref: return call_arity(p_.find_func_type(in_.index), 1);
        case Op::return_call_indirect:
        case Op::return_call_ref: return {call_arity(p_.find_func_type(in_.index), 1).operands, 0};
        case Op::return_call: return {call_arity(p_.type_of_func(in_.index), 0).operands, 0};
        case Op::struct_new: return {field_count(), 1};
        case Op::array_new_fixed: return {in_.count, 1};
        case Op::i32_const:
        case Op::i64_const:
        case Op::f32_const:
        case Op::f64_const:
        case Op::v128_const:
        case Op::local_get:
        case Op::global_get:
        case Op::memory_size:
        case Op::table_size:
        case Op::ref_null:
        case Op::ref_func:
        case Op::struct_new_default: return {0, 1};
        case Op::local_tee:
        case Op::memory_grow:
        case Op::table_get:
        case Op::ref_is_null:
        case Op::ref_as_non_null:
        case Op::struct_get:
        case Op::struct_get_s:
        case Op::struct_get_u:
        case Op::array_new_default:
        case Op::array_len:
        case Op::ref_test:
        case Op::ref_test_null:
        case Op::ref_cast:
        case Op::ref_cast_null:
        case Op::any_convert_extern:
        case Op::extern_convert_any:
        case Op::ref_i31:
        case Op::i31_get_s:
        case Op::i31_get_u:
        case Op::cont_new: return {1, 1};
        case Op::ref_eq:
        case Op::table_grow:
        case Op::array_new:
        case Op::array_new_data:
        case Op::array_new_elem:
        case Op::array_get:
        case Op::array_get_s:
        case Op::array_get_u:
        case Op::i8x16_shuffle:
        case Op::memory_atomic_notify: return {2, 1};
        case Op::select:
        case Op::select_t:
        case Op::memory_atomic_wait32:
        case Op::memory_atomic_wait64: return {3, 1};
        case Op::drop:
        case Op::local_set:
        case Op::global_set:
        case Op::br_if:
        case Op::br_table:
        case Op::throw_ref: return {1, 0};
        case Op::table_set:
        case Op::struct_set: return {2, 0};
        case Op::array_set:
        case Op::memory_init:
        case Op::memory_copy:
        case Op::memory_fill:
        case Op::table_init:
        case Op::table_copy:
        case Op::table_fill: return {3, 0};
        case Op::array_fill:
        case Op::array_init_data:
        case Op::array_init_elem: return {4, 0};
        case Op::array_copy: return {5, 0};
        default: return {};
        }
    }

    const PrintContext& p_;
    const NameTable* locals_;
    Reader& r_;
    Sink& sink_;
    Instr in_;
    std::vector<Open> open_;
};

// One instruction per line.
struct FlatSink {
    const PrintOptions& options;
    u32 depth;
    std::string& out;

    void line(u32 at, std::string_view text) {
        indent(out, at, options);
        out += text;
        out += '\n';
    }
    void plain(std::string text, Arity) { line(depth, text); }
    void open(Op, std::string text, u32, bool) { line(depth++, text); }
    void part(Op, std::string text) { line(depth - 1, text); }
    void close() { line(--depth, "end"); }
    void delegate(std::string text) { line(--depth, text); }
};

// All on one line, as constant expressions are.
struct LineSink {
    std::string text;
    u32 count = 0;
    bool structured = false;

    void add(std::string_view s) {
        if (count++) text += ' ';
        text += s;
    }
    void plain(std::string s, Arity) { add(s); }
    void open(Op, std::string s, u32, bool) { structured = true, add(s); }
    void part(Op, std::string s) { add(s); }
    void close() { add("end"); }
    void delegate(std::string s) { add(s); }
};

// Builds a tree of parentheses, then prints it.
class FoldSink {
public:
    FoldSink(const PrintOptions& o, u32 depth, std::string& out) : options_(o), depth_(depth), out_(out) { frames_.emplace_back(); }

    void plain(std::string text, Arity a) {
        Node n{std::move(text), take(a.operands), 0};
        push(add(std::move(n)), a.results == 1);
    }
    void open(Op op, std::string text, u32 results, bool has_params) {
        Frame f{op, std::move(text), results == 1, {}, {}, {}};
        if (op == Op::if_) f.parts = take(1);
        if (has_params) barrier();
        if (op == Op::if_) f.part = "then";
        if (op == Op::try_) f.part = "do";
        frames_.push_back(std::move(f));
    }
    void part(Op, std::string text) {
        finish_part();
        frames_.back().part = std::move(text);
    }
    void close() {
        finish_part();
        Frame f = std::move(frames_.back());
        frames_.pop_back();
        push(add({std::move(f.head), std::move(f.parts), 0}), f.single);
    }
    void delegate(std::string text) {
        finish_part();
        frames_.back().parts.push_back(add({std::move(text), {}, 0}));
        frames_.back().part.clear();
        Frame f = std::move(frames_.back());
        frames_.pop_back();
        push(add({std::move(f.head), std::move(f.parts), 0}), f.single);
    }
    void print() {
        for (Entry e : frames_.back().entries) print_lines(e.node);
    }

private:
    struct Node {
        std::string head;
        std::vector<u32> children;
        std::size_t size;   // when written on one line
    };
    struct Entry {
        u32 node;
        bool single;   // gives one value that nothing has taken
    };
    struct Frame {
        Op op = Op::block;
        std::string head;
        bool single = false;
        std::vector<u32> parts;        // finished children
        std::string part;              // "then", "catch 0" …: a list of its own for the entries; empty when they are the block's own
        std::vector<Entry> entries;
    };

    u32 add(Node n) {
        n.size = 2 + n.head.size();
        for (u32 c : n.children) n.size += 1 + nodes_[c].size;
        nodes_.push_back(std::move(n));
        return u32(nodes_.size() - 1);
    }
    void push(u32 node, bool single) { frames_.back().entries.push_back({node, single}); }
    void barrier() {
        for (auto e = frames_.back().entries.rbegin(); e != frames_.back().entries.rend() && e->single; ++e) e->single = false;
    }
    // The last entries as operands, at most n.
    std::vector<u32> take(u32 n) {
        auto& entries = frames_.back().entries;
        std::size_t from = entries.size();
        while (from > 0 && entries.size() - from < n && entries[from - 1].single) --from;
        std::vector<u32> operands;
        for (std::size_t i = from; i < entries.size(); ++i) operands.push_back(entries[i].node);
        bool all = operands.size() == n;
        entries.resize(from);
        if (!all) barrier();
        return operands;
    }
    void finish_part() {
        Frame& f = frames_.back();
        std::vector<u32> nodes;
        for (Entry e : f.entries) nodes.push_back(e.node);
        f.entries.clear();
        if (f.part.empty()) f.parts = std::move(nodes);
        else f.parts.push_back(add({f.part, std::move(nodes), 0}));
    }

    // Short trees stand on one line; their depth is bounded by their length.
    void print_inline(u32 node) {
        const Node& n = nodes_[node];
        out_ += "(" + n.head;
        for (u32 c : n.children) out_ += ' ', print_inline(c);
        out_ += ')';
    }

    void print_lines(u32 root) {
        struct Place {
            u32 node;
            std::size_t next;
        };
        std::vector<Place> path;
        auto begin = [&](u32 node) {
            indent(out_, depth_ + u32(path.size()), options_);
            if (nodes_[node].size <= 72) {
                print_inline(node);
                return;
            }
            out_ += "(" + nodes_[node].head;
            path.push_back({node, 0});
        };
        begin(root);
        while (!path.empty()) {
            auto& [node, next] = path.back();
            if (next == nodes_[node].children.size()) {
                out_ += ')';
                path.pop_back();
                continue;
            }
            out_ += '\n';
            begin(nodes_[node].children[next++]);
        }
        out_ += '\n';
    }

    const PrintOptions& options_;
    u32 depth_;
    std::string& out_;
    std::vector<Node> nodes_;
    std::vector<Frame> frames_;
};

}  // namespace

void print_body(const PrintContext& p, Reader& r, const NameTable* locals, u32 depth, std::string& out) {
    if (p.options.fold) {
        FoldSink sink(p.options, depth, out);
        Walker(p, locals, r, sink).run();
        sink.print();
    } else {
        FlatSink sink{p.options, depth, out};
        Walker(p, locals, r, sink).run();
    }
    if (!r.done()) malformed("instructions after the end of the body", r.offset());
}

ExpressionText print_expression(const PrintContext& p, Reader& r) {
    LineSink sink;
    Walker(p, nullptr, r, sink).run();
    bool single = sink.count == 1 && !sink.structured;
    return {single ? "(" + sink.text + ")" : sink.text, single};
}

}  // namespace heddle::text
