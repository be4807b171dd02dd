// The engine-wide table of defined types. Recursion groups are interned when a module loads, so that type equality is `==` on TypeId and
// subtyping is a short walk. Entries are never freed while the Engine lives.
// https://webassembly.github.io/spec/core/valid/conventions.html#rolling-and-unrolling
#pragma once
#include <memory>
#include <span>
#include <vector>

#include <heddle/types.hpp>

namespace heddle {

class TypeTable {
public:
    TypeTable();
    ~TypeTable();
    TypeTable(const TypeTable&) = delete;
    TypeTable& operator=(const TypeTable&) = delete;

    // In a group handed to intern(), member i of the group itself is written TypeId(self + i); any other TypeId is an interned one.
    static constexpr u32 self = 0x1000000;
    // How many supers a type may have above it.
    static constexpr u32 max_depth = 63;

    // Gives the TypeId of the group's first member; the others follow it. Equal groups get equal ids. Thread-safe.
    // A member's super is an interned type or an earlier member. Throws Error::Kind::limit when the table is full or a chain of supers is
    // longer than max_depth.
    TypeId intern(std::span<const SubType> group);
    // A plain final function type in a group of its own.
    TypeId intern(const FuncType& type);

    // The interned type, its TypeIds absolute. The reference stays valid as long as the table. Thread-safe without a lock.
    const SubType& operator[](TypeId id) const;
    const FuncType& func(TypeId id) const { return (*this)[id].func; }

    bool is_subtype(TypeId a, TypeId b) const;        // a == b or a's chain of supers meets b
    bool is_subtype(ValType a, ValType b) const;      // https://webassembly.github.io/spec/core/valid/matching.html
    // May an import of type b be satisfied by a? Limits as declared; a function's type is its own, so exactness of `a` is not asked.
    bool is_subtype(const ExternType& a, const ExternType& b) const;

    // The top of the hierarchy a reference type belongs to: any, func, extern, exn or cont.
    Heap top(ValType reference) const;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace heddle
