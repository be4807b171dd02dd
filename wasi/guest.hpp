// One running component as the host functions see it: its Context, the reactor that waits for it, the resources it has handles to, and the
// budget of host memory they count against. There is one Guest per Store.
#pragma once
#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include <heddle/component.hpp>
#include <heddle/component_limits.hpp>

#include "context.hpp"
#include "reactor.hpp"

namespace heddle::wasi {

class Guest;

// Ends the guest with a trap that says `what`.
struct GuestFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Host memory held for a guest, in one budget with what the component layer holds. Whoever exceeds it is a guest that takes without end: a
// trap, or the function's own error.
using component::Budget;

// Bytes taken from a budget, given back when this goes.
class Charge : public component::Charge {
public:
    Charge() = default;
    // Throws GuestFault.
    Charge(const std::shared_ptr<Budget>& b, u64 bytes) : component::Charge(b) { resize(bytes); }
    void resize(u64 bytes) {
        if (!try_resize(bytes)) throw GuestFault(budget_->message());
    }
};

// One of the files and sockets that a guest may have open at once.
class OpenSlot {
public:
    OpenSlot() = default;
    explicit OpenSlot(std::shared_ptr<u32> count) : count_(std::move(count)) { ++*count_; }
    OpenSlot(OpenSlot&& o) noexcept : count_(std::move(o.count_)) {}
    OpenSlot& operator=(OpenSlot&& o) noexcept {
        std::swap(count_, o.count_);
        return *this;
    }
    ~OpenSlot() {
        if (count_) --*count_;
    }

private:
    std::shared_ptr<u32> count_;
};

// What a guest's handle stands for. Derived classes have
//     static constexpr const char* wit_name = "input-stream";
// and are held by shared_ptr: what a resource gave away (pollables, streams) may outlive it.
class Resource : public std::enable_shared_from_this<Resource> {
public:
    virtual ~Resource() = default;
    // Whether a guest that is brought back to an earlier moment might find it other than it was.
    virtual bool has_state() const { return true; }
    template <class T>
    std::shared_ptr<T> as() { return std::dynamic_pointer_cast<T>(shared_from_this()); }

private:
    friend class Guest;
    Charge charge_;  // of the handle
};

class Guest : public std::enable_shared_from_this<Guest> {
public:
    Guest(Store& store, const Context& context);
    ~Guest();
    // The Store's; at first use made from `context`.
    static Guest& of(Store& store, const Context& context);

    Store& store() { return store_; }
    ContextData& context() { return context_.data(); }
    const Context& context_handle() const { return context_; }
    Reactor& reactor() { return *reactor_; }
    const std::shared_ptr<Budget>& budget() const { return budget_; }
    // A charge on this guest's budget. Throws GuestFault.
    Charge charge(u64 bytes) { return Charge(budget_, bytes); }

    // ---- what handles stand for. Representations are never used twice, and a wrong one finds nothing.
    u64 add(std::shared_ptr<Resource> r);
    // Throws GuestFault: no such resource, or one of another type.
    template <std::derived_from<Resource> T>
    std::shared_ptr<T> find(u64 rep) {
        auto at = resources_.find(rep);
        auto r = at == resources_.end() ? nullptr : std::dynamic_pointer_cast<T>(at->second);
        if (!r) throw GuestFault("the handle is not of the resource type `" + std::string(T::wit_name) + "`");
        return r;
    }
    void drop(u64 rep) { resources_.erase(rep); }
    std::size_t resource_count() const { return resources_.size(); }
    const std::unordered_map<u64, std::shared_ptr<Resource>>& resources() const { return resources_; }

    // Errors: mfile (Limits::open_files).
    Os<OpenSlot> open_slot() {
        if (*open_files_ >= context().limits.open_files) return fail(Errno::mfile);
        return OpenSlot(open_files_);
    }

    // Now and then lets the reactor run: a guest that only asks and never waits must see things change.
    void take_turn() {
        constexpr u32 calls = 64;
        if (++calls_ % calls == 0) reactor_->poll();
    }

    // The standard streams' state: shared by everything that reads or writes them.
    std::shared_ptr<Resource>& standard_stream(int n) { return standard_streams_[n]; }
    // Called when the guest ends well or asks to exit: what was written to standard streams leaves.
    void flush_standard_streams();

private:
    bool wait();  // Store::on_park

    Store& store_;
    Context context_;
    std::shared_ptr<Reactor> reactor_;
    std::shared_ptr<Budget> budget_;
    std::unordered_map<u64, std::shared_ptr<Resource>> resources_;
    u64 next_rep_ = 1;
    u32 calls_ = 0;
    std::shared_ptr<u32> open_files_ = std::make_shared<u32>(0);
    std::shared_ptr<Resource> standard_streams_[3];
    std::unique_ptr<Watch> cancel_watch_;
    bool cancel_armed_ = false;
};

// The resource type of T, the same in every linker.
template <std::derived_from<Resource> T>
const std::shared_ptr<component::runtime::ResourceType>& resource_type();

namespace detail {
std::shared_ptr<component::runtime::ResourceType> new_resource_type();
}

template <std::derived_from<Resource> T>
const std::shared_ptr<component::runtime::ResourceType>& resource_type() {
    static const auto type = detail::new_resource_type();
    return type;
}

}  // namespace heddle::wasi
