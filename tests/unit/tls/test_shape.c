#include "tls/shape.h"
#include "wire.h"

/* A ClientHello of its own connection, with these suites and one extension of this content. */
static const struct tls_client_hello *offer(struct connection *c, const char *suites,
                                            uint16_t number, const char *content)
{
    static struct wire w, body, extensions;

    w.n = body.n = extensions.n = 0;
    connection_open(c);
    put_extension(&extensions, number, content);
    put_client_hello(&body, suites, &extensions);
    put_handshake(&w, TLS_CLIENT_HELLO, body.octets, body.n);
    feed_wire(c, CLIENT, &w);
    cr_assert_not_null(c->tls->hello);
    return c->tls->hello;
}

Test(shape, hellos_that_offer_the_same_have_one_shape_whatever_their_tickets_hold)
{
    struct connection a, b;
    struct shapes *shapes = shapes_open();
    const struct tls_client_hello *first = offer(&a, "1301 c02b", 35, "0102");
    const struct tls_client_hello *again = offer(&b, "1301 c02b", 35, "0304050607");

    const struct shape *shape = shape_of_client(shapes, first);

    uint32_t number = shape->number;
    cr_assert_eq(shape->mark, tls_hello_mark(first));
    cr_assert_eq(shape->offered_highest, tls_offered_highest(first));
    cr_assert_eq(shape_of_client(shapes, again)->number, number);
    connection_close(&a);
    connection_close(&b);
    shapes_close(shapes);
}

Test(shape, another_suite_another_extension_and_another_protocol_are_another_shape)
{
    struct connection c[4];
    struct shapes *shapes = shapes_open();
    const struct tls_client_hello *hello[] = {
        offer(&c[0], "1301 c02b", 16, "0003 02 6832"),
        offer(&c[1], "1301 c02c", 16, "0003 02 6832"),
        offer(&c[2], "1301 c02b", 23, ""),
        offer(&c[3], "1301 c02b", 16, "0003 02 6833"),
    };

    for (int again = 0; again < 2; again++)
        for (uint32_t i = 0; i < 4; i++)
            cr_assert_eq(shape_of_client(shapes, hello[i])->mark, tls_hello_mark(hello[i]));

    for (uint32_t i = 0; i < 4; i++) {
        uint32_t number = shape_of_client(shapes, hello[i])->number;
        for (uint32_t k = i + 1; k < 4; k++)
            cr_assert_neq(shape_of_client(shapes, hello[k])->number, number);
    }
    for (int i = 0; i < 4; i++)
        connection_close(&c[i]);
    shapes_close(shapes);
}

Test(shape, a_hello_that_differs_each_time_is_not_remembered)
{
    struct connection c;
    struct shapes *shapes = shapes_open();

    cr_assert_null(shape_of_client(shapes, offer(&c, "0a0a 1301", 23, "")));
    cr_assert_null(shape_of_client(NULL, c.tls->hello));
    cr_assert_null(shape_of_client(shapes, NULL));
    connection_close(&c);
    shapes_close(shapes);
}
