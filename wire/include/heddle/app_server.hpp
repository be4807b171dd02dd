// An app served over HTTP: POST /op/<name> and /graphql, /healthz, /readyz, /metrics, a page at /.
//
//     auto server = heddle::wire::AppServer::start("app.toml", {}, {});            // Result<AppServer>
//     std::cout << "http://" << server->address() << "\n";
//     if (auto ok = server->reload(); !ok) std::cerr << ok.error().message;        // the old app goes on
//     server->drain(std::chrono::seconds(10));
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <heddle/wire.hpp>

namespace heddle::wire {

struct ServeOptions {
    std::string listen = {};                            // empty: as the manifest says
    std::function<void(const std::string&)> log = {};   // JSON lines: guests' messages, errors, the server's own. From any thread
    bool access = false;                                // a line for every request, too
};

class AppServer {
public:
    // Loads the app, starts every guest once, then listens. Errors: as of App::load and App::warm, and io for the address.
    static Result<AppServer> start(const std::string& manifest, AppOptions app, ServeOptions options);
    AppServer(AppServer&&) noexcept;
    ~AppServer();

    std::string address() const;                        // "127.0.0.1:8080"
    App app() const;                                    // the one in service
    // Loads the app anew, starts every guest, and switches: calls that run end on the old one. An error leaves the old one in service.
    Result<void> reload();
    // Whether the manifest or an artifact has changed since it was loaded, and the manifest asks for watching.
    bool changed() const;
    // Takes no more, ends what runs. True: everything ended by itself in time.
    bool drain(std::chrono::milliseconds at_most);
    std::chrono::milliseconds drain_time() const;       // of the manifest

private:
    struct Data;
    explicit AppServer(std::shared_ptr<Data> d);
    std::shared_ptr<Data> data_;
};

}  // namespace heddle::wire
