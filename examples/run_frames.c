/* run_frames.c - simulate a frame with libcofiber: `run_frames NET FEATURES`, where FEATURES holds D * H * W raw
 * little-endian floats, channel by channel (NumPy: features.astype('<f4').tofile('FEATURES')). Prints each decision.
 *
 *     cc run_frames.c -o run_frames $(pkg-config --cflags --libs cofiber)
 */
#include <cofiber.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    cofiber_error error;
    cofiber_netlist *netlist = NULL;
    cofiber_sim *sim = NULL;
    cofiber_input input;
    cofiber_options options = {.mode = COFIBER_DECISIONS};
    if (argc != 3 || !cofiber_netlist_load(&netlist, argv[1], &error) ||
        !cofiber_netlist_input(netlist, &input, &error) || !cofiber_sim_new(&sim, netlist, &options, &error)) {
        fprintf(stderr, "%s\n", argc == 3 ? error.text : "usage: run_frames NET FEATURES");
        return 2;
    }
    size_t count = (size_t)input.channels * input.height * input.width;
    float *data = malloc(count * sizeof *data);
    FILE *file = fopen(argv[2], "rb");
    if (!data || !file || fread(data, sizeof *data, count, file) != count) {
        fprintf(stderr, "%s: not %zu floats\n", argv[2], count);
        return 2;
    }
    cofiber_features features = {data, COFIBER_F32};
    if (!cofiber_sim_run(sim, &features, &error)) {
        fprintf(stderr, "%s: %s\n", argv[2], error.text);
        return 2;
    }
    cofiber_group group;
    for (uint32_t g = 0; cofiber_group_info(netlist, g, &group); g++) {
        cofiber_lane lane; /* decisions are bytes, 0 or 1 */
        const signed char *fires = group.is_output ? cofiber_values(cofiber_sim_result(sim), g, &lane) : NULL;
        for (uint32_t i = 0; fires && i < group.count; i++)
            if (fires[i])
                printf("%s[%u,%u,%u]\n", group.name, i / group.shape[2] / group.shape[1],
                       i / group.shape[2] % group.shape[1], i % group.shape[2]);
    }
    fclose(file);
    free(data);
    cofiber_sim_free(sim);
    cofiber_netlist_free(netlist);
    return 0;
}
