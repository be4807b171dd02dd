// A GraphQL document as plain data. https://spec.graphql.org/October2021/#sec-Language
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <heddle/types.hpp>

namespace heddle::wire::graphql {

struct Named;
struct Value {
    enum class Kind : u8 { variable, literal, list, object };
    Kind kind = Kind::literal;
    std::string text;                                    // variable: its name; literal: JSON text (an enum value is a string)
    std::vector<Value> items;
    std::vector<Named> fields;
};
struct Named {
    std::string first;                                   // the name
    Value second;
};
using Arguments = std::vector<Named>;

struct Directive {
    std::string name;
    Arguments arguments;
};

struct Selection {
    enum class Kind : u8 { field, spread, inline_fragment };
    Kind kind = Kind::field;
    std::string name, alias;                             // spread: the fragment's name; inline: the type it is on, or empty
    Arguments arguments;
    std::vector<Directive> directives;
    std::vector<Selection> selections;
    std::size_t at = 0;                                  // in the document, for messages

    const std::string& key() const { return alias.empty() ? name : alias; }
};

struct Variable {
    std::string name, type;                              // "[Int!]!" as written
    std::optional<Value> otherwise;
};

struct Operation {
    std::string kind = "query", name;
    std::vector<Variable> variables;
    std::vector<Selection> selections;
};

struct Fragment {
    std::string name, on;
    std::vector<Selection> selections;
};

struct Document {
    std::vector<Operation> operations;
    std::vector<Fragment> fragments;
};

struct Fault {
    std::string message;
    std::size_t at = 0;
};

// Throws Fault.
Document parse(std::string_view text);
// {"line": 1, "column": 5} of a place in the text.
std::string location(std::string_view text, std::size_t at);

}  // namespace heddle::wire::graphql
