// Connects to 127.0.0.1 at the port of its first argument, sends as many kilobytes as the second says while it reads them back, compares, and prints
// how many bytes came.
// Built without a libc: clang --target=wasm32-unknown-unknown -nostdlib -ffreestanding -Wl,--no-entry,-s
#include "guest.h"

#define SOCKETS "wasi:sockets/types@0.3.0"
IMPORT(SOCKETS, "[static]tcp-socket.create") void tcp_create(u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.connect") void tcp_connect(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.receive") void tcp_receive(u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.send") u32 tcp_send(u32, u32);
IMPORT(SOCKETS, "[stream-read-0][method]tcp-socket.receive") u32 bytes_read(u32, u8*, u32);
IMPORT(SOCKETS, "[stream-new-0][method]tcp-socket.send") u64 bytes_new(void);
IMPORT(SOCKETS, "[stream-write-0][method]tcp-socket.send") u32 bytes_write(u32, const u8*, u32);
IMPORT(SOCKETS, "[stream-drop-writable-0][method]tcp-socket.send") void bytes_write_drop(u32);
IMPORT(SOCKETS, "[future-read-1][method]tcp-socket.send") u32 sent_read(u32, u8*);

static u8 piece[1024], back[1024];

EXPORT("[callback][async-lift]wasi:cli/run@0.3.0#run") u32 go_on(u32 event, u32 what, u32 how) { return (void)event, (void)what, (void)how, EXIT; }

EXPORT("[async-lift]wasi:cli/run@0.3.0#run") u32 run(void) {
    u32 made[8], done[8], in[2], port = number(argument(1)), kilobytes = number(argument(2)), total = 0, wrong = 0;
    u8 verdict[32];
    tcp_create(0, made);
    if (made[0] & 255) return run_is(1), EXIT;
    tcp_connect(made[1], 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, done);
    if (done[0] & 255) return print("no connection: ", done[1] & 255), run_is(1), EXIT;
    tcp_receive(made[1], in);
    u64 ends = bytes_new();
    u32 sent = tcp_send(made[1], (u32)ends), out = (u32)(ends >> 32);
    for (u32 i = 0; i < kilobytes; ++i) {
        for (u32 k = 0; k < sizeof piece; ++k) piece[k] = (u8)(i * 7 + k);
        for (u32 at = 0; at < sizeof piece;) {
            u32 said = bytes_write(out, piece + at, sizeof piece - at);
            at += said >> 4;
            if (said & 15) return print("cut after ", total), run_is(1), EXIT;
        }
        for (u32 at = 0; at < sizeof piece;) {
            u32 said = bytes_read(in[0], back, sizeof piece - at);
            for (u32 k = 0; k < said >> 4; ++k) wrong |= back[k] != piece[at + k];
            at += said >> 4;
            total += said >> 4;
            if ((said & 15) && at < sizeof piece) return print("cut after ", total), run_is(1), EXIT;
        }
    }
    bytes_write_drop(out);
    sent_read(sent, verdict);
    print("came back: ", total);
    run_is(wrong || verdict[0]);
    return EXIT;
}
