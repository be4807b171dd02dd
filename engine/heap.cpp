// The heap's memory, marking and sweeping.
#include "heap.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "code.hpp"
#include "continuation.hpp"
#include "handlers.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

constexpr u64 block_bytes = 64 << 10;
constexpr u64 block_header = 64;
constexpr std::size_t chunk_blocks = 16;
constexpr u64 smallest_goal = u64(4) << 20;
constexpr u64 array_slice = 1024;   // elements followed at once
constexpr u64 poll_interval = 1024;  // objects, blocks or words / 16 between two looks at the interrupt flag

// Cells of 16 … 256 bytes in steps of 16, then four sizes per doubling up to 32 KiB; the last one fits a block twice.
constexpr u64 cell_bytes(u32 size_class) {
    if (size_class < 16) return (size_class + 1) * 16;
    u32 doubling = (size_class - 16) / 4, step = (size_class - 16) % 4 + 1;
    u64 bytes = (u64(256) << doubling) + (u64(64) << doubling) * step;
    return std::min<u64>(bytes, (block_bytes - block_header) / 2 & ~u64(15));
}
constexpr u32 class_of(u64 bytes) {
    if (bytes <= 256) return u32((bytes + 15) / 16) - 1;
    u32 doubling = u32(std::bit_width(bytes - 1)) - 9;
    return 16 + 4 * doubling + u32((bytes - 1 - (u64(256) << doubling)) >> (6 + doubling));
}
constexpr u64 largest_cell = cell_bytes(16 + 4 * 7 - 1);
static_assert(cell_bytes(class_of(257)) == 320 && cell_bytes(class_of(320)) == 320 && cell_bytes(class_of(321)) == 384);
static_assert(cell_bytes(class_of(512)) == 512 && cell_bytes(class_of(513)) == 640 && class_of(largest_cell) == 16 + 4 * 7 - 1);

HeapObject*& next_free(HeapObject* cell) { return *reinterpret_cast<HeapObject**>(reinterpret_cast<u8*>(cell) + 8); }
u64 address(const void* p) { return reinterpret_cast<u64>(p); }

}  // namespace

struct alignas(block_header) ObjectHeap::Block {
    u64 object_bytes = 0;    // of a cell, or of the one large object; 0: not in use
    u32 cells = 0;           // 0: a large object
    void* memory = nullptr;  // large: what to free

    u8* first() { return reinterpret_cast<u8*>(this + 1); }
    HeapObject* cell(u32 i) { return reinterpret_cast<HeapObject*>(first() + i * object_bytes); }
};

// ---- words held by native code ------------------------------------------------------------------------------------------------------

Held::Held(StoreData& s) : store_(s), below_(s.heap.held_) { s.heap.held_ = this; }
Held::~Held() { store_.heap.held_ = below_; }

// ---- layouts ------------------------------------------------------------------------------------------------------------------------

u32 storage_bytes(ValType type) {
    switch (type.kind()) {
        case ValType::i8_: return 1;
        case ValType::i16_: return 2;
        case ValType::i32_:
        case ValType::f32_: return 4;
        case ValType::v128_: return 16;
        default: return 8;
    }
}

namespace {

u32 aligned(u32 at, u32 bytes) {
    u32 alignment = std::min<u32>(bytes, 8);
    return (at + alignment - 1) & ~(alignment - 1);
}

Trace trace_of(const TypeTable& types, ValType t) {
    if (!t.is_ref()) return Trace::none;
    switch (types.top(t)) {
        case heddle::Heap::any: return !t.is_defined() && t.heap() == heddle::Heap::any ? Trace::any : Trace::object;
        case heddle::Heap::extern_:
        case heddle::Heap::exn: return Trace::any;
        case heddle::Heap::cont: return Trace::object;
        default: return Trace::none;
    }
}

Layout make_layout(const TypeTable& types, const SubType& type) {
    Layout l;
    bool is_array = type.kind == SubType::Kind::array;
    u32 at = is_array ? sizeof(ArrayObject) : sizeof(HeapObject);
    for (const FieldType& f : type.fields) {
        u32 bytes = storage_bytes(f.type);
        at = aligned(at, bytes);
        l.fields.push_back({at, u8(bytes), trace_of(types, f.type)});
        if (l.fields.back().trace != Trace::none) l.references.push_back(l.fields.back());
        at += bytes;
    }
    if (type.descriptor != TypeId::none) {
        l.descriptor = aligned(at, 8);
        l.references.push_back({l.descriptor, 8, Trace::object});
        at = l.descriptor + 8;
    }
    l.bytes = at;
    return l;
}

}  // namespace

u32 field_offset(const SubType& type, u32 index) {
    u32 at = sizeof(HeapObject);
    for (u32 i = 0;; ++i) {
        u32 bytes = storage_bytes(type.fields[i].type);
        at = aligned(at, bytes);
        if (i == index) return at;
        at += bytes;
    }
}

const Layout* ObjectHeap::layout(TypeId type) noexcept {
    if (std::size_t(type) < layouts_.size() && layouts_[std::size_t(type)]) return layouts_[std::size_t(type)];
    try {
        auto made = std::make_unique<Layout>(make_layout(store_.types(), store_.types()[type]));
        if (layouts_.size() <= std::size_t(type)) layouts_.resize(std::size_t(type) + 1);
        layouts_owned_.push_back(std::move(made));
        return layouts_[std::size_t(type)] = layouts_owned_.back().get();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

// ---- memory -------------------------------------------------------------------------------------------------------------------------

ObjectHeap::ObjectHeap(StoreData& s) : store_(s), goal_(std::min(smallest_goal, s.config().max_heap_bytes)) {}

ObjectHeap::~ObjectHeap() {
    for (Block* b : large_) std::free(b->memory);
}

namespace {

std::size_t hash_of(u64 block) { return std::size_t((block >> 16) * 0x9e3779b97f4a7c15 >> 20); }

}  // namespace

// There is room: the table is at most half full.
void ObjectHeap::enter_index_again(u64 block) noexcept {
    std::size_t mask = index_.size() - 1, i = hash_of(block) & mask;
    while (index_[i]) i = (i + 1) & mask;
    index_[i] = block;
}

void ObjectHeap::enter_index(u64 block) noexcept {
    enter_index_again(block);
    ++indexed_;
    lowest_ = std::min(lowest_, block);
    highest_ = std::max(highest_, block + block_bytes);
}

void ObjectHeap::reserve_index(std::size_t more) {
    std::size_t size = std::max<std::size_t>(64, index_.size());
    while ((indexed_ + more) * 2 > size) size *= 2;
    if (size == index_.size()) return;
    std::vector<u64> old(size);
    old.swap(index_);
    for (u64 b : old)
        if (b) enter_index_again(b);
}

HeapObject* ObjectHeap::find(u64 word) const {
    if ((word & 15) != 0 || word < lowest_ || word >= highest_) return nullptr;
    u64 base = word & ~(block_bytes - 1);
    std::size_t mask = index_.size() - 1, i = hash_of(base) & mask;
    while (index_[i] != base) {
        if (!index_[i]) return nullptr;
        i = (i + 1) & mask;
    }
    const Block& b = *reinterpret_cast<const Block*>(base);
    u64 offset = word - base;
    if (b.object_bytes == 0 || offset < block_header) return nullptr;
    offset -= block_header;
    if (b.cells == 0 ? offset != 0 : u32(offset) % u32(b.object_bytes) != 0 || u32(offset) / u32(b.object_bytes) >= b.cells) return nullptr;
    HeapObject* o = reinterpret_cast<HeapObject*>(word);
    return o->kind == HeapObject::Kind::free ? nullptr : o;
}

// A block of zeros.
ObjectHeap::Block* ObjectHeap::take_block() {
    if (free_blocks_.empty()) {
        if (chunks_.size() == chunks_.capacity()) chunks_.reserve(chunks_.size() * 2 + 4);
        free_blocks_.reserve(chunk_blocks * chunks_.capacity());  // so that giving a block back needs no room
        reserve_index(chunk_blocks);
        u8* memory = static_cast<u8*>(std::calloc(chunk_blocks + 1, block_bytes));
        if (!memory) throw std::bad_alloc();
        chunks_.emplace_back(memory, std::free);
        u64 first = (address(memory) + block_bytes - 1) & ~(block_bytes - 1);
        for (std::size_t i = chunk_blocks; i-- > 0;) {
            enter_index(first + i * block_bytes);
            free_blocks_.push_back(reinterpret_cast<Block*>(first + i * block_bytes));
        }
    }
    Block* b = free_blocks_.back();
    if (b->memory == b) std::memset(static_cast<void*>(b), 0, block_bytes);  // was in use before
    free_blocks_.pop_back();
    return b;
}

// Gives a block's dead cells to its class, or the whole block back when nothing in it lives: true.
bool ObjectHeap::sweep(Class& c, Block& b) noexcept {
    bool lives = false;
    for (u32 i = 0; i < b.cells && !lives; ++i) lives = b.cell(i)->kind != HeapObject::Kind::free && b.cell(i)->mark == mark_;
    if (!lives) {
        b.object_bytes = 0;
        b.memory = &b;
        free_blocks_.push_back(&b);
        return true;
    }
    for (u32 i = b.cells; i-- > 0;) {
        HeapObject* o = b.cell(i);
        if (o->kind != HeapObject::Kind::free && o->mark == mark_) continue;
        o->kind = HeapObject::Kind::free;
        next_free(o) = c.free;
        c.free = o;
    }
    return false;
}

void ObjectHeap::sweep_next(Class& c) noexcept {
    if (!sweep(c, *c.blocks[c.swept])) {
        ++c.swept;
        return;
    }
    c.blocks[c.swept] = c.blocks.back();
    c.blocks.pop_back();
}

void ObjectHeap::finish_sweep() noexcept {
    for (Class& c : classes_)
        while (c.swept < c.blocks.size() && !given_up_) {
            sweep_next(c);
            poll();
        }
}

void ObjectHeap::sweep_large() noexcept {
    auto is_dead = [&](Block* b) {
        if (b->cell(0)->mark == mark_) return false;
        std::free(b->memory);
        return true;
    };
    std::size_t before = large_.size();
    // The index first, while the blocks can be read.
    if (std::ranges::any_of(large_, [&](Block* b) { return b->cell(0)->mark != mark_; })) {
        std::ranges::fill(index_, 0);
        for (const auto& chunk : chunks_) {
            u64 first = (address(chunk.get()) + block_bytes - 1) & ~(block_bytes - 1);
            for (std::size_t i = 0; i < chunk_blocks; ++i) enter_index_again(first + i * block_bytes);
        }
        for (Block* b : large_)
            if (b->cell(0)->mark == mark_) enter_index_again(address(b));
    }
    std::erase_if(large_, is_dead);
    indexed_ -= before - large_.size();
}

bool ObjectHeap::more_cells(u32 size_class) {
    Class& c = classes_[size_class];
    while (c.swept < c.blocks.size()) {
        sweep_next(c);
        if (c.free) return true;
    }
    if (c.blocks.size() == c.blocks.capacity()) c.blocks.reserve(c.blocks.size() * 2 + 4);
    Block* b = take_block();
    b->memory = nullptr;
    b->object_bytes = cell_bytes(size_class);
    b->cells = u32((block_bytes - block_header) / b->object_bytes);
    c.blocks.push_back(b);
    c.swept = c.blocks.size();
    c.fresh = b->first();
    c.fresh_end = reinterpret_cast<u8*>(b->cell(b->cells));
    return false;
}

HeapObject* ObjectHeap::take_cell(u32 size_class) {
    Class& c = classes_[size_class];
    if (!c.free && c.fresh == c.fresh_end) more_cells(size_class);
    if (HeapObject* o = c.free) {
        c.free = next_free(o);
        return o;
    }
    HeapObject* o = reinterpret_cast<HeapObject*>(c.fresh);
    c.fresh += cell_bytes(size_class);
    return o;
}

HeapObject* ObjectHeap::take_large(u64 bytes) {
    if (large_.size() == large_.capacity()) large_.reserve(large_.size() * 2 + 8);
    reserve_index(1);
    u8* memory = static_cast<u8*>(std::calloc(1, block_bytes + block_header + bytes));
    if (!memory) throw std::bad_alloc();
    u64 at = (address(memory) + block_bytes - 1) & ~(block_bytes - 1);
    enter_index(at);
    Block* b = reinterpret_cast<Block*>(at);
    b->memory = memory;
    b->object_bytes = bytes;
    b->cells = 0;
    large_.push_back(b);
    return b->cell(0);
}

namespace {

HeapObject* refused(const Safepoint& at, TrapCode code) {
    at.instance.context->trap = code;
    return nullptr;
}

}  // namespace

// Collects until that many bytes may be allocated.
bool ObjectHeap::make_room(u64 bytes, const Safepoint& at) noexcept {
    u64 limit = store_.config().max_heap_bytes;
    if (bytes > limit) return refused(at, TrapCode::heap_limit);
    if (!collect(at)) return false;
    if (bytes > limit - std::min(limit, bytes_)) return refused(at, TrapCode::heap_limit);
    goal_ = std::min(limit, std::max({smallest_goal, bytes_ * 2, bytes_ + bytes}));
    return true;
}

HeapObject* ObjectHeap::allocate(HeapObject::Kind kind, TypeId type, u64 bytes, bool zeroed, const Safepoint& at) noexcept {
    bool small = bytes <= largest_cell;
    u32 size_class = small ? class_of(bytes) : 0;
    u64 takes = small ? cell_bytes(size_class) : bytes;
    if (takes > goal_ - std::min(goal_, bytes_) && !make_room(takes, at)) return nullptr;
    HeapObject* o = nullptr;
    try {
        o = small ? take_cell(size_class) : take_large(bytes);
    } catch (const std::bad_alloc&) {
        return refused(at, TrapCode::heap_limit);
    }
    if (zeroed && small) std::memset(static_cast<void*>(o), 0, takes);
    bytes_ += takes;
    o->type = type;
    o->kind = kind;
    o->mark = 0;
    return o;
}

// ---- marking ------------------------------------------------------------------------------------------------------------------------

template <class F>
void ObjectHeap::each_object(F f) const {
    for (const Class& c : classes_)
        for (Block* b : c.blocks)
            for (u32 i = 0; i < b->cells; ++i)
                if (b->cell(i)->kind != HeapObject::Kind::free) f(b->cell(i), *b);
    for (Block* b : large_) f(b->cell(0), *b);
}

// Collections have numbers, so that marks need no clearing. Few numbers: when they begin again, no object may have one yet.
void ObjectHeap::next_mark() noexcept {
    if (++mark_ != 0) return;
    each_object([](HeapObject* o, Block&) { o->mark = 0; });
    mark_ = 1;
}

// Asks the Store once in a while whether to go on.
void ObjectHeap::poll() noexcept {
    if (--until_poll_ != 0) return;
    until_poll_ = poll_interval;
    if (asking_->context->interrupt.load(std::memory_order_relaxed) && !poll_in_bulk(*asking_)) given_up_ = true;
}

void ObjectHeap::push(Grey g) noexcept {
    try {
        grey_.push_back(g);
    } catch (const std::bad_alloc&) {
        overflowed_ = true;
    }
}

bool ObjectHeap::has_references(const HeapObject& o) const noexcept {
    bool by_type = o.kind == HeapObject::Kind::struct_ || o.kind == HeapObject::Kind::array;
    return !by_type || !layouts_[std::size_t(o.type)]->references.empty();
}

void ObjectHeap::mark_object(HeapObject* o) noexcept {
    if (o->mark == mark_) return;
    o->mark = mark_;
    ++marked_;
    marked_bytes_ += reinterpret_cast<const Block*>(address(o) & ~(block_bytes - 1))->object_bytes;
    if (has_references(*o)) push({o, 0});
}

void ObjectHeap::mark_word(u64 word) noexcept {
    if (HeapObject* o = find(word)) mark_object(o);
}

void ObjectHeap::mark_range(const void* from, const void* to) noexcept {
    for (const u64 *p = static_cast<const u64*>(from), *end = static_cast<const u64*>(to); p < end && !given_up_; ++p) {
        mark_word(*p);
        if ((address(p) & 127) == 0) poll();
    }
}

void ObjectHeap::follow(u64 word, Trace trace) noexcept {
    if (trace == Trace::any) return mark_word(word);
    if (word && !(word & 1)) mark_object(reinterpret_cast<HeapObject*>(word));
}

void ObjectHeap::scan(Grey g) noexcept {
    u8* object = reinterpret_cast<u8*>(g.object);
    auto word_at = [](const u8* at) {
        u64 w;
        std::memcpy(&w, at, sizeof w);
        return w;
    };
    if (g.object->kind == HeapObject::Kind::exception) {
        for (u64 v : static_cast<ExceptionObject*>(g.object)->values()) mark_word(v);
        return;
    }
    if (g.object->kind == HeapObject::Kind::continuation) return scan_continuation(static_cast<ContObject&>(*g.object));
    const Layout& l = *layouts_[std::size_t(g.object->type)];
    if (g.object->kind == HeapObject::Kind::struct_) {
        for (const FieldPlace& f : l.references) follow(word_at(object + f.offset), f.trace);
        return;
    }
    ArrayObject& a = static_cast<ArrayObject&>(*g.object);
    u64 end = std::min<u64>(a.length, g.from + array_slice);
    if (end < a.length) push({g.object, end});
    for (u64 i = g.from; i < end; ++i) follow(word_at(a.elements() + i * 8), l.references[0].trace);
}

void ObjectHeap::drain() noexcept {
    while (!grey_.empty() && !given_up_) {
        Grey g = grey_.back();
        grey_.pop_back();
        scan(g);
        poll();
    }
}

namespace {

const void* end_of_frame(const Word* pc, const Slot* frame, const InstanceObject& in, const void* otherwise) {
    const CodeRange* r = in.module ? in.module->storage->find(pc) : nullptr;
    return r ? reinterpret_cast<const u8*>(frame) + r->code->frame_bytes : otherwise;
}

// How far up the innermost stack references may lie.
const void* end_of_stack(const ExecutionData& e, const Safepoint& at) {
    const void* all = e.stacks ? e.stacks->stack.end : e.stack.end;
    switch (e.state) {
        case Execution::State::ready: return e.bottom() + e.func->code->param_slots;
        case Execution::State::blocked:
        case Execution::State::parked:
            if (e.pc == cells.resume_blocked || e.pc == cells.resume_parked) return e.top + 1;  // a native function waits
            return end_of_frame(e.pc, e.frame, *e.instance, all);
        default: break;
    }
    // The frame that allocates is the last one; what else runs may reach anywhere.
    bool allocates = at.pc && e.store->context.current == &e;
    return allocates ? end_of_frame(at.pc, at.frame, at.instance, all) : all;
}

}  // namespace

// The stacks of links, from the innermost, which holds references up to `end`.
void ObjectHeap::mark_links(const StackLink* l, const void* end) noexcept {
    for (; l; l = l->below) {
        mark_range(l->bottom(), end);
        if (l->below) end = end_of_frame(l->pc, l->frame, *l->instance, l->below->stack.end);
    }
}

void ObjectHeap::scan_continuation(const ContObject& k) noexcept {
    for (u64 v : k.values()) mark_word(v);
    if (k.inner) mark_links(k.inner, end_of_frame(k.pc, k.frame, *k.instance, k.inner->stack.end));
}

void ObjectHeap::mark_stack(const ExecutionData& e, const Safepoint& at) noexcept {
    mark_word(address(e.exception.object));
    mark_word(address(e.pending));
    for (Slot r : e.results) mark_word(r.bits);
    if (!e.stack || e.state == Execution::State::idle || e.state == Execution::State::dead) return;
    const void* end = end_of_stack(e, at);
    if (!e.stacks) return mark_range(e.stack.base, end);
    mark_links(e.stacks, end);
    const StackLink* outermost = e.stacks;
    while (outermost->below) outermost = outermost->below;
    mark_range(e.stack.base, end_of_frame(outermost->pc, outermost->frame, *outermost->instance, e.stack.end));
}

void ObjectHeap::mark_instance(const InstanceData& in) noexcept {
    if (in.own_globals)
        for (std::size_t i = 0; i < in.module->global_defs.size(); ++i) mark_word(in.own_globals[i].value.lo);
    for (const std::vector<u64>& values : in.elem_values) mark_range(values.data(), values.data() + values.size());
}

void ObjectHeap::mark_roots(const Safepoint& at) noexcept {
    mark_word(address(store_.context.exception));
    mark_word(address(store_.last_exception));
    mark_word(store_.context.result.bits);
    mark_range(roots.data(), roots.data() + roots.size());
    for (const Held* h = held_; h; h = h->below_) mark_range(h->words, h->words + h->count);
    for (const ExecutionData* e : store_.executions) mark_stack(*e, at);
    for (const GlobalObject& g : store_.globals) mark_word(g.value.lo);
    for (const TableObject& t : store_.tables)
        if (trace_of(store_.types(), t.type.element) != Trace::none) mark_range(t.elements, t.elements + t.size);
    for (const auto& in : store_.instances) mark_instance(*in);
}

void ObjectHeap::mark_all(const Safepoint& at) noexcept {
    mark_roots(at);
    drain();
    // What could not be queued is marked, with references that may not be: they are looked for.
    while (overflowed_ && !given_up_) {
        overflowed_ = false;
        each_object([&](HeapObject* o, Block&) {
            if (given_up_ || o->mark != mark_) return;
            if (has_references(*o)) scan({o, 0});
            drain();
        });
    }
}

bool ObjectHeap::collect(const Safepoint& at) noexcept {
    if (collecting_) return refused(at, TrapCode::heap_limit);
    collecting_ = true;
    given_up_ = overflowed_ = false;
    until_poll_ = poll_interval;
    asking_ = &at.instance;
    marked_ = marked_bytes_ = 0;
    finish_sweep();
    if (!given_up_) {
        next_mark();
        mark_all(at);
    }
    grey_.clear();
    if (!given_up_) {
        drop_unreached(store_, mark_);
        bytes_ = marked_bytes_;
        ++collections_;
        for (Class& c : classes_) {
            c.free = nullptr;
            c.fresh = c.fresh_end = nullptr;
            c.swept = 0;
        }
        sweep_large();
        assert((check(), true));
    }
    collecting_ = false;
    end_bulk(at.instance);
    return !given_up_;
}

void ObjectHeap::check() const {
    u64 bytes = 0;
    each_object([&](HeapObject* o, Block& b) {
        using Kind = HeapObject::Kind;
        assert(o->kind == Kind::struct_ || o->kind == Kind::array || o->kind == Kind::exception || o->kind == Kind::continuation);
        [[maybe_unused]] auto* a = static_cast<ArrayObject*>(o);
        if (o->kind == Kind::array) assert(sizeof(ArrayObject) + u64(a->length) * a->element_bytes <= b.object_bytes);
        if (o->kind == Kind::struct_) assert(layouts_[std::size_t(o->type)]->bytes <= b.object_bytes);
        bytes += b.object_bytes;
    });
    assert(bytes >= bytes_);  // those that died lie in blocks that were not swept yet
    (void)bytes;
}

}  // namespace heddle
