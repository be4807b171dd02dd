// What a module asks the host for, whatever its form: the functions of wit/pubsub.wit.
#pragma once
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct Options {
    std::string modules = ".", config = "config", socket = "127.0.0.1:8080", allowed, form = "module";
    int seconds = 0;  // 0: until SIGTERM or SIGINT
};

struct Seen {
    std::vector<double> latencies;  // milliseconds from publish to read
    int published = 0, posted = 0, refused = 0;
    std::atomic<int> statuses = 0;
};

double now();  // milliseconds
void say(const std::string& module, const std::string& message);

// A connection to the server module, made at the first use. Lines both ways.
class Line {
public:
    explicit Line(unsigned port) : port_(port) {}
    Line(const Line&) = delete;
    ~Line();
    bool send(const std::string& line);
    // The next line; nothing: not within that time.
    std::optional<std::string> receive(std::chrono::milliseconds at_most);

private:
    unsigned port_;
    int fd_ = -1;
    std::string buffer_;
};

using Message = std::optional<std::string>;  // nothing: the end

class Services {
public:
    Services(const Options& o, Seen& seen) : options_(o), seen_(seen) {}
    unsigned server_port = 0;
    std::atomic<bool> stop = false;

    bool publish(const std::string& topic, const std::string& message);
    bool subscribe(const std::string& topic);
    // The status of the answer; nothing: refused, or no answer.
    std::optional<int> post(const std::string& module, const std::string& url, const std::string& body);

    // ---- those that wait, a step of at most 100 ms each. Nothing: not yet.
    std::optional<Message> try_read(const std::string& topic);
    // Whether it is time to end.
    std::optional<bool> try_wait(double until) const;

private:
    Line& line(const std::string& topic) { return lines_.try_emplace(topic, server_port).first->second; }

    const Options& options_;
    Seen& seen_;
    std::map<std::string, Line> lines_;  // one for each topic read, and one to publish
};
