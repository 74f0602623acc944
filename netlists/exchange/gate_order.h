/* gate_order.h - gates that stand in any order, as files of other tools have them, put behind what they read. */
#ifndef COFIBER_NETLISTS_EXCHANGE_GATE_ORDER_H
#define COFIBER_NETLISTS_EXCHANGE_GATE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_NO_GATE UINT32_MAX

/* Gates and the nets that they read and drive; every gate drives one net. */
struct cf_gate_list {
    uint32_t count, net_count;
    const size_t *first;      /* [count + 1]: gate g reads operands first[g] to first[g + 1] - 1 */
    const uint32_t *operands; /* nets */
    const uint32_t *driver;   /* [net_count]: the gate that drives the net, or CF_NO_GATE */
};

/* Fills `order` [count], a gate behind all gates that drive its operands: by the nets that they drive, ascending, but
 * before a gate, the gates that it waits for, last operand first. Takes time and memory in proportion to gates and
 * operands. False when memory is out, where `*loop` is CF_NO_GATE, or when a gate depends on itself, where it is that
 * gate. */
bool cf_gate_order(const struct cf_gate_list *list, uint32_t *order, uint32_t *loop);

#endif
