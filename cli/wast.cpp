// heddle wast: runs test scripts and reports passed and total per file and per directory.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "expectations.hpp"
#include "source.hpp"
#include "wast_runner.hpp"

namespace heddle::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Tally {
    std::size_t commands = 0, passed = 0, assertions = 0, assertions_passed = 0, known = 0;

    void add(const CommandResult& r, bool is_known) {
        bool asserts = is_assertion(r.kind);
        commands += 1, passed += r.passed;
        assertions += asserts, assertions_passed += asserts && r.passed;
        known += !r.passed && is_known;
    }
    void add(const Tally& t) {
        commands += t.commands, passed += t.passed, assertions += t.assertions, assertions_passed += t.assertions_passed, known += t.known;
    }
    std::size_t failures() const { return commands - passed; }
};

struct FailureLine {
    const CommandResult* result;
    const std::string* reason;  // why it is known, or null
};

struct FileReport {
    ScriptResult result;
    Tally tally;
    std::vector<FailureLine> failures;
    std::vector<std::string> unneeded;  // listed failures that did not happen
};

// Scripts in the order given, those of a directory sorted.
std::expected<std::vector<std::string>, Failure> collect(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            if (!fs::exists(path, error)) return std::unexpected(Failure{not_found, path + ": no such file or directory"});
            files.push_back(path);
            continue;
        }
        std::vector<std::string> inside;
        for (auto it = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
             !error && it != fs::recursive_directory_iterator(); it.increment(error))
            if (it->path().extension() == ".wast" && it->is_regular_file(error)) inside.push_back(it->path().string());
        if (inside.empty()) return std::unexpected(Failure{failed, path + ": no .wast file in this directory"});
        std::ranges::sort(inside);
        files.insert(files.end(), inside.begin(), inside.end());
    }
    return files;
}

// Two proposals change what WebAssembly 3.0 says of modules without them (results of tags, the types of br_on_cast). They are on only for
// scripts below a folder called `proposals`, as the official suites are laid out; every other script is held to 3.0.
Config rules_of_3_0(Config config) {
    config.stack_switching = false;
    config.custom_descriptors = false;
    return config;
}

// The scripts of the threads proposal in the specification's own suite are older: they assert that there is one memory, and that limits are
// 32 bits.
Config rules_before_3_0(Config config) {
    config.multi_memory = false;
    config.memory64 = false;
    return config;
}

struct Engines {
    Engine proposals, standard, older;

    explicit Engines(const Config& c) : proposals(c), standard(rules_of_3_0(c)), older(rules_before_3_0(c)) {}
    const Engine& of(const std::string& path) const {
        fs::path absolute = fs::absolute(path);
        auto folder = std::ranges::find(absolute, fs::path("proposals"));
        if (folder == absolute.end()) return standard;
        return *std::next(folder) == fs::path("threads") ? older : proposals;
    }
};

FileReport run_file(const Engine& engine, const std::string& path, const WastOptions& options, Expectations& expectations) {
    FileReport report{run_script(engine, path, options.script), {}, {}, {}};
    for (const CommandResult& r : report.result.commands) {
        const std::string* reason = r.passed ? nullptr : expectations.reason(path, r);
        report.tally.add(r, reason != nullptr);
        if (!r.passed) report.failures.push_back({&r, reason});
    }
    // In a shuffled order something may fail now and pass then.
    if (!options.script.seed) report.unneeded = expectations.unneeded(path);
    return report;
}

// ---- on standard output -------------------------------------------------------------------------------------------------------

void print_failure(const std::string& path, const FailureLine& f) {
    const CommandResult& r = *f.result;
    fmt::print("{} {}:{} {}\n      expected {}\n      got      {}\n", f.reason ? "known" : "FAIL ", path, r.line, r.what, r.expected, r.got);
    if (f.reason) fmt::print("      because  {}\n", *f.reason);
}

void print_failures(const FileReport& file, const WastOptions& options) {
    std::size_t limit = options.list_all ? file.failures.size() : 10, shown = 0, hidden = 0;
    for (const FailureLine& f : file.failures) {
        if (f.reason && !options.list_all) continue;
        if (shown < limit) print_failure(file.result.path, f), ++shown;
        else ++hidden;
    }
    if (hidden != 0) fmt::print("      … and {} more in {} (--all lists them)\n", hidden, file.result.path);
    for (const std::string& line : file.unneeded) fmt::print("FAIL  listed as a known failure, but passes: {}\n", line);
    if (!options.list_messages) return;
    for (const CommandResult& r : file.result.commands)
        if (r.other_words && r.passed) fmt::print("words {}:{} expected \"{}\", got \"{}\"\n", file.result.path, r.line, r.expected, r.got);
}

void print_row(const Tally& t, const std::string& name, const std::string& more = {}) {
    fmt::print("{:>9}/{:<7} {:>9}/{:<7} {}{}\n", t.passed, t.commands, t.assertions_passed, t.assertions, name, more);
}

std::map<std::string, Tally> by_directory(const std::vector<FileReport>& files) {
    std::map<std::string, Tally> directories;
    for (const FileReport& f : files) directories[fs::path(f.result.path).parent_path().string()].add(f.tally);
    return directories;
}

void print_tables(const std::vector<FileReport>& files) {
    fmt::print("\n{:>17} {:>17}\n", "commands", "assertions");
    for (const FileReport& f : files) print_row(f.tally, f.result.path, f.result.seconds >= 1 ? fmt::format("  {:.1f} s", f.result.seconds) : "");
    if (files.size() == 1) return;
    fmt::print("\nper directory\n");
    for (const auto& [name, tally] : by_directory(files)) print_row(tally, name.empty() ? "." : name);
}

// ---- as JSON ------------------------------------------------------------------------------------------------------------------

Json to_json(const Tally& t) {
    return {
        {"passed", t.passed}, {"failed", t.failures()}, {"known", t.known}, {"assertions", t.assertions}, {"assertions_passed", t.assertions_passed}};
}

Json to_json(const FailureLine& f) {
    const CommandResult& r = *f.result;
    Json j = {{"line", r.line}, {"kind", text::to_string(r.kind)}, {"command", r.what}, {"expected", r.expected}, {"got", r.got}};
    if (f.reason) j["known"] = *f.reason;
    return j;
}

Json to_json(const FileReport& f) {
    Json j = to_json(f.tally);
    j["path"] = f.result.path;
    j["seconds"] = f.result.seconds;
    j["failures"] = Json::array();
    for (const FailureLine& line : f.failures) j["failures"].push_back(to_json(line));
    j["unexpectedly_passed"] = f.unneeded;
    return j;
}

bool write_json(const std::string& path, const std::vector<FileReport>& files, const Tally& total) {
    Json j = to_json(total);
    j["directories"] = Json::object();
    for (const auto& [name, tally] : by_directory(files)) j["directories"][name] = to_json(tally);
    j["files"] = Json::array();
    for (const FileReport& f : files) j["files"].push_back(to_json(f));
    std::string text = j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
    std::FILE* out = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (!out) return false;
    bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
    return (out == stdout ? std::fflush(out) : std::fclose(out)) == 0 && written;
}

}  // namespace

int wast(const WastOptions& options) {
    auto paths = collect(options.paths);
    if (!paths) return report(paths.error());
    Expectations expectations;
    if (options.expectations) {
        auto read = Expectations::read(*options.expectations);
        if (!read) return report(read.error());
        expectations = std::move(*read);
    }
    bool quiet = options.json == "-";
    Engines engines(options.config);
    std::vector<FileReport> files;
    Tally total;
    std::size_t unneeded = 0;
    for (const std::string& path : *paths) {
        files.push_back(run_file(engines.of(path), path, options, expectations));
        total.add(files.back().tally);
        unneeded += files.back().unneeded.size();
        if (!quiet) print_failures(files.back(), options);
        std::fflush(stdout);
    }
    if (!quiet) print_tables(files);
    if (options.json && !write_json(*options.json, files, total)) return report({failed, *options.json + ": cannot be written"});
    if (!quiet) {
        if (unneeded != 0) fmt::print("\n{} known failures passed: take them off the list\n", unneeded);
        std::string known = total.known != 0 ? fmt::format(" ({} of them known)", total.known) : "";
        fmt::print("\n{} passed, {} failed{}\n", total.passed, total.failures(), known);
    }
    return total.failures() == total.known && unneeded == 0 ? ok : failed;
}

}  // namespace heddle::cli
