/* output.c - prints text and numbers for people, and the progress bar. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/thousands.h"
#include "cli/cli.h"

void cli_print_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f; /* in UTF-8 */
        putchar(*p < 0x20 || *p == 0x7f || c1 ? '?' : *p);
        p += c1;
    }
}

const char *cli_thousands(uint64_t value, char buffer[32])
{
    return cf_thousands(value, buffer);
}

double cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cli_progress_start(struct cli_progress *progress, const char *label, const char *unit, uint64_t total)
{
    *progress = (struct cli_progress){label, unit, total, cli_seconds(), 0, isatty(STDERR_FILENO) == 1};
    cli_progress_update(progress, 0);
}

void cli_progress_update(struct cli_progress *progress, uint64_t done)
{
    double now = cli_seconds();
    if (!progress->active || (now - progress->drawn < 0.1 && done != progress->total))
        return;
    progress->drawn = now;
    double elapsed = now - progress->started;
    if (!progress->total) {
        fprintf(stderr, "\r%s: %.0f s \033[K", progress->label, elapsed);
        return;
    }
    enum { CELLS = 30 };
    char bar[CELLS + 1];
    double share = (double)done / (double)progress->total;
    for (int i = 0; i < CELLS; i++)
        bar[i] = i < (int)(share * CELLS) ? '#' : '.';
    bar[CELLS] = '\0';
    fprintf(stderr, "\r%s [%s] %llu/%llu %s", progress->label, bar, (unsigned long long)done,
            (unsigned long long)progress->total, progress->unit);
    if (done && elapsed > 0)
        fprintf(stderr, ", %.3g/s, %.0f s left", (double)done / elapsed,
                elapsed * (double)(progress->total - done) / (double)done);
    fprintf(stderr, " \033[K");
}

void cli_progress_finish(struct cli_progress *progress)
{
    if (progress->active)
        fprintf(stderr, "\r\033[K");
    progress->active = false;
}
