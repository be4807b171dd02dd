// What running a core module and running a component have in common: what is granted, and how an end is told.
#pragma once
#include <expected>
#include <string>
#include <utility>

#include <heddle/trap.hpp>
#include <heddle/wasi.hpp>
#include <heddle/wasi_walls.hpp>

#include "options.hpp"
#include "source.hpp"

namespace heddle::cli {

template <class T>
using Or = std::expected<T, Failure>;

inline std::unexpected<Failure> fail(ExitCode code, std::string message) { return std::unexpected(Failure{code, std::move(message)}); }

// Arguments, environment, directories and listeners, as the options say.
void grant(wasi::Context& wasi, const RunOptions& options, const std::string& label);

// Whether the guest may do anything that looks names up or checks certificates.
bool uses_network(const RunOptions& options);
// What heddle itself still opens while the guest runs.
std::vector<wasi::WallPath> other_files(const RunOptions& options);

// Says which ports were chosen for listeners that asked for any. Called when they are open.
void announce_ports(const wasi::Context& wasi, const RunOptions& options);

// --coredump: asked for before the guest runs; written after its trap. That it cannot be written is said on stderr.
void keep_core_dumps(Store& store, const RunOptions& options);
void write_core_dump(const Store& store, const RunOptions& options);

// The guest's exit code when it ended by itself, or what stopped it.
Or<int> ended(const std::string& label, const Trap& trap, const RunOptions& options, bool timed_out);

// The guest's exit code, or what kept it from running to its end.
Or<int> run_component(const RunOptions& options, const Engine& engine, Source source);

}  // namespace heddle::cli
