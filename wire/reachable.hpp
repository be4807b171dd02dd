// A materializer whose running instances are reached by identity: what they export, and by which op each function is called.
#pragma once
#include <expected>
#include <string>
#include <vector>

#include <heddle/component.hpp>

#include "json.hpp"

namespace heddle::wire {

struct AppData;
struct Op;

struct Reachable {
    struct Function {
        std::string interface, name;          // "demo:count/counter@1.0.0"; empty: of the world itself
        component::FunctionType type;
        std::string op;                       // empty: none, so it cannot be called
    };
    std::string key;                          // a JSON pointer into an op's input; empty: one instance, of lifetime singleton
    std::vector<Function> functions;

    // By its path, with or without the interface's version.
    const Function* find(const std::string& path) const;
    std::vector<component::ExternInfo> exports() const;
};

// What stands against reaching instances of a materializer by identity, or nothing.
std::optional<std::string> unreachable(const std::string& name, const Op& op);
// Of one for which nothing does.
Reachable reachable(const AppData& app, const Op& op);

Json to_json(const Reachable& r);
// What is wrong with what another process said.
std::expected<Reachable, std::string> reachable_of(const Json& json);

}  // namespace heddle::wire
