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
    Ended call(const ComponentFunc& f, std::vector<component::Val> args, std::optional<component::Val>& result);
    Ended begin_call(const ComponentFunc& f, std::vector<component::Val> args, std::optional<ComponentCall>& call);
    const ComponentInstance& instance() const { return *instance_; }

private:
    // Functions that other materializers serve.
    void offer_imports(ComponentLinker&);
    Host call_served(component::HostCall& call, const std::string& op);
    Result<void> do_save() override;
    Result<void> do_reset() override;
    std::optional<ComponentInstance> instance_;
    ComponentSnapshot snapshot_;
};

}  // namespace heddle::wire
