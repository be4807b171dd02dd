// memory-bus: another host's side of the key-value contract, a component that keeps its counters in its own memory. The key `counter::trap` ends it.
#include "cabi.h"

enum { most = 64, longest = 64 };
static struct {
    u8 key[longest];
    u32 size;
    i32 value;
} counters[most];
static u32 used;

typedef union {  // result<payload, rpc-error>
    Failed failed;
    struct {
        u8 is_error;
        Text payload;
    } ok;
} Sent;

static i32 *counter_of(Text key) {
    for (u32 i = 0; i < used; ++i)
        if (same((Text){counters[i].key, counters[i].size}, key)) return &counters[i].value;
    if (used == most || key.size > longest) return 0;
    for (u32 i = 0; i < key.size; ++i) counters[used].key[i] = key.at[i];
    counters[used].size = key.size;
    return &counters[used++].value;
}

// {"key":"…","value":1}
static i32 increment(Json *j, Failed *failure) {
    need(j, '{', "an object");
    read_string(j);
    need(j, ':', "a colon");
    Text key = read_string(j);
    need(j, ',', "a comma");
    read_string(j);
    need(j, ':', "a colon");
    i32 by = read_number(j);
    if (j->wrong) return failed_to_read(failure, "memory-bus", j), 0;
    if (same(key, TEXT("counter::trap"))) __builtin_trap();
    i32 *counter = counter_of(key);
    if (!counter) return failed(failure, 4, TEXT("memory-bus: it holds 64 short keys")), 0;  // host-error
    return *counter += by;
}

EXPORT("demo:kvcounter/wasmbus-sender@1.0.0#send")
Sent *send(const u8 *method, u32 method_size, const u8 *arg, u32 arg_size, const u8 *contract, u32 contract_size, u32 has_link, const u8 *link, u32 link_size) {
    (void)method, (void)method_size, (void)contract, (void)contract_size, (void)has_link, (void)link, (void)link_size;
    Sent *result = arena_take(sizeof(Sent), 4);
    *result = (Sent){0};
    Json j = {{arg, arg_size}, 0, 0};
    i32 sum = increment(&j, &result->failed);
    if (result->ok.is_error) return result;
    Out o = out_begin();
    put_number(&o, sum);
    result->ok.payload = out_end(o);
    return result;
}

EXPORT("cabi_post_demo:kvcounter/wasmbus-sender@1.0.0#send") void send_done(Sent *r) {
    (void)r;
    arena_clear();
}
