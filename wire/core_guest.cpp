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

bool CoreGuest::save() {
    if (has_wasi_) return false;
    auto kept = instance_.snapshot();
    if (kept) snapshot_ = std::move(*kept);
    return kept.has_value();
}

bool CoreGuest::reset() { return snapshot_ && instance_.restore(*snapshot_).has_value(); }

Ended CoreGuest::instantiate() {
    const Module& module = *artifact().module;
    Linker linker(artifact().engine);
    auto imports = module.imports();
    bool needs_wasi = std::ranges::any_of(imports, [](const ImportType& i) { return i.module.starts_with("wasi_"); });
    has_wasi_ = needs_wasi;
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
