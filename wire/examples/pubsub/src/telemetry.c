// Publishes what a sensor would say, again and again.
#include "settings.h"

static int published;

EXPORT(status) int status(void) { return published; }

static int publish_all(const char* config, size_t size) {
    const char* topic = setting(config, size, "topic", "telemetry");
    unsigned interval = (unsigned)atoi(setting(config, size, "interval_ms", "100"));
    do {
        char message[100];
        int n = snprintf(message, sizeof message, "{\"n\":%d,\"celsius\":%d}", published, 20 + published % 5);
        if (host_publish(topic, strlen(topic), message, (size_t)n) != 0) {
            log_info("telemetry", "the server took no message");
            return 1;
        }
        ++published;
    } while (!host_wait(interval));
    return 0;
}
INIT(publish_all)
