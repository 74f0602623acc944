/* library.c - passes errors of the libraries on to the callers of the public interface. */
#include "sim/library.h"

#include <string.h>

_Static_assert(sizeof((cofiber_error *)0)->text == sizeof((struct cf_error *)0)->text, "errors hold the same text");

bool cf_pass_on(cofiber_error *error, const struct cf_error *err)
{
    if (error) {
        memcpy(error->text, err->text, sizeof error->text);
        error->frame = error->element = COFIBER_NONE;
    }
    return false;
}
