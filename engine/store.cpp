// What a Store owns: making objects, values in slots, and the heap of exceptions.
#include "store.hpp"

#include <algorithm>
#include <cstdlib>

#include "runtime_calls.hpp"

namespace heddle {

Features EngineData::features() const {
    const Config& c = config;
    Features f;
    f.threads = c.threads_proposal;
    f.wide_arithmetic = c.wide_arithmetic;
    f.legacy_exceptions = c.legacy_exceptions;
    f.custom_page_sizes = c.custom_page_sizes;
    f.stack_switching = c.stack_switching;
    f.custom_descriptors = c.custom_descriptors;
    f.compact_imports = c.compact_imports;
    f.gc = c.gc;
    f.memory64 = c.memory64;
    f.multi_memory = c.multi_memory;
    f.exceptions = c.exceptions;
    f.tail_call = c.tail_call;
    f.simd = c.simd;
    f.relaxed_simd = c.relaxed_simd;
    return f;
}

StoreData::StoreData(Store* s, const Engine& e) : handle(s), engine(e), budget(std::make_shared<MemoryBudget>()) {
    budget->max = e.config().max_total_memory_bytes;
    context.store = this;
    host_instance.context = &context;
    host_instance.store = this;
}

StoreData::~StoreData() {
    calls.clear();
    leaf.reset();
    for (TableObject& t : tables) std::free(t.elements);
    for (Mapping* m : memories) release_memory(m);
}

HostFunc& new_host_func(StoreData& s, TypeId type, RawHostFunction f, void* data) {
    HostFunc& h = s.host_funcs.emplace_back();
    const FuncType& t = s.types().func(type);
    u32 params = slot_count(t.params), results = slot_count(t.results);
    h.call = f;
    h.data = data;
    h.slots = std::max(params, results);
    prepare_host(h.code, &h, type, params, results);
    // A native function may leave a HostFrame above its record.
    h.code.frame_bytes += u32(sizeof(HostRecord) + alignof(HostRecord));
    h.object = {.code = &h.code, .instance = &s.host_instance, .type = type, .host = &h};
    return h;
}

MemoryObject& new_memory(StoreData& s, const MemoryType& type) {
    s.memories.reserve(s.memories.size() + 1);
    Mapping* m = create_memory(type, s.config().max_memory_bytes, s.budget);
    m->store = &s;
    s.memories.push_back(m);
    return m->object;
}

void keep_memory(StoreData& s, MemoryObject& shared) {
    Mapping* m = shared.mapping;
    if (std::ranges::find(s.memories, m) != s.memories.end()) return;
    s.memories.push_back(m);
    share_memory(*m);
}

// ---- values -----------------------------------------------------------------------------------------------------------------------

u32 slot_count(std::span<const ValType> types) {
    u32 n = 0;
    for (ValType t : types) n += t.slots();
    return n;
}

void write_values(std::span<const Value> values, Slot* to) {
    for (const Value& v : values) {
        *to++ = Slot{v.type.kind() == ValType::i32_ || v.type.kind() == ValType::f32_ ? u64(u32(v.bits.lo)) : v.bits.lo};
        if (v.type.slots() == 2) *to++ = Slot{v.bits.hi};
    }
}

std::vector<Value> read_values(std::span<const ValType> types, const Slot* from) {
    std::vector<Value> values;
    values.reserve(types.size());
    for (ValType t : types) {
        Value v{t, {from[0].bits, t.slots() == 2 ? from[1].bits : 0}};
        from += t.slots();
        values.push_back(v);
    }
    return values;
}

bool fits(StoreData& s, Value v, ValType type) {
    if (!v.type.is_ref() || !type.is_ref()) return v.type == type;
    TypeTable& types = s.types();
    Heap top = types.top(type);
    if (types.top(v.type) != top) return false;
    if (v.ref().is_null()) return type.nullable();
    ValType actual = v.type.as_nullable(false);
    if (top == Heap::func) actual = ValType::reference(reinterpret_cast<const FuncObject*>(v.ref().word)->type, false, true);
    if (top == Heap::any && (v.ref().word & 1)) actual = ValType::reference(Heap::i31, false);
    return types.is_subtype(actual, type);
}

// ---- the heap of exceptions ---------------------------------------------------------------------------------------------------------

namespace {

u64 bytes_of(const ExceptionObject& e) { return sizeof(ExceptionObject) + e.values.capacity() * sizeof(u64) + 32; }

// Mark and sweep. Stacks are scanned conservatively: any word that is an exception's address keeps it.
class Collection {
public:
    explicit Collection(StoreData& s) : s_(s) {
        addresses_.reserve(s.exceptions.size());
        for (auto& e : s.exceptions) addresses_.push_back(reinterpret_cast<u64>(e.get()));
        std::ranges::sort(addresses_);
        marked_.resize(addresses_.size());
    }

    void run(std::span<const Slot> about_to_be_thrown) {
        for (Slot v : about_to_be_thrown) mark(v.bits);
        mark_roots();
        while (!grey_.empty()) {
            const ExceptionObject* e = grey_.back();
            grey_.pop_back();
            for (u64 word : e->values) mark(word);
        }
        sweep();
    }

private:
    void mark(u64 word) {
        auto at = std::ranges::lower_bound(addresses_, word);
        if (at == addresses_.end() || *at != word) return;
        auto i = std::size_t(at - addresses_.begin());
        if (marked_[i]) return;
        marked_[i] = true;
        grey_.push_back(reinterpret_cast<const ExceptionObject*>(word));
    }

    void mark_range(const void* from, const void* to) {
        for (const u64 *p = static_cast<const u64*>(from), *end = static_cast<const u64*>(to); p < end; ++p) mark(*p);
    }

    void mark_stack(const ExecutionData& e) {
        mark(reinterpret_cast<u64>(e.exception.object));
        for (Slot r : e.results) mark(r.bits);
        if (!e.stack || e.state == Execution::State::idle || e.state == Execution::State::dead) return;
        // What waits in a native function has that function's host frame on top; what runs may reach anywhere.
        bool waits_natively = e.top && (e.state == Execution::State::blocked || e.state == Execution::State::parked) &&
                              (e.pc == cells.resume_blocked || e.pc == cells.resume_parked);
        mark_range(e.stack.base, waits_natively ? static_cast<const void*>(e.top + 1) : e.stack.end);
    }

    void mark_roots() {
        mark(reinterpret_cast<u64>(s_.context.exception));
        mark(reinterpret_cast<u64>(s_.last_exception));
        for (const ExecutionData* e : s_.executions) mark_stack(*e);
        for (const GlobalObject& g : s_.globals) mark(g.value.lo);
        for (const TableObject& t : s_.tables)
            if (s_.types().top(t.type.element) == Heap::exn) mark_range(t.elements, t.elements + t.size);
        for (const auto& in : s_.instances) {
            if (!in->own_globals) continue;
            for (std::size_t i = 0; i < in->module->global_defs.size(); ++i) mark(in->own_globals[i].value.lo);
        }
    }

    void sweep() {
        u64 live = 0;
        std::erase_if(s_.exceptions, [&](const std::unique_ptr<ExceptionObject>& e) {
            auto i = std::size_t(std::ranges::lower_bound(addresses_, reinterpret_cast<u64>(e.get())) - addresses_.begin());
            if (marked_[i]) live += bytes_of(*e);
            return !marked_[i];
        });
        s_.heap_bytes = live;
    }

    StoreData& s_;
    std::vector<u64> addresses_;
    std::vector<bool> marked_;
    std::vector<const ExceptionObject*> grey_;
};

}  // namespace

ExceptionObject* new_exception(InstanceObject& in, TagObject* tag, const Slot* values, u32 slots) noexcept {
    StoreData& s = *in.store;
    try {
        if (s.heap_bytes >= s.heap_goal) {
            Collection(s).run({values, slots});
            s.heap_goal = std::max(u64(1) << 20, s.heap_bytes * 2);
        }
        auto e = std::make_unique<ExceptionObject>();
        e->tag = tag;
        e->values.reserve(slots);
        for (u32 i = 0; i < slots; ++i) e->values.push_back(values[i].bits);
        if (s.heap_bytes + bytes_of(*e) > s.config().max_heap_bytes) return nullptr;
        s.heap_bytes += bytes_of(*e);
        return s.exceptions.emplace_back(std::move(e)).get();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

}  // namespace heddle
