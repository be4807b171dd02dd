// store: a key-value runtime. It provides the host calls `kv.*` to the guests of an app, out of its own memory. The key `counter::trap` ends it.
#include "cabi.h"

// ---- what it keeps ----------------------------------------------------------------------------------------------------------------------------

enum { most = 256, longest = 128 };
typedef struct {
    u8 key[longest], value[longest];  // the value: JSON
    u32 key_size, value_size;         // key_size 0: free
} Entry;
static Entry entries[most];

static Text key_of(const Entry *e) { return (Text){e->key, e->key_size}; }
static Text value_of(const Entry *e) { return (Text){e->value, e->value_size}; }

static Entry *find(Text key) {
    for (u32 i = 0; i < most; ++i)
        if (entries[i].key_size && same(key_of(&entries[i]), key)) return &entries[i];
    return 0;
}
static int keep(Text key, Text value) {
    Entry *e = find(key);
    for (u32 i = 0; !e && i < most; ++i)
        if (!entries[i].key_size) e = &entries[i];
    if (!e || !key.size || key.size > longest || value.size > longest) return 0;
    memcpy(e->key, key.at, key.size);
    memcpy(e->value, value.at, value.size);
    e->key_size = key.size, e->value_size = value.size;
    return 1;
}

static int less(Text a, Text b) {
    for (u32 i = 0; i < a.size && i < b.size; ++i)
        if (a.at[i] != b.at[i]) return a.at[i] < b.at[i];
    return a.size < b.size;
}
static int begins(Text text, Text with) { return text.size >= with.size && same((Text){text.at, with.size}, with); }

// ---- calls: the host has checked their arguments, and gives each key of them in alphabetical order ------------------------------------------------

// The text of whatever value comes next.
static Text read_any(Json *j) {
    peek(j);
    u32 from = j->at, depth = 0;
    do {
        u8 c = peek(j);
        if (!c) fail(j, "a value");
        else if (c == '"') read_string(j);
        else if (c == '{' || c == '[') ++depth, ++j->at;
        else if (c == '}' || c == ']') --depth, ++j->at;
        else if (c == ',' || c == ':') ++j->at;
        else
            while (j->at < j->in.size && j->in.at[j->at] > ' ' && j->in.at[j->at] != ',' && j->in.at[j->at] != ']' && j->in.at[j->at] != '}') ++j->at;
    } while (!j->wrong && depth);
    return (Text){j->in.at + from, j->at - from};
}
// The value of the next key.
static Text next_value(Json *j) {
    if (!eat(j, '{')) need(j, ',', "a comma");
    read_string(j);
    need(j, ':', "a colon");
    return read_any(j);
}
static Text text_of(Text json) {
    Json j = {json, 0, 0};
    return read_string(&j);
}
static i32 number_of(Text json, const char **wrong) {
    Json j = {json, 0, 0};
    i32 n = read_number(&j);
    read_end(&j);
    if (j.wrong) *wrong = "a number of 32 bits";
    return n;
}

static Text get(Json *j, const char **wrong) {
    (void)wrong;
    Entry *e = find(text_of(next_value(j)));
    return e ? value_of(e) : TEXT("null");
}
static Text set(Json *j, const char **wrong) {
    Text key = text_of(next_value(j)), value = next_value(j);
    if (!keep(key, value)) *wrong = "at most 256 keys, and keys and values of at most 128 bytes";
    return TEXT("null");
}
static Text erase(Json *j, const char **wrong) {
    (void)wrong;
    Entry *e = find(text_of(next_value(j)));
    if (e) e->key_size = 0;
    return e ? TEXT("true") : TEXT("false");
}
static Text increment(Json *j, const char **wrong) {
    i32 by = number_of(next_value(j), wrong);
    Text key = text_of(next_value(j));
    if (same(key, TEXT("counter::trap"))) __builtin_trap();
    Entry *e = find(key);
    i32 sum = 0;
    if (__builtin_add_overflow(e ? number_of(value_of(e), wrong) : 0, by, &sum)) *wrong = "a number of 32 bits";
    Out o = out_begin();
    put_number(&o, sum);
    Text value = out_end(o);
    if (!*wrong && !keep(key, value)) *wrong = "at most 256 keys of at most 128 bytes";
    return value;
}
static Text compare_and_set(Json *j, const char **wrong) {
    Text expected = next_value(j), key = text_of(next_value(j)), value = next_value(j);
    Entry *e = find(key);
    if (!same(e ? value_of(e) : TEXT("null"), expected)) return TEXT("false");
    if (!keep(key, value)) *wrong = "at most 256 keys, and keys and values of at most 128 bytes";
    return TEXT("true");
}
static Text list(Json *j, const char **wrong) {
    Text after = text_of(next_value(j));
    i32 limit = number_of(next_value(j), wrong);
    Text prefix = text_of(next_value(j));
    Out o = out_begin();
    put_byte(&o, '[');
    for (i32 n = 0; n < limit; ++n) {
        const Entry *next = 0;
        for (u32 i = 0; i < most; ++i) {
            Text key = key_of(&entries[i]);
            if (key.size && begins(key, prefix) && less(after, key) && (!next || less(key, key_of(next)))) next = &entries[i];
        }
        if (!next) break;
        if (n) put_byte(&o, ',');
        put_string(&o, key_of(next));
        after = key_of(next);
    }
    put_byte(&o, ']');
    return out_end(o);
}

static const struct {
    const char *name;
    Text (*call)(Json *j, const char **wrong);
} calls[] = {{"kv.get", get}, {"kv.set", set}, {"kv.delete", erase}, {"kv.increment", increment}, {"kv.cas", compare_and_set}, {"kv.list", list}};

// ---- the runtime's world --------------------------------------------------------------------------------------------------------------------------

typedef struct {  // result<json-str, handle-err>
    u8 is_error;
    union {
        Text json;
        struct {
            u8 which;  // no-handler, in-json-err, handler-err
            Text said;
        } error;
    };
} Handled;

static int is(Text name, const char *known) { return same(name, (Text){(const u8 *)known, length_of(known)}); }

EXPORT("metatype:wit-wire/mat-wire#init") void *init(const u8 *version, u32 version_size, const void *ops, u32 count) {
    (void)version, (void)version_size, (void)ops, (void)count;
    u8 *result = memcpy(arena_take(40, 4), (u8[40]){0}, 40);  // result<init-response, init-error>
    result[4] = 1;
    return result;
}

EXPORT("metatype:wit-wire/mat-wire#handle") Handled *handle(const u8 *op, u32 op_size, const u8 *in, u32 in_size) {
    Handled *result = arena_take(sizeof(Handled), 4);
    *result = (Handled){.is_error = 1};  // no-handler
    for (u32 i = 0; i < sizeof calls / sizeof *calls; ++i) {
        if (!is((Text){op, op_size}, calls[i].name)) continue;
        Json j = {{in, in_size}, 0, 0};
        const char *wrong = 0;
        Text json = calls[i].call(&j, &wrong);
        if (!wrong && !j.wrong) {
            *result = (Handled){.json = json};
            break;
        }
        Out o = out_begin();
        put(&o, TEXT("{\"code\":\"bad_args\",\"message\":\"store: expected "));
        put(&o, (Text){(const u8 *)(wrong ? wrong : j.wrong), length_of(wrong ? wrong : j.wrong)});
        put(&o, TEXT("\"}"));
        *result = (Handled){1, .error = {2, out_end(o)}};
        break;
    }
    return result;
}

EXPORT("cabi_post_metatype:wit-wire/mat-wire#init") void init_done(void *r) {
    (void)r;
    arena_clear();
}
EXPORT("cabi_post_metatype:wit-wire/mat-wire#handle") void handle_done(Handled *r) {
    (void)r;
    arena_clear();
}
