// WIT -> component types: what a world's interfaces, types and functions are, written into a component or into a component type.
#pragma once
#include <functional>
#include <map>
#include <set>

#include "tools/body.hpp"

namespace heddle::component::tools {

// Which of a world's types and functions are written. An import is written as far as it is used.
struct Live {
    std::set<u32> types;
    static constexpr u32 of_world = u32(-1);         // stands for the world where an interface is asked for
    std::map<u32, std::set<std::string>> functions;  // interface -> canonical names

    void add_type(const wit::Resolve& r, const wit::Type& t);
    void add_function(const wit::Resolve& r, u32 interface, const wit::Function& f);
    void add_signature(const wit::Resolve& r, const wit::Function& f);
};

// Writes the types of one Resolve into one body.
class TypeWriter {
public:
    // `foreign` gives an index to a named type that this body has not yet.
    TypeWriter(const wit::Resolve& r, Body& body, std::function<u32(u32 type)> foreign) : r_(r), body_(body), foreign_(std::move(foreign)) {}

    ValType val(const wit::Type& t);
    std::optional<ValType> val(const std::optional<wit::Type>& t);
    u32 index(u32 type);                      // of a type of the Resolve
    u32 structure(const wit::TypeDef& def);   // a new type that has no name yet
    u32 function(const wit::Function& f);     // a new function type
    void set(u32 type, u32 index) { known_[type] = index; }
    bool knows(u32 type) const { return known_.contains(type); }
    void forget() { known_.clear(); }

private:
    DefType definition(const wit::TypeDef::Kind& kind);
    std::string_view keep(const std::string& s) { return body_.strings().keep(s); }

    const wit::Resolve& r_;
    Body& body_;
    std::function<u32(u32)> foreign_;
    std::map<u32, u32> known_;
};

// A world's imports, and with `exports` its exports too, as imports and exports of a body.
class WorldWriter {
public:
    // `live`: none, then everything is written.
    WorldWriter(const wit::Resolve& r, const wit::World& world, Body& body, const Live* live = nullptr);
    void imports();
    void exports();  // of a component type

    // Where an imported interface or function is; and the index of a type as the imports, or the exports, see it.
    std::optional<u32> instance(const wit::WorldItem& item) const;
    std::optional<u32> function(const std::string& name) const;
    u32 imported_type(u32 type);
    TypeWriter& types() { return types_; }

private:
    u32 instance_type(u32 interface, const std::map<u32, u32>& first_look_in);
    u32 found_type(u32 type, const std::map<u32, u32>& first_look_in);
    bool has(u32 type) const { return !live_ || live_->types.contains(type); }
    bool is_empty(u32 interface) const;

    const wit::Resolve& r_;
    const wit::World& world_;
    Body& body_;
    const Live* live_;
    TypeWriter types_;
    std::map<u32, u32> imported_, exported_;    // interface -> instance
    std::map<std::string, u32> named_, funcs_;  // plain names
    std::map<std::pair<u32, u32>, u32> aliased_;  // instance, type -> index
};

// The name of a world's item as imports and exports have it.
ExternName extern_name(const wit::Resolve& r, const wit::WorldItem& item, Strings& strings);
std::string item_name(const wit::Resolve& r, const wit::WorldItem& item);
// The exports in an order in which interfaces come before those that use their types.
std::vector<const wit::WorldItem*> ordered_exports(const wit::Resolve& r, const wit::World& world);
const wit::WorldItem* find_item(const wit::Resolve& r, const std::vector<wit::WorldItem>& items, std::string_view name);

}  // namespace heddle::component::tools
