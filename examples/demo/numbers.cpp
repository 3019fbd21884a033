// SPDX-License-Identifier: MIT
// Job one: numbers computed on demand, in an array far larger than its memory; then some of them changed.
#include "jobs.hpp"

#include "text.hpp"

#include <algorithm>

namespace demo {

namespace {

constexpr std::size_t step = 65537; // every so many elements one is rewritten: all over the array, in as many chunks
constexpr std::uint64_t increment = 1000003;

std::uint64_t value_at(std::uint64_t index)
{
    return 3 * index + 7;
}

std::int32_t compute(void *, std::size_t first, std::size_t count, void *out)
{
    auto *element = static_cast<std::uint64_t *>(out);
    for (std::size_t i = 0; i < count; i++)
        element[i] = value_at(first + i);
    return 0;
}

Region make_region(ufo_core *core, std::size_t count)
{
    const Config config(ufo_config_new());
    if (ufo_config_set_elements(config.get(), count, sizeof(std::uint64_t)) != UFO_OK ||
        ufo_config_set_populate(config.get(), compute, nullptr, nullptr) != UFO_OK)
        return nullptr;
    return Region(ufo_new(core, config.get()));
}

void sum(Stage &stage, const std::string &name, const std::uint64_t *array, std::size_t count, std::uint64_t expected)
{
    Job job(stage, name, count, sizeof(std::uint64_t));
    constexpr std::size_t block = block_bytes / sizeof(std::uint64_t);
    std::uint64_t sum = 0;
    for (std::size_t first = 0; first < count; first += block) {
        const std::size_t end = std::min(first + block, count);
        for (std::size_t i = first; i < end; i++)
            sum += array[i];
        job.done(end);
    }
    job.end(sum == expected,
            sum == expected ? "the sum is right" : "the sum is WRONG: " + grouped(sum) + ", not " + grouped(expected));
}

std::size_t rewrite(Stage &stage, std::uint64_t *array, std::size_t count)
{
    const std::size_t total = (count + step - 1) / step;
    Job job(stage, "rewrite every 65,537th", total, 0); // few bytes, but in thousands of chunks
    std::size_t done = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < count; i += step) {
        wrong += array[i] != value_at(i);
        array[i] += increment;
        if (++done % 64 == 0)
            job.done(done);
    }
    job.end(wrong == 0, wrong == 0 ? "changed, each in a chunk of its own" : grouped(wrong) + " elements were WRONG");
    return total;
}

} // namespace

void number_jobs(Stage &stage, std::size_t count)
{
    const Region region = make_region(stage.core, count);
    auto *array = static_cast<std::uint64_t *>(ufo_data(region.get()));
    if (array == nullptr)
        return fail(stage, "numbers", ufo_last_error());

    const std::uint64_t n = count;
    const std::uint64_t closed_form = 3 * (n * (n - 1) / 2) + 7 * n;
    sum(stage, "sum", array, count, closed_form);
    const std::uint64_t changed = rewrite(stage, array, count);
    sum(stage, "sum again", array, count, closed_form + changed * increment);
}

} // namespace demo
