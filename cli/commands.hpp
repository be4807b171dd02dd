// The subcommands: each takes its parsed options and gives the exit code.
#pragma once
#include "options.hpp"

namespace heddle::cli {

int run(const RunOptions& options);
int wast(const WastOptions& options);
int validate(const ValidateOptions& options);
int wat(const WatOptions& options);
int inspect(const InspectOptions& options);

}  // namespace heddle::cli
