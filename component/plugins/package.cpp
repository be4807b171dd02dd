#include "package.hpp"

namespace heddle::component::plugins {

std::string_view package_text() {
    return R"wit(/// Plug-ins: components that another component loads, holds and calls, each with memories, handles and limits of its own.
package heddle:plugins@0.1.0;

/// Makes instances. How they are called, `heddle wit derive` says for each world; interface values does it without types.
interface loader {
  /// Why there is no instance, or none that serves an interface.
  variant load-error {
    /// Nothing has that name.
    unknown(string),
    /// It is there, but not for this component.
    denied(string),
    /// The bytes are no component, or an invalid one.
    invalid(string),
    /// It imports what nobody serves.
    unlinkable(string),
    /// It exports other functions than the interface has; both types are in the text.
    wrong-world(string),
    /// Which limit stands against it, and its value.
    limit(string),
    /// It trapped while it started.
    trapped(string),
    /// Its zone has ended.
    dead(string),
  }

  /// Why a call has no result. After `trapped`, `deadline`, `fuel`, `memory` and `limit` of the callee the zone is dead.
  variant call-error {
    trapped(string),
    /// It took longer than it may.
    deadline(string),
    fuel(string),
    /// It was refused the memory that it asked for, and trapped.
    memory(string),
    limit(string),
    /// The zone has ended: why.
    dead(string),
    /// A call of the same zone is going on.
    reentrant,
    /// An argument is a handle of another plug-in.
    foreign-handle,
    unknown-function(string),
    /// What is wrong with the arguments, and where.
    bad-arguments(string),
    /// Of an instance that runs elsewhere: it could not be reached.
    unreachable(string),
  }

  /// What an instance may have. What is not said is what the host gives, and nothing is more than what its maker has left.
  record options {
    /// All of its linear memories together, and those of its own plug-ins.
    memory-bytes: option<u64>,
    /// For each call. An instruction costs 1.
    fuel: option<u64>,
    /// For each call.
    deadline-ms: option<u32>,
    /// Handles in one of its component instances.
    handles: option<u32>,
    /// Plug-ins of its own, and theirs.
    zones: option<u32>,
  }

  variant status {
    ready,
    /// A call is going on.
    running,
    dead(string),
    closed,
  }

  /// A component that can be instantiated any number of times.
  resource code {
    /// An entry of the catalogue.
    named: static func(name: string) -> result<code, load-error>;
    /// A component in binary or text form. Only where the host allows it.
    from-bytes: static func(bytes: list<u8>) -> result<code, load-error>;
    instantiate: func(opts: options) -> result<instance, load-error>;
  }

  /// One instance. It ends with close(), or when it, everything bound to it and all of its resources are dropped.
  resource instance {
    /// An instance that runs already, by its identity: "counter", or "cart/ada" for one of many.
    connect: static func(identity: string) -> result<instance, load-error>;
    status: func() -> status;
    /// Of its linear memories now, those of its own plug-ins not counted.
    memory-bytes: func() -> u64;
    /// By all calls until now, its own plug-ins' included.
    fuel-used: func() -> u64;
    close: func();
  }

  /// The names of what there is.
  catalogue: func() -> list<string>;
}

/// The same calls without types, for guests that learn at run time what there is.
interface values {
  use loader.{instance, call-error};

  record function-info {
    /// "demo:app/greet@1.0.0.hello"
    name: string,
    /// "func(name: string) -> string"
    signature: string,
  }

  /// What an instance exports.
  functions: func(i: borrow<instance>) -> list<function-info>;
  /// Arguments as a JSON list, the result as JSON ("null" without one). Records are objects, variants {"case": payload}, enums and cases without
  /// payload strings, flags lists of strings, results {"ok": …} and {"err": …}, absent options null. Integers may have 64 bits.
  call-json: func(i: borrow<instance>, name: string, arguments: string) -> result<string, call-error>;
  /// Arguments as WAVE text in parentheses: (1, "a", {x: 1}). The result likewise, empty without one.
  call-wave: func(i: borrow<instance>, name: string, arguments: string) -> result<string, call-error>;

  /// A value in a list of values. What it consists of lies behind it in the same list, and is said by its place there, from 0 on.
  variant node {
    %bool(bool),
    %s8(s8),
    %u8(u8),
    %s16(s16),
    %u16(u16),
    %s32(s32),
    %u32(u32),
    %s64(s64),
    %u64(u64),
    %f32(f32),
    %f64(f64),
    %char(char),
    %string(string),
    /// A list of u8 in one piece: results have no other, arguments may.
    bytes(list<u8>),
    /// Elements; of a map: records of a key and a value.
    %list(list<u32>),
    /// Fields in the order of the type; tuples likewise.
    %record(list<u32>),
    /// Also enums, options (none 0, some 1) and results (ok 0, err 1).
    %variant(choice),
    /// Bit n stands for the n-th label.
    %flags(u32),
  }

  record choice {
    /// Of the case, in the order of the type.
    number: u32,
    payload: option<u32>,
  }

  /// Values with the types that the function has, as a tree in a list: node 0 is a record of the arguments, and every other node is a part of exactly
  /// one before it. At most 262144 nodes, 128 deep. Of the result, node 0 is the value, and without a result there is no node.
  call-tree: func(i: borrow<instance>, name: string, arguments: list<node>) -> result<list<node>, call-error>;
}
)wit";
}

}  // namespace heddle::component::plugins
