// Guests as text, and apps of them in a folder of their own.
#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

#include <heddle/wire.hpp>

namespace heddle::wire::testing {

// A folder that goes when the test ends.
class Folder {
public:
    Folder() {
        static int next = 0;
        path_ = std::filesystem::temp_directory_path() / ("heddle_wire_" + std::to_string(getpid()) + "_" + std::to_string(next++));
        std::filesystem::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    std::string path() const { return path_.string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

// An app from its manifest's text and the files it names.
struct TestApp {
    Folder folder;
    std::optional<App> app;

    TestApp(std::initializer_list<std::pair<std::string, std::string>> files, const std::string& manifest, AppOptions options = {}) {
        for (const auto& [name, text] : files) folder.write(name, text);
        auto loaded = App::load(folder.write("app.toml", manifest), std::move(options));
        EXPECT_TRUE(loaded) << loaded.error().to_string();
        if (loaded) app = std::move(*loaded);
    }
    Reply call(std::string_view op, std::string_view json, const CallOptions& options = {}) const { return app->call(op, json, options); }
};

// "ok {...}" or "trap: message": both halves of a reply.
inline std::string said(const Reply& r) { return r.ok() ? "ok " + r.json : std::string(code_of(r.outcome)) + ": " + r.message; }

}  // namespace heddle::wire::testing
