/* Any bytes at all as COCO annotations, and as results for two images and two classes; what is accepted is evaluated.
 * Seeds: tests/hostile/coco_*, tests/fixtures; build: make build/fuzz/fuzz_coco. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char truth_text[] =
    "{\"images\":[{\"id\":7},{\"id\":3}],\"categories\":[{\"id\":1},{\"id\":18}],\"annotations\":["
    "{\"id\":1,\"image_id\":7,\"category_id\":18,\"bbox\":[10,20,30,40],\"area\":900},"
    "{\"id\":2,\"image_id\":7,\"category_id\":18,\"bbox\":[0,0,300,400],\"area\":99999,\"iscrowd\":1}]}";
static const char results_text[] = "[]";

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A file that lives in memory, and its path. */
static int memory_file(const void *data, size_t size, char path[64])
{
    int file = memfd_create("coco", 0);
    check(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

static void check_share(double value)
{
    check(value == -1 || (value >= 0 && value <= 1 + 1e-12));
}

static void check_evaluation(const struct cf_truth *truth, const struct cf_results *results)
{
    enum { SMALL = 100 }; /* classes, up to which the time and memory are small */
    struct cf_evaluation evaluation;
    struct cf_error err;
    if (truth->category_count > SMALL)
        return;
    check(cf_evaluate(&evaluation, truth, results, &err));
    for (int i = 0; i < CF_EVAL_STATS; i++)
        check_share(evaluation.stats[i]);
    for (uint32_t k = 0; k < evaluation.class_count; k++)
        check_share(evaluation.classes[k].average);
    cf_evaluation_free(&evaluation);
}

/* Reads and evaluates; the message of a refusal is one line that begins with the path of the file at fault. */
static void evaluate(const char *truth_path, const char *results_path, bool lenient)
{
    struct cf_truth truth;
    struct cf_results results;
    struct cf_error err = {0};
    const char *at_fault = truth_path;
    if (cf_truth_read(&truth, truth_path, lenient, &err)) {
        at_fault = results_path;
        if (cf_results_read(&results, results_path, &truth, lenient, &err)) {
            at_fault = NULL;
            check_evaluation(&truth, &results);
            cf_results_free(&results);
        }
        cf_truth_free(&truth);
    }
    if (at_fault)
        check(strncmp(err.text, at_fault, strlen(at_fault)) == 0 && !strchr(err.text, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char given_path[64], truth_path[64], results_path[64];
    int given = memory_file(data, size, given_path), truth = memory_file(truth_text, sizeof truth_text - 1, truth_path),
        results = memory_file(results_text, sizeof results_text - 1, results_path);
    for (int lenient = 0; lenient < 2; lenient++) {
        evaluate(given_path, results_path, lenient);
        evaluate(truth_path, given_path, lenient);
    }
    close(given);
    close(truth);
    close(results);
    return 0;
}
