/* box_tally.c - compares boxes and scores position by position. */
#include "report/box_tally.h"

#include <assert.h>
#include <math.h>

static void add_sides(struct cf_box_tally *tally, const struct cf_cells *found, const struct cf_cells *wanted, size_t p)
{
    double here[4], there[4];
    cf_cell_sides(found, p, here);
    cf_cell_sides(wanted, p, there);
    tally->boxes++;
    for (int side = 0; side < 4; side++) {
        double apart = fabs(here[side] - there[side]);
        tally->side_sum += apart;
        tally->side_largest = fmax(tally->side_largest, apart);
    }
}

void cf_box_tally_add(struct cf_box_tally *tally, const struct cf_cells *found, const struct cf_cells *wanted,
                      double limit)
{
    assert(found->height == wanted->height && found->width == wanted->width && found->classes == wanted->classes);
    size_t positions = (size_t)found->height * found->width;
    for (size_t p = 0; p < positions; p++) {
        bool fires = false;
        for (uint32_t c = 0; c < found->classes; c++) {
            size_t at = p * found->classes + c;
            if (found->logits[at] < limit || wanted->logits[at] < limit)
                continue;
            fires = true;
            double apart = fabs(cf_cell_score(found, p, c, false) - cf_cell_score(wanted, p, c, false));
            tally->scores++;
            tally->score_sum += apart;
            tally->score_largest = fmax(tally->score_largest, apart);
        }
        if (fires && found->sides && wanted->sides)
            add_sides(tally, found, wanted, p);
    }
}
