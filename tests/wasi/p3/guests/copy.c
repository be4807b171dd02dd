// Copies the file "from" in the first directory granted to "to", through streams of WASI 0.3, and prints how many bytes.
// Built without a libc: clang --target=wasm32-unknown-unknown -nostdlib -ffreestanding -Wl,--no-entry,-s
#include "guest.h"

#define FILES "wasi:filesystem/types@0.3.0"
IMPORT("wasi:filesystem/preopens@0.3.0", "get-directories") void directories(u32* out);
IMPORT(FILES, "[method]descriptor.open-at") void open_at(u32, u32, const char*, u32, u32, u32, u32* out);
IMPORT(FILES, "[method]descriptor.read-via-stream") void read_via_stream(u32, u64, u32* out);
IMPORT(FILES, "[method]descriptor.write-via-stream") u32 write_via_stream(u32, u32, u64);
IMPORT(FILES, "[stream-read-0][method]descriptor.read-via-stream") u32 file_read(u32, u8*, u32);
IMPORT(FILES, "[stream-drop-readable-0][method]descriptor.read-via-stream") void file_read_drop(u32);
IMPORT(FILES, "[future-read-1][method]descriptor.read-via-stream") u32 read_verdict(u32, u8*);
IMPORT(FILES, "[stream-new-0][method]descriptor.write-via-stream") u64 file_new(void);
IMPORT(FILES, "[stream-write-0][method]descriptor.write-via-stream") u32 file_write(u32, const u8*, u32);
IMPORT(FILES, "[stream-drop-writable-0][method]descriptor.write-via-stream") void file_end(u32);
IMPORT(FILES, "[future-read-1][method]descriptor.write-via-stream") u32 write_verdict(u32, u8*);

static u8 piece[65536];

EXPORT("[callback][async-lift]wasi:cli/run@0.3.0#run") u32 go_on(u32 event, u32 what, u32 how) { return (void)event, (void)what, (void)how, EXIT; }

EXPORT("[async-lift]wasi:cli/run@0.3.0#run") u32 run(void) {
    u32 list[2], from[8], to[8], in[2], total = 0;
    u8 verdict[32];
    directories(list);
    u32 directory = *(u32*)list[0];
    open_at(directory, 0, "from", 4, 0, 1, from);
    if (from[0] & 255) return run_is(1), EXIT;
    open_at(directory, 0, "to", 2, 1 | 8, 2, to);
    if (to[0] & 255) return run_is(1), EXIT;
    read_via_stream(from[1], 0, in);
    u64 ends = file_new();
    u32 written = write_via_stream(to[1], (u32)ends, 0), out = (u32)(ends >> 32);
    for (;;) {
        u32 said = file_read(in[0], piece, sizeof piece), n = said >> 4, at = 0;
        while (at < n) {
            u32 wrote = file_write(out, piece + at, n - at);
            at += wrote >> 4;
            if (wrote & 15) return run_is(1), EXIT;
        }
        total += n;
        if (said & 15) break;
    }
    file_end(out);
    read_verdict(in[1], verdict);
    int failed = verdict[0];
    write_verdict(written, verdict);
    failed |= verdict[0];
    print("copied ", total);
    run_is(failed != 0);
    return EXIT;
}
