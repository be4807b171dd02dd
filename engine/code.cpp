#include "code.hpp"

#include <algorithm>

#include "hot.hpp"

namespace heddle {
namespace {

constexpr std::size_t smallest_chunk = 512;  // words; the largest: 128 times as many

}  // namespace

// Counted code is one chunk with its counts behind it, of which only what is used becomes memory.
void CodeStorage::add_chunk(std::size_t words) {
    bool counts = bool(options.profile);
    void* p = counts ? std::calloc(2 * words, sizeof(Word)) : std::malloc(words * sizeof(Word));
    if (!p) throw std::bad_alloc();
    chunks_.emplace_back(static_cast<Word*>(p));
    at_ = chunks_.back().get();
    left_ = words;
}

Word* CodeStorage::allocate(std::size_t words) {
    if (words > left_ && options.profile) {
        if (!chunks_.empty()) throw Error{Error::Kind::limit, "the module has too much code to be profiled"};
        add_chunk(counted_words);
    } else if (words > left_) {
        // Chunks double, so that a module with one small function called stays small.
        add_chunk(std::max(words, smallest_chunk << std::min<std::size_t>(chunks_.size(), 7)));
    }
    Word* result = at_;
    at_ += words;
    left_ -= words;
    return result;
}

CodeStorage::~CodeStorage() {
    if (options.profile) options.profile(profile());
}

// A line "f" begins a function; then a line for each cell: its count, its place in sequences (0 none, 1 any, 2 the last), its name.
std::string CodeStorage::profile() const {
    std::string text;
    for (const auto& [from, range] : ranges_) {
        text += "f\n";
        for (const CountedCell& c : range.counted)
            text += std::to_string(from[c.position + counted_words]) + " " + std::to_string(u32(membership(c.handler))) + " " + handler_name(c.handler) + "\n";
    }
    return text;
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
    for (const CountedCell& c : range.counted) to[c.position + counted_words + 1] = options.own(c.handler);
    range.from = to;
    range.words = u32(words.size());
    range.code = &code;
    ranges_.emplace(to, std::move(range));
    code.paid_entry.store(options.metering ? to + charge_words : to, std::memory_order_release);
    code.entry.compare_exchange_strong(stub, to, std::memory_order_release, std::memory_order_acquire);
    return to;
}

}  // namespace heddle
