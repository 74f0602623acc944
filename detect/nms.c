/* nms.c - keeps the best detections of each class. */
#include "detect/nms.h"

#include <assert.h>
#include <stdlib.h>

#include "detect/overlap.h"

static int compare_places(const struct cf_detection *x, const struct cf_detection *y)
{
    const uint32_t a[] = {x->scale, x->row, x->column, x->class_index},
                   b[] = {y->scale, y->row, y->column, y->class_index};
    for (int i = 0; i < 4; i++)
        if (a[i] != b[i])
            return a[i] > b[i] ? 1 : -1;
    return 0;
}

static int compare_detections(const void *a, const void *b)
{
    const struct cf_detection *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return compare_places(x, y);
}

static bool is_suppressed(const struct cf_detection *kept, size_t count, const struct cf_detection *one, double overlap)
{
    for (size_t i = 0; i < count; i++)
        if (kept[i].class_index == one->class_index && cf_overlap(kept[i].box, one->box, false) > overlap)
            return true;
    return false;
}

size_t cf_nms(struct cf_detection *detections, size_t count, double overlap, size_t top)
{
    assert((detections || count == 0) && overlap >= 0);
    if (count)
        qsort(detections, count, sizeof *detections, compare_detections);
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < top; i++)
        if (!is_suppressed(detections, kept, &detections[i], overlap))
            detections[kept++] = detections[i];
    return kept;
}
