// Zones: each plug-in in a Store of its own, what it may have, and what its maker has left.
//
//   Account  of a guest, or of the embedder           limits, what is reserved for plug-ins, how many there are
//     └ Account  of a plug-in ─ Zone ─ World: Store, linker, instance
//         └ …                                          at most what is left above
//
//   Holder   of a Store whose guests hold plug-ins: what each of their handles stands for
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <heddle/plugins.hpp>

#include "deadlines.hpp"
#include "derived.hpp"

namespace heddle::component::plugins {

struct Account {
    Limits limits;
    u32 depth = 0;                        // 0: of who is no plug-in
    u64 reserved = 0;                     // bytes of memory given to plug-ins
    u32 zones = 0;
    std::shared_ptr<Account> parent;
    Store* store = nullptr;               // of the guest; null: the embedder's, or it is gone
    const Store* root = nullptr;
    std::shared_ptr<Watched> watched;     // null: of who is no plug-in

    u64 memory_left() const;
    u64 fuel_left() const;
    i64 deadline() const { return watched ? watched->deadline.load() : Watched::never; }
    void reserve(u64 bytes);
    void release(u64 bytes);
    void charge(u64 fuel);
};

// A component that can be instantiated as a plug-in.
struct Code {
    heddle::Component component;
    Limits limits;
    Imports imports;
    bool may_hold_plugins = false;
};

}  // namespace heddle::component::plugins

namespace heddle::component::plugins::detail {

struct CatalogueData : std::enable_shared_from_this<CatalogueData> {
    CatalogueData(Options o, const Config& c);

    Options options;
    Engine engine;
    Deadlines deadlines;
    std::shared_ptr<Account> own;         // the embedder's, for plug-ins that it makes itself
    std::shared_ptr<runtime::ResourceType> code_type, instance_type;

    void add(std::string name, Entry entry);
    std::vector<std::string> names();
    std::expected<std::shared_ptr<const Code>, LoadError> named(const std::string& name);
    std::expected<std::shared_ptr<const Code>, LoadError> load(std::vector<u8> bytes, Entry settings);
    std::shared_ptr<runtime::ResourceType> resource_type(const std::string& interface, const std::string& resource);
    void link(ComponentLinker& linker, const heddle::Component& guest);

private:
    std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    std::map<std::string, std::shared_ptr<const Code>> loaded_;
    std::map<std::pair<std::string, std::string>, std::shared_ptr<runtime::ResourceType>> types_;
};

// A function of a plug-in.
struct ZoneFunc {
    std::string path;                     // "demo:plug/codec@1.0.0.sum"
    FunctionType type;
    std::optional<ComponentFunc> func;    // none: of a peer
    bool words = false;
};

// A derived interface's functions as one plug-in has them.
struct Binding {
    std::shared_ptr<const Derived> derived;
    std::vector<std::optional<ZoneFunc>> funcs;  // by method; of `bind`: none
};

struct World {
    explicit World(const Engine& e) : store(e), linker(e) {}
    Served served;
    Store store;
    ComponentLinker linker;
    std::optional<ComponentInstance> instance;
};

struct Zone : std::enable_shared_from_this<Zone> {
    static std::expected<std::shared_ptr<Zone>, LoadError> make(const std::shared_ptr<CatalogueData>& host, const Code& code, const Limits& wanted,
                                                                const std::shared_ptr<Account>& parent);
    static std::shared_ptr<Zone> of(std::shared_ptr<CatalogueData> host, std::shared_ptr<Peer> peer);
    ~Zone();

    std::shared_ptr<CatalogueData> host;
    std::shared_ptr<Account> account;
    std::shared_ptr<Peer> peer;           // of an instance that runs elsewhere
    std::unique_ptr<World> world;         // null: ended, or a peer
    Status::Kind state = Status::Kind::ready;
    std::string why;
    u64 fuel_used = 0;
    u32 resources = 0;                    // that its callers hold

    std::vector<ExternInfo> exports() const;
    std::optional<ZoneFunc> find(const std::string& path) const;
    // Errors: wrong_world, with both types; dead.
    std::expected<const Binding*, LoadError> bind(const std::shared_ptr<const Derived>& d);
    CallResult call(const ZoneFunc& f, std::vector<Val> args);
    // Runs the destructors of what was dropped.
    void run_drops();
    u64 memory_bytes() const { return world ? world->store.memory_bytes() : 0; }
    void close();

private:
    class Run;
    std::expected<void, LoadError> start(const Code& code);
    std::optional<CallError> refusal() const;
    CallError failure(const Error& e, u64 refused_before) const;
    void end(Status::Kind kind, std::string why_it_did);
    std::optional<ZoneFunc> find_target(const Derived& d, const std::string& name) const;

    std::vector<std::unique_ptr<Binding>> bindings_;
    bool timed_out_ = false, close_later_ = false;
};

// What a handle of a guest stands for.
struct Held {
    std::shared_ptr<const Code> code;
    std::shared_ptr<Zone> zone;
    Val resource;                         // of the zone's; else false
};

struct Holder {
    Holder(std::shared_ptr<CatalogueData> h, std::shared_ptr<Account> a) : host(std::move(h)), account(std::move(a)) {}
    ~Holder();
    // Of a Store; one that is no plug-in's gets the host's limits.
    static Holder& of(Store& store, const std::shared_ptr<CatalogueData>& host);

    std::shared_ptr<CatalogueData> host;
    std::shared_ptr<Account> account;

    u64 add(Held h);
    Held& at(u64 rep) { return held_[rep]; }
    void drop(u64 rep);
    // A guest's `own` was handed on: its handle is gone, and nothing is destroyed.
    Val take(const Val& handle);
    void clear();

private:
    std::vector<Held> held_;
    std::vector<u64> free_;
};

// A call of an instance that runs elsewhere: its caller may have to wait.
heddle::Host ask(HostCall& c, Peer& peer, const ZoneFunc& f, std::vector<Val> args, std::function<Val(CallResult)> to_value);

void add_loader(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host);
void add_values(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host);
void add_derived(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host, const std::shared_ptr<const Derived>& d);

}  // namespace heddle::component::plugins::detail
