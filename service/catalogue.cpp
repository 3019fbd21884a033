// SPDX-License-Identifier: MIT
#include "catalogue.hpp"

#include "protocol.hpp"

#include <algorithm>

namespace ufomem::service {

ServedRegion::ServedRegion(RegionHandle *handle, std::shared_ptr<Audience> audience, std::size_t load_bytes)
    : handle_(handle), audience_(std::move(audience)), share_(std::make_shared<Share>(load_bytes))
{
    if (const RegionVisit region = visit(handle)) {
        ticket_ = region->ticket();
        geometry_ = region->geometry();
    }
}

ServedRegion::~ServedRegion()
{
    if (const RegionVisit region = enter()) // otherwise it has been freed, and the handle may be another region's
        (void)AnyRegion::close(handle_, AnyRegion::Wait::no);
}

Result<std::shared_ptr<ServedRegion>> Catalogue::make(Core::RegionRequest request)
{
    auto audience = std::make_shared<Audience>();
    request.audience = audience;
    Result<RegionHandle *> handle = core_->new_region(std::move(request));
    if (!handle.ok())
        return handle.status();
    const RegionVisit region = visit(*handle);
    return std::make_shared<ServedRegion>(*handle, std::move(audience), region ? region->most_filled_at_once() : 0);
}

/// Remembers the last files; what falls out is given to the caller, to end outside of the lock.
void Catalogue::keep(const std::shared_ptr<ServedRegion> &region, std::vector<std::shared_ptr<ServedRegion>> &dropped)
{
    dropped.reserve(recent_.size() + 2);
    recent_.erase(std::remove(recent_.begin(), recent_.end(), region), recent_.end());
    recent_.push_back(region);
    while (recent_.size() > options_.idle_files) {
        dropped.push_back(std::move(recent_.front()));
        recent_.pop_front();
    }
}

Result<std::shared_ptr<ServedRegion>> Catalogue::file(kernel::File file, uid_t user, std::size_t chunk_bytes)
{
    if (Status status = check_readable(file); !status.ok())
        return status;
    if (Status status = options_.allowed.check(file); !status.ok())
        return status;
    Result<FileVersion> version = FileVersion::of(file);
    if (!version.ok())
        return version.status();
    kernel::File own = reopen(file);
    const bool independent = static_cast<bool>(own);
    kernel::File &used = independent ? own : file;
    std::vector<std::shared_ptr<ServedRegion>> dropped;
    const GuardedLock lock(mutex_);
    std::erase_if(files_, [](const auto &entry) { return entry.second.region.expired(); });
    if (const auto found = files_.find({user, *version}); found != files_.end())
        if (std::shared_ptr<ServedRegion> region = found->second.region.lock()) {
            if (const std::shared_ptr<ClientFile> source = found->second.source.lock(); source && !found->second.independent) {
                source->add(std::move(used));
                found->second.independent = independent;
            }
            keep(region, dropped);
            return region;
        }
    constexpr std::size_t ahead = 8 * 1024 * 1024;
    Core::RegionRequest request;
    request.geometry.count = version->size;
    request.geometry.element_size = 1;
    request.geometry.min_chunk_elements = chunk_bytes != 0 ? chunk_bytes : options_.chunk_bytes;
    const auto source = std::make_shared<ClientFile>(std::move(used), *version);
    request.options.source = source;
    request.options.readahead_bytes = ahead;
    Result<std::shared_ptr<ServedRegion>> made = make(std::move(request));
    if (!made.ok())
        return made;
    files_[{user, *version}] = {*made, source, independent};
    keep(*made, dropped);
    return made;
}

Result<std::shared_ptr<ServedRegion>> Catalogue::named(const std::string &name)
{
    const GuardedLock lock(mutex_);
    const auto found = published_.find(name);
    if (found == published_.end())
        return fail(Code::invalid, "the service has published nothing by the name '%s'", name.c_str());
    return found->second;
}

Result<std::shared_ptr<ServedRegion>> Catalogue::publish(const std::string &name, Core::RegionRequest request)
{
    if (!is_name({name.c_str(), name.size() + 1}))
        return fail(Code::invalid, "'%s' is not a name of 1 to %zu printable characters", name.c_str(), OpenName::most - 1);
    {
        const GuardedLock lock(mutex_);
        if (published_.contains(name))
            return fail(Code::invalid, "an array by the name '%s' is published already; withdraw it first",
                        name.c_str());
    }
    Result<std::shared_ptr<ServedRegion>> made = make(std::move(request));
    if (!made.ok())
        return made;
    const GuardedLock lock(mutex_);
    if (!published_.emplace(name, *made).second)
        return fail(Code::invalid, "an array by the name '%s' is published already; withdraw it first", name.c_str());
    return made;
}

std::size_t Catalogue::regions() noexcept
{
    const GuardedLock lock(mutex_);
    const auto alive =
        std::count_if(files_.begin(), files_.end(), [](const auto &entry) { return !entry.second.region.expired(); });
    return static_cast<std::size_t>(alive) + published_.size();
}

Status Catalogue::withdraw(const std::string &name) noexcept
{
    std::shared_ptr<ServedRegion> ending; // outside of the lock
    const GuardedLock lock(mutex_);
    const auto found = published_.find(name);
    if (found == published_.end())
        return fail(Code::invalid, "nothing is published by the name '%s'", name.c_str());
    ending = std::move(found->second);
    published_.erase(found);
    return {};
}

} // namespace ufomem::service
