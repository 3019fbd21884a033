// SPDX-License-Identifier: MIT
// Files come to the service as descriptors of its clients: also block devices, and what it could not open itself.
#include "processes.hpp"

#include <linux/loop.h>
#include <sys/ioctl.h>

using namespace ufomem;
using namespace ufomem::service;

namespace {

constexpr uid_t nobody = 65534;

int reads(const std::string &service, const kernel::File &file, std::size_t size)
{
    Result<std::shared_ptr<Client>> client = Client::connect(service, {});
    CHECK(client.ok());
    Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(file.descriptor());
    CHECK(region.ok());
    CHECK((*region)->bytes() == size);
    CHECK(is_pattern((*region)->data(), 0, size));
    return 0;
}

/// A file as a block device; empty where there are none to be had.
class LoopDevice {
  public:
    explicit LoopDevice(const std::string &path)
    {
        const kernel::File control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
        const int number = control ? ioctl(control.descriptor(), LOOP_CTL_GET_FREE) : -1;
        if (number < 0)
            return;
        file_ = kernel::File(open(("/dev/loop" + std::to_string(number)).c_str(), O_RDONLY | O_CLOEXEC));
        const kernel::File backing(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file_ && ioctl(file_.descriptor(), LOOP_SET_FD, backing.descriptor()) != 0)
            file_ = kernel::File();
    }
    LoopDevice(const LoopDevice &) = delete;
    LoopDevice &operator=(const LoopDevice &) = delete;
    ~LoopDevice()
    {
        if (file_)
            ioctl(file_.descriptor(), LOOP_CLR_FD);
    }
    const kernel::File &file() const { return file_; }

  private:
    kernel::File file_;
};

/// False if there is none.
bool read_block_device()
{
    Service service;
    const LoopDevice device(service.folder().pattern_file("disk", 3 * MiB));
    if (!device.file())
        return false;
    for (int i = 0; i < 2; ++i) {
        Process client([&] { return reads(service.path(), device.file(), 3 * MiB); });
        assert_int_equal(client.wait(), 0);
    }
    assert_int_equal(service.end(), 0);
    return true;
}

void block_devices_are_read(void **)
{
    if (!read_block_device()) {
        std::fprintf(stderr, "skipped: the kernel gives no loop device to this user\n");
        skip(); // jumps
    }
}

/// One after the other sends a descriptor; what one does to his, with all of the file still to be read, is no harm to the others.
void files_that_the_service_may_not_open(void **)
{
    if (getuid() != 0) {
        std::fprintf(stderr, "skipped: only root can start a service as somebody else\n");
        skip();
    }
    ServiceOptions options;
    options.user = nobody;
    Service service(options);
    const std::string path = service.folder().pattern_file("private", MiB);
    Common<std::atomic<int>> turn;
    Process meddler([&] {
        const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(file.descriptor());
        CHECK(region.ok());
        turn->store(1);
        while (turn->load() == 1)
            CHECK(fcntl(file.descriptor(), F_SETFL, O_DIRECT) == 0); // a read that is not aligned fails
        CHECK(is_pattern((*region)->data(), 0, MiB));
        return 0;
    });
    assert_true(eventually([&] { return turn->load() == 1; }));
    for (int i = 0; i < 6; ++i) { // more than are kept
        Process client([&] {
            const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
            return reads(service.path(), file, MiB);
        });
        assert_int_equal(client.wait(), 0);
    }
    turn->store(2);
    assert_int_equal(meddler.wait(), 0);
    assert_int_equal(service.end(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(block_devices_are_read),
        cmocka_unit_test(files_that_the_service_may_not_open),
    };
    return RUN(tests);
}
