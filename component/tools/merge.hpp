// Several Resolves put together to one: packages and interfaces of one name become one that has what all of them have.
#pragma once
#include <map>
#include <span>

#include <heddle/wit.hpp>

namespace heddle::component::tools {

// Adds what is asked for of `from`, and what that speaks of, to `into`; both must outlive this. Throws Error (invalid) when a type or function of one name differs, both shown.
class Merge {
public:
    Merge(wit::Resolve& into, const wit::Resolve& from) : into_(into), from_(from) {}

    // A world of `from` becomes a new one of `into`; or its imports and exports are added to one that is there.
    u32 world(u32 from);
    void world_into(u32 from, u32 into);
    u32 interface(u32 from);
    void item_into(const wit::WorldItem& from, u32 world, std::vector<wit::WorldItem> wit::World::*list);

private:
    u32 package(u32 from);
    void add_interface(u32 from, u32 to);
    void add_type(u32 from, u32 interface);
    void add_function(const wit::Function& f, u32 interface);
    wit::Type type(const wit::Type& t);
    std::optional<wit::Type> type(const std::optional<wit::Type>& t);
    u32 type_index(u32 from);
    wit::TypeDef::Kind structure(const wit::TypeDef::Kind& kind);
    wit::Function function(const wit::Function& f);
    wit::WorldItem item(const wit::WorldItem& i, u32 world);

    wit::Resolve& into_;
    const wit::Resolve& from_;
    std::map<u32, u32> packages_, interfaces_, types_;
};

// Packages of one name whose versions are compatible get the highest of these versions, everywhere. So do imports of 0.2.0 and 0.2.3 become one.
void unify_versions(std::span<wit::Resolve*> all);

// A type or function with every named type's structure written out as far as one level: to compare and to show.
std::string describe(const wit::Resolve& r, const wit::TypeDef& def);
std::string describe(const wit::Resolve& r, const wit::Function& f);

}  // namespace heddle::component::tools
