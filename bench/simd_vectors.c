// Numbers in 128-bit vectors (-msimd128): f32 matrices, f64 sums, an i32 random generator, ChaCha20's rounds.
#include "bench.h"

typedef f32 F32x4 __attribute__((vector_size(16)));
typedef f64 F64x2 __attribute__((vector_size(16)));
typedef u32 U32x4 __attribute__((vector_size(16)));

enum { N = 160, LENGTH = 8192 };

static f32 a[N][N], b[N][N], c[N][N];
static f64 series[LENGTH];

static void multiply(void) {
    for (i32 i = 0; i < N; i++)
        for (i32 j = 0; j < N; j += 8) {
            F32x4 left = {0}, right = {0};
            for (i32 k = 0; k < N; k++) {
                F32x4 row[2];
                memcpy(row, &b[k][j], sizeof row);
                left += a[i][k] * row[0];
                right += a[i][k] * row[1];
            }
            memcpy(&c[i][j], &left, 16);
            memcpy(&c[i][j + 4], &right, 16);
        }
}

static f64 moments(f64 around) {
    F64x2 first = {0}, second = {0}, largest = {0};
    for (i32 i = 0; i < LENGTH; i += 2) {
        F64x2 value;
        memcpy(&value, series + i, 16);
        value -= around;
        first += value;
        second += value * value;
        largest = __builtin_elementwise_max(value, largest);
    }
    return first[0] + first[1] + (second[0] + second[1]) * 0.001 + largest[0] + largest[1];
}

static U32x4 rotate_left(U32x4 v, u32 by) { return v << by | v >> (32 - by); }

static void quarter(U32x4* x) {
    x[0] += x[1], x[3] = rotate_left(x[3] ^ x[0], 16);
    x[2] += x[3], x[1] = rotate_left(x[1] ^ x[2], 12);
    x[0] += x[1], x[3] = rotate_left(x[3] ^ x[0], 8);
    x[2] += x[3], x[1] = rotate_left(x[1] ^ x[2], 7);
}

static void chacha_block(const U32x4 state[4], U32x4 out[4]) {
    memcpy(out, state, 64);
    for (i32 round = 0; round < 10; round++) {
        quarter(out);
        out[1] = __builtin_shufflevector(out[1], out[1], 1, 2, 3, 0);
        out[2] = __builtin_shufflevector(out[2], out[2], 2, 3, 0, 1);
        out[3] = __builtin_shufflevector(out[3], out[3], 3, 0, 1, 2);
        quarter(out);
        out[1] = __builtin_shufflevector(out[1], out[1], 3, 0, 1, 2);
        out[2] = __builtin_shufflevector(out[2], out[2], 2, 3, 0, 1);
        out[3] = __builtin_shufflevector(out[3], out[3], 1, 2, 3, 0);
    }
    for (i32 i = 0; i < 4; i++) out[i] += state[i];
}

static u64 run_chacha(u32 blocks) {
    U32x4 state[4] = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, {1, 2, 3, 4}, {5, 6, 7, 8}, {0, 9, 10, 11}};
    U32x4 out[4], sum = {0};
    for (u32 i = 0; i < blocks; i++) {
        state[3][0] = i;
        chacha_block(state, out);
        sum ^= out[0] ^ rotate_left(out[1], 3) ^ rotate_left(out[2], 7) ^ out[3];
    }
    return check_bytes(CHECK_START, &sum, sizeof sum);
}

int main(void) {
    for (i32 i = 0; i < N; i++)
        for (i32 j = 0; j < N; j++) a[i][j] = (f32)((i * 7 + j) % 33) / 8.0f, b[i][j] = (f32)((i + j * 5) % 29) / 16.0f;
    for (i32 i = 0; i < LENGTH; i++) series[i] = (f64)((i * 7919) % 10007) / 16.0;
    for (i32 round = 0; round < opaque(40); round++) {
        multiply();
        a[round][round] += 1.0f;
    }
    printf("matrix %016llx\n", (unsigned long long)check_bytes(CHECK_START, c, sizeof c));
    f64 sum = 0;
    for (i32 round = 0; round < opaque(2500); round++) sum += moments(300.0 + round % 7);
    printf("moments %.6f\n", sum);
    printf("chacha %016llx\n", (unsigned long long)run_chacha((u32)opaque(300000)));
    return 0;
}
