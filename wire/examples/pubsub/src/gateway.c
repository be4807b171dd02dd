// Reads a topic and posts each message to the one endpoint it may; tries another one once, to show that it may not.
#include "settings.h"

static int posted;

EXPORT(status) int status(void) { return posted; }

static int post_all(const char* config, size_t size) {
    const char* topic = setting(config, size, "topic", "telemetry");
    const char* url = setting(config, size, "url", "");
    const char* other = setting(config, size, "other_url", "");
    if (host_subscribe(topic, strlen(topic)) != 0) return 1;
    char message[4096];
    for (int n; (n = host_read(topic, strlen(topic), message, sizeof message)) >= 0;) {
        if (host_post(url, strlen(url), message, (size_t)n) == 200) ++posted;
        else log_info("gateway", "a message was not taken");
        if (*other && host_post(other, strlen(other), message, (size_t)n) < 0) log_info("gateway", "the other host was refused");
        other = "";
    }
    return 0;
}
INIT(post_all)
