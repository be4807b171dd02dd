// What every program here shares: fixed-width names, a seeded generator, a checksum, and "do not fold this away".
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef double f64;
typedef float f32;

// A parameter read through this is unknown to the compiler, so no program is computed at compile time.
static inline i32 opaque(i32 value) {
    volatile i32 hidden = value;
    return hidden;
}

// splitmix64: the same numbers on every machine.
static u64 random_state = 0x9e3779b97f4a7c15u;

static inline u64 random_u64(void) {
    u64 z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline u32 random_below(u32 limit) { return (u32)(((random_u64() >> 32) * limit) >> 32); }

// FNV-1a, 64 bits.
#define CHECK_START 0xcbf29ce484222325u

static inline u64 check_bytes(u64 sum, const void* data, size_t size) {
    const u8* bytes = data;
    for (size_t i = 0; i < size; i++) sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

static inline u64 check_u64(u64 sum, u64 value) { return (sum ^ value) * 0x100000001b3u; }

static inline void* take_memory(size_t size) {
    void* memory = calloc(1, size);
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

#endif
