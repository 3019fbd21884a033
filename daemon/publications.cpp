// SPDX-License-Identifier: MIT
#include "publications.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ufod {
namespace {

std::string called(const Publication &publication)
{
    return "publish: " + publication.name + " (" + publication.path + ')';
}

struct stat look_at(const Publication &publication)
{
    struct stat file {};
    if (stat(publication.path.c_str(), &file) != 0)
        throw std::runtime_error(called(publication) + ": " + std::strerror(errno) + '.');
    return file;
}

bool same_file(const struct stat &a, const struct stat &b)
{
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size
           && a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

} // namespace

RegionConfig configure(const Publication &publication, std::uint64_t chunk_bytes)
{
    const auto size = static_cast<std::size_t>(look_at(publication).st_size);
    const std::size_t element = publication.element_size;
    if (size == 0)
        throw std::runtime_error(called(publication) + ": the file is empty, so there is no array in it.");
    if (size % element != 0)
        throw std::runtime_error(called(publication) + ": its " + std::to_string(size)
                                 + " bytes are no multiple of the element size, " + std::to_string(element) + '.');
    RegionConfig config(ufo_config_new());
    expect(ufo_config_set_elements(config.get(), size / element, element), called(publication));
    expect(ufo_config_set_chunk(config.get(), std::max<std::size_t>(chunk_bytes / element, 1)), called(publication));
    expect(ufo_config_set_read_only(config.get(), 1), called(publication));
    expect(ufo_config_set_file(config.get(), publication.path.c_str(), 0, 0), called(publication));
    return config;
}

void Publications::publish(ufo_server *server, const Publication &publication)
{
    // Looked at before it is opened: if it changes in between, the next reload sees a difference.
    const struct stat file = look_at(publication);
    const auto before = published_.find(publication.name);
    if (before != published_.end() && before->second.publication == publication && same_file(before->second.file, file))
        return;
    const RegionConfig config = configure(publication, chunk_bytes_);
    if (before != published_.end()) {
        expect(ufo_server_withdraw(server, publication.name.c_str()), called(publication));
        published_.erase(before);
    }
    expect(ufo_server_publish(server, publication.name.c_str(), config.get()), called(publication));
    published_.emplace(publication.name, Published{publication, file});
}

std::vector<std::string> Publications::change(ufo_server *server, std::span<const Publication> wanted)
{
    std::vector<std::string> failures;
    const auto attempt = [&failures](const auto &action) {
        try {
            action();
            return true;
        } catch (const std::runtime_error &why) {
            failures.emplace_back(why.what());
            return false;
        }
    };
    std::erase_if(published_, [&](const auto &entry) {
        const std::string &name = entry.first;
        if (std::ranges::find(wanted, name, &Publication::name) != wanted.end())
            return false;
        return attempt(
            [&] { expect(ufo_server_withdraw(server, name.c_str()), "publish: " + name + " cannot be withdrawn"); });
    });
    for (const Publication &publication : wanted)
        attempt([&] { publish(server, publication); });
    return failures;
}

} // namespace ufod
