/* nms.h - non-maximum suppression, which keeps the best of the detections of one object. */
#ifndef COFIBER_DETECT_NMS_H
#define COFIBER_DETECT_NMS_H

#include "detect/boxes.h"

/* Sorts the detections by falling score, equal ones by scale, row, column and class; takes them in this order and drops
 * each whose box overlaps (intersection over union) one of its class that was kept by more than `overlap`. Returns how
 * many are kept, at most `top`: the first of the array. */
size_t cf_nms(struct cf_detection *detections, size_t count, double overlap, size_t top);

#endif
