/* commands.h - what can be pasted to look further at one finding: a filter for Wireshark, and
 * commands for a FortiGate, for Windows (PowerShell) and for Linux, with the addresses of this
 * case.
 *
 * What it is: rows of templates, by what the finding is about.  A line whose address, port or name
 * is not known is left out, and the whole command where no such line remains.  What came from the
 * wire is quoted for the shell it is meant for; in PowerShell a name that would need quotes is left
 * out, and everywhere one that begins with a dash, for it would be an option. What it refuses:
 * commands that change anything but the filters of a debugger or recorder, which they replace.
 * Sources: FortiOS CLI reference (sniffer, sys session, debug flow), Microsoft (pktmon,
 * Test-NetConnection, Resolve-DnsName), manuals of OpenSSL, BIND, iproute2 and tcpdump. */
#pragma once

#include "report/fill.h"

enum platform { ON_WIRESHARK, ON_FORTIGATE, ON_WINDOWS, ON_LINUX, PLATFORMS };
enum { COMMANDS_MAX = 20, COMMAND_TEXT = 800 };

struct command {
    enum platform on;
    const char *purpose;     /* "from the client: is the port open?" */
    char text[COMMAND_TEXT]; /* one command a line */
};

size_t commands_of(const struct facts *facts, struct command out[COMMANDS_MAX]);
const char *platform_name(enum platform on);  /* "fortigate" */
const char *platform_title(enum platform on); /* "FortiGate" */
