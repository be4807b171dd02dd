// The program heddle: names the subcommand, nothing else.
#include "commands.hpp"

namespace {

struct Dispatch {
    int operator()(heddle::cli::ExitCode code) const { return code; }
    int operator()(const heddle::cli::RunOptions& o) const { return heddle::cli::run(o); }
    int operator()(const heddle::cli::ReplayOptions& o) const { return heddle::cli::replay(o); }
    int operator()(const heddle::cli::ServeOptions& o) const { return heddle::cli::serve(o); }
    int operator()(const heddle::cli::WastOptions& o) const { return heddle::cli::wast(o); }
    int operator()(const heddle::cli::ValidateOptions& o) const { return heddle::cli::validate(o); }
    int operator()(const heddle::cli::WatOptions& o) const { return heddle::cli::wat(o); }
    int operator()(const heddle::cli::InspectOptions& o) const { return heddle::cli::inspect(o); }
    int operator()(const heddle::cli::WitOptions& o) const { return heddle::cli::wit(o); }
    int operator()(const heddle::cli::DeriveOptions& o) const { return heddle::cli::wit_derive(o); }
    int operator()(const heddle::cli::EmbedOptions& o) const { return heddle::cli::component_embed(o); }
    int operator()(const heddle::cli::NewOptions& o) const { return heddle::cli::component_new(o); }
    int operator()(const heddle::cli::UnbundleOptions& o) const { return heddle::cli::component_unbundle(o); }
    int operator()(const heddle::cli::ComposeOptions& o) const { return heddle::cli::compose(o); }
    int operator()(const heddle::cli::CallOptions& o) const { return heddle::cli::call(o); }
    int operator()(const heddle::cli::AppInitOptions& o) const { return heddle::cli::app_init(o); }
    int operator()(const heddle::cli::AppCheckOptions& o) const { return heddle::cli::app_check(o); }
    int operator()(const heddle::cli::AppImportOptions& o) const { return heddle::cli::app_import(o); }
    int operator()(const heddle::cli::GenOptions& o) const { return heddle::cli::gen(o); }
};

}  // namespace

int main(int argc, char** argv) { return std::visit(Dispatch(), heddle::cli::parse_command_line(argc, argv)); }
