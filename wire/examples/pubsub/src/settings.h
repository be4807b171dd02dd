// What all three modules need: what they say, and their settings.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static inline void log_info(const char* module, const char* message) { host_loginfo(module, strlen(module), message, strlen(message)); }

// The value of `key=value` in the file, or the other one.
static inline const char* setting(const char* path, size_t path_size, const char* key, const char* otherwise) {
    char name[256], line[512];
    snprintf(name, sizeof name, "%.*s", (int)path_size, path);
    FILE* file = fopen(name, "r");
    if (!file) return otherwise;
    const char* value = otherwise;
    while (fgets(line, sizeof line, file)) {
        size_t n = strlen(key);
        if (strncmp(line, key, n) != 0 || line[n] != '=') continue;
        line[strcspn(line, "\r\n")] = 0;
        value = strdup(line + n + 1);
    }
    fclose(file);
    return value;
}
