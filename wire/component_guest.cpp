// Components: linked and started.
#include "component_guest.hpp"

#include <algorithm>

namespace heddle::wire {

Ended ComponentGuest::instantiate() {
    ComponentLinker linker(artifact().engine);
    auto imports = artifact().component->imports();
    if (std::ranges::any_of(imports, [](const component::ExternInfo& i) { return i.name.starts_with("wasi:"); }))
        if (auto added = wasi::add_p2(linker, wasi()); !added) return broken(added.error(), {});
    offer(linker);
    auto made = linker.instantiate(store(), *artifact().component);
    if (!made) return broken(made.error(), component_trap(store()));
    instance_ = std::move(*made);
    return {};
}

Ended ComponentGuest::call(const ComponentFunc& f, std::vector<component::Val> args, std::optional<component::Val>& result) {
    auto called = f.call(std::move(args));
    if (!called) return broken(called.error(), component_trap(store()));
    result = std::move(*called);
    return {};
}

}  // namespace heddle::wire
