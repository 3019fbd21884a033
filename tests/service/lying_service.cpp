// SPDX-License-Identifier: MIT
// Services that do not keep to the rules: the client hears of it in the end, and does not read what nobody has given it.
#include "raw_message.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

using namespace ufomem;
using namespace ufomem::service;

namespace {

constexpr std::size_t array_bytes = 256 * KiB;

/// Of so many bytes of pattern().
kernel::File pattern_memory(std::size_t size)
{
    kernel::File memory(memfd_create("ufomem-lie", MFD_CLOEXEC));
    std::vector<std::uint8_t> data(size);
    for (std::size_t i = 0; i < size; ++i)
        data[i] = pattern(i);
    if (write(memory.descriptor(), data.data(), size) != static_cast<ssize_t>(size))
        std::abort();
    return memory;
}

/// Listens, and says what it likes to the one client that comes, and comes again.
struct Liar {
    kernel::UnixSocket listening, socket;

    bool listen_at(const std::string &path)
    {
        Result<kernel::UnixSocket> made = kernel::UnixSocket::listen_at(path.c_str(), 0600);
        return made.ok() && (listening = std::move(*made));
    }
    bool wait_for_client()
    {
        return eventually([&] { return static_cast<bool>(socket = listening.accept()); }) && socket.limit_waiting(std::chrono::seconds(60)).ok();
    }
    template <class Answer> bool say(const Answer &answer, int descriptor = -1) { return socket.send(bytes_of(answer), descriptor).ok(); }
    bool give_array(std::size_t bytes = array_bytes)
    {
        Result<Opened> opened = asked_for_array();
        if (!opened.ok())
            return false;
        opened->bytes = bytes;
        return say(*opened, pattern_memory(bytes).descriptor());
    }
    template <class Request> bool take_and_say_done()
    {
        Result<Request> request = receive_as<Request>(socket);
        return request.ok() && say(make<Done>(request->head.number));
    }
    bool has_gone()
    {
        alignas(Head) std::byte room[most_message_bytes];
        Result<kernel::UnixSocket::Received> received = socket.receive(room);
        return !received.ok() || received->size == 0;
    }
    bool greet()
    {
        Result<Hello> hello = receive_as<Hello>(socket);
        const kernel::File process(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0U)));
        return hello.ok() && process && say(make<Welcome>(hello->head.number), process.descriptor());
    }
    Result<Opened> asked_for_array()
    {
        Result<OpenName> request = receive_as<OpenName>(socket);
        if (!request.ok())
            return request.status();
        Opened opened = make<Opened>(request->head.number);
        opened.region = 7;
        opened.bytes = array_bytes;
        opened.element_size = 1;
        opened.chunk_bytes = 64 * KiB;
        return opened;
    }
};

void lie(const std::function<int(Liar &)> &service, const std::function<int(const std::string &)> &client)
{
    Folder folder;
    const std::string path = folder.file("socket");
    Common<std::atomic<bool>> ready;
    Process liar([&] {
        Liar one;
        CHECK(one.listen_at(path));
        ready->store(true);
        CHECK(one.wait_for_client());
        return service(one);
    });
    assert_true(eventually([&] { return ready->load(); }));
    Process honest([&] { return client(path); });
    assert_int_equal(honest.wait(), 0);
    assert_int_equal(liar.wait(), 0);
}

int cannot_connect(const std::string &path, Code code)
{
    const Status status = Client::connect(path, {}).status();
    CHECK(status.code == code);
    return 0;
}

int cannot_open(const std::string &path, Code code)
{
    Result<std::shared_ptr<Client>> client = Client::connect(path, {});
    CHECK(client.ok());
    const Status status = (*client)->open_name("array").status();
    CHECK(status.code == code);
    return 0;
}

void silence(void **)
{
    lie([](Liar &liar) {
        CHECK(receive_as<Hello>(liar.socket).ok());
        return 0; // and closes
    }, [](const std::string &path) { return cannot_connect(path, Code::closed); });
}

void noise(void **)
{
    lie([](Liar &liar) {
        CHECK(receive_as<Hello>(liar.socket).ok());
        const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
        CHECK(liar.socket.send(std::as_bytes(std::span(text))).ok());
        CHECK(liar.has_gone());
        return 0;
    }, [](const std::string &path) { return cannot_connect(path, Code::invalid); });
}

void answers_to_another_question(void **)
{
    lie([](Liar &liar) {
        CHECK(liar.take_and_say_done<Hello>());
        CHECK(liar.has_gone());
        return 0;
    }, [](const std::string &path) { return cannot_connect(path, Code::system); });
}

/// What has been waited for in vain before may come late, but not for ever.
void answers_without_end(void **)
{
    lie([](Liar &liar) {
        Result<Hello> hello = receive_as<Hello>(liar.socket);
        CHECK(hello.ok());
        while (liar.say(make<Done>(hello->head.number + 1))) {
        }
        return 0;
    }, [](const std::string &path) { return cannot_connect(path, Code::system); });
}

void arrays_of_no_sense(void **)
{
    for (int part = 0; part < 4; ++part)
        lie([part](Liar &liar) {
            CHECK(liar.greet());
            Result<Opened> opened = liar.asked_for_array();
            CHECK(opened.ok());
            std::uint64_t *const parts[] = {&opened->bytes, &opened->element_size, &opened->chunk_bytes, &opened->bytes};
            *parts[part] = part == 3 ? UINT64_MAX : 0;
            CHECK(liar.say(*opened, pattern_memory(array_bytes).descriptor()));
            Result<Detach> detach = receive_as<Detach>(liar.socket);
            CHECK(detach.ok() && detach->region == opened->region);
            CHECK(liar.say(make<Done>(detach->head.number)));
            CHECK(liar.has_gone());
            return 0;
        }, [](const std::string &path) { return cannot_open(path, Code::system); });
}

/// What cannot be mapped, and what the kernel does not report absent pages of.
void memory_of_another_kind(void **)
{
    for (int kind = 0; kind < 2; ++kind)
        lie([kind](Liar &liar) {
            CHECK(liar.greet());
            Result<Opened> opened = liar.asked_for_array();
            CHECK(opened.ok());
            const kernel::File wrong(kind == 0 ? eventfd(0, EFD_CLOEXEC) : open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
            CHECK(liar.say(*opened, wrong.descriptor()));
            CHECK(liar.take_and_say_done<Detach>());
            CHECK(liar.has_gone());
            return 0;
        }, [](const std::string &path) {
            Result<std::shared_ptr<Client>> client = Client::connect(path, {});
            CHECK(client.ok());
            CHECK(!(*client)->open_name("array").ok());
            return 0;
        });
}

void less_memory_than_was_said(void **)
{
    lie([](Liar &liar) {
        CHECK(liar.greet());
        Result<Opened> opened = liar.asked_for_array();
        CHECK(opened.ok());
        CHECK(liar.say(*opened, pattern_memory(array_bytes / 2).descriptor()));
        CHECK(liar.take_and_say_done<Attach>());
        CHECK(liar.take_and_say_done<Detach>());
        return 0;
    }, [](const std::string &path) {
        return with_array(path, [&](ClientRegion &region) {
            CHECK(is_pattern(region.data(), 0, array_bytes / 2));
            std::uint8_t value = 0;
            CHECK(guarded_load(region.data() + array_bytes / 2, value) == SIGBUS);
            CHECK(!region.touch({0, array_bytes}).ok());
            std::vector<std::byte> copy(array_bytes);
            CHECK(!region.read({0, array_bytes}, copy.data()).ok());
            return 0;
        });
    });
}

/// An array that was asked for in vain is given back when its answer comes late.
void late_arrays(void **)
{
    lie([](Liar &liar) {
        CHECK(liar.greet());
        Result<Opened> opened = liar.asked_for_array();
        CHECK(opened.ok());
        Opened late = *opened;
        late.head.number -= 1;
        late.region = 6;
        const kernel::File memory = pattern_memory(array_bytes);
        CHECK(liar.say(late, memory.descriptor()));
        Result<Detach> detach = receive_as<Detach>(liar.socket);
        CHECK(detach.ok() && detach->region == late.region);
        CHECK(liar.say(*opened, memory.descriptor()));
        CHECK(liar.take_and_say_done<Attach>());
        CHECK(liar.take_and_say_done<Detach>());
        return 0;
    }, [](const std::string &path) {
        return with_array(path, [&](ClientRegion &region) {
            CHECK(is_pattern(region.data(), 0, array_bytes));
            return 0;
        });
    });
}

void arrays_that_cannot_be_attached(void **)
{
    lie([](Liar &liar) {
        CHECK(liar.greet());
        CHECK(liar.give_array());
        Result<Attach> attach = receive_as<Attach>(liar.socket);
        CHECK(attach.ok());
        Failed failed = make<Failed>(attach->head.number);
        failed.code = static_cast<std::int32_t>(Code::limit);
        std::strcpy(failed.text, "not today");
        CHECK(liar.say(failed));
        CHECK(liar.take_and_say_done<Detach>());
        return 0;
    }, [](const std::string &path) { return cannot_open(path, Code::limit); });
}

/// The array of a successor is another one: what was there is lost, and not replaced.
void another_array_by_the_same_name(void **)
{
    Common<std::atomic<bool>> seen;
    lie([&](Liar &liar) {
        CHECK(liar.greet() && liar.give_array() && liar.take_and_say_done<Attach>());
        CHECK(eventually([&] { return seen->load(); }));
        liar.socket = kernel::UnixSocket();
        CHECK(liar.wait_for_client() && liar.greet() && liar.give_array(2 * array_bytes));
        CHECK(liar.take_and_say_done<Detach>());
        CHECK(liar.has_gone());
        return 0;
    }, [&](const std::string &path) {
        return with_array(path, [&](ClientRegion &region) {
            CHECK(is_pattern(region.data(), 0, array_bytes));
            seen->store(true);
            CHECK(eventually([&] { return region.touch({0, 1}).code == Code::closed && std::strstr(last_error(), "another one"); }));
            std::uint8_t value = 0;
            CHECK(guarded_load(region.data(), value) == SIGBUS);
            return 0;
        });
    });
}

void note_refusal(void *refused, std::int32_t level, const char *text)
{
    if (level == static_cast<std::int32_t>(LogLevel::error) && std::strstr(text, "65534"))
        static_cast<std::atomic<bool> *>(refused)->store(true);
}

/// Who listens where the service has been is not the service if he is another user.
void successor_of_another_user(void **)
{
    if (geteuid() != 0) {
        std::fprintf(stderr, "skipped: two users are needed, and only root can be both\n");
        skip();
    }
    Common<std::atomic<bool>> seen, refused;
    lie([&](Liar &liar) {
        CHECK(liar.greet() && liar.give_array() && liar.take_and_say_done<Attach>());
        CHECK(eventually([&] { return seen->load(); }));
        sockaddr_un address{};
        socklen_t size = sizeof address;
        CHECK(getsockname(liar.listening.descriptor(), reinterpret_cast<sockaddr *>(&address), &size) == 0);
        const std::string path = address.sun_path;
        CHECK(chmod(path.substr(0, path.rfind('/')).c_str(), 0777) == 0 && unlink(path.c_str()) == 0);
        constexpr uid_t nobody = 65534;
        CHECK(seteuid(nobody) == 0 && liar.listen_at(path) && seteuid(0) == 0);
        liar.socket = kernel::UnixSocket();
        while (!refused->load()) {
            CHECK(liar.wait_for_client() && liar.greet());
            CHECK(liar.has_gone());
        }
        return 0;
    }, [&](const std::string &path) {
        const Log log(Closure<Log::Function>(note_refusal, &*refused, nullptr));
        return with_array(path, [&](ClientRegion &region) {
            CHECK(is_pattern(region.data(), 0, array_bytes));
            seen->store(true);
            CHECK(eventually([&] { return refused->load(); }));
            CHECK(region.touch({0, 1}).code == Code::closed);
            return 0;
        }, log);
    });
}

/// Pins come to an end, whatever the service says.
void pins_that_are_never_complete(void **)
{
    lie([](Liar &liar) {
        CHECK(liar.greet());
        CHECK(liar.give_array() && liar.take_and_say_done<Attach>());
        for (int i = 0; i < 1000; ++i) {
            Result<Pin> pin = receive_as<Pin>(liar.socket);
            if (!pin.ok())
                return 0; // it is closed, then
            CHECK(liar.say(make<Pinned>(pin->head.number)));
        }
        return 1;
    }, [](const std::string &path) {
        return with_array(path, [&](ClientRegion &region) {
            CHECK(region.pin({0, 4096}).code == Code::budget);
            CHECK(region.unpin({0, 4096}).code == Code::not_pinned);
            CHECK(region.pin({4096, 0}).ok() && region.unpin({4096, 0}).ok());
            return 0;
        });
    });
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(silence),
        cmocka_unit_test(noise),
        cmocka_unit_test(answers_to_another_question),
        cmocka_unit_test(answers_without_end),
        cmocka_unit_test(arrays_of_no_sense),
        cmocka_unit_test(memory_of_another_kind),
        cmocka_unit_test(less_memory_than_was_said),
        cmocka_unit_test(late_arrays),
        cmocka_unit_test(arrays_that_cannot_be_attached),
        cmocka_unit_test(another_array_by_the_same_name),
        cmocka_unit_test(successor_of_another_user),
        cmocka_unit_test(pins_that_are_never_complete),
    };
    return RUN(tests);
}
