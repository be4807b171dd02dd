// Kind `core`: an exported function that takes and returns numbers. The input is a list of them, an object (its keys in the order of the input
// type), or one number; the output is a number, a list of several, or null.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "app.hpp"
#include "core_guest.hpp"
#include "near.hpp"

namespace heddle::wire {

namespace {

std::optional<Slot> to_slot(const Json& v, ValType type) {
    if (type == i32_type || type == i64_type) {
        if (v.is_boolean()) return Slot::of(u32(v.get<bool>()));
        if (!v.is_number_integer()) return std::nullopt;
        bool wide = type == i64_type;
        if (v.is_number_unsigned()) {
            u64 n = v.get<u64>();
            return wide || n <= 0xffffffff ? std::optional(wide ? Slot::of(n) : Slot::of(u32(n))) : std::nullopt;
        }
        i64 n = v.get<i64>();
        return wide ? std::optional(Slot::of(u64(n))) : n >= INT32_MIN ? std::optional(Slot::of(u32(n))) : std::nullopt;
    }
    if (!v.is_number()) return std::nullopt;
    if (type == f32_type) return Slot::of(v.get<float>());
    if (type == f64_type) return Slot::of(v.get<double>());
    return std::nullopt;
}

Json to_json(Slot s, ValType type) {
    if (type == i32_type) return s.as<i32>();
    if (type == i64_type) return s.as<i64>();
    return type == f32_type ? Json(s.as<f32>()) : Json(s.as<f64>());
}

bool is_number(ValType t) { return t == i32_type || t == i64_type || t == f32_type || t == f64_type; }

std::string signature(const FuncType& t) {
    std::string text = "(";
    for (std::size_t i = 0; i < t.params.size(); ++i) text += (i ? ", " : "") + to_string(t.params[i]);
    text += ") -> (";
    for (std::size_t i = 0; i < t.results.size(); ++i) text += (i ? ", " : "") + to_string(t.results[i]);
    return text + ")";
}

class SimpleGuest : public CoreGuest {
public:
    using CoreGuest::CoreGuest;

private:
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    Ended check(const InitArgs& args) const;
    std::expected<std::vector<Json>, std::string> arguments(const MaterializerConfig& op, const Json& input, const FuncType& type) const;
};

Task<Ended> SimpleGuest::do_start(const InitArgs& args) {
    Ended made = instantiate();
    co_return made.ok() ? check(args) : std::move(made);
}

Ended SimpleGuest::check(const InitArgs& args) const {
    for (const MaterializerConfig* m : args.ops) {
        auto f = instance().find_func(m->export_name);
        if (!f) {
            std::vector<std::string> names;
            for (const ExportType& e : artifact().module->exports())
                if (e.type.kind == ExternKind::func) names.push_back(e.name);
            return {Outcome::init_failed, artifact().label + ": exports no function `" + m->export_name + "`" + suggestion(m->export_name, names)};
        }
        if (!std::ranges::all_of(f->type().params, is_number) || !std::ranges::all_of(f->type().results, is_number))
            return {Outcome::init_failed, artifact().label + ": `" + m->export_name + "` has the type " + signature(f->type()) +
                                              "; kind `core` calls functions of numbers"};
    }
    return {};
}

std::expected<std::vector<Json>, std::string> SimpleGuest::arguments(const MaterializerConfig& op, const Json& input, const FuncType& type) const {
    std::vector<Json> all;
    if (input.is_array()) all.assign(input.begin(), input.end());
    else if (input.is_object()) {
        for (const Property& p : scope().tree.app->manifest.types.resolved(op.input).properties)
            if (auto v = input.find(p.name); v != input.end()) all.push_back(*v);
        if (all.size() != input.size()) return std::unexpected("an object needs an input type whose `required` gives the order of the arguments");
    } else if (!input.is_null()) all.push_back(input);
    if (all.size() != type.params.size())
        return std::unexpected("`" + op.export_name + "` takes " + std::to_string(type.params.size()) + " arguments, there are " + std::to_string(all.size()));
    return all;
}

Task<Ended> SimpleGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    auto f = instance().find_func(op.export_name);
    if (!f) co_return Ended{Outcome::no_handler, artifact().label + ": exports no function `" + op.export_name + "`"};
    const FuncType& type = f->type();
    auto args = arguments(op, parse_scanned(json), type);
    if (!args) co_return Ended{Outcome::in_json_err, args.error()};
    std::vector<Slot> slots(std::max({type.params.size(), type.results.size(), std::size_t(1)}));
    for (std::size_t i = 0; i < args->size(); ++i) {
        auto slot = to_slot((*args)[i], type.params[i]);
        if (!slot) co_return Ended{Outcome::in_json_err, "argument " + std::to_string(i + 1) + " must be an " + to_string(type.params[i]) + ", there is " + excerpt((*args)[i])};
        slots[i] = *slot;
    }
    Task<Ended> calling = call(*f, slots);
    Ended called = co_await calling;
    if (!called.ok()) co_return called;
    Json results = Json::array();
    for (std::size_t i = 0; i < type.results.size(); ++i) {
        results.push_back(to_json(slots[i], type.results[i]));
        if (results.back().is_number_float() && !std::isfinite(results.back().get<double>()))
            co_return Ended{Outcome::invalid_output, "the result is not finite, and JSON has no such number"};
    }
    co_return Ended{Outcome::ok, to_text(results.empty() ? Json() : results.size() == 1 ? results[0] : results)};
}

}  // namespace

std::unique_ptr<Guest> make_core_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<SimpleGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
