// bus: the host's side of the key-value contract, on the key-value store of the wire layer. Types and JSON are bus.h's, which `heddle gen c` makes.
#include "bus.h"

static bool is(cw_text a, cw_text b) {
    if (a.size != b.size) return false;
    for (uint32_t i = 0; i < a.size; ++i)
        if (a.at[i] != b.at[i]) return false;
    return true;
}

// {"key":"…","value":1} becomes {"key":"…","by":1}: the last member is renamed.
static cw_text as_increment(cw_bytes request) {
    const cw_text value = CW_TEXT("\"value\":"), by = CW_TEXT("\"by\":");
    uint32_t at = request.size, n = 0;
    while (at > 0 && !(at + value.size <= request.size && is((cw_text){(const char *)request.at + at, value.size}, value))) --at;
    char *to = cw_new(request.size);
    for (uint32_t i = 0; i < at; ++i) to[n++] = (char)request.at[i];
    for (uint32_t i = 0; i < by.size; ++i) to[n++] = by.at[i];
    for (uint32_t i = at + value.size; i < request.size; ++i) to[n++] = (char)request.at[i];
    return (cw_text){to, n};
}

cw_status handle_bus(const bus_input_t *input, cw_bytes *output, cw_text *error) {
    if (!is(input->contract_name, CW_TEXT("wasmcloud:keyvalue")) || !is(input->msg.method, CW_TEXT("KeyValue.Increment")))
        return *error = CW_TEXT("only KeyValue.Increment of wasmcloud:keyvalue is served here"), CW_HANDLER_ERR;
    cw_text sum;
    if (!cw_hostcall(CW_TEXT("kv.increment"), as_increment(input->msg.arg), &sum)) return *error = sum, CW_HANDLER_ERR;
    *output = (cw_bytes){(const uint8_t *)sum.at, sum.size};
    return CW_OK;
}
