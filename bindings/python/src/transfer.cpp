// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include "call.hpp"

#include <algorithm>

namespace ufomem::python {

namespace {

/// Up to here a copy with the GIL costs less than giving the GIL away.
constexpr Py_ssize_t short_copy = 16 << 10; // bytes
/// After so much Python may handle signals.
constexpr Py_ssize_t long_copy = 32 << 20; // bytes

/// What is copied at once: neighbours in memory.
struct Run {
    Py_ssize_t first, count;
};

/// The runs of a selection, one after the other; stops when `visit` returns false.
template <class Visit> bool for_each_run(const Selection &selection, Visit visit) noexcept
{
    const Selection::Axis &inner = selection.inner;
    const bool adjacent = inner.step == 1 || inner.count == 1;
    if (adjacent && selection.outer.step == inner.count) // also where there is nothing between one row and the next
        return visit(Run{selection.base, selection.count()});
    for (Py_ssize_t i = 0; i < selection.outer.count; i++) {
        const Py_ssize_t base = selection.base + i * selection.outer.step;
        if (adjacent) {
            if (!visit(Run{base, inner.count}))
                return false;
        } else {
            for (Py_ssize_t j = 0; j < inner.count; j++)
                if (!visit(Run{base + j * inner.step, 1}))
                    return false;
        }
    }
    return true;
}

/// The runs cut into pieces of at most `most` elements, by calls without the GIL.  transfer(run, done): a status.
template <class Transfer>
bool by_calls(Array *array, const Selection &selection, Py_ssize_t most, Transfer transfer) noexcept
{
    Call call(array);
    ufo_status status = UFO_OK;
    Py_ssize_t done = 0, bytes = 0;
    for_each_run(selection, [&](Run run) {
        for (Py_ssize_t in_run = 0; in_run < run.count;) {
            const Run piece{run.first + in_run, std::min(run.count - in_run, most)};
            status = transfer(piece, done);
            if (status != UFO_OK)
                return false;
            in_run += piece.count;
            done += piece.count;
            bytes += piece.count * array->itemsize;
            if (bytes >= long_copy) {
                bytes = 0;
                if (!call.go_on())
                    return false;
            }
        }
        return true;
    });
    return call.finish(status);
}

} // namespace

bool read(Array *array, const Selection &from, void *out) noexcept
{
    if (from.count() == 0)
        return true;
    auto *const bytes = static_cast<unsigned char *>(out);
    const auto size = static_cast<size_t>(array->itemsize);
    if (from.count() <= short_copy / array->itemsize) {
        size_t done = 0;
        if (for_each_run(from, [&](Run run) {
                const size_t length = static_cast<size_t>(run.count) * size;
                const bool resident =
                    array->residency.read(static_cast<size_t>(run.first) * size, length, bytes + done);
                done += length;
                return resident;
            }))
            return true;
    }
    return by_calls(array, from, std::max<Py_ssize_t>(long_copy / array->itemsize, 1), [&](Run run, Py_ssize_t done) {
        const auto first = static_cast<size_t>(run.first), count = static_cast<size_t>(run.count);
        unsigned char *const to = bytes + static_cast<size_t>(done) * size;
        if (run.count == 1 && array->residency.read(first * size, size, to))
            return ufo_status{UFO_OK};
        return ufo_read(array->region, first, count, to);
    });
}

bool write(Array *array, const Selection &to, const void *in, Py_ssize_t period) noexcept
{
    if (to.count() == 0)
        return true;
    const auto *const bytes = static_cast<const unsigned char *>(in);
    const auto size = static_cast<size_t>(array->itemsize);
    const bool repeats = period < to.count();
    if (!repeats && to.count() <= short_copy / array->itemsize) {
        size_t done = 0;
        if (for_each_run(to, [&](Run run) {
                const size_t length = static_cast<size_t>(run.count) * size;
                const bool ready = array->residency.write(static_cast<size_t>(run.first) * size, length, bytes + done);
                done += length;
                return ready;
            }))
            return true;
    }
    // Of a block that is repeated any part is like any other.
    const Py_ssize_t most = std::min(period, std::max<Py_ssize_t>(long_copy / array->itemsize, 1));
    return by_calls(array, to, most, [&](Run run, Py_ssize_t done) {
        const auto first = static_cast<size_t>(run.first), count = static_cast<size_t>(run.count);
        const unsigned char *const from = bytes + (repeats ? 0 : static_cast<size_t>(done) * size);
        if (run.count == 1 && array->residency.write(first * size, size, from))
            return ufo_status{UFO_OK};
        return ufo_write(array->region, first, count, from);
    });
}

} // namespace ufomem::python
