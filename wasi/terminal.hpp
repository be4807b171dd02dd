// wasi:cli's terminals: handles that say no more than that a standard stream is one.
#pragma once
#include "guest.hpp"

namespace heddle::wasi {

class TerminalInput final : public Resource {
public:
    static constexpr const char* wit_name = "terminal-input";
    bool has_state() const override { return false; }
};
class TerminalOutput final : public Resource {
public:
    static constexpr const char* wit_name = "terminal-output";
    bool has_state() const override { return false; }
};

// Whether standard stream n is a terminal.
bool is_terminal(Guest& g, int n);

}  // namespace heddle::wasi
