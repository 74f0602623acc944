/* packing.h - the last sharing: many rare patterns compete for the same digits, and annealing chooses among them. */
#ifndef COFIBER_COMPILER_OPTIMISE_PACKING_H
#define COFIBER_COMPILER_OPTIMISE_PACKING_H

#include "compiler/optimise/patterns.h"
#include "compiler/optimise/search.h"

/* Lists the candidates for sharing: a pattern in 2 or more rows (or in some of its rows), and sums of 3 or more
 * digits that two rows have in common. Each claims its digits and saves adders; a set of them that do not overlap is
 * sought that saves most, by annealing with `proposals` changes proposed for each candidate. It is applied, and then
 * all is listed again with half as many proposals, until nothing is left to share. `sums` should have no pattern of
 * many occurrences left (rounds.h). False when memory is out. */
bool cf_pack(struct cf_shift_sums *sums, double proposals, struct cf_search *search);

#endif
