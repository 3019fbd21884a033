// SPDX-License-Identifier: MIT
// ufo_residency.
#include "handles.hpp"
#include "immortal.hpp"

using namespace ufomem;
using namespace ufomem::capi;

namespace {

constexpr std::uint32_t version = 1;

using Word = std::atomic<ChunkWord::Bits>;
static_assert(sizeof(Word) == sizeof(uint32_t) && Word::is_always_lock_free);

ufo_residency describe(const Region &region)
{
    const Geometry &geometry = region.geometry();
    ufo_residency residency{};
    residency.version = version;
    residency.chunk_shift = geometry.chunk_shift();
    residency.chunk_bytes = geometry.chunk_bytes();
    residency.chunks = geometry.chunk_count();
    residency.words = reinterpret_cast<uint32_t *>(&region.words().at(ChunkIndex{0}));
    residency.data = reinterpret_cast<unsigned char *>(region.body());
    residency.mask = ChunkWord::outside_mask;
    residency.resident = ChunkWord::outside_resident;
    residency.dirty = region.read_only() ? 0 : ChunkWord::dirty;
    residency.one_hold = ChunkWord::one_hold;
    residency.holds = ChunkWord::holds_mask;
    residency.waiters = ChunkWord::waiters;
    return residency;
}

} // namespace

namespace ufomem::capi {

HandlePool<ResidencyHandle> &residencies() noexcept
{
    static Immortal<HandlePool<ResidencyHandle>> pool;
    return pool.get();
}

} // namespace ufomem::capi

extern "C" {

ufo_status ufo_residency_open(ufo *region, ufo_residency *residency)
{
    return guarded([&]() -> Status {
        if (!residency || residency->struct_size < sizeof *residency)
            return fail(Code::invalid, "residency is NULL, or its struct_size is not set; set it to sizeof(ufo_residency)");
        Result<Visit<AnyRegion>> inside = enter(region);
        if (!inside.ok())
            return inside.status();
        Region *const of_core = (*inside)->of_core();
        if (!of_core)
            return fail(Code::unsupported, "another process says which elements of a shared region are resident; use ufo_touch or ufo_read");
        Result<std::shared_ptr<Residency>> opened = of_core->open_residency();
        if (!opened.ok())
            return opened.status();
        ResidencyHandle *handle = make_handle(residencies());
        if (!handle)
            return Status{Code::nomem}; // make_handle() has said so
        handle->process = kernel::this_process();
        handle->residency = std::move(*opened);
        ufo_residency all = describe(*of_core);
        all.owner = handle;
        copy_out(all, *residency);
        return {};
    });
}

void ufo_residency_wake(const ufo_residency *residency, size_t chunk)
{
    if (residency && residency->words && chunk < residency->chunks)
        Residency::wake(*reinterpret_cast<Word *>(residency->words + chunk));
}

void ufo_residency_close(ufo_residency *residency)
{
    if (!residency || !residency->owner)
        return;
    const CancelGuard guard;
    auto *handle = static_cast<ResidencyHandle *>(residency->owner);
    ufo_residency closed{};
    closed.struct_size = residency->struct_size;
    *residency = closed;
    // A child has wiped words, and nothing mapped at the addresses: what was the parent's stays alone.
    if (handle->process != kernel::this_process() || !retire(handle, "residency"))
        return;
    handle->residency.reset();
    residencies().give(handle);
}

} // extern "C"
