// What the host offers to a component, under the names that modules/host.h has, and how the component begins. Layouts are those of the canonical ABI.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name))) extern
#define EXPORT(name) __attribute__((export_name(#name)))

#define OBSERVABILITY "demo:pubsub/hostobservability@1.0.0"
IMPORT(OBSERVABILITY, "loginfo") void host_loginfo(const char* module, size_t module_size, const char* message, size_t size);
IMPORT(OBSERVABILITY, "publish") int host_publish(const char* topic, size_t topic_size, const char* message, size_t size);
IMPORT(OBSERVABILITY, "subscribe") int host_subscribe(const char* topic, size_t topic_size);
IMPORT("demo:pubsub/host@1.0.0", "wait") int host_wait(unsigned milliseconds);

struct message {  // option<string>
    uint8_t is_there;
    char* at;
    size_t size;
};
IMPORT(OBSERVABILITY, "read") void host_next(const char* topic, size_t topic_size, struct message* m);
static inline int host_read(const char* topic, size_t topic_size, char* to, size_t room) {
    struct message m;
    host_next(topic, topic_size, &m);
    if (!m.is_there) return -1;
    size_t n = m.size < room ? m.size : room;
    memcpy(to, m.at, n);
    free(m.at);
    return (int)n;
}

struct posted {  // result<u16>
    uint8_t is_error;
    uint16_t status;
};
IMPORT("demo:pubsub/host@1.0.0", "post") void host_send(const char* url, size_t url_size, const char* body, size_t size, struct posted* p);
static inline int host_post(const char* url, size_t url_size, const char* body, size_t size) {
    struct posted p;
    host_send(url, url_size, body, size, &p);
    return p.is_error ? -1 : p.status;
}

// The descriptor of the socket that it was given open: after those of directories (posix.c).
int first_listener(void);

// `init` has a stack of its own, so that it can wait in the middle of anything; its result is handed over by a call.
IMPORT("[export]$root", "[task-return]init") void init_returns(int is_error);
#define INIT(run) \
    EXPORT([async-lift-stackful]init) void init(const char* config, size_t size) { init_returns(run(config, size) != 0); }
#define INIT_WITH_LISTENER(run) \
    EXPORT([async-lift-stackful]init) void init(const char* config, size_t size) { init_returns(run(config, size, first_listener()) != 0); }
