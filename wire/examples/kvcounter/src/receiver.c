// receiver: a message of the HTTP server contract becomes a typed request, the typed response becomes JSON.
#include "cabi.h"

typedef struct {
    Text name, value;
} Header;
typedef struct {
    const Header *at;
    u32 size;
} Headers;
typedef struct {
    Text method, path, query_string;
    Headers header;
    Text body;
} Request;
typedef struct {  // result<http-response, rpc-error>
    u8 is_error;
    union {
        struct {
            u16 status_code;
            Headers header;
            Text body;
        } ok;
        struct {
            u8 error_case;
            Text text;
        } error;
    };
} Response;

IMPORT("demo:kvcounter/httpserver@1.0.0", "handle-request")
void handle_request(const u8 *method, u32 method_size, const u8 *path, u32 path_size, const u8 *query, u32 query_size, const Header *header, u32 header_size,
                    const u8 *body, u32 body_size, Response *response);

// [["HOST", "foobar"], …]
static Headers read_headers(Json *j) {
    enum { most = 256 };
    Header *all = arena_take(most * sizeof(Header), 4);
    u32 n = 0;
    need(j, '[', "a list of headers");
    if (eat(j, ']')) return (Headers){all, 0};
    do {
        if (n == most) return fail(j, "at most 256 headers"), (Headers){all, 0};
        need(j, '[', "a header: its name and its value");
        all[n].name = read_string(j);
        need(j, ',', "`,`");
        all[n++].value = read_string(j);
        need(j, ']', "`]`");
    } while (eat(j, ','));
    need(j, ']', "`,` or `]`");
    return (Headers){all, n};
}

static Request read_request(Json *j) {
    Request r = {0};
    need(j, '{', "an object");
    do {
        Text key = read_string(j);
        need(j, ':', "`:`");
        if (same(key, TEXT("method"))) r.method = read_string(j);
        else if (same(key, TEXT("path"))) r.path = read_string(j);
        else if (same(key, TEXT("query_string"))) r.query_string = read_string(j);
        else if (same(key, TEXT("header"))) r.header = read_headers(j);
        else if (same(key, TEXT("body"))) r.body = read_bytes(j);
        else fail(j, "method, path, query_string, header or body");
    } while (eat(j, ','));
    need(j, '}', "`,` or `}`");
    read_end(j);
    return r;
}

static Text response_json(const Response *r) {
    Out o = out_begin();
    put(&o, TEXT("{\"status_code\":"));
    put_number(&o, r->ok.status_code);
    put(&o, TEXT(",\"header\":["));
    for (u32 i = 0; i < r->ok.header.size; ++i) {
        if (i) put_byte(&o, ',');
        put_byte(&o, '[');
        put_string(&o, r->ok.header.at[i].name);
        put_byte(&o, ',');
        put_string(&o, r->ok.header.at[i].value);
        put_byte(&o, ']');
    }
    put(&o, TEXT("],\"body\":"));
    put_bytes(&o, r->ok.body);
    put_byte(&o, '}');
    return out_end(o);
}

typedef union {  // result<payload, rpc-error>
    Failed failed;
    struct {
        u8 is_error;
        Text payload;
    } ok;
} Received;

EXPORT("demo:kvcounter/wasmbus-receiver@1.0.0#receive") Received *receive(const u8 *method, u32 method_size, const u8 *arg, u32 arg_size) {
    Received *result = arena_take(sizeof(Received), 4);
    Text name = {method, method_size};
    if (!same(name, TEXT("HttpServer.HandleRequest"))) {
        failed(&result->failed, method_not_handled, joined(joined(TEXT("Method "), name), TEXT(" is not supported by the httpserver contract")));
        return result;
    }
    Json j = {{arg, arg_size}, 0, 0};
    Request r = read_request(&j);
    if (j.wrong) return failed_to_read(&result->failed, "httpserver", &j), result;
    Response response;
    handle_request(r.method.at, r.method.size, r.path.at, r.path.size, r.query_string.at, r.query_string.size, r.header.at, r.header.size, r.body.at, r.body.size,
                   &response);
    if (response.is_error) result->failed = (Failed){1, response.error.error_case, response.error.text};
    else {
        result->ok.is_error = 0;
        result->ok.payload = response_json(&response);
    }
    return result;
}

EXPORT("cabi_post_demo:kvcounter/wasmbus-receiver@1.0.0#receive") void receive_done(Received *r) {
    (void)r;
    arena_clear();
}
