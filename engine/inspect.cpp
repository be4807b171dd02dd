// Summaries of loaded modules. Everything read here was validated before.
#include <heddle/inspect.hpp>

#include <algorithm>
#include <set>

#include "instr.hpp"
#include "module.hpp"

namespace heddle {

namespace {

// https://webassembly.github.io/spec/core/binary/modules.html#sections
constexpr const char* section_names[] = {"custom", "type",  "import",  "function", "table", "memory",     "global",
                                         "export", "start", "element", "code",     "data",  "data count", "tag"};
constexpr bool is_list(u8 id) { return id != 0 && id != 8 && id != 12; }

std::vector<SectionSummary> sections_of(std::span<const u8> bytes) {
    std::vector<SectionSummary> sections;
    Reader r(bytes, 8, bytes.size());
    while (!r.done()) {
        u8 id = r.byte();
        u32 size = r.u32_leb();
        SectionSummary s{section_names[id], id == 0, u32(r.offset()), size, std::nullopt};
        Reader contents(bytes, r.offset(), r.offset() + size);
        if (id == 0) s.name = contents.name();
        else if (is_list(id)) s.count = contents.u32_leb();
        r.take(size);
        sections.push_back(std::move(s));
    }
    return sections;
}

// What opcodes tell, by [first, last] of code: a byte, or prefix << 12 | sub-opcode.
struct CodeFeature {
    u32 first, last;
    const char* name;
};
constexpr CodeFeature code_features[] = {
    {0x06, 0x07, "legacy-exceptions"},
    {0x08, 0x08, "exceptions"},
    {0x09, 0x09, "legacy-exceptions"},
    {0x0a, 0x0a, "exceptions"},
    {0x12, 0x13, "tail-call"},
    {0x14, 0x14, "function-references"},
    {0x15, 0x15, "tail-call"},
    {0x18, 0x19, "legacy-exceptions"},
    {0x1c, 0x1c, "reference-types"},
    {0x1f, 0x1f, "exceptions"},
    {0x25, 0x26, "reference-types"},
    {0xc0, 0xc4, "sign-extension"},
    {0xd0, 0xd2, "reference-types"},
    {0xd3, 0xd3, "gc"},
    {0xd4, 0xd6, "function-references"},
    {0xe0, 0xe6, "stack-switching"},
    {0xfb000, 0xfbfff, "gc"},
    {0xfc000, 0xfc007, "saturating-conversions"},
    {0xfc008, 0xfc00e, "bulk-memory"},
    {0xfc00f, 0xfc011, "reference-types"},
    {0xfc013, 0xfc016, "wide-arithmetic"},
    {0xfd000, 0xfd0ff, "simd"},
    {0xfd100, 0xfdfff, "relaxed-simd"},
    {0xfe000, 0xfefff, "threads"},
};

class FeatureFinder {
public:
    explicit FeatureFinder(const ModuleData& m) : m_(m) {}

    std::vector<std::string> find() {
        types();
        index_spaces();
        constant_expressions();
        for (const FuncBody& body : m_.bodies) code(body.code_from, body.to);
        return {found_.begin(), found_.end()};
    }

private:
    void add(const char* name) { found_.insert(name); }

    void value_type(ValType t) {
        if (t.is_vector()) add("simd");
        if (!t.is_ref()) return;
        if (t.is_defined() || !t.nullable()) return add("function-references");
        switch (t.heap()) {
            case Heap::func: break;
            case Heap::extern_: return add("reference-types");
            case Heap::exn:
            case Heap::noexn: return add("exceptions");
            case Heap::cont:
            case Heap::nocont: return add("stack-switching");
            default: add("gc");
        }
    }

    void types() {
        for (TypeId id : m_.types) {
            const SubType& t = (*m_.type_table)[id];
            if (t.kind == SubType::Kind::struct_ || t.kind == SubType::Kind::array || !t.final || t.super != TypeId::none) add("gc");
            if (t.kind == SubType::Kind::cont) add("stack-switching");
            if (t.func.results.size() > 1) add("multi-value");
            for (ValType p : t.func.params) value_type(p);
            for (ValType p : t.func.results) value_type(p);
        }
    }

    void index_spaces() {
        if (m_.memories.size() > 1) add("multi-memory");
        if (m_.tables.size() > 1) add("reference-types");
        if (!m_.tags.empty()) add("exceptions");
        if (m_.data_count) add("bulk-memory");
        for (const MemoryType& t : m_.memories) {
            if (t.is64) add("memory64");
            if (t.shared) add("threads");
            if (t.page_log2 != 16) add("custom-page-sizes");
        }
        for (const TableType& t : m_.tables) {
            if (t.is64) add("memory64");
            value_type(t.element);
        }
        for (const GlobalType& t : m_.globals) value_type(t.type);
        for (const Import& i : m_.imports)
            if (i.type.kind == ExternKind::global && i.type.global.mutable_) add("mutable-globals");
        for (const Export& e : m_.exports)
            if (e.kind == ExternKind::global && m_.globals[e.index].mutable_) add("mutable-globals");
    }

    // https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
    void constant(const ConstExpr& e) {
        std::size_t count = 0;
        Reader r(m_.span(), e.from, e.to);
        for (Instr in; !r.done(); ++count) {
            read_instr(r, in);
            one(in);
        }
        if (count > 2) add("extended-const");
    }
    void constant_expressions() {
        for (const GlobalDef& g : m_.global_defs) constant(g.init);
        for (const ElemSegment& s : m_.elems)
            if (s.mode == ElemSegment::Mode::active) constant(s.offset);
            else add("bulk-memory");
        for (const DataSegment& s : m_.data)
            if (s.mode == DataSegment::Mode::active) constant(s.offset);
    }

    void one(const Instr& in) {
        u32 code = info(in.op).code;
        if (code < 0xc0 && code > 0x26) return;  // numbers and plain memory access: in 1.0
        for (const CodeFeature& f : code_features)
            if (code >= f.first && code <= f.last) add(f.name);
        bool is_block = in.op == Op::block || in.op == Op::loop || in.op == Op::if_ || in.op == Op::try_table;
        if (!is_block || in.block.kind != BlockType::Kind::index) return;
        const FuncType& t = m_.type_table->func(m_.types[in.block.index]);
        if (!t.params.empty() || t.results.size() > 1) add("multi-value");
    }

    void code(u32 from, u32 to) {
        Reader r(m_.span(), from, to);
        for (Instr in; !r.done();) {
            read_instr(r, in);
            one(in);
        }
    }

    const ModuleData& m_;
    std::set<std::string> found_;
};

// Follows calls from function to function.
class Reachable {
public:
    explicit Reachable(const ModuleData& m) : m_(m), reached_(m.funcs.size()) {}

    std::vector<bool> find(std::span<const std::string> exports) {
        for (const Export& e : m_.exports)
            if (e.kind == ExternKind::func && std::ranges::find(exports, e.name) != exports.end()) reach(e.index);
        for (const ElemSegment& s : m_.elems) {
            for (u32 f : s.funcs) reach(f);
            for (const ConstExpr& e : s.exprs) code(e.from, e.to);
        }
        for (const GlobalDef& g : m_.global_defs) code(g.init.from, g.init.to);
        for (const TableDef& t : m_.table_defs)
            if (t.has_init) code(t.init.from, t.init.to);
        if (m_.start) reach(*m_.start);
        while (!todo_.empty()) {
            const FuncBody& body = m_.bodies[todo_.back() - m_.imported_funcs];
            todo_.pop_back();
            code(body.code_from, body.to);
        }
        return std::move(reached_);
    }

private:
    void reach(u32 f) {
        if (reached_[f]) return;
        reached_[f] = true;
        if (f >= m_.imported_funcs) todo_.push_back(f);
    }
    void code(u32 from, u32 to) {
        Reader r(m_.span(), from, to);
        for (Instr in; !r.done();) {
            read_instr(r, in);
            if (in.op == Op::call || in.op == Op::return_call || in.op == Op::ref_func) reach(in.index);
        }
    }

    const ModuleData& m_;
    std::vector<bool> reached_;
    std::vector<u32> todo_;
};

}  // namespace

ModuleSummary summarize(const Module& module) {
    const ModuleData& m = module.data();
    ModuleSummary s;
    s.sections = sections_of(m.span());
    s.memories = m.memories;
    s.tables = m.tables;
    s.types = u32(m.types.size());
    s.funcs = u32(m.funcs.size()), s.globals = u32(m.globals.size()), s.tags = u32(m.tags.size());
    s.imported_funcs = m.imported_funcs, s.imported_tables = m.imported_tables, s.imported_memories = m.imported_memories;
    s.imported_globals = m.imported_globals, s.imported_tags = m.imported_tags;
    s.element_segments = u32(m.elems.size()), s.data_segments = u32(m.data.size());
    s.start = m.start;
    if (m.start) s.start_name = m.func_name(*m.start);
    s.features = FeatureFinder(m).find();
    return s;
}

std::vector<bool> reachable_functions(const Module& module, std::span<const std::string> exports) {
    return Reachable(module.data()).find(exports);
}

}  // namespace heddle
