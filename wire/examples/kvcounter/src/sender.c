// sender: a call of the key-value contract becomes a message, whose answer is the result.
#include "cabi.h"

typedef union {  // result<payload, rpc-error>
    Failed failed;
    struct {
        u8 is_error;
        Text payload;
    } ok;
} Sent;
typedef union {  // result<s32, rpc-error>
    Failed failed;
    struct {
        u8 is_error;
        i32 value;
    } ok;
} Incremented;

IMPORT("demo:kvcounter/wasmbus-sender@1.0.0", "send")
void send(const u8 *method, u32 method_size, const u8 *arg, u32 arg_size, const u8 *contract, u32 contract_size, u32 has_link, const u8 *link, u32 link_size,
          Sent *result);

static Text request_json(Text key, i32 value) {
    Out o = out_begin();
    put(&o, TEXT("{\"key\":"));
    put_string(&o, key);
    put(&o, TEXT(",\"value\":"));
    put_number(&o, value);
    put_byte(&o, '}');
    return out_end(o);
}

EXPORT("demo:kvcounter/keyvalue@1.0.0#increment") Incremented *increment(const u8 *key, u32 key_size, i32 value) {
    const Text method = TEXT("KeyValue.Increment"), contract = TEXT("wasmcloud:keyvalue");
    Text request = request_json((Text){key, key_size}, value);
    Incremented *result = arena_take(sizeof(Incremented), 4);
    Sent sent;
    send(method.at, method.size, request.at, request.size, contract.at, contract.size, 0, 0, 0, &sent);
    if (sent.ok.is_error) return result->failed = sent.failed, result;
    Json j = {sent.ok.payload, 0, 0};
    i32 counter = read_number(&j);
    read_end(&j);
    if (j.wrong) return failed_to_read(&result->failed, "keyvalue", &j), result;
    result->ok.is_error = 0;
    result->ok.value = counter;
    return result;
}

EXPORT("cabi_post_demo:kvcounter/keyvalue@1.0.0#increment") void increment_done(Incremented *r) {
    (void)r;
    arena_clear();
}
