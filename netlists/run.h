/* run.h - which terms of a sum form a run: what the emitted Verilog multiplies as one vector of nets and weights.
 *
 * A gate that reads many nets of one row (the lanes of one position) is emitted as the product of a stretch of that row
 * and a vector of weights, in which the nets that the gate does not read have the weight 0. The Verilog writer makes
 * those vectors; the maker of test frames gives values other than 0 to the nets with weight 0 as well, so that a wrong
 * weight there shows. Both must therefore agree on the stretch.
 */
#ifndef COFIBER_NETLISTS_RUN_H
#define COFIBER_NETLISTS_RUN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether `terms` terms of one port and row, the last of which reads `span` - 1 lanes after the first, form a run: from
 * 4 terms on where they fill half of their span, and from 64 terms on however few lanes of it they fill, because a
 * concatenation of that many single nets costs the tools more than weights of 0 do. */
static inline bool cf_is_run(uint32_t terms, uint32_t span)
{
    enum { LEAST = 4, MANY = 64 };
    assert(terms > 0 && terms <= span);
    return terms >= LEAST && (terms >= MANY || 2 * (uint64_t)terms >= span);
}

/* Whether a run of that span is extended to all `lanes` lanes of its row: where it covers half of them, so that gates
 * whose first or last weights happen to be 0 have the same form as their neighbours. */
static inline bool cf_run_fills_row(uint32_t span, uint32_t lanes)
{
    assert(span > 0 && span <= lanes);
    return 2 * (uint64_t)span >= lanes;
}

#endif
