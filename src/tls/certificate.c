#include "tls/certificate.h"

static void list_read(struct bytes body, bool tls13, struct tls_certificates *out)
{
    struct bytes list = bytes_vector(&body, 3), der = bytes_whole(NULL, 0);

    out->n = 0;
    while (bytes_ok(&list) && list.left > 0) {
        der = bytes_vector(&list, 3);
        if (tls13)
            (void)bytes_vector(&list, 2); /* extensions of the entry */
        if (!bytes_ok(&list) || der.clipped)
            break;
        if (out->n < TLS_CHAIN_MAX)
            out->der[out->n] = der;
        out->n++;
    }
    out->cut = der.clipped || !bytes_done(&list) || !bytes_done(&body);
}

/* CA names, each with a length of its own. */
static unsigned names_count(struct bytes *names)
{
    unsigned n = 0;

    while (bytes_ok(names) && names->left > 0) {
        bytes_skip(names, bytes_u16(names));
        n += bytes_ok(names);
    }
    return n;
}

void certificates_read(struct bytes body, struct tls_certificates *out)
{
    list_read(body, false, out);
}

void certificates_read_13(struct bytes body, struct tls_certificates *out)
{
    (void)bytes_vector(&body, 1); /* certificate_request_context */
    list_read(body, true, out);
}

/* The extensions of TLS 1.3 that say what the older message said. */
void certificate_request_read_13(struct bytes body, struct certificate_request *out)
{
    enum { SIGNATURE_ALGORITHMS = 13, CERTIFICATE_AUTHORITIES = 47 };

    *out = (struct certificate_request){ .types = bytes_whole(NULL, 0),
                                         .schemes = bytes_whole(NULL, 0) };
    (void)bytes_vector(&body, 1);
    struct bytes list = bytes_vector(&body, 2);
    while (bytes_ok(&list) && list.left > 0) {
        uint16_t type = bytes_u16(&list);
        struct bytes value = bytes_vector(&list, 2);
        if (type == SIGNATURE_ALGORITHMS)
            out->schemes = bytes_vector(&value, 2);
        struct bytes names =
            type == CERTIFICATE_AUTHORITIES ? bytes_vector(&value, 2) : bytes_whole(NULL, 0);
        if (type == CERTIFICATE_AUTHORITIES)
            out->authorities = names_count(&names);
    }
    out->whole = bytes_done(&list) && bytes_done(&body);
}

void certificate_request_read(struct bytes body, bool with_schemes, struct certificate_request *out)
{
    *out = (struct certificate_request){ .types = bytes_vector(&body, 1) };
    if (with_schemes)
        out->schemes = bytes_vector(&body, 2);
    struct bytes names = bytes_vector(&body, 2);
    out->authorities = names_count(&names);
    out->whole = bytes_done(&names) && bytes_done(&body);
}
