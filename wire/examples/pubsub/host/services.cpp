#include "services.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <heddle/fetch.hpp>

using namespace std::chrono;

double now() { return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count(); }
void say(const std::string& module, const std::string& message) { std::fprintf(stderr, "%s: %s\n", module.c_str(), message.c_str()); }

// ---- a connection to the server module ----------------------------------------------------------------------------------------------------

Line::~Line() {
    if (fd_ >= 0) close(fd_);
}

bool Line::send(const std::string& line) {
    if (fd_ < 0) {
        sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(uint16_t(port_)), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return false;
    }
    return write(fd_, line.data(), line.size()) == ssize_t(line.size());
}

std::optional<std::string> Line::receive(milliseconds at_most) {
    for (auto until = steady_clock::now() + at_most;;) {
        if (std::size_t end = buffer_.find('\n'); end != buffer_.npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        pollfd ready{fd_, POLLIN, 0};
        auto left = duration_cast<milliseconds>(until - steady_clock::now()).count();
        if (left < 0 || poll(&ready, 1, int(left)) <= 0) return std::nullopt;
        char bytes[4096];
        ssize_t n = read(fd_, bytes, sizeof bytes);
        if (n <= 0) return std::nullopt;
        buffer_.append(bytes, std::size_t(n));
    }
}

// ---- the functions ------------------------------------------------------------------------------------------------------------------------

bool Services::publish(const std::string& topic, const std::string& message) {
    bool sent = line("").send("PUB " + topic + " " + std::to_string(now()) + " " + message + "\n") && line("").receive(5s) == "OK";
    seen_.published += sent;
    return sent;
}

bool Services::subscribe(const std::string& topic) { return line(topic).send("SUB " + topic + "\n") && line(topic).receive(5s) == "OK"; }

std::optional<int> Services::post(const std::string& module, const std::string& url, const std::string& body) {
    auto response = heddle::http::fetch({.method = "POST", .url = url, .body = body, .allowed = {options_.allowed}, .time = 5s});
    ++(response ? seen_.posted : seen_.refused);
    if (!response) say(module, response.error().message);
    return response ? std::optional(response->status) : std::nullopt;
}

std::optional<Message> Services::try_read(const std::string& topic) {
    auto line = this->line(topic).receive(100ms);  // "MSG topic when message"
    if (!line && !stop) return std::nullopt;
    if (!line) return Message();
    std::size_t when = line->find(' ', 4) + 1, message = line->find(' ', when) + 1;
    seen_.latencies.push_back(now() - std::stod(line->substr(when)));
    return Message(line->substr(message));
}

std::optional<bool> Services::try_wait(double until) const {
    double left = until - now();
    if (stop || left <= 0) return stop;
    std::this_thread::sleep_for(duration<double, std::milli>(std::min(left, 50.0)));
    return std::nullopt;
}
