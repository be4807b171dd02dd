// What a component imports, found in a linker and held against the type it is imported with.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Linking.md
#pragma once
#include <map>

#include "instantiate.hpp"

namespace heddle {

// One interface as the host offers it; all copies of the Interface share it.
struct ComponentLinker::Interface::Data {
    struct HostFunc {
        std::shared_ptr<const component::HostFunction> function;
        std::shared_ptr<const component::WordFunction> words;    // null: it has none
        bool (*fits)(const component::FunctionType&) = nullptr;  // null: any type
        component::FunctionType type;                            // for messages
        bool typed = false;                                      // `type` is also what imports are held against
    };
    std::string name;
    std::map<std::string, HostFunc, std::less<>> funcs;
    std::map<std::string, std::shared_ptr<component::runtime::ResourceType>, std::less<>> resources;
};

struct ComponentLinker::Data {
    std::optional<Engine> engine;
    std::shared_ptr<Interface::Data> root = std::make_shared<Interface::Data>();
    std::map<std::string, std::shared_ptr<Interface::Data>, std::less<>> interfaces;
    std::map<std::string, component::runtime::Item, std::less<>> items;
};

namespace component::runtime {

using HostInterface = ComponentLinker::Interface::Data;

// Holds what is offered against what is wanted, binds its resources, and links the instances' fates. Throws Error (unlinkable).
class Matcher {
public:
    explicit Matcher(Instance& to) : to_(to) {}
    Item item(const std::string& name, const types::Entity& wanted, const Item& offered);
    Item host_instance(const std::string& name, const types::Entity& wanted, const HostInterface& offered);
    Item host_func(const std::string& name, const types::Entity& wanted, const HostInterface& offered);
    Item host_resource(const std::string& name, const types::Entity& wanted, const HostInterface& offered);
    [[noreturn]] void missing(const std::string& name, const types::Entity& wanted) const;

private:
    [[noreturn]] void mismatch(const std::string& wanted, const std::string& given) const;
    void func(const types::Entity& wanted, const Function& f);
    void type(const types::Entity& wanted, const Item& offered);
    void instance(const types::Entity& wanted, const Exports& e);
    void value(const types::Entity& wanted, const Item& offered) const;
    void module(const types::Entity& wanted, const heddle::Module& m) const;
    std::string describe(const types::Entity& e) const;

    Instance& to_;
    std::string path_;
    int depth_ = 0;
};

// A function type as a user reads it: "func(a: u32) -> string".
std::string describe(const View& view, const types::Func& f);

}  // namespace component::runtime

}  // namespace heddle
