/* test_toggles.c - counts of changes from value change dumps, in pieces of every size, and dumps that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rtl/tools/toggles.h"

static const char head[] =
    "$timescale 1ns $end\n$scope module TOP $end\n$var wire 1 ! clk $end\n"
    "$scope module tb $end\n$var wire 1 ! clk $end\n$var parameter 32 # WIDTH $end\n"
    "$scope module dut $end\n$var wire 1 ! clk $end\n$var reg 4 \" sum [3:0] $end\n$upscope $end\n"
    "$scope module dutch $end\n$var wire 1 $ other $end\n$upscope $end\n"
    "$upscope $end\n$upscope $end\n$enddefinitions $end\n";
static const char body[] =
    "#0\n$dumpvars\n0!\nb0 \"\n0$\nb101 #\n$end\n#5\n1!\nb1 \"\n1$\n#7\nb1010 \"\n#9\nbx1 \"\n0!\n"
    "#10\nb0110 \"\n#12\n";

/* What is written of a dump that is taken in pieces of `size` bytes. */
static struct cf_text count(const char *scope, const char *first, const char *second, size_t size,
                            struct cf_toggle_totals *totals)
{
    struct cf_text dump = {0}, saif = {0};
    struct cf_error err;
    cf_text_printf(&dump, "%s%s", first, second);
    struct cf_toggles *t = cf_toggles_new(scope);
    assert_non_null(t);
    for (size_t at = 0; at < dump.length; at += size)
        assert_true(cf_toggles_take(t, dump.data + at, at + size < dump.length ? size : dump.length - at, &err));
    assert_true(cf_toggles_put(t, &saif, totals, &err));
    cf_toggles_free(t);
    cf_text_free(&dump);
    return saif;
}

static void test_counts(void **state)
{
    (void)state;
    static const char expected[] =
        "(SAIFILE\n(SAIFVERSION \"2.0\")\n(DIRECTION \"backward\")\n(PROGRAM_NAME \"cofiber\")\n(DIVIDER / )\n"
        "(TIMESCALE 1 ns)\n(DURATION 12)\n(INSTANCE tb\n(INSTANCE dut\n(NET\n"
        "(clk (T0 8) (T1 4) (TX 0) (TC 2) (IG 0))\n"
        "(sum\\[0\\] (T0 9) (T1 3) (TX 0) (TC 4) (IG 0))\n"
        "(sum\\[1\\] (T0 7) (T1 4) (TX 1) (TC 1) (IG 0))\n"
        "(sum\\[2\\] (T0 9) (T1 2) (TX 1) (TC 0) (IG 0))\n"
        "(sum\\[3\\] (T0 9) (T1 2) (TX 1) (TC 1) (IG 0))\n"
        ")\n)\n)\n)\n";
    for (size_t size = 1; size < 60; size++) {
        struct cf_toggle_totals totals;
        struct cf_text saif = count("tb.dut", head, body, size, &totals);
        assert_string_equal(saif.data, expected);
        assert_int_equal(totals.bits, 5);
        assert_int_equal(totals.changes, 8);
        assert_int_equal(totals.duration, 12);
        cf_text_free(&saif);
    }
}

static void test_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        uint64_t bits;
    } scopes[] = {{"", 6}, {"tb", 6}, {"tb.dut", 5}, {"tb.dutch", 1}};
    static const char *const none[] = {"dut", "tb.du", "tb.dut.dut", "t", "tb.", "TOP"};
    struct cf_toggle_totals totals;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        struct cf_text saif = count(scopes[i].scope, head, body, 7, &totals);
        assert_int_equal(totals.bits, scopes[i].bits);
        cf_text_free(&saif);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct cf_toggles *t = cf_toggles_new(none[i]);
        struct cf_text saif = {0};
        struct cf_error err;
        assert_true(cf_toggles_take(t, head, strlen(head), &err) && cf_toggles_take(t, body, strlen(body), &err));
        assert_false(cf_toggles_put(t, &saif, &totals, &err));
        assert_non_null(strstr(err.text, "it has no signals in"));
        cf_text_free(&saif);
        cf_toggles_free(t);
    }
}

static void refuse(const char *first, const char *second)
{
    struct cf_toggles *t = cf_toggles_new("");
    struct cf_text saif = {0};
    struct cf_toggle_totals totals;
    struct cf_error err = {.text = ""};
    bool taken = cf_toggles_take(t, first, strlen(first), &err) && cf_toggles_take(t, second, strlen(second), &err) &&
                 cf_toggles_put(t, &saif, &totals, &err);
    assert_false(taken);
    assert_memory_equal(err.text, "value change dump: ", 19);
    cf_text_free(&saif);
    cf_toggles_free(t);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "",
        "hello ",
        "$upscope $end",
        "$var wire 1 ! clk $end ",
        "$scope module a $end $var wire 0 ! clk $end ",
        "$scope module a $end $var wire -1 ! clk $end ",
        "$scope module a $end $var wire 99999999999 ! clk $end ",
        "$scope module a $end $var wire 1 ~~~~~~~~~~~~~~~~ clk $end ",
        "$scope module a $end $var wire 1 ! $end ",
        "$scope module a $end $var wire 1 ! a $end $var wire 2 ! b $end ",
        "$scope module a $end $var wire 1 ! a $end ",
    };
    static const char *const bodies[] = {"#5 #4 ", "what ", "0~~ ", "0 ", "b1 ~~ ", "#0 0", "b1 \"\"\"\"\"\" "};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        refuse(heads[i], "");
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        refuse(head, bodies[i]);
    for (size_t cut = 1; cut + 1 < sizeof head; cut++) { /* no cut of the head is a dump */
        char piece[sizeof head] = {0};
        memcpy(piece, head, cut);
        if (cut + 6 < sizeof head)
            refuse(piece, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
