// Known failures of test scripts: one line each, `path[:line] reason`. A path is matched against the end of a script's path. Without a line it
// stands for all failing commands of the file that run something: a module that must be refused is never covered by such a line.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "source.hpp"
#include "wast_runner.hpp"

namespace heddle::cli {

class Expectations {
public:
    Expectations() = default;
    static std::expected<Expectations, Failure> read(const std::string& path);
    // `label` stands before line numbers in errors.
    static std::expected<Expectations, Failure> parse(std::string_view text, const std::string& label);

    // The reason given for this failure, or null when it is not listed. Remembers that the line was needed.
    const std::string* reason(const std::string& script, const CommandResult& failure);

    // Lines that named something in `script` which did not fail, as "core/i32.wast:12 (line 3): reason".
    std::vector<std::string> unneeded(const std::string& script) const;

private:
    struct Entry {
        std::string path, why;
        std::size_t line = 0;  // 0: the whole file
        std::size_t at = 0;    // line in the expectations file
        bool needed = false;
    };
    std::vector<Entry> entries_;
};

}  // namespace heddle::cli
