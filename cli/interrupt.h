/* interrupt.h - commands that clean up when the user interrupts them. */
#ifndef COFIBER_CLI_INTERRUPT_H
#define COFIBER_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT (Ctrl-C), SIGTERM and SIGHUP are noted instead of ending the process; a second one of the same
 * kind ends it at once. System calls that wait return early with EINTR. */
void cli_catch_interrupts(void);

/* Was one noted? */
bool cli_interrupted(void);

#endif
