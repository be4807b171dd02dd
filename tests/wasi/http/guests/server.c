// A wasi:http/incoming-handler that does what the request's path says:
//   /hello            a line of text              /echo     the request's body, as it comes
//   /stream/N         N kilobytes in pieces       /about    the request as the guest sees it
//   /fetch/SCHEME/AUTHORITY/PATH   asks there with the same method and body, and passes the answer on: 502 and the error's number if there is none
//   /forget           keeps the request's handle
//   /status/N         that status, no body        /trap, /spin, /nothing, /error, /unfinished     what can go wrong
// Built without a libc: clang --target=wasm32-unknown-unknown -nostdlib -ffreestanding -Wl,--no-entry,-s
#include "../../cabi.h"

#define HTTP "wasi:http/types@0.2.12"
#define IO "wasi:io/streams@0.2.12"


IMPORT(HTTP, "[constructor]fields") u32 fields_new(void);
IMPORT(HTTP, "[method]fields.append") void fields_append(u32, const char*, u32, const char*, u32, u8* out);
IMPORT(HTTP, "[method]fields.entries") void fields_entries(u32, text* out);
IMPORT(HTTP, "[method]incoming-request.method") void request_method(u32, u32* out);
IMPORT(HTTP, "[method]incoming-request.path-with-query") void request_path(u32, u32* out);
IMPORT(HTTP, "[method]incoming-request.authority") void request_authority(u32, u32* out);
IMPORT(HTTP, "[method]incoming-request.headers") u32 request_headers(u32);
IMPORT(HTTP, "[method]incoming-request.consume") void request_consume(u32, u32* out);
IMPORT(HTTP, "[resource-drop]incoming-request") void request_drop(u32);
IMPORT(HTTP, "[resource-drop]incoming-body") void body_drop(u32);
IMPORT(HTTP, "[method]incoming-body.stream") void body_stream(u32, u32* out);
IMPORT(HTTP, "[constructor]outgoing-response") u32 response_new(u32);
IMPORT(HTTP, "[method]outgoing-response.set-status-code") u32 response_set_status(u32, u32);
IMPORT(HTTP, "[method]outgoing-response.body") void response_body(u32, u32* out);
IMPORT(HTTP, "[method]outgoing-body.write") void body_write(u32, u32* out);
IMPORT(HTTP, "[static]outgoing-body.finish") void body_finish(u32, u32, u32, u8* out);
IMPORT(HTTP, "[static]response-outparam.set") void outparam_set(u32, u32, u32, u32, u64, u32, u32, u32, u32);
IMPORT(HTTP, "[constructor]outgoing-request") u32 outgoing_new(u32);
IMPORT(HTTP, "[method]outgoing-request.set-method") u32 outgoing_set_method(u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]outgoing-request.set-scheme") u32 outgoing_set_scheme(u32, u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]outgoing-request.set-authority") u32 outgoing_set_authority(u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]outgoing-request.set-path-with-query") u32 outgoing_set_path(u32, u32, const u8*, u32);
IMPORT(HTTP, "[method]outgoing-request.body") void outgoing_body(u32, u32* out);
IMPORT("wasi:http/outgoing-handler@0.2.12", "handle") void send(u32, u32, u32, u32* out);
IMPORT(HTTP, "[method]future-incoming-response.subscribe") u32 future_subscribe(u32);
IMPORT(HTTP, "[method]future-incoming-response.get") void future_get(u32, u32* out);
IMPORT(HTTP, "[method]incoming-response.status") u32 incoming_status(u32);
IMPORT(HTTP, "[method]incoming-response.consume") void incoming_consume(u32, u32* out);
IMPORT("wasi:io/poll@0.2.12", "[method]pollable.block") void pollable_block(u32);
IMPORT("wasi:io/poll@0.2.12", "[resource-drop]pollable") void pollable_drop(u32);
IMPORT(IO, "[method]output-stream.blocking-write-and-flush") void stream_write(u32, const u8*, u32, u32* out);
IMPORT(IO, "[resource-drop]output-stream") void output_drop(u32);
IMPORT(IO, "[resource-drop]input-stream") void input_drop(u32);
IMPORT(IO, "[method]input-stream.blocking-read") void stream_read(u32, u64, u32* out);

static int starts(text t, const char* with) {
    u32 i = 0;
    for (; with[i]; ++i)
        if (i >= t.size || t.data[i] != (u8)with[i]) return 0;
    return 1;
}
static u32 length(const char* s) {
    u32 n = 0;
    while (s[n]) ++n;
    return n;
}
static u32 number_after(text t, u32 at) {
    u32 n = 0;
    for (; at < t.size && t.data[at] >= '0' && t.data[at] <= '9'; ++at) n = n * 10 + (t.data[at] - '0');
    return n;
}

// A response that was begun; gives its body.
static u32 begin(u32 out, u32 status) {
    u8 ignored[8];
    u32 fields = fields_new(), result[2];
    fields_append(fields, "content-type", 12, "text/plain", 10, ignored);
    u32 response = response_new(fields);
    response_set_status(response, status);
    response_body(response, result);
    outparam_set(out, 0, response, 0, 0, 0, 0, 0, 0);
    return result[1];
}
static u32 stream_of(u32 body) {
    u32 result[2];
    body_write(body, result);
    return result[1];
}
// In pieces of at most 4096 bytes, as the interface wants.
static int put(u32 stream, const u8* data, u32 size) {
    u32 result[3];
    while (size > 0) {
        u32 n = size < 4096 ? size : 4096;
        stream_write(stream, data, n, result);
        if ((result[0] & 255) != 0) return 0;
        data += n;
        size -= n;
    }
    return 1;
}
static void end(u32 body, u32 stream) {
    u8 result[64];
    output_drop(stream);
    body_finish(body, 0, 0, result);
}
static void answer(u32 out, const char* words) {
    u32 body = begin(out, 200), stream = stream_of(body);
    put(stream, (const u8*)words, length(words));
    end(body, stream);
}

// From one stream to another, to the end. False: somebody is gone.
static int pass_on(u32 in_body, u32 to) {
    u32 in[2], got[3], mark = top;
    body_stream(in_body, in);
    do {
        top = mark;
        stream_read(in[1], 65536, got);
    } while ((got[0] & 255) == 0 && put(to, (const u8*)got[1], got[2]));
    input_drop(in[1]);
    body_drop(in_body);
    return (got[0] & 255) != 0 && (got[1] & 255) == 1;
}

static void no_answer(u32 out, u32 error) {
    u8 digits[2] = {(u8)('0' + error / 10 % 10), (u8)('0' + error % 10)};
    u32 body = begin(out, 502), stream = stream_of(body);
    put(stream, digits, 2);
    end(body, stream);
}

static void fetch(u32 request, u32 out, text rest) {
    u32 method[3], body[2], in_body[2], future[10], got[14], slash[2], found = 0;
    for (u32 i = 0; i < rest.size && found < 2; ++i)
        if (rest.data[i] == '/') slash[found++] = i;
    u32 ask = outgoing_new(fields_new());
    request_method(request, method);
    outgoing_set_method(ask, method[0] & 255, (const u8*)method[1], method[2]);
    outgoing_set_scheme(ask, 1, starts(rest, "https/") ? 1 : 0, 0, 0);
    outgoing_set_authority(ask, 1, rest.data + slash[0] + 1, slash[1] - slash[0] - 1);
    outgoing_set_path(ask, 1, rest.data + slash[1], rest.size - slash[1]);
    int has_body = (method[0] & 255) == 2;
    if (has_body) outgoing_body(ask, body);
    send(ask, 0, 0, future);
    if ((future[0] & 255) != 0) return no_answer(out, future[2] & 255);
    if (has_body) {
        u32 to = stream_of(body[1]);
        request_consume(request, in_body);
        pass_on(in_body[1], to);
        end(body[1], to);
    }
    u32 ready = future_subscribe(future[2]);
    pollable_block(ready);
    pollable_drop(ready);
    future_get(future[2], got);
    // option, result, result: each with its payload 8 bytes further on
    if ((got[4] & 255) != 0) return no_answer(out, got[6] & 255);
    u32 response = got[6], back = begin(out, incoming_status(response)), stream = stream_of(back);
    incoming_consume(response, in_body);
    if (pass_on(in_body[1], stream)) end(back, stream);
}

static void echo(u32 request, u32 out) {
    u32 in_body[2], body = begin(out, 200), stream = stream_of(body);
    request_consume(request, in_body);
    if (pass_on(in_body[1], stream)) end(body, stream);
}

static void stream_kilobytes(u32 out, u32 n) {
    static u8 piece[1024];
    u32 body = begin(out, 200), stream = stream_of(body);
    for (u32 i = 0; i < n; ++i) {
        for (u32 k = 0; k < sizeof piece; ++k) piece[k] = (u8)('a' + i % 26);
        if (!put(stream, piece, sizeof piece)) return;
    }
    end(body, stream);
}

static void about(u32 request, u32 out) {
    u32 method[3], path[3], authority[3];
    text entries;
    request_method(request, method);
    request_path(request, path);
    request_authority(request, authority);
    fields_entries(request_headers(request), &entries);
    u32 body = begin(out, 200), stream = stream_of(body);
    u8 digit = (u8)('0' + (method[0] & 255));
    put(stream, &digit, 1);
    put(stream, (const u8*)" ", 1);
    put(stream, (const u8*)authority[1], authority[0] & 255 ? authority[2] : 0);
    put(stream, (const u8*)" ", 1);
    put(stream, (const u8*)path[1], path[2]);
    const text* e = (const text*)entries.data;
    for (u32 i = 0; i < entries.size; ++i) {
        put(stream, (const u8*)"\n", 1);
        put(stream, e[2 * i].data, e[2 * i].size);
        put(stream, (const u8*)"=", 1);
        put(stream, e[2 * i + 1].data, e[2 * i + 1].size);
    }
    end(body, stream);
}

EXPORT("wasi:http/incoming-handler@0.2.12#handle") void handle(u32 request, u32 out) {
    top = (u32)&__heap_base;
    u32 option[3];
    request_path(request, option);
    text path = {(const u8*)option[1], option[0] & 255 ? option[2] : 0};
    if (starts(path, "/hello")) answer(out, "hello\n");
    else if (starts(path, "/echo")) echo(request, out);
    else if (starts(path, "/stream/")) stream_kilobytes(out, number_after(path, 8));
    else if (starts(path, "/fetch/")) fetch(request, out, (text){path.data + 7, path.size - 7});
    else if (starts(path, "/about")) about(request, out);
    else if (starts(path, "/status/")) {
        u32 response = response_new(fields_new());
        response_set_status(response, number_after(path, 8));
        outparam_set(out, 0, response, 0, 0, 0, 0, 0, 0);
    } else if (starts(path, "/trap")) __builtin_trap();
    else if (starts(path, "/spin")) for (volatile u32 i = 0;; ++i) {}
    else if (starts(path, "/error")) outparam_set(out, 1, 38, 0, 0, 0, 0, 0, 0);
    else if (starts(path, "/unfinished")) put(stream_of(begin(out, 200)), (const u8*)"abc", 3);
    else if (!starts(path, "/nothing")) answer(out, "?\n");
    if (!starts(path, "/forget")) request_drop(request);
}
