/* limits.c - measures what one core can do at best, and counts what a frame needs of it. */
#include "sim/word/limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/word/linear.h"

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
/* AVX2 multiplies words and adds in two instructions; for bytes of any sign it takes four (dense_avx2.c). */
#define WORDS_256(n) "vpmaddwd %%ymm14, %%ymm15, %%ymm13\n\tvpaddd %%ymm13, %%ymm" n ", %%ymm" n "\n\t"
#define BYTES_256(n)                                                                                                   \
    "vpsignb %%ymm14, %%ymm15, %%ymm13\n\tvpmaddubsw %%ymm13, %%ymm14, %%ymm13\n\tvpmaddwd %%ymm12, %%ymm13, "         \
    "%%ymm13\n\tvpaddd %%ymm13, %%ymm" n ", %%ymm" n "\n\t"
#define VNNI_WORDS(n) "%{vex%} vpdpwssd %%ymm14, %%ymm15, %%ymm" n "\n\t"
#define VNNI_BYTES(n) "%{vex%} vpdpbusd %%ymm14, %%ymm15, %%ymm" n "\n\t"
#define CLOBBERED                                                                                                      \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13"

#define LOOP(name, features, line)                                                                                     \
    __attribute__((target(features))) static void name(long passes)                                                    \
    {                                                                                                                  \
        for (long i = 0; i < passes; i++)                                                                              \
            __asm__ volatile(TWELVE(line)::: CLOBBERED);                                                               \
    }
LOOP(words_512, "avx512f,avx512vnni", WORDS_512)
LOOP(bytes_512, "avx512f,avx512vnni", BYTES_512)
LOOP(words_256, "avx2", WORDS_256)
LOOP(bytes_256, "avx2", BYTES_256)
LOOP(vnni_words, "avx2", VNNI_WORDS)
LOOP(vnni_bytes, "avx2", VNNI_BYTES)

#endif

enum { DOT = 256, DOTS = 4 };

/* Products of one row by several, for the compiler to vectorise: each has its accumulators. */
static void words_portable(long passes)
{
    int16_t x[DOT], rows[DOTS][DOT];
    for (int k = 0; k < DOT; k++)
        x[k] = rows[0][k] = rows[1][k] = rows[2][k] = rows[3][k] = (int16_t)(k & 31);
    for (long i = 0; i < passes; i++) {
        int32_t a = 0, b = 0, c = 0, d = 0;
        __asm__ volatile("" ::"r"(x), "r"(rows) : "memory"); /* the values are new to the compiler each time */
        for (int k = 0; k < DOT; k++) {
            a += x[k] * rows[0][k];
            b += x[k] * rows[1][k];
            c += x[k] * rows[2][k];
            d += x[k] * rows[3][k];
        }
        __asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d)); /* the sums are wanted */
    }
}

struct loop {
    void (*run)(long passes);
    double macs;  /* of a pass */
    long portion; /* passes that are timed together: some ten microseconds */
};

enum { PORTION = 20000, MOST_LOOPS = 2 };

/* The loops for the kernels' ways of multiplying exactly: the best of them counts. Bytes may go as words; C's products
 * are as wide as words anyway. `loops` has MOST_LOOPS elements; returns how many are set. */
static int find_loops(const struct cf_kernels *kernels, enum cf_storage storage, struct loop *loops)
{
    bool bytes = storage == CF_STORE8;
#ifdef __x86_64__
    if (kernels == cf_kernels_avx512()) {
        loops[0] = bytes ? (struct loop){bytes_512, 12 * 64, PORTION} : (struct loop){words_512, 12 * 32, PORTION};
        return 1;
    }
    if (kernels == cf_kernels_avxvnni()) {
        loops[0] = bytes ? (struct loop){vnni_bytes, 12 * 32, PORTION} : (struct loop){vnni_words, 12 * 16, PORTION};
        return 1;
    }
    if (kernels == cf_kernels_avx2()) {
        loops[0] = (struct loop){words_256, 12 * 16, PORTION};
        loops[1] = (struct loop){bytes_256, 12 * 32, PORTION};
        return bytes ? 2 : 1;
    }
#endif
    (void)kernels;
    (void)bytes;
    loops[0] = (struct loop){words_portable, DOT * DOTS, 1000};
    return 1;
}

double cf_limit_macs(const struct cf_kernels *kernels, enum cf_storage storage, double seconds)
{
    struct loop loops[MOST_LOOPS];
    int count = find_loops(kernels, storage, loops), turn = 0;
    double best = 0;
    for (double start = now(); turn < count || now() - start < seconds; turn++) {
        const struct loop *loop = &loops[turn % count];
        double before = now();
        loop->run(loop->portion);
        double rate = loop->macs * (double)loop->portion / (now() - before);
        best = rate > best ? rate : best;
    }
    return best;
}

/* ---- what a frame needs ------------------------------------------------------------------------------------------ */

static void add_work(struct cf_work *work, enum cf_storage storage, double macs)
{
    if (storage == CF_STORE8)
        work->macs8 += macs;
    else
        work->macs16 += macs;
}

/* Adds every term of every gate of a group. */
static void add_terms(struct cf_work *work, const struct cf_netlist *netlist, const struct cf_group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        const struct cf_cell *cell = &netlist->cells[group->cell[i]];
        enum cf_storage widest = CF_STORE8;
        for (uint32_t p = 0; p < cell->port_count; p++)
            widest = cf_storage_of(cell->ports[p]) > widest ? cf_storage_of(cell->ports[p]) : widest;
        add_work(work, widest, cell->term_count);
    }
}

struct cf_work cf_plan_work(const struct cf_plan *plan)
{
    const struct cf_linear *linear = plan->linear && !plan->linear->whole ? plan->linear : NULL;
    struct cf_work work = {0, 0};
    for (uint32_t g = 1; g < plan->netlist->group_count; g++) {
        const struct cf_layout *layout = &plan->layouts[g];
        bool output = plan->netlist->groups[g].output;
        if (linear && (!output || linear->outputs[g].family != CF_NONE))
            continue;
        if (layout->kind == CF_LAYOUT_DENSE)
            add_work(&work, layout->dense->packed.storage,
                     (double)layout->rows * layout->lanes * layout->dense->packed.inputs);
        else if (output)
            add_terms(&work, plan->netlist, &plan->netlist->groups[g]);
    }
    for (uint32_t f = 0; linear && f < linear->family_count; f++) {
        const struct cf_dense *packed = &linear->families[f].packed;
        add_work(&work, packed->storage, (double)plan->layouts[CF_INPUT].rows * packed->lanes * packed->inputs);
    }
    return work;
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

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

struct cf_traffic cf_netlist_traffic(const struct cf_netlist *netlist)
{
    struct cf_traffic traffic = {0, 0};
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        size_t bytes = group->count * cf_storage_size(cf_storage_of(group->type));
        if (g == CF_INPUT)
            traffic.read += bytes;
        else
            traffic.written += bytes;
    }
    return traffic;
}

/* How far portion `index` of PORTIONS reaches into `size` bytes. */
enum { PORTIONS = 64 };
static size_t portion_end(size_t size, size_t index)
{
    return size / PORTIONS * index + size % PORTIONS * index / PORTIONS;
}

/* Writes as few bytes at a time as a row of gates has: for many more, memset would go past the caches. */
static void write_rows(char *to, size_t size)
{
    enum { ROW = 1536 };
    for (size_t at = 0; at < size; at += ROW)
        memset(to + at, 1, size - at < ROW ? size - at : ROW);
    __asm__ volatile("" ::"r"(to) : "memory"); /* the bytes are wanted */
}

double cf_limit_traffic(struct cf_traffic traffic, char *memory)
{
    double start = now();
    for (size_t i = 0; i < PORTIONS; i++) {
        size_t read = portion_end(traffic.read, i), read_end = portion_end(traffic.read, i + 1);
        size_t written = portion_end(traffic.written, i), written_end = portion_end(traffic.written, i + 1);
        const void *found = memchr(memory + read, 1, read_end - read); /* looks at every byte, as all are zeros */
        __asm__ volatile("" ::"r"(found));
        write_rows(memory + traffic.read + written, written_end - written);
    }
    return now() - start;
}
