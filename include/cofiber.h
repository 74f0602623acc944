/* cofiber.h - compile, simulate and use cofiber detection circuits: the public interface of libcofiber.
 *
 *     cofiber_netlist *netlist;                            a file that `cofiber compile` wrote
 *     cofiber_sim *sim;                                    a simulator of it
 *     cofiber_netlist_load(&netlist, "net.cfn", &error);
 *     cofiber_sim_new(&sim, netlist, NULL, &error);
 *     cofiber_sim_run(sim, &features, &error);             one frame: [D, H, W] features from memory
 *     fires = cofiber_values(cofiber_sim_result(sim), cofiber_group_find(netlist, "s0.classify"), &storage);
 *
 * examples/run_frames.c is a whole program. Link with -lcofiber (pkg-config cofiber).
 *
 * Errors. A function that can fail returns true when it is done, and false after filling the error, which may be NULL.
 * If another pointer argument is NULL, the function fails in the same way (or, if it cannot fail, returns false, 0 or
 * NULL), unless its comment allows NULL.
 *
 * Ownership. The caller frees an object that a function named _new, _load, _parse or _compile has made with the
 * function named _free, which also takes NULL. Pointers that other functions return belong to the object that was their
 * argument.
 *
 * Threads. There is no global state. A netlist is read-only once loaded: any number of threads may use it, and any
 * number of simulators share it; it must outlive them. A simulator is used by one thread at a time, and runs on
 * several threads inside. Results never depend on the number of threads or on the instruction set.
 *
 * Values. Everything in a circuit is an integer. A net's real value is integer * 2^-fraction * the input scale for
 * linear groups; the output of a threshold gate is 0 or 1.
 */
#ifndef COFIBER_H
#define COFIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define COFIBER_API __attribute__((visibility("default")))
#else
#define COFIBER_API
#endif

#define COFIBER_NONE UINT64_MAX

typedef struct cofiber_netlist cofiber_netlist;
typedef struct cofiber_sim cofiber_sim;
typedef struct cofiber_result cofiber_result;

typedef struct cofiber_error {
    char text[512];   /* one line, without a newline */
    uint64_t frame;   /* the frame of a batch that failed, or COFIBER_NONE */
    uint64_t element; /* row-major index of a feature that is NaN or infinite, or COFIBER_NONE */
} cofiber_error;

/* "0.1.0": of the library that is linked. The soname changes when a program would have to be recompiled. */
COFIBER_API const char *cofiber_version(void);

/* ---- netlists -------------------------------------------------------------------------------------------------- */

/* Reads and checks a netlist file. */
COFIBER_API bool cofiber_netlist_load(cofiber_netlist **netlist, const char *path, cofiber_error *error);
/* The same for the file's bytes in memory, which are not needed afterwards; `name` takes the place of the path in
 * messages. */
COFIBER_API bool cofiber_netlist_parse(cofiber_netlist **netlist, const void *data, size_t size, const char *name,
                                       cofiber_error *error);
/* Writes the netlist as a file of its own; the file appears when it is complete. */
COFIBER_API bool cofiber_netlist_save(const cofiber_netlist *netlist, const char *path, cofiber_error *error);

/* True if the file says that it is a netlist; false for heads and all other files, and for a file that cannot be read.
 */
COFIBER_API bool cofiber_netlist_file(const char *path);

COFIBER_API void cofiber_netlist_free(cofiber_netlist *netlist);

/* The features that a netlist takes. */
typedef struct cofiber_input {
    uint32_t channels, height, width; /* D, H, W */
    int bits;                         /* of a quantised feature, sign included */
    bool is_signed;
    double scale; /* integer = clamp(round_half_even(feature / scale)) */
} cofiber_input;

/* An error when the input is not of shape [H, W, D], or is wider than 32 bits: features cannot feed it. */
COFIBER_API bool cofiber_netlist_input(const cofiber_netlist *netlist, cofiber_input *input, cofiber_error *error);

/* A group: a named array of gates, or the input (group 0). The last dimension is the channel or class, the ones
 * before it the position. */
typedef struct cofiber_group {
    const char *name; /* belongs to the netlist */
    int rank;         /* 1 to 4 */
    uint32_t shape[4];
    uint32_t count; /* product of the shape */
    int bits;
    bool is_signed;
    int fraction;   /* bits below the binary point */
    bool is_output; /* a decision (or another result that the circuit is for) */
} cofiber_group;

COFIBER_API uint32_t cofiber_group_count(const cofiber_netlist *netlist);
/* False when there is no such group. */
COFIBER_API bool cofiber_group_info(const cofiber_netlist *netlist, uint32_t index, cofiber_group *group);
/* The index of the group of that name, or UINT32_MAX. */
COFIBER_API uint32_t cofiber_group_find(const cofiber_netlist *netlist, const char *name);

/* The last index of each lane of a group in the names of its gates [last dimension], where a sweep removed some of its
 * lanes; NULL: they are 0, 1, 2, ..., or there is no such group. The array belongs to the netlist. */
COFIBER_API const uint32_t *cofiber_group_lanes(const cofiber_netlist *netlist, uint32_t index);

/* Entry `index` of the metadata, in the order of the keys; false past the last. */
COFIBER_API bool cofiber_netlist_meta(const cofiber_netlist *netlist, uint32_t index, const char **key,
                                      const char **value);

/* The counts that `cofiber stats` prints, for one group or for all. A gate is live when an output depends on it; an
 * edge is one term of one gate; inputs are level 0, and a gate is one level above the highest gate or input that it
 * reads. */
typedef struct cofiber_counts {
    uint64_t gates, live, edges, live_edges;
    uint32_t cells; /* different functions that gates are instances of */
    uint32_t level_low, level_high;
} cofiber_counts;

/* Counts all groups: `groups` [cofiber_group_count] (may be NULL; the input's are zeros) and `all`. Takes one pass over
 * all edges. Errors: out of memory. */
COFIBER_API bool cofiber_netlist_stats(const cofiber_netlist *netlist, cofiber_counts *all, cofiber_counts *groups,
                                       cofiber_error *error);

/* A gate, or an input (which has no terms). */
typedef struct cofiber_gate_info {
    uint32_t group, index; /* row-major in the group */
    uint32_t cell;         /* gates of one cell compute one function */
    uint32_t terms;
    int64_t bias;
    const char *activation; /* how the sum becomes the output: "linear" (unchanged), "step" (1 if it is at least 0, else
                             * 0), "relu" (max(0, sum)), "root" (floor of the square root of max(0, sum)); NULL for an
                             * input */
} cofiber_gate_info;

typedef struct cofiber_term {
    char name[128]; /* of the gate or input that is read */
    int32_t weight;
    int shift;      /* the value of that net counts weight * 2^shift times */
    bool is_square; /* the square of the value takes the place of the value */
} cofiber_term;

/* Finds a gate by its name, "s1.classify[4,9,17]". Errors say what is wrong with the name. */
COFIBER_API bool cofiber_gate_find(const cofiber_netlist *netlist, const char *name, cofiber_gate_info *gate,
                                   cofiber_error *error);
/* Term `index` of a gate that was found in this netlist; false past the last. */
COFIBER_API bool cofiber_gate_term(const cofiber_netlist *netlist, const cofiber_gate_info *gate, uint32_t index,
                                   cofiber_term *term);

/* ---- simulators ------------------------------------------------------------------------------------------------ */

typedef enum cofiber_mode {
    COFIBER_ALL_GATES, /* every gate is evaluated, and every value can be read */
    COFIBER_DECISIONS  /* the output groups alone, by whatever exact way is fastest for this netlist */
} cofiber_mode;

/* All three give the same values. The bit engine and the reference evaluate every gate in either mode. */
typedef enum cofiber_engine {
    COFIBER_WORD,     /* gates on integers: the fastest */
    COFIBER_BITS,     /* every gate as its full adders, one bit of up to 512 gates per instruction */
    COFIBER_REFERENCE /* gate by gate, by the definition of a cell */
} cofiber_engine;

typedef struct cofiber_options {
    cofiber_mode mode;
    const char *isa; /* "auto" or NULL; "portable", "avx2", "avxvnni", "avx512"; "reference": the engine of that name */
    int threads;     /* 0: as many as OpenMP would use */
    size_t memory;   /* about how many bytes the frames of a batch that run side by side may take; 0: 96 MB */
    cofiber_engine engine;
    bool graphs; /* the bit engine evaluates banks that have adder graphs by these, instead of gate by gate */
} cofiber_options;

/* Plans the simulation of a netlist; options NULL: zeros. For 2 million gates the word engine takes some milliseconds,
 * the bit engine about a second. Errors: a mode or an engine that is unknown, an instruction set that is unknown or
 * that this processor lacks, a negative number of threads, out of memory. */
COFIBER_API bool cofiber_sim_new(cofiber_sim **sim, const cofiber_netlist *netlist, const cofiber_options *options,
                                 cofiber_error *error);
COFIBER_API void cofiber_sim_free(cofiber_sim *sim);

/* The kernels in use, as options.isa names them, and the number of threads. */
COFIBER_API const char *cofiber_sim_isa(const cofiber_sim *sim);
COFIBER_API int cofiber_sim_threads(const cofiber_sim *sim);

/* Calls `line` with each line of a text that says which regular arrays of gates the plan recognised (no newlines). */
COFIBER_API void cofiber_sim_describe(const cofiber_sim *sim, void (*line)(void *context, const char *text),
                                      void *context);

/* ---- one frame ------------------------------------------------------------------------------------------------- */

typedef enum cofiber_dtype {
    COFIBER_F32, /* features [D, H, W], quantised with the netlist's scale; little-endian, of any alignment */
    COFIBER_F16,
    COFIBER_F64,
    COFIBER_BF16,
    COFIBER_I8, /* integers that are features: quantised likewise */
    COFIBER_U8,
    COFIBER_I16,
    COFIBER_U16,
    COFIBER_I32,
    COFIBER_U32,
    COFIBER_I64,
    COFIBER_U64,
    COFIBER_QUANTISED /* int32_t [H, W, D]: the input's integers themselves, which must fit its width */
} cofiber_dtype;

typedef struct cofiber_features {
    const void *data; /* D * H * W elements */
    cofiber_dtype dtype;
} cofiber_features;

/* Simulates one frame on all of the simulator's threads. Errors: a feature that is NaN or infinite, or a quantised
 * value out of range (error->element says which), no data, an unknown type. */
COFIBER_API bool cofiber_sim_run(cofiber_sim *sim, const cofiber_features *features, cofiber_error *error);

/* The values of the frame that cofiber_sim_run ran last; valid until the next run. Before the first run, after one that
 * failed and after a batch it holds no values. */
COFIBER_API const cofiber_result *cofiber_sim_result(const cofiber_sim *sim);

/* ---- results --------------------------------------------------------------------------------------------------- */

/* How wide a group's values are stored. */
typedef enum cofiber_storage { COFIBER_INT8, COFIBER_INT16, COFIBER_INT32, COFIBER_INT64 } cofiber_storage;
typedef cofiber_storage cofiber_lane; /* the name of version 0.1.0 */

/* The values of a group [count], row-major, without a copy, as signed integers of the width `*storage`: the narrowest
 * that holds the group's type. NULL when there is no such group, when the mode does not compute it, or when the result
 * holds no values. `storage` may be NULL. The values are those of the result's frame, valid as long as it is and until
 * the next call for the same group. */
COFIBER_API const void *cofiber_values(const cofiber_result *result, uint32_t group, cofiber_storage *storage);

/* The same, converted into `values` [count]. False where cofiber_values gives NULL. */
COFIBER_API bool cofiber_read(const cofiber_result *result, uint32_t group, int64_t *values);

/* The value of one gate by its public name, "s1.classify[4,9,17]", or of an input, "input[0,3,700]". Errors: no such
 * gate, not computed in this mode, a result without values. */
COFIBER_API bool cofiber_gate(const cofiber_result *result, const char *name, int64_t *value, cofiber_error *error);

/* ---- many frames ----------------------------------------------------------------------------------------------- */

typedef struct cofiber_batch {
    uint64_t first, count; /* frames [first, first + count); their sum must be below 2^64 */

    /* Gives the features of a frame; they must stay until `release` (or for good where that is NULL). Called from
     * several threads at once. False stops the batch with the error. */
    bool (*source)(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error);
    void (*release)(void *context, uint64_t frame); /* may be NULL */

    /* Takes the values of a frame. Called once per frame, from one thread at a time, in no particular order; the result
     * is valid during the call. False stops the batch with the error. */
    bool (*sink)(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error);

    bool (*stop)(void *context); /* asked before each frame, from any thread: true ends the batch; may be NULL */
    void *context;
} cofiber_batch;

/* Runs a batch. The word engine runs frames side by side, one per thread of the simulator; if there are few frames,
 * they run one after another, with all threads on each. If frames side by side would take more memory than the options
 * allow, fewer run at once, with several threads on each. So memory does not depend on the number of frames, and hardly
 * on the number of threads. The bit engine runs as many frames at once as fill its lanes, within the same memory; it
 * asks `source` for all of them before `sink` gets the first. `*done` (may be NULL) becomes the number of frames at the
 * start of the batch, without a gap, that went through the sink: `count` unless something stopped the batch. Returns
 * true unless an error stopped it. */
COFIBER_API bool cofiber_sim_run_batch(cofiber_sim *sim, const cofiber_batch *batch, uint64_t *done,
                                       cofiber_error *error);

/* Where the values of a group go: [count of frames][count of the group], in the storage that cofiber_values gives. */
typedef struct cofiber_output {
    uint32_t group;
    void *values;
} cofiber_output;

/* Runs a batch of `count` frames that lie in memory one behind the other, and stores the values of some groups. Errors:
 * those of cofiber_sim_run_batch, and a group that does not exist or that the mode does not compute. */
COFIBER_API bool cofiber_sim_run_array(cofiber_sim *sim, const cofiber_features *frames, uint64_t count,
                                       const cofiber_output *outputs, size_t output_count, cofiber_error *error);

/* ---- compiling ------------------------------------------------------------------------------------------------- */

/* The options of `cofiber compile`, with the same meaning. Take cofiber_compile_defaults and change some. */
typedef struct cofiber_compile_options {
    uint32_t height, width, scales; /* 40, 40, 3 */
    const char *upsample;           /* "nearest", "bilinear" */
    const char *pools;              /* "direct", "iterated" */
    const char *top;                /* "residual", "cofiber" */
    const char *pad;                /* "none", "zeros", "edge" */
    bool sweep;
    int input_bits;                   /* 8 */
    double score_threshold;           /* 0.5 */
    double input_scale;               /* 0: is chosen from the features below */
    const cofiber_features *features; /* [feature_count], each of [channels, height, width] */
    size_t feature_count;
    const char *weight, *bias; /* names of the head's tensors, needed where several fit; else NULL */
    const char *map;           /* a JSON file with the roles of tensors whose names do not tell them; NULL: none */
    bool no_bias;              /* take biases that the head does not have as 0 */
    bool transposed;           /* read weights as [inputs, outputs] */
    double norm_eps;           /* added to the variance in the head's LayerNorms: positive, at most 1 (1e-5) */
    int weight_bits;           /* of the classifiers' integer weights, 2 to 16 (8) */
    int layer_bits; /* of the weights of the layers beside them, 2 to 16; 0: as many as fit, at most 12 (0) */
} cofiber_compile_options;

COFIBER_API cofiber_compile_options cofiber_compile_defaults(void);

/* Compiles the head in a file: safetensors, a PyTorch checkpoint or an ONNX model, of any family (a classifier alone,
 * or with LayerNorms, a bottleneck, boxes and a centerness). Errors: as the command prints them. */
COFIBER_API bool cofiber_compile(cofiber_netlist **netlist, const char *head, const cofiber_compile_options *options,
                                 cofiber_error *error);

/* ---- detections ------------------------------------------------------------------------------------------------ */

/* Finds objects with a circuit, as `cofiber detect` does: it computes scores and boxes (by the head's box layers if it
 * has them, else the squares of the positions), and drops overlapping detections. A detector does not need the netlist
 * after it was made, and is used by one thread at a time. */
typedef struct cofiber_detector cofiber_detector;

typedef struct cofiber_detect_options {
    double score_threshold; /* lowest score, above 0 and below 1; it may lie below the netlist's own */
    double overlap; /* a detection that overlaps a better one of its class by more than this is dropped (intersection
                     * over union, 0 to 1) */
    uint32_t top;   /* the largest number of detections per frame */
    bool root;      /* with a centerness, score = sqrt(class * centerness) instead of their product */
} cofiber_detect_options;

/* 0.3, 0.6, 100, the product. */
COFIBER_API cofiber_detect_options cofiber_detect_defaults(void);

typedef struct cofiber_detection {
    double score;
    double box[4]; /* x, y, width, height in pixels of the frame; x and y of the top left corner */
    uint32_t scale, row, column, class_index;
} cofiber_detection;

/* `stride`: pixels of the frame from one position of the input to the next (16); `threads` as in cofiber_options.
 * Errors: a netlist without classifiers of the compiler's kind. */
COFIBER_API bool cofiber_detector_new(cofiber_detector **detector, const cofiber_netlist *netlist, double stride,
                                      int threads, cofiber_error *error);
COFIBER_API void cofiber_detector_free(cofiber_detector *detector);

/* Detects in one frame. The detections [*count], by falling score, belong to the detector and stay until its next call.
 * Errors: options out of range, features that the circuit does not take (see cofiber_sim_run). */
COFIBER_API bool cofiber_detector_run(cofiber_detector *detector, const cofiber_features *features,
                                      const cofiber_detect_options *options, const cofiber_detection **detections,
                                      size_t *count, cofiber_error *error);

/* The name of a class, written into `buffer`, which it returns: COCO's where the head has its 80 classes, else
 * "class 17". NULL where there is no such class. */
COFIBER_API const char *cofiber_detector_class(const cofiber_detector *detector, uint32_t class_index, char *buffer,
                                               size_t size);
/* How many classes the head has. */
COFIBER_API uint32_t cofiber_detector_classes(const cofiber_detector *detector);

#ifdef __cplusplus
}
#endif

#endif
