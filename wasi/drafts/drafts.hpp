// What a Context grants of the drafts.
#pragma once
#include <map>

#include <heddle/wasi_drafts.hpp>

#include "bind.hpp"

namespace heddle::wasi {

struct Drafts {
    std::map<std::string, std::string> config;
    std::map<std::string, std::shared_ptr<KeyValue>> stores;
    std::function<void(LogLevel, std::string_view, std::string_view)> log;
};

void add_keyvalue_draft(Binder& b);
void add_keyvalue_draft2(Binder& b);

}  // namespace heddle::wasi
