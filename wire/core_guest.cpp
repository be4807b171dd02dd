// Core modules: linked and started.
#include "core_guest.hpp"

#include <algorithm>

namespace heddle::wire {

Ended CoreGuest::call(const Func& f, std::span<Slot> slots) {
    Exit how = f.call_raw(store(), slots);
    if (how == Exit::returned) return {};
    Error error = detail::call_error(store(), how);
    if (how == Exit::trapped) return trapped(store().trap());
    return broken(error, store().trap());
}

Result<void> CoreGuest::do_save() {
    auto kept = instance_.snapshot();
    if (!kept) return std::unexpected(kept.error());
    snapshot_ = std::move(*kept);
    return {};
}

Result<void> CoreGuest::do_reset() { return instance_.restore(*snapshot_); }

Ended CoreGuest::instantiate() {
    const Module& module = *artifact().module;
    Linker linker(artifact().engine);
    auto imports = module.imports();
    bool needs_wasi = std::ranges::any_of(imports, [](const ImportType& i) { return i.module.starts_with("wasi_"); });
    if (needs_wasi)
        if (auto added = wasi::add(linker, wasi()); !added) return broken(added.error(), {});
    offer(linker);
    auto made = linker.instantiate(store(), module);
    if (!made) return broken(made.error(), store().trap());
    instance_ = *made;
    if (auto initialize = instance_.find_func("_initialize"); initialize && initialize->type() == FuncType()) {
        Slot none[1] = {};
        return call(*initialize, none);
    }
    return {};
}

}  // namespace heddle::wire
