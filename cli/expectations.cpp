#include "expectations.hpp"

#include <charconv>

#include <fmt/format.h>

namespace heddle::cli {

namespace {

bool ends_with_path(std::string_view whole, std::string_view tail) {
    return whole.ends_with(tail) && (whole.size() == tail.size() || whole[whole.size() - tail.size() - 1] == '/');
}

bool is_refusal(text::Command::Kind k) {
    using enum text::Command::Kind;
    return k == assert_invalid || k == assert_malformed || k == assert_invalid_custom || k == assert_malformed_custom;
}

}  // namespace

std::expected<Expectations, Failure> Expectations::read(const std::string& path) {
    auto bytes = read_file(path);
    if (!bytes) return std::unexpected(bytes.error());
    return parse(std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()), path);
}

std::expected<Expectations, Failure> Expectations::parse(std::string_view text, const std::string& label) {
    Expectations result;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.empty() || line.starts_with('#')) continue;
        std::size_t space = std::min(line.find(' '), line.size());
        Entry e;
        e.path = line.substr(0, space);
        e.why = line.substr(std::min(space + 1, line.size()));
        e.at = number;
        if (std::size_t colon = e.path.rfind(':'); colon != e.path.npos) {
            const char* end = e.path.data() + e.path.size();
            auto [stop, error] = std::from_chars(e.path.data() + colon + 1, end, e.line);
            if (error != std::errc() || stop != end || e.line == 0)
                return std::unexpected(Failure{failed, fmt::format("{}:{}: no line number after the colon", label, number)});
            e.path.resize(colon);
        }
        if (e.why.empty()) return std::unexpected(Failure{failed, fmt::format("{}:{}: a known failure needs a reason", label, number)});
        result.entries_.push_back(std::move(e));
    }
    return result;
}

const std::string* Expectations::reason(const std::string& script, const CommandResult& failure) {
    for (Entry& e : entries_) {
        if (!ends_with_path(script, e.path)) continue;
        if (e.line != 0 ? e.line != failure.line : is_refusal(failure.kind)) continue;
        e.needed = true;
        return &e.why;
    }
    return nullptr;
}

std::vector<std::string> Expectations::unneeded(const std::string& script) const {
    std::vector<std::string> r;
    for (const Entry& e : entries_) {
        if (e.needed || !ends_with_path(script, e.path)) continue;
        r.push_back(fmt::format("{}{} (line {}): {}", e.path, e.line == 0 ? "" : fmt::format(":{}", e.line), e.at, e.why));
    }
    return r;
}

}  // namespace heddle::cli
