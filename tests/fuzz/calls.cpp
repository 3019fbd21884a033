// SPDX-License-Identifier: MIT
// The C interface as a sequence of calls: cores, configs and regions of every kind, right arguments and wrong ones, callbacks that fail.  Each value
// that is read is compared with a model, and each status with what may happen.
#include "array_model.hpp"
#include "guard.hpp"

#include <cstdlib>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace fuzz;

namespace {

constexpr std::size_t KiB = 1024;
constexpr std::size_t most_transfer = 32 * KiB;
constexpr std::size_t file_bytes = 256 * KiB;

struct Pin {
    std::size_t first;
    std::size_t count;
};

struct OpenCore {
    ufo_core *handle = nullptr;
    std::size_t most_budget = 0;
    bool troubled = false; ///< callbacks have failed: memory may not be to be had, for other arrays, too
};

struct Array {
    ufo *handle = nullptr;
    OpenCore *core = nullptr;
    ArrayModel model;
    std::vector<Pin> pins;

    ~Array()
    {
        if (model.file >= 0)
            close(model.file);
    }
};

/// A file of bytes that are all different from their neighbours.
int make_file()
{
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    std::vector<std::uint8_t> bytes(file_bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 5 + i / 4096 + 1);
    MUST(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    return file;
}

class Program {
  public:
    Program(const std::uint8_t *data, std::size_t size) : in_(data, size) {}
    void run()
    {
        open_core();
        for (int calls = 0; !in_.empty() && calls < 200; ++calls)
            step();
        for (const auto &core : cores_) {
            check_figures(*core);
            ufo_core_free(core->handle); // with whatever there is
        }
        for (const auto &array : arrays_)
            for ([[maybe_unused]] const Pin &pin : array->pins) // keep the memory until they are taken back
                MUST(ufo_unpin(array->handle, pin.first, pin.count) == UFO_OK, "%s", ufo_last_error());
    }

  private:
    void step()
    {
        switch (in_.up_to(19)) {
        case 0:
            return open_core();
        case 1:
        case 2:
            return open_array();
        case 3:
            return close_array();
        case 4:
            return set_budget();
        case 5:
            return fail_callbacks();
        case 6:
        case 7:
            return read();
        case 8:
        case 9:
            return write();
        case 10:
            return load();
        case 11:
            return store();
        case 12:
            return pin();
        case 13:
            return unpin();
        case 14:
            return on_range(ufo_flush);
        case 15:
            return on_range(ufo_evict);
        case 16:
            return reset();
        case 17:
            return advise();
        case 18:
            return look();
        default:
            return nonsense();
        }
    }

    void open_core()
    {
        if (cores_.size() == 2)
            return;
        static constexpr std::size_t budgets[] = {1024 * KiB, 256 * KiB, 4096 * KiB, 24 * 1024 * KiB, 64 * KiB};
        static constexpr ufo_delivery deliveries[] = {UFO_DELIVERY_AUTO, UFO_DELIVERY_INLINE, UFO_DELIVERY_PROTECT, UFO_DELIVERY_THREAD};
        auto core = std::make_unique<OpenCore>();
        core->most_budget = in_.one_of(budgets);
        ufo_core_config *config = ufo_core_config_new();
        MUST(ufo_core_config_set_budget(config, core->most_budget) == UFO_OK);
        (void)ufo_core_config_set_watermarks(config, in_.byte(), in_.byte());
        (void)ufo_core_config_set_workers(config, in_.byte());
        MUST(ufo_core_config_set_spill_dir(config, "/dev/shm") == UFO_OK);
        MUST(ufo_core_config_set_delivery(config, in_.one_of(deliveries)) == UFO_OK);
        (void)ufo_core_config_set_features_off(config, in_.one_in(2) ? in_.byte() & ~7U : 0);
        core->handle = ufo_core_new(config);
        ufo_core_config_free(config);
        if (core->handle)
            cores_.push_back(std::move(core));
    }

    void open_array()
    {
        if (cores_.empty() || arrays_.size() == 6)
            return;
        auto array = std::make_unique<Array>();
        array->core = cores_[in_.up_to(cores_.size() - 1)].get();
        ArrayModel &model = array->model;
        static constexpr ArrayModel::Kind kinds[] = {ArrayModel::Kind::zeros,    ArrayModel::Kind::computed, ArrayModel::Kind::stored,
                                                     ArrayModel::Kind::integers, ArrayModel::Kind::file,     ArrayModel::Kind::written_file};
        static constexpr std::size_t sizes[] = {1, 8, 2, 4, 3, 24, 7, 5000, 0, 100'000};
        model.kind = in_.one_of(kinds);
        model.element_size = in_.one_of(sizes);
        model.count = in_.one_in(4) ? in_.number<std::uint64_t>() >> in_.up_to(40) : in_.up_to(300'000);
        ufo_config *config = ufo_config_new();
        bool refused = ufo_config_set_elements(config, model.count, model.element_size) != UFO_OK;
        choose_source(config, model, refused);
        refused |= ufo_config_set_header(config, in_.one_in(4) ? in_.up_to(10'000) : 0) != UFO_OK;
        refused |= ufo_config_set_chunk(config, in_.one_in(2) ? in_.up_to(100'000) : 0) != UFO_OK;
        model.read_only = in_.one_in(4) && model.kind != ArrayModel::Kind::stored;
        refused |= ufo_config_set_read_only(config, model.read_only) != UFO_OK;
        model.for_callers = in_.one_in(6);
        refused |= ufo_config_set_populate_policy(config, model.for_callers ? UFO_POPULATE_CALLER : UFO_POPULATE_ANYWHERE) != UFO_OK;
        if (in_.one_in(3))
            refused |= ufo_config_set_readahead(config, in_.number<std::uint32_t>() >> in_.up_to(31)) != UFO_OK;
        if (in_.one_in(8))
            (void)ufo_config_set_retry(config, in_.byte() % 3, 0);
        array->handle = ufo_new(array->core->handle, config);
        ufo_config_free(config);
        MUST(array->handle || ufo_last_status() != UFO_OK);
        if (!array->handle)
            return;
        MUST(!refused || model.count == ufo_count(array->handle)); // what was refused was not taken over
        model.count = ufo_count(array->handle);
        model.element_size = ufo_element_size(array->handle);
        model.chunk_bytes = std::max<std::size_t>(1, stride_of(array->handle));
        MUST(ufo_find(array->core->handle, static_cast<std::uint8_t *>(ufo_data(array->handle)) + model.bytes() - 1) == array->handle);
        arrays_.push_back(std::move(array));
    }

    void choose_source(ufo_config *config, ArrayModel &model, bool &refused)
    {
        switch (model.kind) {
        case ArrayModel::Kind::zeros:
            return;
        case ArrayModel::Kind::computed:
        case ArrayModel::Kind::stored:
            model.source = std::make_shared<Source>(model.element_size, in_.byte());
            refused |= ufo_config_set_populate(config, Source::populate, model.source.get(), nullptr) != UFO_OK;
            if (model.kind == ArrayModel::Kind::stored)
                refused |= ufo_config_set_writeback(config, Source::writeback, model.source.get(), nullptr) != UFO_OK;
            return;
        case ArrayModel::Kind::integers:
            model.from = in_.number<std::int64_t>();
            model.step = in_.number<std::int32_t>();
            refused |= ufo_config_set_sequence_int(config, model.from, model.step) != UFO_OK;
            return;
        case ArrayModel::Kind::file:
        case ArrayModel::Kind::written_file:
            model.file = make_file();
            const std::string path = "/proc/self/fd/" + std::to_string(model.file);
            const int flags = (model.kind == ArrayModel::Kind::written_file ? UFO_FILE_WRITEBACK : 0) | (in_.one_in(4) ? UFO_FILE_DIRECT : 0);
            refused |= ufo_config_set_file(config, path.c_str(), 0, flags) != UFO_OK;
            return;
        }
    }

        /// Bytes from one chunk to the next: those of whole pages, whatever the elements.
    static std::size_t stride_of(ufo *region)
    {
        ufo_residency residency{};
        residency.struct_size = sizeof residency;
        std::size_t bytes = ufo_chunk(region) * ufo_element_size(region);
        if (ufo_residency_open(region, &residency) == UFO_OK)
            bytes = residency.chunk_bytes;
        ufo_residency_close(&residency);
        return bytes;
    }

    Array *any()
    {
        return arrays_.empty() ? nullptr : arrays_[in_.up_to(arrays_.size() - 1)].get();
    }
    /// Mostly inside of the array, and no more than `most` bytes then.
    Pin range(const Array &array, std::size_t most = most_transfer)
    {
        if (in_.one_in(8))
            return {in_.number<std::uint64_t>(), in_.number<std::uint64_t>() >> in_.up_to(63)};
        const std::size_t count = array.model.count;
        std::size_t first = in_.one_in(2) ? in_.number<std::uint64_t>() % count : in_.up_to(std::min<std::size_t>(count - 1, 100'000));
        if (in_.one_in(8))
            first = count - 1;
        return {first, std::min({in_.up_to(20'000), count - first, most / array.model.element_size + 1})};
    }
    static bool inside(const Array &array, Pin range) { return range.first <= array.model.count && range.count <= array.model.count - range.first; }

    /// What a call on a range of elements may say.
    void judge(const Array &array, Pin range, ufo_status status, bool stores = false)
    {
        if (status == UFO_OK) {
            MUST(inside(array, range), "[%zu, +%zu) of %zu", range.first, range.count, array.model.count);
            MUST(!stores || !array.model.read_only || range.count == 0);
            return;
        }
        MUST(*ufo_last_error() != '\0' && ufo_last_status() == status);
        if (!inside(array, range))
            return MUST(status == UFO_ERR_RANGE || status == UFO_ERR_READ_ONLY, "%d %s", status, ufo_last_error());
        if (stores && array.model.read_only)
            return MUST(status == UFO_ERR_READ_ONLY, "%d %s", status, ufo_last_error());
        if (status == UFO_ERR_TRUNCATED)
            return MUST(array.model.file >= 0 && array.model.bytes() > file_bytes);
        if (status == UFO_ERR_PINNED)
            return MUST(!array.pins.empty());
        if (status == UFO_ERR_BUDGET)
            return MUST(array.core->troubled || has_pins(*array.core) || small_for(array), "%s", ufo_last_error());
        if (status == UFO_ERR_NOMEM) // a chunk of the size of the address space
            return MUST(array.model.chunk_bytes > 256 * KiB, "%s", ufo_last_error());
        MUST(array.core->troubled && (status == UFO_ERR_POPULATE || status == UFO_ERR_WRITEBACK), "%d %s", status, ufo_last_error());
    }
    bool has_pins(const OpenCore &core) const
    {
        for (const auto &array : arrays_)
            if (array->core == &core && !array->pins.empty())
                return true;
        return false;
    }
    /// Headers of arrays, and a chunk that is staged while another one leaves, may be all there is.
    bool small_for(const Array &array) const { return 8 * (array.model.chunk_bytes + 64 * KiB) > array.core->most_budget || shrunk_; }

    void compare(const Array &array, std::size_t offset, std::uint8_t value) const
    {
        const std::optional<std::uint8_t> expected = array.model.at(offset);
        MUST(!expected || *expected == value, "kind %d byte %zu is %d, and not %d", static_cast<int>(array.model.kind), offset, value, *expected);
    }

    void read()
    {
        Array *array = any();
        if (!array)
            return;
        const Pin wanted = range(*array);
        std::vector<std::uint8_t> out(inside(*array, wanted) ? wanted.count * array->model.element_size : 1);
        const ufo_status status = ufo_read(array->handle, wanted.first, wanted.count, out.data());
        judge(*array, wanted, status);
        if (status == UFO_OK)
            for (std::size_t i = 0; i < wanted.count * array->model.element_size; ++i)
                compare(*array, wanted.first * array->model.element_size + i, out[i]);
    }

    void write()
    {
        Array *array = any();
        if (!array)
            return;
        const Pin wanted = range(*array);
        const std::uint8_t value = in_.byte();
        const std::size_t size = inside(*array, wanted) ? wanted.count * array->model.element_size : 0;
        std::vector<std::uint8_t> bytes(size + 1);
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<std::uint8_t>(value + i);
        const ufo_status status = ufo_write(array->handle, wanted.first, wanted.count, bytes.data());
        judge(*array, wanted, status, true);
        const bool refused = status == UFO_ERR_READ_ONLY || status == UFO_ERR_RANGE;
        for (std::size_t i = 0; i < size && !refused; ++i)
            if (status == UFO_OK)
                array->model.change(wanted.first * array->model.element_size + i, bytes[i]);
            else
                array->model.forget(wanted.first * array->model.element_size + i);
    }

    /// A plain access ends in a signal only where there is a reason.
    void judge(const Array &array, int signal) const
    {
        MUST(signal == 0 || array.model.for_callers || array.core->troubled || has_pins(*array.core) || small_for(array) ||
                 (array.model.file >= 0 && array.model.bytes() > file_bytes) || array.model.chunk_bytes > 256 * KiB,
             "signal %d", signal);
    }
    std::size_t offset_in(const Array &array)
    {
        const std::size_t bytes = array.model.bytes();
        return in_.one_in(2) ? in_.number<std::uint64_t>() % bytes : in_.up_to(std::min<std::size_t>(bytes - 1, 1'000'000));
    }
    void load()
    {
        Array *array = any();
        if (!array)
            return;
        const std::size_t offset = offset_in(*array);
        const auto *address = static_cast<const volatile std::uint8_t *>(ufo_data(array->handle)) + offset;
        std::uint8_t value = 0;
        const int signal = guarded([&] { value = *address; });
        judge(*array, signal);
        if (signal == 0)
            compare(*array, offset, value);
    }
    void store()
    {
        Array *array = any();
        if (!array)
            return;
        const std::size_t offset = offset_in(*array);
        auto *address = static_cast<volatile std::uint8_t *>(ufo_data(array->handle)) + offset;
        const std::uint8_t value = in_.byte();
        const int signal = guarded([&] { *address = value; });
        MUST(!array->model.read_only || signal != 0);
        if (!array->model.read_only)
            judge(*array, signal);
        if (signal == 0)
            array->model.change(offset, value);
    }

    void pin()
    {
        Array *array = any();
        if (!array)
            return;
        const Pin wanted = range(*array);
        const bool to_write = in_.one_in(2);
        const ufo_status status = (to_write ? ufo_pin_write : ufo_pin)(array->handle, wanted.first, wanted.count);
        judge(*array, wanted, status, to_write);
        if (status == UFO_OK && wanted.count != 0)
            array->pins.push_back(wanted);
    }
    void unpin()
    {
        Array *array = any();
        if (!array)
            return;
        if (array->pins.empty()) {
            const Pin wanted = range(*array);
            const ufo_status status = ufo_unpin(array->handle, wanted.first, wanted.count);
            return MUST((status == UFO_OK) == (inside(*array, wanted) && wanted.count == 0), "%d", status);
        }
        const std::size_t which = in_.up_to(array->pins.size() - 1);
        const Pin wanted = array->pins[which];
        MUST(ufo_unpin(array->handle, wanted.first, wanted.count) == UFO_OK, "%s", ufo_last_error());
        array->pins.erase(array->pins.begin() + static_cast<std::ptrdiff_t>(which));
    }

    void on_range(ufo_status (*call)(ufo *, std::size_t, std::size_t))
    {
        Array *array = any();
        if (!array)
            return;
        const Pin wanted = in_.one_in(4) ? Pin{0, array->model.count} : range(*array);
        judge(*array, wanted, call(array->handle, wanted.first, wanted.count));
    }
    void reset()
    {
        Array *array = any();
        if (!array)
            return;
        const Pin wanted = in_.one_in(4) ? Pin{0, array->model.count} : range(*array);
        const ufo_status status = ufo_reset(array->handle, wanted.first, wanted.count);
        judge(*array, wanted, status);
        if (inside(*array, wanted) && wanted.count != 0)
            array->model.reset(wanted.first * array->model.element_size, (wanted.first + wanted.count) * array->model.element_size, status == UFO_OK);
    }
    void advise()
    {
        Array *array = any();
        if (!array)
            return;
        const Pin wanted = range(*array);
        const ufo_advice advice = in_.byte() % 7;
        const ufo_status status = ufo_advise(array->handle, wanted.first, wanted.count, advice);
        MUST(status != UFO_OK || (advice <= UFO_ADVICE_DONTNEED && inside(*array, wanted)), "%d", advice);
    }
    void look()
    {
        Array *array = any();
        if (!array)
            return;
        ufo_stats stats{};
        stats.struct_size = in_.one_in(4) ? in_.byte() : sizeof stats;
        if (ufo_stats_get(array->handle, &stats) == UFO_OK && stats.struct_size == sizeof stats)
            MUST(stats.resident_bytes <= array->core->most_budget);
        check_figures(*array->core);
    }
    void check_figures(const OpenCore &core) const
    {
        ufo_core_stats stats{};
        stats.struct_size = sizeof stats;
        MUST(ufo_core_stats_get(core.handle, &stats) == UFO_OK);
        MUST(stats.used_bytes <= stats.budget_bytes && stats.peak_bytes <= core.most_budget, "%zu %zu", static_cast<std::size_t>(stats.used_bytes),
             static_cast<std::size_t>(stats.peak_bytes));
    }

    void set_budget()
    {
        if (cores_.empty())
            return;
        OpenCore &core = *cores_[in_.up_to(cores_.size() - 1)];
        const std::size_t bytes = in_.up_to(8 * 1024) * KiB + 1;
        if (ufo_core_set_budget(core.handle, bytes) != UFO_OK)
            return;
        core.most_budget = std::max(core.most_budget, bytes);
        shrunk_ = true;
    }
    void fail_callbacks()
    {
        Array *array = any();
        if (!array || !array->model.source)
            return;
        array->model.source->failing = !array->model.source->failing;
        array->core->troubled = true;
    }

    void close_array()
    {
        if (arrays_.empty())
            return;
        const auto which = arrays_.begin() + static_cast<std::ptrdiff_t>(in_.up_to(arrays_.size() - 1));
        ufo *const handle = (*which)->handle;
        ufo_free(handle);
        ufo_free(handle); // refused
        std::uint8_t byte = 0;
        MUST(ufo_read(handle, 0, 1, &byte) == UFO_ERR_CLOSED);
        for (const Pin &pin : (*which)->pins)
            MUST(ufo_unpin(handle, pin.first, pin.count) == UFO_OK, "%s", ufo_last_error());
        arrays_.erase(which);
    }

    void nonsense()
    {
        Array *array = any();
        ufo *const region = array && in_.one_in(2) ? array->handle : nullptr;
        MUST(ufo_read(region, 0, 1, nullptr) != UFO_OK);
        MUST(ufo_write(region, 0, 1, nullptr) != UFO_OK);
        MUST(ufo_touch(nullptr, 0, 1) != UFO_OK && ufo_data(nullptr) == nullptr && ufo_count(nullptr) == 0);
        MUST(ufo_stats_get(region, nullptr) != UFO_OK);
        MUST(ufo_config_set_elements(nullptr, 1, 1) != UFO_OK);
        MUST(ufo_new(cores_.empty() ? nullptr : cores_[0]->handle, nullptr) == nullptr);
        ufo_free(nullptr);
        ufo_core_free(nullptr);
        ufo_config_free(nullptr);
        ufo_config *config = ufo_config_new();
        (void)ufo_config_set_file(config, in_.line(40).c_str(), in_.number<std::uint64_t>(), in_.byte());
        (void)ufo_config_set_delivery(config, in_.byte());
        (void)ufo_config_set_sequence_real(config, in_.number<double>(), in_.number<double>());
        (void)ufo_config_set_address(config, reinterpret_cast<void *>(in_.number<std::uintptr_t>()));
        ufo_config_free(config);
        ufo_config_free(config); // refused
        MUST(*ufo_status_string(in_.number<std::int32_t>()) != '\0');
    }

    Input in_;
    std::vector<std::unique_ptr<OpenCore>> cores_;
    std::vector<std::unique_ptr<Array>> arrays_;
    bool shrunk_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static const bool ready = (install_guard(), true);
    (void)ready;
    Program(data, size).run();
    return 0;
}
