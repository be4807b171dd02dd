#include "guest.hpp"

#include <heddle/component_driving.hpp>

#include "io.hpp"

namespace heddle::wasi {

namespace {

constexpr u64 handle_bytes = 256;                 // what a handle costs at least
constexpr u64 cancellation_slice = 10'000'000;    // without an event descriptor a cancellation is looked for this often

}  // namespace

Guest::Guest(Store& store, const Context& context)
    : store_(store), context_(context), reactor_(context.data().reactor ? context.data().reactor : std::make_shared<Reactor>()),
      budget_(component::host_budget(store)) {
    if (auto most = context.data().limits.host_bytes) budget_->set_limit(*most);
    store.on_park([this](Store&) { return wait(); });
    component::on_turn(store, [this] { reactor_->poll(); });
}

Guest::~Guest() {
    try {
        flush_standard_streams();
    } catch (const std::exception&) {
        // Nobody is left to be told.
    }
    resources_.clear();
}

Guest& Guest::of(Store& store, const Context& context) {
    auto& slot = component::host_data(store);
    if (!slot) slot = std::make_shared<Guest>(store, context);
    return *static_cast<Guest*>(slot.get());
}

u64 Guest::add(std::shared_ptr<Resource> r) {
    if (resources_.size() >= context().limits.resources)
        throw GuestFault("more than " + std::to_string(context().limits.resources) + " resources of the host (Limits::resources)");
    r->charge_ = charge(handle_bytes);
    resources_.emplace(next_rep_, std::move(r));
    return next_rep_++;
}

bool Guest::wait() {
    os::Cancellation& cancellation = context().cancellation;
    if (cancellation.is_set()) return false;
    if (cancellation.descriptor() < 0) {
        reactor_->run_one(cancellation_slice);
        return !cancellation.is_set();
    }
    if (!cancel_watch_) cancel_watch_ = std::make_unique<Watch>(*reactor_, cancellation.descriptor());
    if (!cancel_armed_) {
        cancel_armed_ = true;
        cancel_watch_->readable([this] { cancel_armed_ = false; });
    }
    reactor_->run_one();
    return !cancellation.is_set();
}

void Guest::flush_standard_streams() {
    for (auto& s : standard_streams_)
        if (auto out = std::dynamic_pointer_cast<OutputStream>(s)) out->drain(context().cancellation);
}

std::shared_ptr<component::runtime::ResourceType> detail::new_resource_type() {
    return component::make_resource_type([](Store& store, u64 rep) {
        if (auto& guest = component::host_data(store)) static_cast<Guest*>(guest.get())->drop(rep);
    });
}

}  // namespace heddle::wasi
