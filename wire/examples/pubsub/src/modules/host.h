// What the host offers to a core module: wit/pubsub.wit with a string as an address and a length, and how the module begins.
#pragma once
#include <stddef.h>
#include <stdlib.h>

#define IMPORT(module, name) __attribute__((import_module(#module), import_name(#name))) extern
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(hostobservability, loginfo) void host_loginfo(const char* module, size_t module_size, const char* message, size_t size);
IMPORT(hostobservability, publish) int host_publish(const char* topic, size_t topic_size, const char* message, size_t size);  // 0: the server has it
IMPORT(hostobservability, subscribe) int host_subscribe(const char* topic, size_t topic_size);
IMPORT(hostobservability, read) int host_read(const char* topic, size_t topic_size, char* to, size_t room);  // waits; the message's length, -1: the end
IMPORT(host, wait) int host_wait(unsigned milliseconds);                                            // 1: it is time to end
IMPORT(host, post) int host_post(const char* url, size_t url_size, const char* body, size_t size);  // the status; -1: refused, or no answer

// Where the host puts the path that it gives to init.
EXPORT(alloc) void* alloc(size_t n) { return malloc(n); }

// What `init` does, with the path of the settings: it gives 0, or what went wrong.
#define INIT(run) \
    EXPORT(init) int init(const char* config, size_t size) { return run(config, size); }
#define INIT_WITH_LISTENER(run) \
    EXPORT(init) int init(const char* config, size_t size, int listener) { return run(config, size, listener); }
