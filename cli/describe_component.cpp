#include "describe_component.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <heddle/wave.hpp>

namespace heddle::cli {

using component::ExternInfo;

namespace {

constexpr std::size_t shown = 20;

void list_functions(std::span<const ExternInfo> items, const std::string& interface, std::vector<std::string>& lines) {
    for (const ExternInfo& e : items) {
        if (e.kind == ExternInfo::Kind::func) lines.push_back(fmt::format("{}: {}", wave::call_name(interface, e.name), to_string(e.func)));
        else if (e.kind == ExternInfo::Kind::instance && interface.empty()) list_functions(e.exports, e.name, lines);
    }
}

std::string first_lines(const std::vector<std::string>& lines) {
    std::string text;
    for (std::size_t i = 0; i < std::min(lines.size(), shown); ++i) text += "\n  " + lines[i];
    if (lines.size() > shown) text += fmt::format("\n  … and {} more", lines.size() - shown);
    return text;
}

std::string describe_import(const ExternInfo& i) {
    if (i.kind == ExternInfo::Kind::func) return fmt::format("{}: {}", i.name, to_string(i.func));
    if (i.kind != ExternInfo::Kind::instance) return fmt::format("{}: {}", i.name, to_string(i.kind));
    std::string names;
    for (const ExternInfo& e : i.exports) names += (names.empty() ? "" : ", ") + e.name;
    return names.empty() ? i.name : fmt::format("{}: {}", i.name, names);
}

}  // namespace

std::string describe_functions(std::span<const ExternInfo> exports) {
    std::vector<std::string> lines;
    list_functions(exports, {}, lines);
    return lines.empty() ? "; it exports no function" : "; it exports:" + first_lines(lines);
}

std::string describe_missing(std::span<const ExternInfo> missing) {
    std::vector<std::string> lines;
    for (const ExternInfo& i : missing) lines.push_back(describe_import(i));
    return fmt::format("{}{}\n  a component that exports them can be linked with --link FILE, or --link NAME=FILE",
                       missing.size() == 1 ? "1 import is not offered:" : fmt::format("{} imports are not offered:", missing.size()), first_lines(lines));
}

std::string describe_at(std::string_view text, const Error& error) {
    if (error.offset > text.size() || text.find('\n') != text.npos) return error.message;
    std::size_t column = 0;  // in characters: bytes that continue one are not counted
    for (char c : text.substr(0, error.offset)) column += (u8(c) & 0xc0) != 0x80;
    return fmt::format("{}\n  {}\n  {}^", error.message, text, std::string(column, ' '));
}

}  // namespace heddle::cli
