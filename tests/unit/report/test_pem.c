/* Names of the files that certificates are written to. */
#include "base/text.h"
#include "report/pem.h"

#include <criterion/criterion.h>
#include <string.h>

#define HASH "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"

static const char *named(const char *cn, enum side side, uint8_t position, unsigned input)
{
    static struct cert_facts facts;
    static char out[PEM_NAME];
    struct shown_key key = { .side = (uint8_t)side, .position = position };

    memset(&facts, 0, sizeof facts);
    text_copy(facts.subject_cn, sizeof facts.subject_cn, cn);
    strcpy(facts.sha256, HASH);
    pem_name(&facts, &key, input, out);
    return out;
}

Test(pem, the_name_says_who_showed_what)
{
    cr_assert_str_eq(named("ems.corp.example", SERVER, 0, 0),
                     "server-ems.corp.example-" HASH ".pem");
    cr_assert_str_eq(named("FCT8001234567890", CLIENT, 0, 2),
                     "2-client-FCT8001234567890-" HASH ".pem");
    cr_assert_str_eq(named("", SERVER, 1, 0), "authority-" HASH ".pem");
}

Test(pem, names_of_files_hold_nothing_but_letters_digits_dots_and_hyphens)
{
    static const char *const hostile[] = { "../../etc/passwd",
                                           "a b;rm -rf $HOME",
                                           "*.corp.example",
                                           "\xe2\x80\xae_gpj",
                                           "\\n\\x1b[31m",
                                           ".",
                                           "-rf" };

    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const char *name = named(hostile[i], SERVER, 0, 0);
        cr_assert_eq(
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"),
            strlen(name), "%s", name);
        cr_assert_eq(strncmp(name, "server-", 7), 0, "%s", name);
    }
}

Test(pem, a_long_name_keeps_its_hash_and_its_ending)
{
    char long_name[128];

    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const char *name = named(long_name, SERVER, 1, 64);

    cr_assert_not_null(strstr(name, HASH ".pem"));
    cr_assert_lt(strlen(name), PEM_NAME - 1);
}
