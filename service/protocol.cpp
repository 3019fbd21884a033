// SPDX-License-Identifier: MIT
#include "protocol.hpp"

#include <algorithm>
#include <cstdio>
#include <type_traits>

namespace ufomem::service {
namespace {

struct Shape {
    Kind kind;
    std::size_t size;
    bool carries;
};

template <class Message> constexpr Shape shape_of()
{
    static_assert(std::is_trivially_copyable_v<Message> && std::has_unique_object_representations_v<Message>, "no byte of a message is left undefined");
    static_assert(sizeof(Message) <= most_message_bytes);
    return {Message::kind, sizeof(Message), Message::carries};
}

constexpr Shape shapes[] = {shape_of<Hello>(),       shape_of<Welcome>(),            shape_of<OpenFile>(), shape_of<OpenName>(),
                            shape_of<Opened>(),      shape_of<Attach>(),             shape_of<Retry>(),    shape_of<Detach>(),
                            shape_of<Done>(),        shape_of<Failed>(),             shape_of<Pin>(),      shape_of<Pinned>(),
                            shape_of<Unpin>(),       shape_of<WillNeed>(),           shape_of<RegionStats>(), shape_of<RegionFiguresAnswer>(),
                            shape_of<ServerStats>(), shape_of<ServerFiguresAnswer>()};

/// The least that can come from the other side: what is no failure does not become success.
constexpr Code code_of(std::int32_t code) { return code < 0 && code >= static_cast<std::int32_t>(Code::lost) ? static_cast<Code>(code) : Code::system; }

} // namespace

Result<Kind> kind_of(std::span<const std::byte> message, bool with_descriptor) noexcept
{
    if (message.size() < sizeof(Head))
        return fail(Code::invalid, "a message of %zu bytes is too short to be one", message.size());
    const Head head = read_as<Head>(message);
    if (head.magic != magic)
        return fail(Code::invalid, "a message does not begin as those of the service do; is something else listening, or calling, there?");
    if (head.version != protocol_version)
        return fail(Code::unsupported, "the other side speaks version %u of the protocol, and this one %u; use the same release of the library", head.version,
                    protocol_version);
    const Shape *const shape = std::find_if(std::begin(shapes), std::end(shapes), [&](const Shape &one) { return one.kind == head.kind; });
    if (shape == std::end(shapes))
        return fail(Code::invalid, "there is no message of kind %u", static_cast<unsigned>(head.kind));
    if (head.size != shape->size || message.size() != shape->size)
        return fail(Code::invalid, "a message of kind %u has %zu bytes and says %u, where it should have %zu", static_cast<unsigned>(head.kind), message.size(),
                    head.size, shape->size);
    if (with_descriptor != shape->carries)
        return fail(Code::invalid, "a message of kind %u comes %s a descriptor", static_cast<unsigned>(head.kind), with_descriptor ? "with" : "without");
    return head.kind;
}

Failed make_failed(std::uint32_t number, const Failure &failure) noexcept
{
    Failed failed = make<Failed>(number);
    failed.code = static_cast<std::int32_t>(failure.code);
    std::snprintf(failed.text, sizeof failed.text, "%s", failure.text);
    return failed;
}

Status report(const Failed &failed) noexcept
{
    const auto length = static_cast<int>(strnlen(failed.text, sizeof failed.text));
    if (length == 0)
        return fail(code_of(failed.code), "the service does not say why it failed");
    return fail(code_of(failed.code), "%.*s", length, failed.text);
}

bool is_name(std::span<const char> name) noexcept
{
    const auto end = std::find(name.begin(), name.end(), '\0');
    return end != name.end() && end != name.begin() && name.size() <= OpenName::most && std::all_of(name.begin(), end, [](char c) { return c > ' ' && c < 127; });
}

} // namespace ufomem::service
