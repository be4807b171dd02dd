// The tour every language makes: arguments, environment, a file in a preopened directory, standard input, exit code.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count_file(const char* path) {
    FILE* file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
        exit(1);
    }
    int lines = 0, words = 0, bytes = 0, inside = 0;
    for (int c; (c = fgetc(file)) != EOF; bytes++) {
        lines += c == '\n';
        const int blank = c == ' ' || c == '\n';
        words += !blank && !inside;
        inside = !blank;
    }
    fclose(file);
    printf("%s: %d lines, %d words, %d bytes\n", path, lines, words, bytes);
}

static void echo_input(void) {
    char line[256];
    for (int number = 1; fgets(line, sizeof line, stdin); number++) {
        line[strcspn(line, "\n")] = 0;
        printf("%d: %s\n", number, line);
    }
}

int main(int argc, char** argv) {
    printf("arguments: %d\n", argc - 1);
    for (int i = 1; i < argc; i++) printf("  <%s>\n", argv[i]);
    const char* greeting = getenv("GREETING");
    printf("GREETING: %s\n", greeting ? greeting : "(none)");
    count_file("data/input.txt");
    echo_input();
    printf("done\n");
    fflush(stdout);
    exit(7);
}
