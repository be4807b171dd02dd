// Core modules: linked and started.
#include "core_guest.hpp"

#include <algorithm>

namespace heddle::wire {

Task<Ended> CoreGuest::call(const Func& f, std::span<Slot> slots) {
    if (!execution_) execution_.emplace(store()).keep_stack(true);
    Execution& e = *execution_;
    if (e.begin(f, slots.first(f.type().params.size())) != Execution::State::ready) co_return trapped(e.trap());
    Driving driving(*this);
    Exit how = e.run();
    while (how == Exit::parked) {
        if (awaits_answer()) {
            Task<bool> given = give_answer();
            co_await given;
        } else if (!wait_for_wasi()) co_return trapped(Trap{TrapCode::interrupted, {}, {}, 0, 0});
        how = e.run();
    }
    if (how == Exit::trapped) co_return trapped(e.trap());
    if (how != Exit::returned) co_return broken(detail::call_error(store(), how), e.trap());
    std::ranges::copy(e.results(), slots.begin());
    co_return Ended();
}

Ended CoreGuest::call_now(const Func& f, std::span<Slot> slots) {
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
        return call_now(*initialize, none);
    }
    return {};
}

}  // namespace heddle::wire
