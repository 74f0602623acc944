/* plot.c - draws the mean precision over recall, a curve for each threshold of overlap. */
#include "detect/plot.h"

#include <stdio.h>

#include "detect/canvas.h"

enum { WIDTH = 960, HEIGHT = 640, LEFT = 76, TOP = 56, SIDE_X = 640, SIDE_Y = 500, FONT = 16, LEGEND = 24 };

static const struct cf_colour black = {0.1, 0.1, 0.1}, grey = {0.85, 0.85, 0.85};

/* Where a recall and a precision are on the picture. */
static double x_of(double recall)
{
    return LEFT + SIDE_X * recall;
}

static double y_of(double precision)
{
    return TOP + SIDE_Y * (1 - precision);
}

static void draw_axes(const struct cf_canvas *canvas)
{
    char text[16];
    cairo_set_line_width(canvas->cairo, 1);
    for (int i = 0; i <= 10; i++) {
        double at = i / 10.0;
        cf_canvas_colour(canvas, grey);
        cairo_move_to(canvas->cairo, x_of(at), y_of(0));
        cairo_line_to(canvas->cairo, x_of(at), y_of(1));
        cairo_move_to(canvas->cairo, x_of(0), y_of(at));
        cairo_line_to(canvas->cairo, x_of(1), y_of(at));
        cairo_stroke(canvas->cairo);
        cf_canvas_colour(canvas, black);
        snprintf(text, sizeof text, "%.1f", at);
        cf_canvas_text(canvas, x_of(at), y_of(0) + 24, FONT, 0.5, text);
        cf_canvas_text(canvas, x_of(0) - 10, y_of(at) + 6, FONT, 1, text);
    }
    cairo_rectangle(canvas->cairo, x_of(0), y_of(1), SIDE_X, SIDE_Y);
    cairo_stroke(canvas->cairo);
    cf_canvas_text(canvas, x_of(0.5), y_of(0) + 56, FONT, 0.5, "recall");
    cairo_save(canvas->cairo);
    cairo_translate(canvas->cairo, x_of(0) - 50, y_of(0.5));
    cairo_rotate(canvas->cairo, -1.5707963267948966);
    cf_canvas_text(canvas, 0, 0, FONT, 0.5, "precision");
    cairo_restore(canvas->cairo);
}

/* Along red, orange, green, blue and violet, from the lowest threshold to the highest. */
static struct cf_colour colour_of(int threshold)
{
    static const struct cf_colour stops[] = {
        {0.80, 0.10, 0.15}, {0.95, 0.60, 0.10}, {0.20, 0.65, 0.25}, {0.10, 0.45, 0.85}, {0.45, 0.15, 0.60}};
    enum { LAST = sizeof stops / sizeof *stops - 1 };
    double at = (double)threshold / (CF_MATCH_THRESHOLDS - 1) * LAST;
    int stop = at < LAST ? (int)at : LAST - 1;
    double share = at - stop;
    const struct cf_colour *a = &stops[stop], *b = &stops[stop + 1];
    return (struct cf_colour){a->red + share * (b->red - a->red), a->green + share * (b->green - a->green),
                              a->blue + share * (b->blue - a->blue)};
}

static void draw_curve(const struct cf_canvas *canvas, const struct cf_evaluation *evaluation, int t)
{
    double recalls[CF_EVAL_RECALLS], thresholds[CF_MATCH_THRESHOLDS], sum = 0;
    char text[64];
    cf_eval_recalls(recalls);
    cf_match_thresholds(thresholds);
    bool known = cf_eval_mean_precision(evaluation, t, 0) >= 0;
    cf_canvas_colour(canvas, colour_of(t));
    cairo_set_line_width(canvas->cairo, 2.5);
    for (int r = 0; known && r < CF_EVAL_RECALLS; r++) {
        double precision = cf_eval_mean_precision(evaluation, t, r);
        sum += precision;
        cairo_line_to(canvas->cairo, x_of(recalls[r]), y_of(precision));
    }
    cairo_stroke(canvas->cairo);
    double y = TOP + 48 + LEGEND * t;
    cairo_rectangle(canvas->cairo, LEFT + SIDE_X + 24, y - 12, 22, 12);
    cairo_fill(canvas->cairo);
    cf_canvas_colour(canvas, black);
    if (known)
        snprintf(text, sizeof text, "IoU %.2f: AP %.3f", thresholds[t], sum / CF_EVAL_RECALLS);
    else
        snprintf(text, sizeof text, "IoU %.2f: no object", thresholds[t]);
    cf_canvas_text(canvas, LEFT + SIDE_X + 56, y, FONT, 0, text);
}

static void draw_title(const struct cf_canvas *canvas, const struct cf_evaluation *evaluation)
{
    char text[128];
    uint32_t classes = 0;
    for (uint32_t k = 0; k < evaluation->class_count; k++)
        classes += evaluation->classes[k].objects > 0;
    snprintf(text, sizeof text, "Precision over recall, mean of %u class%s; AP %.3f", classes, classes == 1 ? "" : "es",
             evaluation->stats[0]);
    cf_canvas_colour(canvas, black);
    cf_canvas_text(canvas, LEFT, TOP - 22, FONT + 4, 0, text);
}

bool cf_plot_write(const char *path, const struct cf_evaluation *evaluation, struct cf_error *err)
{
    struct cf_canvas canvas;
    if (!cf_canvas_new(&canvas, WIDTH, HEIGHT, err))
        return false;
    draw_title(&canvas, evaluation);
    draw_axes(&canvas);
    for (int t = 0; t < CF_MATCH_THRESHOLDS; t++)
        draw_curve(&canvas, evaluation, t);
    bool done = cf_canvas_write(&canvas, path, err);
    cf_canvas_free(&canvas);
    return done;
}
