/* draw.c - draws detections over a photograph or over the energy of the features, and the gates that fire below. */
#include "detect/draw.h"

#include <math.h>
#include <stdio.h>

#include "detect/canvas.h"
#include "detect/names.h"

enum { MARGIN = 16, FONT = 15, LINE = 22, PICTURE = 960 };

struct layout {
    double zoom;                         /* pixels of the picture for one of the frame */
    double width, height;                /* of what is shown of the frame, in the frame's pixels */
    double strip_y, panel, panel_height; /* top of the strip; width and largest height of a scale's panel */
};

static const struct cf_colour black = {0.1, 0.1, 0.1}, white = {1, 1, 1}, paper = {0.94, 0.94, 0.94};

/* ---- the background -------------------------------------------------------------------------------------------- */

void cf_fit_extent(enum cf_fit fit, const double frame[2], const double photo[2], double extent[2])
{
    extent[0] = frame[0];
    extent[1] = frame[1];
    if (fit == CF_FIT_SQUARE)
        return;
    if (photo[0] >= photo[1])
        extent[1] = fmin(frame[1], frame[0] * photo[1] / photo[0]);
    else
        extent[0] = fmin(frame[0], frame[1] * photo[0] / photo[1]);
}

/* The part of the frame that the photograph covers; without a photograph the whole. */
static void find_extent(const struct cf_drawing *d, double *width, double *height)
{
    double frame[2] = {d->width, d->height}, extent[2] = {d->width, d->height};
    if (d->photo)
        cf_fit_extent(d->fit, frame, (double[2]){d->photo->width, d->photo->height}, extent);
    *width = extent[0];
    *height = extent[1];
}

static bool draw_photo(const struct cf_canvas *canvas, const struct cf_drawing *d, const struct layout *layout,
                       struct cf_error *err)
{
    cairo_surface_t *surface = cairo_image_surface_create_for_data(
        (unsigned char *)d->photo->pixels, CAIRO_FORMAT_RGB24, d->photo->width, d->photo->height, 4 * d->photo->width);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_save(canvas->cairo);
    cairo_scale(canvas->cairo, layout->width / d->photo->width, layout->height / d->photo->height);
    cairo_set_source_surface(canvas->cairo, surface, 0, 0);
    cairo_paint(canvas->cairo);
    cairo_restore(canvas->cairo);
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS || cf_fail(err, "a photograph of %d x %d pixels: %s", d->photo->width,
                                                     d->photo->height, cairo_status_to_string(status));
}

/* Where the scale of light ends: at the largest energy, or before, where a few cells (corners, often) are far above. */
static double brightest(const struct cf_drawing *d, double least)
{
    size_t count = (size_t)d->rows * d->columns;
    double sum = 0, squares = 0, most = least;
    for (size_t i = 0; i < count; i++) {
        sum += d->energy[i];
        squares += d->energy[i] * d->energy[i];
        most = fmax(most, d->energy[i]);
    }
    double mean = sum / (double)count, variance = fmax(0, squares / (double)count - mean * mean);
    return fmin(most, mean + 2.5 * sqrt(variance));
}

/* Dark where the features say little, light where they say much. */
static void draw_energy(const struct cf_canvas *canvas, const struct cf_drawing *d, const struct layout *layout)
{
    double least = INFINITY;
    for (size_t i = 0; i < (size_t)d->rows * d->columns; i++)
        least = fmin(least, d->energy[i]);
    double most = brightest(d, least);
    double width = layout->width / d->columns, height = layout->height / d->rows;
    for (uint32_t i = 0; i < d->rows; i++)
        for (uint32_t j = 0; j < d->columns; j++) {
            double energy = fmin(d->energy[(size_t)i * d->columns + j], most);
            double share = most > least ? (energy - least) / (most - least) : 0;
            cf_canvas_colour(canvas, (struct cf_colour){0.08 + 0.75 * share, 0.12 + 0.75 * share, 0.2 + 0.7 * share});
            cairo_rectangle(canvas->cairo, j * width, i * height, width + 0.5, height + 0.5);
            cairo_fill(canvas->cairo);
        }
}

/* ---- detections ------------------------------------------------------------------------------------------------ */

static bool is_light(struct cf_colour colour)
{
    return 0.3 * colour.red + 0.59 * colour.green + 0.11 * colour.blue > 0.55;
}

/* The label stands on the box's upper edge, or below it where it would leave the picture. In picture pixels. */
static void draw_label(const struct cf_canvas *canvas, const struct layout *layout, double x, double y,
                       const char *text, struct cf_colour colour)
{
    double width = cf_canvas_text_width(canvas, FONT, text) + 8, right = layout->width * layout->zoom;
    x = fmax(0, fmin(x, right - width));
    y = y < LINE ? fmax(y, 0) : y - LINE;
    cf_canvas_colour(canvas, colour);
    cairo_rectangle(canvas->cairo, x, y, width, LINE);
    cairo_fill(canvas->cairo);
    cf_canvas_colour(canvas, is_light(colour) ? black : white);
    cf_canvas_text(canvas, x + 4, y + LINE - 6, FONT, 0, text);
}

static void draw_detection(const struct cf_canvas *canvas, const struct layout *layout, const struct cf_detection *one,
                           uint32_t classes, bool label)
{
    char name[CF_CLASS_NAME], text[64];
    struct cf_colour colour = cf_colour_of(one->class_index);
    double zoom = layout->zoom, x = one->box[0] * zoom, y = one->box[1] * zoom;
    if (!label) {
        cairo_rectangle(canvas->cairo, x, y, one->box[2] * zoom, one->box[3] * zoom);
        cf_canvas_colour(canvas, white); /* a rim that shows on any ground */
        cairo_set_line_width(canvas->cairo, 4.5);
        cairo_stroke_preserve(canvas->cairo);
        cf_canvas_colour(canvas, colour);
        cairo_set_line_width(canvas->cairo, 2.5);
        cairo_stroke(canvas->cairo);
        return;
    }
    snprintf(text, sizeof text, "%s %.2f", cf_class_name(one->class_index, classes, name), one->score);
    draw_label(canvas, layout, x, y, text, colour);
}

/* The best come last and lie on top; all labels lie above all boxes. */
static void draw_detections(const struct cf_canvas *canvas, const struct cf_drawing *d, const struct layout *layout)
{
    cairo_save(canvas->cairo);
    cairo_rectangle(canvas->cairo, 0, 0, layout->width * layout->zoom, layout->height * layout->zoom);
    cairo_clip(canvas->cairo);
    for (int label = 0; label < 2; label++)
        for (size_t i = d->detections->count; i-- > 0;)
            draw_detection(canvas, layout, &d->detections->items[i], d->scales[0].classes, label);
    cairo_restore(canvas->cairo);
}

/* ---- the strip ------------------------------------------------------------------------------------------------- */

/* The class with the highest logit at a cell if its gate fires there, else UINT32_MAX; counts all that fire. */
static uint32_t best_class(const struct cf_cells *cells, size_t cell, double fires, size_t *fired)
{
    uint32_t best = UINT32_MAX;
    const double *logits = cells->logits + cell * cells->classes;
    for (uint32_t c = 0; c < cells->classes; c++) {
        if (logits[c] < fires)
            continue;
        ++*fired;
        if (best == UINT32_MAX || logits[c] > logits[best])
            best = c;
    }
    return best;
}

static void draw_panel(const struct cf_canvas *canvas, const struct cf_drawing *d, const struct layout *layout,
                       uint32_t k)
{
    const struct cf_cells *cells = &d->scales[k];
    double x = k * (layout->panel + MARGIN), y = layout->strip_y + LINE, side = layout->panel / cells->width;
    size_t fired = 0;
    char text[96];
    cf_canvas_colour(canvas, paper);
    cairo_rectangle(canvas->cairo, x, y, side * cells->width, side * cells->height);
    cairo_fill(canvas->cairo);
    for (size_t cell = 0; cell < (size_t)cells->width * cells->height; cell++) {
        uint32_t best = best_class(cells, cell, d->fires, &fired);
        if (best == UINT32_MAX)
            continue;
        cf_canvas_colour(canvas, cf_colour_of(best));
        cairo_rectangle(canvas->cairo, x + side * (double)(cell % cells->width),
                        y + side * (double)(cell / cells->width), side, side);
        cairo_fill(canvas->cairo);
    }
    cf_canvas_colour(canvas, black);
    cairo_set_line_width(canvas->cairo, 1);
    cairo_rectangle(canvas->cairo, x + 0.5, y + 0.5, side * cells->width - 1, side * cells->height - 1);
    cairo_stroke(canvas->cairo);
    snprintf(text, sizeof text, "scale %u, %u x %u: %zu fire", k, cells->height, cells->width, fired);
    cf_canvas_text(canvas, x, y - 6, FONT, 0, text);
}

/* ---- all ------------------------------------------------------------------------------------------------------- */

static struct layout lay_out(const struct cf_drawing *d)
{
    struct layout layout;
    find_extent(d, &layout.width, &layout.height);
    layout.zoom = PICTURE / fmax(layout.width, layout.height);
    double width = fmax(layout.width * layout.zoom, PICTURE * 0.6);
    layout.strip_y = layout.height * layout.zoom + MARGIN;
    layout.panel = (width - MARGIN * (d->scale_count - 1.0)) / d->scale_count;
    layout.panel_height = 0; /* padded scales may be a little higher than the frame is */
    for (uint32_t k = 0; k < d->scale_count; k++)
        layout.panel_height = fmax(layout.panel_height, layout.panel * d->scales[k].height / d->scales[k].width);
    return layout;
}

bool cf_draw(const char *path, const struct cf_drawing *drawing, struct cf_error *err)
{
    struct cf_canvas canvas;
    struct layout layout = lay_out(drawing);
    double width = fmax(layout.width * layout.zoom, PICTURE * 0.6);
    if (!cf_canvas_new(&canvas, (int)width, (int)(layout.strip_y + LINE + layout.panel_height + 1), err))
        return false;
    cairo_save(canvas.cairo);
    cairo_scale(canvas.cairo, layout.zoom, layout.zoom);
    bool done = true;
    if (drawing->photo)
        done = draw_photo(&canvas, drawing, &layout, err);
    else
        draw_energy(&canvas, drawing, &layout);
    cairo_restore(canvas.cairo);
    draw_detections(&canvas, drawing, &layout);
    for (uint32_t k = 0; k < drawing->scale_count; k++)
        draw_panel(&canvas, drawing, &layout, k);
    done = done && cf_canvas_write(&canvas, path, err);
    cf_canvas_free(&canvas);
    return done;
}
