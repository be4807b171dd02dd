// The canonical ABI of C guests without a libc: names, a text, and an allocator that only grows.
#pragma once
typedef unsigned char u8;
typedef unsigned u32;
typedef unsigned long long u64;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

typedef struct { const u8* data; u32 size; } text;

// Memory is given out upwards. A guest that wants it back sets `top` to &__heap_base.
extern u8 __heap_base;
static u32 top;
EXPORT("cabi_realloc") void* cabi_realloc(void* old, u32 old_size, u32 align, u32 size) {
    (void)old, (void)old_size;
    if (!top) top = (u32)&__heap_base;
    top = (top + align - 1) & ~(align - 1);
    void* p = (void*)top;
    top += size;
    u32 pages = __builtin_wasm_memory_size(0);
    if (top > pages * 65536) __builtin_wasm_memory_grow(0, (top - pages * 65536 + 65535) / 65536 + 16);
    return p;
}
