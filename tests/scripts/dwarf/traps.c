// Functions that trap at many depths, directly and inlined, in loops and through pointers.
#include "shapes.h"

typedef int (*step)(int, int);

__attribute__((noinline)) static int divide(int a, int b) { return a / b; }

__attribute__((noinline)) static int reads(int a, int b) {
    volatile int *p = (volatile int *)(unsigned)(a * 0x10000000u);
    return *p +
           b;
}

__attribute__((noinline)) static int boxes(int n, int which) {
    int sum = 0;
    for (int i = 0; i < n; ++i) {
        sum += volume(i, i + 1, which);
        if (which == 2)
            sum += volume(i + 1000, 2, 3);
    }
    return sum;
}

__attribute__((noinline)) static int recurse(int depth, step f, int a, int b) {
    if (depth == 0)
        return f(a, b);
    int r = recurse(depth - 1, f, a, b) + 1;
    return r ^
           depth;
}

static inline int twice(step f, int a, int b) {
    int first = recurse(3, f, a, b);
    return first + recurse(2, f, b, a);
}

static inline int chosen(int which) {
    switch (which) {
    case 0:
        return twice(divide, 7, 0);
    case 1:
        return twice(reads, 15, 1);
    case 2:
        return boxes(3, 2);
    case 3:
        return twice(divide, 0, 7);
    case 4:
        return recurse(40, boxes, 2000, 1);
    default:
        return recurse(which, divide, 1, 0);
    }
}

__attribute__((export_name("run"))) int run(int which) {
    int r = chosen(which);
    return r + 1;
}
