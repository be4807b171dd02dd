// WASI for components: registration, a Store's own Context, and running a command.
#include <heddle/wasi.hpp>

#include "guest.hpp"
#include "p2/http.hpp"
#include "p2/p2.hpp"
#include "p3/http.hpp"
#include "p3/p3.hpp"
#include "preopened_sockets.hpp"

namespace heddle::wasi {

namespace {

Result<void> usable(const Context& context) {
    if (context.data().error) return std::unexpected(*context.data().error);
    return {};
}

// The exported wasi:cli/run of the newest version.
std::optional<ComponentFunc> find_run(const ComponentInstance& instance) {
    std::string best;
    for (const component::ExternInfo& e : instance.exports())
        if (e.name.starts_with("wasi:cli/run@") && e.name > best) best = e.name;
    if (best.empty()) return std::nullopt;
    return instance.find_instance(best)->find_func("run");
}

}  // namespace

Result<void> add_p2(ComponentLinker& linker, const Context& context) {
    if (auto ok = usable(context); !ok) return ok;
    Binder b(linker, context);
    p2::add_io(b);
    p2::add_clocks(b);
    p2::add_random(b);
    p2::add_cli(b);
    p2::add_filesystem(b);
    p2::add_sockets(b);
    p2::add_http(b);
    p2::add_http_client(b);
    return {};
}

Result<void> add_p3(ComponentLinker& linker, const Context& context) {
    if (auto ok = usable(context); !ok) return ok;
    Binder b(linker, context);
    p3::add_clocks(b);
    p3::add_random(b);
    p3::add_cli(b);
    p3::add_filesystem(b);
    p3::add_sockets(b);
    p3::add_http(b);
    p3::add_http_client(b);
    return {};
}

Result<void> add(ComponentLinker& linker, const Context& context) {
    if (auto ok = add_p2(linker, context); !ok) return ok;
    Binder b(linker, context);
    add_preopened_sockets(b);
    return add_p3(linker, context);
}

Result<void> attach(Store& store, const Context& context) {
    if (auto ok = usable(context); !ok) return ok;
    auto& slot = component::host_data(store);
    if (slot) return std::unexpected(Error{Error::Kind::usage, "the Store has a WASI context already: attach one before its first instance"});
    if (!context.data().reactor) context.data().reactor = std::make_shared<Reactor>();
    slot = std::make_shared<Guest>(store, context);
    return {};
}

Result<int> run(Store& store, const ComponentInstance& instance) {
    auto f = find_run(instance);
    if (!f) return std::unexpected(Error{Error::Kind::usage, "the component exports no wasi:cli/run, so it is no command"});
    auto result = f->call({});
    auto guest = std::static_pointer_cast<Guest>(component::host_data(store));
    if (!result) {
        const Trap& trap = component_trap(store);
        if (trap.code == TrapCode::exited) return trap.exit_code;
        return std::unexpected(result.error());
    }
    if (guest) guest->flush_standard_streams();
    return *result && (*result)->case_index() != 0 ? 1 : 0;
}

}  // namespace heddle::wasi
