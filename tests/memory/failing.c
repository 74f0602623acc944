/* failing.c - a library to be preloaded into a program: it makes one allocation fail, or all from one on, and when the
 * program ends it reports how many there were and which memory was lost.
 *
 *   FAIL_AT=N         the Nth allocation of the program fails (the first is 1; 0 or absent: none fails)
 *   FAIL_FROM=1       so do all allocations after it
 *   FAIL_REPORT=PATH  the report is written there
 *
 * An allocation is a call of malloc, calloc, realloc, reallocarray, aligned_alloc, posix_memalign, memalign or mmap, by
 * the program or by a library on its behalf (strdup, fopen, printf, cJSON, ...). The calls of OpenMP's run-time library
 * are passed on and not counted: it ends the process by itself when memory is missing. So are those of OpenBLAS, which
 * tries again and again. Nor are calls before main and in dlopen counted, by which libraries prepare themselves
 * (libpixman, behind cairo, and libgfortran, behind OpenBLAS, do not survive a failure there).
 *
 * The report's first line is "allocations N, failed N, lost N". Memory is lost when it is still allocated at the end
 * and no pointer leads to it from a variable of the program or of a library; a mapping is lost when it is still there.
 * Each is named on a line of its own, by its size and by the place of the call that asked for it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The allocator of the C library under the names by which it cannot be replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

enum { TABLE = 1 << 17, MAPPINGS = 1024, REPORTED = 20 };

struct block {
    uintptr_t address; /* 0: an unused place of the table */
    size_t size;       /* 0: freed; every live block counts as one byte at least */
    uintptr_t caller;
    bool reached;
};

struct range {
    uintptr_t start, end;
};

static struct {
    atomic_flag lock;
    bool ready, from;
    bool started; /* main is about to run */
    unsigned long at, count, failed;
    struct range passed_on[2]; /* the code of libraries whose calls do not count */
    struct block *table;       /* open addressing; TABLE places */
    size_t used;
    struct block mappings[MAPPINGS];
    size_t mapping_count;
} state = {.lock = ATOMIC_FLAG_INIT};

static void lock(void)
{
    while (atomic_flag_test_and_set(&state.lock)) {
    }
}

static void unlock(void)
{
    atomic_flag_clear(&state.lock);
}

static void give_up(const char *why)
{
    dprintf(STDERR_FILENO, "failing.so: %s\n", why);
    abort();
}

/* ---- which calls count ---- */

static int find_passed_on(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    struct range *range = strstr(info->dlpi_name, "libgomp")       ? &state.passed_on[0]
                          : strstr(info->dlpi_name, "libopenblas") ? &state.passed_on[1]
                                                                   : NULL;
    for (int i = 0; range && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        range->start = info->dlpi_addr + header->p_vaddr;
        range->end = range->start + header->p_memsz;
    }
    return 0;
}

static bool is_passed_on(uintptr_t caller)
{
    return (caller >= state.passed_on[0].start && caller < state.passed_on[0].end) ||
           (caller >= state.passed_on[1].start && caller < state.passed_on[1].end);
}

static void get_ready(void)
{
    const char *at = getenv("FAIL_AT"), *from = getenv("FAIL_FROM");
    state.at = at ? strtoul(at, NULL, 10) : 0;
    state.from = from && *from == '1';
    dl_iterate_phdr(find_passed_on, NULL);
    void *table = (void *)syscall(SYS_mmap, NULL, TABLE * sizeof *state.table, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED)
        give_up("no memory for its own table");
    state.table = table;
    state.ready = true;
}

/* Called when an allocation fails: a place for a debugger's breakpoint. */
__attribute__((noinline)) static void failing_now(void)
{
    errno = ENOMEM;
}

/* Counts a call; true: it is to fail. */
static bool fails(uintptr_t caller)
{
    lock();
    if (!state.ready)
        get_ready();
    bool fail = false;
    if (state.started && !is_passed_on(caller)) {
        state.count++;
        fail = state.at && (state.count == state.at || (state.from && state.count > state.at));
        state.failed += fail;
    }
    unlock();
    if (fail)
        failing_now();
    return fail;
}

typedef int start_function(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                           void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
start_function __libc_start_main;

/* A program's first call: it runs main. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    start_function *real;
    void *found = dlsym(RTLD_NEXT, "__libc_start_main");
    memcpy(&real, &found, sizeof real);
    if (!real)
        give_up("no main to start");
    state.started = true;
    return real(main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* Loads a library, and lets it prepare itself. */
void *dlopen(const char *name, int flags)
{
    void *(*real)(const char *, int), *found = dlsym(RTLD_NEXT, "dlopen");
    memcpy(&real, &found, sizeof real);
    if (!real)
        give_up("nothing loads libraries");
    bool started = state.started;
    state.started = false;
    void *library = real(name, flags);
    state.started = started;
    dl_iterate_phdr(find_passed_on, NULL);
    return library;
}

/* ---- what is live ---- */

/* The block of this address, or the place where it would go. */
static struct block *find(uintptr_t address)
{
    size_t i = (address >> 4) * 0x9e3779b97f4a7c15u % TABLE;
    while (state.table[i].address && state.table[i].address != address)
        i = (i + 1) % TABLE;
    return &state.table[i];
}

static void *keep(void *memory, size_t size, uintptr_t caller)
{
    if (!memory)
        return NULL;
    lock();
    struct block *block = find((uintptr_t)memory);
    if (!block->address && ++state.used > TABLE / 2)
        give_up("too many blocks");
    *block = (struct block){(uintptr_t)memory, size ? size : 1, caller, false};
    unlock();
    return memory;
}

static void drop(void *memory)
{
    lock();
    if (!state.ready)
        get_ready();
    struct block *block = find((uintptr_t)memory);
    block->size = 0; /* the place stays used, so that those behind it are still found */
    unlock();
}

static void keep_mapping(uintptr_t address, size_t size, uintptr_t caller)
{
    if (state.mapping_count == MAPPINGS)
        give_up("too many mappings");
    state.mappings[state.mapping_count++] = (struct block){address, size, caller, false};
}

/* Takes a range out of the mappings; what lies before it and behind it stays. */
static void drop_mapping(uintptr_t start, uintptr_t end)
{
    for (size_t i = state.mapping_count; i-- > 0;) {
        struct block old = state.mappings[i];
        uintptr_t old_end = old.address + old.size;
        if (old_end <= start || end <= old.address)
            continue;
        state.mappings[i] = state.mappings[--state.mapping_count];
        if (old.address < start)
            keep_mapping(old.address, start - old.address, old.caller);
        if (end < old_end)
            keep_mapping(end, old_end - end, old.caller);
    }
}

/* ---- the calls ---- */

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *malloc(size_t size)
{
    return fails(CALLER) ? NULL : keep(__libc_malloc(size), size, CALLER);
}

void *calloc(size_t count, size_t size)
{
    return fails(CALLER) ? NULL : keep(__libc_calloc(count, size), count * size, CALLER);
}

static void *resize(void *old, size_t size, uintptr_t caller)
{
    if (fails(caller))
        return NULL;
    void *memory = __libc_realloc(old, size);
    if (old && (memory || size == 0))
        drop(old);
    return keep(memory, size, caller);
}

void *realloc(void *old, size_t size)
{
    return resize(old, size, CALLER);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (!__builtin_mul_overflow(count, size, &bytes))
        return resize(old, bytes, CALLER);
    errno = ENOMEM;
    return NULL;
}

void *memalign(size_t alignment, size_t size)
{
    return fails(CALLER) ? NULL : keep(__libc_memalign(alignment, size), size, CALLER);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(CALLER) ? NULL : keep(__libc_memalign(alignment, size), size, CALLER);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *block = fails(CALLER) ? NULL : keep(__libc_memalign(alignment, size), size, CALLER);
    if (!block)
        return ENOMEM;
    *memory = block;
    return 0;
}

void free(void *memory)
{
    int reason = errno;
    if (memory)
        drop(memory);
    __libc_free(memory);
    errno = reason;
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fails(CALLER))
        return MAP_FAILED;
    void *memory = (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    if (memory != MAP_FAILED) {
        lock();
        keep_mapping((uintptr_t)memory, size, CALLER);
        unlock();
    }
    return memory;
}

int munmap(void *address, size_t size)
{
    int status = (int)syscall(SYS_munmap, address, size);
    if (status == 0) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        lock();
        drop_mapping((uintptr_t)address, (uintptr_t)address + (size + page - 1) / page * page);
        unlock();
    }
    return status;
}

/* ---- the report ---- */

/* The blocks that are live at the end, packed into the front of the table: nothing is looked up any more. */
static size_t pack(void)
{
    size_t live = 0;
    for (size_t i = 0; i < TABLE; i++)
        if (state.table[i].size)
            state.table[live++] = state.table[i];
    return live;
}

/* Marks every block to which a word of the range points, and then what these point to. */
static void reach(uintptr_t start, uintptr_t end, size_t live)
{
    start = (start + sizeof(uintptr_t) - 1) / sizeof(uintptr_t) * sizeof(uintptr_t);
    for (uintptr_t at = start; at + sizeof(uintptr_t) <= end; at += sizeof(uintptr_t)) {
        uintptr_t word;
        memcpy(&word, (const void *)at, sizeof word);
        for (size_t i = 0; word && i < live; i++) {
            struct block *block = &state.table[i];
            if (block->reached || word < block->address || word >= block->address + block->size)
                continue;
            block->reached = true;
            reach(block->address, block->address + block->size, live);
        }
    }
}

/* From the variables of one object, and from this thread's. */
static int reach_from_object(struct dl_phdr_info *info, size_t size, void *live)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD && (header->p_flags & PF_W))
            reach(start, start + header->p_memsz, *(size_t *)live);
        if (header->p_type == PT_TLS && info->dlpi_tls_data)
            reach((uintptr_t)info->dlpi_tls_data, (uintptr_t)info->dlpi_tls_data + header->p_memsz, *(size_t *)live);
    }
    return 0;
}

static int print_place(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    const uintptr_t *place = context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type != PT_LOAD || place[0] < start || place[0] >= start + info->dlpi_phdr[i].p_memsz)
            continue;
        dprintf((int)place[1], " %s+0x%lx", *info->dlpi_name ? info->dlpi_name : "program", place[0] - info->dlpi_addr);
        return 1;
    }
    return 0;
}

static void print_lost(int report, const char *kind, const struct block *block)
{
    uintptr_t place[2] = {block->caller - 1, (uintptr_t)report}; /* in the call, not behind it */
    dprintf(report, "%s of %zu bytes, from", kind, block->size);
    dl_iterate_phdr(print_place, place);
    dprintf(report, "\n");
}

__attribute__((destructor)) static void write_report(void)
{
    const char *path = getenv("FAIL_REPORT");
    lock();
    if (!state.ready)
        get_ready();
    state.at = 0;
    unlock();
    int report = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (report < 0)
        return;
    size_t live = pack(), lost = state.mapping_count;
    dl_iterate_phdr(reach_from_object, &live);
    for (size_t i = 0; i < live; i++)
        lost += !state.table[i].reached;
    dprintf(report, "allocations %lu, failed %lu, lost %zu\n", state.count, state.failed, lost);
    for (size_t i = 0, printed = 0; i < live && printed < REPORTED; i++)
        if (!state.table[i].reached) {
            print_lost(report, "memory", &state.table[i]);
            printed++;
        }
    for (size_t i = 0; i < state.mapping_count && i < REPORTED; i++)
        print_lost(report, "mapping", &state.mappings[i]);
    close(report);
}
