/* onednn.c - times oneDNN's matrix multiplication on the shapes of a frame: what a user would pick instead of the
 * simulator's own kernels. `onednn POSITIONS INPUTS CLASSES TYPE REPEATS` with TYPE s8s8, u8s8 or f32 prints the
 * median and the fastest of REPEATS runs in milliseconds. Weights are reordered beforehand to what oneDNN likes best.
 */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "onednn: %s: status %d\n", what, (int)status);
    exit(2);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Memory of that description, filled with small values. */
static dnnl_memory_t make_memory(const dnnl_memory_desc_t *description, dnnl_engine_t engine)
{
    dnnl_memory_t memory;
    void *data;
    check(dnnl_memory_create(&memory, description, engine, DNNL_MEMORY_ALLOCATE), "memory");
    check(dnnl_memory_get_data_handle(memory, &data), "data");
    memset(data, 0, dnnl_memory_desc_get_size(description));
    return memory;
}

static void fill(dnnl_memory_t memory, dnnl_data_type_t type, size_t count)
{
    void *data;
    check(dnnl_memory_get_data_handle(memory, &data), "data");
    for (size_t i = 0; i < count; i++) {
        int value = rand() % 100;
        if (type == dnnl_f32)
            ((float *)data)[i] = (float)value;
        else
            ((char *)data)[i] = (char)value;
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: onednn POSITIONS INPUTS CLASSES s8s8|u8s8|f32 REPEATS\n");
        return 2;
    }
    dnnl_dim_t m = atol(argv[1]), k = atol(argv[2]), n = atol(argv[3]);
    int repeats = atoi(argv[5]);
    int floats = strcmp(argv[4], "f32") == 0, bytes = strcmp(argv[4], "u8s8") == 0;
    dnnl_data_type_t source = floats ? dnnl_f32 : bytes ? dnnl_u8 : dnnl_s8;
    dnnl_data_type_t weight = floats ? dnnl_f32 : dnnl_s8, result = floats ? dnnl_f32 : dnnl_s32;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");

    dnnl_memory_desc_t a, any, plain, c;
    check(dnnl_memory_desc_init_by_tag(&a, 2, (dnnl_dims_t){m, k}, source, dnnl_ab), "A");
    check(dnnl_memory_desc_init_by_tag(&any, 2, (dnnl_dims_t){k, n}, weight, dnnl_format_tag_any), "B");
    check(dnnl_memory_desc_init_by_tag(&plain, 2, (dnnl_dims_t){k, n}, weight, dnnl_ab), "B");
    check(dnnl_memory_desc_init_by_tag(&c, 2, (dnnl_dims_t){m, n}, result, dnnl_ab), "C");
    dnnl_matmul_desc_t operation;
    dnnl_primitive_desc_t description;
    dnnl_primitive_t matmul, reorder;
    check(dnnl_matmul_desc_init(&operation, &a, &any, NULL, &c), "matmul");
    check(dnnl_primitive_desc_create(&description, &operation, NULL, engine, NULL), "matmul");
    const dnnl_memory_desc_t *best = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    check(dnnl_primitive_create(&matmul, description), "matmul");

    dnnl_memory_t ma = make_memory(&a, engine), mb = make_memory(&plain, engine), mc = make_memory(&c, engine);
    dnnl_memory_t packed = make_memory(best, engine);
    fill(ma, source, (size_t)(m * k));
    fill(mb, weight, (size_t)(k * n));
    dnnl_primitive_desc_t reorder_description;
    check(dnnl_reorder_primitive_desc_create(&reorder_description, &plain, engine, best, engine, NULL), "reorder");
    check(dnnl_primitive_create(&reorder, reorder_description), "reorder");
    dnnl_exec_arg_t from_to[] = {{DNNL_ARG_FROM, mb}, {DNNL_ARG_TO, packed}};
    check(dnnl_primitive_execute(reorder, stream, 2, from_to), "reorder");

    double *times = calloc((size_t)repeats, sizeof *times);
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, ma}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, mc}};
    for (int r = -20; times && r < repeats; r++) {
        double start = seconds();
        check(dnnl_primitive_execute(matmul, stream, 3, arguments), "matmul");
        check(dnnl_stream_wait(stream), "matmul");
        if (r >= 0)
            times[r] = 1e3 * (seconds() - start);
    }
    const char *implementation = NULL;
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &implementation);
    qsort(times, (size_t)repeats, sizeof *times, ascending);
    printf("%.4f %.4f %s\n", times[repeats / 2], times[0], implementation ? implementation : "?");
    free(times);
    return 0;
}
