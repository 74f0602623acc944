/* plot.c - draws the points of a search, mAP over nonzero parameters, with a line along the front. */
#include <stdio.h>
#include <stdlib.h>

#include "detect/canvas.h"
#include "prune/prune.h"

enum { WIDTH = 960, HEIGHT = 640, LEFT = 96, TOP = 56, SIDE_X = 800, SIDE_Y = 500, FONT = 16, MARKS = 5 };

static const struct cf_colour black = {0.1, 0.1, 0.1}, grey = {0.85, 0.85, 0.85}, blue = {0.10, 0.45, 0.85},
                              light = {0.60, 0.60, 0.60};

/* The ranges of the axes. */
struct axes {
    const struct cf_canvas *canvas;
    double low_x, high_x, low_y, high_y;
};

static double x_of(const struct axes *a, double nonzero)
{
    return LEFT + SIDE_X * (nonzero - a->low_x) / (a->high_x - a->low_x);
}

static double y_of(const struct axes *a, double map)
{
    return TOP + SIDE_Y * (a->high_y - map) / (a->high_y - a->low_y);
}

/* Room for all points, and some on each side. */
static void fit_axes(struct axes *a, const struct cf_prune *p)
{
    a->low_x = a->high_x = (double)p->points[0].nonzero;
    a->low_y = a->high_y = p->points[0].verdict.map;
    for (size_t i = 1; i < p->point_count; i++) {
        double x = (double)p->points[i].nonzero, y = p->points[i].verdict.map;
        a->low_x = x < a->low_x ? x : a->low_x;
        a->high_x = x > a->high_x ? x : a->high_x;
        a->low_y = y < a->low_y ? y : a->low_y;
        a->high_y = y > a->high_y ? y : a->high_y;
    }
    double wide = 0.06 * (a->high_x - a->low_x) + 1, high = 0.08 * (a->high_y - a->low_y) + 0.001;
    a->low_x -= wide;
    a->high_x += wide;
    a->low_y -= a->low_y > high ? high : a->low_y;
    a->high_y += high;
}

static void draw_axes(const struct axes *a)
{
    const struct cf_canvas *canvas = a->canvas;
    char text[32];
    cairo_set_line_width(canvas->cairo, 1);
    for (int i = 0; i <= MARKS; i++) {
        double nonzero = a->low_x + (a->high_x - a->low_x) * i / MARKS,
               map = a->low_y + (a->high_y - a->low_y) * i / MARKS;
        cf_canvas_colour(canvas, grey);
        cairo_move_to(canvas->cairo, x_of(a, nonzero), TOP);
        cairo_line_to(canvas->cairo, x_of(a, nonzero), TOP + SIDE_Y);
        cairo_move_to(canvas->cairo, LEFT, y_of(a, map));
        cairo_line_to(canvas->cairo, LEFT + SIDE_X, y_of(a, map));
        cairo_stroke(canvas->cairo);
        cf_canvas_colour(canvas, black);
        snprintf(text, sizeof text, "%.0f", nonzero);
        cf_canvas_text(canvas, x_of(a, nonzero), TOP + SIDE_Y + 24, FONT, 0.5, text);
        snprintf(text, sizeof text, "%.4f", map);
        cf_canvas_text(canvas, LEFT - 10, y_of(a, map) + 6, FONT, 1, text);
    }
    cf_canvas_text(canvas, LEFT + SIDE_X / 2.0, TOP + SIDE_Y + 56, FONT, 0.5, "nonzero parameters");
    cf_canvas_text(canvas, LEFT, TOP - 22, FONT + 4, 0, "mAP of the integer circuit over nonzero parameters");
}

static int compare_places(const void *a, const void *b)
{
    const struct cf_prune_point *x = *(const struct cf_prune_point *const *)a,
                                *y = *(const struct cf_prune_point *const *)b;
    return x->nonzero != y->nonzero ? (x->nonzero > y->nonzero) - (x->nonzero < y->nonzero) : (x > y) - (x < y);
}

static void draw_points(const struct axes *a, const struct cf_prune_point **points, size_t count)
{
    cairo_t *cairo = a->canvas->cairo;
    cf_canvas_colour(a->canvas, blue);
    cairo_set_line_width(cairo, 2);
    for (size_t i = 0; i < count; i++)
        if (points[i]->on_front)
            cairo_line_to(cairo, x_of(a, (double)points[i]->nonzero), y_of(a, points[i]->verdict.map));
    cairo_stroke(cairo);
    for (size_t i = 0; i < count; i++) {
        double x = x_of(a, (double)points[i]->nonzero), y = y_of(a, points[i]->verdict.map);
        cf_canvas_colour(a->canvas, points[i]->on_front ? blue : light);
        cairo_arc(cairo, x, y, 5, 0, 6.283185307179586);
        cairo_fill(cairo);
        cf_canvas_colour(a->canvas, black);
        if (points[i]->on_front)
            cf_canvas_text(a->canvas, x, y - 10, FONT - 4, x > LEFT + SIDE_X / 2.0, points[i]->name);
    }
}

bool cf_prune_plot(const struct cf_prune *p, const char *path, struct cf_error *err)
{
    struct cf_canvas canvas;
    struct axes axes = {.canvas = &canvas};
    const struct cf_prune_point **sorted = calloc(p->point_count + 1, sizeof *sorted);
    if (!sorted)
        return cf_fail(err, "%s: out of memory", path);
    for (size_t i = 0; i < p->point_count; i++)
        sorted[i] = &p->points[i];
    qsort(sorted, p->point_count, sizeof *sorted, compare_places);
    bool done = cf_canvas_new(&canvas, WIDTH, HEIGHT, err);
    if (done) {
        fit_axes(&axes, p);
        draw_axes(&axes);
        draw_points(&axes, sorted, p->point_count);
        done = cf_canvas_write(&canvas, path, err);
        cf_canvas_free(&canvas);
    }
    free(sorted);
    return done;
}
