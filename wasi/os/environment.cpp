#include "os/environment.hpp"

#include <string_view>
#include <unistd.h>

namespace heddle::wasi::os {

std::vector<std::pair<std::string, std::string>> environment() {
    std::vector<std::pair<std::string, std::string>> all;
    for (char** e = environ; e != nullptr && *e != nullptr; ++e) {
        std::string_view entry = *e;
        std::size_t equals = entry.find('=');
        if (equals != entry.npos && equals > 0) all.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return all;
}

}  // namespace heddle::wasi::os
