// SPDX-License-Identifier: MIT
#include "configuration.hpp"

#include "installation.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <unistd.h>

namespace ufod {
namespace {

std::string_view trimmed(std::string_view text)
{
    constexpr const char *blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// At least one part, perhaps an empty one.  (Clang before 16 has no std::views::split.)
std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(std::min(text.size(), end + 1))) {
        end = text.find(separator);
        parts.push_back(text.substr(0, end));
    }
    return parts;
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

/// The lines of a file; nothing if it does not exist and `optional`.
std::vector<std::string> read_lines(const std::string &path, bool optional)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "re"), std::fclose);
    if (!file && optional && errno == ENOENT)
        return {};
    std::vector<std::string> lines;
    if (file) {
        char *line = nullptr;
        std::size_t capacity = 0;
        errno = 0;
        for (ssize_t length; (length = getline(&line, &capacity, file.get())) >= 0;)
            lines.emplace_back(line, static_cast<std::size_t>(length));
        std::free(line);
    }
    if (!file || std::ferror(file.get()))
        throw UsageError("The configuration " + path + " cannot be read: " + std::strerror(errno) + '.');
    return lines;
}

/// Why `mode`, `low` ... do not fit together; or empty.
std::string contradiction(const Settings &settings)
{
    if (settings.low_watermark >= settings.high_watermark)
        return "low-watermark (" + std::to_string(settings.low_watermark) + ") has to be below high-watermark ("
               + std::to_string(settings.high_watermark) + ").";
    return {};
}

} // namespace

Configuration Configuration::load(const CommandLine &line)
{
    Configuration configuration;
    configuration.put_over(from_file(line));
    configuration.put_over(configuration.from_environment());
    configuration.put_over(from_flags(line));
    configuration.evaluate();
    return configuration;
}

Configuration::Values Configuration::from_file(const CommandLine &line)
{
    const char *variable = std::getenv("UFOD_CONFIG");
    const bool named = line.file || (variable && *variable);
    const std::string path = line.file ? *line.file : named ? variable : usual_configuration();
    Values values;
    std::size_t number = 0;
    for (const std::string &text : read_lines(path, !named)) {
        const std::string origin = path + ':' + std::to_string(++number);
        const std::string_view content = trimmed(text);
        if (content.empty() || content.front() == '#')
            continue;
        const std::size_t equals = content.find('=');
        if (equals == std::string_view::npos)
            throw UsageError(origin + ": " + quoted(content) + " is not of the form NAME = VALUE.");
        const std::string_view name = trimmed(content.substr(0, equals));
        const Setting *setting = find_setting(name);
        if (!setting)
            throw UsageError(origin + ": there is no setting " + quoted(name) + "; see ufod --help.");
        std::vector<Value> &places = values[setting];
        if (setting->times == Setting::once && !places.empty())
            throw UsageError(origin + ": " + setting->name + " is set already, in " + places.front().origin + '.');
        places.push_back({std::string(trimmed(content.substr(equals + 1))), origin});
    }
    return values;
}

Configuration::Values Configuration::from_environment()
{
    Values values;
    for (const Setting &setting : all_settings()) {
        const std::string variable = setting.variable();
        const char *text = std::getenv(variable.c_str());
        if (!text || !*text)
            continue;
        if (setting.times == Setting::once) {
            values[&setting] = {{std::string(trimmed(text)), variable}};
            continue;
        }
        for (const std::string_view part : split(text, ';'))
            values[&setting].push_back({std::string(trimmed(part)), variable});
    }
    // A misspelt one would be passed over in silence.
    for (char **entry = environ; *entry; ++entry) {
        const std::string_view variable = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
        const auto same = [&](const Setting &setting) { return setting.variable() == variable; };
        if (variable.starts_with("UFOD_") && variable != "UFOD_CONFIG" && std::ranges::none_of(all_settings(), same))
            warnings_.push_back("The environment has " + std::string(variable) + ", which is no setting.");
    }
    return values;
}

Configuration::Values Configuration::from_flags(const CommandLine &line)
{
    Values values;
    for (const auto &[setting, text] : line.values) {
        std::vector<Value> &given = values[setting];
        if (setting->times == Setting::once)
            given.clear(); // the last one counts, so that one can be added to a command that is there
        given.push_back({std::string(trimmed(text)), std::string("--") + setting->name}); // as in the file
    }
    return values;
}

void Configuration::put_over(Values &&layer)
{
    for (auto &[setting, values] : layer) {
        std::erase_if(values, [](const Value &value) { return value.text.empty(); });
        values_[setting] = std::move(values);
    }
    std::erase_if(values_, [](const auto &entry) { return entry.second.empty(); });
}

void Configuration::evaluate()
{
    const auto control = [](unsigned char c) { return std::iscntrl(c) != 0; };
    for (const Setting &setting : all_settings()) {
        const auto found = values_.find(&setting);
        if (found == values_.end()) {
            if (*setting.standard)
                setting.set(settings_, setting.standard);
            continue;
        }
        for (const auto &[text, origin] : found->second) {
            try {
                if (std::ranges::any_of(text, control))
                    throw BadValue("has a control character in it");
                setting.set(settings_, text);
            } catch (const BadValue &why) {
                const bool in_file = origin.find(':') != std::string::npos;
                throw UsageError(origin + ": " + (in_file ? std::string(setting.name) + ": " : "") + quoted(text) + ' '
                                 + why.what() + '.');
            }
        }
    }
    if (const std::string why = contradiction(settings_); !why.empty())
        throw UsageError(why);
}

std::vector<const Setting *> Configuration::differences(const Configuration &other) const
{
    const auto values_of = [](const Configuration &configuration, const Setting &setting) {
        const auto found = configuration.values_.find(&setting);
        if (found != configuration.values_.end())
            return found->second;
        return *setting.standard ? std::vector<Value>{{setting.standard, {}}} : std::vector<Value>{};
    };
    std::vector<const Setting *> different;
    for (const Setting &setting : all_settings())
        if (values_of(*this, setting) != values_of(other, setting))
            different.push_back(&setting);
    return different;
}

std::string Configuration::text() const
{
    std::string text;
    for (const Setting &setting : all_settings()) {
        const auto found = values_.find(&setting);
        if (found != values_.end())
            for (const auto &[value, origin] : found->second)
                text += "# " + origin + '\n' + setting.name + " = " + value + '\n';
        else
            text += std::string("# default\n") + (*setting.standard ? "" : "#") + setting.name + " = "
                    + setting.standard + '\n';
    }
    return text;
}

} // namespace ufod
