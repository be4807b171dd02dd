#include "layout.hpp"

#include <algorithm>
#include <cassert>

namespace heddle::component::abi {

CoreType join(CoreType a, CoreType b) {
    if (a == b) return a;
    bool small = (a == CoreType::i32 && b == CoreType::f32) || (a == CoreType::f32 && b == CoreType::i32);
    return small ? CoreType::i32 : CoreType::i64;
}

void FlatTypes::push(CoreType t) {
    if (count >= max_flat_params) count = too_many;
    else types[count++] = t;
}

void FlatTypes::append(const FlatTypes& more) {
    if (more.count == too_many) count = too_many;
    for (CoreType t : more.view()) push(t);
}

Despecialized despecialize(const Types& types, const ValType& t) {
    struct Visitor {
        Despecialized operator()(Prim p) const { return p == Prim::error_context ? Despecialized(HandleType{HandleKind::error_context, {}, {}}) : p; }
        Despecialized operator()(const types::Record& r) const { return Fields(r); }
        Despecialized operator()(const types::Tuple& t) const { return Fields(t); }
        Despecialized operator()(const types::Variant& v) const { return Cases(v); }
        Despecialized operator()(const types::Enum& e) const { return Cases(e); }
        Despecialized operator()(const types::Option& o) const { return Cases(o); }
        Despecialized operator()(const types::ResultType& r) const { return Cases(r); }
        Despecialized operator()(const types::List& l) const { return Elements{&l.type, nullptr, l.length}; }
        Despecialized operator()(const types::Map& m) const { return Elements{nullptr, &m, {}}; }
        Despecialized operator()(const types::Flags& f) const { return FlagLabels{u32(f.labels.size())}; }
        Despecialized operator()(const types::Own& o) const { return HandleType{HandleKind::own, o.resource, {}}; }
        Despecialized operator()(const types::Borrow& b) const { return HandleType{HandleKind::borrow, b.resource, {}}; }
        Despecialized operator()(const types::Stream& s) const { return HandleType{HandleKind::stream, {}, s.type}; }
        Despecialized operator()(const types::Future& f) const { return HandleType{HandleKind::future, {}, f.type}; }
    };
    return t.prim ? Visitor{}(*t.prim) : std::visit(Visitor{}, types[t.id].kind);
}

namespace {

constexpr u64 huge = u64(1) << 40;  // no valid type is that big: sums and products stay small enough to be compared

u32 scalar_size(Prim p) {
    switch (p) {
        case Prim::bool_:
        case Prim::s8:
        case Prim::u8: return 1;
        case Prim::s16:
        case Prim::u16: return 2;
        case Prim::s64:
        case Prim::u64:
        case Prim::f64: return 8;
        default: return 4;
    }
}

CoreType flat_type(Prim p) {
    switch (p) {
        case Prim::s64:
        case Prim::u64: return CoreType::i64;
        case Prim::f32: return CoreType::f32;
        case Prim::f64: return CoreType::f64;
        default: return CoreType::i32;
    }
}

bool is_number(Prim p) { return p >= Prim::s8 && p <= Prim::f64; }

MemoryLayout pair_of_pointers(PtrType p) { return {2 * ptr_size(p), ptr_size(p)}; }

FlatTypes flat_pair(PtrType p) {
    FlatTypes f;
    CoreType t = p == PtrType::i32 ? CoreType::i32 : CoreType::i64;
    f.push(t);
    f.push(t);
    return f;
}

FlatTypes flat_one(CoreType t) {
    FlatTypes f;
    f.push(t);
    return f;
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#element-size
struct RecordLayout {
    MemoryLayout l;
    u64 content = 0;
    void add(const MemoryLayout& field) {
        l.size = std::min(align_to(l.size, field.alignment) + field.size, huge);
        l.alignment = std::max(l.alignment, field.alignment);
        content = std::min(content + field.size, huge);
    }
    MemoryLayout done() const { return {align_to(l.size, l.alignment), l.alignment}; }
    bool has_padding() const { return done().size != content; }
};

// The info of a type whose parts are known.
struct InfoOf {
    const Layouts* layouts;  // null: of primitives, which have no parts
    TypeInfo out{};

    void operator()(Prim p) {
        for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
            bool string = p == Prim::string;
            out.memory[u8(ptr)] = string ? pair_of_pointers(ptr) : MemoryLayout{scalar_size(p), scalar_size(p)};
            out.flat[u8(ptr)] = string ? flat_pair(ptr) : flat_one(flat_type(p));
        }
        out.plain = is_number(p);
        out.words = out.plain && scalar_size(p) >= 4;
    }
    void operator()(const Fields& f) {
        out.plain = out.words = true;
        for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
            RecordLayout l;
            for (std::size_t i = 0; i < f.size(); ++i) {
                const TypeInfo& field = layouts->info(f[i]);
                l.add(field.memory[u8(ptr)]);
                out.flat[u8(ptr)].append(field.flat[u8(ptr)]);
                out.plain &= field.plain;
                out.words &= field.words;
            }
            out.memory[u8(ptr)] = l.done();
            out.plain &= !l.has_padding();  // padding belongs to the receiver: it is not written
        }
    }
    void operator()(const Cases& c) {
        for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
            MemoryLayout payload;
            FlatTypes flat;
            for (u32 i = 0; i < c.size(); ++i)
                if (c[i]) add_case(layouts->info(*c[i]), ptr, payload, flat);
            u32 disc = discriminant_size(c.size());
            u64 offset = align_to(disc, payload.alignment);
            u32 alignment = std::max(disc, payload.alignment);
            out.payload_offset[u8(ptr)] = u32(offset);
            out.memory[u8(ptr)] = {align_to(std::min(offset + payload.size, huge), alignment), alignment};
            out.flat[u8(ptr)] = flat_one(CoreType::i32);
            out.flat[u8(ptr)].append(flat);
        }
    }
    static void add_case(const TypeInfo& t, PtrType ptr, MemoryLayout& payload, FlatTypes& flat) {
        const MemoryLayout& m = t.memory[u8(ptr)];
        const FlatTypes& f = t.flat[u8(ptr)];
        payload = {std::max(payload.size, m.size), std::max(payload.alignment, m.alignment)};
        if (f.count == FlatTypes::too_many || flat.count == FlatTypes::too_many) {
            flat.count = FlatTypes::too_many;
            return;
        }
        for (u8 i = 0; i < f.count; ++i) {
            if (i < flat.count) flat.types[i] = join(flat.types[i], f.types[i]);
            else flat.push(f.types[i]);
        }
    }
    void operator()(const Elements& e) {
        TypeInfo pair;
        if (e.map) {
            InfoOf of{layouts};
            of(Fields(*e.map));
            pair = of.out;
        }
        const TypeInfo& element = e.map ? pair : layouts->info(*e.type);
        out.plain = e.length && element.plain;
        for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
            const MemoryLayout& m = out.elements[u8(ptr)] = element.memory[u8(ptr)];
            if (!e.length) {
                out.memory[u8(ptr)] = pair_of_pointers(ptr);
                out.flat[u8(ptr)] = flat_pair(ptr);
                continue;
            }
            out.memory[u8(ptr)] = {m.size > huge / std::max<u64>(*e.length, 1) ? huge : m.size * *e.length, m.alignment};
            for (u32 i = 0; i < std::min<u32>(*e.length, FlatTypes::too_many); ++i) out.flat[u8(ptr)].append(element.flat[u8(ptr)]);
        }
    }
    void operator()(const FlagLabels& f) {
        for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
            out.memory[u8(ptr)] = {flags_size(f.count), flags_size(f.count)};
            out.flat[u8(ptr)] = flat_one(CoreType::i32);
        }
    }
    void operator()(const HandleType&) {
        for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
            out.memory[u8(ptr)] = {4, 4};
            out.flat[u8(ptr)] = flat_one(CoreType::i32);
        }
    }
};

}  // namespace

const std::array<TypeInfo, 14>& Layouts::prims() {
    static const std::array<TypeInfo, 14> all = [] {
        std::array<TypeInfo, 14> a;
        for (u8 p = 0; p < a.size(); ++p) {
            InfoOf of{nullptr};
            of(Prim(p));
            a[p] = of.out;
        }
        return a;
    }();
    return all;
}

void Layouts::extend() {
    defined_.reserve(types_->defined.size());
    while (defined_.size() < types_->defined.size()) {
        InfoOf of{this};  // its parts were added before it
        std::visit(of, despecialize(*types_, {std::nullopt, DefinedId(u32(defined_.size()))}));
        defined_.push_back(of.out);
    }
}

Tuple Layouts::tuple(std::vector<ValType> types) const {
    Tuple t{std::move(types), {}, {}};
    for (PtrType ptr : {PtrType::i32, PtrType::i64}) {
        RecordLayout l;
        for (const ValType& v : t.types) {
            l.add(info(v).memory[u8(ptr)]);
            t.flat[u8(ptr)].append(info(v).flat[u8(ptr)]);
            t.words &= info(v).words;
        }
        t.memory[u8(ptr)] = l.done();
    }
    return t;
}

Tuple Layouts::params(const types::Func& f) const {
    std::vector<ValType> types;
    for (const types::Field& p : f.params) types.push_back(p.type);
    return tuple(std::move(types));
}

Tuple Layouts::result(const types::Func& f) const { return tuple(f.result ? std::vector<ValType>{*f.result} : std::vector<ValType>{}); }

namespace {

heddle::ValType core_type(CoreType t) {
    switch (t) {
        case CoreType::i64: return i64_type;
        case CoreType::f32: return f32_type;
        case CoreType::f64: return f64_type;
        default: return i32_type;
    }
}

std::vector<heddle::ValType> flat_or_pointer(const FlatTypes& f, u32 max, heddle::ValType pointer) {
    if (f.count > max) return {pointer};
    std::vector<heddle::ValType> out;
    for (CoreType t : f.view()) out.push_back(core_type(t));
    return out;
}

}  // namespace

heddle::FuncType flatten_functype(const Layouts& layouts, const FlattenOptions& options, const types::Func& f, Side side) {
    heddle::ValType pointer = options.ptr == PtrType::i32 ? i32_type : i64_type;
    FlatTypes params = layouts.params(f).flat[u8(options.ptr)], results = layouts.result(f).flat[u8(options.ptr)];
    heddle::FuncType out;
    bool async_lower = options.async && side == Side::lower;
    out.params = flat_or_pointer(params, async_lower ? max_flat_async_params : max_flat_params, pointer);
    if (options.async) {
        if (side == Side::lower && results.count > 0) out.params.push_back(pointer);
        if (side == Side::lower || options.callback) out.results.push_back(i32_type);
    } else if (results.count > max_flat_results && side == Side::lower) {
        out.params.push_back(pointer);
    } else {
        out.results = flat_or_pointer(results, max_flat_results, pointer);
    }
    return out;
}

}  // namespace heddle::component::abi
