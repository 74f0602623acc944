/* overlap.h - how much two boxes have in common. */
#ifndef COFIBER_DETECT_OVERLAP_H
#define COFIBER_DETECT_OVERLAP_H

#include <math.h>
#include <stdbool.h>

/* Intersection over union of two boxes [x, y, width, height]; over the area of `a` alone where `within`. Touching boxes
 * have nothing in common. The order of the operations is that of COCO's own evaluation, so that results on a threshold
 * fall on the same side. */
static inline double cf_overlap(const double a[4], const double b[4], bool within)
{
    double width = fmin(a[2] + a[0], b[2] + b[0]) - fmax(a[0], b[0]);
    if (!(width > 0))
        return 0;
    double height = fmin(a[3] + a[1], b[3] + b[1]) - fmax(a[1], b[1]);
    if (!(height > 0))
        return 0;
    double common = width * height, area = a[2] * a[3];
    double whole = within ? area : area + b[2] * b[3] - common;
    return whole > 0 ? common / whole : 0;
}

#endif
