/* network_names.c - keeps the names of inputs and outputs, and makes names that every text format takes. */
#include "netlists/exchange/network_names.h"

#include <stdio.h>
#include <string.h>

#include "base/string_set.h"

enum { LONGEST = 200 };

bool cf_network_names_new(struct cf_network_names *names, const struct cf_network *network, const char *model,
                          struct cf_error *err)
{
    *names = (struct cf_network_names){0};
    names->model = cf_arena_strdup(&names->arena, model);
    names->inputs = cf_arena_alloc(&names->arena, network->input_count, sizeof *names->inputs);
    names->outputs = cf_arena_alloc(&names->arena, network->output_count, sizeof *names->outputs);
    if (names->model && names->inputs && names->outputs)
        return true;
    cf_network_names_free(names);
    return cf_fail(err, "%s: out of memory", model);
}

void cf_network_names_free(struct cf_network_names *names)
{
    cf_arena_free(&names->arena);
    *names = (struct cf_network_names){0};
}

bool cf_network_name_valid(const char *name, size_t length)
{
    if (length < 1 || length > LONGEST)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] < ' ' || name[i] > '~')
            return false;
    return true;
}

/* Whether every format takes the character at that place of a name. */
static bool is_plain(char c, bool first)
{
    return c > ' ' && c <= '~' && !strchr("\"'\\#=`", c) && !(first && strchr(".$", c));
}

/* Words that Verilator, which writes C++, refuses or warns of even where the name is escaped: those of C++, and a few
 * of SystemVerilog's own classes. */
static bool is_keyword(const char *name)
{
    static const char *const words[] = {
        "alignas",      "alignof",   "and",
        "and_eq",       "asm",       "auto",
        "bitand",       "bitor",     "bool",
        "break",        "case",      "catch",
        "char",         "char16_t",  "char32_t",
        "char8_t",      "class",     "co_await",
        "co_return",    "co_yield",  "compl",
        "concept",      "const",     "const_cast",
        "consteval",    "constexpr", "constinit",
        "continue",     "decltype",  "default",
        "delete",       "do",        "double",
        "dynamic_cast", "else",      "enum",
        "explicit",     "export",    "extern",
        "false",        "final",     "float",
        "for",          "friend",    "goto",
        "if",           "import",    "inline",
        "int",          "long",      "mailbox",
        "module",       "mutable",   "namespace",
        "new",          "noexcept",  "not",
        "not_eq",       "nullptr",   "operator",
        "or",           "or_eq",     "override",
        "private",      "process",   "protected",
        "public",       "register",  "reinterpret_cast",
        "requires",     "restrict",  "return",
        "semaphore",    "short",     "signed",
        "sizeof",       "static",    "static_assert",
        "static_cast",  "struct",    "super",
        "switch",       "template",  "this",
        "thread_local", "throw",     "true",
        "try",          "typedef",   "typeid",
        "typename",     "union",     "unsigned",
        "using",        "virtual",   "void",
        "volatile",     "wchar_t",   "while",
        "xor",          "xor_eq",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return false;
}

/* Whether a writer gives this name to a wire ("n0s", "n0c") or gate ("g0") of its own. */
static bool is_reserved(const char *name)
{
    size_t digits = strspn(name + 1, "0123456789");
    const char *rest = name + 1 + digits;
    return digits && ((name[0] == 'n' && (strcmp(rest, "s") == 0 || strcmp(rest, "c") == 0)) ||
                      (name[0] == 'g' && *rest == '\0'));
}

struct naming {
    struct cf_arena *arena;
    const char *model;
    struct cf_string_set taken;
};

static bool claim(struct naming *n, const char *name, const char **slot)
{
    bool fresh;
    if (!cf_string_set_add(&n->taken, name, &fresh))
        return false;
    *slot = name;
    return true;
}

static bool is_free(const struct naming *n, const char *name)
{
    return !is_reserved(name) && !is_keyword(name) && strcmp(name, n->model) != 0 &&
           !cf_string_set_has(&n->taken, name);
}

/* A name for the `kind` ('i', 'o') of that number, from the one it was given, or NULL. */
static bool invent(struct naming *n, const char *given, char kind, uint32_t number, const char **slot)
{
    enum { ROOM = 2 * LONGEST + 64 };
    char text[ROOM];
    if (given) {
        snprintf(text, LONGEST + 1, "%s", given);
        for (size_t i = 0; text[i]; i++)
            text[i] = is_plain(text[i], i == 0) ? text[i] : '_';
        if (!is_free(n, text))
            snprintf(text + strlen(text), 16, "_%c%u", kind, number);
    } else {
        snprintf(text, sizeof text, "%c%u", kind, number);
    }
    for (size_t length = strlen(text); !is_free(n, text) && length + 2 < sizeof text; length++)
        memcpy(text + length, "_", 2);
    const char *copy = cf_arena_strdup(n->arena, text);
    return copy && claim(n, copy, slot);
}

static bool usable(const struct naming *n, const char *name)
{
    for (size_t i = 0; name[i]; i++)
        if (!is_plain(name[i], i == 0))
            return false;
    return name[0] && is_free(n, name);
}

/* Pass 0 keeps the names that can stay as they are, pass 1 changes the others, pass 2 names what has no name. */
static bool give(struct naming *n, int pass, const struct cf_name_list *list)
{
    bool done = true;
    for (uint32_t i = 0; done && i < list->count; i++) {
        const char *name = list->given ? list->given[i] : NULL;
        if (list->plain[i])
            continue;
        if (pass == 0)
            done = !name || !usable(n, name) || claim(n, name, &list->plain[i]);
        else
            done = (pass == 1 && !name) ||
                   invent(n, name, list->kind, list->numbers ? list->numbers[i] : i, &list->plain[i]);
    }
    return done;
}

bool cf_names_make_plain(struct cf_arena *arena, const char *model, const struct cf_name_list *lists, size_t count)
{
    struct naming n = {.arena = arena, .model = model};
    bool done = true;
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; done && i < count; i++)
            done = give(&n, pass, &lists[i]);
    cf_string_set_free(&n.taken);
    return done;
}

bool cf_network_names_plain(struct cf_network_names *plain, const struct cf_network *network,
                            const struct cf_network_names *names, struct cf_error *err)
{
    if (!cf_network_names_new(plain, network, names->model, err))
        return false;
    const struct cf_name_list lists[] = {{names->inputs, NULL, network->input_count, 'i', plain->inputs},
                                         {names->outputs, NULL, network->output_count, 'o', plain->outputs}};
    if (!cf_names_make_plain(&plain->arena, plain->model, lists, sizeof lists / sizeof *lists)) {
        cf_network_names_free(plain);
        return cf_fail(err, "%s: out of memory", names->model);
    }
    return true;
}
