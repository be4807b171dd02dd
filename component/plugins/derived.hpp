// Interfaces that were derived from a plug-in's world, recognised among a component's imports: which function of the plug-in each function means,
// and which of its resources each resource.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <heddle/component.hpp>

namespace heddle::component::plugins {

struct Method {
    enum class On : u8 { bind, plugin, resource, static_ };  // what its first parameter is; static_: a plugin, of a resource's function
    std::string name;                    // as imported: "[method]plugin.sum"
    std::vector<std::string> targets;    // what the plug-in may call it: "sum"; a constructor or a static function called new
    On on = On::plugin;
    FunctionType type;                   // as imported
    FunctionType target_type;            // as the plug-in must have it; resources by the importer's numbers
    std::vector<bool> has_handles;       // by parameter of the target
    bool result_has_handles = false;
};

struct Derived {
    std::string name;                    // "demo:plug-plugin/codec@1.0.0"
    std::string target;                  // "demo:plug/codec@1.0.0"
    std::string plain;                   // "codec": an inline interface, or the world whose own functions they are
    std::vector<Method> methods;
    std::map<std::string, u32> resources;                                       // defined here, by name; `plugin` among them
    std::map<u32, std::shared_ptr<runtime::ResourceType>> resource_types;       // of all that its functions mention
    std::shared_ptr<runtime::ResourceType> plugin;
};

// All of a component's. Resource types are those that `resource_type` gives for an interface's name and a resource's.
// Errors: unlinkable (derived for another version of heddle:plugins).
using ResourceTypes = std::function<std::shared_ptr<runtime::ResourceType>(const std::string& interface, const std::string& resource)>;
std::vector<std::shared_ptr<const Derived>> derived_imports(const heddle::Component& c, const ResourceTypes& resource_type);

bool has_handles(const ValueType& t);
// `t` with its handles replaced by what `f` makes of them; empty when f gave nothing for one.
using HandleMap = std::function<std::optional<Val>(const Val& v, const ValueType& t)>;
std::optional<Val> map_handles(const Val& v, const ValueType& t, const HandleMap& f);
// Whether both are of one shape, and resources of one side mean always the same of the other.
bool same_meaning(const FunctionType& a, const FunctionType& b, std::map<u32, u32>& resources);

}  // namespace heddle::component::plugins
