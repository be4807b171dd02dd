// Vector kernels as libraries have them, for mining: matrices, filters, dot products, colours, text, hashing, and loops that the compiler makes vectors of.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasm_simd128.h>

enum { N = 4096 };

static float floats[3][N];
static double doubles[2][N];
static int16_t shorts[3][N];
static uint8_t bytes[4][4 * N];
static uint32_t words[2][N];

// ---- f32: 4 × 4 matrices, a filter, a dot product, lengths

static void transform(const float matrix[16], const float* from, float* to, int count) {
    v128_t columns[4];
    for (int i = 0; i < 4; i++) columns[i] = wasm_v128_load(matrix + 4 * i);
    for (int i = 0; i < count; i += 4) {
        v128_t sum = wasm_f32x4_mul(columns[0], wasm_v128_load32_splat(from + i));
        for (int k = 1; k < 4; k++) sum = wasm_f32x4_add(sum, wasm_f32x4_mul(columns[k], wasm_v128_load32_splat(from + i + k)));
        wasm_v128_store(to + i, sum);
    }
}

static void filter(const float* from, float* to, const float taps[8]) {
    for (int i = 0; i + 12 < N; i += 4) {
        v128_t sum = wasm_f32x4_splat(0);
        for (int k = 0; k < 8; k++) sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load(from + i + k), wasm_f32x4_splat(taps[k])));
        wasm_v128_store(to + i, sum);
    }
}

static float horizontal(v128_t v) {
    v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}

static float dot(const float* a, const float* b) {
    v128_t sums[2] = {wasm_f32x4_splat(0), wasm_f32x4_splat(0)};
    for (int i = 0; i < N; i += 8) {
        sums[0] = wasm_f32x4_add(sums[0], wasm_f32x4_mul(wasm_v128_load(a + i), wasm_v128_load(b + i)));
        sums[1] = wasm_f32x4_add(sums[1], wasm_f32x4_mul(wasm_v128_load(a + i + 4), wasm_v128_load(b + i + 4)));
    }
    return horizontal(wasm_f32x4_add(sums[0], sums[1]));
}

static void normalize(float* x, float* y, const float* z) {
    const v128_t one = wasm_f32x4_splat(1), low = wasm_f32x4_splat(1e-6f);
    for (int i = 0; i < N; i += 4) {
        v128_t vx = wasm_v128_load(x + i), vy = wasm_v128_load(y + i), vz = wasm_v128_load(z + i);
        v128_t square = wasm_f32x4_add(wasm_f32x4_add(wasm_f32x4_mul(vx, vx), wasm_f32x4_mul(vy, vy)), wasm_f32x4_mul(vz, vz));
        v128_t inverse = wasm_f32x4_div(one, wasm_f32x4_max(wasm_f32x4_sqrt(square), low));
        wasm_v128_store(x + i, wasm_f32x4_mul(vx, inverse));
        wasm_v128_store(y + i, wasm_f32x4_mul(vy, inverse));
    }
}

// ---- f64: complex products, sums

static void complex_products(const double* a, double* b) {
    for (int i = 0; i < N; i += 2) {
        v128_t x = wasm_v128_load(a + i), y = wasm_v128_load(b + i);
        v128_t real = wasm_f64x2_mul(wasm_i64x2_shuffle(x, x, 0, 0), y);
        v128_t crossed = wasm_f64x2_mul(wasm_i64x2_shuffle(x, x, 1, 1), wasm_i64x2_shuffle(y, y, 1, 0));
        wasm_v128_store(b + i, wasm_f64x2_mul(wasm_f64x2_splat(0.25), wasm_i64x2_shuffle(wasm_f64x2_sub(real, crossed), wasm_f64x2_add(real, crossed), 0, 3)));
    }
}

// ---- i16: sound, and layers of a network

static int32_t dot_shorts(const int16_t* a, const int16_t* b) {
    v128_t sum = wasm_i32x4_splat(0);
    for (int i = 0; i < N; i += 8) sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_v128_load(a + i), wasm_v128_load(b + i)));
    sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
    return wasm_i32x4_extract_lane(wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 1, 0, 3, 2)), 0);
}

static void mix(const int16_t* a, const int16_t* b, int16_t* out, int16_t gain) {
    const v128_t by = wasm_i16x8_splat(gain);
    for (int i = 0; i < N; i += 8)
        wasm_v128_store(out + i, wasm_i16x8_add_sat(wasm_i16x8_q15mulr_sat(wasm_v128_load(a + i), by), wasm_v128_load(b + i)));
}

// ---- bytes: pictures

static void blend(const uint8_t* from, uint8_t* to, uint8_t alpha) {
    const v128_t mine = wasm_i16x8_splat(alpha), others = wasm_i16x8_splat(256 - alpha), half = wasm_i16x8_splat(128);
    for (int i = 0; i < 4 * N; i += 16) {
        v128_t a = wasm_v128_load(from + i), b = wasm_v128_load(to + i);
        v128_t low = wasm_i16x8_add(wasm_i16x8_mul(wasm_u16x8_extend_low_u8x16(a), mine), wasm_i16x8_mul(wasm_u16x8_extend_low_u8x16(b), others));
        v128_t high = wasm_i16x8_add(wasm_i16x8_mul(wasm_u16x8_extend_high_u8x16(a), mine), wasm_i16x8_mul(wasm_u16x8_extend_high_u8x16(b), others));
        wasm_v128_store(to + i, wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(wasm_i16x8_add(low, half), 8), wasm_u16x8_shr(wasm_i16x8_add(high, half), 8)));
    }
}

static void luma(const uint8_t* rgba, uint8_t* out) {
    const v128_t weights = wasm_i16x8_make(38, 75, 15, 0, 38, 75, 15, 0), half = wasm_i32x4_splat(64);
    for (int i = 0; i < N; i += 4) {
        v128_t pixels = wasm_v128_load(rgba + 4 * i);
        v128_t low = wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(pixels), weights), high = wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(pixels), weights);
        v128_t sum = wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
        sum = wasm_u32x4_shr(wasm_i32x4_add(sum, half), 7);
        sum = wasm_u16x8_narrow_i32x4(sum, sum);
        wasm_v128_store32_lane(out + i, wasm_u8x16_narrow_i16x8(sum, sum), 0);
    }
}

static void sharpen(const uint8_t* from, uint8_t* to) {
    for (int i = 16; i + 32 < 4 * N; i += 16) {
        v128_t here = wasm_v128_load(from + i), around = wasm_u8x16_avgr(wasm_v128_load(from + i - 1), wasm_v128_load(from + i + 1));
        v128_t more = wasm_u8x16_sub_sat(here, around), less = wasm_u8x16_sub_sat(around, here);
        wasm_v128_store(to + i, wasm_u8x16_sub_sat(wasm_u8x16_add_sat(here, more), less));
    }
}

// ---- bytes: text

static int count_lines(const uint8_t* text, int length) {
    const v128_t newline = wasm_i8x16_splat('\n');
    int lines = 0;
    for (int i = 0; i < length; i += 16) lines += __builtin_popcount(wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(text + i), newline)));
    return lines;
}

static int find_quote(const uint8_t* text, int length) {
    const v128_t quote = wasm_i8x16_splat('"'), backslash = wasm_i8x16_splat('\\'), control = wasm_i8x16_splat(32);
    for (int i = 0; i < length; i += 16) {
        v128_t v = wasm_v128_load(text + i);
        v128_t special = wasm_v128_or(wasm_v128_or(wasm_i8x16_eq(v, quote), wasm_i8x16_eq(v, backslash)), wasm_u8x16_lt(v, control));
        if (wasm_v128_any_true(special)) return i + __builtin_ctz(wasm_i8x16_bitmask(special));
    }
    return length;
}

static int is_ascii(const uint8_t* text, int length) {
    v128_t all = wasm_i8x16_splat(0);
    for (int i = 0; i < length; i += 32) all = wasm_v128_or(all, wasm_v128_or(wasm_v128_load(text + i), wasm_v128_load(text + i + 16)));
    return !wasm_i8x16_bitmask(all);
}

static void to_upper(uint8_t* text, int length) {
    const v128_t before = wasm_i8x16_splat('a' - 1), after = wasm_i8x16_splat('z' + 1), bit = wasm_i8x16_splat(0x20);
    for (int i = 0; i < length; i += 16) {
        v128_t v = wasm_v128_load(text + i);
        wasm_v128_store(text + i, wasm_v128_xor(v, wasm_v128_and(wasm_v128_and(wasm_i8x16_gt(v, before), wasm_i8x16_lt(v, after)), bit)));
    }
}

static void to_hex(const uint8_t* from, uint8_t* to, int length) {
    const v128_t digits = wasm_i8x16_make('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'), low = wasm_i8x16_splat(15);
    for (int i = 0; i < length; i += 16) {
        v128_t v = wasm_v128_load(from + i);
        v128_t upper = wasm_i8x16_swizzle(digits, wasm_u8x16_shr(v, 4)), lower = wasm_i8x16_swizzle(digits, wasm_v128_and(v, low));
        wasm_v128_store(to + 2 * i, wasm_i8x16_shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
        wasm_v128_store(to + 2 * i + 16, wasm_i8x16_shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    }
}

// ---- i32: a hash over four lanes, with rotations

static v128_t rotate(v128_t v, int by) { return wasm_v128_or(wasm_i32x4_shl(v, by), wasm_u32x4_shr(v, 32 - by)); }

static uint32_t hash(const uint32_t* data, int count) {
    v128_t state = wasm_i32x4_make(1, 2, 3, 4);
    const v128_t first = wasm_i32x4_splat((int)2654435761u), second = wasm_i32x4_splat((int)2246822519u);
    for (int i = 0; i < count; i += 4) {
        state = wasm_i32x4_add(state, wasm_i32x4_mul(wasm_v128_load(data + i), second));
        state = wasm_i32x4_mul(rotate(state, 13), first);
        state = wasm_v128_xor(state, wasm_i32x4_shuffle(state, state, 1, 2, 3, 0));
    }
    return (uint32_t)(wasm_i32x4_extract_lane(state, 0) ^ wasm_i32x4_extract_lane(state, 1) ^ wasm_i32x4_extract_lane(state, 2) ^ wasm_i32x4_extract_lane(state, 3));
}

// ---- what the compiler makes vectors of

static void axpy(float by, const float* restrict x, float* restrict y) {
    for (int i = 0; i < N; i++) y[i] += by * x[i];
}
static void scale(const int16_t* restrict from, uint32_t* restrict to) {
    for (int i = 0; i < N; i++) to[i] = (uint32_t)(from[i] * 3 + 7);
}
static uint32_t sum_bytes(const uint8_t* from, int count) {
    uint32_t sum = 0;
    for (int i = 0; i < count; i++) sum += from[i];
    return sum;
}
static void clamp(float* values) {
    for (int i = 0; i < N; i++) values[i] = values[i] < -100 ? -100 : values[i] > 100 ? 100 : values[i];
}
static void convert(const uint32_t* restrict from, float* restrict to) {
    for (int i = 0; i < N; i++) to[i] = (float)(from[i] & 1023) * 0.001f;
}

int main(void) {
    static const float matrix[16] = {.5f, .1f, 0, 0, .2f, .6f, .1f, 0, 0, .1f, .7f, .1f, 1, 2, 3, 1}, taps[8] = {.1f, .2f, .3f, .2f, .1f, .05f, .03f, .02f};
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < 3; k++) floats[k][i] = (float)((i * 7 + k) % 101) / 8, shorts[k][i] = (int16_t)(i * 37 + k * 11);
        for (int k = 0; k < 2; k++) doubles[k][i] = (i * 13 + k) % 17, words[k][i] = (uint32_t)i * 40503u + (uint32_t)k;
    }
    for (int i = 0; i < 4 * N; i++) bytes[0][i] = (uint8_t)(i * 29 % 96 + 33), bytes[1][i] = (uint8_t)(i * 31), bytes[2][i] = i % 60 ? 'a' + i % 26 : '\n';
    uint32_t sum = 0;
    for (int round = 0; round < 60; round++) {
        transform(matrix, floats[0], floats[1], N);
        filter(floats[1], floats[2], taps);
        normalize(floats[0], floats[1], floats[2]);
        axpy(.5f, floats[0], floats[1]);
        clamp(floats[1]);
        complex_products(doubles[0], doubles[1]);
        mix(shorts[0], shorts[1], shorts[2], (int16_t)(round * 300));
        blend(bytes[0], bytes[1], (uint8_t)(round * 4));
        luma(bytes[1], bytes[3]);
        sharpen(bytes[1], bytes[3]);
        to_upper(bytes[2], 4 * N);
        to_hex(bytes[1], bytes[3], 2 * N);
        scale(shorts[2], words[1]);
        convert(words[0], floats[0]);
        sum += (uint32_t)(dot(floats[0], floats[1]) + (float)dot_shorts(shorts[0], shorts[2])) + hash(words[0], N) + sum_bytes(bytes[1], 4 * N);
        sum += (uint32_t)(count_lines(bytes[2], 4 * N) + find_quote(bytes[2], 4 * N) + is_ascii(bytes[2], 4 * N));
    }
    printf("%u %.3f\n", sum, doubles[1][77]);
    return 0;
}
