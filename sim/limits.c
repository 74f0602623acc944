#include "sim/limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifdef __x86_64__

/* One pass over twelve accumulators, which no two instructions share: written out, so that nothing but these
 * instructions is in the loop. */
#define TWELVE(line)                                                                                                   \
    line("0") line("1") line("2") line("3") line("4") line("5") line("6") line("7") line("8") line("9") line("10")     \
        line("11")
#define WORDS_512(n) "vpdpwssd %%zmm30, %%zmm31, %%zmm" n "\n\t"
#define BYTES_512(n) "vpdpbusd %%zmm30, %%zmm31, %%zmm" n "\n\t"
/* AVX2 multiplies and adds in two instructions. */
#define WORDS_256(n) "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n\tvpaddd %%ymm13, %%ymm" n ", %%ymm" n "\n\t"
#define CLOBBERED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11"

__attribute__((target("avx512f,avx512vnni"))) static void words_512(long passes)
{
    for (long i = 0; i < passes; i++)
        __asm__ volatile(TWELVE(WORDS_512)::: CLOBBERED);
}

__attribute__((target("avx512f,avx512vnni"))) static void bytes_512(long passes)
{
    for (long i = 0; i < passes; i++)
        __asm__ volatile(TWELVE(BYTES_512)::: CLOBBERED);
}

__attribute__((target("avx2"))) static void words_256(long passes)
{
    for (long i = 0; i < passes; i++)
        __asm__ volatile(TWELVE(WORDS_256)::: CLOBBERED, "xmm13");
}

double cf_limit_macs(const struct cf_kernels *kernels, enum cf_lane lane, double seconds)
{
    bool wide = kernels == cf_kernels_avx512();
    if (!wide && kernels != cf_kernels_avx2())
        return 0;
    /* Bytes have no instruction of their own in AVX2 that does not saturate: they go as words. */
    void (*loop)(long) = !wide ? words_256 : lane == CF_LANE8 ? bytes_512 : words_512;
    double macs_a_pass = 12.0 * (!wide ? 16 : lane == CF_LANE8 ? 64 : 32), best = 0;
    enum { PORTION = 20000 };
    for (double start = now(); best == 0 || now() - start < seconds;) {
        double before = now();
        loop(PORTION);
        double rate = macs_a_pass * PORTION / (now() - before);
        best = rate > best ? rate : best;
    }
    return best;
}

#else

double cf_limit_macs(const struct cf_kernels *kernels, enum cf_lane lane, double seconds)
{
    (void)kernels;
    (void)lane;
    (void)seconds;
    return 0;
}

#endif

double cf_limit_copy(size_t size)
{
    char *from = malloc(size), *to = malloc(size);
    double best = 0;
    if (from && to) {
        memset(from, 1, size);
        memset(to, 2, size);
        for (int run = 0; run < 10; run++) {
            double before = now();
            memcpy(to, from, size);
            __asm__ volatile("" ::"r"(to) : "memory"); /* the copy is wanted */
            double rate = 2 * (double)size / (now() - before);
            best = rate > best ? rate : best;
        }
    }
    free(from);
    free(to);
    return best;
}
