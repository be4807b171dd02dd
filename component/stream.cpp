#include "stream.hpp"

#include <algorithm>

#include "abi/flat.hpp"
#include "chain.hpp"

namespace heddle::component::runtime {

bool is_none_or_number(const types::Types& types, const std::optional<types::ValType>& t) {
    if (!t) return true;
    std::optional<Prim> p = t->prim;
    if (!p)
        if (auto* q = std::get_if<Prim>(&types[t->id].kind)) p = *q;
    return p && *p != Prim::bool_ && *p != Prim::char_ && *p != Prim::string && *p != Prim::error_context;
}

void SharedCopy::notify_pending(CopyResult r) {
    CopySide* side = std::exchange(pending, nullptr);
    if (side) side->on_copy_done(r);
}

void SharedCopy::set_host_due(bool due) {
    if (due == host_is_due) return;
    host_is_due = due;
    if (due) ++machine->pending_host;
    else --machine->pending_host;
}

void SharedCopy::drop() {
    if (std::exchange(dropped, true)) return;
    set_host_due(false);
    notify_pending(CopyResult::dropped);
}

abi::Checked<void> SharedCopy::copy(CopySide& side, bool reads) {
    if (dropped) {
        side.on_copy_done(CopyResult::dropped);
        return {};
    }
    if (!pending) {
        pending = &side;
        pending_reads = reads;
        return reads && on_waiting_read ? on_waiting_read() : abi::Checked<void>();
    }
    if (side.buffer.inst && side.buffer.inst == pending->buffer.inst && !number)
        return abi::trap(std::string("cannot read from and write to intra-component ") + (stream ? "stream" : "future"));
    return stream ? copy_stream(side, reads) : copy_future(side, reads);
}

// A zero-length write that meets a zero-length read leaves the reader waiting; otherwise an empty or used-up pending side is done.
abi::Checked<void> SharedCopy::copy_stream(CopySide& side, bool reads) {
    if (pending->buffer.remain() > 0) {
        if (side.buffer.remain() > 0) {
            u32 n = std::min(side.buffer.remain(), pending->buffer.remain());
            auto moved = reads ? move(*pending, side, n) : move(side, *pending, n);
            if (!moved) return moved;
            pending->on_copy();
        }
        side.on_copy_done(CopyResult::completed);
    } else if (!reads && side.buffer.length == 0 && pending->buffer.length == 0) {
        side.on_copy_done(CopyResult::completed);
    } else {
        notify_pending(CopyResult::completed);
        pending = &side;
        pending_reads = reads;
    }
    return {};
}

abi::Checked<void> SharedCopy::copy_future(CopySide& side, bool reads) {
    auto moved = reads ? move(*pending, side, 1) : move(side, *pending, 1);
    if (!moved) return moved;
    notify_pending(CopyResult::completed);
    side.on_copy_done(CopyResult::completed);
    return {};
}

namespace {

u64 element_address(const Buffer& b, u64 size) { return b.ptr + u64(b.progress) * size; }

u64 element_size(const Buffer& b) { return b.inst->view.component->layouts.elem_size(*b.element, b.options->pointer); }

}  // namespace

abi::Checked<void> SharedCopy::move(CopySide& from_side, CopySide& to_side, u32 n) {
    Buffer &from = from_side.buffer, &to = to_side.buffer;
    abi::Checked<void> done;
    if (from.inst && to.inst) {
        if (from.element) {
            InstanceContext src(*from.inst, *from.options, abi::Partner::guest, nullptr, nullptr);
            InstanceContext dst(*to.inst, *to.options, abi::Partner::guest, nullptr, nullptr);
            done = abi::copy_elements(src, element_address(from, element_size(from)), *from.element, dst, element_address(to, element_size(to)), *to.element, n);
        }
    } else if (from.inst) {
        if (from.element) {
            InstanceContext src(*from.inst, *from.options, abi::Partner::host, nullptr, nullptr);
            auto list = abi::load_elements(src, element_address(from, element_size(from)), n, *from.element);
            if (!list) return std::unexpected(std::move(list.error()));
            to.values.push_back(std::move(*list));
        }
    } else if (to.inst) {
        if (to.element) {
            InstanceContext dst(*to.inst, *to.options, abi::Partner::host, nullptr, nullptr);
            if (from.values.empty()) return abi::trap("a host stream has no values to write");
            done = abi::store_elements(dst, from.values.front(), from.progress, n, *to.element, element_address(to, element_size(to)));
        }
    } else if (!from.values.empty()) {
        to.values.push_back(from.values.front());
    }
    if (!done) return done;
    from.progress += n;
    to.progress += n;
    return {};
}

// ---- ends -------------------------------------------------------------------------------------------------------------------------

End::~End() {
    if (!shared) return;
    if (shared->pending == this) shared->pending = nullptr;
    shared->drop();
}

EventCode End::code() const {
    if (shared->stream) return readable ? EventCode::stream_read : EventCode::stream_write;
    return readable ? EventCode::future_read : EventCode::future_write;
}

void End::on_copy() {
    result = CopyResult::completed;
    reclaim = true;
    set_event(machine);
}

void End::on_copy_done(CopyResult r) {
    result = r;
    reclaim = false;
    set_event(machine);
}

Event End::take_event() {
    if (reclaim && shared->pending == this) shared->pending = nullptr;
    reclaim = false;
    bool future_done = !shared->stream && result == CopyResult::completed;
    state = result == CopyResult::dropped || future_done ? State::done : State::idle;
    u32 payload = u32(result);
    if (shared->stream) payload |= buffer.progress << 4;
    return taken({code(), index, payload});
}

}  // namespace heddle::component::runtime
