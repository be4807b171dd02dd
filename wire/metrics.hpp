// Counters of calls, and their text for Prometheus.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <string>

#include <heddle/wire.hpp>

namespace heddle::wire {

// Of one materializer. Everything is counted without a lock.
class CallStats {
public:
    static constexpr std::array<double, 14> bounds = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.25, 1, 10};  // seconds
    void ended(Outcome o, std::chrono::nanoseconds took);
    u64 count(Outcome o) const { return outcomes_[std::size_t(o)]; }
    u64 total() const;
    // The latency below which that share of the calls ended, in seconds, to the precision of the buckets.
    double quantile(double share) const;
    void write(std::string& to, const std::string& op) const;          // the outcomes
    void write_latency(std::string& to, const std::string& op) const;  // the histogram
    std::atomic<i64> running{0};
    std::atomic<u64> hostcalls{0};
    std::atomic<u64> dead_letters{0};  // events given up

private:
    std::array<std::atomic<u64>, std::size_t(Outcome::failed) + 1> outcomes_{};
    std::array<std::atomic<u64>, bounds.size() + 1> buckets_{};
    std::atomic<u64> nanoseconds_{0};
};

struct AppData;
// All of an app's counters.
std::string metrics_text(const AppData& app);

}  // namespace heddle::wire
