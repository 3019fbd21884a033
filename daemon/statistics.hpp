// SPDX-License-Identifier: MIT
// The figures of a server, for people and for programs.
#pragma once

#include <ufomem/service.h>

#include <string>

namespace ufod {

/// Of the server at a socket; empty: where clients look.  Throws if nobody answers.
ufo_server_stats ask_for_stats(const std::string &socket);

std::string stats_table(const ufo_server_stats &stats);
std::string stats_json(const ufo_server_stats &stats);
/// For the log: "clients=2 regions=1 ...".
std::string stats_line(const ufo_server_stats &stats);

} // namespace ufod
