// A TCP echo server of WASI 0.3: one task, any number of connections, each with a stream that is read and one that is written. Prints
// "port N" and serves N connections, as many as its argument says.
// Built without a libc: clang --target=wasm32-unknown-unknown -nostdlib -ffreestanding -Wl,--no-entry,-s
#include "guest.h"

#define SOCKETS "wasi:sockets/types@0.3.0"
IMPORT(SOCKETS, "[static]tcp-socket.create") void tcp_create(u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.bind") void tcp_bind(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.listen") void tcp_listen(u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.get-local-address") void tcp_address(u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.receive") void tcp_receive(u32, u32* out);
IMPORT(SOCKETS, "[method]tcp-socket.send") u32 tcp_send(u32, u32);
IMPORT(SOCKETS, "[resource-drop]tcp-socket") void tcp_drop(u32);
IMPORT(SOCKETS, "[async-lower][stream-read-0][method]tcp-socket.listen") u32 accept_read(u32, u32*, u32);
IMPORT(SOCKETS, "[stream-drop-readable-0][method]tcp-socket.listen") void accept_drop(u32);
IMPORT(SOCKETS, "[async-lower][stream-read-0][method]tcp-socket.receive") u32 bytes_read(u32, u8*, u32);
IMPORT(SOCKETS, "[stream-drop-readable-0][method]tcp-socket.receive") void bytes_read_drop(u32);
IMPORT(SOCKETS, "[future-drop-readable-1][method]tcp-socket.receive") void received_drop(u32);
IMPORT(SOCKETS, "[stream-new-0][method]tcp-socket.send") u64 bytes_new(void);
IMPORT(SOCKETS, "[async-lower][stream-write-0][method]tcp-socket.send") u32 bytes_write(u32, const u8*, u32);
IMPORT(SOCKETS, "[stream-drop-writable-0][method]tcp-socket.send") void bytes_write_drop(u32);
IMPORT(SOCKETS, "[future-read-1][method]tcp-socket.send") u32 sent_read(u32, u8*);
IMPORT(SOCKETS, "[async-lower][future-read-1][method]tcp-socket.send") u32 sent_wait(u32, u8*);
IMPORT(SOCKETS, "[future-drop-readable-1][method]tcp-socket.send") void sent_drop(u32);

enum { most = 4096, buffer = 4096 };
typedef struct {
    u32 in_use, socket, in, received, out, sent, have, gone;
    u8 verdict[32];
    u8 bytes[buffer];
} connection;
static connection* all;
static u32 set, acceptor, listener, left, open, accepted[16];

static void wait_for(u32 waitable) { waitable_join(waitable, set); }

static void close_connection(connection* c) {
    waitable_join(c->sent, 0);
    sent_drop(c->sent);
    bytes_read_drop(c->in);
    received_drop(c->received);
    tcp_drop(c->socket);
    c->in_use = 0;
    --open;
}

// Everything was read: what was written must leave, then the connection ends.
static void finish(connection* c) {
    waitable_join(c->in, 0);
    waitable_join(c->out, 0);
    bytes_write_drop(c->out);
    if (sent_wait(c->sent, c->verdict) == BLOCKED) wait_for(c->sent);
    else close_connection(c);
}

static void read_on(connection* c);
static void wrote(connection* c, u32 how) {
    u32 n = how >> 4;
    for (u32 i = n; i < c->have; ++i) c->bytes[i - n] = c->bytes[i];
    c->have -= n;
    if (how & 15) c->gone = 1;
}
// Writes what it has; true: all of it.
static int write_on(connection* c) {
    while (c->have && !c->gone) {
        u32 said = bytes_write(c->out, c->bytes, c->have);
        if (said == BLOCKED) return wait_for(c->out), 0;
        wrote(c, said);
    }
    return 1;
}
static void read_on(connection* c) {
    for (;;) {
        if (c->gone) return finish(c);
        u32 said = bytes_read(c->in, c->bytes, buffer);
        if (said == BLOCKED) return wait_for(c->in);
        c->have = said >> 4;
        int ended = said & 15;
        if (!write_on(c)) {
            c->gone = (u32)ended;
            return;
        }
        if (ended) return finish(c);
    }
}

static void begin(u32 socket) {
    u32 i = 0, out[2];
    while (i < most && all[i].in_use) ++i;
    if (i == most) return tcp_drop(socket);
    connection* c = &all[i];
    c->in_use = 1, c->socket = socket, c->have = c->gone = 0;
    tcp_receive(socket, out);
    c->in = out[0], c->received = out[1];
    u64 ends = bytes_new();
    c->out = (u32)(ends >> 32);
    c->sent = tcp_send(socket, (u32)ends);
    ++open;
    read_on(c);
}

static void accept_on(void) {
    while (left) {
        u32 said = accept_read(acceptor, accepted, left < 16 ? left : 16);
        if (said == BLOCKED) return wait_for(acceptor);
        u32 n = said >> 4;
        left -= n;
        for (u32 i = 0; i < n; ++i) begin(accepted[i]);
        if (said & 15) left = 0;
    }
}

static u32 next_step(void) {
    if (left || open) return WAIT | set << 4;
    waitable_join(acceptor, 0);
    accept_drop(acceptor);
    tcp_drop(listener);
    waitable_set_drop(set);
    run_is(0);
    return EXIT;
}

EXPORT("[callback][async-lift]wasi:cli/run@0.3.0#run") u32 go_on(u32 event, u32 what, u32 how) {
    (void)event;
    if (what == acceptor && left) {
        u32 n = how >> 4;
        left -= n;
        for (u32 i = 0; i < n; ++i) begin(accepted[i]);
        accept_on();
        return next_step();
    }
    for (u32 i = 0; i < most; ++i) {
        connection* c = &all[i];
        if (!c->in_use) continue;
        if (what == c->in) {
            c->have = how >> 4;
            int ended = how & 15;
            if (!write_on(c)) {
                c->gone = (u32)ended;
                break;
            }
            if (ended) finish(c);
            else read_on(c);
        } else if (what == c->out) {
            u32 ended = c->gone;
            c->gone = 0;
            wrote(c, how);
            if (!write_on(c)) {
                c->gone = ended;
                break;
            }
            c->gone |= ended;
            read_on(c);
        } else if (what == c->sent) close_connection(c);
        else continue;
        break;
    }
    return next_step();
}

EXPORT("[async-lift]wasi:cli/run@0.3.0#run") u32 run(void) {
    u32 out[12];
    all = room(most * sizeof(connection));
    left = number(argument(1));
    set = waitable_set_new();
    tcp_create(0, out);
    if (out[0] & 255) return run_is(1), EXIT;
    listener = out[1];
    tcp_bind(listener, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, out);
    if (out[0] & 255) return run_is(1), EXIT;
    tcp_listen(listener, out);
    if (out[0] & 255) return run_is(1), EXIT;
    acceptor = out[1];
    tcp_address(listener, out);
    print("port ", *(unsigned short*)&out[2]);
    accept_on();
    return next_step();
}
