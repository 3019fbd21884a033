// SPDX-License-Identifier: MIT
// ufo: regions.
#include "handles.hpp"

#include "glance.hpp"
#include "shared_region.hpp"

#include <algorithm>
#include <array>
#include <limits>

using namespace ufomem;
using namespace ufomem::capi;

namespace {

Status make_source(const ufo_config &config, Core::RegionRequest &request)
{
    if (config.writeback && config.source != ufo_config::SourceKind::callback)
        return fail(Code::invalid, "a writeback function needs a populate function; files take changes with UFO_FILE_WRITEBACK");
    switch (config.source) {
    case ufo_config::SourceKind::zero:
        request.options.source = std::make_shared<ZeroSource>();
        return {};
    case ufo_config::SourceKind::callback:
        request.options.source = std::make_shared<CallbackSource>(config.populate, config.writeback, config.caller_only);
        request.geometry.whole_elements = true;
        return {};
    case ufo_config::SourceKind::file: {
        const std::size_t bytes = request.geometry.count * request.geometry.element_size; // checked by set_elements
        request.options.source = std::make_shared<FileSource>(config.file);
        return config.file->check_length(bytes);
    }
    case ufo_config::SourceKind::int_sequence:
        request.options.source = std::make_shared<IntSequence>(config.int_sequence.from, config.int_sequence.step);
        return IntSequence::check(request.geometry.element_size);
    case ufo_config::SourceKind::real_sequence:
        request.options.source = std::make_shared<RealSequence>(config.real_sequence.from, config.real_sequence.step);
        return RealSequence::check(request.geometry.element_size);
    }
    return {};
}

/// A call on elements that have to lie in the array.
template <class Call> ufo_status on_range(ufo *region, size_t first, size_t count, Call call, Admission admission = Admission::open) noexcept
{
    const CancelGuard guard;
    Result<Visit<AnyRegion>> inside = enter(region, admission);
    if (!inside.ok())
        return static_cast<ufo_status>(inside.status().code);
    const ElementRange range{first, count};
    if (!(*inside)->geometry().contains(range))
        return static_cast<ufo_status>(
            fail(Code::range, "elements [%zu, %zu + %zu) leave the array of %zu elements", first, first, count, (*inside)->geometry().count()).code);
    return static_cast<ufo_status>(call(**inside, range).code);
}

/// The bytes of a call on a few that are in memory already; 0 if the call has to be made the ordinary way.
template <class Call> std::size_t at_once(ufo *region, size_t first, size_t count, Call call) noexcept
{
    if (!region)
        return 0;
    Glance glance(region_handle(region));
    return glance.region() ? call(*glance.region(), glance, ElementRange{first, count}) : 0;
}

using FewBytes = std::array<std::byte, Glances::most_bytes>;

template <class Value, class Get> Value ask(const ufo *region, Value otherwise, Get get) noexcept
{
    Result<Visit<AnyRegion>> inside = enter(region);
    return inside.ok() ? get(**inside) : otherwise;
}

Result<RegionHandle *> make_region(const ufo_core *core_handle, const ufo_config &config)
{
    Result<std::shared_ptr<Core>> core = core_or_default(core_handle);
    if (!core.ok())
        return core.status();
    Result<Core::RegionRequest> request = region_request(config);
    if (!request.ok())
        return request.status();
    return (*core)->new_region(std::move(*request));
}

/// As ufo_config_set_shared() says.
Result<RegionHandle *> open_shared(const ufo_config &config)
{
    service::SharedRegion::Request request;
    request.client = config.client;
    request.name = config.shared_name;
    if (config.geometry.header_size != 0)
        return fail(Code::invalid, "a shared region has no header; leave ufo_config_set_header out");
    if (config.delivery != Delivery::automatic)
        return fail(Code::invalid, "the faults of a shared region are the service's; leave ufo_config_set_delivery out");
    if (request.name.empty()) {
        if (config.source != ufo_config::SourceKind::file || config.file->takes_changes || config.file->disk.has_unbuffered())
            return fail(Code::invalid, "a shared region is a file without flags, or has a name; see ufo_config_set_file and ufo_config_set_shared");
        if (config.geometry.count == 0)
            return fail(Code::invalid, "the number of elements is not set; call ufo_config_set_elements");
        request.file = config.file->descriptor();
        request.offset = config.file->offset;
    }
    request.count = config.geometry.count;
    request.element_size = config.geometry.element_size;
    request.min_chunk_elements = config.geometry.min_chunk_elements;
    request.address = config.address;
    return service::SharedRegion::open(request);
}

} // namespace

namespace ufomem::capi {

Result<Core::RegionRequest> region_request(const ufo_config &config)
{
    Core::RegionRequest request;
    request.geometry = config.geometry;
    request.options = config.options;
    request.address = config.address;
    request.delivery = config.delivery;
    constexpr std::size_t default_readahead = 8 * 1024 * 1024;
    const std::size_t element = std::max<std::size_t>(config.geometry.element_size, 1);
    request.options.readahead_bytes = config.readahead_elements == SIZE_MAX ? default_readahead
                                      : config.readahead_elements > std::numeric_limits<std::size_t>::max() / element
                                          ? std::numeric_limits<std::size_t>::max()
                                          : config.readahead_elements * element;
    if (Status status = make_source(config, request); !status.ok())
        return status;
    return request;
}

} // namespace ufomem::capi

extern "C" {

ufo *ufo_new(ufo_core *core_handle, const ufo_config *config)
{
    RegionHandle *handle = nullptr;
    const ufo_status status = guarded([&]() -> Status {
        if (Status valid = check(config, "config"); !valid.ok())
            return valid;
        Result<RegionHandle *> made = config->client ? open_shared(*config) : make_region(core_handle, *config);
        if (made.ok())
            handle = *made;
        return made.status();
    });
    return status == UFO_OK ? public_handle(handle) : nullptr;
}

void ufo_free(ufo *region)
{
    if (!region)
        return;
    const CancelGuard guard;
    {
        Result<Visit<AnyRegion>> inside = enter(region); // reports a second free, and a fork
        if (!inside.ok())
            return;
    }
    (void)AnyRegion::close(region_handle(region));
}

void *ufo_data(const ufo *region)
{
    return ask<void *>(region, nullptr, [](AnyRegion &inside) { return inside.body(); });
}

void *ufo_header(const ufo *region)
{
    return ask<void *>(region, nullptr, [](AnyRegion &inside) { return inside.geometry().header_size() != 0 ? inside.header() : nullptr; });
}

size_t ufo_count(const ufo *region)
{
    return ask<size_t>(region, 0, [](AnyRegion &inside) { return inside.geometry().count(); });
}

size_t ufo_element_size(const ufo *region)
{
    return ask<size_t>(region, 0, [](AnyRegion &inside) { return inside.geometry().element_size(); });
}

size_t ufo_chunk(const ufo *region)
{
    return ask<size_t>(region, 0, [](AnyRegion &inside) {
        const Geometry &geometry = inside.geometry();
        return std::max<std::size_t>(geometry.chunk_bytes() / geometry.element_size(), 1);
    });
}

ufo_delivery ufo_get_delivery(const ufo *region)
{
    Result<Visit<AnyRegion>> inside = enter(region);
    return inside.ok() ? static_cast<ufo_delivery>((*inside)->delivery()) : static_cast<ufo_delivery>(inside.status().code);
}

ufo *ufo_find(ufo_core *core_handle, const void *address)
{
    RegionHandle *found = nullptr;
    (void)guarded([&]() -> Status {
        Result<std::shared_ptr<Core>> core = core_or_default(core_handle);
        if (core.ok())
            found = (*core)->find(address);
        if (!found)
            found = service::SharedRegion::find(address);
        return found ? Status{} : core.status();
    });
    return public_handle(found);
}

ufo_status ufo_touch(ufo *region, size_t first, size_t count)
{
    if (at_once(region, first, count, [](AnyRegion &seen, Glance &glance, ElementRange range) { return seen.touch_at_once(glance, range); }) != 0)
        return UFO_OK;
    return on_range(region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.touch(range); });
}

ufo_status ufo_pin(ufo *region, size_t first, size_t count)
{
    return on_range(region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.pin(range); });
}

ufo_status ufo_pin_write(ufo *region, size_t first, size_t count)
{
    return on_range(region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.pin_write(range); });
}

ufo_status ufo_unpin(ufo *region, size_t first, size_t count)
{
    // The one call that a region still takes while it is being freed: its pins are what it waits for.
    return on_range(
        region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.unpin(range); }, Admission::closing_too);
}

ufo_status ufo_read(ufo *region, size_t first, size_t count, void *out)
{
    FewBytes few; // what the caller gives us may be lazy memory, and have to be waited for
    const auto read = [&few](AnyRegion &seen, Glance &glance, ElementRange range) { return seen.read_at_once(glance, range, few.data()); };
    if (const std::size_t size = out ? at_once(region, first, count, read) : 0; size != 0) {
        copy_few(out, few.data(), size);
        return UFO_OK;
    }
    return on_range(region, first, count, [out](AnyRegion &inside, ElementRange range) -> Status {
        if (!out && range.count != 0)
            return fail(Code::invalid, "out is NULL");
        return inside.read(range, static_cast<std::byte *>(out));
    });
}

ufo_status ufo_write(ufo *region, size_t first, size_t count, const void *in)
{
    FewBytes few;
    const auto ask_size = [](AnyRegion &seen, Glance &, ElementRange range) {
        return seen.geometry().contains(range) && !seen.forked() ? seen.geometry().bytes_of(range).length : 0;
    };
    if (const std::size_t size = in ? at_once(region, first, count, ask_size) : 0; size != 0 && size <= few.size()) {
        copy_few(few.data(), in, size);
        const auto write = [&few](AnyRegion &seen, Glance &glance, ElementRange range) { return seen.write_at_once(glance, range, few.data()); };
        if (at_once(region, first, count, write) != 0)
            return UFO_OK;
    }
    return on_range(region, first, count, [in](AnyRegion &inside, ElementRange range) -> Status {
        if (!in && range.count != 0)
            return fail(Code::invalid, "in is NULL");
        return inside.write(range, static_cast<const std::byte *>(in));
    });
}

ufo_status ufo_flush(ufo *region, size_t first, size_t count)
{
    return on_range(region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.flush(range); });
}

ufo_status ufo_evict(ufo *region, size_t first, size_t count)
{
    return on_range(region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.evict(range); });
}

ufo_status ufo_reset(ufo *region, size_t first, size_t count)
{
    return on_range(region, first, count, [](AnyRegion &inside, ElementRange range) { return inside.reset(range); });
}

ufo_status ufo_advise(ufo *region, size_t first, size_t count, ufo_advice advice)
{
    return on_range(region, first, count, [advice](AnyRegion &inside, ElementRange range) -> Status {
        if (advice < UFO_ADVICE_NORMAL || advice > UFO_ADVICE_DONTNEED)
            return fail(Code::invalid, "%d is not an advice", advice);
        inside.advise(range, static_cast<Advice>(advice));
        return {};
    });
}

ufo_status ufo_stats_get(const ufo *region, ufo_stats *stats)
{
    return guarded([&]() -> Status {
        if (!stats || stats->struct_size < sizeof stats->struct_size)
            return fail(Code::invalid, "stats is NULL, or its struct_size is not set; set it to sizeof(ufo_stats)");
        Result<Visit<AnyRegion>> inside = enter(region);
        if (!inside.ok())
            return inside.status();
        Result<RegionFigures> figures = (*inside)->figures();
        if (!figures.ok())
            return figures.status();
        ufo_stats all{};
        all.resident_bytes = figures->resident_bytes;
        all.pins = figures->pins;
        all.faults = figures->faults;
        all.populates = figures->populates;
        all.populated_bytes = figures->populated_bytes;
        all.evictions = figures->evictions;
        all.rescues = figures->rescues;
        all.written_back_bytes = figures->written_back_bytes;
        all.spill_written_bytes = figures->spill_written_bytes;
        all.spill_read_bytes = figures->spill_read_bytes;
        all.failures = figures->failures;
        copy_out(all, *stats);
        return {};
    });
}

} // extern "C"
