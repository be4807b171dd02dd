// Resources of a running instance that other guests of this process hold. A guest's handle stands for a number in the instance's table, and is nothing
// that touches the instance's Store: that is done in the instance's own turn.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <heddle/component_values.hpp>

namespace heddle::wire {

// What one instance has given away; shared with the handles.
class Lent {
public:
    static constexpr std::size_t most = 4096;

    // ---- in the instance's turn
    // Nothing: there are too many.
    std::optional<u64> keep(component::Val own);
    const component::Val* find(u64 number) const;
    component::Val take(u64 number);
    // Those whose handles have gone are dropped: the destructors run with the next call.
    void drop_gone();

    // ---- from any thread
    void gone(u64 number);
    // The instance ends: what is held is nothing any more.
    void end();
    bool ended() const;

private:
    mutable std::mutex mutex_;
    std::map<u64, component::Val> held_;
    std::vector<u64> gone_;
    u64 last_ = 0;
    bool ended_ = false;
};

// A handle of another guest; its last copy gives the resource back.
class LentHandle final : public component::HostHandle {
public:
    LentHandle(std::shared_ptr<Lent> of, u64 number) : of(std::move(of)), number(number) {}
    ~LentHandle() override { of->gone(number); }
    const std::shared_ptr<Lent> of;
    const u64 number;
};

// What goes beside the JSON of a call, where that says numbers: handles by their place here.
struct Passed {
    std::vector<component::Val> given, got;   // to the instance, and from it
    bool stale = false;                       // one of `given` is of an instance that has ended
    bool too_many = false;                    // the instance has lent as many as it may
};

bool has_resources(const component::ValueType& t);
bool has_resources(const component::FunctionType& t);
// The type with a u32 in place of each handle.
component::ValueType numbered(const component::ValueType& t);
component::FunctionType numbered(const component::FunctionType& t);
// The value with what `leaf` makes of each handle, or of each number in its place; `t` is the type with handles. Empty: `leaf` gave nothing.
using Leaf = std::function<std::optional<component::Val>(const component::Val& v, const component::ValueType& t)>;
std::optional<component::Val> map_resources(const component::Val& v, const component::ValueType& t, const Leaf& leaf);

}  // namespace heddle::wire
