#include "bill.hpp"

cw::Result<Bill> handle_add_up(const Order& input) {
    if (input.lines.empty()) return cw::Failure{cw::Failure::handler_err, "nothing is ordered"};
    Bill bill{.text = "for " + input.customer, .order = input};
    for (const Line& line : input.lines) {
        bill.sum += line.price * double(line.count);
        bill.count += line.count;
    }
    if (input.size == OrderSize::extra_large) bill.text += ", large";
    if (input.payment)
        if (auto* account = std::get_if<1>(&*input.payment)) bill.account = *account;
    return bill;
}
