#include "code.hpp"

#include <algorithm>

namespace heddle {
namespace {

constexpr std::size_t smallest_chunk = 512;  // words; the largest: 128 times as many

}  // namespace

Word* CodeStorage::allocate(std::size_t words) {
    if (words > left_) {
        // Chunks double, so that a module with one small function called stays small.
        std::size_t size = smallest_chunk << std::min<std::size_t>(chunks_.size(), 7);
        if (size < words) size = words;
        chunks_.push_back(std::make_unique_for_overwrite<Word[]>(size));
        at_ = chunks_.back().get();
        left_ = size;
    }
    Word* result = at_;
    at_ += words;
    left_ -= words;
    return result;
}

const CodeRange* CodeStorage::find(const Word* pc) {
    std::scoped_lock lock(mutex_);
    auto it = ranges_.upper_bound(pc);
    if (it == ranges_.begin()) return nullptr;
    --it;
    const CodeRange& r = it->second;
    return pc < r.from + r.words ? &r : nullptr;
}

const Word* CodeStorage::publish(FuncCode& code, std::vector<Word>& words, const std::vector<u32>& targets, CodeRange range) {
    std::scoped_lock lock(mutex_);
    const Word* stub = code.stub;
    if (const Word* entry = code.entry.load(std::memory_order_acquire); entry != stub) return entry;
    Word* to = allocate(words.size());
    for (u32 t : targets) words[t] = reinterpret_cast<Word>(to + words[t]);
    std::copy(words.begin(), words.end(), to);
    range.from = to;
    range.words = u32(words.size());
    range.code = &code;
    ranges_.emplace(to, std::move(range));
    code.entry.compare_exchange_strong(stub, to, std::memory_order_release, std::memory_order_acquire);
    return to;
}

}  // namespace heddle
