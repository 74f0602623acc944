/* bench.h - what the parts of cofiber bench share. */
#ifndef COFIBER_CLI_BENCH_H
#define COFIBER_CLI_BENCH_H

/* Of samples: the median, and what a tenth lies below and above. */
struct cli_spread {
    double median, low, high;
};

/* Sorts the samples (count > 0). */
struct cli_spread cli_spread_of(double *samples, int count);

#endif
