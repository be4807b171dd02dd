// Standard streams: long lines, binary input, output in order on both streams, numbers in and out.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    unsigned char* bytes = malloc(1 << 20);
    size_t size = 0;
    for (size_t got; (got = fread(bytes + size, 1, 4096, stdin)) > 0;) size += got;
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) sum = sum * 31 + bytes[i];
    printf("input: %zu bytes, %u, at the end %d\n", size, sum, feof(stdin) != 0);
    printf("%d %u %lld %x %g %.17g %e %a\n", -1, 1u << 31, 1LL << 62, 255, 0.1, 0.1, 1e300, 1.5);
    printf("%s|%8s|%-8s|%c|%%\n", "text", "right", "left", 'c');
    int number = 0;
    double real = 0;
    printf("scanned %d: %d %g\n", sscanf("  42 -1.5e3", "%d %lf", &number, &real), number, real);
    char* line = malloc(70000);
    memset(line, 'x', 69999);
    line[69999] = 0;
    printf("%s\n", line);
    fflush(stdout);
    write(1, "straight\n", 9);
    fprintf(stderr, "to the other stream\n");
    printf("terminal: %d\n", isatty(1));
    return (int)(sum & 1) + 40;
}
