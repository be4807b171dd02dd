// Lowering host values: into memory (store) and to core values (lower_flat). A value that does not fit its type is a trap, not a fault.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#storing
#pragma once
#include <span>
#include <string>

#include "context.hpp"

namespace heddle::component::abi {

// Where core values are written one after the other; the caller made room for as many as the type flattens to.
class CoreValueSink {
public:
    explicit CoreValueSink(std::span<Slot> values) : values_(values) {}
    void put(u64 bits) {
        if (at_ < values_.size()) values_[at_++] = Slot{bits};
    }
    std::size_t position() const { return at_; }
    void fill_to(std::size_t position) {  // zeros: what a shorter case leaves
        while (at_ < position && at_ < values_.size()) put(0);
    }
    std::span<Slot> rest() const { return values_.subspan(at_); }
    void skip(std::size_t n) { at_ += std::min(n, values_.size() - at_); }

private:
    std::span<Slot> values_;
    std::size_t at_ = 0;
};

class Storer {
public:
    explicit Storer(Context& cx) : cx_(cx) {}
    // False: why() says why the guest traps. Ranges are checked by who calls store.
    bool store(const Val& v, const ValType& t, u64 ptr);
    bool lower_flat(const Val& v, const ValType& t, CoreValueSink& out);
    // All fields of a tuple to `ptr`, which is not yet checked.
    bool store_tuple(std::span<const Val> vs, const Tuple& t, u64 ptr);
    // Elements `first` to `first + length` of a list.
    bool store_list_into_valid_range(const Val& v, u64 first, u64 length, const Elements& e, u64 element_size, u64 ptr);
    TrapPtr& why() { return why_; }

private:
    bool fail(std::string message);
    bool mismatch(const char* wanted, const Val& v);
    bool scalar(const Val& v, Prim p, u64& bits);
    bool flags(const Val& v, const FlagLabels& f, u64& bits);
    bool string(const Val& v, u64& ptr, u64& length);
    bool handle(const Val& v, const HandleType& t, u64& index);
    bool match_case(const Val& v, const Cases& c);
    bool store_prim(const Val& v, Prim p, u64 ptr);
    bool store_pair(u64 a, u64 b, u64 ptr);
    bool store_record(const Val& v, const Fields& f, u64 ptr);
    bool store_variant(const Val& v, const Cases& c, const TypeInfo& info, u64 ptr);
    bool store_list(const Val& v, const Elements& e, const TypeInfo& info, u64 ptr);
    bool store_list_into_range(const Val& v, const Elements& e, const TypeInfo& info, u64& ptr);
    bool store_packed(const Val& v, u64 first, u64 length, Prim p, u64 ptr);
    bool lower_flat_prim(const Val& v, Prim p, CoreValueSink& out);
    bool lower_flat_record(const Val& v, const Fields& f, CoreValueSink& out);
    bool lower_flat_variant(const Val& v, const Cases& c, const TypeInfo& info, CoreValueSink& out);
    bool lower_flat_list(const Val& v, const Elements& e, const TypeInfo& info, CoreValueSink& out);
    const TypeInfo& info(const ValType& t) const { return cx_.layouts.info(t); }
    u8 ptr_index() const { return u8(cx_.ptr); }

    Context& cx_;
    TrapPtr why_;
};

}  // namespace heddle::component::abi
