// A wasi:http/handler 0.3 that does what the request's path says:
//   /hello            a line of text              /echo     the request's body, handed on as it is
//   /copy             the same, read and written by the guest      /stream/N   N kilobytes, written after the answer was given
//   /fetch/SCHEME/AUTHORITY/PATH   asks there with the same method, body and trailers, and hands the answer on: 502 and the error's number if there is none
//   /pass             the request as it is, to whatever handler is imported (a middleware)
//   /status/N         that status, no body        /trap, /spin, /error, /unfinished     what can go wrong
// Built without a libc: clang --target=wasm32-unknown-unknown -nostdlib -ffreestanding -Wl,--no-entry,-s
#include "../../cabi.h"

#define HTTP "wasi:http/types@0.3.0"

typedef struct { u32 first, second; } pair;

IMPORT(HTTP, "[resource-drop]request") void request_drop(u32);
IMPORT(HTTP, "[constructor]fields") u32 fields_new(void);
IMPORT(HTTP, "[method]fields.append") void fields_append(u32, const char*, u32, const char*, u32, u32* out);
IMPORT(HTTP, "[method]request.get-path-with-query") void request_path(u32, u32* out);
IMPORT(HTTP, "[method]request.get-method") void request_method(u32, u32* out);
IMPORT(HTTP, "[method]request.set-method") u32 request_set_method(u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]request.set-scheme") u32 request_set_scheme(u32, u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]request.set-authority") u32 request_set_authority(u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]request.set-path-with-query") u32 request_set_path(u32, u32, const u8*, u32);
IMPORT(HTTP, "[static]request.new") void request_new(u32, u32, u32, u32, u32, u32, pair* out);
IMPORT(HTTP, "[static]request.consume-body") void consume(u32, u32, pair* out);
IMPORT(HTTP, "[static]response.new") void response_new(u32, u32, u32, u32, pair* out);
IMPORT(HTTP, "[method]response.set-status-code") u32 response_set_status(u32, u32);
IMPORT("wasi:http/client@0.3.0", "send") void send(u32, u32* out);
IMPORT("[export]wasi:http/handler@0.3.0", "[task-return]handle") void answer_is(u32, u32, u32, u64, u32, u32, u32, u32);

// Streams and futures are named by the function whose type they stand in, and their place there.
IMPORT(HTTP, "[stream-new-0][static]response.new") u64 stream_new(void);
IMPORT(HTTP, "[stream-write-0][static]response.new") u32 stream_write(u32, const u8*, u32);
IMPORT(HTTP, "[stream-drop-writable-0][static]response.new") void stream_end(u32);
IMPORT(HTTP, "[future-new-1][static]response.new") u64 trailers_new(void);
IMPORT(HTTP, "[future-write-1][static]response.new") u32 trailers_write(u32, const u8*);
IMPORT(HTTP, "[future-drop-writable-1][static]response.new") void trailers_end(u32);
IMPORT(HTTP, "[future-drop-readable-2][static]response.new") void sent_drop(u32);
IMPORT(HTTP, "[future-drop-readable-2][static]request.new") void request_sent_drop(u32);
IMPORT(HTTP, "[future-new-0][static]request.consume-body") u64 verdict_new(void);
IMPORT(HTTP, "[future-write-0][static]request.consume-body") u32 verdict_write(u32, const u8*);
IMPORT(HTTP, "[future-drop-writable-0][static]request.consume-body") void verdict_end(u32);
IMPORT(HTTP, "[stream-read-1][static]request.consume-body") u32 stream_read(u32, u8*, u32);
IMPORT(HTTP, "[stream-drop-readable-1][static]request.consume-body") void stream_read_end(u32);
IMPORT(HTTP, "[future-drop-readable-2][static]request.consume-body") void trailers_read_end(u32);

static const u8 well[64] __attribute__((aligned(8)));   // ok, and nothing in it
static u8 piece[4096];

static int starts(text t, const char* with) {
    u32 i = 0;
    for (; with[i]; ++i)
        if (i >= t.size || t.data[i] != (u8)with[i]) return 0;
    return 1;
}
static u32 number_after(text t, u32 at) {
    u32 n = 0;
    for (; at < t.size && t.data[at] >= '0' && t.data[at] <= '9'; ++at) n = n * 10 + (t.data[at] - '0');
    return n;
}

static void answer(u32 response) { answer_is(0, response, 0, 0, 0, 0, 0, 0); }

// A body that the guest writes.
typedef struct { u32 stream, trailers; } writer;
static writer begin(u32 status) {
    u32 ignored[8];
    u32 fields = fields_new();
    fields_append(fields, "content-type", 12, "text/plain", 10, ignored);
    u64 stream = stream_new(), trailers = trailers_new();
    pair made;
    response_new(fields, 1, (u32)stream, (u32)trailers, &made);
    response_set_status(made.first, status);
    sent_drop(made.second);
    answer(made.first);
    return (writer){(u32)(stream >> 32), (u32)(trailers >> 32)};
}
// What a copy gives: how many elements in the upper bits; the lower four say whether the other end is still there.
static int put(writer w, const u8* data, u32 size) {
    while (size > 0) {
        u32 said = stream_write(w.stream, data, size);
        data += said >> 4;
        size -= said >> 4;
        if (said & 15) return 0;
    }
    return 1;
}
static void end(writer w) {
    stream_end(w.stream);
    trailers_write(w.trailers, well);
    trailers_end(w.trailers);
}
static void say(u32 status, const char* words) {
    u32 n = 0;
    while (words[n]) ++n;
    writer w = begin(status);
    put(w, (const u8*)words, n);
    end(w);
}

static pair body_of(u32 request) {
    pair body;
    u64 verdict = verdict_new();
    consume(request, (u32)verdict, &body);
    verdict_write((u32)(verdict >> 32), well);
    verdict_end((u32)(verdict >> 32));
    return body;
}

static void echo(u32 request) {
    pair body = body_of(request), made;
    response_new(fields_new(), 1, body.first, body.second, &made);
    sent_drop(made.second);
    answer(made.first);
}

static void copy(u32 request) {
    pair body = body_of(request);
    writer w = begin(200);
    for (;;) {
        u32 got = stream_read(body.first, piece, sizeof piece);
        if (!put(w, piece, got >> 4) || (got & 15)) break;
    }
    stream_read_end(body.first);
    trailers_read_end(body.second);
    end(w);
}

static void stream_kilobytes(u32 n) {
    writer w = begin(200);
    for (u32 i = 0; i < n; ++i) {
        for (u32 k = 0; k < 1024; ++k) piece[k] = (u8)('a' + i % 26);
        if (!put(w, piece, 1024)) break;
    }
    end(w);
}

static void fetch(u32 request, text rest) {
    u32 method[3], slash[2] = {0, 0}, found = 0;
    u64 out[8];
    for (u32 i = 0; i < rest.size && found < 2; ++i)
        if (rest.data[i] == '/') slash[found++] = i;
    request_method(request, method);
    int has_body = (method[0] & 255) == 2;
    pair body = body_of(request), made;
    if (!has_body) stream_read_end(body.first);
    request_new(fields_new(), has_body, has_body ? body.first : 0, body.second, 0, 0, &made);
    request_sent_drop(made.second);
    request_set_method(made.first, method[0] & 255, (const u8*)method[1], method[2]);
    request_set_scheme(made.first, 1, starts(rest, "https/") ? 1 : 0, 0, 0);
    request_set_authority(made.first, 1, rest.data + slash[0] + 1, slash[1] - slash[0] - 1);
    request_set_path(made.first, 1, rest.data + slash[1], rest.size - slash[1]);
    send(made.first, (u32*)out);
    u32* result = (u32*)out;
    if ((result[0] & 255) == 0) return answer(result[2]);
    u32 error = result[2] & 255;
    char digits[3] = {(char)('0' + error / 10 % 10), (char)('0' + error % 10), 0};
    say(502, digits);
}

static void pass(u32 request) {
    u64 out[8];
    send(request, (u32*)out);
    u32* result = (u32*)out;
    if ((result[0] & 255) == 0) answer(result[2]);
    else say(502, "no answer");
}

EXPORT("[callback][async-lift]wasi:http/handler@0.3.0#handle") u32 go_on(u32 event, u32 what, u32 how) {
    (void)event, (void)what, (void)how;
    return 0;
}

EXPORT("[async-lift]wasi:http/handler@0.3.0#handle") u32 handle(u32 request) {
    u32 option[3];
    request_path(request, option);
    text path = {(const u8*)option[1], option[0] & 255 ? option[2] : 0};
    if (starts(path, "/hello")) say(200, "hello\n"), request_drop(request);
    else if (starts(path, "/echo")) echo(request);
    else if (starts(path, "/copy")) copy(request);
    else if (starts(path, "/stream/")) stream_kilobytes(number_after(path, 8));
    else if (starts(path, "/fetch/")) fetch(request, (text){path.data + 7, path.size - 7});
    else if (starts(path, "/pass")) pass(request);
    else if (starts(path, "/status/")) {
        u64 trailers = trailers_new();
        pair made;
        response_new(fields_new(), 0, 0, (u32)trailers, &made);
        response_set_status(made.first, number_after(path, 8));
        sent_drop(made.second);
        answer(made.first);
        trailers_write((u32)(trailers >> 32), well);
        trailers_end((u32)(trailers >> 32));
    } else if (starts(path, "/trap")) __builtin_trap();
    else if (starts(path, "/spin")) for (volatile u32 i = 0;; ++i) {}
    else if (starts(path, "/error")) answer_is(1, 38, 0, 0, 0, 0, 0, 0);
    else if (starts(path, "/unfinished")) {
        put(begin(200), (const u8*)"abc", 3);
        __builtin_trap();
    } else say(404, "?\n");
    return 0;
}
