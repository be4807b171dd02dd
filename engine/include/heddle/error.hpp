// What goes wrong while something is built from input: bytes, text, imports. Inside the library it is thrown; the API returns it as Result.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace heddle {

struct Error {
    enum class Kind {
        syntax,      // text that does not parse; offset counts bytes of the text
        malformed,   // bytes that do not decode
        invalid,     // decoded, but breaks a validation rule
        unlinkable,  // an import is missing or has another type
        limit,       // a limit of this implementation or of the configuration
        usage,       // the caller asked for something the object cannot do
        trapped,     // a call or start function trapped: the message is the trap's
        io           // the operating system said no
    };
    static constexpr std::size_t no_offset = static_cast<std::size_t>(-1);

    Kind kind = Kind::usage;
    std::string message;              // the specification's words first
    std::size_t offset = no_offset;   // where: bytes from the start of the module or text

    // "invalid: type mismatch (at offset 0x1f)"
    std::string to_string() const;
};

const char* to_string(Error::Kind k);

template <class T>
using Result = std::expected<T, Error>;

}  // namespace heddle
