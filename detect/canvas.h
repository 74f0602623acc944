/* canvas.h - pictures: a surface to draw on with cairo, and the PNG file it becomes. */
#ifndef COFIBER_DETECT_CANVAS_H
#define COFIBER_DETECT_CANVAS_H

#include <cairo/cairo.h>
#include <stdbool.h>

#include "base/error.h"

/* A picture being drawn, white at first. */
struct cf_canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
    int width, height; /* pixels */
};

/* Errors: sizes beyond cairo's (32767 pixels), out of memory. */
bool cf_canvas_new(struct cf_canvas *canvas, int width, int height, struct cf_error *err);
void cf_canvas_free(struct cf_canvas *canvas);

/* Writes the picture as a PNG file, which appears whole or not at all. */
bool cf_canvas_write(const struct cf_canvas *canvas, const char *path, struct cf_error *err);

struct cf_colour {
    double red, green, blue; /* 0 to 1 */
};
void cf_canvas_colour(const struct cf_canvas *canvas, struct cf_colour colour);

/* Colours that can be told apart, for classes or curves: one for each number, and again after 20. */
struct cf_colour cf_colour_of(unsigned number);

/* Text in the current colour, at the size of `pixels`, with its baseline's left end (`anchor` 0), middle (0.5) or
 * right end (1) at (x, y). Bytes that are not UTF-8, and control characters, are drawn as '?'. */
void cf_canvas_text(const struct cf_canvas *canvas, double x, double y, double pixels, double anchor, const char *text);
double cf_canvas_text_width(const struct cf_canvas *canvas, double pixels, const char *text);

#endif
