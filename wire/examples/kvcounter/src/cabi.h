// What the four components share: the memory that their calls live in, texts, and as much JSON as they need.
//
// Layouts are those of the canonical ABI. Every call of a component's export begins with an empty arena: nothing is kept between calls.
#pragma once
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t i32;

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

// ---- memory -------------------------------------------------------------------------------------------------------------------------------

extern u8 __heap_base;
static u32 arena_at;

static void *arena_take(u32 size, u32 align) {
    if (!arena_at) arena_at = (u32)&__heap_base;
    u32 at = (arena_at + align - 1) & -align;
    u32 pages = (u32)__builtin_wasm_memory_size(0);
    if (size > 0x7fffffff - at) __builtin_trap();
    if (at + size > pages * 65536 && __builtin_wasm_memory_grow(0, (at + size - pages * 65536 + 65535) / 65536) == (unsigned long)-1) __builtin_trap();
    arena_at = at + size;
    return (void *)at;
}

void *memcpy(void *to, const void *from, unsigned long n) {
    for (u8 *t = to; n > 0; --n) *t++ = *(const u8 *)from, from = (const u8 *)from + 1;
    return to;
}

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 align, u32 size) {
    void *at = arena_take(size, align);
    return old_size ? memcpy(at, old, old_size < size ? old_size : size) : at;
}

// The post-return function of every export: what the call left behind is forgotten.
static void arena_clear(void) { arena_at = 0; }

// ---- texts ----------------------------------------------------------------------------------------------------------------------------------

typedef struct {
    const u8 *at;
    u32 size;
} Text;  // a string, or list<u8>

#define TEXT(s) ((Text){(const u8 *)(s), sizeof(s) - 1})

static int same(Text a, Text b) {
    if (a.size != b.size) return 0;
    for (u32 i = 0; i < a.size; ++i)
        if (a.at[i] != b.at[i]) return 0;
    return 1;
}

// A text that grows. Only one grows at a time: it is the arena's last piece.
typedef struct {
    u8 *at;
    u32 size;
} Out;

static Out out_begin(void) { return (Out){arena_take(0, 1), 0}; }
static void put_byte(Out *o, u8 b) {
    *(u8 *)arena_take(1, 1) = b;
    ++o->size;
}
static void put(Out *o, Text t) {
    for (u32 i = 0; i < t.size; ++i) put_byte(o, t.at[i]);
}
static void put_number(Out *o, i32 n) {
    if (n < 0) put_byte(o, '-');
    u32 rest = n < 0 ? 0u - (u32)n : (u32)n;
    u8 digits[10];
    int count = 0;
    do digits[count++] = (u8)('0' + rest % 10);
    while (rest /= 10);
    while (count > 0) put_byte(o, digits[--count]);
}
static Text out_end(Out o) { return (Text){o.at, o.size}; }

// ---- JSON, written ------------------------------------------------------------------------------------------------------------------------

static void put_string(Out *o, Text t) {
    put_byte(o, '"');
    for (u32 i = 0; i < t.size; ++i) {
        u8 c = t.at[i];
        if (c == '"' || c == '\\') put_byte(o, '\\');
        if (c >= 0x20) put_byte(o, c);
        else {
            put(o, TEXT("\\u00"));
            put_byte(o, "0123456789abcdef"[c >> 4]);
            put_byte(o, "0123456789abcdef"[c & 15]);
        }
    }
    put_byte(o, '"');
}
static void put_bytes(Out *o, Text t) {
    put_byte(o, '[');
    for (u32 i = 0; i < t.size; ++i) {
        if (i) put_byte(o, ',');
        put_number(o, t.at[i]);
    }
    put_byte(o, ']');
}

// ---- JSON, read: one pass, no tree. `wrong` says at the first thing that does not fit what was expected ------------------------------------

typedef struct {
    Text in;
    u32 at;
    const char *wrong;
} Json;

static void fail(Json *j, const char *expected) {
    if (!j->wrong) j->wrong = expected;
}
static u8 peek(Json *j) {
    while (j->at < j->in.size && (j->in.at[j->at] == ' ' || j->in.at[j->at] == '\n' || j->in.at[j->at] == '\t' || j->in.at[j->at] == '\r')) ++j->at;
    return j->wrong || j->at == j->in.size ? 0 : j->in.at[j->at];
}
static int eat(Json *j, u8 c) {
    if (peek(j) != c) return 0;
    ++j->at;
    return 1;
}
static void need(Json *j, u8 c, const char *expected) {
    if (!eat(j, c)) fail(j, expected);
}

static u32 hex_digit(Json *j, u8 c) {
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
    fail(j, "a hexadecimal digit");
    return 0;
}
static u32 hex4(Json *j) {
    u32 n = 0;
    for (int i = 0; i < 4; ++i) {
        if (j->at == j->in.size) return fail(j, "four hexadecimal digits"), 0;
        n = n << 4 | hex_digit(j, j->in.at[j->at++]);
    }
    return n;
}
static void put_utf8(Out *o, u32 c) {
    if (c < 0x80) return put_byte(o, (u8)c);
    if (c >= 0x10000) put_byte(o, (u8)(0xf0 | c >> 18)), put_byte(o, (u8)(0x80 | (c >> 12 & 63)));
    else if (c >= 0x800) put_byte(o, (u8)(0xe0 | c >> 12));
    if (c >= 0x800) put_byte(o, (u8)(0x80 | (c >> 6 & 63)));
    else put_byte(o, (u8)(0xc0 | c >> 6));
    put_byte(o, (u8)(0x80 | (c & 63)));
}
static void read_escape(Json *j, Out *o) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    u8 c = j->at < j->in.size ? j->in.at[j->at++] : 0;
    for (int i = 0; from[i]; ++i)
        if (c == (u8)from[i]) return put_byte(o, (u8)to[i]);
    if (c != 'u') return fail(j, "an escape sequence");
    u32 code = hex4(j);
    if (code >= 0xd800 && code < 0xdc00) {
        if (j->at + 2 > j->in.size || j->in.at[j->at] != '\\' || j->in.at[j->at + 1] != 'u') return fail(j, "the second half of a surrogate pair");
        j->at += 2;
        u32 low = hex4(j);
        if (low < 0xdc00 || low > 0xdfff) return fail(j, "the second half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) return fail(j, "the first half of a surrogate pair");
    put_utf8(o, code);
}
static Text read_string(Json *j) {
    need(j, '"', "a string");
    Out o = out_begin();
    while (!j->wrong) {
        if (j->at == j->in.size) fail(j, "the end of a string");
        else if (j->in.at[j->at] == '"') return ++j->at, out_end(o);
        else if (j->in.at[j->at] == '\\') ++j->at, read_escape(j, &o);
        else put_byte(&o, j->in.at[j->at++]);
    }
    return out_end(o);
}

static i32 read_number(Json *j) {
    int minus = eat(j, '-');
    u8 c = peek(j);
    if (c < '0' || c > '9') return fail(j, "a whole number"), 0;
    int64_t n = 0;
    while (j->at < j->in.size && j->in.at[j->at] >= '0' && j->in.at[j->at] <= '9')
        if ((n = n * 10 + (j->in.at[j->at++] - '0')) > 0x80000000ll) return fail(j, "a number of 32 bits"), 0;
    if (minus) n = -n;
    if (n > 0x7fffffff) fail(j, "a number of 32 bits");
    return (i32)n;
}
static Text read_bytes(Json *j) {
    need(j, '[', "a list of bytes");
    Out o = out_begin();
    if (eat(j, ']')) return out_end(o);
    do {
        i32 n = read_number(j);
        if (n < 0 || n > 255) fail(j, "a byte");
        put_byte(&o, (u8)n);
    } while (eat(j, ','));
    need(j, ']', "`,` or `]`");
    return out_end(o);
}
static void read_end(Json *j) {
    if (peek(j) || j->at != j->in.size) fail(j, "the end");
}

// ---- rpc-error ------------------------------------------------------------------------------------------------------------------------------

enum { method_not_handled = 2, deser = 5 };

// result<_, rpc-error> where the error's text follows its case: 16 bytes, or more where the ok case is larger.
typedef struct {
    u8 is_error;
    u8 error_case __attribute__((aligned(4)));
    Text text;
} Failed;

static void failed(Failed *to, u8 error_case, Text why) { *to = (Failed){1, error_case, why}; }

static Text joined(Text a, Text b) {
    Out o = out_begin();
    put(&o, a);
    put(&o, b);
    return out_end(o);
}
static u32 length_of(const char *s) {
    u32 n = 0;
    while (s[n]) ++n;
    return n;
}
static void failed_to_read(Failed *to, const char *who, const Json *j) {
    Text t = joined((Text){(const u8 *)who, length_of(who)}, TEXT(": expected "));
    failed(to, deser, joined(t, (Text){(const u8 *)j->wrong, length_of(j->wrong)}));
}
