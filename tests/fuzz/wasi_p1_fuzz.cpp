// Any sequence of preview-1 calls with any arguments: no crash, no hang, nothing outside of the granted directories touched.
//
//   input: settings, then per call: function, and for each argument a kind and its bytes; some functions are a poke into memory instead
#include <sys/resource.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "p1/functions.hpp"

namespace {

using namespace heddle;
using namespace heddle::wasi;
using namespace heddle::wasi::p1;
namespace files = std::filesystem;

constexpr u32 memory_size = 1 << 16;
constexpr int most_calls = 64;
// Paths that mean something, laid into memory so that a random pointer finds them.
constexpr const char* paths[] = {"f",  "d",  "d/g", "l",        "out",  "out/secret", "..", "../outside/secret", "d/../../outside", "/", "x",
                                 "x/", "d/", "l/",  "dangling", "loop", ".",          ""};

struct Bytes {
    const u8* at;
    const u8* end;
    u8 byte() { return at < end ? *at++ : u8(0); }
    u64 word(int n) {
        u64 v = 0;
        for (int i = 0; i < n; ++i) v |= u64(byte()) << (8 * i);
        return v;
    }
    // Numbers that get somewhere more often than random ones.
    u64 argument() {
        switch (byte() % 9) {
            case 0: return byte() % 8;  // a descriptor, a flag
            case 1: return byte();
            case 2: return word(2);                // a pointer
            case 3: return u64(byte() % 18) * 32;  // a path
            case 4: return memory_size - byte() % 64;
            case 5: return ~u64(0) - byte();
            case 6: return word(4);
            case 7: return 4096 + (byte() % 8) * 8;  // buffers
            default: return word(8);
        }
    }
};

// The folders of one run of the program, made once.
struct World {
    files::path top, box, readonly, outside;
    World() {
        std::string name = std::string(files::is_directory("/dev/shm") ? "/dev/shm" : "/tmp") + "/heddle-wasi-fuzz-XXXXXX";
        const char* made = mkdtemp(name.data());
        if (!made) std::abort();
        top = made;
        box = top / "box";
        readonly = top / "readonly";
        outside = top / "outside";
        files::create_directories(outside);
        std::ofstream(outside / "secret") << "secret";
        fill(readonly);
        std::atexit([] { instance().remove(); });
    }
    static World& instance() {
        static World& w = *new World;
        return w;
    }
    void fill(const files::path& p) const {
        files::create_directories(p / "d");
        std::ofstream(p / "f") << "contents";
        std::ofstream(p / "d" / "g") << "inner";
        files::create_symlink("f", p / "l");
        files::create_symlink("../outside", p / "out");
        files::create_symlink("missing", p / "dangling");
        files::create_symlink("loop", p / "loop");
    }
    void renew() const {
        std::error_code ignored;
        files::remove_all(box, ignored);
        fill(box);
    }
    void remove() const {
        std::error_code ignored;
        files::remove_all(top, ignored);
    }
    void check() const {
        std::string text;
        std::ifstream(outside / "secret") >> text;
        auto entries = std::distance(files::recursive_directory_iterator(readonly), {});
        auto beside = std::distance(files::directory_iterator(outside), {});
        if (text != "secret" || entries != 7 || beside != 1 || files::file_size(readonly / "f") != 8 ||
            files::hard_link_count(outside / "secret") != 1)
            std::abort();
    }
};

// A call of `f` with arguments from the input.
template <auto f>
struct Call;
template <class R, class... A, R (*f)(Process&, GuestMemory, A...)>
struct Call<f> {
    static void run(Process& p, GuestMemory m, Bytes& in) {
        std::tuple<A...> arguments{A(in.argument())...};
        std::apply([&](A... a) { (void)f(p, m, a...); }, arguments);
    }
};

using Run = void (*)(Process&, GuestMemory, Bytes&);
constexpr Run calls[] = {Call<args_get>::run,
                         Call<args_sizes_get>::run,
                         Call<environ_get>::run,
                         Call<environ_sizes_get>::run,
                         Call<clock_res_get>::run,
                         Call<clock_time_get>::run,
                         Call<fd_advise>::run,
                         Call<fd_allocate>::run,
                         Call<fd_close>::run,
                         Call<fd_datasync>::run,
                         Call<fd_fdstat_get>::run,
                         Call<fd_fdstat_set_flags>::run,
                         Call<fd_fdstat_set_rights>::run,
                         Call<fd_filestat_get>::run,
                         Call<fd_filestat_set_size>::run,
                         Call<fd_filestat_set_times>::run,
                         Call<fd_pread>::run,
                         Call<fd_prestat_get>::run,
                         Call<fd_prestat_dir_name>::run,
                         Call<fd_pwrite>::run,
                         Call<fd_read>::run,
                         Call<fd_readdir>::run,
                         Call<fd_renumber>::run,
                         Call<fd_seek>::run,
                         Call<fd_sync>::run,
                         Call<fd_tell>::run,
                         Call<fd_write>::run,
                         Call<path_create_directory>::run,
                         Call<path_filestat_get>::run,
                         Call<path_filestat_set_times>::run,
                         Call<path_link>::run,
                         Call<path_open>::run,
                         Call<path_readlink>::run,
                         Call<path_remove_directory>::run,
                         Call<path_rename>::run,
                         Call<path_symlink>::run,
                         Call<path_unlink_file>::run,
                         Call<proc_exit>::run,
                         Call<proc_raise>::run,
                         Call<p1::sched_yield>::run,
                         Call<random_get>::run,
                         Call<sock_recv>::run,
                         Call<sock_send>::run,
                         Call<sock_shutdown>::run,
                         Call<unstable::fd_seek>::run,
                         Call<unstable::fd_filestat_get>::run,
                         Call<unstable::path_filestat_get>::run};
// May wait for ever: called with the cancellation set.
constexpr Run waiting_calls[] = {Call<poll_oneoff>::run, Call<unstable::poll_oneoff>::run, Call<sock_accept>::run};

// Paths, and at 4096 buffers: of 8, 0, 100 and 60,000 bytes.
std::vector<u8> starting_memory() {
    std::vector<u8> memory(memory_size);
    for (u32 i = 0; i < std::size(paths); ++i) std::copy_n(paths[i], std::strlen(paths[i]), memory.begin() + i * 32);
    constexpr u32 buffers[] = {8192, 8, 8192, 0, 8300, 100, 5000, 60'000};
    std::memcpy(memory.data() + 4096, buffers, sizeof buffers);
    return memory;
}

// Changes a buffer or a subscription.
void poke(std::vector<u8>& memory, Bytes& in) {
    u64 value = in.argument();
    std::memcpy(memory.data() + 4096 + in.byte() * 4, &value, 4);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    rlimit small{1 << 20, 1 << 20};  // of a file, so that nothing fills the disk
    setrlimit(RLIMIT_FSIZE, &small);
    std::signal(SIGXFSZ, SIG_IGN);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    World& world = World::instance();
    world.renew();
    Bytes in{data, data + size};
    u8 settings = in.byte();
    Context context;
    context.args({"a", "b"}).env("A", "1").stdin_bytes("some input").capture_stdout();
    context.dir(world.box.string(), "/box").dir(world.readonly.string(), "/ro", ReadOnly).listen("127.0.0.1:0");
    context.data().confinement = (settings & 1) != 0 ? os::Confinement::walk : os::Confinement::automatic;
    Process process(context);
    std::vector<u8> memory = starting_memory();
    for (int i = 0; i < most_calls && in.at < in.end; ++i) {
        u8 which = in.byte();
        GuestMemory guest{memory};
        if (which >= 240) {
            poke(memory, in);
        } else if (which < std::size(calls) * 4) {
            calls[which % std::size(calls)](process, guest, in);
        } else {
            context.cancel();
            waiting_calls[which % std::size(waiting_calls)](process, guest, in);
            context.resume();
        }
    }
    world.check();
    return 0;
}
