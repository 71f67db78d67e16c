#include "verdict/refusal.h"

#include <stddef.h>

struct row {
    uint16_t code;
    const char *sentence;
};

static const struct row results[] = {
    { 7, "The server does not take this way of logging in" },
    { 8, "The server takes logins only with signing, or inside TLS" },
    { 13, "The server takes logins only inside TLS" },
    { 34, "The name of the account is not written as the server expects it" },
    { 48, "The account cannot log in this way; a login without name may be switched off" },
    { 49, "The name or the password of the account is wrong" },
    { 51, "The server is too busy to check the login" },
    { 52, "The server cannot check the login now" },
    { 53, "The server does not want to check it: the password is empty, or its rules forbid it" },
};

static const struct row windows_errors[] = {
    { 0x525, "There is no such account" },
    { 0x52e, "The password is wrong, or the name is" },
    { 0x52f, "Restrictions of the account forbid the login" },
    { 0x530, "The account may not log in at this hour" },
    { 0x531, "The account may not log in from this computer" },
    { 0x532, "The password of the account has expired" },
    { 0x533, "The account is disabled" },
    { 0x568, "The account is in too many groups" },
    { 0x701, "The account has expired" },
    { 0x773, "The password of the account must be changed first" },
    { 0x775, "The account is locked out" },
};

static const char *find(const struct row *rows, size_t n, uint16_t code)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].code == code)
            return rows[i].sentence;
    return NULL;
}

#define FIND(rows, code) find(rows, sizeof(rows) / sizeof *(rows), code)

const char *refusal_sentence(const struct talk *talk, const struct remark *remark)
{
    if (remark->said != SAID_LDAP_BIND_REFUSED)
        return NULL;
    for (unsigned i = 0; i < talk->n; i++) {
        const struct remark *number = &talk->remark[i];
        if (number->said != SAID_LDAP_WINDOWS_ERROR || number->first.frame != remark->first.frame)
            continue;
        const char *sentence = FIND(windows_errors, number->code);
        if (sentence)
            return sentence;
    }
    return FIND(results, remark->code);
}
