// Where a module's translated code lives, and what is known about it: which function a pc belongs to, and where exceptions are caught.
// Code is never moved or changed once a FuncCode's entry points to it.
#pragma once
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "handlers.hpp"
#include "instr.hpp"
#include "runtime.hpp"

namespace heddle {

inline constexpr u32 no_clause = ~0u, no_try = ~0u;

// One clause: the exception's values go to `slot` and up, then its reference if the kind says so, then to `target`. A legacy catch keeps the
// reference below the values, for rethrow.
struct CatchClause {
    Catch::Kind kind;
    u32 tag = 0;
    u32 slot = 0;
    u32 target = 0;        // word of the function's code
    bool is_legacy = false;
    u32 next = no_clause;  // of the same try
};

// The words [from, to) of a try_table, or of a try up to its handlers. Of the ranges around a pc, the innermost is the last in its function's
// list.
struct TryRange {
    u32 from = 0, to = 0;
    u32 clause = no_clause;  // the first
    bool delegates = false;  // exceptions go on …
    u32 to_try = no_try;     // … at this range, or leave the function
};

// A loop with pinned locals: whoever goes on at its first cell without its registers goes on at `resume`, which fills them.
struct PinnedLoop {
    u32 first, resume;
};

struct CountedCell {
    u32 position;  // of its first word
    u16 handler;   // its HandlerId
};

struct CodeRange {
    const Word* from = nullptr;
    u32 words = 0;
    FuncCode* code = nullptr;
    std::vector<TryRange> tries;
    std::vector<CatchClause> clauses;
    std::vector<PinnedLoop> pinned;  // in ascending order
    std::vector<CountedCell> counted;
};

// How a module's code is made.
struct CodeOptions {
    bool metering = false;         // code charges fuel
    bool superinstructions = true;
    u32 copies = 1;                // of hot handlers, used in turn
    std::function<void(const std::string&)> profile = {};  // if set, cells count how often they run; gets the counts at the end
    Word own(HandlerId id) const { return handler_word(metering ? metered_id(id) : id); }  // what a cell runs that no sequence covers
};

// Beside each counted cell, at this distance in words, lie its count and its handler.
inline constexpr std::size_t counted_words = std::size_t(1) << 24;

struct CodeStorage {
    explicit CodeStorage(const CodeOptions& o) : options(o) {}
    ~CodeStorage();
    CodeStorage(const CodeStorage&) = delete;
    CodeStorage& operator=(const CodeStorage&) = delete;

    const CodeOptions options;

    // The function whose translated code holds pc, or null. The result stays valid.
    const CodeRange* find(const Word* pc);
    // Takes over a function's code unless another thread was faster: `words` with their branch targets, given by position in `targets`
    // as word numbers, made absolute. Gives the function's entry.
    const Word* publish(FuncCode& code, std::vector<Word>& words, const std::vector<u32>& targets, CodeRange range);

private:
    struct Free {
        void operator()(Word* w) const { std::free(w); }
    };
    Word* allocate(std::size_t words);
    void add_chunk(std::size_t words);
    std::string profile() const;

    std::mutex mutex_;
    std::vector<std::unique_ptr<Word[], Free>> chunks_;
    std::size_t left_ = 0;
    Word* at_ = nullptr;
    std::map<const Word*, CodeRange> ranges_;
};

}  // namespace heddle
