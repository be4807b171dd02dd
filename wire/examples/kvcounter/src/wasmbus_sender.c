// wasmbus-sender: the way out to the host. This one is faked: it prints the message, and the answer to everything is 42.
#include "cabi.h"

IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") i32 get_stdout(void);
IMPORT("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush") void write_and_flush(i32 stream, const u8 *at, u32 size, u8 result[12]);
IMPORT("wasi:io/streams@0.2.0", "[resource-drop]output-stream") void drop_stream(i32 stream);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void drop_error(i32 error);

// A stream takes at most 4096 bytes at once.
static void print(Text t) {
    i32 out = get_stdout();
    for (u32 at = 0; at < t.size; at += 4096) {
        u8 result[12] __attribute__((aligned(4)));  // result<_, stream-error>
        write_and_flush(out, t.at + at, t.size - at < 4096 ? t.size - at : 4096, result);
        if (result[0]) {
            if (!result[4]) drop_error(*(i32 *)(result + 8));
            break;
        }
    }
    drop_stream(out);
}

typedef struct {  // result<payload, rpc-error>: always ok
    u8 is_error;
    Text payload;
    u32 none;
} Sent;

EXPORT("demo:kvcounter/wasmbus-sender@1.0.0#send")
Sent *send(const u8 *method, u32 method_size, const u8 *arg, u32 arg_size, const u8 *contract, u32 contract_size, u32 has_link, const u8 *link, u32 link_size) {
    Out o = out_begin();
    put(&o, TEXT("Linkname: "));
    put(&o, has_link ? (Text){link, link_size} : TEXT("default"));
    put(&o, TEXT(", contract_name: "));
    put(&o, (Text){contract, contract_size});
    put(&o, TEXT(", msg: Message {\n    method: "));
    put_string(&o, (Text){method, method_size});
    put(&o, TEXT(",\n    arg: ["));
    for (u32 i = 0; i < arg_size; ++i) {
        put(&o, TEXT("\n        "));
        put_number(&o, arg[i]);
        put_byte(&o, ',');
    }
    put(&o, arg_size ? TEXT("\n    ],\n}\n") : TEXT("],\n}\n"));
    print(out_end(o));
    Sent *result = arena_take(sizeof(Sent), 4);
    *result = (Sent){0, TEXT("42"), 0};
    return result;
}

EXPORT("cabi_post_demo:kvcounter/wasmbus-sender@1.0.0#send") void send_done(Sent *r) {
    (void)r;
    arena_clear();
}
