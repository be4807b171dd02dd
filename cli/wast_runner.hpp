// Runs a test script, command by command, in a Store of its own. One command's failure never stops the script.
// https://github.com/WebAssembly/spec/tree/main/interpreter#scripts
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>

namespace heddle::cli {

struct CommandResult {
    std::size_t line = 1, offset = 0;  // in the script
    text::Command::Kind kind = text::Command::Kind::module;
    bool passed = true;
    bool other_words = false;         // an error of the right kind, with another message than the script's
    std::string what, expected, got;  // said of failures and of other words
};

struct ScriptResult {
    std::string path;
    std::vector<CommandResult> commands;  // as they stand in the script
    double seconds = 0;
};

struct ScriptOptions {
    std::chrono::milliseconds timeout{60'000};  // then what runs is interrupted, and the commands after it fail
    std::optional<u64> seed;                    // the order of ready tasks is shuffled
    std::optional<u64> slice;                   // guests are parked after so much fuel, again and again; needs Config::metering
};

// Reads and runs one script. A file that cannot be read, or is no script, gives one failed command.
ScriptResult run_script(const Engine& engine, const std::string& path, const ScriptOptions& options);

// Commands that assert something; the others only prepare.
bool is_assertion(text::Command::Kind kind);

}  // namespace heddle::cli
