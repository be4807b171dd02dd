#include "hot.hpp"

#include <random>
#include <set>

#include "code.hpp"
#include "interpreter.hpp"
#include "members.hpp"
#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

// How many words each member's cell has; a br_table's is made with two labels.
template <HandlerId id>
constexpr u32 cell_words() {
    constexpr u32 index = id & 0xfff;
    if constexpr (!Member<id>::ends) return Member<id>::words;
    else if constexpr (Group(id >> 12) == Group::branch) {
        constexpr bool is_float = index >= float_branch_base;
        constexpr u32 form = (index - float_branch_base) / 4;
        constexpr bool has_word = is_float && form / u32(Shape::count_) >= 6 && form % u32(Shape::count_) >= u32(Shape::SI);
        return has_word ? 4 : 3;
    } else if constexpr (index == u32(Control::br_table_s) || index == u32(Control::br_table_a)) return 5;
    else if constexpr (index >= u32(Control::call_base)) return index >= u32(Control::call_base) + call_zeroes ? 4 : 3;
    else return 2;
}
template <u32 i>
constexpr std::array<u32, longest_sequence> lengths_of() {
    return [&]<std::size_t... m>(std::index_sequence<m...>) {
        return std::array<u32, longest_sequence>{cell_words<hot_sequences[i].ids[m]>()...};
    }(std::make_index_sequence<hot_sequences[i].length>());
}
constexpr auto all_lengths = []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<std::array<u32, longest_sequence>, hot_count>{lengths_of<u32(i)>()...};
}(std::make_index_sequence<hot_count>());

bool is_call(HandlerId id) { return id >= control_id(Control::call_base) && Group(id >> 12) == Group::control; }
// Of memory 0, with the offset behind it in the operand word; a lane's is in word 2.
bool is_access(HandlerId id) {
    if (Group(id >> 12) == Group::memory) return true;
    RowKind kind = Group(id >> 12) == Group::simd ? info(Op(u32(Op::v128_load) + (id & 0xfff) / simd_variants)).kind : RowKind::pure;
    return kind == RowKind::vload || kind == RowKind::vstore;
}
bool has_two_parts(HandlerId id) {
    u32 index = id & 0xfff, addresses = u32(Address::count_);
    Address a = Group(id >> 12) == Group::simd ? vector_addresses[index % simd_variants / 2]
                : index < store_base           ? Address(index / 2 % addresses)
                                               : Address((index - store_base) / u32(Stored::count_) % addresses);
    return a >= Address::SS && a < Address::P;
}
bool is_return(HandlerId id) { return id >= control_id(Control::return_none) && id <= control_id(Control::return_slot_f32); }

// Cells of a sequence with random operands between cells that set the registers and cells that save them.
class Scene {
public:
    static constexpr u32 access = 16;  // bytes, at most
    static constexpr Word one = std::bit_cast<Word>(1.0);
    static constexpr u32 slots = 512, small = 32, record = 100, callee_frame = 128, callee_record = 200, saved = 220, price = 7;

    Scene(Store& store, const Instance& in, bool metered) : store_(store), instance_(in.object()), options_{.metering = metered}, memory_(in.find_memory("memory")->bytes()) {}

    void make(const HotSequence& sequence, const std::array<u32, longest_sequence>& lengths, u32 seed) {
        random_.seed(seed);
        code_.clear();
        code_.reserve(300);
        cell(body_id(Body::load_pins), fields(slot(), slot(), 0, 0));
        cell(pinned_id(Op::f64_mul, Source::S, Source::I, PinnedResult::R), fields(saved, slot(), 0, 0), {one});
        cell(body_id(Body::const64_acc), 0, {number()});
        cell(body_id(Body::const_acc_f64), 0, {number()});
        cell(body_id(Body::const_acc_f32), number() << 32);
        cell(body_id(Body::const_acc_v128), 0, {number(), number()});
        first_ = u32(code_.size());
        for (u32 m = 0; m < sequence.length; ++m) member(sequence.ids[m], lengths[m]);
        landing(1);
        code_.push_back(price);
        std::size_t other = code_.size();
        landing(2);
        for (std::size_t at : to_other_) code_[at] = reinterpret_cast<Word>(code_.data() + other);
        callee_.entry.store(code_.data() + other);
        callee_.paid_entry.store(code_.data() + other);
        other_ = code_.data() + other;
        to_other_.clear();
        for (u64& v : start_) v = number();
        for (u8& b : start_memory_) b = u8(random_());
        for (u64& v : start_globals_) v = number();
    }
    // What is there afterwards, with the first cell's handler as given, or its own.
    std::vector<u64> run(Word handler) {
        Word own = std::exchange(code_[first_], handler ? handler : code_[first_]);
        std::copy(start_.begin(), start_.end(), frame_.begin());
        frame_[record] = reinterpret_cast<u64>(other_);
        frame_[record + 1] = reinterpret_cast<u64>(frame_.data() + 256);
        std::fill(std::copy(start_memory_.begin(), start_memory_.end(), memory_.begin()), memory_.end(), u8(0));  // nothing of the last run is left
        for (u32 i = 0; i < small; ++i) instance_->own_globals[i].value = {start_globals_[i], start_globals_[i]};
        ExecContext& c = store_.data().context;
        c.limit.store(~u64(0));
        c.fuel = 100;
        c.exit = 0xff;
        c.trap = TrapCode::none;
        c.pc = code_.data();
        c.frame = reinterpret_cast<Slot*>(frame_.data());
        c.instance = instance_;
        heddle::run(c);
        std::vector<u64> after(frame_.begin(), frame_.end());
        after.push_back(u64(c.fuel));
        after.push_back(c.exit);
        after.push_back(u64(c.trap));
        if (Exit(c.exit) == Exit::trapped) after.push_back(u64(c.pc - code_.data()));
        for (u32 i = 0; i < small; ++i) after.push_back(instance_->own_globals[i].value.lo);
        after.insert(after.end(), memory_.begin(), memory_.begin() + std::ptrdiff_t(start_memory_.size()));
        code_[first_] = own;
        return after;
    }

private:
    // Often small, never a NaN.
    u64 number() {
        u64 v = (u64(random_()) << 32 | random_()) & 0xbfffffffbfffffff;
        switch (random_() % 4) {
        case 0: return v & 0xff;
        case 1: return v & 0x3fff;
        case 2: return v & 0xbfffffff;
        default: return v;
        }
    }
    u32 slot() { return random_() % small; }
    void cell(HandlerId id, u64 operands, std::initializer_list<Word> more = {}) {
        code_.push_back(options_.own(id));
        code_.push_back(operands);
        code_.insert(code_.end(), more);
    }
    void landing(u32 which) {
        cell(body_id(Body::set_const), saved | u64(which) << 32);
        cell(body_id(Body::set_acc), saved + 1);
        cell(body_id(Body::set_acc_f64), saved + 2);
        cell(body_id(Body::set_acc_f32), saved + 3);
        cell(body_id(Body::set_acc_v128), saved + 4);
        u32 to = saved + 6;
        for (Source copy : {Source::P, Source::Q, Source::R}) cell(pinned_id(Op::f64_mul, copy, Source::I, PinnedResult::S), fields(to++, 0, 0, 0), {one});
        cell(control_id(Control::leave), 0);
    }
    static u64 fields(u32 a, u32 b, u32 c, u32 d) { return u64(a) | u64(b) << 16 | u64(c) << 32 | u64(d) << 48; }

    u64 operands(HandlerId id) {
        if (is_return(id)) return fields(record, slot(), slot(), slot());
        if (is_call(id)) return fields(callee_frame, callee_record, callee_frame + 8, slot());
        if (id == control_id(Control::br_table_s) || id == control_id(Control::br_table_a)) return fields(slot(), 0, 2, 0);
        if (is_access(id)) {
            u32 offset = access + u32(random_() % 2) * slot();
            return has_two_parts(id) ? fields(slot(), slot(), slot(), offset) : fields(slot(), slot(), offset, 0);
        }
        if (Group(id >> 12) == Group::simd) {
            u32 lanes = info(Op(u32(Op::v128_load) + (id & 0xfff) / simd_variants)).lanes;
            return fields(slot(), slot(), slot(), lanes ? slot() % lanes : random_() % 2 * slot());
        }
        if (Group(id >> 12) == Group::body) {
            Body b = Body(id & 0xfff);
            bool by_half = (b >= Body::set_const64 && b <= Body::set_acc_v128) || b == Body::move_wide || (b >= Body::global_get && b <= Body::global_set_v128);
            if (by_half) return fields(slot(), b < Body::global_get ? 0 : slot(), slot(), 0);
        }
        return fields(slot(), slot(), slot(), random_() % 2 * slot());
    }
    void member(HandlerId id, u32 length) {
        std::size_t at = code_.size();
        cell(id, operands(id));
        while (code_.size() < at + length) code_.push_back(number());
        if (Group(id >> 12) == Group::branch && (id & 0xfff) >= select_base) code_[at + 2] = fields(slot(), slot(), slot(), slot());
        if (Group(id >> 12) == Group::branch && (id & 0xfff) < select_base) to_other_.push_back(at + length - 1);
        if (id == control_id(Control::br) || id == control_id(Control::br_back)) to_other_.push_back(at + 1);
        if (length == 5) to_other_.insert(to_other_.end(), {at + 2, at + 4}), code_[at + 3] = reinterpret_cast<Word>(code_.data() + at + 5);
        if (is_call(id)) {
            code_[at + 2] = reinterpret_cast<Word>(&callee_);
            if (length == 4) code_[at + 3] = fields(slot(), slot(), slot(), slot());
        }
    }

    Store& store_;
    InstanceObject* instance_;
    CodeOptions options_;
    std::span<u8> memory_;
    std::mt19937 random_;
    std::vector<Word> code_;
    std::vector<std::size_t> to_other_;  // words that get the second landing's address
    const Word* other_ = nullptr;
    u32 first_ = 0;
    FuncCode callee_;
    alignas(16) std::array<u64, slots> frame_{};
    std::array<u64, slots> start_{};
    std::array<u64, small> start_globals_{};
    std::array<u8, 2048> start_memory_{};
};

void compare_sequences(bool metered) {
    Engine engine;
    Store store(engine);
    std::string globals;
    for (u32 i = 0; i < Scene::small; ++i) globals += "(global (mut i64) (i64.const 0))";
    Instance in = test::load(store, "(module (memory (export \"memory\") 1)" + globals + ")");
    Scene scene(store, in, metered);
    for (u32 i = 0; i < hot_count; ++i) {
        const HotSequence& s = hot_sequences[i];
        std::vector<HandlerId> ids(s.ids, s.ids + s.length);
        std::vector<Word> chosen(s.length);
        choose_hot(ids, chosen, 1, metered);
        ASSERT_NE(chosen[0], 0u) << i;
        for (u32 trial = 0; trial < 8; ++trial) {
            scene.make(s, all_lengths[i], i * 8 + trial);
            ASSERT_EQ(scene.run(0), scene.run(chosen[0])) << "sequence " << i << " from " << handler_name(s.ids[0]) << ", trial " << trial;
        }
    }
}
TEST(Hot, every_sequence_does_what_its_members_do) { compare_sequences(false); }
TEST(Hot, every_sequence_charges_as_its_members_do) { compare_sequences(true); }

TEST(Hot, metered_handlers_are_the_twins_of_back_edges_and_calls) {
    HandlerId back = compare_branch_id(Compare::ne, CompareShape::SI, Edge::back), ahead = compare_branch_id(Compare::ne, CompareShape::SI, Edge::forward);
    EXPECT_EQ(metered_id(back), compare_branch_id(Compare::ne, CompareShape::SI, Edge::metered));
    EXPECT_EQ(metered_id(ahead), ahead);
    EXPECT_EQ(metered_id(control_id(Control::br)), control_id(Control::br));
    for (HandlerId id : {back, control_id(Control::br_back), call_id(2, 3)}) {
        EXPECT_FALSE(is_metered(id));
        EXPECT_TRUE(is_metered(metered_id(id)));
        EXPECT_EQ(metered_id(metered_id(id)), metered_id(id)) << handler_name(id);
        EXPECT_EQ(membership(metered_id(id)), Membership::none);
    }
}

TEST(Hot, members_can_be_where_they_stand) {
    for (const HotSequence& s : hot_sequences) {
        ASSERT_GE(s.length, 1u);
        for (u32 m = 0; m + 1 < s.length; ++m) EXPECT_EQ(membership(s.ids[m]), Membership::anywhere) << handler_name(s.ids[m]);
        EXPECT_NE(membership(s.ids[s.length - 1]), Membership::none) << handler_name(s.ids[s.length - 1]);
    }
}

// The fewest dispatches for cells from `from` on, tried out.
u32 fewest(std::span<const HandlerId> cells) {
    if (cells.empty()) return 0;
    u32 best = 1 + fewest(cells.subspan(1));
    for (const HotSequence& s : hot_sequences)
        if (s.length > 1 && s.length <= cells.size() && std::equal(s.ids, s.ids + s.length, cells.begin())) best = std::min(best, 1 + fewest(cells.subspan(s.length)));
    return best;
}

TEST(Hot, cells_are_covered_with_the_fewest_dispatches) {
    std::mt19937 random(1);
    for (int round = 0; round < 50; ++round) {
        std::vector<HandlerId> cells;
        while (cells.size() < 9) {
            const HotSequence& s = hot_sequences[random() % hot_count];
            cells.insert(cells.end(), s.ids, s.ids + s.length);
        }
        std::vector<Word> chosen(cells.size());
        choose_hot(cells, chosen, hot_copies(), false);
        // Every cell got a handler of its own or one that begins with it; walking over them takes the fewest steps.
        EXPECT_EQ(hot_dispatches(cells), fewest(cells));
    }
}

TEST(Hot, copies_are_used_in_turn) {
    std::vector<HandlerId> cells(hot_sequences[0].ids, hot_sequences[0].ids + hot_sequences[0].length);
    std::set<Word> seen;
    for (u32 i = 0; i < hot_copies(); ++i) {
        std::vector<Word> chosen(cells.size());
        choose_hot(cells, chosen, hot_copies(), false);
        seen.insert(chosen[0]);
    }
    EXPECT_EQ(seen.size(), hot_copies());
    EXPECT_LE(suitable_copies(), hot_copies());
}

TEST(Hot, programs_give_the_same_with_and_without) {
    constexpr std::string_view text = R"((module (memory 1)
        (func $gcd (param $a i32) (param $b i32) (result i32)
          (if (result i32) (local.get $b) (then (call $gcd (local.get $b) (i32.rem_u (local.get $a) (local.get $b)))) (else (local.get $a))))
        (func (export "f") (param $n i32) (result i64) (local $i i32) (local $sum i64)
          (loop $l
            (i64.store (i32.and (i32.shl (local.get $i) (i32.const 3)) (i32.const 65528)) (local.get $sum))
            (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 5))
              (i64.extend_i32_u (call $gcd (i32.mul (local.get $i) (i32.const 7919)) (i32.add (local.get $i) (i32.const 12))))))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
          (i64.add (local.get $sum) (i64.load offset=64 (i32.const 0))))))";
    auto result = [&](const Config& config) {
        Engine engine(config);
        Store store(engine);
        return test::call<i64>(test::load(store, text), "f", 1000);
    };
    i64 plain = result({.superinstructions = false});
    EXPECT_EQ(result({}), plain);
    EXPECT_EQ(result({.handler_copies = 1}), plain);
    EXPECT_EQ(result({.handler_copies = 1000}), plain);
}

TEST(Profile, counts_each_cell_and_changes_nothing) {
    std::string counts;
    {
        Engine engine({.profile = [&](const std::string& text) { counts += text; }});
        Store store(engine);
        Instance in = test::load(store, R"((module (func (export "f") (param $n i32) (result i32) (local $s i32)
            (loop $l (local.set $s (i32.add (local.get $s) (local.get $n)))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))))");
        EXPECT_EQ(test::call<i32>(in, "f", 10), 55);
    }
    EXPECT_EQ(counts.substr(0, 2), "f\n");
    EXPECT_CONTAINS(counts, "10 1 N(i32_add,SS,1)\n");
    EXPECT_CONTAINS(counts, "10 2 C(ne,AI,1)\n");
    EXPECT_CONTAINS(counts, "1 2 K(return_slot)\n");
}

}  // namespace
}  // namespace heddle
