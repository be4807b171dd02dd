#include "type_table.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <unordered_map>

#include <heddle/error.hpp>

namespace heddle {
namespace {

// A type and its supers from the top of its chain down to itself: whether a type lies above another is one look at its depth.
struct Entry {
    SubType type;
    u32 depth = 0;
    std::unique_ptr<TypeId[]> display;  // depth + 1 ids
};

// Chunk k holds first_chunk << k entries, so entries never move and the array of chunks is small.
constexpr u32 first_chunk = 64;
constexpr std::size_t chunk_count = 19;

struct Place {
    u32 chunk, index;
};

Place place(u32 id) {
    u32 n = id / first_chunk + 1;
    u32 chunk = u32(std::bit_width(n)) - 1;
    return {chunk, id - first_chunk * ((1u << chunk) - 1)};
}

struct Group {
    u32 first, size;
};

// A type as member of the group [first, first + size): the group's own ids become relative.
struct Relative {
    u32 first, size;
    TypeId operator()(TypeId id) const {
        u32 i = u32(id);
        return i - first < size ? TypeId(TypeTable::self + (i - first)) : id;
    }
};

// Ids of the group to be interned, made absolute.
struct Absolute {
    u32 first;
    TypeId operator()(TypeId id) const {
        u32 i = u32(id);
        return id != TypeId::none && i >= TypeTable::self ? TypeId(first + (i - TypeTable::self)) : id;
    }
};

template <class Map>
ValType map_type(ValType t, const Map& map) {
    return t.is_ref() && t.is_defined() ? ValType::reference(map(t.type()), t.nullable(), t.exact()) : t;
}

template <class Map>
void map_types(SubType& t, const Map& map) {
    t.super = map(t.super);
    t.cont = map(t.cont);
    t.describes = map(t.describes);
    t.descriptor = map(t.descriptor);
    for (ValType& v : t.func.params) v = map_type(v, map);
    for (ValType& v : t.func.results) v = map_type(v, map);
    for (FieldType& f : t.fields) f.type = map_type(f.type, map);
}

template <class Map>
bool equal(const std::vector<ValType>& stored, const std::vector<ValType>& asked, const Map& map) {
    if (stored.size() != asked.size()) return false;
    for (std::size_t i = 0; i < stored.size(); ++i)
        if (map_type(stored[i], map) != asked[i]) return false;
    return true;
}

template <class Map>
bool equal(const SubType& stored, const SubType& asked, const Map& map) {
    if (stored.kind != asked.kind || stored.final != asked.final || map(stored.super) != asked.super || map(stored.cont) != asked.cont ||
        map(stored.describes) != asked.describes || map(stored.descriptor) != asked.descriptor || stored.fields.size() != asked.fields.size())
        return false;
    for (std::size_t i = 0; i < stored.fields.size(); ++i)
        if (stored.fields[i].mutable_ != asked.fields[i].mutable_ || map_type(stored.fields[i].type, map) != asked.fields[i].type) return false;
    return equal(stored.func.params, asked.func.params, map) && equal(stored.func.results, asked.func.results, map);
}

struct Hash {
    u64 value = 0xcbf29ce484222325;
    void add(u64 v) { value = (value ^ v) * 0x9e3779b97f4a7c15, value ^= value >> 29; }
    void add(const SubType& t) {
        add(u64(t.kind) | u64(t.final) << 8);
        for (TypeId id : {t.super, t.cont, t.describes, t.descriptor}) add(u64(id));
        add(t.func.params.size());
        for (ValType v : t.func.params) add(v.bits());
        add(t.func.results.size());
        for (ValType v : t.func.results) add(v.bits());
        add(t.fields.size());
        for (const FieldType& f : t.fields) add(u64(f.type.bits()) | u64(f.mutable_) << 32);
    }
};

}  // namespace

struct TypeTable::Data {
    std::mutex mutex;  // guards everything but reading entries
    std::unordered_multimap<u64, Group> groups;
    u32 count = 0;
    std::array<std::atomic<Entry*>, chunk_count> chunks{};

    ~Data() {
        for (auto& c : chunks) delete[] c.load(std::memory_order_relaxed);
    }
    const Entry& entry(TypeId id) const {
        Place p = place(u32(id));
        return chunks[p.chunk].load(std::memory_order_acquire)[p.index];
    }
    Entry& make_room(u32 id) {
        Place p = place(id);
        if (!chunks[p.chunk].load(std::memory_order_relaxed))
            chunks[p.chunk].store(new Entry[std::size_t(first_chunk) << p.chunk], std::memory_order_release);
        return chunks[p.chunk].load(std::memory_order_relaxed)[p.index];
    }
    bool same(const Group& g, std::span<const SubType> group) const {
        if (g.size != group.size()) return false;
        Relative map{g.first, g.size};
        for (u32 i = 0; i < g.size; ++i)
            if (!equal(entry(TypeId(g.first + i)).type, group[i], map)) return false;
        return true;
    }
    void append(const SubType& type, u32 first) {
        Entry& e = make_room(count);
        e.type = type;
        map_types(e.type, Absolute{first});
        const Entry* super = e.type.super == TypeId::none ? nullptr : &entry(e.type.super);
        e.depth = super ? super->depth + 1 : 0;
        if (e.depth > max_depth) throw Error{Error::Kind::limit, "a type has more than " + std::to_string(max_depth) + " supertypes above it"};
        e.display.reset(new TypeId[e.depth + 1]);
        for (u32 i = 0; i < e.depth; ++i) e.display[i] = super->display[i];
        e.display[e.depth] = TypeId(count);
        ++count;
    }
};

TypeTable::TypeTable() : data_(std::make_unique<Data>()) {}
TypeTable::~TypeTable() = default;

TypeId TypeTable::intern(std::span<const SubType> group) {
    Hash hash;
    for (const SubType& t : group) hash.add(t);
    std::scoped_lock lock(data_->mutex);
    auto [at, end] = data_->groups.equal_range(hash.value);
    for (; at != end; ++at)
        if (data_->same(at->second, group)) return TypeId(at->second.first);
    u32 first = data_->count;
    if (group.size() > self - first) throw Error{Error::Kind::limit, "the engine holds more than " + std::to_string(self) + " types"};
    try {
        for (const SubType& t : group) data_->append(t, first);
        data_->groups.emplace(hash.value, Group{first, u32(group.size())});
    } catch (...) {
        data_->count = first;
        throw;
    }
    return TypeId(first);
}

TypeId TypeTable::intern(const FuncType& type) {
    SubType t;
    t.func = type;
    return intern(std::span<const SubType>(&t, 1));
}

const SubType& TypeTable::operator[](TypeId id) const { return data_->entry(id).type; }

bool TypeTable::is_subtype(TypeId a, TypeId b) const {
    if (a == b) return true;
    const Entry &x = data_->entry(a), &y = data_->entry(b);
    return y.depth < x.depth && x.display[y.depth] == b;
}

namespace {

Heap abstract_kind(SubType::Kind k) {
    switch (k) {
        case SubType::Kind::func: return Heap::func;
        case SubType::Kind::struct_: return Heap::struct_;
        case SubType::Kind::array: return Heap::array;
        case SubType::Kind::cont: return Heap::cont;
    }
    return Heap::bottom;
}

Heap top_of(Heap h) {
    switch (h) {
        case Heap::func:
        case Heap::nofunc: return Heap::func;
        case Heap::extern_:
        case Heap::noextern: return Heap::extern_;
        case Heap::exn:
        case Heap::noexn: return Heap::exn;
        case Heap::cont:
        case Heap::nocont: return Heap::cont;
        case Heap::bottom: return Heap::bottom;
        default: return Heap::any;
    }
}

Heap bottom_of(Heap h) {
    switch (top_of(h)) {
        case Heap::func: return Heap::nofunc;
        case Heap::extern_: return Heap::noextern;
        case Heap::exn: return Heap::noexn;
        case Heap::cont: return Heap::nocont;
        case Heap::any: return Heap::none;
        default: return Heap::bottom;
    }
}

// https://webassembly.github.io/spec/core/valid/matching.html#heap-types
bool is_subheap(Heap a, Heap b) {
    if (a == b || a == Heap::bottom) return true;
    if (top_of(a) != top_of(b)) return false;
    if (b == top_of(b) || a == bottom_of(a)) return true;
    return b == Heap::eq && (a == Heap::i31 || a == Heap::struct_ || a == Heap::array);
}

bool matches(const Limits& a, const Limits& b) { return a.min >= b.min && (!b.max || (a.max && *a.max <= *b.max)); }

}  // namespace

bool TypeTable::is_subtype(ValType a, ValType b) const {
    if (a == b || a.kind() == ValType::bottom) return true;
    if (!a.is_ref() || !b.is_ref() || (a.nullable() && !b.nullable())) return false;
    if (b.is_defined()) {
        if (!a.is_defined()) return a.heap() == Heap::bottom || a.heap() == bottom_of(abstract_kind((*this)[b.type()].kind));
        if (b.exact()) return a.exact() && a.type() == b.type();
        return is_subtype(a.type(), b.type());
    }
    return is_subheap(a.is_defined() ? abstract_kind((*this)[a.type()].kind) : a.heap(), b.heap());
}

// https://webassembly.github.io/spec/core/valid/matching.html#external-types
bool TypeTable::is_subtype(const ExternType& a, const ExternType& b) const {
    if (a.kind != b.kind) return false;
    switch (a.kind) {
        case ExternKind::func: return b.exact ? a.type == b.type : is_subtype(a.type, b.type);
        case ExternKind::tag: return a.type == b.type;
        case ExternKind::table: return a.table.element == b.table.element && a.table.is64 == b.table.is64 && matches(a.table.limits, b.table.limits);
        case ExternKind::memory:
            return a.memory.is64 == b.memory.is64 && a.memory.shared == b.memory.shared && a.memory.page_log2 == b.memory.page_log2 &&
                   matches(a.memory.limits, b.memory.limits);
        case ExternKind::global:
            if (a.global.mutable_ != b.global.mutable_) return false;
            return a.global.mutable_ ? a.global.type == b.global.type : is_subtype(a.global.type, b.global.type);
    }
    return false;
}

Heap TypeTable::top(ValType reference) const {
    return top_of(reference.is_defined() ? abstract_kind((*this)[reference.type()].kind) : reference.heap());
}

}  // namespace heddle
