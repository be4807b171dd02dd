// Every component of the official suite, in text and in bytes. HEDDLE_SUITES says where the suites are.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <heddle/component_text.hpp>
#include <heddle/engine.hpp>

#include "decode.hpp"
#include "encode.hpp"

namespace heddle::component {
namespace {

namespace fs = std::filesystem;

struct Source {
    std::string where, message;
    bool malformed = false, binary = false;
    Result<std::vector<u8>> bytes;
};

void read_script(const fs::path& path, std::vector<Source>& out) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    auto script = text::parse_script(text);
    ASSERT_TRUE(script) << path;
    for (const text::Command& c : script->commands) {
        if (!c.module || !c.module->component) continue;
        Source s{path.parent_path().filename().string() + "/" + path.filename().string() + ":" + std::to_string(c.line), c.message, {}, {}, {}};
        s.malformed = c.kind == text::Command::Kind::assert_malformed;
        s.binary = c.module->form == text::ModuleSource::Form::binary;
        bool quote = c.module->form == text::ModuleSource::Form::quote;
        if (s.binary) s.bytes = c.module->bytes;
        else s.bytes = assemble(quote ? "(component " + c.module->text + ")" : c.module->text);
        out.push_back(std::move(s));
    }
}

class ComponentSuite : public ::testing::Test {
protected:
    void SetUp() override {
        const char* suites = std::getenv("HEDDLE_SUITES");
        fs::path here = fs::path(__FILE__).parent_path() / "../../../spec-tests/suites";
        fs::path folder = (suites ? fs::path(suites) : here) / "component";
        if (!fs::is_directory(folder)) {
            if (std::getenv("CI")) FAIL() << "no suite at " << folder;
            GTEST_SKIP() << "no suite at " << folder << ": see spec-tests/README.md";
        }
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.path().extension() == ".wast") read_script(entry.path(), sources_);
        ASSERT_GT(sources_.size(), 500u);
    }

    std::vector<Source> sources_;
};

// A core module in it that does not decode makes a component malformed, too.
std::optional<Error> malformed_module(const Engine& engine, const Component& c) {
    for (const Definition& d : c.definitions) {
        if (auto* m = std::get_if<CoreModule>(&d.what)) {
            auto loaded = Module::load(engine, m->bytes);
            if (!loaded && loaded.error().kind == Error::Kind::malformed) return loaded.error();
        } else if (auto* nested = std::get_if<Component>(&d.what)) {
            if (auto e = malformed_module(engine, *nested)) return e;
        }
    }
    return std::nullopt;
}

TEST_F(ComponentSuite, what_is_malformed_is_refused_and_nothing_else) {
    Engine engine;
    for (const Source& s : sources_) {
        std::optional<Error> error;
        if (!s.bytes) {
            error = s.bytes.error();
        } else {
            try {
                error = malformed_module(engine, decode(*s.bytes));
            } catch (const Error& e) {
                if (e.kind != Error::Kind::invalid) error = e;
            }
        }
        EXPECT_EQ(error.has_value(), s.malformed) << s.where << (error ? ": " + error->to_string() : ": should be refused: " + s.message);
    }
}

TEST_F(ComponentSuite, every_component_survives_encoding_and_printing) {
    std::size_t count = 0;
    for (const Source& s : sources_) {
        if (s.malformed || !s.bytes) continue;
        Component c;
        try {
            c = decode(*s.bytes);
        } catch (const Error&) {
            continue;
        }
        std::vector<u8> encoded = encode(c);
        EXPECT_TRUE(s.binary || encoded == *s.bytes) << s.where;
        auto text = print(*s.bytes);
        ASSERT_TRUE(text) << s.where << ": " << text.error().to_string();
        auto again = assemble(*text);
        ASSERT_TRUE(again) << s.where << ": " << text::describe(*text, again.error()) << "\n" << *text;
        EXPECT_TRUE(s.binary || *again == *s.bytes) << s.where;
        EXPECT_EQ(print(*again), *text) << s.where;
        ++count;
    }
    EXPECT_GT(count, 500u);
}

TEST_F(ComponentSuite, damage_gives_errors_only) {
    std::mt19937 random(11);
    for (const Source& s : sources_) {
        if (!s.bytes || s.bytes->empty()) continue;
        for (int i = 0; i < 20; ++i) {
            std::vector<u8> damaged = *s.bytes;
            if (i % 2) damaged.resize(random() % damaged.size());
            else damaged[random() % damaged.size()] ^= u8(1u << random() % 8);
            try {
                Component c = decode(damaged);
                std::vector<u8> again = encode(c);
                EXPECT_EQ(encode(decode(again)), again) << s.where;
            } catch (const Error&) {
            }
        }
    }
}

}  // namespace
}  // namespace heddle::component
