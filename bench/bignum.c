// Whole numbers of any size: factorials, pi by Machin's formula, Karatsuba products, modular powers, square roots.
#include "bench.h"

enum { LIMBS = 1024 };

// Little-endian limbs; no leading zero limbs.
typedef struct {
    u32 used;
    u32 limb[LIMBS];
} Number;

static void trim(Number* n) {
    while (n->used && n->limb[n->used - 1] == 0) n->used--;
}

static void set(Number* n, u32 value) {
    n->used = value != 0;
    n->limb[0] = value;
}

static i32 compare(const Number* a, const Number* b) {
    if (a->used != b->used) return a->used < b->used ? -1 : 1;
    for (u32 i = a->used; i-- > 0;)
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

static void copy(Number* to, const Number* from) {
    to->used = from->used;
    memcpy(to->limb, from->limb, from->used * sizeof(u32));
}

static void add(Number* a, const Number* b) {
    u64 carry = 0;
    for (u32 i = 0; i < b->used || carry; i++) {
        if (i >= a->used) a->limb[i] = 0, a->used = i + 1;
        carry += (u64)a->limb[i] + (i < b->used ? b->limb[i] : 0);
        a->limb[i] = (u32)carry;
        carry >>= 32;
    }
}

// a -= b, for a >= b.
static void subtract(Number* a, const Number* b) {
    i64 borrow = 0;
    for (u32 i = 0; i < b->used || borrow; i++) {
        borrow += (i64)a->limb[i] - (i < b->used ? b->limb[i] : 0);
        a->limb[i] = (u32)borrow;
        borrow >>= 32;
    }
    trim(a);
}

static void multiply_small(Number* a, u32 factor) {
    u64 carry = 0;
    for (u32 i = 0; i < a->used; i++) {
        carry += (u64)a->limb[i] * factor;
        a->limb[i] = (u32)carry;
        carry >>= 32;
    }
    if (carry) a->limb[a->used++] = (u32)carry;
}

static u32 divide_small(Number* a, u32 divisor) {
    u64 rest = 0;
    for (u32 i = a->used; i-- > 0;) {
        rest = rest << 32 | a->limb[i];
        a->limb[i] = (u32)(rest / divisor);
        rest %= divisor;
    }
    trim(a);
    return (u32)rest;
}

static void multiply(Number* out, const Number* a, const Number* b) {
    memset(out->limb, 0, (a->used + b->used) * sizeof(u32));
    out->used = a->used + b->used;
    for (u32 i = 0; i < a->used; i++) {
        u64 carry = 0;
        for (u32 j = 0; j < b->used; j++) {
            carry += (u64)a->limb[i] * b->limb[j] + out->limb[i + j];
            out->limb[i + j] = (u32)carry;
            carry >>= 32;
        }
        out->limb[i + b->used] = (u32)carry;
    }
    trim(out);
}

static u64 digest(const Number* n) { return check_bytes(CHECK_START, n->limb, n->used * sizeof(u32)); }

static void report(const char* name, const Number* n) {
    printf("%s %u limbs, %016llx\n", name, n->used, (unsigned long long)digest(n));
}

static void run_factorial(u32 n) {
    static Number product;
    set(&product, 1);
    for (u32 i = 2; i <= n; i++) multiply_small(&product, i);
    report("factorial", &product);
    u32 zeros = 0;
    while (divide_small(&product, 10) == 0) zeros++;
    printf("zeros %u\n", zeros);
}

// sum += sign * factor * arctan(1 / x), scaled by 2^(32 * LIMBS * 3 / 8).
static void add_arctan(Number* sum, u32 factor, u32 x, i32 sign) {
    static Number power, term;
    const u32 scale = LIMBS * 3 / 8;
    memset(&power, 0, sizeof power);
    power.used = scale + 1;
    power.limb[scale] = factor;
    divide_small(&power, x);
    for (u32 n = 1; power.used; n += 2, sign = -sign) {
        copy(&term, &power);
        divide_small(&term, n);
        if (sign > 0) add(sum, &term);
        else subtract(sum, &term);
        divide_small(&power, x * x);
    }
}

static void run_pi(void) {
    static Number pi;
    set(&pi, 0);
    add_arctan(&pi, 16, 5, 1);
    add_arctan(&pi, 4, 239, -1);
    printf("pi %u.", pi.limb[LIMBS * 3 / 8]);
    for (i32 i = 0; i < 6; i++) {
        pi.limb[LIMBS * 3 / 8] = 0;
        multiply_small(&pi, 1000000000u);
        printf("%09u", pi.limb[LIMBS * 3 / 8]);
    }
    printf(" %016llx\n", (unsigned long long)digest(&pi));
}

// out[0 .. 2n) = a[0 .. n) * b[0 .. n), n a power of two; scratch holds 4n limbs.
static void karatsuba(u32* out, const u32* a, const u32* b, u32 n, u32* scratch) {
    if (n <= 16) {
        memset(out, 0, 2 * n * sizeof(u32));
        for (u32 i = 0; i < n; i++) {
            u64 carry = 0;
            for (u32 j = 0; j < n; j++) {
                carry += (u64)a[i] * b[j] + out[i + j];
                out[i + j] = (u32)carry;
                carry >>= 32;
            }
            out[i + n] = (u32)carry;
        }
        return;
    }
    const u32 half = n / 2;
    u32 *differences = scratch, *middle = scratch + n, *deeper = scratch + 2 * n;
    i32 sign = 1;
    for (i32 side = 0; side < 2; side++) {
        const u32* x = side ? b : a;
        i32 order = 0;
        for (u32 i = half; i-- > 0 && !order;) order = x[i] < x[half + i] ? -1 : x[i] > x[half + i];
        const u32 *big = order < 0 ? x + half : x, *small = order < 0 ? x : x + half;
        if (order < 0) sign = -sign;
        i64 borrow = 0;
        for (u32 i = 0; i < half; i++) {
            borrow += (i64)big[i] - small[i];
            differences[(u32)side * half + i] = (u32)borrow;
            borrow >>= 32;
        }
    }
    karatsuba(middle, differences, differences + half, half, deeper);
    karatsuba(out, a, b, half, deeper);
    karatsuba(out + n, a + half, b + half, half, deeper);
    // middle = low + high - sign * middle; its carry is a small signed number.
    i64 carry = 0;
    for (u32 i = 0; i < n; i++) {
        carry += (i64)out[i] + out[n + i] - sign * (i64)middle[i];
        middle[i] = (u32)carry;
        carry >>= 32;
    }
    i64 into = 0;
    for (u32 i = half; i < 2 * n; i++) {
        into += (i64)out[i] + (i < half + n ? middle[i - half] : i == half + n ? carry : 0);
        out[i] = (u32)into;
        into >>= 32;
    }
}

static void run_products(i32 rounds) {
    enum { N = 256 };
    static u32 out[2 * N], scratch[4 * N];
    static Number a, b, plain;
    u64 sum = CHECK_START;
    for (i32 round = 0; round < rounds; round++) {
        a.used = b.used = N;
        for (u32 i = 0; i < N; i++) a.limb[i] = (u32)random_u64(), b.limb[i] = (u32)random_u64() | 1;
        a.limb[N - 1] |= 1, b.limb[N - 1] |= 1;
        karatsuba(out, a.limb, b.limb, N, scratch);
        multiply(&plain, &a, &b);
        if (memcmp(out, plain.limb, plain.used * sizeof(u32))) puts("products differ");
        sum = check_bytes(sum, out, sizeof out);
    }
    printf("products %016llx\n", (unsigned long long)sum);
}

// out = a * b modulo m by doubling and adding.
static void multiply_modulo(Number* out, const Number* a, const Number* b, const Number* m) {
    static Number doubled;
    copy(&doubled, a);
    set(out, 0);
    for (u32 i = 0; i < b->used * 32; i++) {
        if (b->limb[i / 32] >> (i % 32) & 1) {
            add(out, &doubled);
            if (compare(out, m) >= 0) subtract(out, m);
        }
        add(&doubled, &doubled);
        if (compare(&doubled, m) >= 0) subtract(&doubled, m);
    }
}

static void run_powers(u32 limbs) {
    static Number modulus, base, result, next;
    modulus.used = base.used = limbs;
    for (u32 i = 0; i < limbs; i++) modulus.limb[i] = (u32)random_u64() | 1, base.limb[i] = (u32)random_u64() >> 1;
    modulus.limb[limbs - 1] |= 0x80000000u;
    set(&result, 1);
    for (u32 exponent = 0xb504f333u; exponent; exponent >>= 1) {
        if (exponent & 1) multiply_modulo(&next, &result, &base, &modulus), copy(&result, &next);
        multiply_modulo(&next, &base, &base, &modulus), copy(&base, &next);
    }
    report("power", &result);
}

int main(void) {
    for (u32 i = 0; i < 6; i++) run_factorial((u32)opaque(3000) + i);
    run_pi();
    run_products(opaque(600));
    for (i32 i = 0; i < 6; i++) run_powers((u32)opaque(24));
    return 0;
}
