// SPDX-License-Identifier: MIT
// Runs every measurement, in turns and on a prepared machine, and reports.

#include "common/die.hpp"
#include "common/options.hpp"
#include "runner/report.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

using namespace bench;

namespace {

/// The measuring programs lie beside this one.
std::filesystem::path program_directory()
{
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

/// A file of numbers that is there as long as the runner is.
class NumberFile {
  public:
    NumberFile(std::filesystem::path path, std::size_t bytes) : path_(std::move(path)) { make_number_file(path_, bytes); }
    ~NumberFile() { unlink(path_.c_str()); }
    NumberFile(const NumberFile &) = delete;
    NumberFile &operator=(const NumberFile &) = delete;

  private:
    std::filesystem::path path_;
};

bool uses(const Case &what, const std::string &argument)
{
    return std::find(what.arguments.begin(), what.arguments.end(), argument) != what.arguments.end();
}

/// A B C, A B C, ...: whatever else the machine does meets all cases alike.
GroupResult measure(const Group &group, unsigned rounds, const std::string &file)
{
    GroupResult result = {group, {}};
    for (const Case &what : group.cases)
        result.cases.push_back({what, {}, 0});
    const bool live = isatty(STDERR_FILENO) != 0;
    for (unsigned round = 0; round < rounds; round++) {
        for (CaseResult &one : result.cases) {
            if (live)
                std::fprintf(stderr, "\r\033[K  %s, round %u of %u: %s", group.name.c_str(), round + 1, rounds,
                             one.what.name.c_str());
            warm_memory(one.what.memory);
            if (uses(one.what, file))
                warm_file(file);
            Figures figures = run_program(program_directory() / ("bench-" + one.what.program), one.what.arguments);
            if (figures.empty())
                one.failed++;
            else
                one.runs.push_back(std::move(figures));
        }
    }
    if (live)
        std::fprintf(stderr, "\r\033[K");
    return result;
}

std::FILE *open_result(const std::filesystem::path &path)
{
    std::FILE *file = std::fopen(path.c_str(), "w");
    if (file == nullptr)
        die_of_errno(path);
    return file;
}

std::vector<Group> groups_with(const std::string &part, std::vector<Group> groups)
{
    std::string names;
    for (const Group &group : groups)
        names += " " + group.name;
    std::erase_if(groups, [&](const Group &group) { return group.name.find(part) == std::string::npos; });
    if (groups.empty())
        die("--only " + part + ": no group has that in its name; there are" + names);
    return groups;
}

} // namespace

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const bool quick = options.flag("quick");
    Scale scale = {};
    scale.bytes = options.size("size", quick ? std::size_t{256} << 20 : std::size_t{2} << 30);
    scale.budget = options.size("budget", scale.bytes / 4);
    scale.faults = options.size("faults", quick ? 1000 : 4000);
    const auto rounds = static_cast<unsigned>(options.size("rounds", 5));
    const std::string only = options.text("only", ""); // groups whose name contains this
    const std::filesystem::path directory = options.text("results", program_directory() / "results");
    options.finish();
    constexpr std::size_t unit = std::size_t{64} << 20; // so that every chunk size divides it, an eighth of it too
    if (scale.bytes < unit || scale.bytes % unit != 0 || scale.budget % (unit / 4) != 0)
        die("--size wants a multiple of 64M, --budget one of 16M");

    std::filesystem::create_directories(directory);
    const std::string file = directory / "numbers.bin";
    const std::vector<Group> groups = groups_with(only, plan(scale, file));

    Facts facts = machine_facts();
    if (load_average() > 0.5)
        std::fprintf(stderr, "This machine is busy with something else (load %.1f): the numbers will be poor.\n", load_average());
    const std::string time = facts.front().second;
    for (const auto &[key, value] : run_program(program_directory() / "bench-library-about", {}))
        facts.emplace_back("ufomem_" + key, value);

    std::FILE *text = open_result(directory / (time + ".txt"));
    std::vector<GroupResult> results;
    unsigned failed = 0;
    {
        const NumberFile numbers(file, scale.bytes);
        for (std::FILE *out : {stdout, text})
            print_heading(out, facts, scale, rounds);
        for (const Group &group : groups) {
            results.push_back(measure(group, rounds, file));
            for (std::FILE *out : {stdout, text})
                print_group(out, results.back());
            for (const CaseResult &one : results.back().cases)
                failed += one.failed;
        }
    }
    for (std::FILE *out : {stdout, text})
        print_legend(out);
    std::fclose(text);

    std::FILE *json = open_result(directory / (time + ".json"));
    print_json(json, facts, scale, results);
    std::fclose(json);
    std::printf("\nkept as %s.txt and .json\n", (directory / time).c_str());
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
