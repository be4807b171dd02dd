#include "units.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace heddle::cli {

namespace {

std::string lower(std::string_view s) {
    std::string r(s);
    std::ranges::transform(r, r.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return r;
}

}  // namespace

std::expected<u64, std::string> parse_size(std::string_view text) {
    u64 number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string unit = lower(std::string_view(end, std::size_t(text.data() + text.size() - end)));
    constexpr std::pair<std::string_view, unsigned> units[] = {{"", 0},    {"b", 0},  {"k", 10},   {"kib", 10}, {"kb", 10}, {"m", 20},  {"mib", 20},
                                                               {"mb", 20}, {"g", 30}, {"gib", 30}, {"gb", 30},  {"t", 40},  {"tib", 40}};
    const auto* found = std::ranges::find(units, unit, [](const auto& u) { return u.first; });
    if (error != std::errc() || found == std::end(units))
        return std::unexpected(fmt::format("`{}` is no size: write 65536, 64KiB, 64MiB or 1GiB", text));
    if (number > ~u64(0) >> found->second) return std::unexpected(fmt::format("`{}` is too large", text));
    return number << found->second;
}

std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text) {
    double number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    std::string_view unit(end, std::size_t(text.data() + text.size() - end));
    constexpr std::pair<std::string_view, double> units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    const auto* found = std::ranges::find(units, unit, [](const auto& u) { return u.first; });
    if (error != std::errc() || found == std::end(units) || !std::isfinite(number) || number < 0)
        return std::unexpected(fmt::format("`{}` is no duration: write 500ms, 2s, 1.5s or 3m", text));
    double ms = std::ceil(number * found->second);
    if (ms > 1e12) return std::unexpected(fmt::format("`{}` is too long", text));
    return std::chrono::milliseconds(i64(ms));
}

std::expected<DirGrant, std::string> parse_dir(std::string_view text) {
    DirGrant grant;
    if (text.ends_with(":ro")) {
        grant.read_only = true;
        text.remove_suffix(3);
    }
    std::size_t split = text.find("::");
    grant.host = text.substr(0, split);
    grant.guest = split == text.npos ? text : text.substr(split + 2);
    if (grant.host.empty() || grant.guest.empty()) return std::unexpected("a directory is written HOST, HOST::GUEST or HOST::GUEST:ro");
    return grant;
}

std::expected<LinkGrant, std::string> parse_link(std::string_view text) {
    LinkGrant link;
    if (std::size_t equals = text.find('='); equals != text.npos) {
        link.name = text.substr(0, equals);
        text = text.substr(equals + 1);
    }
    link.file = text;
    if (link.file.empty() || (link.name && link.name->empty())) return std::unexpected("a component to link is written FILE or NAME=FILE");
    return link;
}

std::expected<SendGrant, std::string> parse_send(std::string_view text) {
    std::size_t equals = text.find('=');
    SendGrant send{.interface = std::string(text.substr(0, equals)), .name = {}, .contract = {}};
    std::string_view rest = equals == text.npos ? std::string_view() : text.substr(equals + 1);
    std::size_t at = rest.find('@');
    send.name = rest.substr(0, at);
    if (at != rest.npos) send.contract = rest.substr(at + 1);
    bool wrong = send.interface.find('/') == std::string::npos || (equals != text.npos && send.name.empty()) || (at != rest.npos && send.contract.empty());
    if (wrong) return std::unexpected("an interface whose calls are sent is written demo:app/store, demo:app/store=Store or demo:app/store=Store@a:contract");
    return send;
}

std::expected<MessageText, std::string> parse_message(std::string_view text) {
    std::size_t space = std::min(text.size(), text.find(' '));
    if (space == 0) return std::unexpected("a message is written 'Interface.Function {\"a\": 1}'");
    return MessageText{std::string(text.substr(0, space)), std::string(text.substr(std::min(text.size(), space + 1)))};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = std::exchange(row[j], std::min({change, row[j] + 1, row[j - 1] + 1}));
        }
    }
    return row[b.size()];
}

}  // namespace heddle::cli
