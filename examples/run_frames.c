/* run_frames.c - `run_frames NET <FEATURES` simulates a frame of raw float32 [D, H, W] with libcofiber and prints each
 * decision (NumPy: x.astype('<f4').tofile('FEATURES')). Build: cc run_frames.c $(pkg-config --cflags --libs cofiber) */
#include <cofiber.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(2);
}

int main(int argc, char **argv)
{
    cofiber_error error = {.text = "usage: run_frames NET <FEATURES"};
    cofiber_netlist *netlist;
    cofiber_sim *sim;
    cofiber_input input;
    if (argc != 2 || !cofiber_netlist_load(&netlist, argv[1], &error) ||
        !cofiber_netlist_input(netlist, &input, &error) ||
        !cofiber_sim_new(&sim, netlist, &(cofiber_options){.mode = COFIBER_DECISIONS}, &error))
        die(error.text);
    size_t count = (size_t)input.channels * input.height * input.width;
    float *data = malloc(count * sizeof *data);
    if (!data || fread(data, sizeof *data, count, stdin) != count)
        die("too few floats on standard input");
    if (!cofiber_sim_run(sim, &(cofiber_features){data, COFIBER_F32}, &error))
        die(error.text);
    cofiber_group group;
    for (uint32_t g = 0; cofiber_group_info(netlist, g, &group); g++) {
        const signed char *values = cofiber_values(cofiber_sim_result(sim), g, NULL); /* of threshold gates: 0 or 1 */
        bool decides = values && group.is_output && group.bits == 1 && group.rank == 3;
        for (uint32_t i = 0, c = group.shape[2], w = group.shape[1]; decides && i < group.count; i++)
            if (values[i])
                printf("%s[%u,%u,%u]\n", group.name, i / c / w, i / c % w, i % c);
    }
    cofiber_sim_free(sim);
    cofiber_netlist_free(netlist);
    free(data);
}
