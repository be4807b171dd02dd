// Dense f64 matrices: naive and blocked products, a transposed product, LU decomposition.
#include "bench.h"

enum { N = 200, BLOCK = 20 };

static f64 a[N][N], b[N][N], c[N][N], d[N][N];

static void fill(f64 m[N][N], i32 seed) {
    for (i32 i = 0; i < N; i++)
        for (i32 j = 0; j < N; j++) m[i][j] = (f64)((i * 31 + j * 17 + seed) % 101) / 101.0 - 0.25;
}

static void multiply(f64 out[N][N], f64 x[N][N], f64 y[N][N]) {
    for (i32 i = 0; i < N; i++)
        for (i32 j = 0; j < N; j++) {
            f64 sum = 0;
            for (i32 k = 0; k < N; k++) sum += x[i][k] * y[k][j];
            out[i][j] = sum;
        }
}

static void multiply_transposed(f64 out[N][N], f64 x[N][N], f64 y[N][N]) {
    for (i32 i = 0; i < N; i++)
        for (i32 j = 0; j < N; j++) {
            f64 even = 0, odd = 0;
            for (i32 k = 0; k < N; k += 2) {
                even += x[i][k] * y[j][k];
                odd += x[i][k + 1] * y[j][k + 1];
            }
            out[i][j] = even + odd;
        }
}

static void multiply_blocked(f64 out[N][N], f64 x[N][N], f64 y[N][N]) {
    memset(out, 0, sizeof(f64[N][N]));
    for (i32 ii = 0; ii < N; ii += BLOCK)
        for (i32 kk = 0; kk < N; kk += BLOCK)
            for (i32 i = ii; i < ii + BLOCK; i++)
                for (i32 k = kk; k < kk + BLOCK; k++) {
                    const f64 factor = x[i][k];
                    for (i32 j = 0; j < N; j++) out[i][j] += factor * y[k][j];
                }
}

// In place, with row pivoting; returns the determinant's logarithm-free digest: the product of the pivots' signs
// and the sum of their sizes.
static f64 decompose(f64 m[N][N]) {
    f64 sum = 0;
    for (i32 k = 0; k < N; k++) {
        i32 best = k;
        for (i32 i = k + 1; i < N; i++) {
            const f64 here = m[i][k] < 0 ? -m[i][k] : m[i][k];
            const f64 there = m[best][k] < 0 ? -m[best][k] : m[best][k];
            if (here > there) best = i;
        }
        if (best != k)
            for (i32 j = 0; j < N; j++) {
                const f64 t = m[k][j];
                m[k][j] = m[best][j];
                m[best][j] = t;
            }
        const f64 pivot = m[k][k];
        sum += pivot < 0 ? -pivot : pivot;
        if (pivot == 0) continue;
        for (i32 i = k + 1; i < N; i++) {
            const f64 factor = m[i][k] / pivot;
            m[i][k] = factor;
            for (i32 j = k + 1; j < N; j++) m[i][j] -= factor * m[k][j];
        }
    }
    return sum;
}

static f64 trace(f64 m[N][N]) {
    f64 sum = 0;
    for (i32 i = 0; i < N; i++) sum += m[i][i] + m[i][N - 1 - i] * 0.5;
    return sum;
}

int main(void) {
    const i32 rounds = opaque(11);
    for (i32 round = 0; round < rounds; round++) {
        fill(a, round);
        fill(b, round * 7 + 3);
        multiply(c, a, b);
        printf("product %.9f\n", trace(c));
        multiply_transposed(d, c, b);
        printf("transposed %.9f\n", trace(d));
        multiply_blocked(a, c, b);
        printf("blocked %.9f\n", trace(a));
        for (i32 i = 0; i < N; i++) c[i][i] += 50.0 + i;
        printf("pivots %.9f\n", decompose(c));
    }
    return 0;
}
