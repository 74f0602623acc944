/* train.c - cofiber train: makes a head from frames and annotations. */
#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/interrupt.h"
#include "cli/ranks.h"
#include "cli/resume.h"
#include "compiler/record.h"
#include "train/files.h"
#include "train/fit.h"
#include "train/journal.h"
#include "train/prototypes.h"

struct session {
    const struct cli_args *args;
    struct cli_ranks ranks;
    struct cf_training_options options;
    struct cf_bands_shape shape;
    enum cf_fit fit;
    long long checkpoint_seconds;
    struct cf_frames *frames;
    int64_t *ids;
    struct cf_truth truth;
    struct cf_training_data data;
    struct cf_blas *blas;
    struct cf_model model;
    struct cf_trainer trainer;
    char run[CF_SHA256_HEX]; /* which run it is, for checkpoints */
    char *checkpoint;        /* path; NULL where the output is no regular file */
    struct cf_journal *journal;
    struct cli_progress progress;
    char label[64];
    bool stopped;                      /* by an interruption */
    bool fits_frames;                  /* the bottleneck's classifier begins with a fit on the frames */
    double prototypes_kept;            /* the share of them that a bottleneck begins with */
    double logits_explained;           /* the share of their variance that the fit on the frames has */
    uint64_t begun;                    /* steps that were finished when this process began */
    double seconds, processor_seconds; /* of its steps; the latter of all threads together */
};

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool number_between(const struct cli_args *args, const char *name, double least, double most, bool with_ends,
                           double *value)
{
    if (!cli_number(args, name, value))
        return false;
    bool inside = with_ends ? *value >= least && *value <= most : *value > least && *value < most;
    return inside || cli_complain("train: %s must lie between %g and %g, both %s", name, least, most,
                                  with_ends ? "included" : "excluded") == CLI_OK;
}

static bool read_recipe(struct session *s)
{
    const struct cli_args *args = s->args;
    struct cf_training_options *o = &s->options;
    long long epochs, batch, seed, threads;
    if (!cli_integer(args, "--epochs", 1, 1000000000, &epochs) || !cli_integer(args, "--batch", 1, 1000000, &batch) ||
        !cli_integer(args, "--seed", 0, INT64_MAX, &seed) || !cli_integer(args, "--threads", 0, 1024, &threads) ||
        !cli_integer(args, "--checkpoint", 0, 1000000, &s->checkpoint_seconds) ||
        !number_between(args, "--rate", 0, 1000, true, &o->rate) ||
        !number_between(args, "--decay", 0, 1000, true, &o->decay) ||
        !number_between(args, "--warmup", 0, 1, true, &o->warmup) ||
        !number_between(args, "--clip", 0, 1e30, true, &o->clip) ||
        !number_between(args, "--alpha", 0, 1, true, &o->alpha) ||
        !number_between(args, "--prior", 0, 1, false, &o->prior) ||
        !number_between(args, "--average", 0, 0.9999999, true, &o->average) ||
        !number_between(args, "--stride", 0, 4096, false, &o->stride))
        return false;
    o->epochs = (uint64_t)epochs;
    o->batch = (uint64_t)batch;
    o->seed = (uint64_t)seed;
    o->threads = threads ? (int)threads : omp_get_num_procs();
    return true;
}

static bool read_options(struct session *s)
{
    const struct cli_args *args = s->args;
    static const char *const outputs[] = {"-o", "--log", "--plot"};
    int upsample, top, fit, order, init;
    long long scales;
    const char *const needed[] = {"-o", "--annotations", "--variant"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!cli_given(args, needed[i]))
            return cli_complain("train: %s is needed", needed[i]) == CLI_OK;
    if (!read_recipe(s) || !cli_integer(args, "--scales", 1, CF_MODEL_SCALES, &scales) ||
        !cli_choice(args, "--upsample", &upsample) || !cli_choice(args, "--top", &top) ||
        !cli_choice(args, "--fit", &fit) || !cli_choice(args, "--order", &order) ||
        !cli_choice(args, "--init-cls", &init))
        return false;
    if (cli_given(args, "--init-cls") && !cli_given(args, "--init-svd"))
        return cli_complain("train: --init-cls is for --init-svd, which is not given") == CLI_OK;
    s->shape = (struct cf_bands_shape){.scales = (uint32_t)scales, .bilinear = upsample == 1, .residual = top == 0};
    s->fit = (enum cf_fit)fit;
    s->options.own_parts = order == 1;
    s->fits_frames = init == 1;
    return cli_outputs_differ(args, outputs, sizeof outputs / sizeof *outputs);
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

static bool fit_grid(struct session *s, struct cf_error *err)
{
    struct cf_frame_shape shape = cf_frames_shape(s->frames);
    uint32_t parts = (uint32_t)1 << s->shape.scales;
    const char *path = s->args->operands[0];
    if (shape.height % parts || shape.width % parts)
        return cf_fail(err, "%s: a grid of %ux%u cannot be split into %u scales: %u does not divide both", path,
                       shape.height, shape.width, s->shape.scales, parts);
    if ((uint64_t)shape.height * shape.width > 1 << 24 || shape.channels > 1 << 20)
        return cf_fail(err, "%s: frames of %ux%ux%u are too large to train on", path, shape.channels, shape.height,
                       shape.width);
    s->shape.channels = shape.channels;
    s->shape.height = shape.height;
    s->shape.width = shape.width;
    return true;
}

static bool open_inputs(struct session *s, struct cf_error *err)
{
    const struct cli_args *args = s->args;
    if (!cli_frames_open_images(&s->frames, &s->ids, args, 0, NULL, err) || !fit_grid(s, err) ||
        !cf_truth_read(&s->truth, cli_value(args, "--annotations"), false, err))
        return false;
    if (s->truth.category_count == 0 || s->truth.category_count > 1 << 20)
        return cf_fail(err, "%s: lists %u categories", s->truth.label, s->truth.category_count);
    return cf_training_data_new(&s->data, s->frames, s->ids, &s->truth, s->options.stride, s->fit, err) &&
           cf_model_make(&s->model, cli_value(args, "--variant"), s->shape.channels, s->data.classes, s->shape.scales,
                         err) &&
           cf_blas_open(&s->blas, err);
}

/* Two runs that do the same have the same digest: of the options that matter, and of the inputs. */
static bool identify(struct session *s, struct cf_error *err)
{
    const struct cf_training_options *o = &s->options;
    struct cli_resume inputs;
    struct cf_text text = {0};
    char svd[CF_SHA256_HEX] = "";
    const char *other = cli_value(s->args, "--init-svd");
    if (other && !cf_sha256_file(other, svd, err))
        return false;
    if (!cli_resume_identify(&inputs, s->truth.label, s->args->operands, s->args->operand_count,
                             cli_value(s->args, "--frames"), err))
        return false;
    cf_text_printf(&text, "%s %u %d %d %d %a\n", cli_value(s->args, "--variant"), s->shape.scales, s->shape.bilinear,
                   s->shape.residual, (int)s->fit, o->stride);
    cf_text_printf(&text, "epochs %" PRIu64 " batch %" PRIu64 " seed %" PRIu64 " parts %d\n", o->epochs, o->batch,
                   o->seed, o->own_parts);
    cf_text_printf(&text, "%a %a %a %a %a %a %a\n", o->rate, o->decay, o->warmup, o->clip, o->alpha, o->prior,
                   o->average);
    cf_text_printf(&text, "annotations %s frames %s svd %s fit %d\n", inputs.netlist, inputs.frames, svd,
                   s->fits_frames);
    if (!text.failed)
        cf_sha256(text.data, text.length, s->run);
    bool done = !text.failed || cf_fail(err, "%s: out of memory", s->args->operands[0]);
    cf_text_free(&text);
    return done;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

/* Lets the bottleneck begin with the prototypes of another head, where that is wanted. */
static bool begin_with_prototypes(struct session *s, struct cf_error *err)
{
    const char *path = cli_value(s->args, "--init-svd");
    struct cf_head head;
    if (!path)
        return true;
    if (!s->model.project)
        return cf_fail(err, "--init-svd: variant '%s' has no bottleneck", cli_value(s->args, "--variant"));
    if (!cf_head_load(&head, path, NULL, err))
        return false;
    bool done =
        cf_model_from_prototypes(&s->model, &head, s->blas, s->trainer.state.parameters, &s->prototypes_kept, err) &&
        (!s->fits_frames || cf_fit_classes(&s->trainer, &head, &s->logits_explained, err));
    cf_head_free(&head);
    return done;
}

/* Continues from the checkpoint, where there is one and that is wanted. */
static bool take_up(struct session *s, struct cf_error *err)
{
    const char *path = cli_value(s->args, "-o");
    if (cf_out_is_file(path) && asprintf(&s->checkpoint, "%s.checkpoint", path) < 0) {
        s->checkpoint = NULL;
        return cf_fail(err, "%s: out of memory", path);
    }
    if (cli_given(s->args, "--resume") && s->checkpoint && access(s->checkpoint, F_OK) == 0 &&
        !cf_checkpoint_resume(s->checkpoint, &s->trainer, s->run, err))
        return false;
    s->begun = s->trainer.state.step;
    const char *log = cli_value(s->args, "--log");
    return !log || !cli_ranks_first(&s->ranks) || cf_journal_open(&s->journal, log, &s->trainer, err);
}

static void show(struct session *s)
{
    const struct cf_trainer *t = &s->trainer;
    const struct cf_step_record *last = &t->state.records[t->state.step - 1];
    snprintf(s->label, sizeof s->label, "epoch %" PRIu64 ", loss %.4f, rate %.2g",
             (t->state.step - 1) / t->steps_per_epoch + 1, last->loss, last->rate);
    cli_progress_update(&s->progress, t->state.step - s->begun);
}

static bool save(const struct session *s, struct cf_error *err)
{
    return !s->checkpoint || !cli_ranks_first(&s->ranks) || cf_checkpoint_save(s->checkpoint, &s->trainer, s->run, err);
}

static bool interrupt(struct session *s, struct cf_error *err)
{
    char done[32], of[32];
    s->stopped = true;
    return save(s, err) &&
           cf_fail(err, "train: interrupted after %s of %s steps%s", cli_thousands(s->trainer.state.step, done),
                   cli_thousands(s->trainer.steps, of), s->checkpoint ? "; --resume continues from there" : "");
}

static bool take_steps(struct session *s, struct cf_error *err)
{
    struct cf_trainer *t = &s->trainer;
    double saved = cli_seconds();
    while (t->state.step < t->steps) {
        bool stop;
        if (!cli_ranks_any(&s->ranks, cli_interrupted(), &stop, err))
            return false;
        if (stop)
            return interrupt(s, err);
        if (!cf_trainer_step(t, err) || (s->journal && !cf_journal_add(s->journal, t, err)))
            return false;
        show(s);
        if (cli_seconds() - saved >= (double)s->checkpoint_seconds) {
            if (!save(s, err))
                return false;
            saved = cli_seconds();
        }
    }
    return true;
}

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool run_steps(struct session *s, struct cf_error *err)
{
    snprintf(s->label, sizeof s->label, "training");
    cli_catch_interrupts();
    if (cli_ranks_first(&s->ranks))
        cli_progress_start(&s->progress, s->label, "steps", s->trainer.steps - s->begun);
    s->seconds = cli_seconds();
    s->processor_seconds = processor_seconds();
    bool done = take_steps(s, err);
    s->seconds = cli_seconds() - s->seconds;
    s->processor_seconds = processor_seconds() - s->processor_seconds;
    cli_progress_finish(&s->progress);
    return done;
}

static bool write_outputs(struct session *s, struct cf_error *err)
{
    const struct cf_trainer *t = &s->trainer;
    const char *plot = cli_value(s->args, "--plot");
    char epochs[32], seed[32], scales[32];
    snprintf(epochs, sizeof epochs, "%" PRIu64, s->options.epochs);
    snprintf(seed, sizeof seed, "%" PRIu64, s->options.seed);
    snprintf(scales, sizeof scales, "%u", s->shape.scales);
    const struct cf_metadata metadata[] = {
        {"trained_variant", cli_value(s->args, "--variant")},
        {"trained_epochs", epochs},
        {"trained_seed", seed},
        {"trained_scales", scales},
        {"trained_upsample", cf_upsample_name(s->shape.bilinear ? CF_BILINEAR : CF_NEAREST)},
        {"trained_top", cf_top_name(s->shape.residual ? CF_RESIDUAL : CF_COFIBER)},
    };
    if (!cf_journal_close(&s->journal, err) || (plot && !cf_loss_plot(plot, t, err)) ||
        !cf_trained_head_write(cli_value(s->args, "-o"), &t->model, cf_trainer_result(t), metadata,
                               sizeof metadata / sizeof *metadata, err))
        return false;
    if (s->checkpoint)
        unlink(s->checkpoint); /* the run is over */
    return true;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static void add_losses(cJSON *document, const char *key, const struct cf_step_record *record)
{
    cJSON *losses = cJSON_AddObjectToObject(document, key);
    cJSON_AddNumberToObject(losses, "loss", record->loss);
    cJSON_AddNumberToObject(losses, "classification", record->classification);
    cJSON_AddNumberToObject(losses, "boxes", record->boxes);
    cJSON_AddNumberToObject(losses, "centerness", record->centerness);
    cJSON_AddNumberToObject(losses, "positives", record->positives);
}

static int report(const struct session *s)
{
    const struct cf_trainer *t = &s->trainer;
    const struct cf_step_record *first = &t->state.records[0], *last = &t->state.records[t->steps - 1];
    uint64_t steps = t->steps - s->begun;
    double each = steps ? s->seconds / (double)steps : 0;
    if (cli_given(s->args, "--json")) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddStringToObject(document, "variant", cli_value(s->args, "--variant"));
        cJSON_AddNumberToObject(document, "parameters", (double)t->model.count);
        cJSON_AddNumberToObject(document, "frames", (double)s->data.count);
        cJSON_AddNumberToObject(document, "objects", (double)s->data.first[s->data.count]);
        cJSON_AddNumberToObject(document, "epochs", (double)s->options.epochs);
        cJSON_AddNumberToObject(document, "steps", (double)t->steps);
        add_losses(document, "first", first);
        add_losses(document, "last", last);
        if (s->prototypes_kept > 0)
            cJSON_AddNumberToObject(document, "prototypes_kept", s->prototypes_kept);
        if (s->fits_frames)
            cJSON_AddNumberToObject(document, "logits_explained", s->logits_explained);
        cJSON_AddNumberToObject(document, "threads", s->options.threads);
        cJSON_AddNumberToObject(document, "seconds", s->seconds);
        cJSON_AddNumberToObject(document, "seconds_per_step", each);
        cJSON_AddNumberToObject(document, "processor_seconds", s->processor_seconds);
        cJSON_AddNumberToObject(document, "product_seconds", cf_trainer_product_seconds(t));
        return cli_print_json(document);
    }
    char parameters[32], frames[32], count[32];
    cli_print_text(cli_shown(cli_value(s->args, "-o")));
    printf(": %s parameters, trained on %s frame%s in %s steps: loss %.4f at first, %.4f at last\n",
           cli_thousands(t->model.count, parameters), cli_thousands(s->data.count, frames),
           s->data.count == 1 ? "" : "s", cli_thousands(t->steps, count), first->loss, last->loss);
    return CLI_OK;
}

static void free_session(struct session *s)
{
    cf_journal_close(&s->journal, NULL);
    cf_trainer_free(&s->trainer);
    cf_training_data_free(&s->data);
    cf_truth_free(&s->truth);
    cf_frames_close(s->frames);
    cf_blas_close(s->blas);
    free(s->ids);
    free(s->checkpoint);
}

static int run(const struct cli_args *args)
{
    struct session s = {.args = args, .options = cf_training_defaults()};
    struct cf_error err;
    if (!read_options(&s))
        return CLI_BAD;
    bool done = cli_ranks_join(&s.ranks, &err) && open_inputs(&s, &err) && identify(&s, &err) &&
                cf_trainer_new(&s.trainer, &s.model, &s.shape, &s.options, &s.data, s.blas, &s.ranks.exchange, &err) &&
                begin_with_prototypes(&s, &err) && take_up(&s, &err) && run_steps(&s, &err) &&
                (!cli_ranks_first(&s.ranks) || write_outputs(&s, &err));
    int status = CLI_OK;
    if (!done)
        status = s.stopped && !cli_ranks_first(&s.ranks) ? CLI_BAD : cli_fail(&err);
    else if (cli_ranks_first(&s.ranks))
        status = report(&s);
    /* Processes that were interrupted stop after the same step, and need not be ended. */
    cli_ranks_leave(&s.ranks, !done && !s.stopped);
    free_session(&s);
    return status;
}

const struct cli_command cli_train = {
    .name = "train",
    .synopsis = "FRAMES... --annotations FILE -o HEAD --variant V [options]",
    .summary = "Train a head on frames and COCO annotations.",
    .details =
        "The frames are features of a frozen backbone; --annotations is a JSON file of COCO's form, whose images have "
        "`width` and `height`. Image ids are those in the metadata `image_ids` of a safetensors file, else the frames' "
        "places from 0. The head has one class for each category, in the order of their ids.\n"
        "The losses are those of FCOS: focal loss of the classes, GIoU of the boxes, cross-entropy of the centerness, "
        "summed over the scales and divided by the number of positive cells. AdamW takes the steps. The same seed "
        "gives "
        "the same head, byte for byte, with any number of threads, and of "
        "processes where mpirun starts several.\n"
        "While it runs, the command writes HEAD.checkpoint from time to time, and when it is interrupted. --resume "
        "continues from there, to the same head that an uninterrupted run makes. HEAD itself appears when it is "
        "complete.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"--annotations", "FILE", NULL, "Read the objects to find from this file."},
            {"-o", "HEAD", NULL, "Write the head to this safetensors file."},
            {"--variant", "V", NULL,
             "The family of the head: classifier, linear, box32, or dim20; box and dim take other numbers too."},
            {"--epochs", "N", "8", "Take each frame N times."},
            {"--batch", "N", "64", "Take N frames in each step."},
            {"--rate", "R", "0.001", "Learning rate at its peak, from which it falls along half a cosine."},
            {"--decay", "R", "0.0001", "Weight decay of AdamW."},
            {"--warmup", "SHARE", "0.03", "Let the learning rate rise over this share of the steps."},
            {"--clip", "NORM", "5", "Shorten gradients to this length; 0 leaves them as they are."},
            {"--alpha", "A", "0.25", "Weight of the positive cells in the focal loss."},
            {"--prior", "P", "0.01", "Let every class begin with this score."},
            {"--average", "SHARE", "0",
             "Write a moving average of the parameters, which keeps this share of itself at each step; 0: no average."},
            {"--init-svd", "HEAD", NULL,
             "Let the bottleneck of dimK begin with the K largest right singular vectors of this head's classifier, "
             "and "
             "its classifier with the least-squares fit behind them."},
            {"--init-cls", "weights|frames", "weights",
             "The data of that least-squares fit. weights: the rows of the head's classifier. frames: its logits on "
             "1,024 of FRAMES, or on all where there are fewer."},
            {"--seed", "S", "1", "Seed of the first values and of the frames' order."},
            {"--order", "mixed|parts", "mixed",
             "Which frames a batch takes. mixed: any, at random. parts: FRAMES are cut into one part per 4 frames of a "
             "batch, and a batch takes 4 frames at random from each part; of several processes, each then reads its "
             "own parts."},
            {"--scales", "K", "3", "Split the grid into K bands."},
            {"--upsample", "nearest|bilinear", "nearest", "How pools are upsampled before they are subtracted."},
            {"--top", "residual|cofiber", "residual",
             "The band of the last scale: the pool itself, or its difference to its own pool."},
            {"--stride", "P", "16", "Say how many pixels of the frame a cell of the input is wide."},
            {"--fit", "longer|square", "longer",
             "Say how the photographs were made frames. longer: the longer side was resized to the frame's, and the "
             "photograph stands in the top left corner. square: both sides were resized."},
            CLI_FRAMES_OPTION,
            {"--resume", NULL, NULL, "Continue from HEAD.checkpoint, where there is one."},
            {"--checkpoint", "SECONDS", "180", "Write a checkpoint this often; 0: after every step."},
            {"--log", "FILE", NULL, "Write losses, learning rate and gradient length of each step as a line of JSON."},
            {"--plot", "FILE", NULL, "Draw the losses over the steps as a PNG file."},
            {"--threads", "N", "0", "Use N threads; 0 means one per processor. The head does not depend on it."},
            {"--json", NULL, NULL, "Print sizes, first and last losses, and times as JSON."},
            {0}},
    .run = run,
};
