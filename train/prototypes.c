/* prototypes.c - finds the singular vectors of a classifier's rows. */
#include "train/prototypes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct work {
    double *prototypes; /* W: [C][D] */
    double *gram;       /* W W^T: [C][C]; its eigenvectors are the left singular vectors of W */
    double *values;     /* [C], the squares of the singular values, ascending */
};

static bool check_head(const struct cf_model *model, const struct cf_head *head, struct cf_error *err)
{
    if (head->classes != model->classes || head->channels != model->channels)
        return cf_fail(err, "%s: has %u classes and %u channels, where %u and %u are wanted", head->label,
                       head->classes, head->channels, model->classes, model->channels);
    return (head->bands[CF_ROLE_CLS] == 1 && head->bands[CF_ROLE_PROJECT] <= 1) ||
           cf_fail(err, "%s: has a classifier for each band, and so no single prototypes", head->label);
}

/* cls, or the product of cls and project. */
static void take_prototypes(const struct cf_head *head, double *prototypes)
{
    const struct cf_head_layer *cls = cf_head_layer_of(head, CF_ROLE_CLS, 0);
    const struct cf_head_layer *project = cf_head_layer_of(head, CF_ROLE_PROJECT, 0);
    uint32_t channels = head->channels;
    if (!project) {
        memcpy(prototypes, cls->weight, (size_t)cls->outputs * channels * sizeof *prototypes);
        return;
    }
    for (uint32_t c = 0; c < cls->outputs; c++)
        for (uint32_t k = 0; k < project->outputs; k++)
            for (uint32_t d = 0; d < channels; d++)
                prototypes[(size_t)c * channels + d] +=
                    cls->weight[(size_t)c * cls->inputs + k] * project->weight[(size_t)k * channels + d];
}

bool cf_prototypes_of(double **prototypes, const struct cf_model *model, const struct cf_head *head,
                      struct cf_error *err)
{
    *prototypes = NULL;
    if (!check_head(model, head, err))
        return false;
    *prototypes = calloc((size_t)model->classes * model->channels, sizeof **prototypes);
    if (!*prototypes)
        return cf_fail(err, "%s: out of memory", head->label);
    take_prototypes(head, *prototypes);
    return true;
}

static double dot(const double *a, const double *b, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The right singular vector of a left one, W^T u / sigma, with its largest element positive. */
static void right_vector(const struct cf_model *model, const struct work *work, uint32_t index, double *vector)
{
    uint32_t channels = model->channels, largest = 0;
    double sigma = sqrt(work->values[index]);
    memset(vector, 0, channels * sizeof *vector);
    for (uint32_t c = 0; c < model->classes; c++)
        for (uint32_t d = 0; d < channels; d++)
            vector[d] += work->gram[(size_t)index * model->classes + c] * work->prototypes[(size_t)c * channels + d];
    for (uint32_t d = 1; d < channels; d++)
        largest = fabs(vector[d]) > fabs(vector[largest]) ? d : largest;
    double by = vector[largest] < 0 ? -sigma : sigma;
    for (uint32_t d = 0; d < channels; d++)
        vector[d] /= by;
}

/* project and cls; `vector` is scratch [D]. */
static void set_layers(const struct cf_model *model, const struct work *work, double *vector, float *parameters)
{
    for (uint32_t k = 0; k < model->project; k++) {
        right_vector(model, work, model->classes - 1 - k, vector);
        for (uint32_t d = 0; d < model->channels; d++)
            parameters[model->project_at + (size_t)k * model->channels + d] = (float)vector[d];
        for (uint32_t c = 0; c < model->classes; c++)
            parameters[model->weight_at + (size_t)c * model->project + k] =
                (float)dot(work->prototypes + (size_t)c * model->channels, vector, model->channels);
    }
}

static void take_over(const struct cf_model *model, const struct cf_head *head, float *parameters)
{
    const struct cf_head_layer *cls = cf_head_layer_of(head, CF_ROLE_CLS, 0);
    for (uint32_t c = 0; c < model->classes; c++)
        parameters[model->bias_at + c] = (float)cls->bias[c];
    for (uint32_t k = 0; head->bands[CF_ROLE_NORM] == model->scales && k < model->scales; k++) {
        const struct cf_head_layer *norm = cf_head_layer_of(head, CF_ROLE_NORM, k);
        for (uint32_t d = 0; d < model->channels; d++) {
            parameters[cf_model_gamma(model, k) + d] = (float)norm->weight[d];
            parameters[cf_model_gamma(model, k) + model->channels + d] = (float)norm->bias[d];
        }
    }
}

static bool decompose(const struct cf_model *model, const struct cf_head *head, const struct cf_blas *blas,
                      const struct work *work, double *kept, struct cf_error *err)
{
    uint32_t classes = model->classes, rank = 0;
    double all = 0;
    for (uint32_t a = 0; a < classes; a++)
        for (uint32_t b = 0; b <= a; b++) {
            double product = dot(work->prototypes + (size_t)a * model->channels,
                                 work->prototypes + (size_t)b * model->channels, model->channels);
            work->gram[(size_t)a * classes + b] = work->gram[(size_t)b * classes + a] = product;
        }
    if (!cf_blas_eigen(blas, (int)classes, work->gram, work->values, err))
        return false;
    *kept = 0;
    for (uint32_t i = classes; i-- > 0;) {
        rank += work->values[i] > 1e-12 * work->values[classes - 1];
        *kept += classes - i <= model->project ? work->values[i] : 0;
        all += work->values[i];
    }
    if (rank < model->project)
        return cf_fail(err, "%s: the classes' weights have rank %u, and cannot fill a bottleneck of %u", head->label,
                       rank, model->project);
    *kept /= all;
    return true;
}

bool cf_model_from_prototypes(const struct cf_model *model, const struct cf_head *head, const struct cf_blas *blas,
                              float *parameters, double *kept, struct cf_error *err)
{
    assert(model->project > 0);
    struct work work = {0};
    if (!cf_prototypes_of(&work.prototypes, model, head, err))
        return false;
    work.gram = calloc((size_t)model->classes * model->classes, sizeof *work.gram);
    work.values = calloc(model->classes, sizeof *work.values);
    double *vector = calloc(model->channels, sizeof *vector);
    bool done = (work.gram && work.values && vector) || cf_fail(err, "out of memory");
    done = done && decompose(model, head, blas, &work, kept, err);
    if (done) {
        set_layers(model, &work, vector, parameters);
        take_over(model, head, parameters);
    }
    free(work.prototypes);
    free(work.gram);
    free(work.values);
    free(vector);
    return done;
}
