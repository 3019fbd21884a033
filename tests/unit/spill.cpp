// SPDX-License-Identifier: MIT
// The private file of a core that keeps changed chunks.
#include "unit/unit.hpp"

#include "spill.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

using namespace ufomem;
using unit::Random;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t chunk = 64 * 1024;

std::string folder; // of this run, empty

int make_folder(void **)
{
    const char *base = std::getenv("TMPDIR");
    folder = std::string(base ? base : "/var/tmp") + "/ufomem-unit-XXXXXX";
    return mkdtemp(folder.data()) ? 0 : -1;
}

int remove_folder(void **)
{
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return 0;
}

std::vector<std::byte> content(std::size_t number, std::size_t size = chunk)
{
    Random random(number);
    std::vector<std::byte> bytes(size);
    for (std::byte &byte : bytes)
        byte = static_cast<std::byte>(random.next());
    return bytes;
}

Spill::Offset store(Spill &spill, std::size_t number, std::size_t size = chunk)
{
    Result<Spill::Offset> place = spill.store(content(number, size).data(), size);
    assert_ok(place);
    return *place;
}

/// The places of so many chunks, by number.
std::vector<Spill::Offset> fill(Spill &spill, std::size_t count)
{
    std::vector<Spill::Offset> places;
    for (std::size_t i = 0; i < count; ++i)
        places.push_back(store(spill, i));
    return places;
}

void assert_holds(Spill &spill, Spill::Offset place, std::size_t number, std::size_t size = chunk)
{
    std::vector<std::byte> bytes(size);
    assert_ok(spill.load(place, bytes.data(), size));
    assert_true(bytes == content(number, size));
}

/// The spill file among the descriptors of this process: a file without a name that is on the folder's file system.
std::optional<struct stat> spill_file()
{
    struct stat home {};
    assert_int_equal(stat(folder.c_str(), &home), 0);
    for (const fs::directory_entry &entry : fs::directory_iterator("/proc/self/fd")) {
        struct stat info {};
        if (fstat(std::stoi(entry.path().filename()), &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 0
            && info.st_dev == home.st_dev && info.st_size % static_cast<off_t>(chunk) == 0)
            return info;
    }
    return std::nullopt;
}

void what_was_stored_comes_back(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    const std::vector<Spill::Offset> places = fill(spill, 20);
    for (std::size_t i = 20; i-- > 0;)
        assert_holds(spill, places[i], i);
    assert_holds(spill, places[3], 3); // as often as one likes
    assert_int_equal(spill.held_bytes(), 20 * chunk);
}

void there_is_no_file_before_the_first_chunk(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    assert_false(spill_file().has_value());
    store(spill, 1);
    assert_true(spill_file().has_value());
}

void the_file_has_no_name(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    store(spill, 1);
    assert_true(fs::is_empty(folder));
}

void a_place_that_was_given_back_is_used_again(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    const Spill::Offset first = store(spill, 1);
    const Spill::Offset second = store(spill, 2);
    assert_true(first != second);
    spill.release(first, chunk);
    assert_int_equal(spill.held_bytes(), chunk);
    assert_int_equal(store(spill, 3), first);
    assert_holds(spill, first, 3);
    assert_holds(spill, second, 2);
}

void a_large_place_is_given_back_in_parts_and_used_as_one(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    const Spill::Offset large = store(spill, 1, 4 * chunk);
    const Spill::Offset after = store(spill, 2);
    spill.release(large + chunk, chunk);
    const Spill::Offset small = store(spill, 3);
    assert_int_equal(small, large + chunk);
    assert_holds(spill, small, 3);
    assert_holds(spill, after, 2);
    for (const std::size_t part : {3, 0, 2, 1})
        spill.release(large + part * chunk, chunk);
    assert_int_equal(spill.held_bytes(), chunk);
    const Spill::Offset again = store(spill, 4, 4 * chunk);
    assert_int_equal(again, large);
    assert_holds(spill, after, 2);
    assert_holds(spill, again, 4, 4 * chunk);
}

/// Whether the file system stores what it is given, and forgets what is punched out.
bool has_holes()
{
    const std::string name = folder + "/probe";
    const int file = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    unlink(name.c_str());
    const std::vector<std::byte> bytes = content(0);
    struct stat full {};
    struct stat punched {};
    const bool stored = write(file, bytes.data(), chunk) == static_cast<ssize_t>(chunk) && fstat(file, &full) == 0;
    const bool can = stored
                     && fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(chunk)) == 0
                     && fstat(file, &punched) == 0;
    close(file);
    return can && full.st_blocks * 512 >= static_cast<blkcnt_t>(chunk) && punched.st_blocks < full.st_blocks;
}

bool in_memory()
{
    struct statfs system {};
    return statfs(folder.c_str(), &system) == 0 && system.f_type == TMPFS_MAGIC;
}

void released_places_take_little_space_on_the_disk(void **)
{
    const blkcnt_t little = (in_memory() ? 0 : 16 * 2048) + 64; // 16 MiB in blocks of 512 bytes, and what the file system needs for itself
    if (!has_holes())
        skip();
    Heap heap;
    Spill spill(folder, heap);
    const std::vector<Spill::Offset> places = fill(spill, 1024);
    const blkcnt_t full = spill_file()->st_blocks;
    for (std::size_t i = 0; i < 1024; i += 2)
        spill.release(places[i], chunk);
    while (spill.trim()) {
    }
    assert_true(spill_file()->st_blocks <= full / 2 + little);
    for (std::size_t i = 1; i < 1024; i += 2)
        assert_holds(spill, places[i], i);
    for (std::size_t i = 1; i < 1024; i += 2)
        spill.release(places[i], chunk);
    while (spill.trim()) {
    }
    assert_true(spill_file()->st_blocks <= little);
}

/// What is stored again and again takes the space that it has, and the disk is not asked to forget it.
void places_that_are_used_again_keep_their_space(void **)
{
    if (!has_holes() || in_memory())
        skip();
    Heap heap;
    Spill spill(folder, heap);
    const std::vector<Spill::Offset> places = fill(spill, 32);
    const blkcnt_t full = spill_file()->st_blocks;
    for (const Spill::Offset place : places)
        spill.release(place, chunk);
    while (spill.trim()) {
    }
    assert_int_equal(spill_file()->st_blocks, full);
    for (std::size_t i = 0; i < 32; ++i)
        assert_holds(spill, store(spill, i), i);
    assert_int_equal(spill_file()->st_blocks, full);
}

/// A disk of 8 MiB that only this process sees, if it may have one.
class SmallDisk {
  public:
    SmallDisk()
    {
        const std::string image = folder + "/image";
        fs::create_directory(path_);
        const std::string make = "truncate -s 8M '" + image + "' && PATH=$PATH:/sbin:/usr/sbin mkfs.ext2 -q -F '" + image + "' && mount -o loop '" + image + "' '" + path_ + "'";
        mounted_ = unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, nullptr) == 0 && std::system((make + " 2>/dev/null").c_str()) == 0;
    }
    SmallDisk(const SmallDisk &) = delete;
    SmallDisk &operator=(const SmallDisk &) = delete;
    ~SmallDisk()
    {
        if (mounted_)
            umount2(path_.c_str(), MNT_DETACH);
    }
    bool mounted() const { return mounted_; }
    const std::string &path() const { return path_; }

  private:
    const std::string path_ = folder + "/disk";
    bool mounted_;
};

/// The places of what it took before it was full, by number.
std::vector<Spill::Offset> fill_up(Spill &spill)
{
    for (std::vector<Spill::Offset> places;;) {
        Result<Spill::Offset> place = spill.store(content(places.size()).data(), chunk);
        if (!place.ok()) {
            assert_fails(place, Code::spill);
            return places;
        }
        places.push_back(*place);
    }
}

void on_a_full_disk_what_is_vacant_in_pieces_makes_room(void **)
{
    const SmallDisk disk;
    if (!disk.mounted())
        skip();
    Heap heap;
    Spill spill(disk.path(), heap);
    const std::vector<Spill::Offset> places = fill_up(spill);
    assert_true(places.size() > 64);
    assert_error_names(disk.path().c_str());
    for (std::size_t i = 0; i < places.size(); i += 2)
        spill.release(places[i], chunk);
    const Spill::Offset large = store(spill, 1000, 8 * chunk);
    assert_holds(spill, large, 1000, 8 * chunk);
    const std::vector<Spill::Offset> more = fill_up(spill);
    assert_true(more.size() > 16);
    for (std::size_t i = 0; i < more.size(); ++i)
        assert_holds(spill, more[i], i);
    for (std::size_t i = 1; i < places.size(); i += 2)
        assert_holds(spill, places[i], i);
    assert_holds(spill, large, 1000, 8 * chunk);
}

void a_folder_that_is_not_there_is_an_error_with_its_name(void **)
{
    Heap heap;
    Spill spill(folder + "/missing", heap);
    assert_fails(spill.store(content(1).data(), chunk), Code::spill);
    assert_error_names(folder.c_str());
    assert_error_names("ufo_core_config_set_spill_dir");
    assert_int_equal(spill.held_bytes(), 0);
    // And it is tried again.
    fs::create_directory(folder + "/missing");
    store(spill, 1);
    fs::remove(folder + "/missing");
}

void nothing_was_stored_there(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    std::vector<std::byte> bytes(chunk);
    assert_fails(spill.load(0, bytes.data(), chunk), Code::spill);
    store(spill, 1);
    assert_fails(spill.load(chunk, bytes.data(), chunk), Code::spill);
}

void threads_get_places_of_their_own(void **)
{
    Heap heap;
    Spill spill(folder, heap);
    std::atomic<int> wrong{0};
    unit::on_threads(4, [&](std::size_t thread) {
        constexpr std::size_t small = 4096;
        Random random(thread);
        std::map<Spill::Offset, std::vector<std::byte>> mine;
        std::vector<std::byte> bytes(small);
        for (std::size_t i = 0, last = unit::rounds(1000); i < last; ++i) {
            if (mine.size() < 10 || random.one_in(2)) {
                const std::vector<std::byte> data = content(thread * last + i, small);
                Result<Spill::Offset> place = spill.store(data.data(), small);
                wrong += !place.ok() || !mine.emplace(*place, data).second;
            } else {
                const auto one = mine.begin();
                wrong += !spill.load(one->first, bytes.data(), small).ok() || bytes != one->second;
                spill.release(one->first, small);
                mine.erase(one);
            }
        }
        for (const auto &[place, data] : mine)
            spill.release(place, small);
    });
    assert_int_equal(wrong.load(), 0);
    assert_int_equal(spill.held_bytes(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_was_stored_comes_back),
        cmocka_unit_test(there_is_no_file_before_the_first_chunk),
        cmocka_unit_test(the_file_has_no_name),
        cmocka_unit_test(a_place_that_was_given_back_is_used_again),
        cmocka_unit_test(a_large_place_is_given_back_in_parts_and_used_as_one),
        cmocka_unit_test(released_places_take_little_space_on_the_disk),
        cmocka_unit_test(places_that_are_used_again_keep_their_space),
        cmocka_unit_test(on_a_full_disk_what_is_vacant_in_pieces_makes_room),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error_with_its_name),
        cmocka_unit_test(nothing_was_stored_there),
        cmocka_unit_test(threads_get_places_of_their_own),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
