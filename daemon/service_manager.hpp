// SPDX-License-Identifier: MIT
// What a service manager (systemd) says to us and we to it.  Without libsystemd, or without a manager, nothing is said.
#pragma once

#include <chrono>
#include <string>

namespace ufod::service_manager {

/// The listening socket that it handed over, or -1; throws UsageError if there is one that is of no use.
int listening_socket();

void ready();
void reloading();
void stopping();
/// A sentence for `systemctl status`.
void status(const std::string &text);

/// How often alive() is expected; 0: never.
std::chrono::microseconds watchdog();
void alive();

} // namespace ufod::service_manager
