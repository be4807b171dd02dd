// The part of a guest in C that is the same for every app.
#pragma once

namespace heddle::wire::gen {

// Of the header.
inline constexpr const char* c_header = R"(#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// UTF-8, not ended by a zero.
typedef struct {
    const char *at;
    uint32_t size;
} cw_text;
typedef struct {
    const uint8_t *at;
    uint32_t size;
} cw_bytes;
#define CW_TEXT(literal) ((cw_text){(literal), sizeof(literal) - 1})

// How a handler ends; with an error's text for the last two.
typedef enum { CW_OK, CW_NO_HANDLER, CW_IN_JSON_ERR, CW_HANDLER_ERR } cw_status;

// Memory, zeroed, until the call ends.
void *cw_new(uint32_t bytes);
// A host call by name: false, and the error object's JSON, when it failed.
bool cw_hostcall(cw_text op, cw_text json, cw_text *result);
)";

// Of the source.
inline constexpr const char* c_source = R"(
__attribute__((import_module("cw:host"), import_name("result"))) void cw_give(const char *at, uint32_t bytes);
__attribute__((import_module("cw:host"), import_name("hostcall"))) uint64_t cw_ask(const char *op, uint32_t op_bytes, const char *json, uint32_t bytes);
__attribute__((import_module("cw:host"), import_name("take"))) void cw_take(char *to);

// ---- memory: taken upwards, all of it given back when the next call begins

extern uint8_t __heap_base;
static uint32_t cw_top;
static bool cw_over = true;

static void *cw_room(uint32_t bytes) {
    uint32_t at = (cw_top + 7) & ~7u, pages = (uint32_t)__builtin_wasm_memory_size(0);
    if (at + bytes < at) __builtin_trap();
    uint32_t need = (at + bytes + 65535) / 65536;
    if (need > pages && (int32_t)__builtin_wasm_memory_grow(0, need - pages) == -1) __builtin_trap();
    cw_top = at + bytes;
    return (void *)(uintptr_t)at;
}

__attribute__((weak)) void *memcpy(void *to, const void *from, size_t n) {
    for (size_t i = 0; i < n; ++i) ((char *)to)[i] = ((const char *)from)[i];
    return to;
}
__attribute__((weak)) void *memset(void *to, int byte, size_t n) {
    for (size_t i = 0; i < n; ++i) ((volatile char *)to)[i] = (char)byte;
    return to;
}

void *cw_new(uint32_t bytes) { return memset(cw_room(bytes), 0, bytes); }

__attribute__((export_name("cw_abi"))) int cw_abi(void) { return 1; }
__attribute__((export_name("cw_alloc"))) void *cw_alloc(uint32_t bytes) {
    if (cw_over) cw_top = (uint32_t)(uintptr_t)&__heap_base;
    cw_over = false;
    return cw_room(bytes);
}
__attribute__((export_name("cw_free"))) void cw_free(void *at, uint32_t bytes) { (void)at, (void)bytes; }
__attribute__((export_name("cw_init"))) int cw_init(const char *args, uint32_t bytes) {
    (void)args, (void)bytes;
    cw_over = true;
    return 0;
}

static bool cw_is(cw_text a, const char *b, uint32_t size) {
    if (a.size != size) return false;
    for (uint32_t i = 0; i < size; ++i)
        if (a.at[i] != b[i]) return false;
    return true;
}
#define CW_IS(text, literal) cw_is((text), (literal), sizeof(literal) - 1)

// ---- reading JSON that the host has checked

typedef struct {
    const char *at, *end;
} cw_reader;

static char cw_peek(cw_reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) ++r->at;
    return r->at < r->end ? *r->at : 0;
}
static bool cw_eat(cw_reader *r, char c) {
    if (cw_peek(r) != c) return false;
    ++r->at;
    return true;
}
static bool cw_word(cw_reader *r, const char *word, uint32_t size) {
    cw_peek(r);
    if ((uint32_t)(r->end - r->at) < size || !cw_is((cw_text){r->at, size}, word, size)) return false;
    r->at += size;
    return true;
}
#define CW_WORD(r, word) cw_word((r), (word), sizeof(word) - 1)

static uint32_t cw_hex(cw_reader *r) {
    uint32_t n = 0;
    for (int i = 0; i < 4 && r->at < r->end; ++i, ++r->at) {
        char c = *r->at;
        n = n << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return n;
}
static char *cw_utf8(char *to, uint32_t c) {
    if (c < 0x80) *to++ = (char)c;
    else if (c < 0x800) *to++ = (char)(0xc0 | c >> 6), *to++ = (char)(0x80 | (c & 63));
    else if (c < 0x10000) *to++ = (char)(0xe0 | c >> 12), *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
    else *to++ = (char)(0xf0 | c >> 18), *to++ = (char)(0x80 | (c >> 12 & 63)), *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
    return to;
}
static char *cw_escape(cw_reader *r, char *to) {
    char c = r->at < r->end ? *r->at++ : 0;
    switch (c) {
        case 'n': *to++ = '\n'; return to;
        case 't': *to++ = '\t'; return to;
        case 'r': *to++ = '\r'; return to;
        case 'b': *to++ = '\b'; return to;
        case 'f': *to++ = '\f'; return to;
        case 'u': break;
        default: *to++ = c; return to;
    }
    uint32_t code = cw_hex(r);
    if (code >> 10 == 0x36 && r->end - r->at >= 6) r->at += 2, code = 0x10000 + ((code & 0x3ff) << 10 | (cw_hex(r) & 0x3ff));
    return cw_utf8(to, code);
}
static bool read_text(cw_reader *r, cw_text *to) {
    if (!cw_eat(r, '"')) return false;
    const char *end = r->at;
    while (end < r->end && *end != '"') end += *end == '\\' ? 2 : 1;
    char *start = cw_room((uint32_t)(end - r->at) + 1), *out = start;
    while (r->at < end) {
        if (*r->at == '\\') ++r->at, out = cw_escape(r, out);
        else *out++ = *r->at++;
    }
    ++r->at;
    *to = (cw_text){start, (uint32_t)(out - start)};
    return true;
}
static bool cw_skip(cw_reader *r) {
    cw_text ignored;
    char c = cw_peek(r), close = c == '{' ? '}' : ']';
    if (c == '"') return read_text(r, &ignored);
    if (c != '{' && c != '[') {
        const char *from = r->at;
        while (r->at < r->end && *r->at != ',' && *r->at != '}' && *r->at != ']' && *r->at != ' ' && *r->at != '\n' && *r->at != '\r' && *r->at != '\t') ++r->at;
        return r->at > from;
    }
    ++r->at;
    while (!cw_eat(r, close)) {
        if (c == '{' && (!cw_skip(r) || !cw_eat(r, ':'))) return false;
        if (!cw_skip(r)) return false;
        if (!cw_eat(r, ',') && cw_peek(r) != close) return false;
    }
    return true;
}
static bool read_json(cw_reader *r, cw_text *to) {
    cw_peek(r);
    to->at = r->at;
    bool good = cw_skip(r);
    to->size = (uint32_t)(r->at - to->at);
    return good;
}
static bool read_boolean(cw_reader *r, bool *to) { return (*to = CW_WORD(r, "true")) || CW_WORD(r, "false"); }

// Numbers of at most 15 digits come out exact, longer ones to the last bit but one.
static double cw_scaled(double n, int power) {
    for (; power > 0; power -= power > 22 ? 22 : power) {
        double f = 1;
        for (int i = 0; i < (power > 22 ? 22 : power); ++i) f *= 10;
        n *= f;
    }
    for (; power < 0; power += power < -22 ? 22 : -power) {
        double f = 1;
        for (int i = 0; i < (power < -22 ? 22 : -power); ++i) f *= 10;
        n /= f;
    }
    return n;
}
static bool read_number(cw_reader *r, double *to) {
    bool minus = cw_eat(r, '-'), point = false, digits = false;
    uint64_t n = 0;
    int power = 0;
    for (; r->at < r->end; ++r->at) {
        char c = *r->at;
        if (c == '.') point = true;
        else if (c < '0' || c > '9') break;
        else if (n < 100000000000000000u) digits = true, n = n * 10 + (uint64_t)(c - '0'), power -= point;
        else power += !point;
    }
    if (!digits) return false;
    if (r->at < r->end && (*r->at | 32) == 'e') {
        ++r->at;
        bool down = r->at < r->end && *r->at == '-';
        if (r->at < r->end && (*r->at == '-' || *r->at == '+')) ++r->at;
        int e = 0;
        for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; ++r->at) e = e < 1000 ? e * 10 + *r->at - '0' : e;
        power += down ? -e : e;
    }
    double value = cw_scaled((double)n, power);
    *to = minus ? -value : value;
    return true;
}
static bool read_integer(cw_reader *r, int64_t *to) {
    bool minus = cw_eat(r, '-');
    uint64_t n = 0;
    const char *from = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; ++r->at) {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (n > (UINT64_MAX - digit) / 10) return false;
        n = n * 10 + digit;
    }
    if (r->at == from || n > (uint64_t)INT64_MAX + minus) return false;
    while (r->at < r->end && (*r->at == '.' || *r->at == '0')) ++r->at;
    *to = minus ? (int64_t)(0 - n) : (int64_t)n;
    return !(r->at < r->end && ((*r->at >= '0' && *r->at <= '9') || (*r->at | 32) == 'e'));
}
static const char cw_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static bool read_bytes(cw_reader *r, cw_bytes *to) {
    cw_text text;
    if (!read_text(r, &text)) return false;
    uint8_t *out = cw_room(text.size);
    uint32_t n = 0, bits = 0, held = 0;
    for (uint32_t i = 0; i < text.size && text.at[i] != '='; ++i) {
        uint32_t digit = 0;
        while (digit < 64 && cw_digits[digit] != text.at[i]) ++digit;
        if (digit == 64) return false;
        held = held << 6 | digit, bits += 6;
        if (bits >= 8) bits -= 8, out[n++] = (uint8_t)(held >> bits);
    }
    *to = (cw_bytes){out, n};
    return true;
}

// ---- writing

typedef struct {
    char *at;
    uint32_t size, room;
} cw_writer;

static void cw_put(cw_writer *w, const char *from, uint32_t n) {
    if (w->size + n > w->room) {
        uint32_t room = (w->room + n) * 2 + 64;
        char *at = cw_room(room);
        memcpy(at, w->at, w->size);
        w->at = at, w->room = room;
    }
    memcpy(w->at + w->size, from, n);
    w->size += n;
}
#define CW_PUT(w, literal) cw_put((w), (literal), sizeof(literal) - 1)

static void write_text(cw_writer *w, const cw_text *t) {
    CW_PUT(w, "\"");
    for (uint32_t i = 0; i < t->size; ++i) {
        unsigned char c = (unsigned char)t->at[i];
        char code[6] = {'\\', 'u', '0', '0', (char)('0' + (c >> 4)), "0123456789abcdef"[c & 15]};
        if (c == '"' || c == '\\') cw_put(w, c == '"' ? "\\\"" : "\\\\", 2);
        else if (c < 32) cw_put(w, code, 6);
        else cw_put(w, t->at + i, 1);
    }
    CW_PUT(w, "\"");
}
static void write_json(cw_writer *w, const cw_text *t) {
    if (t->size) cw_put(w, t->at, t->size);
    else CW_PUT(w, "null");
}
static void write_boolean(cw_writer *w, const bool *v) { *v ? CW_PUT(w, "true") : CW_PUT(w, "false"); }
static void cw_unsigned(cw_writer *w, uint64_t n) {
    char digits[20];
    uint32_t i = sizeof digits;
    do digits[--i] = (char)('0' + n % 10);
    while (n /= 10);
    cw_put(w, digits + i, (uint32_t)sizeof digits - i);
}
static void write_integer(cw_writer *w, const int64_t *v) {
    if (*v < 0) CW_PUT(w, "-");
    cw_unsigned(w, *v < 0 ? 0 - (uint64_t)*v : (uint64_t)*v);
}
// The fewest digits that read the same; 17 where that cannot be told.
static void write_number(cw_writer *w, const double *v) {
    double d = *v < 0 ? -*v : *v;
    if (!(d - d == 0)) return CW_PUT(w, "null");
    if (*v < 0) CW_PUT(w, "-");
    if (d == 0) return CW_PUT(w, "0");
    int power = 0;
    while (cw_scaled(d, -power) >= 1e15) ++power;
    while (cw_scaled(d, -power) < 1e14) --power;
    uint64_t n = 0;
    for (int more = 0; more < 3; ++more) {
        n = (uint64_t)(cw_scaled(d, more - power) + 0.5);
        if (cw_scaled((double)n, power - more) == d || more == 2) {
            power -= more;
            break;
        }
    }
    while (n % 10 == 0) n /= 10, ++power;
    for (; power > 0 && n < 100000000000000u; --power) n *= 10;
    cw_unsigned(w, n);
    if (power == 0) return;
    CW_PUT(w, "e");
    int64_t e = power;
    write_integer(w, &e);
}
static void write_bytes(cw_writer *w, const cw_bytes *b) {
    CW_PUT(w, "\"");
    for (uint32_t i = 0; i < b->size; i += 3) {
        uint32_t left = b->size - i, group = (uint32_t)b->at[i] << 16 | (left > 1 ? (uint32_t)b->at[i + 1] << 8 : 0) | (left > 2 ? b->at[i + 2] : 0);
        char four[4] = {cw_digits[group >> 18], cw_digits[group >> 12 & 63], left > 1 ? cw_digits[group >> 6 & 63] : '=', left > 2 ? cw_digits[group & 63] : '='};
        cw_put(w, four, 4);
    }
    CW_PUT(w, "\"");
}

bool cw_hostcall(cw_text op, cw_text json, cw_text *result) {
    uint64_t answer = cw_ask(op.at, op.size, json.at, json.size);
    char *to = cw_room((uint32_t)answer);
    cw_take(to);
    *result = (cw_text){to, (uint32_t)answer};
    return answer >> 32 == 0;
}
static int cw_end(cw_status status, cw_text text) {
    cw_give(text.at, text.size);
    cw_over = true;
    return status;
}
)";

}  // namespace heddle::wire::gen
