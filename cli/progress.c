/* progress.c - draws the progress bar: one line on a terminal, as wide as the terminal is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

enum { LINE_BYTES = 512, NUMBERS_BYTES = 200, CELLS = 30, FEWEST_CELLS = 8 };

/* The columns of the terminal, asked each time, so that the bar follows when the window changes its size. */
static int terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : 0;
    return width > 0 ? width : 80;
}

/* Can the terminal go back to the start of the line and erase it? The bar needs no more than that: it has no colours,
 * and so nothing that NO_COLOR would change. */
static bool can_redraw(void)
{
    const char *terminal = getenv("TERM");
    return terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

void cli_progress_start(struct cli_progress *progress, const char *label, const char *unit, uint64_t total)
{
    *progress = (struct cli_progress){
        .label = label, .unit = unit, .total = total, .started = cli_seconds(), .active = isatty(STDERR_FILENO) == 1};
    if (progress->active && !can_redraw()) { /* one plain line, and nothing that would have to be redrawn */
        fprintf(stderr, "%s ...\n", label);
        progress->active = false;
    }
    cli_progress_update(progress, 0);
}

/* "123/456 frames, 12.3/s, 27 s left" */
static void put_numbers(const struct cli_progress *progress, uint64_t done, double elapsed, char text[NUMBERS_BYTES])
{
    int used = snprintf(text, NUMBERS_BYTES, "%llu/%llu %s", (unsigned long long)done,
                        (unsigned long long)progress->total, progress->unit);
    if (done && elapsed > 0 && used > 0 && used < NUMBERS_BYTES)
        snprintf(text + used, NUMBERS_BYTES - (size_t)used, ", %.3g/s, %.0f s left", (double)done / elapsed,
                 elapsed * (double)(progress->total - done) / (double)done);
}

/* "label [####......] numbers", in at most `width` columns: the bar gives way first, then the end of the text. */
static void put_line(const struct cli_progress *progress, uint64_t done, double elapsed, int width,
                     char line[LINE_BYTES])
{
    char numbers[NUMBERS_BYTES], bar[CELLS + 4] = "";
    put_numbers(progress, done, elapsed, numbers);
    int room = width - (int)strlen(progress->label) - (int)strlen(numbers) - 4; /* blanks and brackets */
    int cells = room < CELLS ? room : CELLS;
    if (cells >= FEWEST_CELLS) {
        int full = (int)((double)done / (double)progress->total * cells);
        bar[0] = '[';
        memset(bar + 1, '.', (size_t)cells);
        memset(bar + 1, '#', (size_t)full);
        memcpy(bar + 1 + cells, "] ", 3);
    }
    snprintf(line, LINE_BYTES, "%.200s %s%s", progress->label, bar, numbers);
}

void cli_progress_update(struct cli_progress *progress, uint64_t done)
{
    double now = cli_seconds();
    if (!progress->active || (now - progress->drawn < 0.1 && done != progress->total))
        return;
    progress->drawn = now;
    char line[LINE_BYTES];
    int width = terminal_width() - 1; /* a character in the last column would make some terminals begin a line */
    if (progress->total)
        put_line(progress, done < progress->total ? done : progress->total, now - progress->started, width, line);
    else
        snprintf(line, sizeof line, "%s: %.0f s", progress->label, now - progress->started);
    fprintf(stderr, "\r%.*s\033[K", width > 0 ? width : 0, line);
}

void cli_progress_finish(struct cli_progress *progress)
{
    if (progress->active)
        fprintf(stderr, "\r\033[K");
    progress->active = false;
}
