/* dial.h - what the C clients of the lab share.  ADDRESS PORT NAME CA VERSION [CERT KEY]: connects,
 * hands the socket to talk(), which makes TLS, sends a line, prints the answer or why there is
 * none, and closes as an ordinary program of its library does. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct dial {
    int fd;
    const char *name, *ca, *cert, *key; /* cert and key are NULL without a client certificate */
    bool tls13;
};

static const char *line = "hello\n"; /* or LINE of the environment; "": nothing is sent */

static int talk(const struct dial *d); /* 0 = the line came back */

int main(int argc, char **argv)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    struct dial d = { .fd = socket(AF_INET, SOCK_STREAM, 0) };

    if (getenv("LINE"))
        line = getenv("LINE");
    if (argc < 6 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        return 2;
    to.sin_port = htons((unsigned short)strtoul(argv[2], NULL, 10));
    d.name = argv[3];
    d.ca = argv[4];
    d.tls13 = strcmp(argv[5], "1.3") == 0;
    d.cert = argc > 7 ? argv[6] : NULL;
    d.key = argc > 7 ? argv[7] : NULL;
    if (connect(d.fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("connect");
        return 2;
    }
    return talk(&d);
}
