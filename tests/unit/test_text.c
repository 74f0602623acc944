/* test_text.c - a text that grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void grows(void **state)
{
    (void)state;
    struct cf_text text = {0};
    assert_null(text.data);
    for (int i = 0; i < 1000; i++)
        cf_text_printf(&text, "%d,", i % 10);
    cf_text_put(&text, "end\0more", 8);
    cf_text_put(&text, NULL, 0);
    assert_false(text.failed);
    assert_int_equal(text.length, 2008);
    assert_memory_equal(text.data, "0,1,2,3,4,5,6,7,8,9,0,", 22);
    assert_memory_equal(text.data + 2000, "end\0more", 9); /* with the NUL that always follows */
    cf_text_free(&text);
    assert_null(text.data);
    cf_text_printf(&text, "%s", "again");
    assert_string_equal(text.data, "again");
    cf_text_free(&text);
}

static void sticks_to_a_failure(void **state)
{
    (void)state;
    struct cf_text text = {0};
    cf_text_printf(&text, "kept");
    cf_text_put(&text, "", SIZE_MAX - 8);
    assert_true(text.failed);
    cf_text_printf(&text, "not added");
    assert_string_equal(text.data, "kept");
    assert_int_equal(text.length, 4);
    cf_text_free(&text);
    assert_false(text.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows), cmocka_unit_test(sticks_to_a_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
