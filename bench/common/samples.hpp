// SPDX-License-Identifier: MIT
// Order statistics of a handful of samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace bench {

/// The value below which a share `q` of the samples lies (nearest rank).  There must be at least one sample.
[[nodiscard]] inline double quantile(std::vector<double> samples, double q)
{
    std::sort(samples.begin(), samples.end());
    const double rank = std::ceil(q * static_cast<double>(samples.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return samples[std::min(index, samples.size() - 1)];
}

struct Spread {
    double median = 0;
    double min = 0;
    double max = 0;
};

[[nodiscard]] inline Spread spread(const std::vector<double> &samples)
{
    return {quantile(samples, 0.5), quantile(samples, 0.0), quantile(samples, 1.0)};
}

} // namespace bench
