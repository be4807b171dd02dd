// What `run` and `serve` grant alike: stores, configuration, a log, authorities of HTTPS, and the second wall.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <heddle/wasi_drafts.hpp>
#include <heddle/wasi_walls.hpp>

#include "program.hpp"

namespace heddle::cli {

// By the names that guests open them with.
using Stores = std::map<std::string, std::shared_ptr<wasi::KeyValue>>;
Or<Stores> open_stores(const Grants& g);

void grant_more(wasi::Context& wasi, const Grants& g, const Stores& stores);

// --landlock: `also` besides what the Context and these grants need; `network`: what looking up names and TLS need.
Or<void> raise_wall(const wasi::Context& wasi, const Grants& g, bool network, std::vector<wasi::WallPath> also = {});

}  // namespace heddle::cli
