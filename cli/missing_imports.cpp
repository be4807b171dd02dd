#include "missing_imports.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <heddle/wasi.hpp>

#include "units.hpp"

namespace heddle::cli {

namespace {

// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
constexpr std::string_view preview1[] = {"args_get",
                                         "args_sizes_get",
                                         "clock_res_get",
                                         "clock_time_get",
                                         "environ_get",
                                         "environ_sizes_get",
                                         "fd_advise",
                                         "fd_allocate",
                                         "fd_close",
                                         "fd_datasync",
                                         "fd_fdstat_get",
                                         "fd_fdstat_set_flags",
                                         "fd_fdstat_set_rights",
                                         "fd_filestat_get",
                                         "fd_filestat_set_size",
                                         "fd_filestat_set_times",
                                         "fd_pread",
                                         "fd_prestat_dir_name",
                                         "fd_prestat_get",
                                         "fd_pwrite",
                                         "fd_read",
                                         "fd_readdir",
                                         "fd_renumber",
                                         "fd_seek",
                                         "fd_sync",
                                         "fd_tell",
                                         "fd_write",
                                         "path_create_directory",
                                         "path_filestat_get",
                                         "path_filestat_set_times",
                                         "path_link",
                                         "path_open",
                                         "path_readlink",
                                         "path_remove_directory",
                                         "path_rename",
                                         "path_symlink",
                                         "path_unlink_file",
                                         "poll_oneoff",
                                         "proc_exit",
                                         "proc_raise",
                                         "random_get",
                                         "sched_yield",
                                         "sock_accept",
                                         "sock_recv",
                                         "sock_send",
                                         "sock_shutdown"};
constexpr std::string_view wasi_modules[] = {"wasi_snapshot_preview1", "wasi_unstable"};

// Whose modules import such names, and what to do.
struct Origin {
    std::string_view module;  // the import's module name, or its beginning when it ends in *
    std::string_view advice;
};
constexpr Origin origins[] = {
    {"wasi:*",
     "a WASI 0.2 or 0.3 interface: the module is the inside of a component; run that component, or build it for preview 1 (wasm32-wasi, "
     "wasm32-wasip1)"},
    {"wbg", "made by wasm-bindgen for JavaScript; build it for wasm32-wasip1 without wasm-bindgen"},
    {"__wbindgen_placeholder__", "made for wasm-bindgen and JavaScript; build it for wasm32-wasip1 without wasm-bindgen"},
    {"gojs", "made by Go for JavaScript; build it with GOOS=wasip1"},
    {"go", "made by Go for JavaScript; build it with GOOS=wasip1"},
    {"a", "looks like optimised Emscripten output for JavaScript; build it with -sSTANDALONE_WASM"},
    {"env",
     "offered by a host of the module's own (Emscripten: build with -sSTANDALONE_WASM; AssemblyScript: use the wasi-shim; C: a function was never "
     "linked)"},
    {"wasi", "a proposal for threads, which this build does not offer"},
    {"wasix*", "an extension of preview 1 that is not offered; build it for wasm32-wasi"},
};

bool fits(std::string_view pattern, std::string_view name) {
    if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
    return name == pattern;
}

Host never(Caller& caller, void*) { return caller.fail("a stand-in is never called"); }

// An object of the imported type, so that looking up the module's other imports can go on.
std::optional<Extern> stand_in(Store& store, const Module& module, const ExternType& type) {
    auto extern_of = [](auto made) { return made ? std::optional<Extern>(*made) : std::nullopt; };
    switch (type.kind) {
        case ExternKind::func: return Extern(Func::create(store, module.func_type(type.type), never, nullptr));
        case ExternKind::tag: return Extern(Tag::create(store, module.func_type(type.type)));
        case ExternKind::memory: return extern_of(Memory::create(store, type.memory));
        case ExternKind::table: return extern_of(Table::create(store, type.table));
        case ExternKind::global: return extern_of(Global::create(store, type.global, Value{type.global.type, {}}));
    }
    return std::nullopt;
}

std::string near_hint(const ImportType& import) {
    bool known_module = std::ranges::find(wasi_modules, import.module) != std::end(wasi_modules);
    if (known_module) {
        std::string_view near = nearest(import.name, preview1);
        return near.empty() ? "" : fmt::format("; {} is offered", near);
    }
    if (std::ranges::find(preview1, import.name) != std::end(preview1)) return fmt::format("; {}.{} is offered", wasi_modules[0], import.name);
    std::string_view near = nearest(import.module, wasi_modules);
    return near.empty() ? "" : fmt::format("; {} is offered", near);
}

}  // namespace

std::string describe_missing_imports(const Engine& engine, const Module& module) {
    Store store(engine);
    Linker linker(engine);
    std::vector<ImportType> missing;
    if (!wasi::add(linker, wasi::Context())) return {};
    linker.fallback([&](Store& s, const ImportType& import) {
        missing.push_back(import);
        return stand_in(s, module, import.type);
    });
    (void)linker.resolve(store, module);
    if (missing.empty()) return {};

    std::string text = missing.size() == 1 ? "1 import is not offered:" : fmt::format("{} imports are not offered:", missing.size());
    std::set<std::string> modules;
    constexpr std::size_t shown = 20;
    for (std::size_t i = 0; i < std::min(missing.size(), shown); ++i)
        text += fmt::format("\n  {}.{} {}{}", missing[i].module, missing[i].name, module.to_string(missing[i].type), near_hint(missing[i]));
    if (missing.size() > shown) text += fmt::format("\n  … and {} more", missing.size() - shown);
    for (const ImportType& import : missing) modules.insert(import.module);
    for (const std::string& name : modules)
        for (const Origin& o : origins)
            if (fits(o.module, name)) text += fmt::format("\n  {}: {}", name, o.advice);
    return text + "\n  offered are the functions of wasi_snapshot_preview1 and wasi_unstable";
}

}  // namespace heddle::cli
