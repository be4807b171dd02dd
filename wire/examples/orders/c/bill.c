#include "bill.h"

static uint32_t append(char *to, uint32_t n, cw_text t) {
    for (uint32_t i = 0; i < t.size; ++i) to[n++] = t.at[i];
    return n;
}

cw_status handle_add_up(const order_t *input, bill_t *output, cw_text *error) {
    if (input->lines.size == 0) return *error = CW_TEXT("nothing is ordered"), CW_HANDLER_ERR;
    for (uint32_t i = 0; i < input->lines.size; ++i) {
        output->sum += input->lines.items[i].price * (double)input->lines.items[i].count;
        output->count += input->lines.items[i].count;
    }
    char *text = cw_new(input->customer.size + 32);
    uint32_t n = append(text, append(text, 0, CW_TEXT("for ")), input->customer);
    if (input->size == ORDER_SIZE_EXTRA_LARGE) n = append(text, n, CW_TEXT(", large"));
    output->text = (cw_text){text, n};
    if (input->payment.has && input->payment.value.which == ORDER_PAYMENT_ACCOUNT) output->account = (option_integer_t){true, input->payment.value.account};
    output->order = (option_order_t){true, *input};
    return CW_OK;
}
