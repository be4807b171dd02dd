// Streams and futures: the shared state between two ends, the ends in guests' tables, and those the host holds.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#stream-state
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "instance.hpp"
#include "waitable.hpp"

namespace heddle::component::runtime {

enum class CopyResult : u8 { completed, dropped, cancelled };

// Where elements go to or come from: a range of a guest's memory, or host values. Never a pointer into guest memory.
struct Buffer {
    static constexpr u32 max_length = (1u << 28) - 1;
    Instance* inst = nullptr;                 // null: the host
    const CanonOptions* options = nullptr;
    std::optional<types::ValType> element;    // as `inst` sees it
    u64 ptr = 0;                              // of element 0
    u32 progress = 0, length = 0;
    std::vector<Val> values;                  // host: those to write, or those read so far
    u32 remain() const { return length - progress; }
};

// One side of a copy that is going on.
class CopySide {
public:
    virtual ~CopySide() = default;
    virtual void on_copy() = 0;               // some elements were copied; more may come until this is delivered
    virtual void on_copy_done(CopyResult r) = 0;
    Buffer buffer;
};

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#stream-state
struct SharedCopy {
    SharedCopy(Machine& m, bool s, Place p) : machine(&m), stream(s), place(std::move(p)) {}
    // `side` reads or writes; the other side may be pending.
    abi::Checked<void> copy(CopySide& side, bool reads);
    void cancel() { notify_pending(CopyResult::cancelled); }
    void drop();
    void notify_pending(CopyResult r);

    Machine* machine;
    bool stream;                              // else a future
    Place place;
    bool dropped = false;
    CopySide* pending = nullptr;
    bool pending_reads = false;
    bool number = true;                       // none or number type: one instance may hold both ends
    // The host's end: it writes when a guest's read waits, or reads what guests write.
    std::shared_ptr<CopySide> host;
    std::function<abi::Checked<void>()> on_waiting_read;
    std::function<void()> pump;               // the host reads what it writes itself: moves on when there is more
    std::weak_ptr<SharedCopy> self;           // while it is pumped
    std::weak_ptr<void> resumer;              // of a host's reader that was not told the end: who can make it go on
    bool is_over() const { return dropped && resumer.expired(); }
    bool host_is_due = false;                 // the other side waits for the host; counted in Machine::pending_host
    void set_host_due(bool due);

private:
    abi::Checked<void> copy_stream(CopySide& side, bool reads);
    abi::Checked<void> copy_future(CopySide& side, bool reads);
    abi::Checked<void> move(CopySide& from, CopySide& to, u32 n);
};

// An end in a guest's table.
struct End final : Waitable, CopySide {
    enum class State : u8 { idle, copying, cancelling, done };
    End(Machine& m, std::shared_ptr<SharedCopy> s, bool r, std::optional<types::ValType> e)
        : machine(m), shared(std::move(s)), readable(r), element(std::move(e)) {}
    ~End() override;
    bool is_copying() const { return state == State::copying || state == State::cancelling; }
    EventCode code() const;
    // Something was copied, and more could follow.
    bool is_partial() const { return reclaim && buffer.remain() > 0 && shared->pending == this; }

    void on_copy() override;
    void on_copy_done(CopyResult r) override;
    Event take_event() override;

    Machine& machine;
    std::shared_ptr<SharedCopy> shared;
    bool readable;
    std::optional<types::ValType> element;
    State state = State::idle;
    CopyResult result = CopyResult::completed;
    bool reclaim = false;                     // the pending copy ends when the event is taken
};

bool is_none_or_number(const types::Types& types, const std::optional<types::ValType>& t);

// A readable end that the host holds. The last copy that goes away drops it.
class HeldEnd final : public HostHandle {
public:
    explicit HeldEnd(std::shared_ptr<SharedCopy> s) : shared(std::move(s)) {}
    ~HeldEnd() override {
        if (shared) shared->drop();
    }
    std::shared_ptr<SharedCopy> shared;       // null: handed on
};

}  // namespace heddle::component::runtime
