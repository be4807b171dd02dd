// What the kinds made of components share: a linker with WASI under the manifest's grants, and calls that end as outcomes.
#pragma once
#include <heddle/component_snapshot.hpp>

#include "guest.hpp"

namespace heddle::wire {

class ComponentGuest : public Guest {
public:
    using Guest::Guest;

protected:
    // Imports offered besides WASI.
    virtual void offer(ComponentLinker&) {}
    Ended instantiate();
    // `result` is the function's, when the outcome is ok.
    Task<Ended> call(const ComponentFunc& f, std::vector<component::Val> args, std::optional<component::Val>& result);
    // A host call as a host function: `answered` makes the function's result of the answer, or a trap's words.
    using Answered = std::function<std::expected<std::optional<component::Val>, std::string>(HostAnswer)>;
    Host ask(component::HostCall& call, std::string_view op, std::string_view json, Answered answered);
    // The interface metatype:wit-wire/typegate-wire.
    void offer_hostcall(ComponentLinker& linker);
    Ended begin_call(const ComponentFunc& f, std::vector<component::Val> args, std::optional<ComponentCall>& call);
    const ComponentInstance& instance() const { return *instance_; }

private:
    // Functions that other materializers serve.
    void offer_imports(ComponentLinker&);
    Host call_served(component::HostCall& call, const std::string& op);
    Host call_sent(component::HostCall& call, const std::string& method, const SentImport& to);
    Ended run_in_place(const ComponentCall& call);
    Result<void> do_save() override;
    Result<void> do_reset() override;
    std::optional<ComponentInstance> instance_;
    ComponentSnapshot snapshot_;
};

}  // namespace heddle::wire
