#include "lent.hpp"

#include <algorithm>

namespace heddle::wire {

using component::FunctionType;
using component::Val;
using component::ValueType;
using K = ValueType::Kind;

std::optional<u64> Lent::keep(Val own) {
    std::lock_guard lock(mutex_);
    if (held_.size() >= most) return std::nullopt;
    held_.emplace(++last_, std::move(own));
    return last_;
}

const Val* Lent::find(u64 number) const {
    std::lock_guard lock(mutex_);
    auto at = held_.find(number);
    return at == held_.end() ? nullptr : &at->second;  // only the instance's turn takes it out
}

Val Lent::take(u64 number) {
    std::lock_guard lock(mutex_);
    Val own = std::move(held_.at(number));
    held_.erase(number);
    return own;
}

void Lent::drop_gone() {
    std::vector<Val> dropped;  // outside of the lock
    std::lock_guard lock(mutex_);
    for (u64 number : std::exchange(gone_, {}))
        if (auto at = held_.find(number); at != held_.end()) {
            dropped.push_back(std::move(at->second));
            held_.erase(at);
        }
}

void Lent::gone(u64 number) {
    std::lock_guard lock(mutex_);
    if (!ended_) gone_.push_back(number);
}

void Lent::end() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    held_.clear();
    gone_.clear();
}

bool Lent::ended() const {
    std::lock_guard lock(mutex_);
    return ended_;
}

// ---- types and values -----------------------------------------------------------------------------------------------------------------------

namespace {

bool is_resource(const ValueType& t) { return t.kind() == K::own || t.kind() == K::borrow; }
// Of what JSON has; the others have no handles that pass.
const ValueType* element_of(const ValueType& t) { return t.kind() == K::list ? t.element() : nullptr; }

std::optional<ValueType> maybe(const std::optional<ValueType>& t) { return t ? std::optional(numbered(*t)) : std::nullopt; }

std::vector<ValueType::Member> numbered_members(const ValueType& t) {
    std::vector<ValueType::Member> all;
    for (const auto& m : t.members()) all.push_back({m.name, maybe(m.type)});
    return all;
}

}  // namespace

bool has_resources(const ValueType& t) {
    if (is_resource(t)) return true;
    if (const ValueType* e = element_of(t)) return has_resources(*e);
    return std::ranges::any_of(t.members(), [](const ValueType::Member& m) { return m.type && has_resources(*m.type); });
}

bool has_resources(const FunctionType& t) {
    return std::ranges::any_of(t.params, [](const FunctionType::Param& p) { return has_resources(p.type); }) || (t.result && has_resources(*t.result));
}

ValueType numbered(const ValueType& t) {
    if (is_resource(t)) return ValueType::primitive(K::u32);
    if (!has_resources(t)) return t;
    auto member = [&](std::size_t i) { return maybe(t.members()[i].type); };
    switch (t.kind()) {
    case K::list: return ValueType::list(numbered(*t.element()), t.length());
    case K::option: return ValueType::option(*member(1));
    case K::result: return ValueType::result(member(0), member(1));
    case K::map: return ValueType::map(*member(0), *member(1));
    case K::record: return ValueType::record(numbered_members(t));
    case K::variant: return ValueType::variant(numbered_members(t));
    default: {
        std::vector<ValueType> all;
        for (const auto& m : t.members()) all.push_back(numbered(*m.type));
        return ValueType::tuple(std::move(all));
    }
    }
}

FunctionType numbered(const FunctionType& t) {
    FunctionType f = t;
    for (auto& p : f.params) p.type = numbered(p.type);
    f.result = maybe(t.result);
    return f;
}

std::optional<Val> map_resources(const Val& v, const ValueType& t, const Leaf& leaf) {
    if (is_resource(t)) return leaf(v, t);
    if (!has_resources(t)) return v;
    if (t.is_variant()) {
        const Val* payload = v.payload();
        if (!payload) return v;
        auto inside = map_resources(*payload, *t.members()[v.case_index()].type, leaf);
        return inside ? std::optional(Val::variant(v.case_index(), std::move(*inside))) : std::nullopt;
    }
    ValueType entry = t.kind() == K::map ? ValueType::tuple({*t.members()[0].type, *t.members()[1].type}) : ValueType();
    std::vector<Val> all;
    for (std::size_t i = 0; i < v.size(); ++i) {
        const ValueType& type = t.kind() == K::list ? *t.element() : t.kind() == K::map ? entry : *t.members()[i].type;
        auto item = map_resources(v.at(i), type, leaf);
        if (!item) return std::nullopt;
        all.push_back(std::move(*item));
    }
    return v.kind() == Val::Kind::record ? Val::record(std::move(all)) : Val::list(std::move(all));
}

}  // namespace heddle::wire
