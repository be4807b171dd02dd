// Pictures in 128-bit vectors (-msimd128): blending, brightness with saturation, blur, threshold, RGB to grey.
#include "bench.h"

typedef u8 U8x16 __attribute__((vector_size(16)));
typedef u16 U16x8 __attribute__((vector_size(16)));
typedef u8 U8x8 __attribute__((vector_size(8)));
typedef i16 I16x8 __attribute__((vector_size(16)));

enum { WIDTH = 512, HEIGHT = 256, PIXELS = WIDTH * HEIGHT };

static u8 first[PIXELS + 32], second[PIXELS + 32], result[PIXELS + 32];
static u8 red[PIXELS], green[PIXELS], blue[PIXELS];

static U8x16 load(const u8* at) {
    U8x16 value;
    memcpy(&value, at, 16);
    return value;
}

static void store(u8* at, U8x16 value) { memcpy(at, &value, 16); }

static U16x8 low(U8x16 v) { return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), U16x8); }
static U16x8 high(U8x16 v) { return __builtin_convertvector(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), U16x8); }

static U8x16 narrow(U16x8 a, U16x8 b) {
    return __builtin_shufflevector((U8x16)a, (U8x16)b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

static void blend(u16 weight) {
    for (i32 i = 0; i < PIXELS; i += 16) {
        const U8x16 a = load(first + i), b = load(second + i);
        const U16x8 lower = (low(a) * weight + low(b) * (u16)(256 - weight)) >> 8;
        const U16x8 upper = (high(a) * weight + high(b) * (u16)(256 - weight)) >> 8;
        store(result + i, narrow(lower, upper));
    }
}

static void brighten(u8 by) {
    const U8x16 step = (U8x16){0} + by;
    for (i32 i = 0; i < PIXELS; i += 16) {
        const U8x16 brighter = __builtin_elementwise_add_sat(load(result + i), step);
        store(result + i, __builtin_elementwise_sub_sat(brighter, step >> 1));
    }
}

static void blur(void) {
    for (i32 row = 1; row < HEIGHT - 1; row++)
        for (i32 column = 0; column < WIDTH - 16; column += 16) {
            const u8* at = result + row * WIDTH + column;
            const U8x16 above = load(at - WIDTH), below = load(at + WIDTH), here = load(at), next = load(at + 1);
            const U16x8 lower = (low(above) + low(below) + low(here) + low(next) + 2) >> 2;
            const U16x8 upper = (high(above) + high(below) + high(here) + high(next) + 2) >> 2;
            store(second + row * WIDTH + column, narrow(lower, upper));
        }
}

static u32 threshold(u8 limit) {
    u32 above = 0;
    const U8x16 limits = (U8x16){0} + limit;
    for (i32 i = 0; i < PIXELS; i += 16) {
        const U8x16 mask = (U8x16)(load(second + i) > limits);
        const U8x16 picked = (mask & __builtin_elementwise_max(load(first + i), load(result + i))) | (~mask & load(first + i));
        store(first + i, picked);
        U16x8 bits = low(mask & 1) + high(mask & 1);
        for (i32 lane = 0; lane < 8; lane++) above += bits[lane];
    }
    return above;
}

static void grey(void) {
    for (i32 i = 0; i < PIXELS; i += 16) {
        const U8x16 r = load(red + i), g = load(green + i), b = load(blue + i);
        const U16x8 lower = (low(r) * 77 + low(g) * 150 + low(b) * 29) >> 8;
        const U16x8 upper = (high(r) * 77 + high(g) * 150 + high(b) * 29) >> 8;
        store(result + i, narrow(lower, upper));
    }
}

int main(void) {
    for (i32 i = 0; i < PIXELS; i++) {
        first[i] = (u8)(i * 3 + i / WIDTH), second[i] = (u8)random_u64();
        red[i] = (u8)i, green[i] = (u8)(i >> 3), blue[i] = (u8)(i / WIDTH);
    }
    for (i32 round = 0; round < opaque(2000); round++) {
        if (round % 3 == 0) grey();
        blend((u16)(round * 5 % 257));
        brighten((u8)(round % 40));
        blur();
        const u32 above = threshold((u8)(round * 11));
        if (round % 250 == 0) printf("round %d: %u above\n", round, above);
    }
    printf("%016llx\n", (unsigned long long)check_bytes(check_bytes(CHECK_START, first, PIXELS), second, PIXELS));
    return 0;
}
