// The types of imports and exports, of a module and of what was made from it.
#include "support.hpp"

static std::string text_of(const wasm::Name& name) { return std::string(name.get(), name.size()); }

static void check_type(const wasm::ExternType* type, wasm::ExternKind kind) {
    CHECK(type->kind() == kind);
    CHECK((type->func() != nullptr) == (kind == wasm::ExternKind::FUNC) && (type->global() != nullptr) == (kind == wasm::ExternKind::GLOBAL));
    CHECK((type->table() != nullptr) == (kind == wasm::ExternKind::TABLE) && (type->memory() != nullptr) == (kind == wasm::ExternKind::MEMORY));
    if (auto f = type->func()) CHECK(f->params().size() == 3 && f->params()[2]->is_ref() && f->results()[0]->kind() == wasm::ValKind::I32);
    if (auto g = type->global()) CHECK(g->mutability() == wasm::Mutability::VAR && g->content()->kind() == wasm::ValKind::FUNCREF);
    if (auto t = type->table()) CHECK(t->limits().min == 1 && t->limits().max == 2 && t->element()->kind() == wasm::ValKind::FUNCREF);
    if (auto m = type->memory()) CHECK(m->limits().min == 1 && m->limits().max == wasm::Limits(0).max);
    if (auto t = type->tag()) CHECK(t->functype()->params()[0]->kind() == wasm::ValKind::F64);
}

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (func (export "func") (param i64 f32 externref) (result i32) (unreachable))
             (global (export "global") (mut funcref) (ref.null func)) (table (export "table") 1 2 funcref)
             (memory (export "memory") 1) (tag (export "tag") (param f64))))");
    const char* names[] = {"func", "global", "table", "memory", "tag"};
    auto types = module->exports();
    auto copies = types.deep_copy();
    auto exports = instance_of(store.get(), module.get())->exports();
    CHECK(types.size() == 5 && exports.size() == 5);
    for (std::size_t i = 0; i < types.size(); ++i) {
        CHECK(text_of(types[i]->name()) == names[i] && text_of(copies[i]->name()) == names[i]);
        check_type(types[i]->type(), wasm::ExternKind(i));
        check_type(copies[i]->type(), wasm::ExternKind(i));
        check_type(exports[i]->type().get(), wasm::ExternKind(i));
    }

    auto imports = module_of(store.get(), R"((module (import "mod" "name" (memory 3))))")->imports();
    CHECK(imports.size() == 1 && text_of(imports[0]->module()) == "mod" && text_of(imports[0]->name()) == "name");
    CHECK(imports[0]->type()->memory()->limits().min == 3);

    // Types made by the host.
    auto tag = wasm::TagType::make(wasm::FuncType::make(types_of(wasm::ValKind::F64)));
    auto import = wasm::ImportType::make(wasm::Name::make(std::string("m")), wasm::Name::make(std::string("n")), tag->copy());
    CHECK(text_of(import->copy()->name()) == "n" && import->type()->tag());
    auto exported = wasm::ExportType::make(wasm::Name::make(std::string("e")), wasm::MemoryType::make(wasm::Limits(1)));
    CHECK(text_of(exported->name()) == "e" && exported->type()->memory());
    return done();
}
