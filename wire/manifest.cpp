// The app file read key by key. A Table gives each key once and, at its end, complains about those nobody asked for.
#include "manifest.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>

#include "events.hpp"
#include "hostcall.hpp"
#include "messages.hpp"
#include "near.hpp"
#include "nats/listener.hpp"

namespace heddle::wire {

namespace {

// An entry of grants.connect for what this process need not hold.
bool is_elsewhere(const std::string& connect) { return connect.starts_with("nats:"); }

[[noreturn]] void fail(const std::string& where, const std::string& message) { throw Error{Error::Kind::invalid, where + ": " + message}; }

template <class E>
struct Word {
    std::string_view name;
    E value;
};
constexpr Word<Kind> kind_words[] = {{"core", Kind::core}, {"core-wire", Kind::core_wire}, {"wit-wire", Kind::wit_wire},
                                     {"wit", Kind::wit},   {"reflected", Kind::reflected}, {"messages", Kind::messages}, {"http", Kind::http}};
constexpr Word<Effect> effect_words[] = {{"read", Effect::read}, {"create", Effect::create}, {"update", Effect::update}, {"delete", Effect::delete_}};
constexpr Word<Lifetime> lifetime_words[] = {{"request", Lifetime::request}, {"snapshot", Lifetime::snapshot}, {"pooled", Lifetime::pooled},
                                             {"singleton", Lifetime::singleton}, {"keyed", Lifetime::keyed}};
constexpr Word<Grants::Kv> kv_words[] = {{"none", Grants::Kv::none}, {"read", Grants::Kv::read}, {"write", Grants::Kv::write}};

template <class E, std::size_t N>
const char* name_of(const Word<E> (&words)[N], E value) {
    for (const auto& w : words)
        if (w.value == value) return w.name.data();
    return "";
}

// Units of sizes and durations, longest names first.
struct Unit {
    std::string_view name;
    u64 factor;
};
constexpr Unit size_units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1}, {"", 1}};
constexpr Unit time_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};

std::optional<u64> quantity(std::string_view text, std::span<const Unit> units) {
    u64 n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc()) return std::nullopt;
    std::string_view unit(end, std::size_t(text.data() + text.size() - end));
    for (const Unit& u : units)
        if (u.name == unit) return n > ~u64(0) / u.factor ? std::nullopt : std::optional(n * u.factor);
    return std::nullopt;
}

class Table {
public:
    Table(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
        if (!json.is_object()) fail(where_, "must be a table, there is " + excerpt(json));
    }
    // Every key must have been asked for.
    void finish() const {
        for (const auto& [key, ignored] : json_.items())
            if (std::ranges::find(asked_, key) == asked_.end()) fail(where_, "unknown key `" + key + "`" + suggestion(key, asked_));
    }
    std::string at(std::string_view key) const { return where_ + "." + std::string(key); }
    const Json* find(std::string_view key) {
        asked_.push_back(key);
        auto i = json_.find(std::string(key));
        return i == json_.end() ? nullptr : &*i;
    }
    void read(std::string_view key, std::string& to) {
        if (const Json* v = find(key)) to = text(*v, at(key));
    }
    void read(std::string_view key, bool& to) {
        const Json* v = find(key);
        if (v && !v->is_boolean()) fail(at(key), "must be true or false, there is " + excerpt(*v));
        if (v) to = v->get<bool>();
    }
    template <class N>
        requires std::is_unsigned_v<N>
    void count(std::string_view key, N& to) {
        const Json* v = find(key);
        if (v && (!v->is_number_integer() || v->get<i64>() < 0 || u64(v->get<i64>()) > std::numeric_limits<N>::max()))
            fail(at(key), "must be a whole number from 0, there is " + excerpt(*v));
        if (v) to = v->get<N>();
    }
    // 65536, or "64KiB".
    template <class N>
    void size(std::string_view key, N& to) {
        const Json* v = find(key);
        if (!v) return;
        auto n = v->is_string() ? quantity(v->get<std::string>(), size_units) : v->is_number_integer() && v->get<i64>() >= 0 ? std::optional(v->get<u64>()) : std::nullopt;
        if (!n) fail(at(key), "must be a size (65536, \"64KiB\", \"8MiB\"), there is " + excerpt(*v));
        to = N(*n);
    }
    void duration(std::string_view key, Milliseconds& to) {
        if (const Json* v = find(key)) to = read_duration(v->is_string() ? v->get<std::string>() : excerpt(*v), at(key));
    }
    void texts(std::string_view key, std::vector<std::string>& to) {
        const Json* v = find(key);
        if (!v) return;
        to.clear();
        if (!v->is_array()) fail(at(key), "must be a list of strings, there is " + excerpt(*v));
        for (const Json& each : *v) to.push_back(text(each, at(key)));
    }
    // Every key there is.
    template <class F>
    void each(F f) {
        for (const auto& [key, value] : json_.items()) {
            asked_.push_back(key);
            f(key, value);
        }
    }
    std::string text_of(const std::string& key) const { return text(json_[key], at(key)); }
    template <class F>
    void each_text(F f) {
        each([&](const std::string& key, const Json&) { f(key, text_of(key)); });
    }
    template <class E, std::size_t N>
    void word(std::string_view key, const Word<E> (&words)[N], E& to) {
        const Json* v = find(key);
        if (!v) return;
        std::string name = text(*v, at(key));
        std::vector<std::string_view> names;
        for (const auto& w : words) {
            if (w.name == name) return void(to = w.value);
            names.push_back(w.name);
        }
        fail(at(key), "`" + name + "` is none of what it can be" + suggestion(name, names));
    }
    template <class F>
    void table(std::string_view key, F read) {
        if (const Json* v = find(key)) {
            Table inner(*v, at(key));
            read(inner);
            inner.finish();
        }
    }
    const Json& json() const { return json_; }
    const std::string& where() const { return where_; }

private:
    static std::string text(const Json& v, const std::string& where) {
        if (!v.is_string()) fail(where, "must be a string, there is " + excerpt(v));
        return v.get<std::string>();
    }
    const Json& json_;
    std::string where_;
    std::vector<std::string_view> asked_;
};

void read_pool(Table& t, PoolConfig& p) {
    t.count("min", p.min);
    t.count("max", p.max);
    t.count("max_uses", p.max_uses);
    t.count("keys", p.keys);
    t.duration("idle", p.idle);
    t.duration("wait", p.wait);
    if (p.max == 0 || p.min > p.max) fail(t.where(), "`max` must be at least 1 and at least `min`");
}

void read_limits(Table& t, CallLimits& l) {
    t.duration("deadline", l.deadline);
    t.count("fuel", l.fuel);
    t.size("memory", l.memory);
    l.total_memory = std::max(l.total_memory, 2 * l.memory);
    t.size("total_memory", l.total_memory);
    t.size("stack", l.stack);
    t.count("hostcalls", l.hostcalls);
    t.count("depth", l.depth);
    t.size("json", l.json.bytes);
    t.size("string", l.json.string_bytes);
    t.count("keys", l.json.keys);
    t.count("json_depth", l.json.depth);
    t.size("log", l.log_bytes);
    t.count("async_calls", l.async_calls);
    t.count("handles", l.handles);
    t.count("tasks", l.tasks);
    t.size("host_memory", l.host_memory);
    t.size("host_copy", l.host_copy);
    if (l.depth > 64) fail(t.at("depth"), "may be 64 at most");
    if (l.json.depth > 128) fail(t.at("json_depth"), "may be 128 at most");
    if (l.async_calls == 0) fail(t.at("async_calls"), "must be at least 1");
    if (l.json.bytes > (std::size_t(1) << 30)) fail(t.at("json"), "may be 1GiB at most");
}

void read_grants(Table& t, Grants& g) {
    t.read("gql", g.gql);
    t.read("log", g.log);
    t.texts("call", g.call);
    t.texts("host", g.host);
    t.texts("http", g.http);
    t.texts("config", g.config);
    t.texts("plugins", g.plugins);
    t.texts("connect", g.connect);
    t.word("kv", kv_words, g.kv);
    t.read("kv_prefix", g.kv_prefix);
}

// {"/data" = "data:ro"}: read-only unless it ends with :rw.
void read_dirs(Table& t, const std::string& folder, std::vector<DirEntry>& dirs) {
    t.each_text([&](const std::string& guest, std::string host) {
        bool writable = host.ends_with(":rw");
        if (writable || host.ends_with(":ro")) host.resize(host.size() - 3);
        if (!guest.starts_with('/')) fail(t.at(guest), "the guest's name of a directory begins with /");
        dirs.push_back({guest, (std::filesystem::path(folder) / host).string(), !writable});
    });
}

// How messages are written: {name = "KeyValue", keys = "snake", bytes = "numbers"}.
void read_style(Table& t, std::string& name, JsonStyle& style) {
    constexpr Word<JsonStyle::Keys> key_words[] = {{"kebab", JsonStyle::Keys::kebab}, {"snake", JsonStyle::Keys::snake}, {"camel", JsonStyle::Keys::camel}};
    constexpr Word<bool> byte_words[] = {{"base64", false}, {"numbers", true}};
    t.read("name", name);
    t.word("keys", key_words, style.keys);
    t.word("bytes", byte_words, style.byte_numbers);
}

// "demo:app/store" = {messages = "bus"}: calls of the interface are messages to that materializer.
void read_sent(Table& t, const std::string& interface, GuestConfig& g) {
    SentImport to;
    to.contract.interface = interface;
    std::string link;
    t.read("messages", to.op);
    if (to.op.empty()) fail(t.where(), "`messages` is missing: the materializer that gets them");
    read_style(t, to.contract.name, to.contract.style);
    t.read("contract", to.contract.contract);
    t.read("link", link);
    if (!link.empty()) to.contract.link = link;
    to.contract = completed(std::move(to.contract));
    g.grants.call.push_back(to.op);
    g.sent.push_back(std::move(to));
}

// {"demo:app/store.get" = "store_get"}: to be served by a materializer is to be granted the call.
void read_imports(Table& t, GuestConfig& g) {
    if (g.kind == Kind::core || g.kind == Kind::core_wire) fail(t.where(), std::string("only components import functions with types, and kind `") + to_string(g.kind) + "` is a core module's");
    t.each([&](const std::string& name, const Json& to) {
        if (to.is_object()) return t.table(name, [&](Table& sent) { read_sent(sent, name, g); });
        std::string op = t.text_of(name);
        std::size_t slash = name.find('/');
        if (slash == name.npos || name.find('.', slash) == name.npos) {
            std::string whole = slash == name.npos ? "" : "; a whole interface is served as messages: {messages = \"" + op + "\"}";
            fail(t.at(name), "a function of an interface is named \"package:name/interface.function\"" + whole);
        }
        g.imports.emplace_back(name, op);
        g.grants.call.push_back(op);
    });
}

PluginConfig read_plugin(const std::string& name, const Json& json, const std::string& folder) {
    Table t(json, "plugins." + name);
    PluginConfig p;
    p.name = name;
    t.read("artifact", p.artifact);
    if (p.artifact.empty()) fail(t.where(), "`artifact` is missing: the path of a component");
    p.artifact = (std::filesystem::path(folder) / p.artifact).lexically_normal().string();
    t.size("memory", p.memory);
    t.count("fuel", p.fuel);
    t.duration("deadline", p.deadline);
    t.count("zones", p.zones);
    t.finish();
    return p;
}

// Those that the grants name.
void take_plugins(GuestConfig& g, const std::vector<PluginConfig>& all, const std::string& where) {
    std::vector<std::string> names;
    for (const PluginConfig& p : all) {
        names.push_back(p.name);
        if (std::ranges::find(g.grants.plugins, p.name) != g.grants.plugins.end() || std::ranges::find(g.grants.plugins, "*") != g.grants.plugins.end()) g.plugins.push_back(p);
    }
    for (const std::string& wanted : g.grants.plugins)
        if (wanted != "*" && std::ranges::find(names, wanted) == names.end()) fail(where, "no plug-in is called `" + wanted + "`" + suggestion(wanted, names));
    if (!g.grants.plugins.empty() && (g.kind == Kind::core || g.kind == Kind::core_wire))
        fail(where, std::string("only components hold plug-ins, and kind `") + to_string(g.kind) + "` is a core module's");
}

std::string hex_digest(std::string text, const std::string& where) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != text.npos) fail(where, "must be 64 hexadecimal digits");
    return text;
}

std::shared_ptr<const GuestConfig> read_guest(Table& t, const std::string& folder, const std::vector<PluginConfig>& plugins) {
    auto g = std::make_shared<GuestConfig>();
    t.read("artifact", g->artifact);
    if (g->artifact.empty()) fail(t.where(), "`artifact` is missing: the path of a .wasm or .wat file");
    g->artifact = (std::filesystem::path(folder) / g->artifact).lexically_normal().string();
    t.read("sha256", g->sha256);
    if (!g->sha256.empty()) g->sha256 = hex_digest(g->sha256, t.at("sha256"));
    t.word("kind", kind_words, g->kind);
    t.word("lifetime", lifetime_words, g->lifetime);
    t.read("key", g->key);
    bool has_key = t.json().contains("key");
    if (g->lifetime == Lifetime::keyed && !has_key) fail(t.where(), "lifetime `keyed` needs `key`: a JSON pointer into the input (\"/id\"), or \"user/id\"");
    if (g->lifetime != Lifetime::keyed && has_key) fail(t.at("key"), "only lifetime `keyed` has a key");
    t.table("pool", [&](Table& p) { read_pool(p, g->pool); });
    t.table("breaker", [&](Table& b) {
        b.count("failures", g->breaker.failures);
        b.duration("open", g->breaker.open);
    });
    t.table("restart", [&](Table& r) {
        r.duration("first", g->restart.first);
        r.duration("longest", g->restart.longest);
        if (g->lifetime != Lifetime::singleton) fail(r.where(), "only lifetime `singleton` is one instance that is started anew");
        if (g->restart.first > g->restart.longest) fail(r.where(), "`first` may be `longest` at most");
    });
    t.table("limits", [&](Table& l) { read_limits(l, g->limits); });
    t.table("grants", [&](Table& x) { read_grants(x, g->grants); });
    for (const std::string& c : g->grants.connect)
        if (!is_elsewhere(c)) g->grants.call.push_back(c);  // the way there is a call
    take_plugins(*g, plugins, t.at("grants.plugins"));
    t.table("env", [&](Table& e) {
        e.each_text([&](const std::string& name, std::string value) { g->env.emplace_back(name, std::move(value)); });
    });
    t.table("dirs", [&](Table& d) { read_dirs(d, folder, g->dirs); });
    t.table("imports", [&](Table& i) { read_imports(i, *g); });
    if (t.json().contains("messages") && g->kind != Kind::messages) fail(t.at("messages"), "only kind `messages` is called with them");
    t.table("messages", [&](Table& m) { read_style(m, g->messages_name, g->messages_style); });
    t.read("net", g->net);
    t.read("exact_version", g->exact_version);
    Json identity = Json::object();
    for (const char* key : {"artifact", "sha256", "kind", "lifetime", "key", "pool", "breaker", "restart", "limits", "grants", "env", "dirs", "imports", "messages", "net", "exact_version"})
        if (t.json().contains(key)) identity[key] = t.json()[key];
    g->identity = to_text(identity);
    return g;
}

void read_event(Table& t, MaterializerConfig& m) {
    EventConfig e;
    t.texts("on", e.on);
    t.count("retries", e.retries);
    t.duration("backoff", e.backoff);
    if (const Json* input = t.find("input")) e.input = to_text(*input);
    if (e.on.empty()) fail(t.where(), "`on` must name at least one event: \"timer:5s\", \"cron:*/5 * * * *\", \"nats:orders.*\"");
    for (const std::string& on : e.on)
        if (!on.starts_with("nats:")) read_schedule(on, t.at("on"));
        else if (auto wrong = nats::wrong_subject(on.substr(5))) fail(t.at("on"), "`" + on + "`: the subject " + *wrong);
    if (e.backoff.count() == 0) fail(t.at("backoff"), "must be more than 0");
    m.event = e;
}

// `data` is a table; `source` a file whose text becomes {"ty": "lambda", "source": …}.
void read_data(Table& t, const std::string& folder, MaterializerConfig& m) {
    const Json* data = t.find("data");
    Json all = data ? *data : Json::object();
    if (!all.is_object()) fail(t.at("data"), "must be a table");
    std::string source;
    t.read("source", source);
    if (!source.empty()) {
        if (!all.contains("ty")) all["ty"] = "def";
        all["source"] = read_file((std::filesystem::path(folder) / source).string(), std::size_t(4) << 20);
    }
    m.data_json = to_text(all);
}

MaterializerConfig read_materializer(const std::string& op, const Json& json, Manifest& manifest) {
    Table t(json, "materializers." + op);
    MaterializerConfig m;
    m.op = op;
    if (op.empty() || op.size() > 200 || op.find_first_of("/ \t\n\"?#%") != op.npos) fail(t.where(), "a materializer's name has no spaces, slashes or quotes, and at most 200 bytes");
    m.export_name = op;
    t.read("title", m.title);
    t.read("hash", m.hash);
    bool all_exports = t.json().value("kind", Json()) == "messages" && !t.json().contains("export");
    if (all_exports) m.export_name.clear();
    t.read("export", m.export_name);
    t.word("effect", effect_words, m.effect);
    t.texts("policy", m.policy);
    t.table("event", [&](Table& e) { read_event(e, m); });
    t.read("route", m.route.prefix);
    read_data(t, manifest.folder, m);
    m.guest = read_guest(t, manifest.folder, manifest.plugins);
    if (!m.route.prefix.empty() && m.guest->kind != Kind::http) fail(t.at("route"), "only kind `http` has a route");
    if (m.guest->kind == Kind::http && !m.route.prefix.starts_with('/')) fail(t.where(), "kind `http` needs `route`: the path it answers, \"/shop\"");
    if (const Json* type = t.find("input")) m.input = manifest.types.compile(*type, t.at("input"));
    if (const Json* type = t.find("output")) m.output = manifest.types.compile(*type, t.at("output"));
    t.finish();
    return m;
}

// One host call that a component provides. Those of `kv` have types of their own.
void read_provided(const MaterializerConfig& runtime, const std::string& name, const Json* more, Manifest& manifest) {
    std::string where = "runtimes." + runtime.runtime + ".provides." + name;
    auto row = std::ranges::find(kv_calls, name, &KvCall::name);
    bool built_in = row != std::end(kv_calls);
    if (auto wrong = built_in ? std::nullopt : wrong_provided(name)) fail(where, *wrong);
    for (const MaterializerConfig& other : manifest.provided)
        if (other.op == name) fail(where, "`" + other.runtime + "` provides it already");
    MaterializerConfig m = runtime;
    m.op = m.export_name = name;
    if (built_in) m.output = manifest.types.compile(parse_scanned(row->output), where);
    if (more) {
        Table t(*more, where);
        t.read("export", m.export_name);
        if (built_in && (more->contains("input") || more->contains("output"))) fail(where, "its types are those of the built-in one");
        if (const Json* type = t.find("input")) m.input = manifest.types.compile(*type, t.at("input"));
        if (const Json* type = t.find("output")) m.output = manifest.types.compile(*type, t.at("output"));
        t.finish();
    }
    manifest.provided.push_back(std::move(m));
}

// provides = ["kv.*", "weather"], or {weather = {input = …, output = …, export = …}}.
void read_provides(Table& t, const MaterializerConfig& runtime, Manifest& manifest) {
    const Json* provides = t.find("provides");
    if (!provides || provides->empty()) fail(t.where(), "`provides` is missing: the host calls that guests get from it, [\"kv.*\"]");
    auto each = [&](const std::string& name, const Json* more) {
        if (name != "kv.*") return read_provided(runtime, name, more, manifest);
        for (const KvCall& call : kv_calls) read_provided(runtime, std::string(call.name), more, manifest);
    };
    if (provides->is_object()) {
        for (const auto& [name, more] : provides->items()) each(name, &more);
        return;
    }
    std::vector<std::string> names;
    t.texts("provides", names);
    for (const std::string& name : names) each(name, nullptr);
}

// A component that provides host calls: one instance, unless it says otherwise.
void read_runtime(const std::string& name, const Json& json, Manifest& manifest) {
    Json with_lifetime = json;
    if (json.is_object() && !json.contains("lifetime")) with_lifetime["lifetime"] = "singleton";
    Table t(with_lifetime, "runtimes." + name);
    MaterializerConfig m;
    m.runtime = name;
    t.read("title", m.title);
    read_data(t, manifest.folder, m);
    m.guest = read_guest(t, manifest.folder, manifest.plugins);
    if (m.guest->kind == Kind::http) fail(t.at("kind"), "an HTTP handler provides no host call");
    if (m.guest->lifetime == Lifetime::keyed) fail(t.at("lifetime"), "a host call has no key");
    read_provides(t, m, manifest);
    t.finish();
}

// What [defaults] says holds where a materializer says nothing; tables are merged key by key.
Json merged(const Json& defaults, const Json& own) {
    if (!defaults.is_object() || !own.is_object()) return own;
    Json all = defaults;
    for (const auto& [key, value] : own.items()) all[key] = all.contains(key) ? merged(all[key], value) : value;
    return all;
}

void read_serve(Table& t, ServeConfig& s) {
    t.read("listen", s.listen);
    t.count("workers", s.workers);
    t.count("queue", s.queue);
    t.duration("drain", s.drain);
    t.read("user_header", s.user_header);
    t.read("page", s.page);
    t.read("graphql", s.graphql);
    t.read("metrics", s.metrics);
    t.read("watch", s.watch);
    if (s.workers > 1024) fail(t.at("workers"), "may be 1024 at most");
}

// kv = "nats:BUCKET", kv = "file.db", or a table with the path of a file.
void read_kv(Table& t, Manifest& m) {
    const Json* kv = t.find("kv");
    if (kv && kv->is_string()) t.read("kv", m.kv_path);
    else t.table("kv", [&](Table& k) { k.read("path", m.kv_path); });
    if (!m.kv_path.starts_with("nats:")) {
        if (!m.kv_path.empty()) m.kv_path = (std::filesystem::path(m.folder) / m.kv_path).string();
        return;
    }
    std::string bucket = m.kv_path.substr(5);
    if (bucket.empty() || bucket.size() > 200 || bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != bucket.npos)
        fail(t.at("kv"), "`" + m.kv_path + "`: a bucket's name has letters, digits, `-` and `_`");
}

void check_names(const Manifest& m) {
    std::vector<std::string> ops;
    for (const auto& each : m.materializers) ops.push_back(each.op);
    auto must_be = [&](const std::string& op, const std::string& where) {
        if (!m.find(op)) fail(where, "no materializer is called `" + op + "`" + suggestion(op, ops));
    };
    for (const auto& each : m.provided) {
        std::string where = "runtimes." + each.runtime;
        for (const auto& [function, op] : each.guest->imports) must_be(op, where + ".imports." + function);
        for (const SentImport& to : each.guest->sent) must_be(to.op, where + ".imports." + to.contract.interface);
    }
    for (const auto& each : m.materializers) {
        for (const std::string& policy : each.policy) must_be(policy, "materializers." + each.op + ".policy");
        for (const auto& [function, op] : each.guest->imports) must_be(op, "materializers." + each.op + ".imports." + function);
        for (const SentImport& to : each.guest->sent) must_be(to.op, "materializers." + each.op + ".imports." + to.contract.interface);
        for (const std::string& op : each.guest->grants.connect)
            if (op != "*" && !is_elsewhere(op)) must_be(op, "materializers." + each.op + ".grants.connect");
    }
}

}  // namespace

const char* to_string(Kind k) { return name_of(kind_words, k); }
const char* to_string(Effect e) { return name_of(effect_words, e); }
const char* to_string(Lifetime l) { return name_of(lifetime_words, l); }

Milliseconds read_duration(const std::string& text, const std::string& where) {
    auto n = quantity(text, time_units);
    if (!n || *n > u64(1) << 40) fail(where, "must be a duration (\"200ms\", \"5s\", \"2m\", \"1h\"), there is " + text.substr(0, 60));
    return Milliseconds(i64(*n));
}

std::string read_file(const std::string& path, std::size_t limit) {
    std::error_code error;
    auto size = std::filesystem::file_size(path, error);
    if (error) throw Error{Error::Kind::io, path + ": " + error.message()};
    if (size > limit) throw Error{Error::Kind::limit, path + ": " + std::to_string(size) + " bytes, the limit is " + std::to_string(limit)};
    std::ifstream file(path, std::ios::binary);
    std::string bytes(std::size_t(size), '\0');
    if (!file.read(bytes.data(), std::streamsize(size))) throw Error{Error::Kind::io, path + ": cannot be read"};
    return bytes;
}

const MaterializerConfig* Manifest::find(std::string_view op) const {
    auto i = std::ranges::find(materializers, op, &MaterializerConfig::op);
    return i == materializers.end() ? nullptr : &*i;
}

Manifest read_manifest(std::string_view text, const std::string& folder) {
    Json tree = manifest_tree(text);
    Table t(tree, "app");
    Manifest m;
    m.folder = folder;
    t.read("name", m.name);
    m.types.files([folder](const std::string& file) {
        std::string found = read_file((std::filesystem::path(folder) / file).string(), std::size_t(8) << 20);
        if (auto fault = scan_json(found)) throw Error{Error::Kind::syntax, file + ":" + fault->message};
        return parse_scanned(found);
    });
    if (const Json* types = t.find("types")) {
        Table check(*types, "types");
        m.types.declare(*types);
    }
    t.table("serve", [&](Table& s) { read_serve(s, m.serve); });
    read_kv(t, m);
    if (const Json* config = t.find("config")) {
        Table check(*config, "config");
        for (const auto& [key, value] : config->items()) m.config[key] = to_text(value);
    }
    if (const Json* plugins = t.find("plugins")) {
        Table check(*plugins, "plugins");
        for (const auto& [name, json] : plugins->items()) m.plugins.push_back(read_plugin(name, json, folder));
    }
    const Json* found_defaults = t.find("defaults");
    Json defaults = found_defaults ? *found_defaults : Json::object();
    Table check_defaults(defaults, "defaults");
    if (const Json* all = t.find("materializers")) {
        Table check(*all, "materializers");
        for (const auto& [op, json] : all->items()) m.materializers.push_back(read_materializer(op, merged(defaults, json), m));
    }
    if (const Json* runtimes = t.find("runtimes")) {
        Table check(*runtimes, "runtimes");
        for (const auto& [name, json] : runtimes->items()) read_runtime(name, json, m);
    }
    t.finish();
    if (m.materializers.empty()) fail("app", "there is no materializer: add [materializers.NAME] with an `artifact`");
    check_names(m);
    return m;
}

}  // namespace heddle::wire
