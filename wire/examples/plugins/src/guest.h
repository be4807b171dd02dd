// What both sides need: text, an arena that ends with each call, and names of imports and exports.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name))) extern
#define EXPORT(name) __attribute__((export_name(name), used))

typedef struct {
    const u8 *at;
    u32 size;
} Text;
#define TEXT(s) ((Text){(const u8 *)(s), sizeof(s) - 1})

extern u8 __heap_base;
static u8 *arena_next = &__heap_base;

static void *arena_take(u32 size, u32 alignment) {
    u8 *at = (u8 *)(((u32)arena_next + alignment - 1) & -alignment);
    u32 end = (u32)at + size, has = (u32)__builtin_wasm_memory_size(0) << 16;
    if (end < (u32)at) __builtin_trap();
    if (end > has && __builtin_wasm_memory_grow(0, (end - has + 65535) >> 16) == (unsigned long)-1) __builtin_trap();
    arena_next = at + size;
    return at;
}
static void arena_clear(void) { arena_next = &__heap_base; }

EXPORT("cabi_realloc") void *cabi_realloc(void *old, u32 old_size, u32 alignment, u32 size) {
    u8 *at = arena_take(size, alignment);
    for (u32 i = 0; i < old_size && i < size; ++i) at[i] = ((u8 *)old)[i];
    return at;
}
