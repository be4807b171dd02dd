#include "reachable.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "app.hpp"
#include "type_json.hpp"

namespace heddle::wire {

namespace {

using component::ExternInfo;

// "demo:app/cart@1.0.0.add" without its version.
std::string plain(const std::string& path) {
    auto at = path.find('@');
    if (at == path.npos) return path;
    auto method = path.find('[', at);  // "[method]r.name" has a dot too
    auto dot = method == path.npos ? path.rfind('.') : method - 1;
    return dot < at ? path : path.substr(0, at) + path.substr(dot);
}
std::string path_of(const Reachable::Function& f) { return f.interface.empty() ? f.name : f.interface + "." + f.name; }

std::string text(const Json& json, const char* key) { return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string(); }

void collect(const std::vector<ExternInfo>& exports, const std::string& interface, std::vector<Reachable::Function>& to) {
    for (const ExternInfo& e : exports) {
        if (e.kind == ExternInfo::Kind::func) to.push_back({interface, e.name, e.func, {}});
        if (e.kind == ExternInfo::Kind::instance && interface.empty()) collect(e.exports, e.name, to);
    }
}

}  // namespace

const Reachable::Function* Reachable::find(const std::string& path) const {
    auto at = std::ranges::find_if(functions, [&](const Function& f) { return plain(path_of(f)) == plain(path); });
    return at == functions.end() ? nullptr : &*at;
}

std::vector<ExternInfo> Reachable::exports() const {
    std::vector<ExternInfo> all;
    for (const Function& f : functions) {
        ExternInfo info{f.name, ExternInfo::Kind::func, f.type, std::nullopt, {}};
        if (f.interface.empty()) {
            all.push_back(std::move(info));
            continue;
        }
        auto at = std::ranges::find(all, f.interface, &ExternInfo::name);
        if (at == all.end()) at = all.insert(all.end(), {f.interface, ExternInfo::Kind::instance, {}, std::nullopt, {}});
        at->exports.push_back(std::move(info));
    }
    return all;
}

std::optional<std::string> unreachable(const std::string& name, const Op& op) {
    const GuestConfig& g = *op.config->guest;
    if (g.kind != Kind::reflected) return "only instances of kind `reflected` are called with types";
    if (g.lifetime != Lifetime::singleton && g.lifetime != Lifetime::keyed)
        return "`" + name + "` has lifetime `" + to_string(g.lifetime) + "`: only singleton and keyed instances are reached by identity";
    if (g.lifetime == Lifetime::keyed && !g.key.starts_with('/')) return "the key of `" + name + "` is the end user's (key = \"" + g.key + "\")";
    return std::nullopt;
}

Reachable reachable(const AppData& app, const Op& op) {
    Reachable r;
    if (op.config->guest->lifetime == Lifetime::keyed) r.key = op.config->guest->key;
    collect(op.program->artifact().component->exports(), {}, r.functions);
    for (Reachable::Function& f : r.functions)
        for (const auto& [name, other] : app.ops)  // of the same instances, that which is this function
            if (f.op.empty() && other.program == op.program && plain(other.config->export_name) == plain(path_of(f))) f.op = name;
    return r;
}

Json to_json(const Reachable& r) {
    Json functions = Json::array();
    for (const auto& f : r.functions) {
        Json one{{"name", f.name}, {"type", type_json(f.type)}};
        if (!f.interface.empty()) one["interface"] = f.interface;
        if (!f.op.empty()) one["op"] = f.op;
        functions.push_back(std::move(one));
    }
    Json json{{"functions", std::move(functions)}};
    if (!r.key.empty()) json["key"] = r.key;
    return json;
}

std::expected<Reachable, std::string> reachable_of(const Json& json) {
    if (!json.is_object() || !json.contains("functions") || !json["functions"].is_array()) return std::unexpected("it does not say which functions there are");
    Reachable r;
    r.key = text(json, "key");
    if (!r.key.empty() && !r.key.starts_with('/')) return std::unexpected("its key is no JSON pointer: " + r.key.substr(0, 60));
    for (const Json& one : json["functions"]) {
        if (!one.is_object() || text(one, "name").empty() || !one.contains("type")) return std::unexpected("no function: " + excerpt(one));
        auto type = function_type_of(one["type"]);
        if (!type) return std::unexpected("`" + text(one, "name").substr(0, 60) + "`: " + type.error());
        r.functions.push_back({text(one, "interface"), text(one, "name"), std::move(*type), text(one, "op")});
    }
    return r;
}

}  // namespace heddle::wire
