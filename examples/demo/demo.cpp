// SPDX-License-Identifier: MIT
// Shows what the library does, measures it by the kernel's own counts, and checks every result.
//
//     demo [--quick] [FILE]
#include "jobs.hpp"
#include "text.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string_view>

using namespace demo;

namespace {

constexpr std::uint64_t MiB = 1 << 20;

struct Sizes {
    std::uint64_t budget;
    std::uint64_t numbers; ///< bytes of the array of numbers
    std::uint64_t file;    ///< bytes of the file, if none is given
};
constexpr Sizes full = {256 * MiB, 4096 * MiB, 512 * MiB};
constexpr Sizes quick = {32 * MiB, 512 * MiB, 64 * MiB};

/// Plain loads and stores have no status: this is how they fail.
void on_sigbus(int)
{
    constexpr std::string_view text = "\ndemo: an element could not be provided, or a changed one not be kept; is the disk full?\n";
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, text.data(), text.size());
    _exit(EXIT_FAILURE);
}

void log(void *, ufo_log_level level, const char *message)
{
    if (level <= UFO_LOG_WARNING)
        std::fprintf(stderr, "\nufomem: %s\n", message);
}

Core make_core(std::uint64_t budget)
{
    ufo_core_config *config = ufo_core_config_new();
    Core core;
    if (ufo_core_config_set_budget(config, budget) == UFO_OK && ufo_core_config_set_log(config, log, nullptr, nullptr) == UFO_OK)
        core.reset(ufo_core_new(config));
    ufo_core_config_free(config);
    return core;
}

bool tell_verdict(const Screen &screen, const std::vector<Outcome> &outcomes, std::uint64_t budget)
{
    bool all_right = !outcomes.empty();
    std::uint64_t peak = budget;
    for (const Outcome &one : outcomes) {
        all_right = all_right && one.ok;
        peak = std::max(peak, one.peak);
    }
    const std::string good = format("Every result is right, in %s and %s for the library's own tables and stacks.",
                                    size(budget).c_str(), size(peak - budget).c_str());
    std::printf("\n  %s %s\n\n", screen.tick(all_right).c_str(),
                all_right ? screen.good(good).c_str() : screen.bad("Something is wrong: see above.").c_str());
    return all_right;
}

} // namespace

int main(int argc, char **argv)
{
    Sizes sizes = full;
    std::string file;
    for (int i = 1; i < argc; i++) {
        const std::string_view argument = argv[i];
        if (argument == "--quick")
            sizes = quick;
        else if (file.empty() && argument.substr(0, 2) != "--")
            file = argument;
        else
            return std::fprintf(stderr, "usage: demo [--quick] [FILE]\n"), EXIT_FAILURE;
    }
    std::signal(SIGBUS, on_sigbus);

    Screen screen;
    ResidentMeter meter; // before the core: all that comes now is the library's
    const Core core = make_core(sizes.budget);
    if (!core) {
        std::fprintf(stderr, "demo: %s\n", ufo_last_error());
        return EXIT_FAILURE;
    }
    Stage stage = {screen, meter, core.get(), sizes.budget, {}};

    print_introduction(screen, core.get(), sizes.budget);
    number_jobs(stage, sizes.numbers / sizeof(std::uint64_t));
    file_jobs(stage, file, sizes.file);
    print_table(screen, stage.outcomes, sizes.budget);

    return tell_verdict(screen, stage.outcomes, sizes.budget) ? EXIT_SUCCESS : EXIT_FAILURE;
}
