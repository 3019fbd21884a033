// SPDX-License-Identifier: MIT
// What clients may have, together and each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ufomem::service {

struct Limits {
    std::size_t clients = 1024;              ///< connections at a time
    std::size_t clients_per_user = 256;      ///< ... of one user
    std::size_t regions = 256;               ///< of one client
    std::uint64_t mapped_bytes = 1ULL << 46; ///< of one client's arrays, present or not
    std::size_t pinned_bytes = 0;            ///< that one client may keep from leaving; 0: an eighth of the budget
    std::size_t faults_at_once = 16;         ///< of one client, that are being answered; more wait in the kernel
    unsigned answer_milliseconds = 30'000;   ///< a fault that takes longer ends in an error
    std::size_t idle_files = 16;             ///< that stay in memory although no client has them
    unsigned threads = 64;                   ///< that answer faults
};

} // namespace ufomem::service
