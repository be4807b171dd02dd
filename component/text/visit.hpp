// Every index that a definition refers by, in the order in which references are resolved.
#pragma once
#include "canon.hpp"

namespace heddle::component {

template <class F>
void visit_indices(ValType& t, F f) {
    if (!t.prim) f(t.index);
}

template <class F>
void visit_indices(std::optional<ValType>& t, F f) {
    if (t) visit_indices(*t, f);
}

template <class F>
struct IndexVisitor {
    F f;

    void operator()(Prim) {}
    void operator()(Record& r) {
        for (Field& x : r.fields) visit_indices(x.type, f);
    }
    void operator()(Variant& v) {
        for (Case& x : v.cases) visit_indices(x.type, f);
    }
    void operator()(List& l) { visit_indices(l.type, f); }
    void operator()(Tuple& t) {
        for (ValType& x : t.types) visit_indices(x, f);
    }
    void operator()(Flags&) {}
    void operator()(Enum&) {}
    void operator()(Option& o) { visit_indices(o.type, f); }
    void operator()(ResultType& r) { visit_indices(r.ok, f), visit_indices(r.error, f); }
    void operator()(Own& o) { f(o.resource); }
    void operator()(Borrow& b) { f(b.resource); }
    void operator()(Stream& s) { visit_indices(s.type, f); }
    void operator()(Future& s) { visit_indices(s.type, f); }
    void operator()(Map& m) { visit_indices(m.key, f), visit_indices(m.value, f); }
    void operator()(FuncType& t) {
        for (Field& x : t.params) visit_indices(x.type, f);
        visit_indices(t.result, f);
    }
    void operator()(ComponentType&) {}  // a scope of its own
    void operator()(InstanceType&) {}
    void operator()(ResourceType& r) {
        if (r.dtor) f(*r.dtor);
    }
};

template <class F>
void visit_indices(DefType& t, F f) {
    std::visit(IndexVisitor<F>{f}, t);
}

template <class F>
void visit_indices(ExternType& t, F f) {
    if (t.sort == Sort::type) {
        if (t.type.eq) f(*t.type.eq);
    } else if (t.sort == Sort::value) {
        if (t.value.eq) f(*t.value.eq);
        else visit_indices(t.value.type, f);
    } else {
        f(t.index);
    }
}

template <class F>
void visit_indices(Canon& c, F f) {
    using enum CanonImmediates;
    CanonImmediates i = canon_row(c.kind).immediates;
    if (i == Lift || i == Type || i == TypeOpts || i == TypeAsync || i == Indirect || i == SpawnRef || i == Spawn) f(c.type);
    if (i == Lift || i == Lower) f(c.func);
    if (i == Indirect || i == Spawn) f(c.table);
    if (i == Wait) f(c.memory);
    visit_indices(c.result, f);
    for (CanonOpt& o : c.options)
        if (o.kind >= CanonOpt::Kind::memory && o.kind != CanonOpt::Kind::async) f(o.index);
}

}  // namespace heddle::component
