/* gate_order.c - puts gates behind those that drive their operands, depth first. */
#include "netlists/exchange/gate_order.h"

#include <stdlib.h>

/* A walk keeps a stack of its own, because hostile files can be as deep as they have gates. */
struct walk {
    const struct cf_gate_list *list;
    size_t *left;    /* by gate: how many of its operands are still to be looked at, plus one; 0 when it is placed */
    uint8_t *open;   /* by gate: whether it is on the stack */
    uint32_t *stack; /* [count] */
    uint32_t *order, placed;
};

/* Places `gate` and everything that it waits for. Returns CF_NO_GATE, or a gate that depends on itself. */
static uint32_t place(struct walk *w, uint32_t gate)
{
    const struct cf_gate_list *list = w->list;
    uint32_t depth = 0;
    w->stack[depth++] = gate;
    w->open[gate] = 1;
    while (depth > 0) {
        uint32_t top = w->stack[depth - 1];
        if (--w->left[top] == 0) {
            w->open[top] = 0;
            w->order[w->placed++] = top;
            depth--;
            continue;
        }
        uint32_t waits = list->driver[list->operands[list->first[top] + w->left[top] - 1]];
        if (waits == CF_NO_GATE || w->left[waits] == 0)
            continue;
        if (w->open[waits])
            return waits;
        w->open[waits] = 1;
        w->stack[depth++] = waits;
    }
    return CF_NO_GATE;
}

bool cf_gate_order(const struct cf_gate_list *list, uint32_t *order, uint32_t *loop)
{
    size_t room = (size_t)list->count + 1;
    struct walk w = {list, calloc(room, sizeof *w.left), calloc(room, 1), calloc(room, sizeof *w.stack), order, 0};
    bool made = w.left && w.open && w.stack;
    *loop = CF_NO_GATE;
    for (uint32_t g = 0; made && g < list->count; g++)
        w.left[g] = list->first[g + 1] - list->first[g] + 1;
    for (uint32_t net = 0; made && net < list->net_count && *loop == CF_NO_GATE; net++) {
        uint32_t gate = list->driver[net];
        if (gate != CF_NO_GATE && w.left[gate] > 0)
            *loop = place(&w, gate);
    }
    free(w.left);
    free(w.open);
    free(w.stack);
    return made && *loop == CF_NO_GATE;
}
