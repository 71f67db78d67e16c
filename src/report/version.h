/* version.h - the version of this program; the build defines it. */
#pragma once

#ifndef SHAKEOUT_VERSION
#define SHAKEOUT_VERSION "0.1.0"
#endif
