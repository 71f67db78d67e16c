#include "report/report.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *explained(const char *what, bool *ok, struct failure *failure)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    *ok = report_explain(out, what, 80, failure);
    fclose(out);
    return text;
}

Test(explain, an_id_is_explained_under_its_title)
{
    bool ok;
    struct failure failure;

    char *text = explained("tcp.syn.silent_drop", &ok, &failure);

    cr_assert(ok);
    cr_assert_eq(
        strncmp(text, "tcp.syn.silent_drop        Connection attempts get no answer\n", 61), 0);
    cr_assert_not_null(strstr(text, "stage tcp   error   act: unknown   fact up to certain"));
    free(text);
}

Test(explain, a_prefix_lists_its_family_and_nothing_else)
{
    bool ok;
    struct failure failure;

    char *text = explained("tcp.syn", &ok, &failure);

    cr_assert(ok);
    cr_assert_not_null(strstr(text, "tcp.syn.refused_by_host "));
    cr_assert_null(strstr(text, "tcp.synack"));
    free(text);
}

Test(explain, nothing_lists_every_id)
{
    bool ok;
    struct failure failure;
    size_t lines = 0;

    char *text = explained(NULL, &ok, &failure);

    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    cr_assert_eq(lines, FINDINGS - 1);
    free(text);
}

Test(explain, an_alert_number_leads_to_the_findings_of_both_sides)
{
    bool ok;
    struct failure failure;

    char *text = explained("alert:48", &ok, &failure);

    cr_assert(ok);
    cr_assert_not_null(strstr(text, "TLS alert 48 unknown_ca"));
    cr_assert_not_null(strstr(text, "tls.cert.rejected_by_client.unknown_ca"));
    cr_assert_not_null(strstr(text, "tls.clientcert.rejected.unknown_ca"));
    free(text);
}

Test(explain, a_slip_is_answered_with_the_nearest_id)
{
    bool ok;
    struct failure failure;

    free(explained("tcp.syn.silentdrop", &ok, &failure));

    cr_assert_not(ok);
    cr_assert_str_eq(failure.what, "tcp.syn.silentdrop");
    cr_assert_not_null(strstr(failure.remedy, "did you mean tcp.syn.silent_drop?"));
}

Test(explain, an_alert_that_nobody_registered_is_refused)
{
    bool ok;
    struct failure failure;

    free(explained("alert:253", &ok, &failure));
    cr_assert_not(ok);
    free(explained("alert:-1", &ok, &failure));
    cr_assert_not(ok);
    free(explained("alert:", &ok, &failure));
    cr_assert_not(ok);
}
