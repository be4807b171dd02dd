// Calls and little else: Fibonacci, Takeuchi, Ackermann, Hanoi, mutual recursion.
#include "bench.h"

#define NOINLINE __attribute__((noinline))

static NOINLINE u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static NOINLINE i32 tak(i32 x, i32 y, i32 z) {
    if (y >= x) return z;
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static NOINLINE u32 ackermann(u32 m, u32 n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

static u32 discs_moved[4];

static NOINLINE void hanoi(u32 discs, u32 from, u32 to, u32 spare) {
    if (discs == 0) return;
    hanoi(discs - 1, from, spare, to);
    discs_moved[to] += discs;
    hanoi(discs - 1, spare, to, from);
}

// Hofstadter's female and male sequences call each other.
static NOINLINE u32 male(u32 n);
static NOINLINE u32 female(u32 n) { return n == 0 ? 1 : n - male(female(n - 1)); }
static NOINLINE u32 male(u32 n) { return n == 0 ? 0 : n - female(male(n - 1)); }

// Seven arguments of mixed types, most passed on unchanged.
static NOINLINE f64 blend(i32 depth, f64 a, f64 b, u64 seed, i32 left, i32 right, f32 scale) {
    if (depth == 0) return a * (f64)scale + b + (f64)(seed & 15) + left - right;
    return blend(depth - 1, b, a + 1, seed * 5 + 1, left + 1, right, scale) +
           blend(depth - 1, a, b, seed >> 1, left, right + 1, scale);
}

int main(void) {
    printf("fib %u\n", fib((u32)opaque(32)));
    printf("tak %d\n", tak(opaque(18), 12, 6));
    printf("ackermann %u\n", ackermann((u32)opaque(2), 1200));
    hanoi((u32)opaque(20), 1, 2, 3);
    printf("hanoi %u %u %u\n", discs_moved[1], discs_moved[2], discs_moved[3]);
    u32 sum = 0;
    for (u32 n = 0; n < (u32)opaque(90); n++) sum += female(n) * 3 + male(n);
    printf("female, male %u\n", sum);
    printf("blend %.3f\n", blend(opaque(19), 1.5, 2.25, 77, 0, 0, 0.5f));
    return 0;
}
