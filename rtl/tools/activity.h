/* activity.h - takes a simulator's value change dump from a named pipe while it runs, and counts its changes. */
#ifndef COFIBER_RTL_TOOLS_ACTIVITY_H
#define COFIBER_RTL_TOOLS_ACTIVITY_H

#include "rtl/tools/toggles.h"

struct cf_activity;

/* Makes the pipe, and begins to read it in a thread of its own; a simulator is then to write its dump to `path`. Of it
 * the signals of `scope` are counted (toggles.h). */
bool cf_activity_start(struct cf_activity **activity, const char *path, const char *scope, struct cf_error *err);

/* To be called when the simulator has ended: takes the rest of the dump, and writes `saif`. Frees the activity, which
 * may be NULL; with `saif` NULL it does only that. */
bool cf_activity_end(struct cf_activity *activity, const char *saif, struct cf_toggle_totals *totals,
                     struct cf_error *err);

#endif
