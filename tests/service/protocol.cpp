// SPDX-License-Identifier: MIT
// Messages that are whole and understood are taken; everything else is refused.
#include "unit/unit.hpp"

#include "protocol.hpp"

#include <array>
#include <string>
#include <vector>

using namespace ufomem;
using namespace ufomem::service;

namespace {

template <class Message> void whole_message_is_taken()
{
    const Message message = make<Message>(7);
    Result<Kind> kind = kind_of(bytes_of(message), Message::carries);
    assert_ok(kind);
    assert_true(*kind == Message::kind);
    assert_int_equal(read_as<Message>(bytes_of(message)).head.number, 7);
    assert_fails(kind_of(bytes_of(message), !Message::carries), Code::invalid);
    // Each shorter one, and longer ones.
    std::vector<std::byte> room(2 * most_message_bytes);
    std::memcpy(room.data(), &message, sizeof message);
    for (std::size_t size = 0; size < room.size(); ++size)
        if (size != sizeof message)
            assert_fails(kind_of(std::span(room).first(size), Message::carries), Code::invalid);
    // One that says of itself that it is longer or shorter.
    for (const std::uint32_t size : {0U, static_cast<std::uint32_t>(sizeof message - 1), static_cast<std::uint32_t>(sizeof message + 1), UINT32_MAX}) {
        Message wrong = message;
        wrong.head.size = size;
        assert_fails(kind_of(bytes_of(wrong), Message::carries), Code::invalid);
    }
}

void whole_messages_are_taken(void **)
{
    whole_message_is_taken<Hello>();
    whole_message_is_taken<Welcome>();
    whole_message_is_taken<OpenFile>();
    whole_message_is_taken<OpenName>();
    whole_message_is_taken<Opened>();
    whole_message_is_taken<Attach>();
    whole_message_is_taken<Retry>();
    whole_message_is_taken<Detach>();
    whole_message_is_taken<Done>();
    whole_message_is_taken<Failed>();
}

void others_are_named(void **)
{
    Done message = make<Done>(1);
    message.head.magic ^= 1;
    assert_fails(kind_of(bytes_of(message), false), Code::invalid);
    assert_error_names("does not begin");
    message = make<Done>(1);
    message.head.version = protocol_version + 1;
    assert_fails(kind_of(bytes_of(message), false), Code::unsupported);
    assert_error_names("version");
    for (const unsigned kind : {0U, 99U, 100U, 65535U}) {
        message = make<Done>(1);
        message.head.kind = static_cast<Kind>(kind);
        assert_fails(kind_of(bytes_of(message), false), Code::invalid);
        assert_error_names("no message of kind");
    }
}

/// Garbage that begins like a message is refused too, unless it happens to be one.
void garbage_is_refused(void **)
{
    unit::Random random;
    std::size_t taken = 0;
    for (std::size_t round = 0; round < unit::rounds(100'000); ++round) {
        std::array<std::byte, most_message_bytes> room;
        for (std::byte &byte : room)
            byte = static_cast<std::byte>(random.next());
        if (random.one_in(2)) {
            Head head;
            head.kind = static_cast<Kind>(random.below(20));
            head.size = static_cast<std::uint32_t>(random.below(most_message_bytes + 1));
            std::memcpy(room.data(), &head, sizeof head);
        }
        const std::size_t size = random.below(most_message_bytes + 1);
        const std::span message = std::span(room).first(size);
        if (Result<Kind> kind = kind_of(message, random.one_in(2)); kind.ok()) {
            ++taken;
            assert_int_equal(read_as<Head>(message).size, size);
            assert_true(read_as<Head>(message).kind == *kind);
        }
    }
    assert_true(taken < unit::rounds(100'000) / 100);
}

void failures_travel(void **)
{
    const Failed sent = make_failed(3, Failure::of_this_thread(fail(Code::truncated, "the file ends at byte %d", 17)));
    assert_ok(kind_of(bytes_of(sent), false));
    (void)fail(Code::invalid, "something else");
    assert_fails(report(sent), Code::truncated);
    assert_string_equal(last_error(), "the file ends at byte 17");
}

/// What the other side says cannot make a success of a failure, nor run over the end of its text.
void failures_are_not_trusted(void **)
{
    for (const std::int32_t code : {0, 1, INT32_MAX, INT32_MIN, -1000}) {
        Failed failed = make<Failed>(1);
        failed.code = code;
        assert_fails(report(failed), Code::system);
    }
    Failed failed = make<Failed>(1);
    failed.code = static_cast<std::int32_t>(Code::file);
    std::memset(failed.text, '%', sizeof failed.text);
    assert_fails(report(failed), Code::file);
    assert_true(std::strlen(last_error()) <= sizeof failed.text);
}

void names(void **)
{
    const auto is = [](const char *text) {
        OpenName open = make<OpenName>(0);
        std::memcpy(open.name, text, std::strlen(text) + 1);
        return is_name(open.name);
    };
    assert_true(is("a"));
    assert_true(is("weights/layer-1"));
    assert_true(is(std::string(OpenName::most - 1, 'x').c_str()));
    assert_false(is(""));
    assert_false(is("two words"));
    assert_false(is("line\nfeed"));
    assert_false(is("\xc3\xa4"));
    OpenName open = make<OpenName>(0);
    std::memset(open.name, 'x', sizeof open.name); // no end
    assert_false(is_name(open.name));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(whole_messages_are_taken), cmocka_unit_test(others_are_named),         cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(failures_travel),          cmocka_unit_test(failures_are_not_trusted), cmocka_unit_test(names),
    };
    return RUN(tests);
}
