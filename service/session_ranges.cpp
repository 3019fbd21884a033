// SPDX-License-Identifier: MIT
// What a client asks for of the bytes of one of its regions.  None of this waits for a source.
#include "session.hpp"

#include <algorithm>

namespace ufomem::service {
namespace {

/// What a pin of these bytes keeps in memory.
std::size_t size_pinned_by(const Geometry &geometry, ByteRange bytes) { return geometry.chunks_meeting(bytes).count * geometry.chunk_bytes(); }

} // namespace

/// Calls call(region, the elements that the bytes meet, what the client has opened), if all of that is there.
template <class Call> Status Session::on_range(std::uint64_t number, ByteRange bytes, Call call)
{
    Opened_ *opened = nullptr;
    {
        const GuardedLock lock(mutex_); // it stays where it is for as long as this message is being answered
        if (const auto found = regions_.find(number); found != regions_.end())
            opened = &found->second;
    }
    const RegionVisit region = opened ? opened->region->enter() : RegionVisit{};
    if (!region)
        return fail(Code::closed, "region %llu is not open", static_cast<unsigned long long>(number));
    const Geometry &geometry = region->geometry();
    if (bytes.offset > geometry.body_bytes() || bytes.length > geometry.body_bytes() - bytes.offset)
        return fail(Code::range, "the bytes leave the array");
    return call(*region, geometry.elements_meeting(bytes), *opened);
}

Status Session::retry(const Retry &request)
{
    return on_range(request.region, {request.offset, request.bytes}, [&](Region &region, ElementRange elements, Opened_ &) {
        Status status = region.forget_failures(elements);
        return status.ok() ? send(make<Done>(request.head.number)) : status;
    });
}

Status Session::pin(const Pin &request)
{
    const ByteRange bytes{request.offset, request.bytes};
    return on_range(request.region, bytes, [&](Region &region, ElementRange elements, Opened_ &opened) -> Status {
        const std::size_t size = size_pinned_by(region.geometry(), bytes);
        const std::size_t most = host_.limits.pinned_bytes;
        if (size > most - std::min(most, pinned_bytes_))
            return fail(Code::limit, "the client has %zu bytes pinned, and may have %zu; unpin some first, or raise the service's limit", pinned_bytes_, most);
        opened.pins.reserve(opened.pins.size() + 1);
        Pinned pinned = make<Pinned>(request.head.number);
        if (region.pin_resident(elements)) {
            opened.pins.push_back(bytes);
            pinned_bytes_ += size;
            pinned.complete = 1;
        }
        return send(pinned);
    });
}

Status Session::unpin(const Unpin &request)
{
    const ByteRange bytes{request.offset, request.bytes};
    return on_range(request.region, bytes, [&](Region &region, ElementRange elements, Opened_ &opened) -> Status {
        const auto found = std::find(opened.pins.begin(), opened.pins.end(), bytes);
        if (found == opened.pins.end())
            return fail(Code::not_pinned, "these bytes are not pinned");
        opened.pins.erase(found);
        pinned_bytes_ -= size_pinned_by(region.geometry(), bytes);
        Status status = region.unpin(elements);
        return status.ok() ? send(make<Done>(request.head.number)) : status;
    });
}

Status Session::will_need(const WillNeed &request)
{
    return on_range(request.region, {request.offset, request.bytes}, [&](Region &region, ElementRange elements, Opened_ &) {
        region.advise(elements, Advice::willneed);
        return send(make<Done>(request.head.number));
    });
}

Status Session::tell_figures(const RegionStats &request)
{
    return on_range(request.region, {0, 0}, [&](Region &region, ElementRange, Opened_ &) {
        RegionFiguresAnswer answer = make<RegionFiguresAnswer>(request.head.number);
        answer.figures = *region.figures();
        return send(answer);
    });
}

void Session::give_back(const Opened_ &leaving) noexcept
{
    if (leaving.attachment)
        leaving.attachment->leave();
    if (leaving.pins.empty())
        return;
    const RegionVisit region = leaving.region->enter();
    for (const ByteRange &bytes : leaving.pins) {
        pinned_bytes_ -= size_pinned_by(leaving.region->geometry(), bytes);
        if (region)
            (void)region->unpin(region->geometry().elements_meeting(bytes));
    }
}

} // namespace ufomem::service
