/* completion.c - prints scripts that complete commands and options in bash and zsh, from the tables that drive parsing.
 *
 * Both shells get the same choices: the commands; after a command its options; after an option that takes a word the
 * words it may be, after one that takes a directory directories, and otherwise files. */
#include <stdio.h>
#include <string.h>

#include "cli/parse.h"

static const char *const shells[] = {"bash", "zsh", NULL};

static bool takes_directory(const struct cli_option *option)
{
    return option->argument && strcmp(option->argument, "DIR") == 0;
}

/* True for options whose argument is a number or a name, for which there is nothing to offer. */
static bool takes_text(const struct cli_option *option)
{
    static const char *const files[] = {"DIR", "FILE", "FRAMES", "NET", "OUT", "[PHOTO]", NULL};
    for (int i = 0; files[i]; i++)
        if (strncmp(option->argument, files[i], strlen(files[i])) == 0) /* "FILE.json" too */
            return false;
    return true;
}

static bool takes_word(const struct cli_option *option)
{
    return option->argument && strchr(option->argument, '|');
}

static void print_words(const struct cli_option *option)
{
    for (const char *at = option->argument; *at; at++)
        putchar(*at == '|' ? ' ' : *at);
}

/* ---- bash ------------------------------------------------------------------------------------------------------- */

/* One arm of the case over "COMMAND OPTION", which sets `words`, `kind` or both. */
static void bash_option(const struct cli_command *command, const struct cli_option *option)
{
    printf("        '%s %s') ", command->name, option->name);
    if (takes_word(option)) {
        printf("words='");
        print_words(option);
        printf("' kind=words ;;\n");
    } else {
        printf("kind=%s ;;\n", takes_directory(option) ? "directory" : takes_text(option) ? "nothing" : "file");
    }
}

static void bash_commands(void)
{
    for (int i = 0; cli_commands[i]; i++)
        printf("%s ", cli_commands[i]->name);
    printf("help --help --version");
}

static void bash(void)
{
    printf("# Completion of cofiber in bash: source <(cofiber --completion bash)\n"
           "_cofiber() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words='' kind=file\n"
           "    local command=${COMP_WORDS[1]}\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W '");
    bash_commands();
    printf("' -- \"$current\")\n"
           "        return\n"
           "    fi\n"
           "    case \"$command $previous\" in\n");
    printf("        'help help') words='");
    for (int i = 0; cli_commands[i]; i++)
        printf("%s%s", i ? " " : "", cli_commands[i]->name);
    printf("' kind=words ;;\n");
    for (int i = 0; cli_commands[i]; i++)
        for (const struct cli_option *option = cli_commands[i]->options; option->name; option++)
            if (option->argument)
                bash_option(cli_commands[i], option);
    printf("    esac\n"
           "    if [[ $kind = file && $current = -* ]]; then\n"
           "        kind=words\n"
           "        case $command in\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf("        %s) words='", cli_commands[i]->name);
        for (const struct cli_option *option = cli_commands[i]->options; option->name; option++)
            printf("%s ", option->name);
        printf("--help' ;;\n");
    }
    printf("        esac\n"
           "    fi\n"
           "    case $kind in\n"
           "    words) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
           "    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
           "    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
           "    esac\n"
           "}\n"
           "complete -F _cofiber cofiber\n");
}

/* ---- zsh -------------------------------------------------------------------------------------------------------- */

/* Text inside a single-quoted specification of _arguments or _describe, in which ':', '[' and ']' have a meaning. */
static void zsh_text(const char *text)
{
    for (const char *at = text; *at && *at != '\n'; at++) {
        if (*at == '\'')
            printf("'\\''");
        else if (strchr(":[]\\", *at))
            printf("\\%c", *at);
        else
            putchar(*at);
    }
}

static void zsh_option(const struct cli_option *option)
{
    printf("                '%s[", option->name);
    zsh_text(option->help);
    printf("]");
    if (option->argument) {
        printf(":");
        zsh_text(option->argument);
        printf(":");
    }
    if (takes_word(option)) {
        printf("(");
        print_words(option);
        printf(")");
    } else if (option->argument && !takes_text(option)) {
        printf(takes_directory(option) ? "_directories" : "_files");
    }
    printf("' \\\n");
}

static void zsh(void)
{
    printf(
        "#compdef cofiber\n"
        "# Completion of cofiber in zsh: source <(cofiber --completion zsh), or a file _cofiber in a folder of $fpath\n"
        "_cofiber() {\n"
        "    local -a commands=(\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf("        '%s:", cli_commands[i]->name);
        zsh_text(cli_commands[i]->summary);
        printf("'\n");
    }
    printf("    )\n"
           "    if (( CURRENT == 2 )); then\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    shift words\n"
           "    (( CURRENT-- ))\n"
           "    case $command in\n"
           "        help) _describe command commands ;;\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf("        %s)\n            _arguments \\\n", cli_commands[i]->name);
        for (const struct cli_option *option = cli_commands[i]->options; option->name; option++)
            zsh_option(option);
        printf("                '--help[Print the help of this command.]' \\\n"
               "                '*:file:_files' ;;\n");
    }
    printf("    esac\n"
           "}\n"
           "if [ \"$funcstack[1]\" = _cofiber ]; then _cofiber \"$@\"; else compdef _cofiber cofiber; fi\n");
}

int cli_completion(const char *shell)
{
    if (shell && strcmp(shell, shells[0]) == 0)
        bash();
    else if (shell && strcmp(shell, shells[1]) == 0)
        zsh();
    else
        return cli_complain("usage: cofiber --completion %s|%s", shells[0], shells[1]);
    return CLI_OK;
}
