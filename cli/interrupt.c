/* interrupt.c - notes that the user interrupts a command, which then cleans up and ends. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

/* A global variable, because a signal handler has no other way to say that the signal came. */
static volatile sig_atomic_t interrupted;

static void on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

void cli_catch_interrupts(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, old;
        bool ignored = sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN;
        if (signals[i] != SIGHUP || !ignored) /* nohup lets a command outlive its terminal */
            sigaction(signals[i], &action, NULL);
    }
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}
