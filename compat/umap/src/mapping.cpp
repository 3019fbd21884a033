// SPDX-License-Identifier: MIT
#include "mapping.hpp"

#include "log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <new>

namespace compat {
namespace {

/// What the callbacks of a region need.  Each of the two has a reference to it.
struct Feed {
    std::shared_ptr<Umap::Store> store;
    off_t offset;
    std::size_t piece; ///< the store is asked for so much at a time; 0: for any number of bytes
};

/// Splits [first, first + count) into pieces, and calls the store for each; the callback's result.
template <class Call> int32_t each_piece(const Feed &feed, const char *what, std::size_t first, std::size_t count, Call call) noexcept
{
    const std::size_t piece = feed.piece != 0 ? feed.piece : count;
    for (std::size_t done = 0; done < count; done += piece) {
        const off_t offset = feed.offset + static_cast<off_t>(first + done);
        const std::size_t bytes = std::min(piece, count - done);
        int code = 0;
        try {
            errno = 0;
            if (call(done, bytes, offset) >= 0)
                continue;
            code = errno != 0 ? errno : EIO;
            log(Level::error, "the store cannot %s %zu bytes at offset %lld: %s", what, bytes, static_cast<long long>(offset), std::strerror(code));
        } catch (const std::exception &error) {
            code = EIO;
            log(Level::error, "the store, asked to %s %zu bytes at offset %lld, threw an exception: %s", what, bytes, static_cast<long long>(offset), error.what());
        } catch (...) {
            code = EIO;
            log(Level::error, "the store, asked to %s %zu bytes at offset %lld, threw something that is no std::exception", what, bytes, static_cast<long long>(offset));
        }
        return code;
    }
    return 0;
}

const Feed &feed_of(void *user_data) { return **static_cast<std::shared_ptr<const Feed> *>(user_data); }

int32_t populate(void *user_data, std::size_t first, std::size_t count, void *out)
{
    const Feed &feed = feed_of(user_data);
    auto *bytes = static_cast<char *>(out);
    if (feed.piece != 0)
        std::memset(bytes, 0, count); // a store may leave something out, and what is there now belongs to others
    return each_piece(feed, "read", first, count,
                      [&](std::size_t done, std::size_t length, off_t offset) { return feed.store->read_from_store(bytes + done, length, offset); });
}

int32_t writeback(void *user_data, std::size_t first, std::size_t count, const void *data)
{
    const Feed &feed = feed_of(user_data);
    auto *bytes = static_cast<char *>(const_cast<void *>(data)); // UMap's interface; a store does not change it
    return each_piece(feed, "write", first, count,
                      [&](std::size_t done, std::size_t length, off_t offset) { return feed.store->write_to_store(bytes + done, length, offset); });
}

void drop(void *user_data) { delete static_cast<std::shared_ptr<const Feed> *>(user_data); }

} // namespace

std::shared_ptr<Mapping> Mapping::make(ufo_core *core, const MappingRequest &request)
{
    const auto feed = std::make_shared<const Feed>(Feed{request.store, request.offset, request.page_by_page ? request.page : 0});
    const std::unique_ptr<ufo_config, decltype(&ufo_config_free)> config(ufo_config_new(), ufo_config_free);
    const auto reference = [&feed] { return new std::shared_ptr<const Feed>(feed); };
    ufo_config *wish = config.get();
    if (!wish || ufo_config_set_elements(wish, request.bytes, 1) != UFO_OK || ufo_config_set_chunk(wish, request.page) != UFO_OK
        || ufo_config_set_read_only(wish, !request.writable) != UFO_OK || ufo_config_set_address(wish, request.address) != UFO_OK
        || ufo_config_set_populate(wish, populate, reference(), drop) != UFO_OK
        || (request.writable && ufo_config_set_writeback(wish, writeback, reference(), drop) != UFO_OK)
        || (request.read_ahead_bytes != 0 && ufo_config_set_readahead(wish, request.read_ahead_bytes) != UFO_OK))
        return nullptr;
    ufo *region = ufo_new(core, wish);
    return region ? std::shared_ptr<Mapping>(new Mapping(region, request.bytes, request.page)) : nullptr;
}

ufo_status Mapping::pin(std::size_t first, std::size_t count)
{
    const ufo_status status = ufo_pin(region_, first, count);
    if (status != UFO_OK)
        return status;
    const std::lock_guard lock(mutex_);
    if (closed_) {
        ufo_unpin(region_, first, count);
        return UFO_ERR_CLOSED;
    }
    try {
        pins_.emplace_back(first, count);
    } catch (const std::bad_alloc &) {
        ufo_unpin(region_, first, count);
        return UFO_ERR_NOMEM;
    }
    return UFO_OK;
}

bool Mapping::close()
{
    {
        const std::lock_guard lock(mutex_);
        if (closed_)
            return false;
        closed_ = true;
    }
    ufo_free(region_); // new pins are refused from here on; the last unpin gives the memory back
    for (const auto &[first, count] : pins_)
        ufo_unpin(region_, first, count);
    return true;
}

} // namespace compat
