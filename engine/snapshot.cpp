// What an instance was at one moment, kept apart from it: contents of memories as an image that any number of instances map copy-on-write,
// references as indices into the module's functions.
#include <algorithm>
#include <vector>

#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

struct SnapshotData {
    std::shared_ptr<ModuleData> module;
    std::vector<std::shared_ptr<const MemoryImage>> memories;  // of the own ones
    std::vector<V128> globals;                                 // of the own mutable ones
    std::vector<std::vector<u64>> tables;                      // of the own ones
    std::vector<bool> dropped_elems, dropped_data;
    // Set when a table or global holds functions of other instances: those are kept by address, for this instance only.
    const InstanceData* only = nullptr;
    std::weak_ptr<MemoryBudget> only_in;                       // what tells its Store from others
};

namespace {

// A kept reference: null and i31 as they are; a function as its index, marked by bit 1.
constexpr u64 function_mark = 2;

[[noreturn]] void cannot_keep(const char* where, std::size_t index, const char* what) {
    throw Error{Error::Kind::limit, std::string("no snapshot can keep what ") + where + " " + std::to_string(index) + " holds: " + what};
}

// The address of a function has no mark.
u64 keep_function(SnapshotData& s, const InstanceData& in, const FuncObject* f) {
    const ModuleData& m = *in.module;
    if (f >= in.own_funcs && f < in.own_funcs + m.bodies.size()) return (m.imported_funcs + u64(f - in.own_funcs)) << 2 | function_mark;
    for (u64 i = 0; i < m.imported_funcs; ++i)
        if (in.imported_funcs[i] == f) return i << 2 | function_mark;
    s.only = &in;
    s.only_in = in.store->budget;
    return reinterpret_cast<u64>(f);
}

u64 keep(SnapshotData& s, const InstanceData& in, u64 word, ValType type, const char* where, std::size_t index) {
    if (word == 0 || word & 1) return word;
    if (in.store->types().top(type) != Heap::func) cannot_keep(where, index, "a reference to an object or a host value");
    return keep_function(s, in, reinterpret_cast<const FuncObject*>(word));
}
u64 give_back(const InstanceData& in, u64 kept) {
    return kept & 1 || (kept & function_mark) == 0 ? kept : reinterpret_cast<u64>(in.func(u32(kept >> 2)));
}

void refuse_during_calls(const StoreData& s) {
    auto is_active = [](const ExecutionData* e) { return e->state >= Execution::State::running && e->state <= Execution::State::parked; };
    if (std::ranges::any_of(s.executions, is_active)) throw Error{Error::Kind::usage, "a call is in progress in the instance's Store: snapshots are taken and restored between calls"};
}

std::span<MemoryObject* const> own_memories(const InstanceData& in) { return std::span(in.memory_space).subspan(in.module->imported_memories); }
std::span<TableObject* const> own_tables(const InstanceData& in) { return std::span(in.table_space).subspan(in.module->imported_tables); }

template <class F>
void each_mutable_global(const InstanceData& in, F f) {
    for (std::size_t i = 0; i < in.module->global_defs.size(); ++i)
        if (in.own_globals[i].type.mutable_) f(in.own_globals[i], in.module->imported_globals + i);
}

std::shared_ptr<const SnapshotData> take(InstanceData& in) {
    refuse_during_calls(*in.store);
    auto s = std::make_shared<SnapshotData>();
    s->module = in.owner.shared();
    each_mutable_global(in, [&](const GlobalObject& g, std::size_t index) {
        V128 v = g.value;
        if (g.type.type.is_ref()) v.lo = keep(*s, in, v.lo, g.type.type, "global", index);
        s->globals.push_back(v);
    });
    for (std::size_t i = 0; const TableObject* t : own_tables(in)) {
        std::vector<u64>& kept = s->tables.emplace_back();
        for (u64 at = 0; at < t->size; ++at) kept.push_back(keep(*s, in, t->elements[at], t->type.element, "table", in.module->imported_tables + i));
        ++i;
    }
    s->dropped_elems = in.dropped_elems;
    s->dropped_data = in.dropped_data;
    for (MemoryObject* m : own_memories(in)) {
        if (m->type.shared) throw Error{Error::Kind::limit, "the instance has a shared memory, which other threads may change: no snapshot can keep it"};
        s->memories.push_back(make_image(*m));
    }
    for (std::size_t i = 0; i < s->memories.size(); ++i) map_image(*own_memories(in)[i], s->memories[i]);
    return s;
}

void put_back(InstanceData& in, const SnapshotData& s) {
    if (in.module != s.module.get()) throw Error{Error::Kind::usage, "the snapshot was taken of an instance of another module"};
    if (s.only && (s.only != &in || s.only_in.lock() != in.store->budget))
        throw Error{Error::Kind::usage, "the snapshot holds functions of other instances: only the instance it was taken of can be restored from it"};
    refuse_during_calls(*in.store);
    for (std::size_t i = 0; i < s.memories.size(); ++i) map_image(*own_memories(in)[i], s.memories[i]);
    std::size_t next = 0;
    each_mutable_global(in, [&](GlobalObject& g, std::size_t) {
        g.value = s.globals[next++];
        if (g.type.type.is_ref()) g.value.lo = give_back(in, g.value.lo);
    });
    for (std::size_t i = 0; i < s.tables.size(); ++i) {
        TableObject& t = *own_tables(in)[i];
        const std::vector<u64>& kept = s.tables[i];
        if (t.size < kept.size() && grow_table(t, kept.size() - t.size, Ref{}) == ~u64(0)) throw std::bad_alloc();
        t.size = kept.size();
        for (std::size_t at = 0; at < kept.size(); ++at) t.elements[at] = give_back(in, kept[at]);
    }
    in.dropped_elems = s.dropped_elems;
    in.dropped_data = s.dropped_data;
}

}  // namespace

u64 Snapshot::memory_bytes() const {
    u64 bytes = 0;
    if (data_)
        for (const auto& m : data_->memories) bytes += m->bytes;
    return bytes;
}

Result<Snapshot> Instance::snapshot() const {
    return caught([&] {
        Snapshot s;
        s.data_ = take(heddle::data(*object_));
        return s;
    });
}

Result<void> Instance::restore(const Snapshot& snapshot) const {
    return caught([&] {
        if (!snapshot) throw Error{Error::Kind::usage, "an empty Snapshot cannot be restored"};
        put_back(heddle::data(*object_), *snapshot.data_);
    });
}

}  // namespace heddle
