// Clocks, sleeping, random numbers and poll; prints only what is true on every run.
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time)) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void claim(const char* what, int holds) { printf("%s: %s\n", what, holds ? "yes" : "NO"); }

static void clocks(void) {
    const int64_t wall = now(CLOCK_REALTIME) / 1000000000;
    claim("the year is past 2023", wall > 1704067200);
    claim("the year is before 2200", wall < 7258118400);
    int64_t last = now(CLOCK_MONOTONIC);
    int backwards = 0;
    for (int i = 0; i < 1000; i++) {
        const int64_t next = now(CLOCK_MONOTONIC);
        backwards += next < last;
        last = next;
    }
    claim("the monotonic clock never runs backwards", backwards == 0);
    struct timespec resolution;
    claim("the resolution is known", !clock_getres(CLOCK_MONOTONIC, &resolution) && resolution.tv_nsec > 0);
    const int64_t before = now(CLOCK_MONOTONIC);
    nanosleep(&(struct timespec){0, 30000000}, NULL);
    const int64_t slept = now(CLOCK_MONOTONIC) - before;
    claim("30 ms of sleep take at least 30 ms", slept >= 29900000);
    claim("and less than 5 s", slept < 5000000000);
}

static void randomness(void) {
    uint8_t first[64] = {0}, second[64] = {0};
    claim("random bytes come", !getentropy(first, sizeof first) && !getentropy(second, sizeof second));
    claim("they differ", memcmp(first, second, sizeof first) != 0);
    int zeros = 0;
    for (unsigned i = 0; i < sizeof first; i++) zeros += first[i] == 0;
    claim("they are not all zero", zeros < 32);
}

static void polling(void) {
    const int64_t before = now(CLOCK_MONOTONIC);
    claim("a poll of nothing times out", poll(NULL, 0, 20) == 0);
    claim("after its time", now(CLOCK_MONOTONIC) - before >= 19900000);
    struct pollfd output = {.fd = 1, .events = POLLOUT};
    claim("output is ready", poll(&output, 1, 1000) == 1 && (output.revents & POLLOUT));
    struct pollfd input = {.fd = 0, .events = POLLIN};
    claim("input is ready", poll(&input, 1, 1000) == 1 && (input.revents & POLLIN));
    char text[16] = {0};
    printf("input: %d %s\n", (int)read(0, text, 5), text);
}

int main(int argc, char** argv) {
    (void)argv;
    clocks();
    randomness();
    if (argc == 1) polling();
    return 0;
}
