#include "bind.hpp"

#include <algorithm>
#include <mutex>

#include "trace.hpp"

namespace heddle::wasi {

namespace {

struct Names {
    std::mutex mutex;
    std::vector<std::string> all;
    static Names& instance() {
        static Names n;
        return n;
    }
};

}  // namespace

u32 resource_number(std::string_view name) {
    Names& names = Names::instance();
    std::lock_guard lock(names.mutex);
    auto at = std::ranges::find(names.all, name);
    if (at == names.all.end()) at = names.all.insert(at, std::string(name));
    return u32(at - names.all.begin());
}

std::string resource_name(u32 number) {
    Names& names = Names::instance();
    std::lock_guard lock(names.mutex);
    return number < names.all.size() ? names.all[number] : "?";
}

// ---- answers ----------------------------------------------------------------------------------------------------------------------------

void CallState::answer(std::optional<Val> v) {
    if (std::exchange(done_, true)) return;
    if (traced) traced(v);
    if (!deferred_) {
        value_ = std::move(v);
        return;
    }
    auto alive = shared_from_this();
    auto kept = std::move(kept_);
    if (v) deferred_->resolve(std::move(*v));
    else deferred_->resolve();
}

void CallState::fault(std::string why) {
    if (std::exchange(done_, true)) return;
    auto alive = shared_from_this();
    auto kept = std::move(kept_);
    if (deferred_) deferred_->fail(std::move(why));
    else fault_ = std::move(why);
}

Host CallState::settle(HostCall& c) {
    if (fault_) return c.fail(*fault_);
    if (done_) {
        kept_ = nullptr;
        return value_ ? c.done(std::move(*value_)) : c.done();
    }
    deferred_ = c.defer();
    deferred_->on_cancel([weak = weak_from_this()] {
        auto s = weak.lock();
        if (!s) return;
        s->done_ = true;
        auto kept = std::move(s->kept_);
    });
    return c.wait();
}

// ---- registration -----------------------------------------------------------------------------------------------------------------------

namespace {

// "[method]descriptor.read(self, length)" -> the name, and names for the type's parameters.
std::string take_names(std::string_view signature, component::FunctionType& type) {
    std::size_t open = signature.find('(');
    std::string name(signature.substr(0, open));
    std::string_view rest = open == signature.npos ? "" : signature.substr(open + 1, signature.size() - open - 2);
    for (component::FunctionType::Param& p : type.params) {
        std::size_t comma = std::min(rest.find(','), rest.size());
        p.name = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 2, rest.size()));
    }
    return name;
}

}  // namespace

Binder::Interface& Binder::Interface::add(std::string_view signature, component::FunctionType type, bool async, Call call) {
    std::string name = take_names(signature, type);
    type.async = async;
    auto host = [call = std::move(call), context = context_](HostCall& c) -> Host {
        Guest& g = Guest::of(c.store(), context);
        g.take_turn();
        auto state = std::make_shared<CallState>(g);
        if (g.context().tracer) state->traced = g.context().tracer->begin(c);
        try {
            call(g, c, state);
        } catch (const GuestFault& f) {
            return c.fail(f.what());
        }
        return state->settle(c);
    };
    interface_.raw(std::move(name), std::move(host), std::move(type));
    return *this;
}

Binder::Interface& Binder::Interface::add_exit(std::string_view signature, component::FunctionType type,
                                               std::function<i32(Guest&, const Val&)> code) {
    std::string name = take_names(signature, type);
    auto host = [code = std::move(code), context = context_](HostCall& c) -> Host {
        Guest& g = Guest::of(c.store(), context);
        if (g.context().tracer) g.context().tracer->begin(c)(std::nullopt);
        i32 status = code(g, c.args()[0]);
        g.context().exit_code = status;
        g.flush_standard_streams();
        return c.exit(status);
    };
    interface_.raw(std::move(name), std::move(host), std::move(type));
    return *this;
}

}  // namespace heddle::wasi
