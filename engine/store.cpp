// What a Store owns: making objects, and values in slots.
#include "store.hpp"

#include <heddle/memory_limit.hpp>
#include <heddle/refusals.hpp>

#include <algorithm>
#include <cstdlib>

#include "continuation.hpp"
#include "runtime_calls.hpp"

namespace heddle {

void set_memory_limit(Store& store, u64 bytes) noexcept { store.data().budget->max = bytes; }
u64 memory_limit(const Store& store) noexcept { return store.data().budget->max; }
u64 refused_memory(const Store& store) noexcept { return store.data().budget->refused.load(std::memory_order_relaxed); }

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

StoreData::StoreData(Store* s, const Engine& e) : handle(s), engine(e), budget(std::make_shared<MemoryBudget>()), heap(*this) {
    budget->max = e.config().max_total_memory_bytes;
    context.store = this;
    host_instance.context = &context;
    host_instance.store = this;
}

StoreData::~StoreData() {
    calls.clear();
    leaf.reset();
    for (ContObject* k : suspended) drop_links(*this, k->inner);
    while (warm_count) engine.data().stacks.give_back(warm[--warm_count]);
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
        if (t == f32_type) v.bits.lo = u32(v.bits.lo);  // a slot's upper half means nothing then
        from += t.slots();
        values.push_back(v);
    }
    return values;
}

RefKind kind_of(const StoreData& s, u64 word) {
    if (word == 0) return RefKind::null;
    if (word & 1) return RefKind::i31;
    if (s.host_values.contains(word)) return RefKind::host;
    const HeapObject* o = s.heap.find(word);
    switch (o ? o->kind : HeapObject::Kind::free) {
        case HeapObject::Kind::struct_: return RefKind::struct_;
        case HeapObject::Kind::array: return RefKind::array;
        case HeapObject::Kind::exception: return RefKind::exception;
        case HeapObject::Kind::continuation: return RefKind::continuation;
        default: return RefKind::unknown;
    }
}

namespace {

// Of a reference to any.
ValType type_of_object(const StoreData& s, u64 word) {
    switch (kind_of(s, word)) {
        case RefKind::i31: return ValType::reference(Heap::i31, false);
        case RefKind::struct_:
        case RefKind::array: return ValType::reference(reinterpret_cast<const HeapObject*>(word)->type, false, true);
        default: return ValType::reference(Heap::any, false);
    }
}

}  // namespace

bool fits(StoreData& s, Value v, ValType type) {
    if (!v.type.is_ref() || !type.is_ref()) return v.type == type;
    TypeTable& types = s.types();
    Heap top = types.top(type);
    if (types.top(v.type) != top) return false;
    if (v.ref().is_null()) return type.nullable();
    ValType actual = v.type.as_nullable(false);
    if (top == Heap::func) actual = ValType::reference(reinterpret_cast<const FuncObject*>(v.ref().word)->type, false, true);
    if (top == Heap::any || top == Heap::extern_ || top == Heap::exn) {
        // Nothing is followed that is no object of this Store.
        if (kind_of(s, v.ref().word) == RefKind::unknown) return false;
        if (top == Heap::any) actual = type_of_object(s, v.ref().word);
    }
    if (top == Heap::cont && kind_of(s, v.ref().word) != RefKind::continuation) return false;
    return types.is_subtype(actual, type);
}

}  // namespace heddle
