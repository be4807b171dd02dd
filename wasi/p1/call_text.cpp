#include "p1/call_text.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace heddle::wasi::p1 {

namespace {

using Slots = std::span<const u64>;

// What a parameter is, or two: how the words beginning with `at` are told. `limit`: how many bytes of a buffer are the guest's.
using Teller = std::string (*)(GuestMemory m, Slots s, std::size_t at, u64 limit);

std::string number(GuestMemory, Slots s, std::size_t at, u64) { return std::to_string(s[at]); }
std::string narrow(GuestMemory, Slots s, std::size_t at, u64) { return std::to_string(u32(s[at])); }
std::string signed_number(GuestMemory, Slots s, std::size_t at, u64) { return std::to_string(i64(s[at])); }

std::string hex(u64 v) {
    constexpr char digits[] = "0123456789abcdef";
    std::string s;
    for (; v != 0 || s.empty(); v >>= 4) s.insert(s.begin(), digits[v & 15]);
    return "0x" + s;
}
std::string pointer(GuestMemory, Slots s, std::size_t at, u64) { return hex(u32(s[at])); }

// A pointer and a length.
std::string text(GuestMemory m, Slots s, std::size_t at, u64 limit) {
    auto bytes = m.view(u32(s[at]), std::min<u64>(u32(s[at + 1]), limit));
    return bytes ? bytes_text(*bytes) : pointer(m, s, at, limit);
}

// An array of buffers and its length: their bytes behind each other.
std::string vectors(GuestMemory m, Slots s, std::size_t at, u64 limit) {
    auto buffers = Buffers::load(m, u32(s[at]), u32(s[at + 1]));
    if (!buffers) return pointer(m, s, at, limit);
    std::vector<u8> all;
    constexpr std::size_t enough = 256;
    u64 size = std::min(buffers->size(), limit);
    for (const iovec& v : buffers->all()) {
        std::size_t n = std::size_t(std::min<u64>({v.iov_len, size - all.size(), enough - std::min(enough, all.size())}));
        all.insert(all.end(), static_cast<const u8*>(v.iov_base), static_cast<const u8*>(v.iov_base) + n);
    }
    std::string shown = bytes_text(all);
    return all.size() == size ? shown : shown.substr(0, shown.rfind("…")) + "… (" + std::to_string(size) + " bytes)";
}

template <const auto& names>
std::string one_of(GuestMemory m, Slots s, std::size_t at, u64 limit) {
    return u32(s[at]) < std::size(names) ? names[u32(s[at])] : narrow(m, s, at, limit);
}

std::string flag_names(u64 bits, std::span<const char* const> names) {
    std::string all;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (bits >> i & 1) all += (all.empty() ? "" : "|") + std::string(names[i]);
    if (bits >> names.size() != 0) all += (all.empty() ? "" : "|") + std::to_string(bits >> names.size() << names.size());
    return all.empty() ? "0" : all;
}
template <const auto& names>
std::string flags(GuestMemory, Slots s, std::size_t at, u64) {
    return flag_names(s[at], names);
}

constexpr const char* clocks[] = {"realtime", "monotonic", "process_cputime", "thread_cputime"};
constexpr const char* whences[] = {"set", "cur", "end"};
constexpr const char* unstable_whences[] = {"cur", "end", "set"};
constexpr const char* advices[] = {"normal", "sequential", "random", "willneed", "dontneed", "noreuse"};
constexpr const char* file_types[] = {"unknown", "block_device", "character_device", "directory", "regular_file", "socket_dgram", "socket_stream", "symbolic_link"};
constexpr const char* lookups[] = {"symlink_follow"};
constexpr const char* open_flags[] = {"creat", "directory", "excl", "trunc"};
constexpr const char* fd_flags[] = {"append", "dsync", "nonblock", "rsync", "sync"};
constexpr const char* time_flags[] = {"atim", "atim_now", "mtim", "mtim_now"};
constexpr const char* receive_flags[] = {"peek", "waitall"};
constexpr const char* received_flags[] = {"data_truncated"};
constexpr const char* shut_flags[] = {"rd", "wr"};
constexpr const char* right_names[] = {"fd_datasync", "fd_read", "fd_seek", "fd_fdstat_set_flags", "fd_sync", "fd_tell", "fd_write", "fd_advise", "fd_allocate",
                                       "path_create_directory", "path_create_file", "path_link_source", "path_link_target", "path_open", "fd_readdir", "path_readlink",
                                       "path_rename_source", "path_rename_target", "path_filestat_get", "path_filestat_set_size", "path_filestat_set_times",
                                       "fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times", "path_symlink", "path_remove_directory", "path_unlink_file",
                                       "poll_fd_readwrite", "sock_shutdown", "sock_accept"};

// Guests' libraries ask for nearly all: that is no list for a reader.
std::string rights_text(u64 r) {
    constexpr int readable = 6;
    return (r & rights::all) == rights::all ? "all" : std::popcount(r) > readable ? hex(r) : flag_names(r, right_names);
}
std::string rights_of(GuestMemory, Slots s, std::size_t at, u64) { return rights_text(s[at]); }
std::string file_type(u8 t) { return t < std::size(file_types) ? file_types[t] : std::to_string(t); }

// What lies where a pointer points.
template <class T, auto tell>
std::string there(GuestMemory m, Slots s, std::size_t at, u64 limit) {
    auto v = m.load<T>(u32(s[at]));
    return v ? tell(*v) : pointer(m, s, at, limit);
}
std::string plain32(u32 v) { return std::to_string(v); }
std::string plain64(u64 v) { return std::to_string(v); }
std::string received_text(u16 v) { return flag_names(v, received_flags); }
std::string fdstat_text(const Fdstat& f) {
    return "{" + file_type(f.filetype) + ", flags: " + flag_names(f.flags, fd_flags) + ", rights: " + rights_text(f.rights_base) + ", inheriting: " + rights_text(f.rights_inheriting) + "}";
}
template <class F>
std::string filestat_text(const F& f) {
    return "{" + file_type(f.filetype) + ", size: " + std::to_string(f.size) + ", links: " + std::to_string(f.nlink) + ", modified: " + std::to_string(f.mtim) + "}";
}
std::string prestat_text(const Prestat& p) { return "{directory, name: " + std::to_string(p.name_len) + " bytes}"; }

std::string entries(GuestMemory m, Slots s, std::size_t at, u64 limit) {
    std::string all;
    u32 here = u32(s[at]), end = here + u32(std::min<u64>(u32(s[at + 1]), limit));
    while (end - here >= sizeof(Dirent)) {
        auto e = m.load<Dirent>(here);
        if (!e || e->namlen > end - here - sizeof(Dirent)) break;
        auto name = m.view(here + u32(sizeof(Dirent)), e->namlen);
        if (!name) break;
        all += (all.empty() ? "" : ", ") + bytes_text(*name);
        here += u32(sizeof(Dirent)) + e->namlen;
    }
    return "[" + all + "]";
}

std::string subscription_text(u8 tag, u32 id_or_fd, u64 timeout, u16 flag_bits) {
    if (tag == u8(EventType::clock)) return std::string(id_or_fd < std::size(clocks) ? clocks[id_or_fd] : "?") + (flag_bits & 1 ? " at " : " in ") + std::to_string(timeout) + " ns";
    return (tag == u8(EventType::fd_read) ? "read " : "write ") + std::to_string(id_or_fd);
}
// A pointer, another, and how many there are.
template <class S>
std::string subscriptions(GuestMemory m, Slots s, std::size_t at, u64) {
    constexpr u32 shown = 8;
    std::string all;
    u32 n = u32(s[at + 2]);
    for (u32 i = 0; i < std::min(n, shown); ++i) {
        auto one = m.load<S>(u32(s[at]) + i * u32(sizeof(S)));
        if (!one) break;
        if constexpr (std::is_same_v<S, Subscription>) all += (i ? ", " : "") + subscription_text(one->tag, one->id_or_fd, one->timeout, one->flags);
        else all += (i ? ", " : "") + subscription_text(one->tag, one->tag == 0 ? one->id : one->fd, one->timeout, one->flags);
    }
    return "[" + all + (n > shown ? ", …" : "") + "]";
}
std::string events(GuestMemory m, Slots s, std::size_t at, u64 limit) {
    std::string all;
    for (u32 i = 0; i < std::min<u64>(limit, 8); ++i) {
        auto e = m.load<Event>(u32(s[at]) + i * u32(sizeof(Event)));
        if (!e) break;
        all += (i ? ", " : "") + std::string(e->type == 0 ? "clock" : e->type == 1 ? "read" : "write") + (e->error ? " " + std::string(name(Errno(e->error))) : "");
    }
    return "[" + all + (limit > 8 ? ", …" : "") + "]";
}

struct Kind {
    const char* name;
    Teller tell;
    std::size_t words = 1;
};
constexpr Kind kinds[] = {
    {"u32", narrow}, {"u64", number}, {"i64", signed_number}, {"pointer", pointer}, {"text", text, 2}, {"vectors", vectors, 2}, {"clock", one_of<clocks>},
    {"whence", one_of<whences>}, {"old_whence", one_of<unstable_whences>}, {"advice", one_of<advices>}, {"lookup", flags<lookups>}, {"oflags", flags<open_flags>},
    {"fdflags", flags<fd_flags>}, {"fstflags", flags<time_flags>}, {"riflags", flags<receive_flags>}, {"siflags", narrow}, {"sdflags", flags<shut_flags>},
    {"rights", rights_of}, {"subscriptions", subscriptions<Subscription>}, {"old_subscriptions", subscriptions<UnstableSubscription>},
    // behind a pointer, once the call has ended
    {"u32*", there<u32, plain32>}, {"u64*", there<u64, plain64>}, {"roflags*", there<u16, received_text>}, {"fdstat*", there<Fdstat, fdstat_text>},
    {"filestat*", there<Filestat, filestat_text<Filestat>>}, {"old_filestat*", there<UnstableFilestat, filestat_text<UnstableFilestat>>},
    {"prestat*", there<Prestat, prestat_text>}, {"entries*", entries, 2}, {"text*", text, 2}, {"vectors*", vectors, 2}, {"events*", events},
};

// "name:kind" for each parameter; a kind that ends with an asterisk is a result's.
struct Function {
    std::string_view name, parameters;
};
constexpr Function functions[] = {
    {"args_get", "argv:pointer argv_buf:pointer"},
    {"args_sizes_get", "argc:u32* size:u32*"},
    {"environ_get", "environ:pointer environ_buf:pointer"},
    {"environ_sizes_get", "count:u32* size:u32*"},
    {"clock_res_get", "id:clock resolution:u64*"},
    {"clock_time_get", "id:clock precision:u64 time:u64*"},
    {"fd_advise", "fd:u32 offset:u64 len:u64 advice:advice"},
    {"fd_allocate", "fd:u32 offset:u64 len:u64"},
    {"fd_close", "fd:u32"},
    {"fd_datasync", "fd:u32"},
    {"fd_fdstat_get", "fd:u32 stat:fdstat*"},
    {"fd_fdstat_set_flags", "fd:u32 flags:fdflags"},
    {"fd_fdstat_set_rights", "fd:u32 base:rights inheriting:rights"},
    {"fd_filestat_get", "fd:u32 stat:filestat*"},
    {"fd_filestat_set_size", "fd:u32 size:u64"},
    {"fd_filestat_set_times", "fd:u32 atim:u64 mtim:u64 flags:fstflags"},
    {"fd_pread", "fd:u32 bytes:vectors* offset:u64 nread:u32*"},
    {"fd_prestat_get", "fd:u32 prestat:prestat*"},
    {"fd_prestat_dir_name", "fd:u32 path:text*"},
    {"fd_pwrite", "fd:u32 bytes:vectors offset:u64 nwritten:u32*"},
    {"fd_read", "fd:u32 bytes:vectors* nread:u32*"},
    {"fd_readdir", "fd:u32 entries:entries* cookie:u64 used:u32*"},
    {"fd_renumber", "from:u32 to:u32"},
    {"fd_seek", "fd:u32 offset:i64 whence:whence new_offset:u64*"},
    {"fd_sync", "fd:u32"},
    {"fd_tell", "fd:u32 offset:u64*"},
    {"fd_write", "fd:u32 bytes:vectors nwritten:u32*"},
    {"path_create_directory", "fd:u32 path:text"},
    {"path_filestat_get", "fd:u32 flags:lookup path:text stat:filestat*"},
    {"path_filestat_set_times", "fd:u32 flags:lookup path:text atim:u64 mtim:u64 fst_flags:fstflags"},
    {"path_link", "old_fd:u32 old_flags:lookup old_path:text new_fd:u32 new_path:text"},
    {"path_open", "fd:u32 dirflags:lookup path:text oflags:oflags base:rights inheriting:rights fdflags:fdflags opened:u32*"},
    {"path_readlink", "fd:u32 path:text contents:text* used:u32*"},
    {"path_remove_directory", "fd:u32 path:text"},
    {"path_rename", "fd:u32 old_path:text new_fd:u32 new_path:text"},
    {"path_symlink", "contents:text fd:u32 path:text"},
    {"path_unlink_file", "fd:u32 path:text"},
    {"poll_oneoff", "in:subscriptions out:events* nsubscriptions:u32 nevents:u32*"},
    {"proc_exit", "rval:u32"},
    {"proc_raise", "signal:u32"},
    {"sched_yield", ""},
    {"random_get", "buf:pointer len:u32"},
    {"sock_accept", "fd:u32 flags:fdflags accepted:u32*"},
    {"sock_recv", "fd:u32 bytes:vectors* flags:riflags nread:u32* roflags:roflags*"},
    {"sock_send", "fd:u32 bytes:vectors flags:siflags nwritten:u32*"},
    {"sock_shutdown", "fd:u32 how:sdflags"},
};
constexpr Function unstable_functions[] = {
    {"fd_filestat_get", "fd:u32 stat:old_filestat*"},
    {"fd_seek", "fd:u32 offset:i64 whence:old_whence new_offset:u64*"},
    {"path_filestat_get", "fd:u32 flags:lookup path:text stat:old_filestat*"},
    {"poll_oneoff", "in:old_subscriptions out:events* nsubscriptions:u32 nevents:u32*"},
};

std::string_view parameters_of(std::string_view function, bool unstable) {
    if (unstable)
        if (auto f = std::ranges::find(unstable_functions, function, &Function::name); f != std::end(unstable_functions)) return f->parameters;
    auto f = std::ranges::find(functions, function, &Function::name);
    return f == std::end(functions) ? "" : f->parameters;
}

// Calls `each(name, kind, first word)` for those that are a result's, or those that are not.
template <class F>
void for_each(std::string_view parameters, bool results, F each) {
    std::size_t at = 0;
    while (!parameters.empty()) {
        std::size_t end = parameters.find(' '), colon = parameters.find(':');
        const Kind& kind = *std::ranges::find(kinds, parameters.substr(colon + 1, end == parameters.npos ? end : end - colon - 1), [](const Kind& k) { return std::string_view(k.name); });
        if ((std::string_view(kind.name).back() == '*') == results) each(std::string(parameters.substr(0, colon)), kind, at);
        at += kind.words;
        parameters = end == parameters.npos ? "" : parameters.substr(end + 1);
    }
}

}  // namespace

std::size_t words_of(std::string_view function, bool unstable) {
    std::size_t n = 0;
    for (bool results : {false, true})
        for_each(parameters_of(function, unstable), results, [&](const std::string&, const Kind& k, std::size_t) { n += k.words; });
    return n;
}

void tell_arguments(TracedCall& call, std::string_view function, bool unstable, GuestMemory m, std::span<const u64> slots) {
    for_each(parameters_of(function, unstable), false,
             [&](std::string name, const Kind& k, std::size_t at) { call.arguments.emplace_back(std::move(name), k.tell(m, slots, at, ~u64(0))); });
}

std::string result_text(std::string_view function, bool unstable, GuestMemory m, std::span<const u64> slots, Errno e) {
    if (e != Errno::success) return name(e);
    // A buffer is full as far as the number behind it says.
    u64 limit = ~u64(0);
    for_each(parameters_of(function, unstable), true, [&](const std::string&, const Kind& k, std::size_t at) {
        if (auto n = k.name == std::string_view("u32*") ? m.load<u32>(u32(slots[at])) : Os<u32>(fail(Errno::inval))) limit = *n;
    });
    std::string all;
    for_each(parameters_of(function, unstable), true,
             [&](const std::string& name, const Kind& k, std::size_t at) { all += (all.empty() ? "" : ", ") + name + "=" + k.tell(m, slots, at, limit); });
    return all.empty() ? "success" : "success(" + all + ")";
}

}  // namespace heddle::wasi::p1
