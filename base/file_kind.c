/* file_kind.c - recognises files by their first bytes. */
#include "base/file_kind.h"

#include <stdbool.h>
#include <string.h>

static bool begins_with(const uint8_t *data, size_t size, const char *bytes, size_t length)
{
    return size >= length && memcmp(data, bytes, length) == 0;
}

/* A zip archive begins with the header of its first file: the length of the name at byte 26, the name at byte 30. numpy
 * puts arrays into archives, PyTorch a pickle called data.pkl in a folder. */
static enum cf_file_kind zip_kind(const uint8_t *data, size_t size)
{
    static const char array[] = ".npy", pickle[] = "/data.pkl";
    const size_t start = 30;
    size_t length = size >= start ? (size_t)(data[26] | data[27] << 8) : 0;
    if (length == 0 || size - start < length)
        return CF_KIND_ZIP;
    const uint8_t *end = data + start + length;
    if (length >= sizeof array - 1 && memcmp(end - (sizeof array - 1), array, sizeof array - 1) == 0)
        return CF_KIND_NPZ;
    if (length >= sizeof pickle - 1 && memcmp(end - (sizeof pickle - 1), pickle, sizeof pickle - 1) == 0)
        return CF_KIND_PYTORCH;
    return CF_KIND_ZIP;
}

/* A protocol buffer whose first field is the version of its form, and whose second is another of a model's: producer,
 * its version, domain, the model's version, remark, graph, operators. */
static bool is_onnx(const uint8_t *data, size_t size)
{
    static const char tags[] = "\x12\x1a\x22\x28\x32\x3a\x42";
    return size >= 3 && data[0] == 0x08 && data[1] >= 1 && data[1] <= 32 && data[2] && strchr(tags, data[2]);
}

enum cf_file_kind cf_file_kind(const uint8_t *data, size_t size)
{
    /* The length of the header, far below 2^56, and the brace that opens it. */
    if (size >= 9 && data[7] == 0 && data[8] == '{')
        return CF_KIND_SAFETENSORS;
    if (begins_with(data, size, "\x93NUMPY", 6))
        return CF_KIND_NPY;
    if (begins_with(data, size, "PK\3\4", 4))
        return zip_kind(data, size);
    if (begins_with(data, size, "\x89HDF\r\n\x1a\n", 8))
        return CF_KIND_HDF5;
    if (begins_with(data, size, "\x1f\x8b", 2))
        return CF_KIND_GZIP;
    if (begins_with(data, size, "aig ", 4) || begins_with(data, size, "aag ", 4))
        return CF_KIND_AIGER;
    if (size >= 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= 5) /* a pickle, and its protocol */
        return CF_KIND_PYTORCH;
    if (is_onnx(data, size))
        return CF_KIND_ONNX;
    size_t at = 0;
    while (at < size && data[at] && strchr(" \t\r\n", data[at]))
        at++;
    size_t next = at + 1;
    while (next < size && data[next] && strchr(" \t\r\n", data[next]))
        next++;
    bool object = next < size && data[at] == '{' && (data[next] == '"' || data[next] == '}');
    return object ? CF_KIND_JSON : CF_KIND_UNKNOWN;
}

const char *cf_file_kind_remark(const uint8_t *data, size_t size, enum cf_file_kind wanted)
{
    static const char *const remarks[] = {
        [CF_KIND_UNKNOWN] = "",
        [CF_KIND_SAFETENSORS] = ": this is a safetensors file",
        [CF_KIND_NPY] = ": this is a .npy array",
        [CF_KIND_NPZ] = ": this is a .npz archive of arrays; save one array with numpy.save",
        [CF_KIND_ZIP] = ": this is a zip archive",
        [CF_KIND_PYTORCH] = ": this is a PyTorch checkpoint",
        [CF_KIND_HDF5] = ": this is an HDF5 file",
        [CF_KIND_ONNX] = ": this is an ONNX model",
        [CF_KIND_AIGER] = ": this is an AIGER file",
        [CF_KIND_JSON] = ": this is JSON",
        [CF_KIND_GZIP] = ": this is compressed with gzip",
    };
    enum cf_file_kind kind = cf_file_kind(data, size);
    return kind == wanted ? "" : remarks[kind];
}
