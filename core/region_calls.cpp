// SPDX-License-Identifier: MIT
// The calls on ranges: the calling thread makes chunks resident itself, without a fault.
#include "region.hpp"

#include "glance.hpp"

#include <algorithm>
#include <cstring>

namespace ufomem {

Status Region::touch(ElementRange range) noexcept
{
    const ChunkRange chunks = geometry_->chunks_meeting(geometry_->bytes_of(range));
    FirstFailure first;
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk) {
        const Status status = ensure(chunk, Access::read, Keep::nothing);
        first.note(status);
        if (status.code == Code::budget || status.code == Code::nomem || status.code == Code::deadlock)
            break; // the next chunk would fare no better
    }
    return first.report();
}

/// Runs pin_one(chunk) on all chunks of the range, or on none.
template <class PinOne> Status Region::pin_each(ElementRange range, PinOne pin_one) noexcept
{
    const ChunkRange chunks = geometry_->chunks_meeting(geometry_->bytes_of(range));
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk) {
        if (Status status = pin_one(chunk); !status.ok()) {
            const Failure failure = Failure::of_this_thread(status);
            unpin_chunks({chunks.first, chunk.value - chunks.first.value});
            return failure.report();
        }
        handle_.stay(1); // before the pin is counted: the region's end waits for users that have no pin
        pins_.fetch_add(1);
    }
    return {};
}

Status Region::pin(ElementRange range) noexcept
{
    return pin_each(range, [this](ChunkIndex chunk) { return ensure(chunk, Access::read, Keep::pin); });
}

Status Region::pin_write(ElementRange range) noexcept
{
    if (options_.read_only)
        return fail(Code::read_only,
                    "the region is read-only; make it without ufo_config_set_read_only to write to it");
    return pin_each(range, [this](ChunkIndex chunk) {
        Status status = ensure(chunk, Access::write, Keep::hold);
        if (!status.ok())
            return status;
        if (!look(chunk).takes_stores())
            status = make_dirty(chunk);
        if (status.ok())
            status = ensure(chunk, Access::write,
                            Keep::pin); // it is resident, and cannot be written out before the hold ends
        unhold(chunk);
        return status;
    });
}

bool Region::pin_resident(ElementRange range) noexcept
{
    return pin_each(range,
                    [this](ChunkIndex chunk) {
                        for (ChunkWord seen = look(chunk);
                             seen.can_hold() && seen.pins() < ChunkWord::pins_mask / ChunkWord::one_pin;)
                            if (change(chunk, seen, seen.plus(ChunkWord::one_pin)))
                                return Status{};
                        return Status{Code::stray};
                    })
        .ok();
}

void Region::unpin_chunks(ChunkRange chunks) noexcept
{
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk) {
        ChunkWord seen = look(chunk);
        while (seen.pins() != 0 && !change(chunk, seen, seen.minus(ChunkWord::one_pin))) {
        }
        if (seen.pins() == 0)
            continue; // taken back twice at the same time; the other call reports it
        if (seen.pins() == 1)
            enqueue(chunk);
        pins_.fetch_sub(1);
        handle_.leave(); // the caller is inside, so this is never the last
    }
    engine_.frames.note_progress();
}

Status Region::unpin(ElementRange range) noexcept
{
    const ChunkRange chunks = geometry_->chunks_meeting(geometry_->bytes_of(range));
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk)
        if (look(chunk).pins() == 0)
            return fail(Code::not_pinned,
                        "chunk %zu (elements [%zu, %zu)) is not pinned; unpin what ufo_pin was called for, once",
                        chunk.value, geometry_->elements_meeting(geometry_->data_of(chunk)).first,
                        geometry_->elements_meeting(geometry_->data_of(chunk)).first
                            + geometry_->elements_meeting(geometry_->data_of(chunk)).count);
    unpin_chunks(chunks);
    return {};
}

/// Calls use(pointer into the region, bytes, offset in the range) for the part of the range in each chunk, while that cannot leave.
template <class Use> Status Region::for_each_held(ElementRange range, Access access, Use use) noexcept
{
    const ByteRange bytes = geometry_->bytes_of(range);
    const ChunkRange chunks = geometry_->chunks_meeting(bytes);
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk) {
        if (Status status = ensure(chunk, access, Keep::hold); !status.ok())
            return status;
        Status status;
        if (access == Access::write && !look(chunk).takes_stores())
            status = make_dirty(chunk);
        if (status.ok()) {
            const ByteRange data = geometry_->data_of(chunk);
            const std::size_t begin = std::max(bytes.offset, data.offset);
            const std::size_t end = std::min(bytes.end(), data.end());
            use(body() + begin, end - begin, begin - bytes.offset);
        }
        unhold(chunk);
        if (!status.ok())
            return status;
    }
    return {};
}

Status Region::read(ElementRange range, std::byte *out) noexcept
{
    return for_each_held(range, Access::read, [out](const std::byte *from, std::size_t size, std::size_t at) {
        std::memcpy(out + at, from, size);
    });
}

Status Region::write(ElementRange range, const std::byte *in) noexcept
{
    if (options_.read_only)
        return fail(Code::read_only,
                    "the region is read-only; make it without ufo_config_set_read_only to write to it");
    return for_each_held(range, Access::write,
                         [in](std::byte *to, std::size_t size, std::size_t at) { std::memcpy(to, in + at, size); });
}

/// Calls use(pointer into the region, the chunk's word, bytes) if these are few, in one chunk, and in memory, and nothing has to be waited for.
template <class Use> std::size_t Region::glance_at(Glance &glance, ElementRange range, Use use) noexcept
{
    if (!geometry_->contains(range) || forked() || backing_->may_be_out_of_reach())
        return 0;
    const ByteRange bytes = geometry_->bytes_of(range);
    if (bytes.length == 0 || bytes.length > Glances::most_bytes)
        return 0;
    const ChunkIndex chunk = geometry_->chunk_at(bytes.offset);
    if (geometry_->chunk_at(bytes.end() - 1) != chunk)
        return 0;
    glance.at(&word(chunk));
    const ChunkWord seen{word(chunk).load()};
    if (!seen.is(ChunkState::resident)
        || seen.has(ChunkWord::cleaning | ChunkWord::waiters)) // those who wait are given way in ensure()
        return 0;
    return use(body() + bytes.offset, seen, bytes.length) ? bytes.length : 0;
}

std::size_t Region::touch_at_once(Glance &glance, ElementRange range) noexcept
{
    return glance_at(glance, range, [](const std::byte *, ChunkWord, std::size_t) { return true; });
}

std::size_t Region::read_at_once(Glance &glance, ElementRange range, std::byte *out) noexcept
{
    return glance_at(glance, range, [out](const std::byte *from, ChunkWord, std::size_t size) {
        copy_few(out, from, size);
        return true;
    });
}

std::size_t Region::write_at_once(Glance &glance, ElementRange range, const std::byte *in) noexcept
{
    return glance_at(glance, range, [in](std::byte *to, ChunkWord seen, std::size_t size) {
        if (seen.takes_stores())
            copy_few(to, in, size);
        return seen.takes_stores();
    });
}

void Region::advise(ElementRange range, Advice advice) noexcept
{
    switch (advice) {
    case Advice::normal:
    case Advice::random:
    case Advice::sequential:
        advice_.store(advice, std::memory_order_relaxed);
        break;
    case Advice::willneed: {
        // Not more than fits: what came first would only leave again.
        ChunkRange chunks = geometry_->chunks_meeting(geometry_->bytes_of(range));
        chunks.count = std::min(chunks.count, engine_.budget.low() / geometry_->chunk_bytes());
        if (!loads_only_for_callers())
            engine_.ahead->request(
                {.region = ticket(), .first = chunks.first, .count = chunks.count, .neighbours = true});
        break;
    }
    case Advice::dontneed:
        (void)evict(range);
        break;
    }
}

} // namespace ufomem
