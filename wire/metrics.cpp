// Counters as text.
#include "metrics.hpp"

#include <cstdio>

#include "app.hpp"

namespace heddle::wire {

namespace {

std::string number(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", v);
    return text;
}

std::string label(std::string_view text) {
    std::string s;
    for (char c : text) {
        if (c == '"' || c == '\\') s += '\\';
        s += c == '\n' ? ' ' : c;
    }
    return s;
}

void head(std::string& to, const char* name, const char* type, const char* help) {
    to += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

}  // namespace

void CallStats::ended(Outcome o, std::chrono::nanoseconds took) {
    ++outcomes_[std::size_t(o)];
    nanoseconds_ += u64(took.count());
    double seconds = double(took.count()) * 1e-9;
    std::size_t b = 0;
    while (b < bounds.size() && seconds > bounds[b]) ++b;
    ++buckets_[b];
}

u64 CallStats::total() const {
    u64 n = 0;
    for (const auto& o : outcomes_) n += o;
    return n;
}

double CallStats::quantile(double share) const {
    u64 all = 0, below = 0;
    for (const auto& b : buckets_) all += b;
    for (std::size_t i = 0; i < bounds.size(); ++i)
        if (below += buckets_[i]; all && double(below) >= share * double(all)) return bounds[i];
    return all ? bounds.back() : 0;
}

void CallStats::write(std::string& to, const std::string& op) const {
    for (std::size_t i = 0; i < outcomes_.size(); ++i)
        if (u64 n = outcomes_[i]) to += "heddle_calls_total{op=\"" + label(op) + "\",outcome=\"" + code_of(Outcome(i)) + "\"} " + std::to_string(n) + "\n";
}

void CallStats::write_latency(std::string& to, const std::string& op) const {
    u64 below = 0;
    std::string name = "heddle_call_seconds", of = "op=\"" + label(op) + "\"";
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        below += buckets_[i];
        to += name + "_bucket{" + of + ",le=\"" + (i < bounds.size() ? number(bounds[i]) : "+Inf") + "\"} " + std::to_string(below) + "\n";
    }
    to += name + "_sum{" + of + "} " + number(double(nanoseconds_) * 1e-9) + "\n" + name + "_count{" + of + "} " + std::to_string(below) + "\n";
}

std::string metrics_text(const AppData& app) {
    std::string text;
    std::vector<std::pair<std::string, const Op&>> ops;
    for (const auto* all : {&app.ops, &app.provided})
        for (const auto& [ignored, op] : *all) ops.emplace_back(op.config->full_name(), op);
    head(text, "heddle_calls_total", "counter", "Calls by materializer and outcome.");
    for (const auto& [name, op] : ops) op.stats.write(text, name);
    head(text, "heddle_call_seconds", "histogram", "Time of calls, from input to output.");
    for (const auto& [name, op] : ops) op.stats.write_latency(text, name);
    head(text, "heddle_calls_running", "gauge", "Calls that run now.");
    for (const auto& [name, op] : ops) text += "heddle_calls_running{op=\"" + label(name) + "\"} " + std::to_string(op.stats.running) + "\n";
    head(text, "heddle_hostcalls_total", "counter", "Host calls made by guests.");
    for (const auto& [name, op] : ops) text += "heddle_hostcalls_total{op=\"" + label(name) + "\"} " + std::to_string(op.stats.hostcalls) + "\n";
    head(text, "heddle_dead_letters_total", "counter", "Events given up after all tries.");
    for (const auto& [name, op] : ops) text += "heddle_dead_letters_total{op=\"" + label(name) + "\"} " + std::to_string(op.stats.dead_letters) + "\n";
    auto each = [&](const char* name, const char* type, const char* help, auto value) {
        head(text, name, type, help);
        for (std::size_t i = 0; i < app.programs.size(); ++i)
            text += std::string(name) + "{program=\"" + std::to_string(i) + "\",artifact=\"" + label(app.programs[i]->artifact().label) + "\"} " + std::to_string(value(*app.programs[i])) + "\n";
    };
    each("heddle_instances_started_total", "counter", "Instances started.", [](const Program& p) { return u64(p.stats().started); });
    each("heddle_instances_start_failed_total", "counter", "Instances whose start failed.", [](const Program& p) { return u64(p.stats().start_failed); });
    each("heddle_instances_discarded_total", "counter", "Instances let go.", [](const Program& p) { return u64(p.stats().discarded); });
    each("heddle_instances_restored_total", "counter", "Instances reset to their snapshot.", [](const Program& p) { return u64(p.stats().restored); });
    each("heddle_instances_live", "gauge", "Instances now.", [](const Program& p) { return i64(p.stats().live); });
    each("heddle_calls_waiting", "gauge", "Calls that wait for an instance.", [](const Program& p) { return u64(p.waiting()); });
    return text;
}

}  // namespace heddle::wire
