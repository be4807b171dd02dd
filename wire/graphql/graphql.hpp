// GraphQL over an app: each materializer is a field of Query (effect read) or Mutation (the others).
#pragma once
#include <string>

#include "app.hpp"

namespace heddle::wire::graphql {

// Runs {"query", "variables"?, "operationName"?}; gives the whole response {"data"?, "errors"?} as JSON text. `outer`: the call that asks.
Task<std::string> run(AppData& app, CallTree& tree, CallScope* outer, Json request);

// The app's types as __schema describes them. https://spec.graphql.org/October2021/#sec-Schema-Introspection
Json introspection(const AppData& app);

// The arguments of a materializer's field are the properties of its input when that is an object type; else there is one, `input`.
bool takes_properties(const Types& types, u32 input);

}  // namespace heddle::wire::graphql
