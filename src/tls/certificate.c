#include "tls/certificate.h"

void certificates_read(struct bytes body, struct tls_certificates *out)
{
    struct bytes list = bytes_vector(&body, 3), der = bytes_whole(NULL, 0);

    out->n = 0;
    while (bytes_ok(&list) && list.left > 0) {
        der = bytes_vector(&list, 3);
        if (!bytes_ok(&list) || der.clipped)
            break;
        if (out->n < TLS_CHAIN_MAX)
            out->der[out->n] = der;
        out->n++;
    }
    out->cut = der.clipped || !bytes_done(&list) || !bytes_done(&body);
}

void certificate_request_read(struct bytes body, bool with_schemes, struct certificate_request *out)
{
    *out = (struct certificate_request){ .types = bytes_vector(&body, 1) };
    if (with_schemes)
        out->schemes = bytes_vector(&body, 2);
    struct bytes names = bytes_vector(&body, 2);
    while (bytes_ok(&names) && names.left > 0) {
        bytes_skip(&names, bytes_u16(&names));
        out->authorities += bytes_ok(&names);
    }
    out->whole = bytes_done(&names) && bytes_done(&body);
}
