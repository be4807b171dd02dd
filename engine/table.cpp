// Tables and the instructions that work on ranges of them. Elements lie in one malloc'ed array that may move when the table grows.
// https://webassembly.github.io/spec/core/exec/instructions.html#table-instructions
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

constexpr u64 chunk_elements = 1 << 17;  // 1 MiB, between two looks at the interrupt flag

bool inside(u64 size, u64 at, u64 n) { return n <= size && at <= size - n; }

template <class F>
TrapCode in_chunks(InstanceObject& in, u64 count, bool backwards, F piece) {
    for (u64 done = 0; done < count;) {
        u64 n = std::min(count - done, chunk_elements);
        piece(backwards ? count - done - n : done, n);
        done += n;
        if (done < count && in.context->interrupt.load(std::memory_order_relaxed) && !poll_in_bulk(in)) return in.context->trap;
    }
    end_bulk(in);
    return TrapCode::none;
}

// Room for `size` elements, and some more so that growing one by one stays linear.
bool make_room(TableObject& t, u64 size) {
    if (size <= t.capacity) return true;
    u64 capacity = std::min(std::max(size, t.capacity + t.capacity / 2), t.max_size);
    void* p = std::realloc(t.elements, capacity * sizeof(u64));
    if (!p) return false;
    t.elements = static_cast<u64*>(p);
    t.capacity = capacity;
    return true;
}

}  // namespace

TableObject& new_table(StoreData& s, const TableType& type, Ref initial) {
    u64 allowed = s.config().max_table_elements;
    if (type.limits.min > allowed)
        throw Error{Error::Kind::limit, "a table of " + std::to_string(type.limits.min) + " elements is over the limit of " +
                                            std::to_string(allowed) + " (Config::max_table_elements)"};
    TableObject& t = s.tables.emplace_back();
    t.type = type;
    t.max_size = std::min(type.limits.max.value_or(~u64(0)), allowed);
    if (!type.is64) t.max_size = std::min<u64>(t.max_size, ~u32(0));
    if (type.limits.min == 0) return t;
    t.elements = static_cast<u64*>(std::calloc(type.limits.min, sizeof(u64)));
    if (!t.elements) throw Error{Error::Kind::limit, "the system gave no room for a table of " + std::to_string(type.limits.min) + " elements"};
    t.size = t.capacity = type.limits.min;
    if (!initial.is_null()) std::fill_n(t.elements, t.size, initial.word);
    return t;
}

u64 grow_table(TableObject& t, u64 delta, Ref value) noexcept {
    u64 old = t.size;
    if (delta > t.max_size - old || !make_room(t, old + delta)) return ~u64(0);
    if (delta) std::fill_n(t.elements + old, delta, value.word);
    t.size = old + delta;
    return old;
}

u64 table_grow(InstanceObject& in, u32 table, u64 delta, Ref value) noexcept { return grow_table(*in.tables[table], delta, value); }

TrapCode table_fill(InstanceObject& in, u32 table, u64 to, Ref value, u64 count) noexcept {
    TableObject& t = *in.tables[table];
    if (!inside(t.size, to, count)) return TrapCode::table_out_of_bounds;
    return in_chunks(in, count, false, [&](u64 at, u64 n) { std::fill_n(t.elements + to + at, n, value.word); });
}

TrapCode table_copy(InstanceObject& in, u32 to_table, u32 from_table, u64 to, u64 from, u64 count) noexcept {
    TableObject &a = *in.tables[to_table], &b = *in.tables[from_table];
    if (!inside(a.size, to, count) || !inside(b.size, from, count)) return TrapCode::table_out_of_bounds;
    if (count == 0) return TrapCode::none;
    return in_chunks(in, count, &a == &b && to > from,
                     [&](u64 at, u64 n) { std::memmove(a.elements + to + at, b.elements + from + at, n * sizeof(u64)); });
}

TrapCode table_init(InstanceObject& in, u32 table, u32 elem, u64 to, u32 from, u32 count) noexcept {
    TableObject& t = *in.tables[table];
    InstanceData& instance = data(in);
    if (!inside(instance.element_count(elem), from, count) || !inside(t.size, to, count)) return TrapCode::table_out_of_bounds;
    return in_chunks(in, count, false, [&](u64 at, u64 n) {
        for (u64 i = at; i < at + n; ++i) t.elements[to + i] = instance.element(elem, from + i).word;
    });
}

void elem_drop(InstanceObject& in, u32 elem) noexcept { in.dropped_elems[elem] = true; }

}  // namespace heddle
