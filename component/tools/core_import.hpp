// What the names of a core module's imports mean: functions of the world, built-ins, functions of an adapter.
//
// Two schemes are understood. The older one: modules `ns:pkg/iface@1.0.0`, `$root`, `[export]ns:pkg/iface@1.0.0`; names `f`, `[async-lower]f`,
// `[resource-drop]r`, `[task-return]f`, `[stream-new-0]f`. The newer one: modules `cm32p2`, `cm32p2|ns:pkg/iface@1`, `cm32p2|_ex_ns:pkg/iface@1`;
// names `f`, `r_drop`, `r_new`, `r_rep`.
// https://github.com/WebAssembly/component-model/pull/378
#pragma once
#include <heddle/component_tools.hpp>

#include "canon.hpp"
#include "tools/signature.hpp"

namespace heddle::component::tools {

struct CoreImport {
    enum class What : u8 { canon, adapter, main, memory, unused };

    What what = What::canon;
    std::string module, name;
    heddle::FuncType type;  // of the core function
    // canon:
    CanonKind canon = CanonKind::lower;
    bool async = false, cancellable = false;
    u32 slot = 0;                             // context.get, context.set
    const wit::WorldItem* item = nullptr;     // whose function or type it is about; null: the world's own
    bool exported = false;                    // it is about what the world exports
    const wit::Function* function = nullptr;  // lower, task.return, streams and futures
    u32 wit_type = 0;                         // resources, streams, futures: a type of the Resolve
    bool memory = false, realloc = false, strings = false;
    bool table = false;                       // it takes functions from the main module's table
    // adapter: which one
    std::size_t adapter = 0;

    // It can be made only when the main module is there.
    bool is_deferred() const { return memory || realloc || table || what == What::adapter; }
};

// Where to look for what a core module wants.
struct CoreWorld {
    const wit::Resolve& resolve;
    const wit::World& world;
    std::span<const std::string> adapters;  // their names
    bool is_adapter = false;                // adapters import the main module's memory and exports
};

// Throws Error (unlinkable), saying what there is.
CoreImport core_import(const CoreWorld& where, const Module& module, const ImportType& import);

// The names under which a core module exports a function of the world, in both schemes. `interface`: empty for the world's own functions.
struct LiftNames {
    std::string sync, async_callback, async_stackful, callback, post_return, standard, standard_post_return;
};
LiftNames lift_names(std::string_view interface, const std::string& function);
// Of a resource's destructor.
std::vector<std::string> destructor_names(std::string_view interface, const std::string& resource);

}  // namespace heddle::component::tools
