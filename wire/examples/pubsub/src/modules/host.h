// What the host offers (wit/pubsub.wit, as a core module sees it: a string is an address and a length), and what all three modules need.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(module, name) __attribute__((import_module(#module), import_name(#name))) extern
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(hostobservability, loginfo) void host_loginfo(const char* module, size_t module_size, const char* message, size_t size);
IMPORT(hostobservability, publish) int host_publish(const char* topic, size_t topic_size, const char* message, size_t size);  // 0: the server has it
IMPORT(hostobservability, subscribe) int host_subscribe(const char* topic, size_t topic_size);
IMPORT(hostobservability, read) int host_read(const char* topic, size_t topic_size, char* to, size_t room);  // waits; the message's length, -1: the end
IMPORT(host, wait) int host_wait(unsigned milliseconds);                     // 1: it is time to end
IMPORT(host, post) int host_post(const char* url, size_t url_size, const char* body, size_t size);  // the status; -1: refused, or no answer

static inline void log_info(const char* module, const char* message) { host_loginfo(module, strlen(module), message, strlen(message)); }

// Where the host puts the path that it gives to init.
EXPORT(alloc) void* alloc(size_t n) { return malloc(n); }

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
