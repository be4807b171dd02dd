// Descriptions of a component's types for embedders: types::Types -> ValueType.
#pragma once
#include <map>

#include <heddle/component_values.hpp>

#include "types.hpp"

namespace heddle::component {

// Equal defined types described by one Describer share their trees. Depth is that of the types, which validation bounds.
class Describer {
public:
    explicit Describer(const types::Types& types) : types_(types) {}
    ValueType operator()(const types::ValType& t);
    FunctionType operator()(const types::Func& f);

private:
    ValueType structure(const types::Defined::Kind& k);

    const types::Types& types_;
    std::map<types::DefinedId, ValueType> done_;
};

}  // namespace heddle::component
