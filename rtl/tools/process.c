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

/* Our environment without what a `make` that runs us would tell the `make` that we run. */
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

/* In the child, up to exec: system calls alone. `input` is a descriptor; -1: no input. */
static _Noreturn void become(const char *const *argv, char **environment, const char *directory, int log, int input,
                             pid_t parent)
{
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

bool cf_process_run(const char *const *argv, const char *directory, const char *log, void (*tick)(void *user),
                    void *user, struct cf_error *err)
{
    pid_t pid;
    if (!start(argv, directory, log, -1, &pid, err))
        return false;
    int status;
    for (;;) {
        pid_t ended = waitpid(pid, &status, tick ? WNOHANG : 0);
        if (ended == pid)
            break;
        if (ended < 0 && errno != EINTR)
            return cf_fail(err, "%s: %m", argv[0]);
        if (tick) {
            tick(user);
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
    }
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || report_end(argv[0], status, log, err);
}

/* ---- talking ---- */

bool cf_process_start(struct cf_process *process, const char *const *argv, const char *log, struct cf_error *err)
{
    int ends[2];
    *process = (struct cf_process){.socket = -1, .log = log};
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

/* The other side closed or broke the connection: how did it end? */
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

bool cf_process_send(struct cf_process *process, const void *data, size_t size, struct cf_error *err)
{
    for (const char *at = data; size > 0;) {
        ssize_t put = send(process->socket, at, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return gone(process, err);
        at += put;
        size -= (size_t)put;
    }
    return true;
}

bool cf_process_receive(struct cf_process *process, void *data, size_t size, struct cf_error *err)
{
    for (char *at = data; size > 0;) {
        ssize_t got = recv(process->socket, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return gone(process, err);
        at += got;
        size -= (size_t)got;
    }
    return true;
}

void cf_process_stop(struct cf_process *process)
{
    if (process->socket >= 0)
        close(process->socket);
    if (process->pid > 0)
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    *process = (struct cf_process){.socket = -1};
}
