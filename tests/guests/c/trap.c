// Ends in the way its argument names; the output before the end must arrive.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int zero;
static void (*volatile pointer)(void) = abort;

__attribute__((noinline)) static int deep(volatile int* from) {
    volatile int here[16] = {*from};
    return deep(here) + here[0];
}

int main(int argc, char** argv) {
    const char* way = argc > 1 ? argv[1] : "return";
    printf("before\n");
    fflush(stdout);
    if (!strcmp(way, "divide")) return 1000 / zero;
    if (!strcmp(way, "unreachable")) __builtin_trap();
    if (!strcmp(way, "bounds")) return *(volatile int*)0xfffffff0u;
    if (!strcmp(way, "recursion")) return deep(&zero);
    if (!strcmp(way, "pointer")) return ((int (*)(double))pointer)(1.0);
    if (!strcmp(way, "abort")) abort();
    if (!strcmp(way, "exit")) exit(255);
    if (!strcmp(way, "_Exit")) _Exit(0);
    if (!strcmp(way, "loop"))
        for (;;) zero = 0;
    return 3;
}
