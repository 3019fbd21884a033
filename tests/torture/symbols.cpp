// SPDX-License-Identifier: MIT
#include "symbols.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <ufomem/ufo.h>

namespace torture {
namespace {

std::string without_newline(std::string line)
{
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.pop_back();
    return line;
}

/// The last part of a path, and no note of addr2line's.
std::string short_place(const std::string &where)
{
    const std::size_t note = where.find(" (discriminator");
    const std::string plain = where.substr(0, note);
    return plain.substr(plain.rfind('/') + 1);
}

/// Without name space, arguments and template arguments.
std::string short_name(std::string name)
{
    std::string plain;
    int depth = 0;
    for (const char c : name) {
        if (c == '<' || c == '(')
            ++depth;
        if (depth == 0)
            plain += c;
        if ((c == '>' || c == ')') && depth > 0)
            --depth;
    }
    for (const char *prefix : {"ufomem::capi::", "ufomem::kernel::", "ufomem::", "::"})
        for (std::size_t at; (at = plain.find(prefix)) == 0;)
            plain.erase(at, std::string_view(prefix).size());
    return without_newline(plain).empty() ? name : without_newline(plain);
}

/// A template's symbol begins with the type that it returns.
std::string_view without_return_type(std::string_view symbol)
{
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t i = 0; i < symbol.size(); ++i) {
        const char c = symbol[i];
        if (c == '(' && depth == 0)
            break;
        if (c == '<' || c == '(')
            ++depth;
        else if (c == '>' || c == ')')
            --depth;
        else if (c == ' ' && depth == 0 && !symbol.substr(begin, i - begin).ends_with("operator"))
            begin = i + 1;
    }
    return symbol.substr(begin);
}

} // namespace

Symbols::Symbols()
{
    Dl_info info{};
    if (dladdr(reinterpret_cast<void *>(&ufo_version), &info) != 0 && info.dli_fname)
        library_ = info.dli_fname;
}

std::vector<Code> Symbols::code_of(const std::vector<std::string> &functions) const
{
    std::vector<Code> codes;
    std::FILE *output = popen(("nm -C -S --defined-only '" + library_ + "' 2>/dev/null").c_str(), "r");
    char line[8192];
    while (output && std::fgets(line, sizeof line, output)) { // "address size kind name"
        unsigned long long address = 0;
        unsigned long long size = 0;
        int name = 0;
        if (std::sscanf(line, "%llx %llx %*c %n", &address, &size, &name) != 2)
            continue;
        for (const std::string &function : functions)
            if (without_return_type(line + name).starts_with(function))
                codes.push_back({address, address + size});
    }
    if (output)
        pclose(output);
    std::sort(codes.begin(), codes.end(), [](const Code &a, const Code &b) { return a.begin < b.begin; });
    return codes;
}

void Symbols::ask_for(const std::vector<std::uint64_t> &offsets)
{
    std::string command = "addr2line -a -i -f -C -e '" + library_ + "'";
    bool any = false;
    for (const std::uint64_t offset : offsets)
        if (known_.try_emplace(offset).second) {
            any = true;
            char number[32];
            std::snprintf(number, sizeof number, " %#llx", static_cast<unsigned long long>(offset));
            command += number;
        }
    if (!any)
        return; // without a number addr2line would wait for one to be typed
    std::FILE *output = popen((command + " 2>/dev/null").c_str(), "r");
    std::vector<Place> *list = nullptr;
    char line[8192];
    while (output && std::fgets(line, sizeof line, output)) {
        if (line[0] == '0' && line[1] == 'x') { // what follows belongs to this one
            list = &known_[std::strtoull(line, nullptr, 16)];
            continue;
        }
        Place place{without_newline(line), {}};
        if (std::fgets(line, sizeof line, output))
            place.where = short_place(without_newline(line));
        if (list)
            list->push_back(place);
    }
    if (output)
        pclose(output);
}

const std::vector<Symbols::Place> &Symbols::places(std::uint64_t offset)
{
    if (!known_.contains(offset))
        ask_for({offset});
    return known_[offset];
}

std::string Symbols::describe(const Site &site)
{
    std::string text = name_of(site.call, site.request) + " in ";
    bool first = true;
    for (const std::uint64_t frame : site.frames) {
        if (frame == 0)
            break;
        for (const Place &place : places(frame)) {
            if (place.function.starts_with("std::") || place.function.starts_with("operator")
                || place.function.find("__gnu_cxx") == 0)
                continue; // the standard library, inlined
            text += (first ? "" : " < ") + short_name(place.function) + " (" + place.where + ")";
            first = false;
        }
    }
    return text;
}

bool Symbols::mentions(const Site &site, const std::string &function)
{
    for (const std::uint64_t frame : site.frames)
        if (frame != 0)
            for (const Place &place : places(frame))
                if (place.function.find(function) != std::string::npos)
                    return true;
    return false;
}

} // namespace torture
