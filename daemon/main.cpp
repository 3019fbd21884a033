// SPDX-License-Identifier: MIT
// ufod: one cache of lazy arrays for many processes.  See ufod(8).
#include "command_line.hpp"
#include "configuration.hpp"
#include "daemon.hpp"
#include "process.hpp"
#include "statistics.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include <sys/stat.h>

namespace {

enum ExitCode { exit_fine = 0, exit_failure = 1, exit_usage = 2 };

void print(const std::string &text)
{
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw std::runtime_error("Standard output cannot be written to.");
}

std::string version_text()
{
    const std::uint32_t version = ufo_version();
    return "ufod " UFOD_VERSION " (libufomem " + std::to_string(version >> 16) + '.'
           + std::to_string(version >> 8 & 0xff) + '.' + std::to_string(version & 0xff) + ")\n";
}

/// What the server would find out only at its start, or with its first client: directories and files that are not there.
void check(const ufod::Settings &settings)
{
    for (const std::string &directory : settings.allowed_directories)
        if (struct stat found{}; stat(directory.c_str(), &found) != 0)
            throw std::runtime_error("allow-directory: " + directory + ": " + std::strerror(errno) + '.');
        else if (!S_ISDIR(found.st_mode))
            throw std::runtime_error("allow-directory: " + directory + ": that is no directory.");
    for (const ufod::Publication &publication : settings.publications)
        ufod::configure(publication, settings.chunk_bytes);
}

void perform(const ufod::CommandLine &line)
{
    using enum ufod::CommandLine::Task;
    switch (line.task) {
    case help:
        print(ufod::help_text());
        return;
    case version:
        print(version_text());
        return;
    case serve: {
        ufod::prepare_process();
        ufod::Daemon(line).run();
        return;
    }
    case ufod::CommandLine::Task::check: {
        const ufod::Configuration configuration = ufod::Configuration::load(line);
        ::check(configuration.settings());
        for (const std::string &warning : configuration.warnings())
            std::fprintf(stderr, "ufod: warning: %s\n", warning.c_str());
        print(configuration.text());
        return;
    }
    case stats: {
        const ufo_server_stats figures = ufod::ask_for_stats(ufod::Configuration::load(line).settings().socket);
        print(line.json ? ufod::stats_json(figures) : ufod::stats_table(figures));
        return;
    }
    }
}

} // namespace

int main(int argc, char **argv)
{
    ufod::Log errors(ufod::LogTarget::standard_error, UFO_LOG_ERROR);
    try {
        perform(ufod::parse_command_line(argc, argv));
        return exit_fine;
    } catch (const ufod::UsageError &why) {
        errors.error(why.what());
        return exit_usage;
    } catch (const std::exception &why) {
        errors.error(why.what());
        return exit_failure;
    }
}
