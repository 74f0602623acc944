/* loss_plot.c - draws the losses of a training run over its steps. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/thousands.h"
#include "detect/canvas.h"
#include "train/journal.h"

enum {
    WIDTH = 960,
    HEIGHT = 560,
    LEFT = 76,
    TOP = 56,
    SIDE_X = 700,
    SIDE_Y = 430,
    FONT = 16,
    POINTS = 350,
    CURVES = 4
};

static const struct cf_colour black = {0.1, 0.1, 0.1}, grey = {0.85, 0.85, 0.85};
static const char *const names[CURVES] = {"loss", "classification", "boxes", "centerness"};

/* The curves, as means over `each` steps, and the powers of 10 between which they lie. */
struct plot {
    const struct cf_training_state *state;
    uint64_t each, points;
    int low, high;
};

static double value_of(const struct cf_step_record *record, int curve)
{
    const double values[CURVES] = {record->loss, record->classification, record->boxes, record->centerness};
    return values[curve];
}

static double mean_of(const struct plot *plot, uint64_t point, int curve)
{
    uint64_t first = point * plot->each, end = first + plot->each;
    double sum = 0;
    end = end < plot->state->step ? end : plot->state->step;
    for (uint64_t step = first; step < end; step++)
        sum += value_of(&plot->state->records[step], curve);
    return sum / (double)(end - first);
}

/* Losses of 0, as the bare classifier has for boxes, are not drawn. */
static void find_range(struct plot *plot)
{
    double least = INFINITY, most = 0;
    for (int curve = 0; curve < CURVES; curve++)
        for (uint64_t point = 0; point < plot->points; point++) {
            double value = mean_of(plot, point, curve);
            least = value > 0 && value < least ? value : least;
            most = value > most ? value : most;
        }
    plot->low = most > 0 ? (int)floor(log10(least)) : -1;
    plot->high = most > 0 ? (int)ceil(log10(most)) : 0;
    plot->low -= plot->low == plot->high;
}

static double x_of(const struct plot *plot, double step)
{
    return LEFT + SIDE_X * step / (double)plot->state->step;
}

static double y_of(const struct plot *plot, double value)
{
    return TOP + SIDE_Y * (plot->high - log10(value)) / (plot->high - plot->low);
}

static void draw_axes(const struct cf_canvas *canvas, const struct plot *plot)
{
    char text[32];
    cairo_set_line_width(canvas->cairo, 1);
    for (int power = plot->low; power <= plot->high; power++) {
        double y = y_of(plot, pow(10, power));
        cf_canvas_colour(canvas, grey);
        cairo_move_to(canvas->cairo, LEFT, y);
        cairo_line_to(canvas->cairo, LEFT + SIDE_X, y);
        cairo_stroke(canvas->cairo);
        cf_canvas_colour(canvas, black);
        snprintf(text, sizeof text, "%g", pow(10, power));
        cf_canvas_text(canvas, LEFT - 10, y + 6, FONT, 1, text);
    }
    cairo_rectangle(canvas->cairo, LEFT, TOP, SIDE_X, SIDE_Y);
    cairo_stroke(canvas->cairo);
    cf_canvas_text(canvas, LEFT, TOP + SIDE_Y + 24, FONT, 0, "0");
    cf_canvas_text(canvas, LEFT + SIDE_X, TOP + SIDE_Y + 24, FONT, 1, cf_thousands(plot->state->step, text));
    cf_canvas_text(canvas, LEFT + SIDE_X / 2.0, TOP + SIDE_Y + 48, FONT, 0.5, "steps");
}

static void draw_curve(const struct cf_canvas *canvas, const struct plot *plot, int curve)
{
    double last = 0;
    char text[64];
    cf_canvas_colour(canvas, cf_colour_of((unsigned)curve));
    cairo_set_line_width(canvas->cairo, curve == 0 ? 2.5 : 1.5);
    for (uint64_t point = 0; point < plot->points; point++) {
        double value = mean_of(plot, point, curve);
        if (value > 0)
            cairo_line_to(canvas->cairo, x_of(plot, ((double)point + 0.5) * (double)plot->each), y_of(plot, value));
        last = value;
    }
    cairo_stroke(canvas->cairo);
    double y = TOP + 24 + 28 * curve;
    cairo_rectangle(canvas->cairo, LEFT + SIDE_X + 16, y - 12, 18, 12);
    cairo_fill(canvas->cairo);
    cf_canvas_colour(canvas, black);
    snprintf(text, sizeof text, "%s %.3g", names[curve], last);
    cf_canvas_text(canvas, LEFT + SIDE_X + 40, y, FONT - 2, 0, text);
}

bool cf_loss_plot(const char *path, const struct cf_trainer *t, struct cf_error *err)
{
    struct cf_canvas canvas;
    struct plot plot = {.state = &t->state, .each = t->state.step / POINTS + 1};
    plot.points = (t->state.step + plot.each - 1) / plot.each;
    find_range(&plot);
    if (!cf_canvas_new(&canvas, WIDTH, HEIGHT, err))
        return false;
    cf_canvas_colour(&canvas, black);
    cf_canvas_text(&canvas, LEFT, TOP - 22, FONT + 4, 0, "Loss for each positive cell, over the steps of training");
    draw_axes(&canvas, &plot);
    for (int curve = CURVES - 1; curve >= 0; curve--)
        draw_curve(&canvas, &plot, curve);
    bool done = cf_canvas_write(&canvas, path, err);
    cf_canvas_free(&canvas);
    return done;
}
