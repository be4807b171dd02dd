// What exceptions.wat does, with setjmp and longjmp: a handler that is entered and never used, a throw to the caller, one over eight frames.
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

static jmp_buf handler;
static volatile int32_t thrown;

__attribute__((noinline)) static int32_t odd(int32_t value) {
    if (value % 3 == 0) {
        thrown = value;
        longjmp(handler, 1);
    }
    return value * 5;
}
__attribute__((noinline)) static int32_t even(int32_t value) { return value * 7; }
__attribute__((noinline)) static int32_t deep(int32_t depth, int32_t value) { return depth ? deep(depth - 1, value) + 1 : odd(value * 3); }

static uint32_t untouched(int32_t rounds) {
    volatile uint32_t sum = 0;
    for (volatile int32_t i = 0; i < rounds; i = i + 1)
        if (setjmp(handler) == 0) sum = sum * 31 + (uint32_t)even(i);
    return sum;
}
static uint32_t near(int32_t rounds) {
    volatile uint32_t sum = 0;
    for (volatile int32_t i = 0; i < rounds; i = i + 1) {
        if (setjmp(handler) == 0) sum = sum * 31 + (uint32_t)odd(i);
        else sum = sum + (uint32_t)thrown;
    }
    return sum;
}
static uint32_t far_away(int32_t rounds) {
    volatile uint32_t sum = 0;
    for (volatile int32_t i = 0; i < rounds; i = i + 1) {
        if (setjmp(handler) == 0) sum = sum + (uint32_t)deep(8, i);
        else sum = sum * 31 + (uint32_t)thrown;
    }
    return sum;
}

int main(void) {
    printf("%08x\n%08x\n%08x\n", untouched(3000000), near(900000), far_away(100000));
    return 0;
}
