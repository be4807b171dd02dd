// What libc asks the system for, on WASI 0.2: as much of it as the modules use, linked into each of them. So their sources are those of preview 1.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name))) extern

// How this libc calls a function of preview 1 before the linker makes an import of it: one that is defined stays inside.
#define PREVIEW1(name) __imported_wasi_snapshot_preview1_##name

typedef uint32_t Handle;
typedef struct {
    void* at;
    size_t size;
} List;  // also a string

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size, size_t alignment, size_t size) {
    (void)old_size, (void)alignment;
    return realloc(old, size);
}

// ---- what is imported -----------------------------------------------------------------------------------------------------------------

typedef struct {  // result<list<u8>, stream-error>, result<_, stream-error>
    uint8_t is_error;
    union {
        List bytes;
        struct {
            uint8_t is_closed;
            Handle error;  // unless it is closed
        } why;
    };
} Transferred;
typedef struct {  // result<u64, stream-error>
    uint8_t is_error;
    union {
        uint64_t room;
        struct {
            uint8_t is_closed;
            Handle error;
        } why;
    };
} Room;
typedef struct {  // result<tuple<list<u8>, bool>, error-code>
    uint8_t is_error;
    union {
        uint8_t why;
        List bytes;
    };
    uint8_t at_end;
} FileRead;
typedef struct {  // result<descriptor, error-code>
    uint8_t is_error;
    union {
        uint8_t why;
        Handle descriptor;
    };
} Opened;
typedef struct {  // result<tuple<tcp-socket, input-stream, output-stream>, error-code>
    uint8_t is_error;
    union {
        uint8_t why;
        Handle socket;
    };
    Handle in, out;
} Accepted;
typedef struct {
    Handle descriptor;
    List name;
} Directory;

IMPORT("wasi:filesystem/preopens@0.2.0", "get-directories") void get_directories(List* all);
#define FILES "wasi:filesystem/types@0.2.0"
IMPORT(FILES, "[method]descriptor.read") void file_read(Handle self, uint64_t length, uint64_t offset, FileRead* r);
IMPORT(FILES, "[method]descriptor.open-at")
void file_open(Handle self, uint32_t path_flags, const char* path, size_t size, uint32_t open_flags, uint32_t flags, Opened* r);
IMPORT(FILES, "[resource-drop]descriptor") void file_drop(Handle self);
IMPORT("heddle:sockets/preopens@0.1.0", "get-listeners") void get_listeners(List* all);
#define TCP "wasi:sockets/tcp@0.2.0"
IMPORT(TCP, "[method]tcp-socket.accept") void socket_accept(Handle self, Accepted* r);
IMPORT(TCP, "[method]tcp-socket.subscribe") Handle socket_subscribe(Handle self);
IMPORT(TCP, "[resource-drop]tcp-socket") void socket_drop(Handle self);
#define STREAMS "wasi:io/streams@0.2.0"
IMPORT(STREAMS, "[method]input-stream.read") void in_read(Handle self, uint64_t length, Transferred* r);
IMPORT(STREAMS, "[method]input-stream.subscribe") Handle in_subscribe(Handle self);
IMPORT(STREAMS, "[resource-drop]input-stream") void in_drop(Handle self);
IMPORT(STREAMS, "[method]output-stream.check-write") void out_check(Handle self, Room* r);
IMPORT(STREAMS, "[method]output-stream.write") void out_write(Handle self, const void* at, size_t size, Transferred* r);
IMPORT(STREAMS, "[method]output-stream.subscribe") Handle out_subscribe(Handle self);
IMPORT(STREAMS, "[resource-drop]output-stream") void out_drop(Handle self);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void error_drop(Handle self);
IMPORT("wasi:io/poll@0.2.0", "poll") void wait_for(const Handle* all, size_t count, List* ready);
IMPORT("wasi:io/poll@0.2.0", "[resource-drop]pollable") void pollable_drop(Handle self);
IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration") Handle after(uint64_t nanoseconds);

// ---- descriptors: the directories from 3 on, then the listening sockets, then what is opened ----------------------------------------------

enum { most = 64, first = 3, code_would_block = 8 };
typedef enum { unused, directory, file, listener, connection } Kind;
static struct Open {
    Kind kind;
    Handle handle, in, out;
    uint64_t at;       // of a file
    List name;         // of a directory
} all[most];

static struct Open* find(__wasi_fd_t fd, Kind kind) { return fd < most && all[fd].kind == kind ? &all[fd] : NULL; }

static __wasi_fd_t add(struct Open o) {
    for (__wasi_fd_t fd = first; fd < most; ++fd) {
        if (all[fd].kind != unused) continue;
        all[fd] = o;
        return fd;
    }
    abort();  // the server closes what is more than it takes
}

// What was given open, at the first look.
static void open_given(void) {
    static bool done;
    if (done) return;
    done = true;
    List given;
    get_directories(&given);
    for (size_t i = 0; i < given.size; ++i) add((struct Open){.kind = directory, .handle = ((Directory*)given.at)[i].descriptor, .name = ((Directory*)given.at)[i].name});
    free(given.at);
    get_listeners(&given);
    for (size_t i = 0; i < given.size; ++i) add((struct Open){.kind = listener, .handle = ((Handle*)given.at)[i]});
    free(given.at);
}

int first_listener(void) {
    open_given();
    for (__wasi_fd_t fd = first; fd < most; ++fd)
        if (all[fd].kind == listener) return (int)fd;
    return -1;
}

__wasi_errno_t PREVIEW1(fd_prestat_get)(__wasi_fd_t fd, __wasi_prestat_t* to) {
    open_given();
    struct Open* d = find(fd, directory);
    if (!d) return __WASI_ERRNO_BADF;
    *to = (__wasi_prestat_t){.tag = __WASI_PREOPENTYPE_DIR, .u.dir.pr_name_len = d->name.size};
    return 0;
}

__wasi_errno_t PREVIEW1(fd_prestat_dir_name)(__wasi_fd_t fd, uint8_t* to, __wasi_size_t size) {
    struct Open* d = find(fd, directory);
    if (!d || size < d->name.size) return __WASI_ERRNO_BADF;
    memcpy(to, d->name.at, d->name.size);
    return 0;
}

__wasi_errno_t PREVIEW1(fd_fdstat_get)(__wasi_fd_t fd, __wasi_fdstat_t* to) {
    if (fd >= most || all[fd].kind == unused) return __WASI_ERRNO_BADF;
    static const __wasi_filetype_t types[] = {0, __WASI_FILETYPE_DIRECTORY, __WASI_FILETYPE_REGULAR_FILE, __WASI_FILETYPE_SOCKET_STREAM, __WASI_FILETYPE_SOCKET_STREAM};
    *to = (__wasi_fdstat_t){.fs_filetype = types[all[fd].kind], .fs_rights_base = ~0ull, .fs_rights_inheriting = ~0ull};
    return 0;
}

__wasi_errno_t PREVIEW1(fd_fdstat_set_flags)(__wasi_fd_t fd, __wasi_fdflags_t flags) {
    (void)fd, (void)flags;
    return __WASI_ERRNO_NOTSUP;
}

__wasi_errno_t PREVIEW1(fd_close)(__wasi_fd_t fd) {
    if (fd >= most || all[fd].kind == unused) return __WASI_ERRNO_BADF;
    struct Open o = all[fd];
    all[fd] = (struct Open){0};
    if (o.kind == connection) in_drop(o.in), out_drop(o.out);  // before the socket that they are of
    if (o.kind == connection || o.kind == listener) socket_drop(o.handle);
    else file_drop(o.handle);
    return 0;
}

// ---- files ----------------------------------------------------------------------------------------------------------------------------

// To be read: what a module is given is read-only.
__wasi_errno_t PREVIEW1(path_open)(__wasi_fd_t fd, __wasi_lookupflags_t dirflags, const char* path, size_t size, __wasi_oflags_t oflags, __wasi_rights_t base,
                                   __wasi_rights_t inheriting, __wasi_fdflags_t flags, __wasi_fd_t* to) {
    (void)oflags, (void)base, (void)inheriting, (void)flags;
    struct Open* d = find(fd, directory);
    if (!d) return __WASI_ERRNO_BADF;
    Opened r;
    file_open(d->handle, dirflags & __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, size, 0, 1, &r);
    if (r.is_error) return __WASI_ERRNO_NOENT;
    *to = add((struct Open){.kind = file, .handle = r.descriptor});
    return 0;
}

static __wasi_errno_t read_file(struct Open* f, uint8_t* to, size_t size, size_t* n) {
    FileRead r;
    file_read(f->handle, size, f->at, &r);
    if (r.is_error) return __WASI_ERRNO_IO;
    memcpy(to, r.bytes.at, r.bytes.size);
    free(r.bytes.at);
    f->at += *n = r.bytes.size;
    return 0;
}

__wasi_errno_t PREVIEW1(fd_seek)(__wasi_fd_t fd, __wasi_filedelta_t offset, __wasi_whence_t whence, __wasi_filesize_t* to) {
    struct Open* f = find(fd, file);
    if (!f || whence == __WASI_WHENCE_END) return f ? __WASI_ERRNO_NOTSUP : __WASI_ERRNO_SPIPE;
    *to = f->at = (whence == __WASI_WHENCE_CUR ? f->at : 0) + (uint64_t)offset;
    return 0;
}

// ---- sockets --------------------------------------------------------------------------------------------------------------------------

__wasi_errno_t PREVIEW1(sock_accept)(__wasi_fd_t fd, __wasi_fdflags_t flags, __wasi_fd_t* to) {
    (void)flags;
    struct Open* l = find(fd, listener);
    if (!l) return __WASI_ERRNO_BADF;
    Accepted r;
    socket_accept(l->handle, &r);
    if (r.is_error) return r.why == code_would_block ? __WASI_ERRNO_AGAIN : __WASI_ERRNO_IO;
    *to = add((struct Open){.kind = connection, .handle = r.socket, .in = r.in, .out = r.out});
    return 0;
}

static __wasi_errno_t failed(bool is_closed, Handle error) {
    if (!is_closed) error_drop(error);
    return is_closed ? __WASI_ERRNO_PIPE : __WASI_ERRNO_IO;
}

static __wasi_errno_t read_socket(struct Open* s, uint8_t* to, size_t size, size_t* n) {
    Transferred r;
    in_read(s->in, size, &r);
    *n = 0;
    if (r.is_error) return r.why.is_closed ? 0 : failed(false, r.why.error);
    if (r.bytes.size == 0) return __WASI_ERRNO_AGAIN;
    memcpy(to, r.bytes.at, *n = r.bytes.size);
    free(r.bytes.at);
    return 0;
}

// The bytes of the first buffer that is not empty: callers go on with the rest.
__wasi_errno_t PREVIEW1(fd_read)(__wasi_fd_t fd, const __wasi_iovec_t* to, size_t count, __wasi_size_t* n) {
    while (count > 1 && to->buf_len == 0) ++to, --count;
    struct Open* o;
    if (count && (o = find(fd, file))) return read_file(o, to->buf, to->buf_len, n);
    if (count && (o = find(fd, connection))) return read_socket(o, to->buf, to->buf_len, n);
    return __WASI_ERRNO_BADF;
}

__wasi_errno_t PREVIEW1(fd_write)(__wasi_fd_t fd, const __wasi_ciovec_t* from, size_t count, __wasi_size_t* n) {
    while (count > 1 && from->buf_len == 0) ++from, --count;
    struct Open* s = count ? find(fd, connection) : NULL;
    if (!s) return __WASI_ERRNO_BADF;
    Room room;
    out_check(s->out, &room);
    if (room.is_error) return failed(room.why.is_closed, room.why.error);
    if (room.room == 0) return __WASI_ERRNO_AGAIN;
    *n = from->buf_len < room.room ? from->buf_len : (size_t)room.room;
    Transferred r;
    out_write(s->out, from->buf, *n, &r);
    return r.is_error ? failed(r.why.is_closed, r.why.error) : 0;
}

// ---- waiting --------------------------------------------------------------------------------------------------------------------------

static Handle pollable(const __wasi_subscription_t* s) {
    if (s->u.tag == __WASI_EVENTTYPE_CLOCK) return after(s->u.u.clock.timeout);
    __wasi_fd_t fd = s->u.u.fd_read.file_descriptor;
    struct Open* o;
    if ((o = find(fd, listener))) return socket_subscribe(o->handle);
    if ((o = find(fd, connection))) return s->u.tag == __WASI_EVENTTYPE_FD_READ ? in_subscribe(o->in) : out_subscribe(o->out);
    return after(0);  // a file is always ready
}

__wasi_errno_t PREVIEW1(poll_oneoff)(const __wasi_subscription_t* in, __wasi_event_t* out, __wasi_size_t count, __wasi_size_t* events) {
    Handle* handles = malloc(count * sizeof *handles);
    for (size_t i = 0; i < count; ++i) handles[i] = pollable(&in[i]);
    List ready;
    wait_for(handles, count, &ready);
    for (size_t i = 0; i < ready.size; ++i) {
        const __wasi_subscription_t* s = &in[((uint32_t*)ready.at)[i]];
        out[i] = (__wasi_event_t){.userdata = s->userdata, .type = s->u.tag, .fd_readwrite.nbytes = 1};
    }
    *events = ready.size;
    free(ready.at);
    for (size_t i = 0; i < count; ++i) pollable_drop(handles[i]);
    free(handles);
    return 0;
}

_Noreturn void PREVIEW1(proc_exit)(__wasi_exitcode_t code) {
    (void)code;
    __builtin_trap();
}
