// The tables of a component instance: indices from 1, the last one freed is taken first (guests may rely on that order), and what a handle
// stands for.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#table-state
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <heddle/engine.hpp>

#include "quota.hpp"

namespace heddle::component::runtime {

struct End;
struct Instance;
struct Subtask;
struct Task;
struct WaitableSet;

// T must have an empty value that no entry has: Table::is_free tells.
template <class T>
class Table {
public:
    Table() : entries_(1) {}
    T* get(u32 i) { return i < entries_.size() && !is_free(entries_[i]) ? &entries_[i] : nullptr; }
    // Empty: the table holds `limit` entries.
    std::optional<u32> add(T entry, u32 limit) {
        if (free_.empty()) {
            if (entries_.size() > limit) return std::nullopt;
            entries_.push_back(std::move(entry));
            return u32(entries_.size() - 1);
        }
        u32 i = free_.back();
        free_.pop_back();
        entries_[i] = std::move(entry);
        return i;
    }
    // Whether the next add() makes it longer.
    bool is_packed() const { return free_.empty(); }
    std::size_t length() const { return entries_.size(); }
    T remove(u32 i) {
        T entry = std::exchange(entries_[i], T{});
        free_.push_back(i);
        return entry;
    }
    // Calls f(index, entry) for each, in order.
    template <class F>
    void each(F f) const {
        for (u32 i = 1; i < entries_.size(); ++i)
            if (!is_free(entries_[i])) f(i, entries_[i]);
    }
    std::vector<T> clear() {
        free_.clear();
        return std::exchange(entries_, std::vector<T>(1));
    }

private:
    static bool is_free(const T& e) {
        if constexpr (std::is_pointer_v<T>) return !e;
        else return e.index() == 0;
    }

    std::vector<T> entries_;
    std::vector<u32> free_;
};

// A resource type as it was made by one instance, or by the host.
struct ResourceType {
    Instance* impl = nullptr;             // null: the host
    std::optional<Func> dtor;
    void (*host_drop)(Store& store, void* data, u64 rep) = nullptr;
    std::shared_ptr<void> data;           // for host_drop
};

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#resource-state
struct ResourceHandle {
    std::shared_ptr<ResourceType> type;
    u64 rep = 0;
    bool own = true;
    Task* scope = nullptr;                // of a borrow: must be dropped before this task returns
    u32 lends = 0;                        // calls this handle is lent to now
};

struct ErrorContext {
    std::string message;
    Charge held;
};

using Handle = std::variant<std::monostate, ResourceHandle, std::shared_ptr<Subtask>, std::shared_ptr<End>, std::shared_ptr<WaitableSet>,
                            std::shared_ptr<ErrorContext>>;

}  // namespace heddle::component::runtime
