#include "host_call.hpp"

#include "abi/flat.hpp"
#include "val.hpp"

namespace heddle::component {

// ---- the host function's view -----------------------------------------------------------------------------------------------------------

Store& HostCall::store() const { return data_->machine.store; }
const std::string& HostCall::name() const { return data_->func.callee->name; }
FunctionType HostCall::type() const {
    const runtime::Function& f = *data_->func.callee;
    return Describer(f.view.types())(f.func_type());
}
std::span<const Val> HostCall::args() const { return data_->args; }
Val HostCall::take(std::size_t i) { return std::move(data_->args.at(i)); }
Host HostCall::done() { return Host::done; }
Host HostCall::done(Val result) {
    data_->results.clear();
    data_->results.push_back(std::move(result));
    return Host::done;
}
Host HostCall::fail(std::string why) { return runtime::fail(*data_->caller, std::move(why)); }
Host HostCall::exit(i32 code) { return data_->caller->exit(code); }

Deferred HostCall::defer() {
    data_->deferred = std::make_shared<Deferred::Data>();
    data_->deferred->machine = data_->machine.weak_from_this();
    return Deferred(data_->deferred);
}
Host HostCall::wait() { return Host::block; }

void Deferred::Data::cancel() {
    if (std::exchange(cancelled, true) || is_done()) return;
    if (on_cancel) on_cancel();
}
void Deferred::on_cancel(std::function<void()> f) const { data_->on_cancel = std::move(f); }
void Deferred::resolve(Val result) const {
    std::vector<Val> results;
    results.push_back(std::move(result));
    answer(std::move(results));
}

}  // namespace heddle::component

namespace heddle::component::runtime {

namespace {

using Checked = abi::Checked<void>;

Checked lower_host_results(const LoweredFunc& f, std::span<const Slot> args, std::span<const Val> values, std::span<Slot> results) {
    InstanceContext cx(*f.inst, f.options, abi::Partner::host, nullptr, nullptr);
    abi::CoreValueIter out(args);
    out.move_to(f.out_position);
    abi::CoreValueSink sink(results);
    return abi::lower_flat_values(cx, f.max_flat_results(), values, f.result, &out, sink);
}

abi::Checked<std::vector<Val>> lift_host_arguments(const LoweredFunc& f, std::span<const Slot> args, std::vector<std::pair<Instance*, u32>>& lenders) {
    InstanceContext cx(*f.inst, f.options, abi::Partner::host, &lenders, nullptr);
    abi::CoreValueIter vi(args);
    return abi::lift_flat_values(cx, f.max_flat_params(), vi, f.params);
}

// The one place where a host function's C++ exceptions end.
template <class F>
Host guarded(Caller& c, F f) {
    try {
        return f();
    } catch (const std::exception& e) {
        return fail(c, "host function failed: " + std::string(e.what()));
    } catch (...) {
        return fail(c, "host function failed: an exception that is not a std::exception");
    }
}

Host call_function(HostCallData& d) {
    HostCall call(d);
    return guarded(*d.caller, [&] { return (*d.func.callee->host)(call); });
}

Host finish(Caller& c, const LoweredFunc& f, std::span<const Val> values) {
    auto slots = c.slots();
    Slot result{};
    auto done = lower_host_results(f, slots, values, std::span(&result, 1));
    if (!done) return fail(c, std::move(done.error()));
    if (!f.result.types.empty() && f.result.flat[u8(f.options.pointer)].count <= f.max_flat_results()) slots[0] = result;
    return Host::done;
}

// A synchronous function that answers later: the Store is parked meanwhile.
struct ParkedCall final : HostFrame {
    ParkedCall(const LoweredFunc& f, std::shared_ptr<Deferred::Data> d, std::vector<std::pair<Instance*, u32>> l)
        : func(f), deferred(std::move(d)), lenders(std::move(l)) {}
    ~ParkedCall() override { deferred->cancel(); }
    Host next(Caller& c, Exit) override {
        if (!deferred->is_done()) return c.park();
        release_lenders(lenders);
        if (deferred->failed) return fail(c, deferred->failure);
        return finish(c, func, *deferred->answer);
    }
    const LoweredFunc& func;
    std::shared_ptr<Deferred::Data> deferred;
    std::vector<std::pair<Instance*, u32>> lenders;
};

Host call_sync(Caller& c, Machine& m, const LoweredFunc& f) {
    std::vector<std::pair<Instance*, u32>> lenders;
    auto args = lift_host_arguments(f, c.slots(), lenders);
    if (!args) return fail(c, std::move(args.error()));
    HostCallData d{m, &c, f, std::move(*args), {}, {}};
    Host said = call_function(d);
    if (f.inst->dead()) return fail(c, "cannot enter component instance");
    if (said == Host::block) {
        if (!d.deferred) return fail(c, "a host function waits for nothing");
        auto& frame = c.frame<ParkedCall>(f, d.deferred, std::move(lenders));
        return d.deferred->is_done() ? frame.next(c, Exit::parked) : c.park();
    }
    release_lenders(lenders);
    return said == Host::done ? finish(c, f, d.results) : said;
}

struct Answer {
    std::shared_ptr<Subtask> subtask;
    std::vector<Val> values;
};

// On a guest stack of its own, since lowering may call realloc.
Host lower_answer(Caller& c, Thread& t) {
    Answer& a = *static_cast<Answer*>(t.native_data);
    auto done = lower_host_results(a.subtask->func, a.subtask->args, a.values, std::span(&a.subtask->result, 1));
    if (!done) return fail(c, std::move(done.error()));
    a.subtask->state = Subtask::State::returned;
    a.subtask->cancel_host = nullptr;
    a.subtask->progress();
    return Host::done;
}

// Applied by tick, when no guest runs.
void complete(Machine& m, const std::shared_ptr<Deferred::Data>& d, std::shared_ptr<Subtask> subtask) {
    if (d->cancelled) return;
    --m.pending_host;
    subtask->cancel_host = nullptr;
    if (subtask->func.inst->dead()) return;
    if (d->failed) return m.kill(*subtask->func.inst->group, component_trap(d->failure));
    Answer a{subtask, std::move(*d->answer)};
    m.run_native(*subtask->func.inst, &lower_answer, &a);
}

Host call_async(Caller& c, Machine& m, const LoweredFunc& f) {
    auto place = m.quota.take(Counted::subtask);
    if (!place) return fail(c, std::move(place.error()));
    auto subtask = m.make<Subtask>(m, f, c.slots());
    subtask->place = std::move(*place);
    auto args = lift_host_arguments(f, subtask->args, subtask->lenders);
    if (!args) return fail(c, std::move(args.error()));
    subtask->state = Subtask::State::started;
    HostCallData d{m, &c, f, std::move(*args), {}, {}};
    Host said = call_function(d);
    if (f.inst->dead()) return fail(c, "cannot enter component instance");
    if (said == Host::done) {
        auto done = lower_host_results(f, subtask->args, d.results, std::span(&subtask->result, 1));
        if (!done) return fail(c, std::move(done.error()));
        subtask->state = Subtask::State::returned;
    } else if (said == Host::block && d.deferred) {
        ++m.pending_host;
        d.deferred->subtask = subtask;
        subtask->cancel_host = [deferred = d.deferred, &m] {
            deferred->cancel();
            --m.pending_host;
        };
        if (d.deferred->is_done()) m.later([&m, deferred = d.deferred, subtask] { complete(m, deferred, subtask); });
    } else return said == Host::block ? fail(c, "a host function waits for nothing") : said;
    return await_subtask(c, m, f, std::move(subtask));
}

struct Now {
    LoweredFunc func;
    HostCaller& call;
};

Host answer_now(Caller& c, Thread& t) {
    Now& now = *static_cast<Now*>(t.native_data);
    HostCallData d{t.inst->machine, &c, now.func, std::move(now.call.args), {}, {}};
    Host said = call_function(d);
    if (said == Host::block && !(d.deferred && d.deferred->answer)) return fail(c, "a start function of the host must answer at once");
    if (said != Host::done && said != Host::block) return said;
    std::vector<Val> results = said == Host::done ? std::move(d.results) : std::move(*d.deferred->answer);
    FunctionType type = HostCall(d).type();
    if (results.size() != (type.result ? 1 : 0) || (type.result && !matches(results.front(), *type.result)))
        return fail(c, "the host function's result is not of its type: " + to_string(type));
    now.call.results = std::move(results);
    now.call.done = true;
    return Host::done;
}

}  // namespace

void call_host_now(Instance& from, const std::shared_ptr<Function>& f, HostCaller& call) {
    Now now{LoweredFunc(), call};
    now.func.inst = &from;
    now.func.callee = f;
    if (!from.machine.run_native(from, &answer_now, &now)) call.killed(from.machine.trap);
}

Host call_host_words(Caller& c, const LoweredFunc& f) {
    Host said = guarded(c, [&] {
        Slot* slots = c.slots().data();
        (*f.callee->host_words)(slots);
        return Host::done;
    });
    return f.inst->dead() ? fail(c, "cannot enter component instance") : said;
}

Host call_host(Caller& c, Machine& m, const LoweredFunc& f) { return f.callee->is_async ? call_async(c, m, f) : call_sync(c, m, f); }

}  // namespace heddle::component::runtime

namespace heddle::component {

namespace {

void answered(const std::shared_ptr<Deferred::Data>& d) {
    auto m = d->machine.lock();
    auto subtask = d->subtask.lock();
    if (!m) return;
    if (!subtask && m->on_ready) m->on_ready();
    if (subtask) m->later([machine = m.get(), d, subtask] { runtime::complete(*machine, d, subtask); });
}

}  // namespace

void Deferred::answer(std::vector<Val> results) const {
    if (data_->cancelled || data_->is_done()) return;
    data_->answer = std::move(results);
    answered(data_);
}

void Deferred::fail(std::string why) const {
    if (data_->cancelled || data_->is_done()) return;
    data_->failed = true;
    data_->failure = std::move(why);
    answered(data_);
}

}  // namespace heddle::component
