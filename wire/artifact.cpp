// Artifacts: a file's bytes, held against its sha256, loaded as what the manifest says it is.
#include <filesystem>

#include <openssl/evp.h>

#include <heddle/component_text.hpp>
#include <heddle/text.hpp>

#include "guest.hpp"
#include "plugins.hpp"

namespace heddle::wire {

namespace {

std::string sha256_hex(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest, &n, EVP_sha256(), nullptr);
    std::string hex;
    for (unsigned i = 0; i < n; ++i)
        for (unsigned half : {unsigned(digest[i]) >> 4, digest[i] & 15u}) hex += "0123456789abcdef"[half];
    return hex;
}

Config engine_config(const GuestConfig& g) {
    Config c;
    c.metering = g.limits.fuel != 0;
    c.max_memory_bytes = g.limits.memory;
    c.max_total_memory_bytes = g.limits.total_memory;
    c.max_stack_bytes = g.limits.stack;
    c.max_heap_bytes = g.limits.total_memory;
    return c;
}

bool is_text(std::string_view bytes) { return !bytes.starts_with(std::string_view("\0asm", 4)); }

std::vector<u8> assembled(const std::string& label, std::string_view text) {
    bool component = text.find("(component") < text.find("(module");
    auto bytes = component ? component::assemble(text) : text::assemble(text, {.names = true});
    if (!bytes) throw Error{bytes.error().kind, label + ":" + text::describe(text, bytes.error())};
    return *bytes;
}

bool wants_component(Kind k) { return k != Kind::core && k != Kind::core_wire; }

Error labelled(const std::string& label, Error e) {
    e.message = label + ": " + e.message;
    return e;
}

}  // namespace

std::shared_ptr<const Artifact> load_artifact(const GuestConfig& config) {
    constexpr std::size_t largest = std::size_t(256) << 20;
    std::string file = read_file(config.artifact, largest);
    auto artifact = std::make_shared<Artifact>(engine_config(config));
    artifact->label = std::filesystem::path(config.artifact).filename().string();
    artifact->bytes = file.size();
    if (!config.sha256.empty())
        if (std::string is = sha256_hex(file); is != config.sha256)
            throw Error{Error::Kind::invalid, config.artifact + ": its sha256 is " + is + ", and the manifest says " + config.sha256};
    std::vector<u8> bytes = is_text(file) ? assembled(artifact->label, file) : std::vector<u8>(file.begin(), file.end());
    bool component = component::is_component(bytes);
    if (component != wants_component(config.kind))
        throw Error{Error::Kind::invalid, config.artifact + ": is a " + (component ? "component" : "core module") + ", and kind `" + to_string(config.kind) +
                                              "` needs a " + (component ? "core module" : "component")};
    if (component) {
        auto loaded = Component::load(artifact->engine, std::move(bytes));
        if (!loaded) throw labelled(config.artifact, loaded.error());
        artifact->component = std::move(*loaded);
        artifact->plugins = catalogue_of(config);
    } else {
        auto loaded = Module::load(artifact->engine, std::move(bytes), artifact->label);
        if (!loaded) throw labelled(config.artifact, loaded.error());
        artifact->module = std::move(*loaded);
    }
    return artifact;
}

}  // namespace heddle::wire
