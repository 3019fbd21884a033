// SPDX-License-Identifier: MIT
// What the tests of UMap's interface share.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>

#include "support/support.h"
#undef fail // CMocka's; C++ has streams that do

#include "umap/umap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/// An open file that closes itself.
class Opened {
  public:
    explicit Opened(const char *path, int flags = O_RDWR) : descriptor_(open(path, flags | O_CLOEXEC, 0600)) {}
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;
    ~Opened() { close(descriptor_); }
    operator int() const { return descriptor_; }

  private:
    int descriptor_;
};

/// begin_watched(), for tests that share UMap's core, which stays as long as the process.
///
/// Every test of CMocka's begins with handlers of CMocka's own, and begin_watched() replaces those by ours.  Where faults are signals, the core's handlers,
/// which go first, have to be back after that.
inline void begin_mapping(unsigned seconds = 60)
{
    static struct sigaction handlers[2];
    constexpr int signals[] = {SIGSEGV, SIGBUS};
    static bool again = false;
    begin_watched(seconds);
    if (again) {
        for (int i = 0; i < 2; i++)
            sigaction(signals[i], &handlers[i], nullptr);
        return;
    }
    const Opened file(".", O_TMPFILE | O_RDWR);
    assert_int_equal(uunmap(umap(nullptr, 1, PROT_READ, UMAP_PRIVATE, file, 0), 1), 0);
    for (int i = 0; i < 2; i++)
        sigaction(signals[i], nullptr, &handlers[i]);
    again = true;
}

inline unsigned char *map_file(const char *path, std::size_t length, int prot = PROT_READ | PROT_WRITE, off_t offset = 0)
{
    const Opened file(path, prot & PROT_WRITE ? O_RDWR : O_RDONLY);
    void *region = umap(nullptr, length, prot, UMAP_PRIVATE, file, offset);
    assert_ptr_not_equal(region, UMAP_FAILED);
    return static_cast<unsigned char *>(region);
}

/// The call fails, with that errno.
#define assert_errno(call, failure, expected)                                                                          \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        assert_true((call) == (failure));                                                                              \
        assert_int_equal(errno, (expected));                                                                           \
    } while (0)

/// What `body` writes to the standard error stream.
template <class Body> std::string messages_of(Body body)
{
    const Opened file(".", O_TMPFILE | O_RDWR);
    const int before = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    body();
    dup2(before, STDERR_FILENO);
    close(before);
    std::string text(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
    assert_int_equal(pread(file, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
}

inline bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }
