// Values as lists of nodes, for guests that learn types at run time: heddle:plugins/values.call-tree. How a list is read, package.cpp says.
#pragma once
#include <heddle/component.hpp>

namespace heddle::component::plugins {

inline constexpr u32 most_nodes = 262'144;  // of one tree
inline constexpr u32 deepest_node = 128;    // below the root

// The variant `node`.
ValueType node_type();

// The arguments that `nodes`, a list of them, stands for. Errors: usage, with the argument's path and the node; limit.
Result<std::vector<Val>> arguments_from_tree(const Val& nodes, const FunctionType& type);
// A result as a list of nodes; none: an empty list. Errors: limit.
Result<Val> tree_from_result(const std::optional<Val>& result, const FunctionType& type);

}  // namespace heddle::component::plugins
