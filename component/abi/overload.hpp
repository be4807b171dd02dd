// One visitor out of several lambdas.
#pragma once

namespace heddle::component::abi {

template <class... F>
struct Overload : F... {
    using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace heddle::component::abi
