// Decoded component -> validated component: every index resolved, every type known. Throws invalid (and malformed for core modules).
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md
#pragma once
#include <memory>

#include "types.hpp"

namespace heddle::component {

// What a component may use beyond the stable features; everything is on by default, as for core modules.
struct Features {
    bool values = true;   // value definitions, imports and exports; start
    bool async = true;    // async functions, streams, futures and their built-ins
    bool threads = true;  // thread built-ins
    bool error_context = true, fixed_length_lists = true, map = true, memory64 = true;
};

// The index spaces of one component, as they are after its last definition. The n-th entry of a vector belongs to index n of that sort.
struct Spaces {
    std::vector<types::Type> types;
    std::vector<types::FuncId> funcs;
    std::vector<types::InstanceId> instances;
    std::vector<types::ComponentId> components;
    std::vector<types::ValType> values;
    std::vector<types::ModuleId> core_modules;
    std::vector<TypeId> core_funcs, core_tags;
    std::vector<heddle::TableType> core_tables;
    std::vector<heddle::MemoryType> core_memories;
    std::vector<heddle::GlobalType> core_globals;
};

// One component, outermost or nested.
struct Validated {
    types::ComponentId type{};  // its imports and exports
    Spaces spaces;
    std::vector<heddle::Module> modules;  // of its CoreModule definitions, in their order
    std::vector<Validated> nested;        // of its Component definitions, in their order
    // Of its ResourceType definitions, in their order: which resource each one defines.
    std::vector<u32> resources;
};

struct ValidatedComponent {
    std::shared_ptr<const std::vector<u8>> bytes;
    Component model;  // points into bytes
    types::Types types;
    Validated root;
};

std::unique_ptr<ValidatedComponent> validate(const Engine& engine, std::shared_ptr<const std::vector<u8>> bytes, const Features& features = {});

}  // namespace heddle::component
