// SPDX-License-Identifier: MIT
#include "callback.hpp"

#include "../home.hpp"
#include "../kernel/process.hpp"
#include "../kernel/memory.hpp"
#include "../wait_graph.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

namespace ufomem {
namespace {

bool are_whole_elements(const Geometry &geometry, ByteRange data)
{
    return data.offset % geometry.element_size() == 0 && data.length % geometry.element_size() == 0;
}

Result<kernel::Mapping> scratch(std::size_t bytes)
{
    return kernel::map_private(round_up(bytes, kernel::page_size()), kernel::Protection::read_write);
}

} // namespace

Status CallbackSource::populate(ElementRange elements, std::byte *out)
{
    std::int32_t code = 0;
    try {
        code = populate_.function()(populate_.user_data(), elements.first, elements.count, out);
    } catch (...) {
        return fail(Code::populate, "populate of elements [%zu, %zu) threw a C++ exception; catch it inside the callback and return a code",
                    elements.first, elements.first + elements.count);
    }
    if (code != 0)
        return fail_callback(Code::populate, code, "populate of elements [%zu, %zu) returned %d", elements.first,
                             elements.first + elements.count, code);
    return {};
}

Status CallbackSource::write_back(ElementRange elements, const std::byte *in)
{
    const AwayFromHome away;
    std::int32_t code = 0;
    try {
        code = writeback_.function()(writeback_.user_data(), elements.first, elements.count, in);
    } catch (...) {
        return fail(Code::writeback, "writeback of elements [%zu, %zu) threw a C++ exception; catch it inside the callback and return a code",
                    elements.first, elements.first + elements.count);
    }
    if (code != 0)
        return fail_callback(Code::writeback, code, "writeback of elements [%zu, %zu) returned %d; they stay in memory", elements.first,
                             elements.first + elements.count, code);
    return {};
}

std::size_t CallbackSource::scratch_bytes(const Geometry &geometry, ByteRange data) const
{
    if (are_whole_elements(geometry, data))
        return 0;
    return round_up(geometry.bytes_of(geometry.elements_meeting(data)).length, kernel::page_size());
}

Status CallbackSource::load(const Geometry &geometry, ByteRange data, std::byte *out)
{
    const ElementRange elements = geometry.elements_meeting(data);
    if (are_whole_elements(geometry, data))
        return populate(elements, out);
    const ByteRange window = geometry.bytes_of(elements);
    Result<kernel::Mapping> buffer = scratch(window.length);
    if (!buffer.ok())
        return buffer.status();
    if (Status status = populate(elements, buffer->data()); !status.ok())
        return status;
    std::memcpy(out, buffer->data() + (data.offset - window.offset), data.length);
    return {};
}

Status CallbackSource::store(const Geometry &geometry, ByteRange data, const std::byte *in)
{
    const ElementRange elements = geometry.elements_meeting(data);
    if (are_whole_elements(geometry, data))
        return write_back(elements, in);

    // The callbacks may wait for other chunks, and those for us: the wait graph has to know.
    WaitGraph &graph = WaitGraph::of_process();
    const pid_t thread = kernel::this_thread();
    const auto key = reinterpret_cast<WaitGraph::Key>(&merging_);
    while (!merging_.try_lock()) {
        const WaitGraph::Entry waiting(graph, nullptr, thread, WaitGraph::nothing, key);
        if (graph.closes_cycle(thread, key))
            return fail(Code::deadlock, "elements [%zu, %zu) are written back by a callback that waits for them", elements.first, elements.first + elements.count);
        const timespec moment{0, 100'000};
        nanosleep(&moment, nullptr);
    }
    Status status;
    {
        const WaitGraph::Entry merging(graph, nullptr, thread, key, WaitGraph::nothing);
        status = merge(geometry, data, in);
    }
    merging_.unlock();
    return status;
}

/// The elements at either end belong to a neighbour as well: its part comes from the store, where it arrives when the neighbour is written
/// back itself.
Status CallbackSource::merge(const Geometry &geometry, ByteRange data, const std::byte *in)
{
    const ElementRange elements = geometry.elements_meeting(data);
    const ByteRange window = geometry.bytes_of(elements);
    Result<kernel::Mapping> buffer = scratch(window.length);
    if (!buffer.ok())
        return buffer.status();
    const std::size_t size = geometry.element_size();
    if (data.offset != window.offset)
        if (Status status = populate({elements.first, 1}, buffer->data()); !status.ok())
            return status;
    if (data.end() != window.end())
        if (Status status = populate({elements.first + elements.count - 1, 1}, buffer->data() + window.length - size); !status.ok())
            return status;
    std::memcpy(buffer->data() + (data.offset - window.offset), in, data.length);
    return write_back(elements, buffer->data());
}

} // namespace ufomem
