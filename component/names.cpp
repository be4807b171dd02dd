#include "names.hpp"

#include <algorithm>

namespace heddle::component {
namespace {

std::unexpected<std::string> error(std::string message) { return std::unexpected(std::move(message)); }
std::string in_ticks(std::string_view s) { return "`" + std::string(s) + "`"; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::optional<std::string> label_fault(std::string_view s) {
    if (is_label(s)) return std::nullopt;
    return in_ticks(s) + " is not in kebab case";
}

// Namespaces and packages: labels without capitals.
std::optional<std::string> words_fault(std::string_view s) {
    if (auto fault = label_fault(s)) return fault;
    if (std::ranges::any_of(s, is_upper)) return in_ticks(s) + " is not in lowercase kebab case";
    return std::nullopt;
}

// ---- versions

// Reads a version from the left and says what is wrong in the usual words.
class VersionReader {
public:
    explicit VersionReader(std::string_view s) : rest_(s) {}

    Parsed<Version> read() {
        if (rest_.empty()) return error("empty string, expected a semver version");
        Version v;
        number(v.major, "major", '.');
        number(v.minor, "minor", '.');
        number(v.patch, "patch", '\0');
        if (take('-')) v.prerelease = identifiers("pre-release identifier", true);
        if (take('+')) v.build = identifiers("build metadata", false);
        if (fault_.empty() && !rest_.empty()) fault_ = unexpected("after patch version number");
        if (!fault_.empty()) return error(std::move(fault_));
        return v;
    }

private:
    bool take(char c) {
        bool yes = fault_.empty() && rest_.starts_with(c);
        if (yes) rest_.remove_prefix(1);
        return yes;
    }

    std::string unexpected(const std::string& where) const {
        std::size_t n = 1;  // the whole UTF-8 sequence
        while (n < rest_.size() && (u8(rest_[n]) & 0xc0) == 0x80) ++n;
        return "unexpected character '" + std::string(rest_.substr(0, n)) + "' " + where;
    }

    void number(u64& out, const std::string& part, char separator) {
        if (!fault_.empty()) return;
        std::string where = part + " version number";
        std::size_t n = 0;
        for (; n < rest_.size() && is_digit(rest_[n]); ++n) {
            u64 digit = u64(rest_[n] - '0');
            if (out > (~u64(0) - digit) / 10) return void(fault_ = "value of " + where + " exceeds " + std::to_string(~u64(0)));
            out = out * 10 + digit;
        }
        if (n == 0) return void(fault_ = rest_.empty() ? "unexpected end of input while parsing " + where : unexpected("while parsing " + where));
        if (n > 1 && rest_[0] == '0') return void(fault_ = "invalid leading zero in " + where);
        rest_.remove_prefix(n);
        if (separator == '\0' || take(separator)) return;
        if (rest_.empty()) fault_ = "unexpected end of input after " + where + ", expected '.'";
        else fault_ = unexpected("after " + where);
    }

    // Dotted runs of letters, digits and hyphens; numbers of a pre-release have no leading zeros.
    std::string_view identifiers(const std::string& what, bool prerelease) {
        auto is_part = [](char c) { return is_digit(c) || is_lower(c) || is_upper(c) || c == '-'; };
        std::string_view all = rest_;
        do {
            std::size_t n = 0;
            while (n < rest_.size() && is_part(rest_[n])) ++n;
            std::string_view part = rest_.substr(0, n);
            if (n == 0) return fault_ = "empty identifier segment in " + what, all;
            if (prerelease && n > 1 && part[0] == '0' && std::ranges::all_of(part, is_digit)) return fault_ = "invalid leading zero in " + what, all;
            rest_.remove_prefix(n);
        } while (take('.'));
        return all.substr(0, all.size() - rest_.size());
    }

    std::string_view rest_;
    std::string fault_;
};

std::string_view take_part(std::string_view& rest) {
    std::size_t dot = std::min(rest.find('.'), rest.size());
    std::string_view part = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    return part;
}

// https://semver.org/#spec-item-11: numbers by value and below words, words by their bytes, fewer parts below more.
std::weak_ordering compare_prereleases(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return b.size() <=> a.size();  // a release comes after its pre-releases
    while (!a.empty() && !b.empty()) {
        std::string_view x = take_part(a), y = take_part(b);
        bool x_number = std::ranges::all_of(x, is_digit), y_number = std::ranges::all_of(y, is_digit);
        if (x_number != y_number) return x_number ? std::weak_ordering::less : std::weak_ordering::greater;
        if (x_number && x.size() != y.size()) return x.size() <=> y.size();
        if (auto c = x <=> y; c != 0) return c;
    }
    return a.size() <=> b.size();
}

// ---- names

// Cuts what stands before any of the stops.
std::string_view take_until(std::string_view& rest, std::string_view stops) {
    std::size_t n = std::min(rest.find_first_of(stops), rest.size());
    std::string_view word = rest.substr(0, n);
    rest.remove_prefix(n);
    return word;
}

Parsed<ParsedName> interface_name(std::string_view name) {
    ParsedName p;
    p.kind = ParsedName::Kind::interface;
    std::string_view rest = name;
    if (auto fault = words_fault(take_until(rest, ":"))) return error(*fault);
    rest.remove_prefix(1);
    if (auto fault = words_fault(take_until(rest, ":/@"))) return error(*fault);
    if (!rest.starts_with('/')) return error("expected `/` after package name");
    p.package = name.substr(0, name.size() - rest.size());
    rest.remove_prefix(1);
    p.interface = take_until(rest, "/:@");
    if (auto fault = label_fault(p.interface)) return error(*fault);
    if (rest.empty()) return p;
    if (rest[0] != '@') return error("trailing characters found: " + in_ticks(rest));
    p.version = rest.substr(1);
    if (!is_canonical_version(p.version))
        if (auto v = parse_version(p.version); !v) return error(std::move(v.error()));
    return p;
}

Parsed<ParsedName> annotated_name(ParsedName::Kind kind, std::string_view rest) {
    ParsedName p;
    p.kind = kind;
    std::size_t dot = kind == ParsedName::Kind::constructor ? rest.size() : rest.find('.');
    if (dot == rest.npos) return error("failed to find `.` character");
    p.resource = rest.substr(0, dot);
    if (auto fault = label_fault(p.resource)) return error(*fault);
    if (kind == ParsedName::Kind::constructor) return p;
    p.label = rest.substr(dot + 1);
    if (auto fault = label_fault(p.label)) return error(*fault);
    return p;
}

}  // namespace

std::weak_ordering operator<=>(const Version& a, const Version& b) {
    if (auto c = a.major <=> b.major; c != 0) return c;
    if (auto c = a.minor <=> b.minor; c != 0) return c;
    if (auto c = a.patch <=> b.patch; c != 0) return c;
    return compare_prereleases(a.prerelease, b.prerelease);
}

Parsed<Version> parse_version(std::string_view s) { return VersionReader(s).read(); }

std::string_view canonical_version(std::string_view version) {
    std::size_t end = 0;
    for (int part = 0; part < 3; ++part) {
        std::size_t from = part == 0 ? 0 : end + 1;
        end = from;
        while (end < version.size() && is_digit(version[end])) ++end;
        if (version.substr(from, end - from) != "0" || end == version.size() || version[end] != '.') break;
    }
    return version.substr(0, end);
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#-canonical-interface-name
bool is_canonical_version(std::string_view s) {
    std::string_view rest = s;
    int zeros = 0;
    while (rest.starts_with("0.") && zeros < 2) rest.remove_prefix(2), ++zeros;
    if (rest.empty() || !std::ranges::all_of(rest, is_digit)) return false;
    return rest[0] != '0' || (zeros == 2 && rest == "0");
}

Parsed<ParsedName> parse_extern_name(std::string_view name) {
    using Kind = ParsedName::Kind;
    constexpr std::pair<std::string_view, Kind> annotations[] = {
        {"[constructor]", Kind::constructor}, {"[method]", Kind::method}, {"[static]", Kind::static_}};
    for (auto [prefix, kind] : annotations)
        if (name.starts_with(prefix)) return annotated_name(kind, name.substr(prefix.size()));
    if (name.contains(':')) return interface_name(name);
    if (auto fault = label_fault(name)) return error(*fault);
    ParsedName p;
    p.label = name;
    return p;
}

std::string uniqueness_key(std::string_view name) {
    std::string lower(name);
    for (char& c : lower)
        if (is_upper(c)) c = char(c | 32);
    for (std::string_view prefix : {"[method]", "[static]"}) {
        if (!lower.starts_with(prefix)) continue;
        std::string_view rest = std::string_view(lower).substr(prefix.size());
        std::size_t dot = rest.find('.');
        if (dot != rest.npos && rest.substr(0, dot) == rest.substr(dot + 1)) rest = rest.substr(0, dot);
        return std::string(rest);
    }
    return lower;
}

std::string matching_key(std::string_view name) {
    auto p = parse_extern_name(name);
    if (!p || p->version.empty()) return std::string(name);
    if (!is_canonical_version(p->version)) {
        auto v = parse_version(p->version);
        if (!v || !v->prerelease.empty()) return std::string(name);
    }
    return std::string(p->package) + "/" + std::string(p->interface) + "@" + std::string(canonical_version(p->version));
}

bool names_match(std::string_view wanted, std::string_view offered) { return wanted == offered || matching_key(wanted) == matching_key(offered); }

}  // namespace heddle::component
