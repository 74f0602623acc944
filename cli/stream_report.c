/* stream_report.c - prints what a streaming accelerator costs. */
#include <stdio.h>

#include "cli/stream.h"
#include "rtl/stream/fit.h"
#include "rtl/stream/model.h"

static int report_json(const struct cf_stream_plan *plan, const struct cf_stream_cost *cost)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "lanes", plan->options.lanes);
    cJSON_AddNumberToObject(document, "parallel_classes", plan->options.parallel);
    cJSON_AddNumberToObject(document, "cycles_per_frame", (double)cost->cycles_per_frame);
    cJSON_AddNumberToObject(document, "multipliers", (double)cost->multipliers);
    if (plan->options.constants)
        cJSON_AddNumberToObject(document, "adders", (double)cost->adders);
    if (!plan->options.shared) {
        cJSON_AddNumberToObject(document, "registers", (double)cost->registers);
        cJSON_AddNumberToObject(document, "luts", (double)cost->luts);
    }
    cJSON_AddNumberToObject(document, "memory_bits", (double)cost->memory_bits);
    cJSON *memory = cJSON_AddObjectToObject(document, "memory");
    cJSON_AddNumberToObject(memory, "weights", (double)cost->weight_bits);
    cJSON_AddNumberToObject(memory, "input", (double)cost->input_bits);
    cJSON_AddNumberToObject(memory, "sums", (double)cost->sum_bits);
    cJSON_AddNumberToObject(memory, "thresholds", (double)cost->threshold_bits);
    cJSON_AddNumberToObject(memory, "queues", (double)cost->queue_bits);
    cJSON_AddNumberToObject(document, "block_rams", cf_stream_blocks(plan));
    cJSON_AddNumberToObject(document, "feature_buffer_bits", (double)cost->feature_bits);
    cJSON_AddNumberToObject(document, "input_bytes_per_beat", plan->input_bytes);
    cJSON_AddNumberToObject(document, "output_bytes_per_beat", plan->output_bytes);
    cJSON_AddNumberToObject(document, "records_per_frame", plan->records);
    return cli_print_json(document);
}

int cli_stream_report(const struct cli_args *args, const struct cf_stream_plan *plan)
{
    struct cf_stream_cost cost;
    char number[32];
    cf_stream_cost(plan, &cost);
    if (cli_given(args, "--json"))
        return report_json(plan, &cost);
    const struct {
        const char *what;
        uint64_t value;
        bool unknown;
    } lines[] = {
        {"cycles per frame", cost.cycles_per_frame, false},
        {"multipliers", cost.multipliers, false},
        {"adders of constant weights", cost.adders, !plan->options.constants},
        {"flip-flops", cost.registers, plan->options.shared},
        {"LUTs of 4 inputs", cost.luts, plan->options.shared},
        {"memory, in bits", cost.memory_bits, false},
        {"  weights", cost.weight_bits, false},
        {"  input buffer", cost.input_bits, false},
        {"  line buffers of sums", cost.sum_bits, false},
        {"  thresholds", cost.threshold_bits, false},
        {"  queues of records", cost.queue_bits, false},
        {"block RAMs, of 512 words of 36 bits", cf_stream_blocks(plan), false},
        {"line buffers if they held features", cost.feature_bits, false},
    };
    uint32_t lanes = plan->options.lanes, parallel = plan->options.parallel;
    printf("%u channel%s by %u class%s per cycle; %u byte%s per beat in, %u out\n", lanes, lanes == 1 ? "" : "s",
           parallel, parallel == 1 ? "" : "es", plan->input_bytes, plan->input_bytes == 1 ? "" : "s",
           plan->output_bytes);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!lines[i].unknown)
            printf("%-36s %14s\n", lines[i].what, cli_thousands(lines[i].value, number));
    return CLI_OK;
}
