// SPDX-License-Identifier: MIT
// ufo_config.
#include "handles.hpp"

using namespace ufomem;
using namespace ufomem::capi;

namespace {

/// Applies a change to a live config.
template <class Change> ufo_status configure(ufo_config *config, Change change) noexcept
{
    return guarded([&]() -> Status {
        if (Status status = check(config, "config"); !status.ok())
            return status;
        return change(*config);
    });
}

/// What the source that is being replaced held on to.
void forget_source(ufo_config &config)
{
    config.populate = {};
    config.file.reset();
}

void clear(ufo_config &config)
{
    config.geometry = {};
    config.options = {};
    config.readahead_elements = SIZE_MAX;
    forget_source(config);
    config.source = ufo_config::SourceKind::zero;
    config.writeback = {};
    config.caller_only = false;
    config.address = nullptr;
    config.delivery = Delivery::automatic;
    config.client.reset();
    config.shared_name.clear();
}

} // namespace

extern "C" {

ufo_config *ufo_config_new(void)
{
    ufo_config *config = make_handle(configs());
    if (config)
        clear(*config);
    return config;
}

void ufo_config_free(ufo_config *config)
{
    const CancelGuard guard;
    if (!config || !retire(config, "config"))
        return;
    clear(*config);
    configs().give(config);
}

ufo_status ufo_config_set_elements(ufo_config *config, size_t count, size_t element_size)
{
    return configure(config, [=](ufo_config &target) -> Status {
        if (count == 0)
            return fail(Code::invalid, "0 elements; an array has at least 1");
        if (element_size == 0)
            return fail(Code::invalid, "elements of 0 bytes; an element has at least 1");
        if (size_t bytes = 0; __builtin_mul_overflow(count, element_size, &bytes))
            return fail(Code::overflow, "%zu elements of %zu bytes do not fit the address space", count, element_size);
        target.geometry.count = count;
        target.geometry.element_size = element_size;
        return {};
    });
}

ufo_status ufo_config_set_header(ufo_config *config, size_t header_size)
{
    return configure(config, [=](ufo_config &target) -> Status {
        target.geometry.header_size = header_size;
        return {};
    });
}

ufo_status ufo_config_set_chunk(ufo_config *config, size_t min_elements)
{
    return configure(config, [=](ufo_config &target) -> Status {
        target.geometry.min_chunk_elements = min_elements;
        return {};
    });
}

ufo_status ufo_config_set_read_only(ufo_config *config, int read_only)
{
    return configure(config, [=](ufo_config &target) -> Status {
        target.options.read_only = read_only != 0;
        return {};
    });
}

ufo_status ufo_config_set_populate(ufo_config *config, ufo_populate_fn populate, void *user_data, ufo_free_fn free_fn)
{
    return guarded([&]() -> Status {
        Closure<PopulateFunction> closure(populate, user_data, free_fn); // owns user_data from here on, whatever happens
        if (Status status = check(config, "config"); !status.ok())
            return status;
        if (!populate)
            return fail(Code::invalid, "the populate function is NULL; leave it out for an array that starts as zeros");
        forget_source(*config);
        config->populate = std::move(closure);
        config->source = ufo_config::SourceKind::callback;
        return {};
    });
}

ufo_status ufo_config_set_writeback(ufo_config *config, ufo_writeback_fn writeback, void *user_data, ufo_free_fn free_fn)
{
    return guarded([&]() -> Status {
        Closure<WritebackFunction> closure(writeback, user_data, free_fn);
        if (Status status = check(config, "config"); !status.ok())
            return status;
        if (!writeback)
            return fail(Code::invalid, "the writeback function is NULL; leave it out to keep changes in the spill file");
        config->writeback = std::move(closure);
        return {};
    });
}

ufo_status ufo_config_set_file(ufo_config *config, const char *path, uint64_t offset, int flags)
{
    return configure(config, [=](ufo_config &target) -> Status {
        if (!path || !*path)
            return fail(Code::invalid, "the path is NULL or empty");
        if ((flags & ~(UFO_FILE_WRITEBACK | UFO_FILE_DIRECT)) != 0)
            return fail(Code::invalid, "0x%x has bits that are not file flags", static_cast<unsigned>(flags));
        Result<std::shared_ptr<OpenFile>> file = OpenFile::open(path, offset, flags);
        if (!file.ok())
            return file.status();
        forget_source(target);
        target.file = std::move(*file);
        target.source = ufo_config::SourceKind::file;
        return {};
    });
}

ufo_status ufo_config_set_sequence_int(ufo_config *config, int64_t from, int64_t step)
{
    return configure(config, [=](ufo_config &target) -> Status {
        forget_source(target);
        target.int_sequence = {from, step};
        target.source = ufo_config::SourceKind::int_sequence;
        return {};
    });
}

ufo_status ufo_config_set_sequence_real(ufo_config *config, double from, double step)
{
    return configure(config, [=](ufo_config &target) -> Status {
        forget_source(target);
        target.real_sequence = {from, step};
        target.source = ufo_config::SourceKind::real_sequence;
        return {};
    });
}

ufo_status ufo_config_set_populate_policy(ufo_config *config, ufo_populate_policy policy)
{
    return configure(config, [=](ufo_config &target) -> Status {
        if (policy != UFO_POPULATE_ANYWHERE && policy != UFO_POPULATE_CALLER)
            return fail(Code::invalid, "%d is not a populate policy", policy);
        target.caller_only = policy == UFO_POPULATE_CALLER;
        return {};
    });
}

ufo_status ufo_config_set_delivery(ufo_config *config, ufo_delivery delivery)
{
    return configure(config, [=](ufo_config &target) -> Status {
        if (delivery < UFO_DELIVERY_AUTO || delivery > UFO_DELIVERY_PROTECT)
            return fail(Code::invalid, "%d is not a delivery", delivery);
        target.delivery = static_cast<Delivery>(delivery);
        return {};
    });
}

ufo_status ufo_config_set_readahead(ufo_config *config, size_t elements)
{
    return configure(config, [=](ufo_config &target) -> Status {
        target.readahead_elements = elements;
        return {};
    });
}

ufo_status ufo_config_set_retry(ufo_config *config, uint32_t retries, uint32_t delay_milliseconds)
{
    return configure(config, [=](ufo_config &target) -> Status {
        target.options.retries = retries;
        target.options.retry_delay_milliseconds = delay_milliseconds;
        return {};
    });
}

ufo_status ufo_config_set_address(ufo_config *config, void *address)
{
    return configure(config, [=](ufo_config &target) -> Status {
        if (reinterpret_cast<std::uintptr_t>(address) % kernel::page_size() != 0)
            return fail(Code::address, "address %p is not page-aligned, a multiple of %zu", address, kernel::page_size());
        target.address = address;
        return {};
    });
}

} // extern "C"
