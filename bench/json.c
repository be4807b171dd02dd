// A JSON document is generated, written, parsed into a tree, queried, and written again, several times.
#include "bench.h"

typedef enum { NUL, FALSE_, TRUE_, NUMBER, TEXT, ARRAY, OBJECT } Kind;

typedef struct Value {
    Kind kind;
    u32 length;          // bytes of a text
    struct Value* first; // of an array or object
    struct Value* next;  // sibling
    const char* name;    // of an object's member, or the text itself
    u32 name_length;
    const char* text;
    f64 number;
} Value;

// ---- memory: bump-allocated, dropped as a whole --------------------------------------------------------------

static u8* arena;
static size_t arena_used;
enum { ARENA = 8 << 20, OUTPUT = 1 << 20, MAX_DEPTH = 64 };

static void* take(size_t size) {
    void* at = arena + arena_used;
    arena_used += (size + 7) & ~(size_t)7;
    if (arena_used > ARENA) puts("arena full"), exit(1);
    return at;
}

static Value* new_value(Kind kind) {
    Value* value = take(sizeof *value);
    memset(value, 0, sizeof *value);
    value->kind = kind;
    return value;
}

// ---- writing -------------------------------------------------------------------------------------------------

typedef struct {
    char* at;
} Writer;

static void put_text(Writer* out, const char* text, u32 length) {
    *out->at++ = '"';
    for (u32 i = 0; i < length; i++) {
        const u8 c = (u8)text[i];
        if (c == '"' || c == '\\') *out->at++ = '\\', *out->at++ = (char)c;
        else if (c == '\n') *out->at++ = '\\', *out->at++ = 'n';
        else if (c < 0x20) out->at += sprintf(out->at, "\\u%04x", c);
        else *out->at++ = (char)c;
    }
    *out->at++ = '"';
}

static void put_digits(Writer* out, u64 value) {
    char digits[24];
    i32 count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) *out->at++ = digits[--count];
}

// Numbers here have at most four decimals.
static void put_number(Writer* out, f64 number) {
    if (number < 0) *out->at++ = '-', number = -number;
    const u64 scaled = (u64)(number * 10000.0 + 0.5);
    put_digits(out, scaled / 10000);
    u32 fraction = (u32)(scaled % 10000);
    if (!fraction) return;
    *out->at++ = '.';
    for (u32 unit = 1000; fraction; unit /= 10) *out->at++ = (char)('0' + fraction / unit), fraction %= unit;
}

static void write_value(Writer* out, const Value* value) {
    switch (value->kind) {
    case NUL: memcpy(out->at, "null", 4), out->at += 4; break;
    case FALSE_: memcpy(out->at, "false", 5), out->at += 5; break;
    case TRUE_: memcpy(out->at, "true", 4), out->at += 4; break;
    case NUMBER: put_number(out, value->number); break;
    case TEXT: put_text(out, value->text, value->length); break;
    case ARRAY:
    case OBJECT:
        *out->at++ = value->kind == ARRAY ? '[' : '{';
        for (const Value* item = value->first; item; item = item->next) {
            if (value->kind == OBJECT) put_text(out, item->name, item->name_length), *out->at++ = ':';
            write_value(out, item);
            if (item->next) *out->at++ = ',';
        }
        *out->at++ = value->kind == ARRAY ? ']' : '}';
    }
}

// ---- parsing -------------------------------------------------------------------------------------------------

typedef struct {
    const char *at, *end;
} Reader;

static void fail(const char* why) {
    printf("parse error: %s\n", why);
    exit(1);
}

static void skip_space(Reader* in) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\t' || *in->at == '\r')) in->at++;
}

static u32 read_hex(Reader* in) {
    u32 code = 0;
    for (i32 i = 0; i < 4; i++) {
        const char c = *in->at++;
        code = code * 16 + (u32)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return code;
}

static const char* read_text(Reader* in, u32* length) {
    const char* start = ++in->at;
    while (in->at < in->end && *in->at != '"' && *in->at != '\\') in->at++;
    if (*in->at == '"') {
        *length = (u32)(in->at++ - start);
        return start;
    }
    const char* end = in->at;
    while (end < in->end && *end != '"') end += *end == '\\' ? 2 : 1;
    char* text = take((size_t)(end - start));
    u32 used = (u32)(in->at - start);
    memcpy(text, start, used);
    while (in->at < in->end && *in->at != '"') {
        char c = *in->at++;
        if (c == '\\') {
            c = *in->at++;
            if (c == 'n') c = '\n';
            else if (c == 't') c = '\t';
            else if (c == 'u') c = (char)read_hex(in);
        }
        text[used++] = c;
    }
    if (in->at++ >= in->end) fail("unterminated text");
    *length = used;
    return text;
}

static f64 read_number(Reader* in) {
    const int negative = *in->at == '-';
    if (negative) in->at++;
    u64 whole = 0;
    f64 scale = 1;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') whole = whole * 10 + (u64)(*in->at++ - '0');
    if (in->at < in->end && *in->at == '.')
        for (in->at++; in->at < in->end && *in->at >= '0' && *in->at <= '9'; scale *= 10)
            whole = whole * 10 + (u64)(*in->at++ - '0');
    const f64 number = (f64)whole / scale;
    return negative ? -number : number;
}

static void expect(Reader* in, const char* word, u32 length) {
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length)) fail("unknown word");
    in->at += length;
}

static Value* read_value(Reader* in, i32 depth) {
    if (depth > MAX_DEPTH) fail("too deep");
    skip_space(in);
    Value* value = NULL;
    switch (*in->at) {
    case 'n': expect(in, "null", 4); return new_value(NUL);
    case 't': expect(in, "true", 4); return new_value(TRUE_);
    case 'f': expect(in, "false", 5); return new_value(FALSE_);
    case '"': value = new_value(TEXT), value->text = read_text(in, &value->length); return value;
    case '[': case '{': break;
    default: value = new_value(NUMBER), value->number = read_number(in); return value;
    }
    value = new_value(*in->at == '[' ? ARRAY : OBJECT);
    const char close = *in->at++ == '[' ? ']' : '}';
    Value** tail = &value->first;
    for (skip_space(in); *in->at != close; skip_space(in)) {
        if (tail != &value->first && *in->at++ != ',') fail("comma expected");
        const char* name = NULL;
        u32 name_length = 0;
        if (value->kind == OBJECT) {
            skip_space(in);
            name = read_text(in, &name_length);
            skip_space(in);
            if (*in->at++ != ':') fail("colon expected");
        }
        Value* item = read_value(in, depth + 1);
        item->name = name, item->name_length = name_length;
        *tail = item, tail = &item->next;
    }
    in->at++;
    return value;
}

// ---- the document --------------------------------------------------------------------------------------------

static Value* make_text(void) {
    static const char letters[] = "etaoin shrdlu cmfwyp \"\\\n\x01 ABC \xc3\xa9\xe2\x82\xac";
    Value* value = new_value(TEXT);
    value->length = 4 + random_below(30);
    char* text = take(value->length);
    for (u32 i = 0; i < value->length; i++) text[i] = letters[random_below(random_below(4) ? 20 : sizeof letters - 1)];
    value->text = text;
    return value;
}

static Value* make_value(u32 depth) {
    static const char* const names[] = {"id", "name", "price", "tags", "address", "active", "note", "items", "parent"};
    const u32 choice = random_below(10);
    if (depth == 0 || choice < 3) {
        Value* value = choice % 3 == 0 ? make_text() : new_value(random_below(5) ? NUMBER : (Kind)random_below(3));
        if (value->kind == NUMBER) value->number = ((f64)random_below(20000000) - 1e7) / (random_below(2) ? 1.0 : 10000.0);
        return value;
    }
    Value* value = new_value(choice < 6 ? ARRAY : OBJECT);
    Value** tail = &value->first;
    for (u32 count = random_below(9); count > 0; count--) {
        Value* item = make_value(depth - 1);
        if (value->kind == OBJECT) item->name = names[count], item->name_length = (u32)strlen(names[count]);
        *tail = item, tail = &item->next;
    }
    return value;
}

static f64 sum_of(const Value* value, const char* name, u32* found) {
    f64 sum = 0;
    if (value->kind == NUMBER && value->name && strlen(name) == value->name_length &&
        !memcmp(value->name, name, value->name_length))
        sum = value->number, ++*found;
    for (const Value* item = value->first; item; item = item->next) sum += sum_of(item, name, found);
    return sum;
}

int main(void) {
    arena = take_memory(ARENA);
    char* written = take_memory(OUTPUT);
    char* again = take_memory(OUTPUT);
    Value* list = new_value(ARRAY);
    Value** tail = &list->first;
    for (i32 i = 0; i < opaque(40); i++) *tail = make_value(6), tail = &(*tail)->next;
    Writer out = {written};
    write_value(&out, list);
    const size_t size = (size_t)(out.at - written);
    printf("document %zu bytes, %016llx\n", size, (unsigned long long)check_bytes(CHECK_START, written, size));

    const size_t mark = arena_used;
    f64 sum = 0;
    u32 found = 0;
    for (i32 round = 0; round < opaque(25); round++) {
        arena_used = mark;
        Reader in = {written, written + size};
        const Value* parsed = read_value(&in, 0);
        sum += sum_of(parsed, round & 1 ? "price" : "id", &found);
        Writer copy = {again};
        write_value(&copy, parsed);
        if ((size_t)(copy.at - again) != size || memcmp(written, again, size)) puts("the copy differs");
    }
    printf("sum %.4f of %u numbers\n", sum, found);
    return 0;
}
