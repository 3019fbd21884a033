// SPDX-License-Identifier: MIT
#include "command_line.hpp"

#include "installation.hpp"

#include <algorithm>
#include <cstring>

#include <getopt.h>

namespace ufod {
namespace {

// The flags that are no settings; settings come after them, by their place in the table.
enum Flag { flag_help = 1, flag_version, flag_check, flag_stats, flag_json, flag_config, first_setting };

struct OwnFlag {
    option known;
    const char *shown;
    const char *help;
};

constexpr OwnFlag own_flags[] = {
    {{"config", required_argument, nullptr, flag_config}, "config=FILE", "the configuration"},
    {{"check", no_argument, nullptr, flag_check}, "check", "look at the configuration, print what would hold, and end"},
    {{"stats", no_argument, nullptr, flag_stats},
     "stats",
     "print the figures of the running server at the socket, and end"},
    {{"json", no_argument, nullptr, flag_json}, "json", "with --stats: as JSON"},
    {{"help", no_argument, nullptr, flag_help}, "help", "print this, and end"},
    {{"version", no_argument, nullptr, flag_version}, "version", "print the version, and end"},
};

std::vector<option> known_options()
{
    std::vector<option> options;
    for (const OwnFlag &flag : own_flags)
        options.push_back(flag.known);
    int value = first_setting;
    for (const Setting &setting : all_settings())
        options.push_back({setting.name, required_argument, nullptr, value++});
    options.push_back({});
    return options;
}

/// A flag and its help, which is broken at blanks.
std::string help_entry(const std::string &flag, std::string help)
{
    constexpr std::size_t column = 31;
    constexpr std::size_t width = 78 - column;
    std::string entry = "  --" + flag;
    entry += entry.size() + 1 < column ? std::string(column - entry.size(), ' ') : '\n' + std::string(column, ' ');
    while (help.size() > width) {
        const std::size_t blank = help.rfind(' ', width);
        if (blank == std::string::npos)
            break;
        entry += help.substr(0, blank) + '\n' + std::string(column, ' ');
        help.erase(0, blank + 1);
    }
    return entry + help + '\n';
}

} // namespace

CommandLine parse_command_line(int argc, char **argv)
{
    CommandLine line;
    const std::vector<option> options = known_options();
    const auto choose_task = [&line](CommandLine::Task task) {
        if (line.task != CommandLine::Task::serve && line.task != task)
            throw UsageError("--check, --stats, --help and --version exclude each other.");
        line.task = task;
    };
    optind = 0; // begin anew, whoever called getopt before
    opterr = 0;
    for (;;) {
        const int at = std::max(optind, 1);
        const int found = getopt_long(argc, argv, "+:", options.data(), nullptr);
        if (found == -1)
            break;
        switch (found) {
        case flag_help:
            choose_task(CommandLine::Task::help);
            break;
        case flag_version:
            choose_task(CommandLine::Task::version);
            break;
        case flag_check:
            choose_task(CommandLine::Task::check);
            break;
        case flag_stats:
            choose_task(CommandLine::Task::stats);
            break;
        case flag_json:
            line.json = true;
            break;
        case flag_config:
            line.file = optarg;
            break;
        case ':':
            throw UsageError(std::string(argv[at]) + " needs a value, such as " + argv[at] + "=VALUE.");
        case '?':
            throw UsageError(std::string(argv[at])
                             + (optopt >= flag_help && optopt < first_setting
                                    ? " takes no value."
                                    : " is no flag, or short for several; see ufod --help."));
        default:
            line.values.emplace_back(&all_settings()[static_cast<std::size_t>(found - first_setting)], optarg);
        }
    }
    if (optind < argc)
        throw UsageError('"' + std::string(argv[optind]) + "\" is no flag; ufod has nothing but flags.");
    if (line.json && line.task != CommandLine::Task::stats)
        throw UsageError("--json says how --stats shall print; give both.");
    return line;
}

std::string help_text()
{
    std::string text = "Usage: ufod [FLAG...]\n"
                       "Serves lazy arrays to other processes: one cache for all of them.\n\n";
    for (const OwnFlag &flag : own_flags)
        text += help_entry(flag.shown,
                           flag.help + (flag.known.val == flag_config ? "; default: " + usual_configuration() : ""));
    text += "\nSettings, which can also be given as NAME = VALUE in the configuration, or in\n"
            "the environment as UFOD_NAME (in capitals, with _ for -).  A flag counts more\n"
            "than the environment, and that more than the configuration.\n\n";
    for (const Setting &setting : all_settings()) {
        std::string help = setting.help;
        if (*setting.standard)
            help += std::string("; default: ") + setting.standard;
        text += help_entry(std::string(setting.name) + '=' + setting.placeholder, std::move(help));
    }
    return text
           + "\nSizes take K, M, G or T (powers of 1024); durations ms, s or min.\n"
             "Exit codes: 0 as asked, 1 failure, 2 flags or configuration are not acceptable.\n"
             "See ufod(8).\n";
}

} // namespace ufod
