/* process.c - starts other programs in process groups of their own, waits for them and ends them. */
#include "rtl/tools/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

char *cf_program_find(const char *program, const char *package, struct cf_error *err)
{
    const char *path = getenv("PATH");
    for (const char *at = path; at && *at;) {
        size_t length = strcspn(at, ":");
        char *candidate;
        if (asprintf(&candidate, "%.*s/%s", (int)length, at, program) < 0) {
            cf_fail(err, "%s: out of memory", program);
            return NULL;
        }
        if (length > 0 && access(candidate, X_OK) == 0)
            return candidate;
        free(candidate);
        at += length + (at[length] == ':');
    }
    cf_fail(err, "%s: not found on PATH; on Debian or Ubuntu: apt install %s", program, package);
    return NULL;
}

/* ---- starting ---- */

/* Our environment without the variables by which a `make` that runs us would direct the `make` that we run. */
static char **clean_environment(void)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **clean = calloc(count + 1, sizeof *clean);
    for (size_t i = 0; clean && i < count; i++)
        if (strncmp(environ[i], "MAKEFLAGS=", 10) != 0 && strncmp(environ[i], "MFLAGS=", 7) != 0 &&
            strncmp(environ[i], "MAKELEVEL=", 10) != 0)
            clean[kept++] = environ[i];
    return clean;
}

/* Runs in the child up to exec, and makes nothing but system calls. `input` is a descriptor; -1: no input. The child
 * leads a process group, so that whatever it starts can be ended with it. */
static _Noreturn void become(const char *const *argv, char **environment, const char *directory, int log, int input,
                             pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    /* Verilated functions keep wide temporaries on the stack. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_STACK, &limit);
    }
    if (input < 0)
        input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 ||
        (directory && chdir(directory) != 0))
        _exit(127);
    execve(argv[0], (char *const *)(const void *)argv, environment);
    _exit(127);
}

static bool start(const char *const *argv, const char *directory, const char *log_path, int input, pid_t *pid,
                  struct cf_error *err)
{
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log < 0)
        return cf_fail(err, "%s: %m", log_path);
    char **environment = clean_environment();
    pid_t parent = getpid();
    *pid = environment ? fork() : -1;
    if (*pid == 0)
        become(argv, environment, directory, log, input, parent);
    if (*pid > 0)
        setpgid(*pid, *pid); /* here too, as either side may come first */
    if (*pid < 0)
        cf_fail(err, "%s: cannot be started: %m", argv[0]);
    free(environment);
    close(log);
    return *pid > 0;
}

/* ---- ending ---- */

/* The first line of a log that complains: "%Error: ...", "file.cpp:3: error: ...". Points into the text. */
static const char *first_complaint(char *text)
{
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        if (strncmp(line, "%Error", 6) == 0 || strstr(line, "error:") || strncmp(line, "ERROR", 5) == 0)
            return line;
        line = end ? end + 1 : NULL;
    }
    return NULL;
}

static bool report_end(const char *program, int status, const char *log, struct cf_error *err)
{
    enum { LOG_LIMIT = 64 << 20 };
    char how[64], *text = NULL;
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
    size_t size;
    const char *complaint = cf_file_read(log, LOG_LIMIT, &text, &size, NULL) ? first_complaint(text) : NULL;
    cf_fail(err, "%s: %s%s%.300s; its messages are in %s", program, how, complaint ? ": " : "",
            complaint ? complaint : "", log);
    free(text);
    return false;
}

static bool should_stop(const struct cf_watch *watch)
{
    return watch->stop && watch->stop(watch->user);
}

/* Sleeps for `*milliseconds`, which double from call to call up to 50: a short program is not waited for longer than it
 * takes. */
static void sleep_a_moment(long *milliseconds)
{
    enum { LONGEST = 50 };
    nanosleep(&(struct timespec){.tv_nsec = *milliseconds * 1000000}, NULL);
    *milliseconds = 2 * *milliseconds < LONGEST ? 2 * *milliseconds : LONGEST;
}

/* Ends a program and all that it started: sends SIGTERM, and after two seconds SIGKILL. */
static void end_group(pid_t pid)
{
    enum { MOMENTS = 45 };
    pid_t ended = 0;
    long moment = 1;
    kill(-pid, SIGTERM);
    for (int i = 0; i < MOMENTS && ended == 0; i++) {
        sleep_a_moment(&moment);
        ended = waitpid(pid, NULL, WNOHANG);
    }
    kill(-pid, SIGKILL); /* those of the group that have not ended, whether their leader has or not */
    while (ended == 0)
        ended = waitpid(pid, NULL, 0);
}

bool cf_process_run(const char *const *argv, const char *directory, const char *log, const struct cf_watch *watch,
                    struct cf_error *err)
{
    pid_t pid;
    int status;
    long moment = 1;
    if (should_stop(watch))
        return cf_fail(err, "%s: interrupted", argv[0]);
    if (!start(argv, directory, log, -1, &pid, err))
        return false;
    for (;;) {
        pid_t ended = waitpid(pid, &status, watch->tick || watch->stop ? WNOHANG : 0);
        if (ended == pid)
            break;
        if (ended < 0 && errno != EINTR)
            return cf_fail(err, "%s: %m", argv[0]);
        if (should_stop(watch)) {
            end_group(pid);
            return cf_fail(err, "%s: interrupted", argv[0]);
        }
        if (watch->tick)
            watch->tick(watch->user);
        sleep_a_moment(&moment);
    }
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || report_end(argv[0], status, log, err);
}

/* ---- talking ---- */

bool cf_process_start(struct cf_process *process, const char *const *argv, const char *log,
                      const struct cf_watch *watch, struct cf_error *err)
{
    int ends[2];
    *process = (struct cf_process){.socket = -1, .log = log, .watch = *watch};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return cf_fail(err, "%s: no socket: %m", argv[0]);
    bool done = start(argv, NULL, log, ends[1], &process->pid, err);
    close(ends[1]);
    if (done)
        process->socket = ends[0];
    else
        close(ends[0]);
    return done;
}

/* The other side closed or broke the connection: fills the error with how it ended. */
static bool gone(struct cf_process *process, struct cf_error *err)
{
    int status = 0;
    close(process->socket);
    process->socket = -1;
    if (process->pid <= 0 || waitpid(process->pid, &status, 0) != process->pid)
        return cf_fail(err, "the Verilated model is gone");
    process->pid = 0;
    return report_end("the Verilated model", status, process->log, err);
}

/* A transfer gave an error: true when it may be tried again. */
static bool go_on(struct cf_process *process, ssize_t transferred, struct cf_error *err)
{
    if (transferred == 0 || errno != EINTR)
        return gone(process, err);
    return !should_stop(&process->watch) || cf_fail(err, "the Verilated model: interrupted");
}

bool cf_process_send(struct cf_process *process, const void *data, size_t size, struct cf_error *err)
{
    for (const char *at = data; size > 0;) {
        ssize_t put = send(process->socket, at, size, MSG_NOSIGNAL);
        if (put <= 0 && !go_on(process, put, err))
            return false;
        at += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool cf_process_receive(struct cf_process *process, void *data, size_t size, struct cf_error *err)
{
    for (char *at = data; size > 0;) {
        ssize_t got = recv(process->socket, at, size, 0);
        if (got <= 0 && !go_on(process, got, err))
            return false;
        at += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

void cf_process_stop(struct cf_process *process)
{
    if (process->socket >= 0)
        close(process->socket);
    if (process->pid > 0 && should_stop(&process->watch))
        end_group(process->pid);
    else if (process->pid > 0)
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    *process = (struct cf_process){.socket = -1};
}
