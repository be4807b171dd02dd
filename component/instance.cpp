#include "instance.hpp"

#include <algorithm>

#include "chain.hpp"
#include "stream.hpp"

namespace heddle::component::runtime {

using abi::Checked;
using abi::Token;

// ---- types as an instance sees them -----------------------------------------------------------------------------------------------

std::shared_ptr<ResourceType> View::resource(types::ResourceId r) const {
    auto at = resources->find(types().identity(r));
    return at == resources->end() ? nullptr : at->second;
}

namespace {

// Two value types side by side. Depth is bounded by validation.
struct Same {
    const View &a, &b;

    bool operator()(const types::ValType& x, const types::ValType& y) const { return same_type(a, x, b, y); }
    bool operator()(const std::optional<types::ValType>& x, const std::optional<types::ValType>& y) const { return same_type(a, x, b, y); }
    bool resources(types::ResourceId x, types::ResourceId y) const { return a.resource(x) == b.resource(y); }

    template <class T>
    bool all(const std::vector<T>& x, const std::vector<T>& y) const {
        return std::ranges::equal(x, y, [&](const T& s, const T& t) {
            if constexpr (std::is_same_v<T, types::ValType>) return (*this)(s, t);
            else return s.name == t.name && (*this)(s.type, t.type);
        });
    }
    bool kinds(Prim x, Prim y) const { return x == y; }
    bool kinds(const types::Record& x, const types::Record& y) const { return all(x.fields, y.fields); }
    bool kinds(const types::Variant& x, const types::Variant& y) const { return all(x.cases, y.cases); }
    bool kinds(const types::List& x, const types::List& y) const { return x.length == y.length && (*this)(x.type, y.type); }
    bool kinds(const types::Tuple& x, const types::Tuple& y) const { return all(x.types, y.types); }
    bool kinds(const types::Flags& x, const types::Flags& y) const { return x == y; }
    bool kinds(const types::Enum& x, const types::Enum& y) const { return x == y; }
    bool kinds(const types::Option& x, const types::Option& y) const { return (*this)(x.type, y.type); }
    bool kinds(const types::ResultType& x, const types::ResultType& y) const { return (*this)(x.ok, y.ok) && (*this)(x.error, y.error); }
    bool kinds(const types::Own& x, const types::Own& y) const { return resources(x.resource, y.resource); }
    bool kinds(const types::Borrow& x, const types::Borrow& y) const { return resources(x.resource, y.resource); }
    bool kinds(const types::Stream& x, const types::Stream& y) const { return (*this)(x.type, y.type); }
    bool kinds(const types::Future& x, const types::Future& y) const { return (*this)(x.type, y.type); }
    bool kinds(const types::Map& x, const types::Map& y) const { return (*this)(x.key, y.key) && (*this)(x.value, y.value); }
};

std::optional<Prim> prim_of(const View& v, const types::ValType& t) {
    if (t.prim) return t.prim;
    auto* p = std::get_if<Prim>(&v.types()[t.id].kind);
    return p ? std::optional(*p) : std::nullopt;
}

}  // namespace

bool same_type(const View& a, const types::ValType& x, const View& b, const types::ValType& y) {
    if (a.component == b.component && a.resources == b.resources && x == y) return true;
    auto p = prim_of(a, x), q = prim_of(b, y);
    if (p || q) return p == q;
    return std::visit(
        [&](const auto& s) {
            auto* t = std::get_if<std::decay_t<decltype(s)>>(&b.types()[y.id].kind);
            return t && Same{a, b}.kinds(s, *t);
        },
        a.types()[x.id].kind);
}

bool same_type(const View& a, const std::optional<types::ValType>& x, const View& b, const std::optional<types::ValType>& y) {
    if (!x || !y) return x.has_value() == y.has_value();
    return same_type(a, *x, b, *y);
}

// ---- instances ----------------------------------------------------------------------------------------------------------------------

const Item* Exports::find(std::string_view name) const {
    auto at = std::ranges::find(items, name, [](const auto& i) -> std::string_view { return i.first; });
    return at == items.end() ? nullptr : &at->second;
}

Instance::Instance(Machine& m, const Closure& c, Instance* p)
    : machine(m), component(c), parent(p), group(p ? p->group : std::make_shared<Group>(m.store)),
      view{c.component, std::make_shared<ResourceMap>()}, handle_bytes(m.quota.budget) {
    group->instances.push_back(this);
    exports->of = this;
}

Item Instance::type_item(types::Type t) const {
    Item item;
    item.sort = Sort::type;
    item.view = view;
    item.entity.sort = Sort::type;
    item.entity.type = item.entity.referenced = t;
    if (t.kind == types::Type::Kind::resource) item.resource = view.resource(t.resource());
    return item;
}

// ---- handles ------------------------------------------------------------------------------------------------------------------------

namespace {

std::string unknown_handle(u32 index) { return "unknown handle index " + std::to_string(index); }

std::string name_of(const ResourceType& t) { return t.impl ? "guest-defined resource" : "host-defined resource"; }

std::string describe(const Handle& h) {
    if (auto* r = std::get_if<ResourceHandle>(&h)) return name_of(*r->type);
    if (auto* e = std::get_if<std::shared_ptr<End>>(&h))
        return std::string((*e)->readable ? "readable end of a " : "writable end of a ") + ((*e)->shared->stream ? "stream" : "future");
    if (std::holds_alternative<std::shared_ptr<Subtask>>(h)) return "subtask";
    if (std::holds_alternative<std::shared_ptr<WaitableSet>>(h)) return "waitable-set";
    return "error-context";
}

}  // namespace

std::unexpected<abi::TrapPtr> wrong_handle(u32 index, const std::string& expected, const Handle& found) {
    return abi::trap("handle index " + std::to_string(index) + " used with the wrong type, expected " + expected + " but found " + describe(found));
}

namespace {

bool has_room(Instance& inst) { return !inst.handles.is_packed() || inst.handle_bytes.try_resize((inst.handles.length() + 1) * sizeof(Handle)); }

}  // namespace

Checked<u32> add_handle(Instance& inst, Handle h) {
    const Quota& q = inst.machine.quota;
    if (!has_room(inst)) return full(*q.budget);
    if (auto i = inst.handles.add(std::move(h), q.limits.handles)) return *i;
    return limit_trap(q.limits.handles, "handles in one component instance", "handles");
}

Checked<Handle*> find_handle(Instance& inst, u32 index) {
    Handle* h = inst.handles.get(index);
    if (!h) return abi::trap(unknown_handle(index));
    return h;
}

Checked<ResourceHandle*> find_resource(Instance& inst, u32 index, const ResourceType& type) {
    auto h = find_handle(inst, index);
    if (!h) return std::unexpected(std::move(h.error()));
    auto* r = std::get_if<ResourceHandle>(*h);
    if (!r) return wrong_handle(index, name_of(type), **h);
    if (r->type.get() == &type) return r;
    std::string found = name_of(*r->type), expected = name_of(type);
    return abi::trap("handle index " + std::to_string(index) + " used with the wrong type, expected " + expected + " but found " +
                     (found == expected ? "a different " : "a ") + found);
}

// ---- lifting and lowering handles -----------------------------------------------------------------------------------------------------

InstanceContext::InstanceContext(Instance& inst, const CanonOptions& o, abi::Partner p, std::vector<std::pair<Instance*, u32>>* lenders, Task* scope)
    : Context(inst.view.component->layouts, o.memory, o.pointer, o.encoding), inst_(inst), options_(o), lenders_(lenders), scope_(scope) {
    partner = p;
    max_host_copy_bytes = inst.machine.quota.limits.host_copy_bytes;
}

Checked<u64> InstanceContext::realloc(u64 old, u64 old_size, u64 alignment, u64 new_size) {
    if (!options_.realloc) return abi::trap("canonical option `realloc` is required");
    bool may_leave = std::exchange(inst_.may_leave, false);
    std::array<Slot, 4> args{Slot{old}, Slot{old_size}, Slot{alignment}, Slot{new_size}};
    auto at = inst_.machine.leaf(options_.realloc, args);
    inst_.may_leave = may_leave;
    return at;
}

namespace {

// What is on its way from one table to another is kept by the machine: a trap between must not leak it.
template <class T>
Token send(Machine& m, std::shared_ptr<T> what) {
    u64 key = m.next_transit++;
    m.in_transit.emplace(key, std::move(what));
    return {key};
}
template <class T>
std::shared_ptr<T> receive(Machine& m, Token t) {
    auto node = m.in_transit.extract(t.bits);
    return node ? std::static_pointer_cast<T>(std::move(node.mapped())) : nullptr;
}

}  // namespace

Checked<Token> InstanceContext::lift_own(u32 index, types::ResourceId type) {
    auto t = inst_.view.resource(type);
    auto h = find_resource(inst_, index, *t);
    if (!h) return std::unexpected(std::move(h.error()));
    if (!(*h)->own) return abi::trap("cannot lift an own resource from a borrow handle: expected own, found borrow");
    if ((*h)->lends) return abi::trap("cannot remove owned resource while borrowed");
    u64 rep = (*h)->rep;
    inst_.handles.remove(index);
    return Token{rep};
}

Checked<Token> InstanceContext::lift_borrow(u32 index, types::ResourceId type) {
    auto t = inst_.view.resource(type);
    auto h = find_resource(inst_, index, *t);
    if (!h) return std::unexpected(std::move(h.error()));
    if (lenders_) {
        ++(*h)->lends;
        lenders_->emplace_back(&inst_, index);
    }
    return Token{(*h)->rep};
}

Checked<u32> InstanceContext::lower_own(Token token, types::ResourceId type) {
    return add_handle(inst_, ResourceHandle{inst_.view.resource(type), token.bits, true, nullptr, 0});
}

// The instance that made the resource gets its representation itself.
Checked<u32> InstanceContext::lower_borrow(Token token, types::ResourceId type) {
    auto t = inst_.view.resource(type);
    if (t->impl == &inst_) return u32(token.bits);
    if (!scope_) scope_ = inst_.machine.current().task;  // a synchronous call, which has no task until now
    auto i = add_handle(inst_, ResourceHandle{std::move(t), token.bits, false, scope_, 0});
    if (i) ++scope_->num_borrows;
    return i;
}

Checked<Token> InstanceContext::lift_end(u32 index, const std::optional<types::ValType>& element, bool stream) {
    const char* what = stream ? "stream" : "future";
    std::string expected = std::string("readable end of a ") + what;
    auto h = find_handle(inst_, index);
    if (!h) return std::unexpected(std::move(h.error()));
    auto* p = std::get_if<std::shared_ptr<End>>(*h);
    if (!p || !(*p)->readable || (*p)->shared->stream != stream) return wrong_handle(index, expected, **h);
    End& e = **p;
    if (!same_type(inst_.view, e.element, inst_.view, element)) return wrong_handle(index, expected + " of another type", **h);
    if (e.is_copying()) return abi::trap(std::string("cannot lift busy ") + what);
    if (e.state == End::State::done)
        return abi::trap(stream ? "cannot lift stream after being notified that the writable end dropped" : "cannot lift future after previous read succeeded");
    if (e.set) return abi::trap(std::string("cannot lift ") + what + " while it's in a waitable set");
    std::shared_ptr<SharedCopy> shared = std::exchange(e.shared, nullptr);
    inst_.handles.remove(index);
    return send(inst_.machine, std::make_shared<HeldEnd>(std::move(shared)));
}

Checked<u32> InstanceContext::lower_end(Token token, const std::optional<types::ValType>& element) {
    Machine& m = inst_.machine;
    auto held = receive<HeldEnd>(m, token);
    if (!held) return abi::trap("a stream or future was handed on twice");
    auto end = std::make_shared<End>(m, std::exchange(held->shared, nullptr), true, element);
    auto i = add_handle(inst_, end);
    if (i) end->index = *i;
    return i;
}

Checked<Token> InstanceContext::lift_stream(u32 index, const std::optional<types::ValType>& element) { return lift_end(index, element, true); }
Checked<Token> InstanceContext::lift_future(u32 index, const std::optional<types::ValType>& element) { return lift_end(index, element, false); }
Checked<u32> InstanceContext::lower_stream(Token t, const std::optional<types::ValType>& element) { return lower_end(t, element); }
Checked<u32> InstanceContext::lower_future(Token t, const std::optional<types::ValType>& element) { return lower_end(t, element); }

Checked<Token> InstanceContext::lift_error_context(u32 index) {
    auto e = find<ErrorContext>(inst_, index, "error-context");
    if (!e) return std::unexpected(std::move(e.error()));
    return send(inst_.machine, *e);
}

Checked<u32> InstanceContext::lower_error_context(Token token) {
    auto e = receive<ErrorContext>(inst_.machine, token);
    if (!e) return abi::trap("an error-context was handed on twice");
    return add_handle(inst_, std::move(e));
}

// ---- the host's side of handles ---------------------------------------------------------------------------------------------------------

OwnedResource::~OwnedResource() {
    if (!held) return;
    if (auto m = machine_.lock(); m && !is_stale()) m->drop_later(type, rep);
}

Checked<std::shared_ptr<HostHandle>> InstanceContext::to_host(Token token, const abi::HandleType& t) {
    Machine& m = inst_.machine;
    switch (t.kind) {
    case abi::HandleKind::own: return std::make_shared<OwnedResource>(m.weak_from_this(), inst_.view.resource(t.resource), token.bits);
    case abi::HandleKind::borrow: return std::make_shared<BorrowedResource>(inst_.view.resource(t.resource), token.bits);
    case abi::HandleKind::error_context: return std::make_shared<HeldErrorContext>(receive<ErrorContext>(m, token));
    case abi::HandleKind::stream:
    case abi::HandleKind::future: return receive<HeldEnd>(m, token);
    }
    return nullptr;
}

constexpr const char* stale_words = "a resource of an instance that was restored to a snapshot since was handed on";

Checked<Token> InstanceContext::from_host(const std::shared_ptr<HostHandle>& handle, const abi::HandleType& t) {
    Machine& m = inst_.machine;
    auto wrong = [] { return abi::trap("a host value holds another handle than its type says"); };
    switch (t.kind) {
    case abi::HandleKind::own: {
        auto* own = dynamic_cast<OwnedResource*>(handle.get());
        if (!own || own->type != inst_.view.resource(t.resource)) return wrong();
        if (own->is_stale()) return abi::trap(stale_words);
        if (!std::exchange(own->held, false)) return abi::trap("a resource that the host no longer owns was handed on");
        return Token{own->rep};
    }
    case abi::HandleKind::borrow: {
        auto type = inst_.view.resource(t.resource);
        auto* own = dynamic_cast<OwnedResource*>(handle.get());
        if (own && own->type == type && own->held) {
            if (own->is_stale()) return abi::trap(stale_words);
            return Token{own->rep};
        }
        auto* borrowed = dynamic_cast<BorrowedResource*>(handle.get());
        if (borrowed && borrowed->type == type) return Token{borrowed->rep};
        return wrong();
    }
    case abi::HandleKind::error_context: {
        auto* e = dynamic_cast<HeldErrorContext*>(handle.get());
        if (!e || !e->error) return wrong();
        return send(m, e->error);
    }
    case abi::HandleKind::stream:
    case abi::HandleKind::future: {
        auto* end = dynamic_cast<HeldEnd*>(handle.get());
        if (!end || !end->shared || end->shared->stream != (t.kind == abi::HandleKind::stream)) return wrong();
        if (auto ok = m.quota.check(Counted::stream); !ok) return std::unexpected(std::move(ok.error()));
        return send(m, std::make_shared<HeldEnd>(std::exchange(end->shared, nullptr)));
    }
    }
    return wrong();
}

}  // namespace heddle::component::runtime
