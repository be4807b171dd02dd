// What must hold between sections, and every body. https://webassembly.github.io/spec/core/valid/modules.html
#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>

#include "validate.hpp"

namespace heddle {
namespace {

constexpr std::size_t chunk_bytes = 64 << 10;  // of code: what a thread takes at once
constexpr std::size_t no_offset = Error::no_offset;

class ModuleValidator {
public:
    ModuleValidator(ModuleData& m, const Features& features) : m_(m), features_(features), validator_(m, features) {}

    void definitions();
    void bodies(unsigned threads);

private:
    void tables();
    void memories();
    void globals();
    void elements();
    void data();
    void exports();
    void start();

    void table(const TableType& t) const;
    void memory(const MemoryType& t) const;
    void element(const ElemSegment& s);
    void constant(const ConstExpr& e, ValType expected, std::size_t globals) {
        validator_.constant(e, expected, u32(globals), [&](u32 func) { m_.declared_funcs[func] = true; });
    }
    ValType address_type(bool is64) const { return is64 ? i64_type : i32_type; }
    std::size_t count(ExternKind kind) const;
    void body(Validator& v, u32 index) const { v.body(m_.bodies[index], m_.funcs[m_.imported_funcs + index]); }
    std::vector<u32> chunks() const;

    ModuleData& m_;
    const Features& features_;
    Validator validator_;
};

[[noreturn]] void unknown(const char* what, u64 index, std::size_t at = no_offset) {
    invalid(std::string("unknown ") + what + " " + std::to_string(index), at);
}

void ModuleValidator::definitions() {
    m_.declared_funcs.assign(m_.funcs.size(), false);
    tables();
    memories();
    globals();
    elements();
    data();
    exports();
    start();
}

void check_range(const Limits& l) {
    if (l.max && l.min > *l.max) invalid("size minimum must not be greater than maximum", no_offset);
}

// https://webassembly.github.io/spec/core/valid/types.html#table-types
void ModuleValidator::table(const TableType& t) const {
    check_type_is_on(t.element, features_, no_offset);
    u64 most = 0xffffffff;
    if (!t.is64 && (t.limits.min > most || t.limits.max.value_or(0) > most)) invalid("table size must be at most 2^32-1", no_offset);
    check_range(t.limits);
}

void ModuleValidator::tables() {
    for (const TableType& t : m_.tables) table(t);
    // A table's initial value sees the imported globals only.
    for (const TableDef& t : m_.table_defs) {
        if (t.has_init) constant(t.init, t.type.element, m_.imported_globals);
        else if (!t.type.element.is_defaultable())
            invalid("type mismatch: a table of " + to_string(t.type.element) + " needs an initial value", no_offset);
    }
}

// https://webassembly.github.io/spec/core/valid/types.html#memory-types
void ModuleValidator::memory(const MemoryType& t) const {
    if (t.page_log2 != 0 && t.page_log2 != 16) invalid("invalid custom page size", no_offset);
    u32 bits = (t.is64 ? 64u : 32u) - t.page_log2;  // 2^bits pages are the whole address space
    u64 most = t.page_log2 == 0 ? (t.is64 ? ~u64(0) : 0xffffffff) : u64(1) << bits;
    if (t.limits.min > most || t.limits.max.value_or(0) > most)
        invalid("memory size must be at most " + (bits == 16 ? "65536 pages (4GiB)" : std::to_string(most) + " pages"), no_offset);
    check_range(t.limits);
    if (t.shared && !t.limits.max) invalid("shared memory must have maximum", no_offset);
}

void ModuleValidator::memories() {
    if (m_.memories.size() > 1 && !features_.multi_memory) invalid("multiple memories are turned off", no_offset);
    for (const MemoryType& t : m_.memories) memory(t);
}

// Each global sees those before it.
void ModuleValidator::globals() {
    for (const GlobalType& g : m_.globals) check_type_is_on(g.type, features_, no_offset);
    for (std::size_t i = 0; i < m_.global_defs.size(); ++i) constant(m_.global_defs[i].init, m_.global_defs[i].type.type, m_.imported_globals + i);
}

void ModuleValidator::element(const ElemSegment& s) {
    check_type_is_on(s.type, features_, no_offset);
    for (u32 f : s.funcs) {
        if (f >= m_.funcs.size()) unknown("function", f);
        m_.declared_funcs[f] = true;
    }
    for (const ConstExpr& e : s.exprs) constant(e, s.type, m_.globals.size());
    if (s.mode != ElemSegment::Mode::active) return;
    if (s.table >= m_.tables.size()) unknown("table", s.table, s.offset.from);
    const TableType& t = m_.tables[s.table];
    if (!m_.type_table->is_subtype(s.type, t.element))
        invalid("type mismatch: elements of " + to_string(s.type) + " in a table of " + to_string(t.element), s.offset.from);
    constant(s.offset, address_type(t.is64), m_.globals.size());
}

void ModuleValidator::elements() {
    for (const ElemSegment& s : m_.elems) element(s);
}

void ModuleValidator::data() {
    for (const DataSegment& s : m_.data) {
        if (s.mode != DataSegment::Mode::active) continue;
        if (s.memory >= m_.memories.size()) unknown("memory", s.memory, s.offset.from);
        constant(s.offset, address_type(m_.memories[s.memory].is64), m_.globals.size());
    }
}

std::size_t ModuleValidator::count(ExternKind kind) const {
    switch (kind) {
        case ExternKind::func: return m_.funcs.size();
        case ExternKind::table: return m_.tables.size();
        case ExternKind::memory: return m_.memories.size();
        case ExternKind::global: return m_.globals.size();
        case ExternKind::tag: return m_.tags.size();
    }
    return 0;
}

void ModuleValidator::exports() {
    std::vector<std::string_view> names;
    names.reserve(m_.exports.size());
    for (const Export& e : m_.exports) {
        if (e.index >= count(e.kind)) unknown(e.kind == ExternKind::func ? "function" : to_string(e.kind), e.index);
        if (e.kind == ExternKind::func) m_.declared_funcs[e.index] = true;
        names.push_back(e.name);
    }
    std::ranges::sort(names);
    if (auto twice = std::ranges::adjacent_find(names); twice != names.end())
        invalid("duplicate export name \"" + std::string(*twice) + "\"", no_offset);
}

void ModuleValidator::start() {
    if (!m_.start) return;
    if (*m_.start >= m_.funcs.size()) unknown("function", *m_.start);
    if (m_.func_type(*m_.start) != FuncType{}) invalid("start function must take and give nothing", no_offset);
}

// ---- bodies

// The first body of each chunk, and the end.
std::vector<u32> ModuleValidator::chunks() const {
    std::vector<u32> starts;
    u32 from = 0;
    for (u32 i = 0; i < m_.bodies.size(); ++i) {
        if (i != 0 && m_.bodies[i].to - from < chunk_bytes) continue;
        starts.push_back(i);
        from = m_.bodies[i].from;
    }
    starts.push_back(u32(m_.bodies.size()));
    return starts;
}

// Threads take chunks in order; of several errors the one in the first body counts, whoever found it.
class Pool {
public:
    template <class F>
    void run(const std::vector<u32>& starts, unsigned threads, F work) {
        auto take = [&] {
            for (std::size_t c; (c = next_.fetch_add(1)) + 1 < starts.size() && starts[c] < failed_at_.load();)
                attempt(starts[c], [&] { work(starts[c], starts[c + 1]); });
        };
        {
            std::vector<std::jthread> pool;
            try {
                for (unsigned i = 1; i < threads; ++i) pool.emplace_back(take);
            } catch (const std::system_error&) {
                // No more threads to be had: those there are do the work.
            }
            take();
        }
        if (error_) std::rethrow_exception(error_);
    }

private:
    template <class F>
    void attempt(u32 chunk, F work) {
        try {
            work();
        } catch (...) {
            std::scoped_lock lock(mutex_);
            if (chunk >= failed_at_.load()) return;
            failed_at_ = chunk;
            error_ = std::current_exception();
        }
    }

    std::atomic<std::size_t> next_{0};
    std::atomic<u32> failed_at_{0xffffffff};
    std::mutex mutex_;
    std::exception_ptr error_;
};

void ModuleValidator::bodies(unsigned threads) {
    if (m_.bodies.empty()) return;
    std::size_t code = m_.bodies.back().to - m_.bodies.front().from;
    threads = unsigned(std::min<std::size_t>(threads, code / chunk_bytes));
    if (threads < 2) {
        for (u32 i = 0; i < m_.bodies.size(); ++i) body(validator_, i);
        return;
    }
    Pool().run(chunks(), threads, [&](u32 from, u32 to) {
        Validator v(m_, features_);
        for (u32 i = from; i < to; ++i) body(v, i);
    });
}

}  // namespace

void validate_module(ModuleData& m, const Features& features, unsigned threads) {
    ModuleValidator v(m, features);
    v.definitions();
    v.bodies(threads);
}

}  // namespace heddle
