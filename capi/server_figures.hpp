// SPDX-License-Identifier: MIT
// What a server tells of itself, as the C interface has it.
#pragma once

#include "ufomem/service.h"

#include "figures.hpp"

namespace ufomem::capi {

inline ufo_server_stats public_figures(const service::ServerFigures &figures)
{
    ufo_server_stats all{};
    all.page_bytes = figures.page_bytes;
    all.chunk_bytes = figures.chunk_bytes;
    all.budget_bytes = figures.budget_bytes;
    all.used_bytes = figures.used_bytes;
    all.peak_bytes = figures.peak_bytes;
    all.low_bytes = figures.low_bytes;
    all.high_bytes = figures.high_bytes;
    all.fillers = figures.fillers;
    all.most_fillers = figures.most_fillers;
    all.evictors = figures.evictors;
    all.faults_at_once = figures.faults_at_once;
    all.clients = figures.clients;
    all.clients_ever = figures.clients_ever;
    all.dismissed = figures.dismissed;
    all.regions = figures.regions;
    all.faults = figures.faults;
    all.late = figures.late;
    all.failures = figures.failures;
    all.populated_bytes = figures.populated_bytes;
    all.evictions = figures.evictions;
    return all;
}

} // namespace ufomem::capi
