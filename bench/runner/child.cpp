// SPDX-License-Identifier: MIT
#include "runner/child.hpp"

#include "common/die.hpp"
#include "common/numbers.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace bench {

namespace {

std::string read_all(int fd)
{
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(fd, buffer, sizeof(buffer))) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    return text;
}

Figures parse(const std::string &text)
{
    Figures figures;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::size_t space = text.find(' ', at);
        if (space < end)
            figures[text.substr(at, space - at)] = text.substr(space + 1, end - space - 1);
        at = end + 1;
    }
    return figures;
}

bool succeeded(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die_of_errno("waitpid");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

Figures run_program(const std::string &program, const std::vector<std::string> &arguments)
{
    std::vector<char *> argv = {const_cast<char *>(program.c_str())};
    for (const std::string &argument : arguments)
        argv.push_back(const_cast<char *>(argument.c_str()));
    argv.push_back(nullptr);

    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        die_of_errno("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    pid_t child = 0;
    errno = posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    if (errno != 0)
        die_of_errno(program);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    const std::string text = read_all(ends[0]);
    close(ends[0]);
    return succeeded(child) ? parse(text) : Figures{};
}

void warm_memory(std::size_t bytes)
{
    const pid_t child = fork();
    if (child < 0)
        die_of_errno("fork");
    if (child == 0) {
        // In huge pages: a virtual machine may have given free ones back to its host (free page reporting, Linux 5.7), and small ones are parts of them.
        void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            _exit(EXIT_FAILURE);
        (void)madvise(memory, bytes, MADV_HUGEPAGE);
        for (std::size_t at = 0; at < bytes; at += 4096)
            static_cast<volatile char *>(memory)[at] = 1;
        _exit(EXIT_SUCCESS);
    }
    (void)succeeded(child); // without it the run is only less well prepared
}

void warm_file(const std::string &path)
{
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die_of_errno(path);
    std::vector<char> buffer(1 << 20);
    while (read(fd, buffer.data(), buffer.size()) > 0) {
    }
    close(fd);
}

void make_number_file(const std::string &path, std::size_t bytes)
{
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        die_of_errno(path);
    std::vector<Element> buffer((1 << 20) / sizeof(Element));
    for (std::size_t at = 0; at < bytes; at += buffer.size() * sizeof(Element)) {
        generate(at / sizeof(Element), buffer.size(), buffer.data());
        const std::size_t length = std::min(buffer.size() * sizeof(Element), bytes - at);
        if (write(fd, buffer.data(), length) != static_cast<ssize_t>(length))
            die_of_errno(path);
    }
    if (fdatasync(fd) != 0) // or writing it out would disturb the first runs
        die_of_errno(path);
    close(fd);
}

} // namespace bench
