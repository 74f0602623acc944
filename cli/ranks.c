/* ranks.c - loads what knows MPI where mpirun started the program. */
#include "cli/ranks.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/mpi/exchange.h"

/* How many processes mpirun started; Open MPI says it in the environment. */
static long started_by_mpirun(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    return size ? strtol(size, NULL, 10) : 1;
}

/* cofiber-mpi.so stands beside the program, or in lib/ beside the folder of the program. */
static void *load(struct cf_error *err)
{
    static const char *const places[] = {"/cofiber-mpi.so", "/../lib/cofiber-mpi.so"};
    char path[PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    void *library = NULL;
    while (length > 0 && path[length - 1] != '/')
        length--;
    for (size_t i = 0; length > 0 && !library && i < sizeof places / sizeof *places; i++) {
        strcpy(path + length - 1, places[i]);
        /* Global, since Open MPI loads parts of its own that look for MPI's symbols. */
        library = access(path, R_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_GLOBAL) : NULL;
    }
    const char *why = library ? NULL : dlerror();
    if (!library)
        cf_fail(err, "mpirun started this program, which has no cofiber-mpi.so beside it%s%s", why ? ": " : "",
                why ? why : " (make builds it where mpicc is)");
    return library;
}

static bool find(void *library, const char *name, void *function, struct cf_error *err)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol || cf_fail(err, "cofiber-mpi.so: has no %s", name);
}

bool cli_ranks_join(struct cli_ranks *ranks, struct cf_error *err)
{
    bool (*open)(struct cf_exchange *, struct cf_error *);
    *ranks = (struct cli_ranks){.exchange = {.size = 1}};
    if (started_by_mpirun() <= 1)
        return true;
    void *library = load(err);
    if (!library || !find(library, CF_MPI_OPEN, &open, err) || !open(&ranks->exchange, err))
        return false;
    ranks->library = library;
    return true;
}

void cli_ranks_leave(struct cli_ranks *ranks, bool failed)
{
    void (*close)(bool);
    if (ranks->library && find(ranks->library, CF_MPI_CLOSE, &close, NULL))
        close(failed);
    ranks->library = NULL;
}

bool cli_ranks_any(const struct cli_ranks *ranks, bool flag, bool *any, struct cf_error *err)
{
    const struct cf_exchange *exchange = &ranks->exchange;
    *any = flag;
    if (exchange->size == 1)
        return true;
    unsigned char *flags = calloc(exchange->size, 1);
    if (!flags)
        return cf_fail(err, "out of memory");
    flags[exchange->rank] = flag;
    bool done = exchange->gather(exchange, flags, exchange->size, 1, err);
    for (uint32_t r = 0; done && r < exchange->size; r++)
        *any = *any || flags[r];
    free(flags);
    return done;
}
