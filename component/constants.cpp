// Values into and out of components, for embedders.
#include <heddle/component_constants.hpp>

#include "instance.hpp"

namespace heddle::component {

// As the exports of an instance that belongs to nobody.
void define_value(ComponentLinker& linker, std::string name, Val value) {
    auto exports = std::make_shared<runtime::Exports>();
    runtime::Item item;
    item.sort = Sort::value;
    item.value = std::make_shared<const Val>(std::move(value));
    exports->items.emplace_back(std::move(name), std::move(item));
    linker.exports_of(ComponentInstance(nullptr, std::move(exports)));
}

std::optional<Val> find_value(const ComponentInstance& instance, std::string_view path) {
    if (const runtime::Item* item = instance.data()->find(path); item && item->value) return *item->value;
    for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {  // versions have dots too
        auto inner = instance.find_instance(path.substr(0, dot));
        if (auto found = inner ? find_value(*inner, path.substr(dot + 1)) : std::nullopt) return found;
    }
    return std::nullopt;
}

}  // namespace heddle::component
