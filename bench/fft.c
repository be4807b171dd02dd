// Fast transforms: complex f64 (radix 2, convolution, a spectrum), and the same over integers modulo a prime.
#include "bench.h"

#include <math.h>

enum { LOG = 14, SIZE = 1 << LOG };
#define PI 3.14159265358979323846

typedef struct {
    f64 re, im;
} Complex;

static Complex roots[SIZE / 2], signal[SIZE], kernel[SIZE];

// Sine and cosine by their series after halving, so that the C libraries' last bits do not matter.
static Complex unit(f64 angle) {
    const f64 x = angle / 16, x2 = x * x;
    f64 s = x * (1 - x2 / 6 * (1 - x2 / 20 * (1 - x2 / 42 * (1 - x2 / 72 * (1 - x2 / 110)))));
    f64 c = 1 - x2 / 2 * (1 - x2 / 12 * (1 - x2 / 30 * (1 - x2 / 56 * (1 - x2 / 90 * (1 - x2 / 132)))));
    for (i32 i = 0; i < 4; i++) {
        const f64 doubled = 2 * s * c;
        c = c * c - s * s;
        s = doubled;
    }
    return (Complex){c, s};
}

static u32 reversed(u32 value) {
    u32 result = 0;
    for (i32 i = 0; i < LOG; i++, value >>= 1) result = result << 1 | (value & 1);
    return result;
}

static void transform(Complex* data, int inverse) {
    for (u32 i = 0; i < SIZE; i++) {
        const u32 j = reversed(i);
        if (i >= j) continue;
        const Complex t = data[i];
        data[i] = data[j];
        data[j] = t;
    }
    for (u32 half = 1; half < SIZE; half *= 2) {
        const u32 stride = SIZE / 2 / half;
        for (u32 start = 0; start < SIZE; start += 2 * half)
            for (u32 k = 0; k < half; k++) {
                Complex w = roots[k * stride];
                if (inverse) w.im = -w.im;
                Complex *a = &data[start + k], *b = &data[start + k + half];
                const Complex t = {b->re * w.re - b->im * w.im, b->re * w.im + b->im * w.re};
                *b = (Complex){a->re - t.re, a->im - t.im};
                *a = (Complex){a->re + t.re, a->im + t.im};
            }
    }
    if (inverse)
        for (u32 i = 0; i < SIZE; i++) data[i].re /= SIZE, data[i].im /= SIZE;
}

static void convolve(void) {
    transform(signal, 0);
    transform(kernel, 0);
    for (u32 i = 0; i < SIZE; i++) {
        const Complex a = signal[i], b = kernel[i];
        signal[i] = (Complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    }
    transform(signal, 1);
}

static void run_complex(i32 round) {
    for (u32 i = 0; i < SIZE; i++) {
        signal[i] = (Complex){(f64)((i * 37 + (u32)round) % 256) / 128.0 - 1.0, (f64)(i % 7) / 7.0};
        kernel[i] = (Complex){i < 64 ? 1.0 / (1.0 + i) : 0.0, 0.0};
    }
    convolve();
    f64 energy = 0;
    for (u32 i = 0; i < SIZE; i++) energy += sqrt(signal[i].re * signal[i].re + signal[i].im * signal[i].im);
    printf("complex %.6f, first %.9f, middle %.9f\n", energy, signal[0].re, signal[SIZE / 2].im);
}

// ---- modulo 998244353 = 119 * 2^23 + 1, a generator is 3 -----------------------------------------------------

#define PRIME 998244353u

static u32 powers[SIZE / 2], left[SIZE], right[SIZE];

static u32 multiply(u32 a, u32 b) { return (u32)((u64)a * b % PRIME); }

static u32 power(u32 base, u32 exponent) {
    u32 result = 1;
    for (; exponent; exponent >>= 1, base = multiply(base, base))
        if (exponent & 1) result = multiply(result, base);
    return result;
}

static void transform_mod(u32* data) {
    for (u32 i = 0; i < SIZE; i++) {
        const u32 j = reversed(i);
        if (i >= j) continue;
        const u32 t = data[i];
        data[i] = data[j];
        data[j] = t;
    }
    for (u32 half = 1; half < SIZE; half *= 2) {
        const u32 stride = SIZE / 2 / half;
        for (u32 start = 0; start < SIZE; start += 2 * half)
            for (u32 k = 0; k < half; k++) {
                const u32 a = data[start + k], b = multiply(data[start + k + half], powers[k * stride]);
                data[start + k] = a + b >= PRIME ? a + b - PRIME : a + b;
                data[start + k + half] = a >= b ? a - b : a + PRIME - b;
            }
    }
}

static void run_mod(u32 round) {
    for (u32 i = 0; i < SIZE; i++) {
        left[i] = i < SIZE / 2 ? (i * i + round) % 1000 : 0;
        right[i] = i < SIZE / 2 ? (i * 31 + 7) % 1000 : 0;
    }
    transform_mod(left);
    transform_mod(right);
    for (u32 i = 0; i < SIZE; i++) left[i] = multiply(left[i], right[i]);
    transform_mod(left);
    const u32 inverse = power(SIZE, PRIME - 2);
    u64 sum = CHECK_START;
    for (u32 i = 0; i < SIZE; i++) sum = check_u64(sum, multiply(left[i], inverse));
    printf("modular %016llx\n", (unsigned long long)sum);
}

int main(void) {
    const u32 step = power(3, (PRIME - 1) / SIZE);
    u32 at = 1;
    for (u32 i = 0; i < SIZE / 2; i++, at = multiply(at, step)) {
        roots[i] = unit(-2 * PI * i / SIZE);
        powers[i] = at;
    }
    for (i32 round = 0; round < opaque(64); round++) {
        run_complex(round);
        run_mod((u32)round);
    }
    return 0;
}
