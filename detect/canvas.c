/* canvas.c - draws with cairo into memory, and writes PNG. */
#include "detect/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_strict.h"

bool cf_canvas_new(struct cf_canvas *canvas, int width, int height, struct cf_error *err)
{
    *canvas = (struct cf_canvas){.width = width, .height = height};
    canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    canvas->cairo = cairo_create(canvas->surface);
    cairo_status_t status = cairo_status(canvas->cairo);
    if (status != CAIRO_STATUS_SUCCESS) {
        cf_canvas_free(canvas);
        return cf_fail(err, "a picture of %d x %d pixels: %s", width, height, cairo_status_to_string(status));
    }
    cairo_set_source_rgb(canvas->cairo, 1, 1, 1);
    cairo_paint(canvas->cairo);
    cairo_select_font_face(canvas->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    return true;
}

void cf_canvas_free(struct cf_canvas *canvas)
{
    cairo_destroy(canvas->cairo);
    cairo_surface_destroy(canvas->surface);
    *canvas = (struct cf_canvas){0};
}

struct sink {
    struct cf_out *out;
    struct cf_error *err;
};

static cairo_status_t write_part(void *context, const unsigned char *data, unsigned size)
{
    struct sink *sink = context;
    return cf_out_write(sink->out, data, size, sink->err) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

bool cf_canvas_write(const struct cf_canvas *canvas, const char *path, struct cf_error *err)
{
    struct sink sink = {NULL, err};
    if (!cf_out_open(&sink.out, path, err))
        return false;
    cairo_status_t status = cairo_surface_write_to_png_stream(canvas->surface, write_part, &sink);
    bool done = status == CAIRO_STATUS_SUCCESS;
    if (!done && status != CAIRO_STATUS_WRITE_ERROR) /* else the error is filled */
        cf_fail(err, "%s: %s", path, cairo_status_to_string(status));
    done = done && cf_out_commit(&sink.out, err);
    cf_out_abort(&sink.out);
    return done;
}

void cf_canvas_colour(const struct cf_canvas *canvas, struct cf_colour colour)
{
    cairo_set_source_rgb(canvas->cairo, colour.red, colour.green, colour.blue);
}

/* Hues a golden section of the circle apart, so that neighbours in number are far apart in colour; in turns lighter and
 * darker. */
struct cf_colour cf_colour_of(unsigned number)
{
    double hue = 6 * (number % 20 * 0.6180339887498949), level = number % 2 ? 0.62 : 0.86;
    double part[3];
    for (int i = 0; i < 3; i++) {
        double at = hue + 2 * i; /* sextants of the circle */
        at -= 6 * (double)(int)(at / 6);
        double share = at < 1 ? at : at < 3 ? 1 : at < 4 ? 4 - at : 0;
        part[i] = level * (0.1 + 0.9 * share);
    }
    return (struct cf_colour){part[0], part[1], part[2]};
}

/* Text that cairo takes: UTF-8 without control characters; malloc'd, NULL when memory is out. */
static char *drawable(const char *text)
{
    char *copy = strdup(text);
    size_t at;
    while (copy && !cf_utf8_check((const uint8_t *)copy, strlen(copy), &at))
        copy[at] = '?';
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return copy;
}

double cf_canvas_text_width(const struct cf_canvas *canvas, double pixels, const char *text)
{
    char *copy = drawable(text);
    if (!copy)
        return 0;
    cairo_text_extents_t extents;
    cairo_set_font_size(canvas->cairo, pixels);
    cairo_text_extents(canvas->cairo, copy, &extents);
    free(copy);
    return extents.x_advance;
}

void cf_canvas_text(const struct cf_canvas *canvas, double x, double y, double pixels, double anchor, const char *text)
{
    char *copy = drawable(text);
    if (!copy)
        return;
    cairo_move_to(canvas->cairo, x - anchor * cf_canvas_text_width(canvas, pixels, copy), y);
    cairo_show_text(canvas->cairo, copy);
    cairo_new_path(canvas->cairo); /* else the next line would start where the text ends */
    free(copy);
}
