// `greet`: {"name": "Ada"} -> {"greeting": "HELLO, ADA"}. The core module of world metatype:wit-wire/wit-wire, without any library.
typedef unsigned char u8;
typedef unsigned u32;

__attribute__((import_module("metatype:wit-wire/typegate-wire"), import_name("hostcall"))) void hostcall(const char *op, u32 op_bytes, const char *json,
                                                                                                         u32 json_bytes, void *result);

struct text {
    const char *at;
    u32 bytes;
};

// Memory is only ever taken: the host resets it between calls.
static u8 heap[1 << 20];
static u32 used;
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, u32 old_bytes, u32 align, u32 bytes) {
    (void)old, (void)old_bytes;
    used = (used + align - 1) & ~(align - 1);
    if (used + bytes > sizeof heap) __builtin_trap();
    used += bytes;
    return heap + used - bytes;
}

static struct text append(struct text a, const char *more, u32 bytes) {
    char *at = cabi_realloc(0, 0, 1, a.bytes + bytes);
    for (u32 i = 0; i < a.bytes; ++i) at[i] = a.at[i];
    for (u32 i = 0; i < bytes; ++i) at[a.bytes + i] = more[i];
    return (struct text){at, a.bytes + bytes};
}
#define APPEND(a, literal) append(a, literal, sizeof literal - 1)

// The value of the first key, a string, as JSON text without its quotes. The host has checked the shape.
static struct text first_string(const char *json, u32 bytes) {
    u32 i = 0, end;
    while (i < bytes && json[i] != ':') ++i;
    while (i < bytes && json[i] != '"') ++i;
    for (end = ++i; end < bytes && json[end] != '"'; ++end)
        if (json[end] == '\\') ++end;
    return (struct text){json + i, end - i};
}

static u32 init_result[10];
__attribute__((export_name("metatype:wit-wire/mat-wire#init"))) void *init(const char *version, u32 bytes, void *ops, u32 count) {
    (void)version, (void)bytes, (void)ops, (void)count;
    init_result[1] = 1;  // ok: true
    return init_result;
}

static u32 result[4];
static void *answer(u32 failed, u32 which, struct text t) {
    result[0] = failed;
    result[1] = failed ? which : (u32)t.at;
    result[2] = failed ? (u32)t.at : t.bytes;
    result[3] = t.bytes;
    return result;
}

// The first string of a GraphQL response {"data":{"shout":"…"}}: behind the second colon.
static struct text shouted(struct text response) {
    u32 i = 0;
    while (i < response.bytes && response.at[i] != ':') ++i;
    return first_string(response.at + i + 1, response.bytes - i - 1);
}

__attribute__((export_name("metatype:wit-wire/mat-wire#handle"))) void *handle(const char *op, u32 op_bytes, const char *in, u32 in_bytes) {
    (void)op, (void)op_bytes;
    struct text name = first_string(in, in_bytes), query = {0, 0}, greeting = {0, 0};
    query = APPEND(query, "{\"query\":\"query($t: String!) { shout(text: $t) }\",\"variables\":{\"t\":\"hello, ");
    query = append(query, name.at, name.bytes);
    query = APPEND(query, "\"}}");
    struct {
        u32 failed;
        struct text text;
    } got;
    hostcall("gql", 3, query.at, query.bytes, &got);
    if (got.failed & 255) return answer(1, 2, got.text);
    struct text loud = shouted(got.text);
    greeting = APPEND(greeting, "{\"greeting\":\"");
    greeting = append(greeting, loud.at, loud.bytes);
    return answer(0, 0, APPEND(greeting, "\"}"));
}
