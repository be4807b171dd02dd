// The subcommands: each takes its parsed options and gives the exit code.
#pragma once
#include "options.hpp"

namespace heddle::cli {

int run(const RunOptions& options);
int serve(const ServeOptions& options);
int serve_app(const ServeOptions& options);
int wast(const WastOptions& options);
int validate(const ValidateOptions& options);
int wat(const WatOptions& options);
int inspect(const InspectOptions& options);
int wit(const WitOptions& options);
int wit_derive(const DeriveOptions& options);
int component_embed(const EmbedOptions& options);
int component_new(const NewOptions& options);
int component_unbundle(const UnbundleOptions& options);
int compose(const ComposeOptions& options);
int replay(const ReplayOptions& options);
int call(const CallOptions& options);
int app_init(const AppInitOptions& options);
int app_check(const AppCheckOptions& options);
int app_import(const AppImportOptions& options);
int gen(const GenOptions& options);

}  // namespace heddle::cli
