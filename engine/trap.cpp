// Traps as users read them.
#include <heddle/trap.hpp>

#include <array>
#include <charconv>

namespace heddle {

const char* message(TrapCode code) {
    static constexpr const char* messages[] = {
#define TRAP(name, text) text,
#include "traps.def"
#undef TRAP
    };
    static_assert(std::size(messages) == std::size_t(TrapCode::exited) + 1);
    return messages[std::size_t(code)];
}

std::string Trap::message() const {
    if (code == TrapCode::component && !detail.empty()) return detail;
    std::string text = heddle::message(code);
    return detail.empty() ? text : text + ": " + detail;
}

namespace {

std::string frame_line(std::size_t number, const Frame& frame) {
    std::string line = "  " + std::to_string(number) + ": ";
    if (!frame.module_name.empty()) line += frame.module_name + "!";
    line += "func[" + std::to_string(frame.func_index) + "]";
    if (!frame.func_name.empty()) line += " $" + frame.func_name;
    if (frame.module_offset == 0) return line;
    std::array<char, 12> hex;
    auto end = std::to_chars(hex.data(), hex.data() + hex.size(), frame.module_offset, 16).ptr;
    return line + " @0x" + std::string(hex.data(), end);
}

std::string source_line(const SourcePlace& p) {
    std::string line = "\n       " + (p.function.empty() ? std::string("?") : p.function) + " at " + (p.file.empty() ? std::string("?") : p.file);
    if (p.line) line += ":" + std::to_string(p.line);
    if (p.line && p.column) line += ":" + std::to_string(p.column);
    return line;
}

}  // namespace

std::string Trap::to_string() const {
    std::string text = message();
    for (std::size_t i = 0; i < backtrace.size(); ++i) {
        text += "\n" + frame_line(i, backtrace[i]);
        for (const SourcePlace& p : backtrace[i].source) text += source_line(p);
    }
    if (omitted_frames) text += "\n  … and " + std::to_string(omitted_frames) + " more";
    return text;
}

}  // namespace heddle
