// heddle app import, heddle gen: files made from a component's types, or from an app's.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include <heddle/wire.hpp>

#include "commands.hpp"
#include "wit_files.hpp"

namespace heddle::cli {

namespace {

namespace fs = std::filesystem;

int complain(const Error& e) {
    fmt::print(stderr, "heddle: {}\n", e.message);
    return e.kind == Error::Kind::usage ? wrong_usage : failed;
}

// Glue that has not changed keeps its time, so that nothing is built again for it.
bool write(const fs::path& path, const std::string& text) {
    std::ifstream old(path, std::ios::binary);
    if (old && std::string(std::istreambuf_iterator<char>(old), {}) == text) return true;
    std::ofstream file(path, std::ios::binary);
    return bool(file << text);
}

}  // namespace

int app_import(const AppImportOptions& o) {
    std::error_code ignored;
    if (!fs::exists(o.component, ignored)) {
        fmt::print(stderr, "heddle: {}: no such file\n", o.component);
        return not_found;
    }
    // The manifest names the component as seen from where it will lie.
    fs::path folder = o.output == "-" ? fs::current_path() : fs::absolute(o.output).parent_path();
    auto text = wire::import_manifest(o.component, fs::relative(fs::absolute(o.component), folder, ignored).string());
    if (!text) return complain(text.error());
    if (o.output != "-" && fs::exists(o.output, ignored)) return complain({Error::Kind::io, o.output + ": there is one already, and it is left as it is"});
    auto written = write_file(o.output, {reinterpret_cast<const u8*>(text->data()), text->size()});
    return written ? ok : report(written.error());
}

int gen(const GenOptions& o) {
    auto made = wire::generate(o.language, o.app, o.guest);
    if (!made) return complain(made.error());
    for (const std::string& w : made->warnings) fmt::print(stderr, "{}: {}\n", o.strict ? "error" : "warning", w);
    if (o.strict && !made->warnings.empty()) return failed;
    fs::path folder = o.folder.empty() ? fs::path(o.app).parent_path() : fs::path(o.folder);
    std::error_code error;
    if (!folder.empty()) fs::create_directories(folder, error);
    for (const wire::GenFile& f : made->files) {
        fs::path path = folder / f.name;
        bool keep = f.yours && fs::exists(path, error);
        if (!keep && !write(path, f.text)) return complain({Error::Kind::io, path.string() + ": cannot be written"});
        fmt::print("{}{}\n", path.string(), keep ? " is yours and stays as it is" : f.yours ? " (yours from now on)" : "");
    }
    return ok;
}

}  // namespace heddle::cli
