/* search.h - how the optimiser's steps draw random numbers, and learn that they shall end. */
#ifndef COFIBER_COMPILER_OPTIMISE_SEARCH_H
#define COFIBER_COMPILER_OPTIMISE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

struct cf_search {
    uint64_t random; /* state of the generator */
    /* Asked often; false: end soon, with what there is. NULL: never. */
    bool (*go_on)(void *context);
    void *context;
};

static inline bool cf_search_goes_on(const struct cf_search *search)
{
    return !search->go_on || search->go_on(search->context);
}

/* Uniform in [0, 1). */
static inline double cf_search_draw(struct cf_search *search)
{
    return (double)(cf_next_random(&search->random) >> 11) * 0x1p-53;
}

#endif
