// What became of one command of a script, and how errors are judged.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include <heddle/error.hpp>
#include <heddle/trap.hpp>

namespace heddle::cli {

struct Outcome {
    bool passed = true, other_words = false;
    std::string expected, got;

    static Outcome failure(std::string expected, std::string got) { return {false, false, std::move(expected), std::move(got)}; }
};

// The class of an error: text that does not parse is malformed like bytes that do not decode.
inline const char* error_class(const Error& e) { return e.kind == Error::Kind::syntax ? "malformed" : to_string(e.kind); }

// The class of an error, or of the trap that it stands for.
inline const char* class_of_end(const Error& e, const Trap& trap) {
    if (e.kind != Error::Kind::trapped) return error_class(e);
    switch (trap.code) {
        case TrapCode::stack_overflow: return "exhaustion";
        case TrapCode::uncaught_exception: return "exception";
        case TrapCode::unhandled_tag: return "suspension";
        case TrapCode::interrupted: return "timeout";
        default: return "trap";
    }
}

// Messages agree when one begins with the other. Component scripts say some things in the words of the program they were written with.
inline bool same_words(std::string_view wanted, std::string_view got) {
    constexpr std::string_view prefix = "wasm trap: ", unreachable = "wasm `unreachable` instruction executed";
    if (wanted.starts_with(prefix)) wanted.remove_prefix(prefix.size());
    if (wanted == unreachable) wanted = "unreachable";
    return got.starts_with(wanted) || (!got.empty() && wanted.starts_with(got));
}

// Something was to fail in this way, and ended with `e`; null: it did not fail. Class and words are strict.
inline Outcome judge_end(std::string_view class_name, const std::string& words, const Error* e, const Trap& trap) {
    std::string expected = std::string(class_name) + (words.empty() ? "" : ": " + words);
    if (!e) return Outcome::failure(std::move(expected), "no error");
    std::string_view got = class_of_end(*e, trap);
    if (got == class_name && same_words(words, e->message)) return {};
    return Outcome::failure(std::move(expected), std::string(got) + ": " + e->message);
}

// Something was to be refused in this way. Classes are strict; words need not agree.
inline Outcome judge_refusal(std::string_view class_name, const std::string& words, const Error* e) {
    std::string expected = std::string(class_name) + ": " + words;
    if (!e) return Outcome::failure(std::move(expected), "no error");
    std::string got = std::string(error_class(*e)) + ": " + e->message;
    if (error_class(*e) != class_name) return Outcome::failure(std::move(expected), std::move(got));
    if (same_words(words, e->message)) return {};
    return Outcome{true, true, std::move(expected), std::move(got)};
}

}  // namespace heddle::cli
