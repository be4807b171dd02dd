// One guest for every kind but http: what it does is told by the first letter of its input, a string:
//   e the input back   n no-handler   i in-json-err   h handler-err   t traps   l loops   g grows its memory until it may not, then traps
//   b gives what is no JSON (or a wrong type)   k makes a host call that is denied, and fails with its error
// Built with -DCABI (core-wire; also, as a component, wit-wire), -DWIT, -DREFLECTED or -DCORE; without a libc.
typedef unsigned char u8;
typedef unsigned u32;
#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

static _Noreturn void grow(void) {
    while (__builtin_wasm_memory_grow(0, 16) != (unsigned long)-1) {}
    __builtin_trap();
}

#ifdef CORE
EXPORT("run") int run(int what) {
    switch (what) {
        case 't': __builtin_trap();
        case 'l': for (volatile u32 i = 0;; ++i) {}
        case 'g': grow();
        default: return what;
    }
}
#else

static u8 heap[1 << 16];
static u32 used;
EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_bytes, u32 align, u32 bytes) {
    (void)old, (void)old_bytes;
    used = (used + align - 1) & ~(align - 1);
    if (used + bytes > sizeof heap) __builtin_trap();
    used += bytes;
    return heap + used - bytes;
}

static u32 result[4];
static void *give(u32 failed, u32 which, const char *at, u32 bytes) {
#ifdef REFLECTED  // result<string, string>
    result[0] = failed, result[1] = (u32)at, result[2] = bytes, (void)which;
#else             // result<string, variant {no-handler, in-json-err(string), handler-err(string)}>
    result[0] = failed, result[1] = failed ? which : (u32)at, result[2] = failed ? (u32)at : bytes, result[3] = bytes;
#endif
    return result;
}

#ifndef REFLECTED
IMPORT("metatype:wit-wire/typegate-wire", "hostcall") void hostcall(const char *op, u32 op_bytes, const char *json, u32 bytes, void *result);
#endif

static void *run(const char *in, u32 bytes) {
    used = 0;
#ifdef REFLECTED
    u32 at = 0;
#else
    u32 at = 1;  // behind the quote
#endif
    switch (bytes > at ? in[at] : 0) {
        case 'n': return give(1, 0, "no", 2);
        case 'i': return give(1, 1, "said no", 7);
        case 'h': return give(1, 2, "said no", 7);
        case 't': __builtin_trap();
        case 'l': for (volatile u32 i = 0;; ++i) {}
        case 'g': grow();
        case 'b': return give(0, 0, "{", 1);
#ifndef REFLECTED
        case 'k': {
            struct { u32 failed; const char *at; u32 bytes; } got;
            hostcall("kv.get", 6, "{\"key\":\"k\"}", 11, &got);
            return give(got.failed & 255, 2, got.at, got.bytes);
        }
#endif
        default: return give(0, 0, in, bytes);
    }
}

#if defined CABI
static u32 ready[10];
EXPORT("metatype:wit-wire/mat-wire#init") void *init(const char *version, u32 bytes, void *ops, u32 count) {
    (void)version, (void)bytes, (void)ops, (void)count;
    ready[1] = 1;
    return ready;
}
EXPORT("metatype:wit-wire/mat-wire#handle") void *handle(const char *op, u32 op_bytes, const char *in, u32 bytes) {
    (void)op, (void)op_bytes;
    return run(in, bytes);
}
#elif defined WIT
EXPORT("app:protocol/handlers#run") void *handle(const char *in, u32 bytes) { return run(in, bytes); }
EXPORT("app:protocol/handlers#late") void *late(const char *in, u32 bytes) { return run(in, bytes); }
EXPORT("app:protocol/handlers#fueled") void *fueled(const char *in, u32 bytes) { return run(in, bytes); }
#else
EXPORT("run") void *handle(const char *in, u32 bytes) { return run(in, bytes); }
#endif
#endif
