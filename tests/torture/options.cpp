// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <getopt.h>

namespace torture {
namespace {

constexpr const char *usage =
    R"(usage: torture [choice...]                                every site, every fault
       torture --scenario S --site X --errno E [...]      one case again

  --scenario NAMES     of these only        --variant NAMES      (see --list)
  --frames N           frames of the library that make a site (2)
  --patterns NAMES     once, ever, every-2, every-3, every-7
  --per-site N         at most N scenarios for a site, in each variant
  --together           ... in all variants together
  --pairs              also a second fault where the first one led to
  --quick              a choice that takes less than a minute
  --seconds S          stop after that time
  --folder PATH        for files and the spill (TMPDIR, else /tmp)
  --result FILE        the figures, as JSON
  --verbose            every case
  --list               scenarios, variants, and the sites that they reach

  --site X, --errno E, --pattern P                        and for a second fault --then-site, --then-errno, --then-pattern
  --at CALL,FUNCTION..., --then-at ...                    a site by the names that stand in its description
  --cold               without a pass before the faults   --repeat N   --wait (a child that hangs, for a debugger)
  --unnoticed          nobody is to hear of the fault
)";

std::vector<std::string> split(const char *names)
{
    std::vector<std::string> list;
    for (const char *begin = names; *begin;) {
        const std::size_t length = std::strcspn(begin, ",");
        list.emplace_back(begin, length);
        begin += length + (begin[length] == ',');
    }
    return list;
}

[[noreturn]] void give_up(const std::string &message)
{
    std::fprintf(stderr, "torture: %s\n%s", message.c_str(), usage);
    std::exit(2);
}

} // namespace

Options Options::parse(int argc, char **argv)
{
    enum Key : int {
        scenario,
        variant,
        frames_key,
        patterns_key,
        per_site,
        together_key,
        pairs_key,
        quick_key,
        seconds_key,
        folder_key,
        result_key,
        verbose_key,
        list_key,
        site_key,
        at_key,
        errno_key,
        pattern_key,
        then_site,
        then_at_key,
        then_errno,
        then_pattern,
        cold_key,
        repeat_key,
        wait_key,
        unnoticed_key,
        time_limit_key,
        help
    };
    static const option known[] = {{"scenario", required_argument, nullptr, scenario},
                                   {"variant", required_argument, nullptr, variant},
                                   {"frames", required_argument, nullptr, frames_key},
                                   {"patterns", required_argument, nullptr, patterns_key},
                                   {"per-site", required_argument, nullptr, per_site},
                                   {"together", no_argument, nullptr, together_key},
                                   {"pairs", no_argument, nullptr, pairs_key},
                                   {"quick", no_argument, nullptr, quick_key},
                                   {"seconds", required_argument, nullptr, seconds_key},
                                   {"folder", required_argument, nullptr, folder_key},
                                   {"result", required_argument, nullptr, result_key},
                                   {"verbose", no_argument, nullptr, verbose_key},
                                   {"list", no_argument, nullptr, list_key},
                                   {"site", required_argument, nullptr, site_key},
                                   {"at", required_argument, nullptr, at_key},
                                   {"errno", required_argument, nullptr, errno_key},
                                   {"pattern", required_argument, nullptr, pattern_key},
                                   {"then-site", required_argument, nullptr, then_site},
                                   {"then-at", required_argument, nullptr, then_at_key},
                                   {"then-errno", required_argument, nullptr, then_errno},
                                   {"then-pattern", required_argument, nullptr, then_pattern},
                                   {"cold", no_argument, nullptr, cold_key},
                                   {"repeat", required_argument, nullptr, repeat_key},
                                   {"wait", no_argument, nullptr, wait_key},
                                   {"unnoticed", no_argument, nullptr, unnoticed_key},
                                   {"time-limit", required_argument, nullptr, time_limit_key},
                                   {"help", no_argument, nullptr, help},
                                   {}};
    Options options;
    if (const char *folder = std::getenv("TMPDIR"); folder && *folder)
        options.folder = folder;
    for (int key; (key = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
        switch (key) {
        case scenario:
            for (const std::string &name : split(optarg))
                if (const Scenario *found = scenario_named(name))
                    options.scenarios.push_back(found);
                else
                    give_up("no scenario " + name);
            break;
        case variant:
            for (const std::string &name : split(optarg))
                if (const Variant *found = variant_named(name))
                    options.variants.push_back(found);
                else
                    give_up("no variant " + name);
            break;
        case frames_key:
            options.frames = std::strtoul(optarg, nullptr, 10);
            if (options.frames < 1 || options.frames > Site::most_frames)
                give_up("frames: 1 to 6");
            break;
        case patterns_key:
            options.patterns = split(optarg);
            for (const std::string &name : options.patterns)
                if (!pattern_named(name))
                    give_up("no pattern " + name);
            break;
        case per_site:
            options.scenarios_per_site = std::strtoul(optarg, nullptr, 10);
            break;
        case together_key:
            options.together = true;
            break;
        case pairs_key:
            options.pairs = true;
            break;
        case quick_key:
            options.quick = true;
            break;
        case seconds_key:
            options.seconds = std::strtod(optarg, nullptr);
            break;
        case folder_key:
            options.folder = optarg;
            break;
        case result_key:
            options.result = optarg;
            break;
        case verbose_key:
            options.verbose = true;
            break;
        case list_key:
            options.list = true;
            break;
        case site_key:
            options.site = std::strtoull(optarg, nullptr, 16);
            break;
        case at_key:
            options.at = optarg;
            break;
        case errno_key:
            options.error = optarg;
            break;
        case pattern_key:
            options.pattern = optarg;
            break;
        case then_site:
            options.second_site = std::strtoull(optarg, nullptr, 16);
            break;
        case then_at_key:
            options.then_at = optarg;
            break;
        case then_errno:
            options.second_error = optarg;
            break;
        case then_pattern:
            options.second_pattern = optarg;
            break;
        case unnoticed_key:
            options.unnoticed = true;
            break;
        case cold_key:
            options.cold = true;
            break;
        case repeat_key:
            options.repeat = std::atoi(optarg);
            break;
        case wait_key:
            options.wait = true;
            break;
        case time_limit_key:
            options.time_limit = std::atoi(optarg);
            break;
        case help:
            std::fputs(usage, stdout);
            std::exit(0);
        default:
            give_up("unknown option");
        }
    }
    if (optind != argc)
        give_up("unexpected argument " + std::string(argv[optind]));
    if (options.scenarios.empty())
        for (const Scenario &one : torture::scenarios())
            if (!options.quick || one.quick)
                options.scenarios.push_back(&one);
    if (options.variants.empty())
        for (const Variant &one : torture::variants())
            options.variants.push_back(&one);
    return options;
}

} // namespace torture
