// The functions under their names. The WebAssembly signature of each follows from its C++ signature.
#include <cassert>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "p1/functions.hpp"
#include "p1/call_text.hpp"

namespace heddle::wasi {

namespace {

using namespace p1;

// Calls a plain function from the engine: arguments from slots, the memory as it is now, the error code or the program's end as result.
template <auto f>
struct Thunk;

template <class R, class... A, R (*f)(Process&, GuestMemory, A...)>
struct Thunk<f> {
    static FuncType type(bool returns) {
        FuncType t;
        t.params = {heddle::detail::Wasm<A>::type...};
        if (returns) t.results.push_back(i32_type);
        return t;
    }

    static Host finish(Caller& caller, Errno e) {
        caller.slots()[0] = Slot::of(u64(e));
        return Host::done;
    }
    static Host finish(Caller& caller, const Outcome& o) { return o.exit ? caller.exit(*o.exit) : finish(caller, o.error); }

    static Host call(Caller& caller, void* data) noexcept {
        auto& p = *static_cast<Process*>(data);
        std::optional<Memory> memory = caller.memory();
        GuestMemory bytes(memory ? memory->bytes() : std::span<u8>());
        const Slot* s = caller.slots().data();
        try {
            R r = [&]<std::size_t... I>(std::index_sequence<I...>) {
                return f(p, bytes, heddle::detail::from_slot<A>(s[I])...);
            }(std::index_sequence_for<A...>{});
            return finish(caller, r);
        } catch (const std::bad_alloc&) {
            return finish(caller, Errno::nomem);
        } catch (...) {
            return finish(caller, Errno::io);  // an embedder's clock or random source threw
        }
    }
};

struct Row {
    const char* name;
    FuncType (*type)(bool returns);
    RawHostFunction call;
    bool returns = true;
};

template <auto f>
constexpr Row row(const char* name, bool returns = true) {
    return {name, &Thunk<f>::type, &Thunk<f>::call, returns};
}

// In both versions.
constexpr Row shared_rows[] = {
    row<args_get>("args_get"),
    row<args_sizes_get>("args_sizes_get"),
    row<environ_get>("environ_get"),
    row<environ_sizes_get>("environ_sizes_get"),
    row<clock_res_get>("clock_res_get"),
    row<clock_time_get>("clock_time_get"),
    row<fd_advise>("fd_advise"),
    row<fd_allocate>("fd_allocate"),
    row<fd_close>("fd_close"),
    row<fd_datasync>("fd_datasync"),
    row<fd_fdstat_get>("fd_fdstat_get"),
    row<fd_fdstat_set_flags>("fd_fdstat_set_flags"),
    row<fd_fdstat_set_rights>("fd_fdstat_set_rights"),
    row<fd_filestat_set_size>("fd_filestat_set_size"),
    row<fd_filestat_set_times>("fd_filestat_set_times"),
    row<fd_pread>("fd_pread"),
    row<fd_prestat_get>("fd_prestat_get"),
    row<fd_prestat_dir_name>("fd_prestat_dir_name"),
    row<fd_pwrite>("fd_pwrite"),
    row<fd_read>("fd_read"),
    row<fd_readdir>("fd_readdir"),
    row<fd_renumber>("fd_renumber"),
    row<fd_sync>("fd_sync"),
    row<fd_tell>("fd_tell"),
    row<fd_write>("fd_write"),
    row<path_create_directory>("path_create_directory"),
    row<path_filestat_set_times>("path_filestat_set_times"),
    row<path_link>("path_link"),
    row<path_open>("path_open"),
    row<path_readlink>("path_readlink"),
    row<path_remove_directory>("path_remove_directory"),
    row<path_rename>("path_rename"),
    row<path_symlink>("path_symlink"),
    row<path_unlink_file>("path_unlink_file"),
    row<proc_exit>("proc_exit", false),
    row<proc_raise>("proc_raise"),
    row<p1::sched_yield>("sched_yield"),
    row<random_get>("random_get"),
    row<sock_recv>("sock_recv"),
    row<sock_send>("sock_send"),
    row<sock_shutdown>("sock_shutdown"),
};

constexpr Row preview1_rows[] = {
    row<fd_filestat_get>("fd_filestat_get"),
    row<fd_seek>("fd_seek"),
    row<path_filestat_get>("path_filestat_get"),
    row<poll_oneoff>("poll_oneoff"),
    row<sock_accept>("sock_accept"),
};

constexpr Row unstable_rows[] = {
    row<unstable::fd_filestat_get>("fd_filestat_get"),
    row<unstable::fd_seek>("fd_seek"),
    row<unstable::path_filestat_get>("path_filestat_get"),
    row<unstable::poll_oneoff>("poll_oneoff"),
};

static_assert(std::size(shared_rows) + std::size(preview1_rows) == 46);
static_assert(std::size(shared_rows) + std::size(unstable_rows) == 45);

// What stands between a guest that is traced and a function.
struct Traced {
    std::shared_ptr<Process> process;
    std::string_view module;
    Row row;
    std::size_t words;   // of the arguments

    static GuestMemory memory_of(Caller& caller) {
        std::optional<Memory> memory = caller.memory();
        return GuestMemory(memory ? memory->bytes() : std::span<u8>());
    }
    static Host call(Caller& caller, void* data) noexcept {
        auto& t = *static_cast<Traced*>(data);
        const Tracer& tracer = *t.process->data().tracer;
        bool unstable = t.module == "wasi_unstable";
        TracedCall traced = Tracer::begin(std::string(t.module) + "." + t.row.name);
        std::vector<u64> words;
        for (std::size_t i = 0; i < t.words; ++i) words.push_back(caller.slots()[i].as<u64>());
        tell_arguments(traced, t.row.name, unstable, memory_of(caller), words);
        Host how = t.row.call(caller, t.process.get());
        bool returned = how == Host::done && t.row.returns;
        tracer.end(traced, returned ? result_text(t.row.name, unstable, memory_of(caller), words, Errno(caller.slots()[0].as<u32>())) : "");
        return how;
    }
};

void add_rows(Linker& linker, const char* module, std::span<const Row> rows, const std::shared_ptr<Process>& process) {
    for (const Row& r : rows) {
        FuncType type = r.type(r.returns);
        assert(words_of(r.name, module == std::string_view("wasi_unstable")) == type.params.size());
        if (!process->data().tracer) linker.raw(module, r.name, std::move(type), r.call, process);
        else linker.raw(module, r.name, type, &Traced::call, std::make_shared<Traced>(process, module, r, type.params.size()));
    }
}

}  // namespace

Result<void> add(Linker& linker, const Context& context) {
    const ContextData& c = context.data();
    if (c.error) return std::unexpected(*c.error);
    if (3 + c.directories.size() + c.listeners.size() > c.limits.open_files)
        return std::unexpected(Error{Error::Kind::limit, "more directories and listeners than open files allowed (" +
                                                             std::to_string(c.limits.open_files) + ", Limits::open_files)"});
    auto process = std::make_shared<Process>(context);
    std::erase_if(context.data().processes, [](const auto& p) { return p.expired(); });
    context.data().processes.push_back(process);
    for (const char* module : {"wasi_snapshot_preview1", "wasi_unstable"}) add_rows(linker, module, shared_rows, process);
    add_rows(linker, "wasi_snapshot_preview1", preview1_rows, process);
    add_rows(linker, "wasi_unstable", unstable_rows, process);
    return {};
}

}  // namespace heddle::wasi
