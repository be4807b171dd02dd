// Handlers by name, as hot.def writes them.
#include <string>

#include "hot.hpp"

namespace heddle {
namespace {

constexpr const char* shape_names[] = {"SS", "AS", "SA", "SI", "AI", "IS", "IA"};
constexpr const char* source_names[] = {"S", "A", "I", "P", "Q", "R"};
constexpr const char* pinned_result_names[] = {"A", "S", "P", "Q", "R"};
constexpr const char* compare_shape_names[] = {"SS", "AS", "SI", "AI"};
constexpr const char* address_names[] = {"S", "A", "I", "SS", "AS", "SJ", "AJ", "SX", "SA", "P"};
constexpr const char* stored_names[] = {"S", "A", "I", "F64", "F32"};
constexpr const char* vector_shape_names[] = {"SSS", "ASS", "SAS", "SSA", "AAS", "SIS", "AIS", "PSS"};
constexpr const char* compare_names[] = {"eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"};
constexpr const char* control_names[] = {
#define CONTROL(name) #name,
#include "handlers.def"
};
constexpr const char* body_names[] = {
#define BODY(name) #name,
#define BODY_D(name) #name, #name "_d",
#include "handlers.def"
};
constexpr const char* object_names[] = {
#define OBJECT(name) #name,
#define OBJECT_D(name) #name, #name "_d",
#define OBJECT_CONTROL(name) #name,
#include "handlers.def"
};
constexpr const char* cont_names[] = {
#define CONT(name) #name,
#include "handlers.def"
};

std::string call(const char* what, std::initializer_list<std::string> arguments) {
    std::string text = what;
    char before = '(';
    for (const std::string& a : arguments) {
        text += before;
        text += a;
        before = ',';
    }
    return text + ")";
}
std::string op_name(u32 op) { return std::string(info(Op(op)).name); }

// Compare::test and i64 comparisons have no names of their own in the enum but numbers, which hot.def's reader gives them.
std::string compare_name(u32 c) {
    if (c == u32(Compare::test)) return "test";
    if (c == u32(Compare::test_not)) return "test_not";
    return c < 10 ? compare_names[c] : std::string("i64_") + compare_names[c - 10];
}

std::string branch_name(u32 index) {
    constexpr u32 shapes = u32(CompareShape::count_), edges = u32(Edge::count_);
    if (index < float_branch_base)
        return call("C", {compare_name(index / edges / shapes), compare_shape_names[index / edges % shapes], std::to_string(index % edges)});
    if (index >= select_base) {
        u32 at = index - select_base;
        return call("X", {compare_name(at / shapes), compare_shape_names[at % shapes]});
    }
    u32 at = index - float_branch_base, form = at / edges / 2;
    return call("F", {op_name(u32(Op::f32_eq) + form / u32(Shape::count_)), shape_names[form % u32(Shape::count_)], std::to_string(at / edges % 2),
                      std::to_string(at % edges)});
}

std::string pinned_name(u32 index) {
    constexpr u32 sources = u32(Source::count_), results = u32(PinnedResult::count_);
    return call("PIN", {op_name(u32(Op::f64_add) + index / results / sources / sources), source_names[index / results / sources % sources],
                        source_names[index / results % sources], pinned_result_names[index % results]});
}

std::string memory_name(u32 index) {
    constexpr u32 addresses = u32(Address::count_);
    if (index < store_base) return call("L", {op_name(u32(Op::i32_load) + index / 2 / addresses), address_names[index / 2 % addresses], std::to_string(index % 2)});
    if (index >= atomic_base) return call("atomic", {op_name(u32(Op::i32_atomic_load) + (index - atomic_base) / 2)});
    u32 at = index - store_base, form = at / u32(Stored::count_);
    return call("S", {std::to_string(form / addresses), address_names[form % addresses], stored_names[at % u32(Stored::count_)]});
}

std::string control_name(u32 index) {
    if (index < u32(Control::call_base)) return call("K", {control_names[index]});
    u32 at = index - u32(Control::call_base);
    if (at >= call_variants) return "metered " + control_name(index - call_variants);
    return call("CALL", {std::to_string(at / call_zeroes), std::to_string(at % call_zeroes)});
}

bool is_ending(Control c) {
    return (c >= Control::br && c <= Control::return_slot_f32) || (u32(c) >= u32(Control::call_base) && u32(c) < u32(Control::call_base) + call_variants);
}
// The bodies of bodies_plain.hpp but the one that goes out of line.
bool is_plain(Body b) { return b >= Body::move && b <= Body::select_v128_d && b != Body::move_block; }

std::string simd_name(u32 index) {
    Op op = Op(u32(Op::v128_load) + index / simd_variants);
    u32 form = index % simd_variants / 2, second = index % 2;
    const char* address = address_names[u32(vector_addresses[form])];
    switch (info(op).kind) {
    case RowKind::vload: return call("VL", {op_name(u32(op)), address, std::to_string(second)});
    case RowKind::vstore: return call("VS", {address, second ? "A" : "S"});
    default: return call("V", {op_name(u32(op)), vector_shape_names[form], std::to_string(second)});
    }
}

}  // namespace

Membership membership(HandlerId id) {
    if (is_metered(id)) return Membership::none;  // its twin is
    u32 index = id & 0xfff;
    auto when = [](bool is_member, Membership m) { return is_member ? m : Membership::none; };
    switch (Group(id >> 12)) {
    case Group::numeric:
    case Group::pinned: return Membership::anywhere;
    case Group::branch: return index < select_base ? Membership::last : Membership::anywhere;
    case Group::memory: return when(index < atomic_base, Membership::anywhere);
    case Group::simd: return Membership::anywhere;
    case Group::control: return when(is_ending(Control(index)), Membership::last);
    case Group::body: return when(is_plain(Body(index)), Membership::anywhere);
    default: return Membership::none;
    }
}

std::string handler_name(HandlerId id) {
    u32 index = id & 0xfff;
    switch (Group(id >> 12)) {
    case Group::numeric:
        return call("N", {op_name(u32(numeric_op(index / numeric_variants))), shape_names[index % numeric_variants / 2], std::to_string(index % 2)});
    case Group::pinned: return pinned_name(index);
    case Group::branch: return branch_name(index);
    case Group::memory: return memory_name(index);
    case Group::simd: return simd_name(index);
    case Group::control: return control_name(index);
    case Group::body: return call("B", {body_names[index]});
    case Group::object: return call("object", {object_names[index]});
    default: return call("cont", {cont_names[index]});
    }
}

}  // namespace heddle
