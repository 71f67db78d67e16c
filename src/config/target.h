/* target.h - where a watch sends to, or listens: a socket, as a word of the configuration.
 *
 *     unix:/dev/log           datagrams to a local socket
 *     unix-stream:/run/x      a stream to one
 *     udp:10.0.0.5:514        udp:[2001:db8::5]:514
 *     tcp:10.0.0.5:601
 *     127.0.0.1:9913          to listen at (tcp)
 * What it refuses: names, for nobody is asked for them; ports below 1; paths that are too long or
 * do not begin with /. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

struct target {
    int type; /* SOCK_DGRAM, SOCK_STREAM; 0 = none */
    socklen_t size;
    struct sockaddr_storage address;
};

bool target_read(const char *text, struct target *out);

/* To listen at: tcp, or unix-stream, also without the word; loopback alone. */
bool target_read_local(const char *text, struct target *out);
