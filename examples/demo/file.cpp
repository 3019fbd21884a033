// SPDX-License-Identifier: MIT
// Job two: a file as an array of bytes.  Its histogram through the array has to be the one that plain reads give.
#include "jobs.hpp"

#include "text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace demo {

namespace {

/// A descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor()
    {
        if (fd_ >= 0)
            close(fd_);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    [[nodiscard]] int get() const { return fd_; }
    /// A name under which the file can be opened even when it has none in a directory.
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

  private:
    int fd_;
};

class Histogram {
  public:
    void add(const unsigned char *bytes, std::size_t count)
    {
        // Four tables in turn, or a run of equal bytes would wait for itself.
        for (std::size_t i = 0; i < count; i++)
            tables_[i % 4][bytes[i]]++;
    }

    [[nodiscard]] std::array<std::uint64_t, 256> frequencies() const
    {
        std::array<std::uint64_t, 256> sum = {};
        for (const auto &table : tables_)
            for (std::size_t byte = 0; byte < sum.size(); byte++)
                sum[byte] += table[byte];
        return sum;
    }

  private:
    std::array<std::array<std::uint64_t, 256>, 4> tables_ = {};
};

using Buffer = std::unique_ptr<unsigned char, decltype(&std::free)>;

/// Aligned to pages: the kernel copies faster to such memory.
Buffer make_buffer()
{
    return {static_cast<unsigned char *>(std::aligned_alloc(4096, block_bytes)), &std::free};
}

/// Bytes that are neither all equal nor all equally frequent.
void scramble(unsigned char *bytes, std::size_t count, std::uint64_t &state)
{
    for (std::size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        bytes[i] = static_cast<unsigned char>((state >> 56) & (state >> 48));
    }
}

/// A file without a name: however the program ends, nothing stays behind.  -1 on error, which has been told then.
int make_file(Stage &stage, std::uint64_t bytes)
{
    const char *directory = std::getenv("TMPDIR");
    std::string path = std::string(directory == nullptr || *directory == '\0' ? "/var/tmp" : directory) + "/ufomem-demo-XXXXXX";
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) {
        fail(stage, "make " + path, std::strerror(errno));
        return -1;
    }
    unlink(path.c_str());

    stage.screen.begin("make a file", bytes, 1);
    const Buffer buffer = make_buffer();
    std::uint64_t state = 1;
    for (std::uint64_t done = 0; done < bytes;) {
        scramble(buffer.get(), block_bytes, state);
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, bytes - done));
        const ssize_t written = write(fd, buffer.get(), wanted);
        if (written <= 0) {
            fail(stage, "write to " + path, std::strerror(errno));
            close(fd);
            return -1;
        }
        done += static_cast<std::uint64_t>(written);
        stage.screen.update(done, 0, stage.budget);
    }
    fdatasync(fd); // or writing it out would disturb what comes next
    stage.screen.end(true, size(bytes) + " without a name in " + path.substr(0, path.rfind('/')));
    return fd;
}

Region make_region(ufo_core *core, const std::string &path, std::uint64_t bytes)
{
    const Config config(ufo_config_new());
    if (ufo_config_set_elements(config.get(), bytes, 1) != UFO_OK ||
        ufo_config_set_file(config.get(), path.c_str(), 0, 0) != UFO_OK || ufo_config_set_read_only(config.get(), 1) != UFO_OK)
        return nullptr;
    return Region(ufo_new(core, config.get()));
}

bool count_by_reads(Stage &stage, int fd, std::uint64_t bytes, Histogram &histogram)
{
    const Buffer buffer = make_buffer();
    Job job(stage, "histogram, plain reads", bytes, 1, false);
    std::uint64_t done = 0;
    while (done < bytes) {
        const ssize_t got = pread(fd, buffer.get(), block_bytes, static_cast<off_t>(done));
        if (got <= 0)
            break;
        histogram.add(buffer.get(), static_cast<std::size_t>(got));
        done += static_cast<std::uint64_t>(got);
        job.done(done);
    }
    job.end(done == bytes, done == bytes ? "to compare with" : "the file could not be read to its end");
    return done == bytes;
}

void count_by_array(Stage &stage, const unsigned char *array, std::uint64_t bytes, const Histogram &expected)
{
    Job job(stage, "histogram, lazy array", bytes, 1);
    Histogram histogram;
    for (std::uint64_t done = 0; done < bytes;) {
        const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, bytes - done));
        histogram.add(array + done, now);
        done += now;
        job.done(done);
    }
    const bool same = histogram.frequencies() == expected.frequencies();
    job.end(same, same ? "the same histogram" : "the histogram is WRONG");
}

} // namespace

void file_jobs(Stage &stage, const std::string &path, std::uint64_t size_if_made)
{
    const Descriptor file(path.empty() ? make_file(stage, size_if_made) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status = {};
    if (file.get() < 0 || fstat(file.get(), &status) != 0)
        return path.empty() ? void() : fail(stage, path, std::strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return fail(stage, path, "is not a regular file with something in it");
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    if (bytes <= stage.budget)
        std::printf("    %s has %s and fits into the budget: nothing of it will have to leave memory.\n", path.c_str(),
                    size(bytes).c_str());

    Histogram expected;
    if (!count_by_reads(stage, file.get(), bytes, expected))
        return;
    const Region region = make_region(stage.core, file.path(), bytes);
    const auto *array = static_cast<const unsigned char *>(ufo_data(region.get()));
    if (array == nullptr)
        return fail(stage, "file as an array", ufo_last_error());
    count_by_array(stage, array, bytes, expected);
}

} // namespace demo
