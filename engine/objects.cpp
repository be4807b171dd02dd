// Structures, arrays and exceptions: making them, the instructions on ranges of arrays, and casts.
// https://webassembly.github.io/spec/core/exec/instructions.html#aggregate-reference-instructions
#include <algorithm>
#include <cstring>

#include "heap.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

constexpr u64 chunk_bytes = u64(1) << 20;  // between two looks at the interrupt flag

bool inside(u64 size, u64 at, u64 n) { return n <= size && at <= size - n; }
u64 word_of(const HeapObject* o) { return reinterpret_cast<u64>(o); }
ArrayObject* array_of(u64 word) { return reinterpret_cast<ArrayObject*>(word); }

// The lowest bytes of the value: slots are little-endian.
void put(void* to, const Slot* value, u32 bytes) {
    switch (bytes) {
        case 1: std::memcpy(to, value, 1); break;
        case 2: std::memcpy(to, value, 2); break;
        case 4: std::memcpy(to, value, 4); break;
        case 8: std::memcpy(to, value, 8); break;
        default: std::memcpy(to, value, 16);
    }
}

u64 out_of_memory(const Safepoint& at) {
    at.instance.context->trap = TrapCode::heap_limit;
    return 0;
}

u64 trapped(const Safepoint& at, TrapCode code) {
    at.instance.context->trap = code;
    return 0;
}

StructObject* make_struct(const Safepoint& at, TypeId type, const Layout*& layout, bool zeroed) {
    ObjectHeap& heap = at.instance.store->heap;
    layout = heap.layout(type);
    if (!layout) return nullptr;
    return static_cast<StructObject*>(heap.allocate(HeapObject::Kind::struct_, type, layout->bytes, zeroed, at));
}

// An array whose elements are to be written, or are zero.
ArrayObject* make_array(const Safepoint& at, TypeId type, u32 count, bool zeroed) {
    ObjectHeap& heap = at.instance.store->heap;
    const Layout* layout = heap.layout(type);
    if (!layout) return array_of(out_of_memory(at));
    u32 bytes = layout->fields[0].bytes;
    auto* a = static_cast<ArrayObject*>(heap.allocate(HeapObject::Kind::array, type, sizeof(ArrayObject) + u64(count) * bytes, zeroed, at));
    if (!a) return nullptr;
    a->length = count;
    a->element_bytes = bytes;
    return a;
}

bool is_zero(const Slot* value, u32 bytes) {
    V128 v;
    put(&v, value, bytes);
    return v == V128{};
}

void fill(u8* to, const Slot* value, u64 count, u32 bytes) {
    if (bytes == 1) {
        std::memset(to, u8(value->bits), count);
        return;
    }
    for (u64 i = 0; i < count; ++i) put(to + i * bytes, value, bytes);
}

// Calls piece(first, n) for [0, count) and asks in between whether to go on.
template <class F>
TrapCode in_chunks(InstanceObject& in, u64 count, u32 bytes, bool backwards, F piece) {
    u64 most = chunk_bytes / bytes;
    for (u64 done = 0; done < count;) {
        u64 n = std::min(count - done, most);
        piece(backwards ? count - done - n : done, n);
        done += n;
        if (done < count && in.context->interrupt.load(std::memory_order_relaxed) && !poll_in_bulk(in)) return in.context->trap;
    }
    if (count > most) end_bulk(in);
    return TrapCode::none;
}

// A new array whose elements `write` gives, kept alive while the Store is asked; so far they are zero.
template <class F>
u64 written(const Safepoint& at, ArrayObject* a, F write) {
    if (!a) return 0;
    Held held(*at.instance.store);
    u64 word = word_of(a);
    held.words = &word;
    held.count = 1;
    TrapCode t = in_chunks(at.instance, a->length, a->element_bytes, false, write);
    return t == TrapCode::none ? word : trapped(at, t);
}

std::span<const u8> data_bytes(const InstanceObject& in, u32 data) {
    return in.dropped_data[data] ? std::span<const u8>() : in.module->data[data].bytes;
}

}  // namespace

// ---- new ----------------------------------------------------------------------------------------------------------------------------

u64 struct_new(const Safepoint& at, TypeId type, const Slot* values) noexcept {
    const Layout* layout = nullptr;
    StructObject* s = make_struct(at, type, layout, false);
    if (!s) return layout ? 0 : out_of_memory(at);
    for (const FieldPlace& f : layout->fields) {
        put(s->fields() + f.offset, values, f.bytes);
        values += f.bytes == 16 ? 2 : 1;
    }
    return word_of(s);
}

u64 struct_new_default(const Safepoint& at, TypeId type) noexcept {
    const Layout* layout = nullptr;
    StructObject* s = make_struct(at, type, layout, true);
    return s || layout ? word_of(s) : out_of_memory(at);
}

// https://github.com/WebAssembly/custom-descriptors/blob/main/proposals/custom-descriptors/Overview.md
u64 struct_new_described(const Safepoint& at, TypeId type, const Slot* values, u64 descriptor) noexcept {
    if (!descriptor) return trapped(at, TrapCode::null_descriptor_reference);
    u64 word = values ? struct_new(at, type, values) : struct_new_default(at, type);
    if (word) std::memcpy(reinterpret_cast<u8*>(word) + at.instance.store->heap.layout(type)->descriptor, &descriptor, sizeof descriptor);
    return word;
}

u64 descriptor_of(InstanceObject& in, u64 object) noexcept {
    u32 at = in.store->heap.layout(reinterpret_cast<const HeapObject*>(object)->type)->descriptor;
    u64 descriptor = 0;
    if (at) std::memcpy(&descriptor, reinterpret_cast<const u8*>(object) + at, sizeof descriptor);
    return descriptor;
}

bool is_described(InstanceObject& in, u64 word, u64 descriptor, bool nullable) noexcept {
    if (!word) return nullable;
    if ((word & 1) || reinterpret_cast<const HeapObject*>(word)->kind != HeapObject::Kind::struct_) return false;
    return descriptor_of(in, word) == descriptor;
}

u64 array_new(const Safepoint& at, TypeId type, const Slot* value, u32 count) noexcept {
    const Layout* layout = at.instance.store->heap.layout(type);
    if (!layout) return out_of_memory(at);
    u32 bytes = layout->fields[0].bytes;
    ArrayObject* a = make_array(at, type, count, true);
    if (!a || is_zero(value, bytes)) return word_of(a);
    return written(at, a, [&](u64 first, u64 n) { fill(a->elements() + first * bytes, value, n, bytes); });
}

u64 array_new_default(const Safepoint& at, TypeId type, u32 count) noexcept { return word_of(make_array(at, type, count, true)); }

u64 array_new_fixed(const Safepoint& at, TypeId type, const Slot* values, u32 count) noexcept {
    ArrayObject* a = make_array(at, type, count, false);
    if (!a) return 0;
    u32 bytes = a->element_bytes;
    for (u32 i = 0; i < count; ++i, values += bytes == 16 ? 2 : 1) put(a->elements() + u64(i) * bytes, values, bytes);
    return word_of(a);
}

u64 array_new_data(const Safepoint& at, TypeId type, u32 data, u32 from, u32 count) noexcept {
    const Layout* layout = at.instance.store->heap.layout(type);
    if (!layout) return out_of_memory(at);
    u32 bytes = layout->fields[0].bytes;
    std::span<const u8> source = data_bytes(at.instance, data);
    if (!inside(source.size(), from, u64(count) * bytes)) return trapped(at, TrapCode::memory_out_of_bounds);
    ArrayObject* a = make_array(at, type, count, false);
    if (a && count) std::memcpy(a->elements(), source.data() + from, std::size_t(count) * bytes);
    return word_of(a);
}

u64 array_new_elem(const Safepoint& at, TypeId type, u32 elem, u32 from, u32 count) noexcept {
    const InstanceData& in = data(at.instance);
    if (!inside(in.element_count(elem), from, count)) return trapped(at, TrapCode::table_out_of_bounds);
    ArrayObject* a = make_array(at, type, count, false);
    if (!a) return 0;
    for (u32 i = 0; i < count; ++i) {
        u64 word = in.element(elem, u64(from) + i).word;
        std::memcpy(a->elements() + u64(i) * 8, &word, sizeof word);
    }
    return word_of(a);
}

ExceptionObject* new_exception(const Safepoint& at, TagObject* tag, const Slot* values, u32 slots) noexcept {
    u64 bytes = sizeof(ExceptionObject) + slots * sizeof(u64);
    auto* e = static_cast<ExceptionObject*>(at.instance.store->heap.allocate(HeapObject::Kind::exception, TypeId::none, bytes, false, at));
    if (!e) return nullptr;
    e->tag = tag;
    e->count = slots;
    for (u32 i = 0; i < slots; ++i) e->slots()[i] = values[i].bits;
    return e;
}

// ---- ranges -------------------------------------------------------------------------------------------------------------------------

TrapCode array_fill(InstanceObject& in, u64 array, u32 to, const Slot* value, u32 count) noexcept {
    if (!array) return TrapCode::null_array_reference;
    ArrayObject& a = *array_of(array);
    if (!inside(a.length, to, count)) return TrapCode::array_out_of_bounds;
    u32 bytes = a.element_bytes;
    u8* first = a.elements() + u64(to) * bytes;
    return in_chunks(in, count, bytes, false, [&](u64 at, u64 n) { fill(first + at * bytes, value, n, bytes); });
}

TrapCode array_copy(InstanceObject& in, u64 to_array, u32 to, u64 from_array, u32 from, u32 count) noexcept {
    if (!to_array || !from_array) return TrapCode::null_array_reference;
    ArrayObject &a = *array_of(to_array), &b = *array_of(from_array);
    if (!inside(a.length, to, count) || !inside(b.length, from, count)) return TrapCode::array_out_of_bounds;
    u32 bytes = a.element_bytes;
    u8* target = a.elements() + u64(to) * bytes;
    const u8* source = b.elements() + u64(from) * bytes;
    return in_chunks(in, count, bytes, &a == &b && to > from,
                     [&](u64 at, u64 n) { std::memmove(target + at * bytes, source + at * bytes, n * bytes); });
}

TrapCode array_init_data(InstanceObject& in, u64 array, u32 data, u32 to, u32 from, u32 count) noexcept {
    if (!array) return TrapCode::null_array_reference;
    ArrayObject& a = *array_of(array);
    if (!inside(a.length, to, count)) return TrapCode::array_out_of_bounds;
    u32 bytes = a.element_bytes;
    std::span<const u8> source = data_bytes(in, data);
    if (!inside(source.size(), from, u64(count) * bytes)) return TrapCode::memory_out_of_bounds;
    u8* target = a.elements() + u64(to) * bytes;
    return in_chunks(in, count, bytes, false, [&](u64 at, u64 n) { std::memcpy(target + at * bytes, source.data() + from + at * bytes, n * bytes); });
}

TrapCode array_init_elem(InstanceObject& in, u64 array, u32 elem, u32 to, u32 from, u32 count) noexcept {
    if (!array) return TrapCode::null_array_reference;
    ArrayObject& a = *array_of(array);
    if (!inside(a.length, to, count)) return TrapCode::array_out_of_bounds;
    const InstanceData& instance = data(in);
    if (!inside(instance.element_count(elem), from, count)) return TrapCode::table_out_of_bounds;
    for (u32 i = 0; i < count; ++i) {
        u64 word = instance.element(elem, u64(from) + i).word;
        std::memcpy(a.elements() + (u64(to) + i) * 8, &word, sizeof word);
    }
    return TrapCode::none;
}

// ---- casts --------------------------------------------------------------------------------------------------------------------------

CastTarget::CastTarget(const TypeTable& types, ValType target) {
    auto look = [&] {
        if (target.is_defined()) {
            const SubType& t = types[target.type()];
            bool exact = t.final || target.exact();
            if (t.kind == SubType::Kind::func) return exact ? Look::exact_function : Look::function;
            return exact ? Look::exact_object : Look::object;
        }
        switch (target.heap()) {
            case Heap::func:
            case Heap::extern_:
            case Heap::exn:
            case Heap::any: return Look::always;
            case Heap::eq: return Look::eq;
            case Heap::i31: return Look::i31;
            case Heap::struct_: return Look::struct_;
            case Heap::array: return Look::array;
            default: return Look::never;
        }
    };
    bits_ = (target.is_defined() ? u32(target.type()) : 0) | u32(target.nullable()) << 25 | u32(look()) << 26;
}

bool is_of_type(const TypeTable& types, u64 word, CastTarget target) noexcept {
    using Look = CastTarget::Look;
    using Kind = HeapObject::Kind;
    if (word == 0) return target.nullable();
    Look look = target.look();
    if (look == Look::always) return true;
    if (look == Look::never) return false;
    if (look == Look::exact_function || look == Look::function) {
        TypeId type = reinterpret_cast<const FuncObject*>(word)->type;
        return type == target.type() || (look == Look::function && types.is_subtype(type, target.type()));
    }
    if (word & 1) return look == Look::i31 || look == Look::eq;
    const HeapObject& o = *reinterpret_cast<const HeapObject*>(word);
    switch (look) {
        case Look::eq: return o.kind != Kind::host;
        case Look::struct_: return o.kind == Kind::struct_;
        case Look::array: return o.kind == Kind::array;
        case Look::exact_object: return o.type == target.type() && o.kind != Kind::host;
        case Look::object: return o.kind != Kind::host && (o.type == target.type() || types.is_subtype(o.type, target.type()));
        default: return false;
    }
}

}  // namespace heddle
