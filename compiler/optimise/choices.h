/* choices.h - several ways to write a row, and the choice among them that shares most with the other rows.
 *
 * A row is written part by part; every part has ways to write it, and each way supposes one of two sides. Parts that
 * belong to one segment take ways of the same side.
 */
#ifndef COFIBER_COMPILER_OPTIMISE_CHOICES_H
#define COFIBER_COMPILER_OPTIMISE_CHOICES_H

#include "compiler/optimise/commons.h"
#include "compiler/optimise/sums.h"

/* Digits [start, start + count) of the row's ways. */
struct cf_way {
    uint32_t start, count;
};

/* Of one row. Part p has, for side s, the ways first[2 * p + s] to first[2 * p + s + 1] - 1: one at least. */
struct cf_ways {
    struct cf_digit *digits;
    struct cf_way *ways;
    uint32_t *first; /* [2 * parts + 1] */
    uint32_t digit_count, way_count;
    size_t digit_capacity, way_capacity;
};

/* What a row chooses: the side of each segment, one bit each, and for each part and side a way, counted from its first.
 */
struct cf_choice {
    uint32_t sides;
    uint8_t *way; /* [2 * parts] */
};

struct cf_chooser;
/* For rows of `parts` parts in `segments` segments; segment[p] is that of part p, and must outlive the chooser. NULL
 * when memory is out. */
struct cf_chooser *cf_chooser_new(uint32_t parts, uint32_t segments, const uint32_t *segment);
void cf_chooser_free(struct cf_chooser *chooser);

/* The way of a part under a choice. */
const struct cf_way *cf_chosen_way(const struct cf_chooser *chooser, const struct cf_ways *ways,
                                   const struct cf_choice *choice, uint32_t part);

/* Improves the choice of a row that `commons` does not know: all sides, and then the ways of each part in turn. A
 * choice is worth the size of a matching of its digits, made greedily, of pairs that some known row has as well; and
 * 0.05 for every such pair. A longer way costs its further digits. False when memory is out. */
bool cf_choose(struct cf_chooser *chooser, struct cf_commons *commons, const struct cf_ways *ways,
               struct cf_choice *choice);

#endif
