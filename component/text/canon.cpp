// Canonical definitions in component text.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#canonical-definitions
#include "text/parser.hpp"
#include "text/visit.hpp"

namespace heddle::component {

// The options up to something that is none.
std::vector<CanonOpt> Parser::canon_options() {
    struct Word {
        std::string_view word;
        CanonOpt::Kind kind;
    };
    static constexpr Word plain[] = {{"string-encoding=utf8", CanonOpt::Kind::utf8},
                                     {"string-encoding=utf16", CanonOpt::Kind::utf16},
                                     {"string-encoding=latin1+utf16", CanonOpt::Kind::latin1_utf16},
                                     {"async", CanonOpt::Kind::async}};
    static constexpr Word lists[] = {{"memory", CanonOpt::Kind::memory},
                                     {"realloc", CanonOpt::Kind::realloc},
                                     {"post-return", CanonOpt::Kind::post_return},
                                     {"callback", CanonOpt::Kind::callback}};
    std::vector<CanonOpt> all;
    auto one = [&] {
        for (const Word& w : plain)
            if (c_.take_keyword(w.word)) return all.push_back({w.kind, 0}), true;
        for (const Word& w : lists) {
            if (!take_open(w.word)) continue;
            Sort s = w.kind == CanonOpt::Kind::memory ? Sort::core_memory : Sort::core_func;
            all.push_back({w.kind, c_.at_index() ? ref_body(s) : ref(s)});
            close();
            return true;
        }
        return false;
    };
    while (one()) {
    }
    return all;
}

// `lift $f …`, up to the type or the `(core func …)`.
Canon Parser::canon_body() {
    const CanonRow* row = c_.at(Token::Kind::keyword) ? find_canon(c_.view()) : nullptr;
    if (!row) unexpected();
    c_.skip();
    Canon c;
    c.kind = row->kind;
    using enum CanonImmediates;
    switch (row->immediates) {
        case Lift:
            c.func = ref(Sort::core_func);
            c.options = canon_options();
            break;
        case Lower:
            c.func = ref(Sort::func);
            c.options = canon_options();
            break;
        case None: break;
        case Type: c.type = ref(Sort::type); break;
        case Options: c.options = canon_options(); break;
        case TypeOpts:
            c.type = ref(Sort::type);
            c.options = canon_options();
            break;
        case Async: c.async = c_.take_keyword("async"); break;
        case TypeAsync:
            c.type = ref(Sort::type);
            c.async = c_.take_keyword("async");
            break;
        case Cancel: c.cancellable = c_.take_keyword("cancellable"); break;
        case Wait:
            c.cancellable = c_.take_keyword("cancellable");
            open("memory");
            c.memory = c_.at_index() ? ref_body(Sort::core_memory) : ref(Sort::core_memory);
            close();
            break;
        case Result:
            if (take_open("result")) {
                c.result = val_type();
                close();
            }
            c.options = canon_options();
            break;
        case Slot:
            c.slot = core_val_type();
            c.slot_index = number();
            break;
        case Spawn: c.shared = c_.take_keyword("shared"); [[fallthrough]];
        case Indirect:
            c.type = ref(Sort::core_type);
            c.table = ref(Sort::core_table);
            break;
        case Shared: c.shared = c_.take_keyword("shared"); break;
        case SpawnRef:
            c.shared = c_.take_keyword("shared");
            c.type = ref(Sort::core_type);
            break;
    }
    return c;
}

u32 Parser::put_canon(Canon c, std::string_view name, std::size_t at) {
    visit_indices(c, [&](u32& index) { scopes_.resolve(index); });
    Sort s = c.kind == CanonKind::lift ? Sort::func : Sort::core_func;
    scopes_.put_definition(std::move(c));
    return scopes_.bind(s, name, at);
}

// `(canon lift $f … (func $id …))`, `(canon lower $f … (core func $id))`
void Parser::canon_field() {
    std::size_t at = c_.offset();
    Canon c = canon_body();
    std::string_view name;
    if (c.kind == CanonKind::lift) {
        open("func");
        name = id();
        c.type = type_use(Sort::func);
        close();
    } else {
        open("core");
        if (!c_.take_keyword("func")) unexpected();
        name = id();
        close();
    }
    close();
    put_canon(std::move(c), name, at);
}

}  // namespace heddle::component
