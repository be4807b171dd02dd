// What scripts do alike with core modules and with components: definitions and instances by name, and which command does what.
// https://github.com/WebAssembly/spec/tree/main/interpreter#scripts
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <heddle/text.hpp>

#include "wast_compare.hpp"
#include "wast_outcome.hpp"

namespace heddle::cli {

// Half has
//     static constexpr const char* noun = "module";
//     Result<Definition> load(const text::ModuleSource&);
//     Result<Made> make(const Definition&);                            // an instance
//     void register_as(const std::string& name, const Made&);
//     Result<Results> perform(const text::Action&);
//     std::string difference(const text::Command&, const Results&);    // from what is expected; empty: none
//     const Trap& last_trap();
template <class Half, class Definition, class Made>
class WastHalf {
public:
    Outcome execute(const text::Command& c);

protected:
    // Null: none of that name; without a name the latest.
    const Made* find_named(const std::string& name) const {
        if (name.empty()) return latest_ ? &*latest_ : nullptr;
        auto it = instances_.find(name);
        return it == instances_.end() ? nullptr : &it->second;
    }
    bool knows(const std::string& name) const { return instances_.contains(name); }
    void add_instance(const std::string& name, Made made) { instances_.insert_or_assign(name, std::move(made)); }
    static Error unknown_instance(const std::string& name) {
        std::string why = name.empty() ? fmt::format("no {} before it was instantiated", Half::noun) : "no instance $" + name;
        return {Error::Kind::usage, std::move(why), Error::no_offset};
    }

private:
    Half& half() { return static_cast<Half&>(*this); }

    Outcome define(const text::Command& c) {
        latest_definition_.reset();
        if (!c.module->name.empty()) definitions_.erase(c.module->name);
        auto definition = half().load(*c.module);
        if (!definition) return Outcome::failure(fmt::format("the {} loads", Half::noun), definition.error().to_string());
        latest_definition_ = *definition;
        if (!c.module->name.empty()) definitions_.insert_or_assign(c.module->name, *definition);
        return {};
    }
    // What follows an instantiation that failed must not run against an older instance.
    void forget(const std::string& name) {
        latest_.reset();
        if (!name.empty()) instances_.erase(name);
    }
    Outcome instantiate(const Definition& definition, const std::string& name) {
        auto made = half().make(definition);
        if (!made) return Outcome::failure(fmt::format("the {} is instantiated", Half::noun), made.error().to_string());
        latest_ = *made;
        if (!name.empty()) instances_.insert_or_assign(name, *made);
        return {};
    }
    Outcome define_and_instantiate(const text::Command& c) {
        forget(c.module->name);
        Outcome o = define(c);
        return o.passed ? instantiate(*latest_definition_, c.module->name) : o;
    }
    Outcome instantiate_defined(const text::Command& c) {
        forget(c.name);
        std::optional<Definition> definition = latest_definition_;
        if (!c.target.empty()) {
            auto it = definitions_.find(c.target);
            definition = it == definitions_.end() ? std::nullopt : std::optional(it->second);
        }
        if (!definition) return Outcome::failure(fmt::format("a {} to instantiate", Half::noun), fmt::format("no {} definition ${}", Half::noun, c.target));
        return instantiate(*definition, c.name);
    }
    Outcome register_instance(const text::Command& c) {
        const Made* made = find_named(c.name);
        if (!made) return Outcome::failure("an instance to register", unknown_instance(c.name).message);
        half().register_as(c.field, *made);
        return {};
    }
    Outcome act(const text::Command& c) {
        auto results = half().perform(*c.action);
        return results ? Outcome{} : Outcome::failure("the action returns", results.error().to_string());
    }

    Outcome assert_return(const text::Command& c) {
        auto results = half().perform(*c.action);
        if (!results) return Outcome::failure(describe(c.expected), results.error().to_string());
        std::string difference = half().difference(c, *results);
        return difference.empty() ? Outcome{} : Outcome::failure(describe(c.expected), std::move(difference));
    }
    // The action, or the instantiation, which is expected to fail.
    std::optional<Error> error_of_what_is_asserted(const text::Command& c) {
        auto error_of = [](const auto& result) { return result ? std::nullopt : std::optional(result.error()); };
        if (c.action) return error_of(half().perform(*c.action));
        auto definition = half().load(*c.module);
        return definition ? error_of(half().make(*definition)) : definition.error();
    }
    Outcome assert_ends_with(const text::Command& c, const char* class_name) {
        auto error = error_of_what_is_asserted(c);
        return judge_end(class_name, c.message, error ? &*error : nullptr, half().last_trap());
    }
    Outcome assert_refused(const text::Command& c, const char* class_name) {
        auto definition = half().load(*c.module);
        return judge_refusal(class_name, c.message, definition ? nullptr : &definition.error());
    }
    Outcome assert_unlinkable(const text::Command& c) {
        auto definition = half().load(*c.module);
        if (!definition) return Outcome::failure("unlinkable: " + c.message, definition.error().to_string());
        auto made = half().make(*definition);
        return judge_refusal("unlinkable", c.message, made ? nullptr : &made.error());
    }

    std::map<std::string, Definition, std::less<>> definitions_;
    std::optional<Definition> latest_definition_;
    std::map<std::string, Made, std::less<>> instances_;
    std::optional<Made> latest_;
};

template <class Half, class Definition, class Made>
Outcome WastHalf<Half, Definition, Made>::execute(const text::Command& c) {
    using Kind = text::Command::Kind;
    switch (c.kind) {
        case Kind::module: return define_and_instantiate(c);
        case Kind::module_definition: return define(c);
        case Kind::module_instance: return instantiate_defined(c);
        case Kind::register_: return register_instance(c);
        case Kind::action: return act(c);
        case Kind::assert_return: return assert_return(c);
        case Kind::assert_trap: return assert_ends_with(c, "trap");
        case Kind::assert_exhaustion: return assert_ends_with(c, "exhaustion");
        case Kind::assert_exception: return assert_ends_with(c, "exception");
        case Kind::assert_suspension: return assert_ends_with(c, "suspension");
        case Kind::assert_invalid:
        case Kind::assert_invalid_custom: return assert_refused(c, "invalid");
        case Kind::assert_malformed:
        case Kind::assert_malformed_custom: return assert_refused(c, "malformed");
        case Kind::assert_unlinkable: return assert_unlinkable(c);
        case Kind::thread:
        case Kind::wait: break;
    }
    return Outcome::failure("a known command", "unknown command");
}

}  // namespace heddle::cli
