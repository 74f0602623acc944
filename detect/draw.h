/* draw.h - a frame's detections as a picture. */
#ifndef COFIBER_DETECT_DRAW_H
#define COFIBER_DETECT_DRAW_H

#include "detect/boxes.h"
#include "detect/photo.h"

/* How the photograph was made a frame. */
enum cf_fit {
    CF_FIT_LONGER, /* the longer side was resized to the frame's, and the photograph placed in the top left corner */
    CF_FIT_SQUARE  /* both sides were resized to the frame's */
};

/* The part of a frame of `frame` [width, height] pixels, from its top left corner, that a photograph of `photo` [width,
 * height] pixels covers: extent [width, height]. */
void cf_fit_extent(enum cf_fit fit, const double frame[2], const double photo[2], double extent[2]);

struct cf_drawing {
    double width, height;         /* of the frame, in its pixels */
    const struct cf_photo *photo; /* NULL: the energy is drawn instead */
    enum cf_fit fit;
    const double *energy; /* [rows][columns], not negative: of each cell of the input */
    uint32_t rows, columns;
    const struct cf_cells *scales;          /* for the strip below the picture: where a class's gate */
    uint32_t scale_count;                   /*   fires, in the colour of the highest logit there */
    double fires;                           /* a gate fires where its logit is at least this */
    const struct cf_detections *detections; /* in their order: the best first */
};

/* Writes the picture as a PNG file. */
bool cf_draw(const char *path, const struct cf_drawing *drawing, struct cf_error *err);

#endif
