// kvcounter: the application. Every path has a counter; a request adds to it, by one or by the amount that its query names.
#include "cabi.h"

typedef union {  // result<s32, rpc-error>
    Failed failed;
    struct {
        u8 is_error;
        i32 value;
    } ok;
} Incremented;

IMPORT("demo:kvcounter/keyvalue@1.0.0", "increment") void increment(const u8 *key, u32 key_size, i32 value, Incremented *result);

typedef struct {  // result<http-response, rpc-error>: always ok
    u8 is_error;
    u16 status_code __attribute__((aligned(4)));
    const void *header;
    u32 header_size;
    Text body;
} Response;

// "amount=5" anywhere in "a=b&amount=5"; 1 when there is none, or no whole number.
static i32 amount_of(Text query) {
    const Text name = TEXT("amount=");
    for (u32 at = 0; at < query.size;) {
        u32 end = at;
        while (end < query.size && query.at[end] != '&') ++end;
        if (end - at > name.size && same((Text){query.at + at, name.size}, name)) {
            Json j = {{query.at + at + name.size, end - at - name.size}, 0, 0};
            i32 n = read_number(&j);
            read_end(&j);
            return j.wrong ? 1 : n;
        }
        at = end + 1;
    }
    return 1;
}

static Text key_of(Text path) {
    Out o = out_begin();
    put(&o, TEXT("counter:"));
    for (u32 i = 0; i < path.size; ++i) put_byte(&o, path.at[i] == '/' ? ':' : path.at[i]);
    return out_end(o);
}

static Text answer(const Incremented *r) {
    Out o = out_begin();
    put(&o, r->ok.is_error ? TEXT("{\"error\":") : TEXT("{\"counter\":"));
    if (r->ok.is_error) put_string(&o, r->failed.text);
    else put_number(&o, r->ok.value);
    put_byte(&o, '}');
    return out_end(o);
}

EXPORT("demo:kvcounter/httpserver@1.0.0#handle-request")
Response *handle_request(const u8 *method, u32 method_size, const u8 *path, u32 path_size, const u8 *query, u32 query_size, const void *header, u32 header_size,
                         const u8 *body, u32 body_size) {
    (void)method, (void)method_size, (void)header, (void)header_size, (void)body, (void)body_size;
    Text key = key_of((Text){path, path_size});
    Incremented counter;
    increment(key.at, key.size, amount_of((Text){query, query_size}), &counter);
    Response *response = arena_take(sizeof(Response), 4);
    *response = (Response){0, counter.ok.is_error ? 500 : 200, 0, 0, answer(&counter)};
    return response;
}

EXPORT("cabi_post_demo:kvcounter/httpserver@1.0.0#handle-request") void handle_request_done(Response *r) {
    (void)r;
    arena_clear();
}
