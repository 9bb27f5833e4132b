#pragma once

// The program's own log (not the access log). spdlog and fmt are compiled in where they are used: their shared
// libraries would bring the shared C++ runtime with them, 2 MiB of resident pages in every sidecar.
#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
