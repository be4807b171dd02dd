// WIT named on the command line: a file, a folder with its dependencies, or a package in binary form.
#pragma once
#include <heddle/component_tools.hpp>

#include "source.hpp"

namespace heddle::cli {

// A folder is one package: its *.wit files, and in deps/ its dependencies, each a file or a folder. Failures: as files, and WIT that does not parse.
std::expected<component::tools::WitOf, Failure> read_wit_path(const std::string& path, const wit::Options& options);

// Writes a file, or standard output for "-".
std::expected<void, Failure> write_file(const std::string& path, std::span<const u8> bytes);

}  // namespace heddle::cli
