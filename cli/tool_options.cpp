#include "tool_options.hpp"

#include <filesystem>

#include <CLI/CLI.hpp>

namespace heddle::cli {

struct ToolOptions::Data {
    WitOptions wit;
    EmbedOptions embed;
    NewOptions make;
    UnbundleOptions unbundle;
    ComposeOptions compose;
    std::vector<std::pair<CLI::App*, ToolCommand (*)(Data&)>> commands;
};

namespace {

using Named = std::vector<std::pair<std::string, std::string>>;

// NAME=FILE; without a name, `name_of` gives it.
void add_named_files(CLI::App& app, const char* option, const char* help, Named& into, std::string (*name_of)(const std::string& file)) {
    app.add_option_function<std::vector<std::string>>(
           option,
           [&into, name_of](const std::vector<std::string>& all) {
               for (const std::string& word : all) {
                   auto equals = word.find('=');
                   if (equals == word.npos) into.emplace_back(name_of(word), word);
                   else into.emplace_back(word.substr(0, equals), word.substr(equals + 1));
               }
           },
           help)
        ->type_name("NAME=FILE")
        ->allow_extra_args(false)
        ->trigger_on_parse(false);
}

std::string stem(const std::string& file) {
    std::string name = std::filesystem::path(file).filename().string();
    return name.substr(0, name.find('.'));
}
std::string anything(const std::string&) { return "*"; }

void add_features(CLI::App& app, std::vector<std::string>& features, bool& all) {
    app.add_option("--features", features, "turn on what is @unstable under these features")->type_name("NAME,…")->delimiter(',');
    app.add_flag("--all-features", all, "turn on everything that is @unstable");
}

CLI::App* add_wit(CLI::App& app, WitOptions& o) {
    CLI::App* wit = app.add_subcommand("wit", "print a file's WIT: of a component, a package in text or binary form, or a core module with a world in it");
    wit->add_option("file", o.file, "a .wasm or .wit file, or a folder of .wit files with its dependencies in deps/")->required()->type_name("FILE");
    wit->add_option("-o,--output", o.output, "where to write (default: standard output)")->type_name("OUT");
    wit->add_flag("--binary", o.binary, "write the package in its binary form");
    add_features(*wit, o.features, o.all_features);
    return wit;
}

CLI::App* add_embed(CLI::App& component, EmbedOptions& o) {
    CLI::App* embed = component.add_subcommand("embed", "put a world into a core module");
    embed->add_option("wit", o.wit, "a .wit file, a folder of them, or a package in binary form")->required()->type_name("WIT");
    embed->add_option("module", o.module, "the core module, binary or text")->required()->type_name("MODULE");
    embed->add_option("-w,--world", o.world, "which world (default: the package's only one)")->type_name("WORLD");
    embed->add_option("--encoding", o.encoding, "how the module's strings are encoded: utf8, utf16 or compact-utf16")
        ->check(CLI::IsMember({"utf8", "utf16", "compact-utf16"}));
    embed->add_option("-o,--output", o.output, "where to write")->required()->type_name("OUT");
    add_features(*embed, o.features, o.all_features);
    return embed;
}

CLI::App* add_new(CLI::App& component, NewOptions& o) {
    CLI::App* make = component.add_subcommand("new", "make a component of a core module with a world in it");
    make->add_option("module", o.module, "the core module, binary or text")->required()->type_name("MODULE");
    add_named_files(*make, "--adapt", "a module that serves what MODULE imports from NAME (default: the file's name)", o.adapters, stem);
    make->add_option("-o,--output", o.output, "where to write")->required()->type_name("OUT");
    return make;
}

CLI::App* add_unbundle(CLI::App& component, UnbundleOptions& o) {
    CLI::App* unbundle = component.add_subcommand("unbundle", "take a component apart: its core modules as files");
    unbundle->add_option("file", o.file)->required()->type_name("FILE");
    unbundle->add_option("-d,--dir", o.folder, "where to write them")->required()->type_name("DIR");
    return unbundle;
}

CLI::App* add_compose(CLI::App& app, ComposeOptions& o) {
    CLI::App* compose = app.add_subcommand("compose", "make one component of several");
    compose->add_option("main", o.main, "the component whose exports the new one has")->required()->type_name("MAIN");
    add_named_files(*compose, "-m,--module", "a component that serves the interface NAME (default: whatever it exports)", o.parts, anything);
    compose->add_option("-o,--output", o.output, "where to write")->required()->type_name("OUT");
    return compose;
}

template <auto Member, class Data>
ToolCommand take(Data& d) {
    return std::move(d.*Member);
}

}  // namespace

ToolOptions::ToolOptions(CLI::App& app) : data_(std::make_unique<Data>()) {
    Data& d = *data_;
    CLI::App* component = app.add_subcommand("component", "make components of core modules, and take them apart");
    component->require_subcommand(1);
    d.commands = {{add_wit(app, d.wit), take<&Data::wit, Data>},
                  {add_embed(*component, d.embed), take<&Data::embed, Data>},
                  {add_new(*component, d.make), take<&Data::make, Data>},
                  {add_unbundle(*component, d.unbundle), take<&Data::unbundle, Data>},
                  {add_compose(app, d.compose), take<&Data::compose, Data>}};
}

ToolOptions::~ToolOptions() = default;

std::optional<ToolCommand> ToolOptions::parsed() const {
    for (const auto& [app, take_options] : data_->commands)
        if (app->parsed()) return take_options(*data_);
    return std::nullopt;
}

}  // namespace heddle::cli
