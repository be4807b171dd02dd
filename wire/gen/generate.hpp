// What `heddle gen` writes: for one guest of an app, in one language. Glue is made anew each time; files of the user are made once.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <heddle/wire.hpp>

#include "shapes.hpp"

namespace heddle::wire::gen {

// The guest that is written for: its own materializers, and those it may call.
struct Target {
    const Manifest& manifest;
    const Shapes& shapes;
    const GuestConfig& guest;
    std::string name;                    // of its files: "greet" for greet.wasm
    std::vector<const OpShape*> own, others;
    std::vector<u32> used;               // the shapes that these have, inner ones first
};

std::vector<GenFile> c_files(const Target& t);
std::vector<GenFile> cpp_files(const Target& t);
std::vector<GenFile> js_files(const Target& t);
std::vector<GenFile> rust_files(const Target& t);

// "user-name" -> "user_name", "UserName", "USER_NAME", "userName"; a word that is none's own gets a _ behind it.
std::string snake(std::string_view label);
std::string pascal(std::string_view label);
std::string upper(std::string_view label);
std::string camel(std::string_view label);
// A string literal of C, C++, Rust and JavaScript.
std::string literal(std::string_view text);

constexpr const char* glue_note = "Made by `heddle gen` from the app's types, and made anew each time: change the app, not this file.";

}  // namespace heddle::wire::gen
