// The text format of components: text to bytes and bytes to text. Text always becomes bytes first; nothing else reads it.
//
//     auto bytes = heddle::component::assemble("(component (core module $m) (core instance (instantiate $m)))");
//     if (!bytes) std::cerr << heddle::text::describe(source, bytes.error());
//     auto text = heddle::component::print(*bytes);
//     if (heddle::component::is_component(*bytes)) …
//
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/text.hpp>

namespace heddle::component {

// `(component …)`, `(component binary …)`, `(component quote …)`, or just a component's definitions, as bytes. Errors: kind syntax for text
// that is malformed. Only text is checked here: the bytes may be an invalid component.
Result<std::vector<u8>> assemble(std::string_view text, const text::AssembleOptions& options = {});

// The text of any component that decodes, valid or not. assemble(print(b)) gives b again when b was made by assemble without names.
Result<std::string> print(std::span<const u8> wasm, const text::PrintOptions& options = {});

// Do the bytes begin like a component's (and not like a core module's)?
bool is_component(std::span<const u8> bytes);

}  // namespace heddle::component
