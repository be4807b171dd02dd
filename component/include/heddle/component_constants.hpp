// Values that components import and export beside functions, the model's experimental part with `start` functions:
//
//   component::define_value(imports, "greeting", Val::string("hello"));          // (import "greeting" (value string))
//   auto instance = imports.instantiate(store, *component);
//   Val said = component::find_value(*instance, "said").value();                 // (export "said" (value 1))
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#value-definitions
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <heddle/component.hpp>

namespace heddle::component {

// What an import of that name gets. A value that is not of the import's type is an error of kind unlinkable when it is instantiated.
void define_value(ComponentLinker& linker, std::string name, Val value);
// An exported value: "said", or in an exported instance "demo:app/words.said". Empty: there is none.
std::optional<Val> find_value(const ComponentInstance& instance, std::string_view path);

}  // namespace heddle::component
