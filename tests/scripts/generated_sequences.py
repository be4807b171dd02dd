"""Functions that contain given sequences of engine/hot.def: WAT whose translation has exactly these cells in a row.

A function takes numbers of every type, computes with them, and gives one number made of all its locals. What a sequence's members need in the
accumulators is put there by an instruction before them. Members that this does not know (returns, tables) give None."""

import re

TYPES = {"i32": "i", "i64": "l", "f32": "f", "f64": "d"}
ACCUMULATOR = {"i32": "i", "i64": "i", "f32": "f", "f64": "d", "v128": "v"}
COMPARE = re.compile(r"_(eq|ne|lt|gt|le|ge)(_[su])?$")
# Converting operations: (operand, result).
CONVERSIONS = {"i32_wrap_i64": ("i64", "i32"), "f64_convert_i32_s": ("i32", "f64"), "f64_convert_i32_u": ("i32", "f64"), "f64_convert_i64_u": ("i64", "f64"),
               "f64_convert_i64_s": ("i64", "f64")}
UNARY = re.compile(r"_(clz|ctz|popcnt|sqrt|abs|neg|extend8_s|extend16_s|extend32_s|ceil|floor|trunc|nearest)$")
LOADS = {"i32_load": "i32", "i64_load": "i64", "f64_load": "f64", "f32_load": "f32"}
IMMEDIATES = {"i32": "(i32.const 16)", "i64": "(i64.const 13)", "f32": "(f32.const 1.25)", "f64": "(f64.const 1.25)"}
KEEP = {"i32": "i32.const 77 i32.xor", "i64": "i64.const 77 i64.xor", "f32": "f32.const 2.5 f32.add", "f64": "f64.const 2.5 f64.add",
        "v128": "v128.const i64x2 7 77 v128.xor"}
# Locals that the loop around the sequences keeps in registers, being those it names most.
PINNED = {"P": "$pinned0", "Q": "$pinned1"}
LANES = {"i8x16": "i32", "i16x8": "i32", "i32x4": "i32", "i64x2": "i64", "f32x4": "f32", "f64x2": "f64"}
VECTOR_UNARY = re.compile(r"_(neg|abs|sqrt|not|popcnt|any_true|all_true|bitmask|ceil|floor|trunc|nearest|extend_\w+|extadd_\w+|convert_\w+|trunc_sat_\w+|promote_\w+|demote_\w+)$")
VECTOR_TERNARY = ("bitselect", "laneselect", "madd")


class Unknown(Exception):
    pass


def types_of(op):
    """(operand, result) of a numeric row."""
    if op in CONVERSIONS:
        return CONVERSIONS[op]
    prefix = op.split("_")[0]
    if prefix not in TYPES:
        raise Unknown(op)
    return prefix, ("i32" if COMPARE.search(op) else prefix)


def text_of(op):
    return op.replace("_", ".", 1)


class Function:
    """Code as a list of instructions; `held` says where the value of each accumulator is: a local, or on the stack since an index of the code."""

    def __init__(self):
        self.code, self.locals, self.held, self.turn = [], [], {}, 0

    # ---- operands

    def fresh(self, kind):
        name = f"${kind}_{len(self.locals)}"
        self.locals.append((name, kind))
        return name

    def given(self, kind):
        self.turn = (self.turn + 1) % 3
        return f"${kind}{self.turn}"

    def operands(self, wanted):
        """Pushes (source, kind) in order, whatever is on the stack already staying there; gives where the first one's code begins."""
        texts, starts = [[]], []  # one list of texts in front of each value that is on the stack, and one behind the last
        for source, kind in wanted:
            held = self.held.get(ACCUMULATOR[kind] if source == "A" else source) if source in "AR" else None
            if source in "AR" and (not held or held[0] != kind):
                raise Unknown("nothing in the register")
            if held and held[1] == "stack":
                starts.append(held[2])
                texts.append([])
            else:
                texts[-1].append(IMMEDIATES[kind] if source == "I" else f"local.get {held[1] if held else PINNED[source] if source in PINNED else self.given(kind)}")
        others = [each[2] for each in self.held.values() if each and each[1] == "stack" and each[2] not in starts]
        if starts != sorted(starts) or (starts and others and max(others) > starts[0]):
            raise Unknown("not on top of the stack")
        begin = starts[0] if starts else len(self.code)
        for at, before in reversed([*zip([*starts, len(self.code)], texts)]):
            self.code[at:at] = before
        for key, each in list(self.held.items()):
            if each and each[1] == "stack" and each[2] in starts:
                self.held[key] = None
        return begin

    def accumulator(self, kind, first=None):
        """Pushes what the accumulator holds, with `first` before it."""
        at = self.held.get(ACCUMULATOR[kind])
        if at is None or at[0] != kind:
            raise Unknown("nothing in the accumulator")
        if at[1] == "stack":
            if at[2] != max(each[2] for each in self.held.values() if each and each[1] == "stack"):
                raise Unknown("not on top of the stack")
            if first:
                self.code.insert(at[2], first)
            self.held[ACCUMULATOR[kind]] = None
        else:
            self.code += ([first] if first else []) + [f"local.get {at[1]}"]

    def push(self, source, kind):
        if source == "A":
            self.accumulator(kind)
        else:
            self.code.append(f"local.get {self.given(kind)}" if source == "S" else IMMEDIATES[kind])

    def pair(self, shape, kind):
        if shape[1] == "A":
            self.accumulator(kind, f"local.get {self.given(kind)}" if shape[0] == "S" else IMMEDIATES[kind])
        else:
            self.push(shape[0], kind)
            self.push(shape[1], kind)

    def start_of(self, shape, kind):
        at = self.held.get(ACCUMULATOR[kind])
        return at[2] if "A" in shape and at and at[0] == kind and at[1] == "stack" else len(self.code)

    def give(self, kind, to_slot, start):
        at = self.held.get(ACCUMULATOR[kind])
        if at and at[1] == "stack":
            raise Unknown("a value would be spilled")
        if to_slot:
            name = self.fresh(kind)
            self.code.append(f"local.set {name}")
            self.held[ACCUMULATOR[kind]] = (kind, name, -1)
        else:
            self.held[ACCUMULATOR[kind]] = (kind, "stack", start)

    # ---- members

    def numeric(self, op, shape, to_slot):
        kind, result = types_of(op)
        start = self.start_of(shape, kind)
        if op in CONVERSIONS or UNARY.search(op):
            self.push("A" if shape == "AS" else "S", kind)
        else:
            self.pair(shape, kind)
        self.code.append(text_of(op))
        self.give(result, to_slot, start)

    def pinned(self, op, first, second, to):
        if "A" in (first, second) and self.held.get("d", (0, 0))[1] in PINNED.values():
            raise Unknown("the local has a register of its own")
        start = self.operands([(first, "f64"), (second, "f64")])
        self.code.append(text_of(op))
        waits = self.held.get("d")
        if waits and waits[1] == "stack":
            raise Unknown("a value would be spilled")
        if to in PINNED:
            self.code.append(f"local.set {PINNED[to]}")
            self.held["d"] = ("f64", PINNED[to], -1)
        elif to == "R":
            if self.held.get("R"):  # stays on the stack, in its slot
                self.held[f"R{len(self.held)}"] = self.held["R"]
            self.held["R"] = ("f64", "stack", start)
        else:
            self.give("f64", to == "S", start)

    def address(self, form):
        """Pushes an address; gives the offset in the instruction."""
        start = self.start_of(form, "i32")
        if form == "S":
            self.push("S", "i32")
        elif form == "A":
            self.accumulator("i32")
        elif form == "I":
            self.code.append("i32.const 64")
        elif form in ("SJ", "AJ"):
            self.push(form[0], "i32")
            self.code += ["i32.const 24", "i32.add"]
        elif form in ("SS", "AS"):
            self.pair(form, "i32")
            self.code.append("i32.add")
        elif form == "SX":
            self.code += [f"local.get {self.given('i32')}", f"local.get {self.given('i32')}", "i32.const 2", "i32.shl", "i32.add"]
        else:
            raise Unknown(form)
        return start

    def offset(self, form):
        """One that keeps an addition before the access from becoming part of it, when the access is to take its result."""
        return 70000 if form == "A" else 8

    def load(self, op, form, to_slot):
        kind = LOADS.get(op, op.split("_")[0])
        start = self.address(form)
        self.code.append(f"{text_of(op)} offset={self.offset(form)}")
        self.give(kind, to_slot, start)

    def store(self, log2, form, value):
        kind = {"F64": "f64", "F32": "f32"}.get(value, "i32" if int(log2) < 3 else "i64")
        source = "A" if value in ("A", "F64", "F32") else value
        if source == "A" and self.held.get(ACCUMULATOR[kind], (0, "stack"))[1] == "stack":
            if form not in ("S", "I"):
                raise Unknown("the value lies under its address")
            self.operands([(form, "i32"), ("A", kind)])
        else:
            self.address(form)
            self.push(source, kind)
        self.code.append({"0": "i32.store8", "1": "i32.store16", "2": "i32.store", "3": f"{kind}.store"}[log2] if kind != "f32" else "f32.store")

    def compare_branch(self, op, shape, back):
        kind = "i64" if op.startswith("i64_") else "i32"
        name = op.removeprefix("i64_")
        self.pair(shape, kind)
        if name in ("test", "test_not"):
            self.code += [f"{kind}.and"] + (["i32.eqz"] if name == "test_not" else [])
        else:
            self.code.append(f"{kind}.{name}")
        self.code.append("br_if $back" if int(back) else "br_if $out")

    def float_branch(self, op, shape, negated, back):
        self.pair(shape, op.split("_")[0])
        self.code += [text_of(op)] + (["i32.eqz"] if int(negated) else []) + ["br_if $back" if int(back) else "br_if $out"]

    def compare_select(self, op, shape):
        self.code += [f"local.get {self.given('i32')}", f"local.get {self.given('i32')}"]
        self.pair(shape, "i32")
        self.code += ["i32.and" if op == "test" else f"i32.{op}", "select"]
        self.give("i32", True, 0)

    def body(self, name):
        if name == "set_const":
            self.code += ["i32.const 4242", f"local.set {self.fresh('i32')}"]
        elif name == "load_pins":
            self.code += ["f64.const 0.75", "local.set $pinned0"]
        elif name in ("set_pin_p", "set_pin_q"):
            at = self.held.get("d")
            if not at or self.code[-1] != f"local.set {at[1]}":
                raise Unknown("nothing was computed")
            self.code[-1] = f"local.set {PINNED[name[-1].upper()]}"
            self.held["d"] = None
        elif name == "set_acc_v128":
            held = self.held.get("v")
            if not held or held[1] == "stack":
                raise Unknown(name)
            self.code += [f"local.get {held[1]}", f"local.set {self.fresh('v128')}"]
        elif name in ("const_acc_v128", "const_acc_v128_d"):
            self.code.append("v128.const i64x2 0x1234 -3")
            self.give("v128", name.endswith("_d"), len(self.code) - 1)
        elif name == "set_v128":
            if self.held.get("v", (0, 0))[1] != "stack":
                raise Unknown("nothing waits in the accumulator")
            self.code += ["v128.const i64x2 -5 0x4321", f"local.set {self.fresh('v128')}"]
        elif name == "move_v128":
            self.code += [f"local.get {self.given('v128')}", f"local.set {self.fresh('v128')}"]
        elif name == "move":
            self.code += [f"local.get {self.given('i64')}", f"local.set {self.fresh('i64')}"]
        elif name == "move2":
            self.body("move")
            self.body("move")
        elif name == "set_acc":
            at = self.held.get("i")
            if not at or at[1] == "stack":
                raise Unknown(name)
            self.code += [f"local.get {at[1]}", f"local.set {self.fresh(at[0])}"]
        elif name == "select_ass_d":
            at = self.held.get("i")
            if not at or at[0] != "i32" or at[1] == "stack":
                raise Unknown(name)
            self.code += [f"local.get {self.given('i32')}", f"local.get {self.given('i32')}", f"local.get {at[1]}", "select"]
            self.give("i32", True, 0)
        elif name in ("global_get", "global_get_d"):
            start = len(self.code)
            self.code.append("global.get $own")
            self.give("i32", name.endswith("_d"), start)
        elif name == "global_set_a":
            self.accumulator("i32")
            self.code.append("global.set $own")
        else:
            raise Unknown(name)

    def control(self, name):
        if name not in ("br", "br_back"):
            raise Unknown(name)
        self.code.append("br $back" if name == "br_back" else "br $out")

    def call(self, moved, zeroed):
        if any(each and each[1] == "stack" for each in self.held.values()):
            raise Unknown("a value would lie under the arguments")
        self.code += [f"local.get {self.given('i64')}" for _ in range(int(moved))] + [f"call $callee_{moved}_{zeroed}"]
        self.held = {}
        self.give("i64", True, 0)

    def vector(self, op, shape, to_slot):
        lane = LANES.get(op.split("_")[0])
        text, result, kinds = text_of(op), "v128", ["v128", "v128"]
        if op == "i8x16_shuffle":
            kinds = ["v128"] if shape[1] == "I" else kinds
            text = "local.get $v1281 i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12" if shape[1] == "I" else "i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31"
        elif "load" in op or "store" in op:
            raise Unknown(op)
        elif "extract_lane" in op:
            kinds, result, text = ["v128"], lane, text + " 1"
        elif "replace_lane" in op:
            kinds, text = ["v128", lane], text + " 1"
        elif "splat" in op:
            kinds = [lane]
        elif "_sh" in op:
            kinds = ["v128", "i32"]
        elif VECTOR_UNARY.search(op):
            kinds, result = ["v128"], "i32" if re.search("_true|bitmask", op) else "v128"
        elif op.endswith(VECTOR_TERNARY):
            kinds = ["v128"] * 3
        start = self.operands(list(zip(shape, kinds)))
        self.code.append(text)
        self.give(result, int(to_slot), start)

    def vector_load(self, op, form, to_slot):
        start = self.address(form)
        self.code.append(f"{op.replace('v128_', 'v128.')} offset={self.offset(form)}")
        self.give("v128", int(to_slot), start)

    def vector_store(self, form, value):
        held = self.held.get("v")
        if value == "A" and held and held[1] == "stack":
            if form not in ("S", "A", "I"):
                raise Unknown("the value lies under its address")
            self.operands([(form, "i32"), ("A", "v128")])
        else:
            self.address(form)
            self.push(value, "v128")
        self.code.append(f"v128.store offset={self.offset(form)}")

    def member(self, text):
        kind, words = text[:-1].split("(")
        words = words.split(",")
        {"N": lambda op, shape, d: self.numeric(op, shape, int(d)), "L": lambda op, form, d: self.load(op, form, int(d)), "S": self.store,
         "C": self.compare_branch, "F": self.float_branch, "X": self.compare_select, "B": self.body, "PIN": self.pinned, "V": self.vector, "VL": self.vector_load, "VS": self.vector_store, "K": self.control, "CALL": self.call}[kind](*words)


# What may be needed in an accumulator before the first member.
FEEDERS = [[], ["N(i32_add,SI,1)"], ["N(i64_add,SI,1)"], ["N(f64_add,SS,1)"], ["N(f32_add,SS,1)"], ["N(f64_add,SS,1)", "N(i32_add,SI,1)"],
           ["L(i32_load8_u,S,1)"], ["N(i32_and,SI,1)"], ["N(i64_and,SI,1)"], ["N(f64_mul,SS,1)"],
           ["VL(v128_load,S,1)"], ["VL(v128_load,S,0)"], ["N(i32_add,SI,1)", "VL(v128_load,S,1)"], ["N(i32_add,SI,1)", "VL(v128_load,S,0)"],
           ["VL(v128_load,S,1)", "N(i32_add,SI,1)"], ["VL(v128_load,S,1)", "N(f64_add,SS,1)"],
           ["N(f64_add,SS,0)"], ["PIN(f64_mul,S,S,R)"], ["PIN(f64_mul,S,S,R)", "N(f64_add,SS,0)"], ["PIN(f64_mul,S,S,R)", "N(f64_add,SS,1)"],
           ["PIN(f64_mul,S,S,R)", "L(f64_load,S,1)"], ["N(i32_add,SI,1)", "PIN(f64_mul,S,S,R)", "N(f64_add,SS,0)"]]


def function(name, members, feeders):
    """A function's text, or None."""
    f = Function()
    try:
        for each in [*feeders, *members]:
            f.member(each)
        for key, at in sorted(((key, each) for key, each in f.held.items() if each and each[1] == "stack"), key=lambda item: -item[1][2]):
            kept = f.fresh(at[0])
            f.code += ["local.get $f640 local.get $f641 f64.mul f64.add" if key[0] == "R" else KEEP[at[0]], f"local.set {kept}"]
    except (Unknown, KeyError, ValueError, TypeError):
        return None
    parameters = " ".join(f"(param ${kind}{i} {kind})" for kind in TYPES for i in range(3))
    vectors = "(local $v1280 v128) (local $v1281 v128) (local $v1282 v128)"
    f.locals += [(each, "f64") for each in PINNED.values()]
    declared = " ".join(f"(local {each} {kind})" for each, kind in f.locals)
    digest = ["local.get $sum"]
    bits = {"i32": "i64.extend_i32_u", "i64": "", "f32": "f64.promote_f32 i64.trunc_sat_f64_s", "f64": "f64.const 1000 f64.mul i64.trunc_sat_f64_s",
            "v128": "i64x2.extract_lane 0"}
    twice = {"v128": "i64x2.extract_lane 1"}
    for each, kind in f.locals:
        digest += [f"i64.const 31 i64.mul local.get {each} {bits[kind]} i64.add"]
        digest += [f"i64.const 31 i64.mul local.get {each} {twice[kind]} i64.add"] if kind in twice else []
    digest += ["(i64.load (i32.const 64)) i64.xor (i64.load (i32.const 112)) i64.add global.get $own i64.extend_i32_u i64.add"]
    return f"""
  (func (export "{name}") {parameters} (result i64) {vectors} {declared} (local $turns i32) (local $sum i64)
    (local.set $v1280 (v128.const i64x2 0x0102030405060708 0x1112131415161718)) (local.set $v1281 (v128.const i64x2 0x8182838485868788 0x0706050403020100))
    (local.set $v1282 (v128.const f64x2 1.5 -3.25)) (local.set $pinned0 (f64.const 1.125)) (local.set $pinned1 (f64.const -2.5))
    (block $out
      (loop $back
        (br_if $out (i32.gt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (i32.const 5)))
        (local.set $sum (i64.add (local.get $sum) (i64.const 1)))
        {" ".join(f"(drop (local.get {each}))" for source, each in PINNED.items() for _ in range(30 if source == "P" else 20))}
        (block $start)
        {" ".join(f.code)}
      )
    )
    {" ".join(digest)})"""


ARGUMENTS = [("(i32.const 64) (i32.const 120) (i32.const 8)", "(i64.const 3) (i64.const -70000) (i64.const 0x123456789abcdef)",
              "(f32.const 1.5) (f32.const -2.25) (f32.const 8)", "(f64.const 0.5) (f64.const -3.75) (f64.const 12)"),
             ("(i32.const 40) (i32.const 16) (i32.const 304)", "(i64.const -1) (i64.const 5) (i64.const 0x8000000000000001)",
              "(f32.const -0.5) (f32.const 3) (f32.const 0.125)", "(f64.const 9) (f64.const 2.5) (f64.const -0.25)")]


def callees():
    """Functions for calls that move so many arguments and zero so many locals."""
    return [f'  (func $callee_{moved}_{zeroed} {"(param i64) " * moved}(result i64) {"(local i64) " * zeroed}'
            + f'(i64.const {moved * 10 + zeroed}) {" ".join(f"local.get {i} i64.add" for i in range(moved + zeroed))})' for moved in range(5) for zeroed in range(6)]


def module(functions):
    """All functions in a module whose export `all` gives one number of what they give."""
    names = re.findall(r'\(func \(export "([^"]*)"\)', "".join(functions))
    calls = "".join(f'\n    (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (call ${name} {" ".join(each)})))' for name in names for each in ARGUMENTS)
    text = re.sub(r'\(func \(export "([^"]*)"\)', r'(func $\1 (export "\1")', "\n".join(functions))
    data = "".join(f"\\{i * 37 % 61:02x}" for i in range(512))
    helpers = "\n".join(callees())
    return f"""(module
  (memory (export "memory") 65536)
  (global $own (mut i32) (i32.const 5))
  (data (i32.const 0) "{data}")
{helpers}
{text}
  (func (export "all") (result i64) (local $sum i64){calls}
    (local.get $sum))
)
"""
