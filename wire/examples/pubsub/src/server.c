// A pub-sub server on a socket that it was given open: lines "SUB topic" and "PUB topic message", each answered with "OK"; subscribers get
// "MSG topic message".
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "settings.h"

enum { most = 32, line_size = 8192 };
static struct Connection {
    int fd;
    char topic[64];          // that it has subscribed to, or empty
    char line[line_size];    // what has come of the next line
    size_t size;
} connections[most];
static int count, messages;

EXPORT(status) int status(void) { return messages; }

static bool send_all(int fd, const char* bytes, size_t n) {
    while (n) {
        ssize_t sent = write(fd, bytes, n);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd room = {fd, POLLOUT, 0};
            if (poll(&room, 1, 1000) <= 0) return false;
            continue;
        }
        if (sent <= 0) return false;
        bytes += sent, n -= (size_t)sent;
    }
    return true;
}

static void publish(const char* message) {  // "topic …"
    static char line[line_size + 8];
    size_t topic = strcspn(message, " ");
    int n = snprintf(line, sizeof line, "MSG %s\n", message);
    for (int i = 0; i < count; ++i)
        if (strlen(connections[i].topic) == topic && strncmp(connections[i].topic, message, topic) == 0) send_all(connections[i].fd, line, (size_t)n);
    ++messages;
}

static bool take_line(struct Connection* c, char* line) {
    if (strncmp(line, "SUB ", 4) == 0) snprintf(c->topic, sizeof c->topic, "%s", line + 4);
    else if (strncmp(line, "PUB ", 4) == 0) publish(line + 4);
    else return false;
    return send_all(c->fd, "OK\n", 3);
}

// False: it has gone, or said what it may not.
static bool take_bytes(struct Connection* c) {
    ssize_t n = read(c->fd, c->line + c->size, sizeof c->line - 1 - c->size);
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;
    c->size += (size_t)n;
    c->line[c->size] = 0;
    char* begin = c->line;
    for (char* end; (end = strchr(begin, '\n')); begin = end + 1) {
        *end = 0;
        if (!take_line(c, begin)) return false;
    }
    c->size -= (size_t)(begin - c->line);
    memmove(c->line, begin, c->size);
    return c->size < sizeof c->line - 1;
}

static int serve(const char* config, size_t size, int listener) {
    log_info("server", setting(config, size, "greeting", "listening"));
    while (!host_wait(0)) {
        struct pollfd ready[most + 1] = {{listener, POLLIN, 0}};
        for (int i = 0; i < count; ++i) ready[i + 1] = (struct pollfd){connections[i].fd, POLLIN, 0};
        if (poll(ready, (nfds_t)count + 1, 200) <= 0) continue;
        for (int i = count; i-- > 0;) {
            if (!ready[i + 1].revents || take_bytes(&connections[i])) continue;
            close(connections[i].fd);
            connections[i] = connections[--count];
        }
        if (!ready[0].revents) continue;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        if (count == most) close(fd);
        else connections[count++] = (struct Connection){.fd = fd};
    }
    for (int i = 0; i < count; ++i) close(connections[i].fd);
    return 0;
}
INIT_WITH_LISTENER(serve)
