// Edit distance, and the words around it.
#include "near.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace heddle::wire {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0u);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            std::size_t best = std::min({row[j] + 1, row[j + 1] + 1, diagonal + (a[i] != b[j])});
            diagonal = std::exchange(row[j + 1], best);
        }
    }
    return row.back();
}

std::string list(std::span<const std::string_view> known) {
    if (known.empty()) return "; there is none";
    constexpr std::size_t shown = 20;
    std::string text = "; known are ";
    for (std::size_t i = 0; i < std::min(shown, known.size()); ++i) text += (i ? ", `" : "`") + std::string(known[i]) + "`";
    return known.size() > shown ? text + ", …" : text;
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
    constexpr std::size_t longest = 100;
    std::string_view best;
    std::size_t best_distance = name.size() / 3 + 2;
    if (name.size() <= longest)
        for (std::string_view k : known)
            if (std::size_t d = edit_distance(name, k); d < best_distance) best = k, best_distance = d;
    return best.empty() ? list(known) : "; did you mean `" + std::string(best) + "`?";
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
    std::vector<std::string_view> views(known.begin(), known.end());
    return suggestion(name, views);
}

}  // namespace heddle::wire
