// Which guest is written for, and names in the languages.
#include "gen/generate.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "near.hpp"

namespace heddle::wire {

namespace gen {

namespace {

// Reserved in C, C++ or Rust.
constexpr std::string_view reserved[] = {
    "abstract", "alignas", "and", "as", "asm", "async", "auto", "await", "become", "bool", "box", "break", "case", "catch", "char", "class", "concept", "const",
    "continue", "crate", "default", "delete", "do", "double", "dyn", "else", "enum", "explicit", "export", "extern", "false", "final", "float", "fn", "for", "friend",
    "goto", "if", "impl", "in", "inline", "int", "let", "long", "loop", "macro", "match", "mod", "move", "mut", "mutable", "namespace", "new", "not", "operator", "or",
    "override", "priv", "private", "protected", "pub", "public", "ref", "register", "requires", "return", "self", "short", "signed", "sizeof", "static", "struct",
    "super", "switch", "template", "this", "throw", "trait", "true", "try", "type", "typedef", "typename", "typeof", "union", "unsafe", "unsigned", "unsized", "use",
    "using", "virtual", "void", "volatile", "where", "while", "xor", "yield", "memcpy", "memset", "main", "errno"};

std::string words(std::string_view label, bool capital_first, bool capital_rest) {
    std::string name;
    bool start = true;
    for (char c : label) {
        if (c == '-') {
            start = true;
            continue;
        }
        bool capital = start && (name.empty() ? capital_first : capital_rest);
        name += capital && c >= 'a' && c <= 'z' ? char(c - 32) : c;
        start = false;
    }
    return name;
}

}  // namespace

std::string snake(std::string_view label) {
    std::string name(label);
    std::ranges::replace(name, '-', '_');
    return std::ranges::find(reserved, name) == std::end(reserved) ? name : name + "_";
}

std::string pascal(std::string_view label) { return words(label, true, true); }
std::string camel(std::string_view label) { return words(label, false, true); }

std::string upper(std::string_view label) {
    std::string name(label);
    for (char& c : name) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? char(c - 32) : c;
    return name;
}

std::string literal(std::string_view text) { return json_string(text); }

namespace {

std::string stem(const std::string& artifact) { return std::filesystem::path(artifact).stem().string(); }

void collect(const Shapes& shapes, u32 shape, std::set<u32>& to) {
    for (const Shape::Part& p : shapes[shape].parts)
        if (shapes[shape].kind != Shape::Kind::enumeration) collect(shapes, p.shape, to);
    to.insert(shape);
}

Target target_of(const Manifest& m, const Shapes& shapes, const GuestConfig& guest) {
    Target t{m, shapes, guest, stem(guest.artifact), {}, {}, {}};
    std::set<u32> used;
    for (const OpShape& op : shapes.ops()) {
        bool own = op.config->guest->artifact == guest.artifact;
        (own ? t.own : t.others).push_back(&op);
        collect(shapes, op.input, used);
        collect(shapes, op.output, used);
    }
    t.used.assign(used.begin(), used.end());  // numbers grow from the inside out
    return t;
}

struct Language {
    std::string_view name;
    Kind kind;
    std::vector<GenFile> (*files)(const Target&);
};
std::vector<GenFile> wit_files(const Target& t) { return {{t.name + ".wit", wit_text(t.manifest, t.shapes, t.guest), false}}; }
constexpr Language languages[] = {{"c", Kind::core_wire, c_files}, {"cpp", Kind::core_wire, cpp_files}, {"js", Kind::wit_wire, js_files}, {"rust", Kind::core_wire, rust_files}, {"wit", Kind::wit, wit_files}};

const GuestConfig& find_guest(const Manifest& m, const Language& language, const std::string& name) {
    std::vector<std::string> names;
    const GuestConfig* found = nullptr;
    for (const MaterializerConfig& each : m.materializers) {
        if (each.guest->kind != language.kind) continue;
        std::string is = stem(each.guest->artifact);
        if (std::ranges::find(names, is) == names.end()) names.push_back(is);
        if (name.empty() || is == name) found = each.guest.get();
    }
    std::string kind = std::string("kind `") + to_string(language.kind) + "`, which `" + std::string(language.name) + "` is written for";
    if (names.empty()) throw Error{Error::Kind::usage, "the app has no guest of " + kind};
    if (!found) throw Error{Error::Kind::usage, "no guest of " + kind + " is called `" + name + "`" + suggestion(name, names)};
    if (name.empty() && names.size() > 1) {
        std::string all;
        for (const std::string& each : names) all += (all.empty() ? "`" : ", `") + each + "`";
        throw Error{Error::Kind::usage, "the app has several guests of " + kind + ": say which, " + all};
    }
    return *found;
}

}  // namespace

}  // namespace gen

Result<Generated> generate(const std::string& language, const std::string& manifest_path, const std::string& guest) {
    try {
        auto row = std::ranges::find(gen::languages, std::string_view(language), &gen::Language::name);
        if (row == std::end(gen::languages)) throw Error{Error::Kind::usage, "`" + language + "` is none of c, cpp, js, rust, wit"};
        std::string folder = std::filesystem::path(manifest_path).parent_path().string();
        Manifest manifest = read_manifest(read_file(manifest_path, std::size_t(8) << 20), folder.empty() ? "." : folder);
        Shapes shapes(manifest);
        return Generated{row->files(gen::target_of(manifest, shapes, gen::find_guest(manifest, *row, guest))), shapes.warnings()};
    } catch (const Error& e) {
        return std::unexpected(Error{e.kind, manifest_path + ": " + e.message, e.offset});
    }
}

}  // namespace heddle::wire
