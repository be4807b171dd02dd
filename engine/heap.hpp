// A Store's heap: structures, arrays and exceptions, and the collector. Objects never move.
//
//   block, 64 KiB, aligned ┬ Block header
//                          └ cells of one size class, or one large object
//   cell                   ┬ HeapObject: type, kind, mark
//                          └ fields, elements or values; in a free cell the next free one
//
// Mark and sweep. Guest stacks and what the embedder holds are scanned conservatively: any word that is the address of an object keeps it.
// Fields and elements are followed by their types. Blocks are swept when cells of their size are wanted, so a pause is the marking.
//
// Marking is iterative and looks at the interrupt flag; a trap on the way gives the marking up, and nothing is freed.
#pragma once
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "runtime.hpp"

namespace heddle {

struct HeapObject {
    enum class Kind : u8 { free, struct_, array, exception, host, continuation };
    TypeId type = TypeId::none;
    Kind kind = Kind::free;
    u8 unused = 0;
    u16 mark = 0;  // the number of the collection that reached it last
};

// Fields follow in their order, each aligned to its size (v128 to 8), so that a subtype's begin like its supertype's.
struct StructObject : HeapObject {
    u8* fields() { return reinterpret_cast<u8*>(this); }  // a field's offset counts from here
};

struct ArrayObject : HeapObject {
    u32 length = 0;
    u32 element_bytes = 0;
    u8* elements() { return reinterpret_cast<u8*>(this + 1); }
};

// An exception in flight or held by an exnref: its tag and arguments.
struct ExceptionObject : HeapObject {
    TagObject* tag = nullptr;
    u64 count = 0;
    u64* slots() { return reinterpret_cast<u64*>(this + 1); }
    std::span<const u64> values() const { return {reinterpret_cast<const u64*>(this + 1), std::size_t(count)}; }
};

// A number of the embedder's as a reference; the Store keeps it for good.
struct HostReference : HeapObject {
    u64 value = 0;
    explicit HostReference(u64 v) : value(v) { kind = Kind::host; }
};

// How a reference is followed: not at all (functions), as an object or i31, or only after a look whether it is an object of this heap.
enum class Trace : u8 { none, object, any };

struct FieldPlace {
    u32 offset = 0;  // from the object's start
    u8 bytes = 0;    // 1, 2, 4, 8 or 16
    Trace trace = Trace::none;
};

// What an object of a structure or array type looks like.
struct Layout {
    u32 bytes = 0;                   // a structure, with its header
    u32 descriptor = 0;              // where its descriptor lies, behind the fields; 0: it has none
    std::vector<FieldPlace> fields;  // a structure's, or an array's element
    std::vector<FieldPlace> references;
};

u32 storage_bytes(ValType type);
// Where field `index` of a structure lies.
u32 field_offset(const SubType& type, u32 index);

// Where a guest stands that allocates: every reference it holds lies in a slot. Without a pc whole stacks are scanned.
struct Safepoint {
    InstanceObject& instance;
    const Word* pc = nullptr;
    Slot* frame = nullptr;
};

// Words that native code holds while it allocates; they keep what they point to.
class Held {
public:
    explicit Held(StoreData& s);
    ~Held();
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    const u64* words = nullptr;
    std::size_t count = 0;

private:
    friend class ObjectHeap;
    StoreData& store_;
    Held* below_;
};

class ObjectHeap {
public:
    explicit ObjectHeap(StoreData& s);
    ~ObjectHeap();
    ObjectHeap(const ObjectHeap&) = delete;
    ObjectHeap& operator=(const ObjectHeap&) = delete;

    // An object of that many bytes, its header included; the rest is zero when asked for, else undefined. Null: the context's trap says why.
    HeapObject* allocate(HeapObject::Kind kind, TypeId type, u64 bytes, bool zeroed, const Safepoint& at) noexcept;
    // Of a structure or array type; null when the system gives no memory. Stays where it is.
    const Layout* layout(TypeId type) noexcept;
    // The object whose address that is, or null.
    HeapObject* find(u64 word) const;
    // Frees what nothing reaches. False: the context's trap says why not.
    bool collect(const Safepoint& at) noexcept;

    bool collecting() const { return collecting_; }
    u64 bytes() const { return bytes_; }            // of objects, since the last collection also of those that died
    u64 collections() const { return collections_; }
    u64 last_marked() const { return marked_; }     // objects that the last collection found alive

    // Words that the embedder keeps alive (Root): a place in `roots`.
    std::vector<u64> roots;
    std::vector<u32> free_roots;
    // A reference was stored where marking may have looked already.
    void shade(u64 word) noexcept {
        if (collecting_) mark_word(word);
    }
    // Walks every cell: asserts that what is there makes sense.
    void check() const;

private:
    friend class Held;
    struct Block;
    struct Grey {  // an object whose references are to be followed, an array's from an index on
        HeapObject* object;
        u64 from;
    };
    struct Class {
        HeapObject* free = nullptr;
        u8 *fresh = nullptr, *fresh_end = nullptr;  // cells never used
        std::vector<Block*> blocks;
        std::size_t swept = 0;                      // blocks before this one are swept
    };
    static constexpr std::size_t class_count = 16 + 4 * 7;

    // ---- memory
    HeapObject* take_cell(u32 size_class);
    bool more_cells(u32 size_class);
    bool sweep(Class& c, Block& b) noexcept;
    void sweep_next(Class& c) noexcept;
    void finish_sweep() noexcept;
    void sweep_large() noexcept;
    Block* take_block();
    HeapObject* take_large(u64 bytes);
    void reserve_index(std::size_t more);
    void enter_index(u64 block) noexcept;
    void enter_index_again(u64 block) noexcept;
    bool make_room(u64 bytes, const Safepoint& at) noexcept;

    // ---- marking
    void next_mark() noexcept;
    bool has_references(const HeapObject& o) const noexcept;
    void mark_object(HeapObject* o) noexcept;
    void mark_word(u64 word) noexcept;
    void mark_range(const void* from, const void* to) noexcept;
    void mark_links(const struct StackLink* innermost, const void* end) noexcept;
    void scan_continuation(const struct ContObject& k) noexcept;
    void mark_stack(const ExecutionData& e, const Safepoint& at) noexcept;
    void mark_roots(const Safepoint& at) noexcept;
    void mark_instance(const struct InstanceData& in) noexcept;
    void push(Grey g) noexcept;
    void follow(u64 word, Trace trace) noexcept;
    void scan(Grey g) noexcept;
    void drain() noexcept;
    void mark_all(const Safepoint& at) noexcept;
    template <class F>
    void each_object(F f) const;
    void poll() noexcept;

    StoreData& store_;
    std::array<Class, class_count> classes_;
    std::vector<Block*> large_;
    std::vector<Block*> free_blocks_;
    std::vector<std::unique_ptr<u8, void (*)(void*)>> chunks_;
    std::vector<u64> index_;  // open addressing: addresses of blocks
    std::size_t indexed_ = 0;
    u64 lowest_ = ~u64(0), highest_ = 0;
    std::vector<std::unique_ptr<Layout>> layouts_owned_;
    std::vector<const Layout*> layouts_;  // by TypeId
    Held* held_ = nullptr;

    u64 bytes_ = 0;
    u64 goal_;
    u64 marked_ = 0, marked_bytes_ = 0;
    u64 collections_ = 0;
    u16 mark_ = 0;
    bool collecting_ = false;
    bool given_up_ = false;    // the Store said that the guest is to trap
    bool overflowed_ = false;  // an object was marked and could not be queued
    u32 until_poll_ = 0;
    InstanceObject* asking_ = nullptr;
    std::vector<Grey> grey_;
};

// ---- what handlers call (objects.cpp). A word of 0, or a trap code other than none: the instruction traps; context.trap says how for
// the allocating ones. Bounds and null are checked here. https://webassembly.github.io/spec/core/exec/instructions.html#aggregate-reference-instructions

u64 struct_new(const Safepoint& at, TypeId type, const Slot* values) noexcept;
u64 struct_new_default(const Safepoint& at, TypeId type) noexcept;
// Custom descriptors: the descriptor comes from a slot of its own; without `values` the fields are zero.
u64 struct_new_described(const Safepoint& at, TypeId type, const Slot* values, u64 descriptor) noexcept;
u64 descriptor_of(InstanceObject& in, u64 object) noexcept;  // 0: it has none
u64 array_new(const Safepoint& at, TypeId type, const Slot* value, u32 count) noexcept;
u64 array_new_default(const Safepoint& at, TypeId type, u32 count) noexcept;
u64 array_new_fixed(const Safepoint& at, TypeId type, const Slot* values, u32 count) noexcept;
u64 array_new_data(const Safepoint& at, TypeId type, u32 data, u32 from, u32 count) noexcept;
u64 array_new_elem(const Safepoint& at, TypeId type, u32 elem, u32 from, u32 count) noexcept;
TrapCode array_fill(InstanceObject& in, u64 array, u32 to, const Slot* value, u32 count) noexcept;
TrapCode array_copy(InstanceObject& in, u64 to_array, u32 to, u64 from_array, u32 from, u32 count) noexcept;
TrapCode array_init_data(InstanceObject& in, u64 array, u32 data, u32 to, u32 from, u32 count) noexcept;
TrapCode array_init_elem(InstanceObject& in, u64 array, u32 elem, u32 to, u32 from, u32 count) noexcept;

// What a cast asks, in 32 bits: a TypeId, whether null passes, and how to look.
class CastTarget {
public:
    enum class Look : u8 { never, always, i31, eq, struct_, array, object, exact_object, function, exact_function };
    CastTarget(const TypeTable& types, ValType target);
    constexpr explicit CastTarget(u32 bits) : bits_(bits) {}
    constexpr u32 bits() const { return bits_; }
    constexpr TypeId type() const { return TypeId(bits_ & 0x1ffffff); }
    constexpr bool nullable() const { return (bits_ >> 25 & 1) != 0; }
    constexpr Look look() const { return Look(bits_ >> 26); }

private:
    u32 bits_;
};

// Whether the reference passes a cast by descriptor: null if it may be, or a structure with that descriptor.
bool is_described(InstanceObject& in, u64 word, u64 descriptor, bool nullable) noexcept;
// Whether a reference of the target's hierarchy is of the target type. https://webassembly.github.io/spec/core/exec/instructions.html#exec-ref-test
bool is_of_type(const TypeTable& types, u64 word, CastTarget target) noexcept;

}  // namespace heddle
