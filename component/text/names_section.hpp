// The custom section `component-name`. https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#name-section
#pragma once
#include "text/scope.hpp"

namespace heddle::component {

// Appends the section to the scope's definitions if it has any identifiers.
void put_names_section(Scope& scope, Storage& storage);

// The identifiers of one component by sort and index; nothing where a section is malformed.
struct Names {
    bool read = false;  // there was such a section, and it was well formed
    std::string_view component;
    std::unordered_map<u32, std::string_view> sorts[sort_count];
};
Names read_names_section(const Component& component);

}  // namespace heddle::component
