// SPDX-License-Identifier: MIT
#include "readahead.hpp"

#include <algorithm>

namespace ufomem {
namespace {

std::ptrdiff_t distance(std::size_t from, std::size_t to) { return static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(from); }

/// The way from one chunk to another in the direction of a step, in chunks.  (To multiply by the step could be too much: steps may be as wide as the array.)
std::ptrdiff_t along(std::ptrdiff_t step, std::size_t from, std::size_t to) { return step < 0 ? distance(to, from) : distance(from, to); }

} // namespace

/// Whether a chunk lies before the stream, at most one step beyond its window.
bool Readahead::reaches(const Stream &stream, std::size_t chunk)
{
    const std::ptrdiff_t width = stream.step < 0 ? -stream.step : stream.step;
    const std::ptrdiff_t ahead = along(stream.step, stream.last, chunk);
    return ahead > 0 && (ahead - 1) / width <= static_cast<std::ptrdiff_t>(stream.window);
}

/// Whether a miss is the next one of a stream: somewhere in what was asked for ahead, or right behind that.
bool Readahead::follows(const Stream &stream, std::size_t chunk, const Limits &limits)
{
    const std::ptrdiff_t ahead = distance(stream.last, chunk);
    if (stream.step == 0 || ahead == 0)
        return false;
    if (stream.step == 1 || stream.step == -1) {
        const std::size_t beyond = stream.window < limits.extent ? 1 : limits.extent; // extents end where they end
        const std::ptrdiff_t reach = along(stream.step, stream.last, stream.until) + static_cast<std::ptrdiff_t>(beyond);
        return stream.step * ahead > 0 && stream.step * ahead <= std::max<std::ptrdiff_t>(reach, 1);
    }
    return ahead % stream.step == 0 && reaches(stream, chunk);
}

Readahead::Stream *Readahead::find(pid_t thread, std::size_t chunk, const Limits &limits)
{
    for (Stream &stream : streams_)
        if (stream.thread == thread && follows(stream, chunk, limits))
            return &stream;
    return nullptr;
}

/// A miss between those of a stream with a narrow step: the thread walks through everything after all.  What was in memory already looked like the step, and would be filled
/// ahead in steps from then on, and missed in steps.
Readahead::Stream *Readahead::close_up(pid_t thread, std::size_t chunk, const Limits &limits)
{
    constexpr std::ptrdiff_t narrow = 4;
    for (Stream &stream : streams_) {
        const std::ptrdiff_t width = stream.step < 0 ? -stream.step : stream.step;
        if (stream.thread != thread || stream.runs == 0 || width < 2 || width > narrow || !reaches(stream, chunk))
            continue;
        stream.step /= width;
        stream.until = chunk;
        stream.window = std::min(stream.window, limits.extent);
        return &stream;
    }
    return nullptr;
}

/// A miss that follows nothing: its distance from one such before may be the step of a stream, if it is seen again.
Readahead::Stream &Readahead::begin(pid_t thread, std::size_t chunk)
{
    Stream *newest = nullptr;
    Stream *oldest_young = nullptr;
    Stream *oldest = &streams_[0];
    std::size_t young = 0;
    for (Stream &stream : streams_) {
        if (stream.used < oldest->used)
            oldest = &stream;
        if (stream.runs != 0)
            continue;
        ++young;
        if (!oldest_young || stream.used < oldest_young->used)
            oldest_young = &stream;
        if (stream.thread != thread)
            continue;
        const std::ptrdiff_t step = distance(stream.last, chunk);
        if (step == 1 || step == -1) {
            stream.step = step;
            stream.last = stream.until = chunk;
            return stream;
        }
        if (!newest || stream.used > newest->used)
            newest = &stream;
    }
    // Single misses only push each other out, and not the streams.
    const std::ptrdiff_t step = newest ? distance(newest->last, chunk) : 0;
    Stream &place = young > most_young ? *oldest_young : *oldest;
    place = {};
    place.thread = thread;
    place.last = chunk;
    place.step = step;
    return place;
}

Readahead::Plan Readahead::advance(Stream &stream, std::size_t chunk, const Limits &limits)
{
    const bool neighbours = stream.step == 1 || stream.step == -1;
    // A miss at the end means that all of the window was used, and was too short.  It begins small.
    const bool at_the_end = stream.window == 0 || along(stream.step, stream.until, chunk) >= 0;
    if (at_the_end)
        stream.window = std::max<std::size_t>(2 * stream.window, 1);
    // Who keeps missing right behind is faster than what is filled for him.
    constexpr std::size_t enough = 3;
    stream.close = neighbours && along(stream.step, stream.last, chunk) <= static_cast<std::ptrdiff_t>(enough) ? stream.close + 1 : 0;
    if (stream.close >= enough)
        stream.window = std::max(stream.window, limits.extent);
    stream.window = std::min(stream.window, limits.most_window);
    ++stream.runs;
    stream.last = chunk;

    const std::ptrdiff_t from = at_the_end ? distance(0, chunk) + stream.step : distance(0, stream.until);
    const std::ptrdiff_t last = distance(0, chunk) + stream.step * static_cast<std::ptrdiff_t>(stream.window);
    const std::ptrdiff_t end = distance(0, limits.chunks);
    Plan plan;
    plan.sequential = neighbours && stream.window >= std::min(limits.extent, limits.most_window);
    stream.expects_stores = stream.expects_stores && along(stream.step, chunk, stream.stores_until) > 0;
    plan.stores = stream.expects_stores;
    plan.step = stream.step;
    stream.until = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(from, 0, end));
    if (from < 0 || from >= end || (stream.step < 0 ? last > from : last < from))
        return plan;
    plan.first = static_cast<std::size_t>(from);
    plan.count = static_cast<std::size_t>((last - from) / stream.step + 1);
    const std::size_t room = static_cast<std::size_t>(stream.step > 0 ? (end - 1 - from) / stream.step + 1 : from / -stream.step + 1);
    plan.count = std::min(plan.count, room);
    stream.until = static_cast<std::size_t>(std::max<std::ptrdiff_t>(from + stream.step * static_cast<std::ptrdiff_t>(plan.count), 0));
    return plan;
}

/// Stores in a row, at the pace of a stream of neighbours, make the coming ones expected.  As those are not noticed, the belief is good for a while,
/// and then has to be earned again.
void Readahead::note_store(pid_t thread, std::size_t chunk, const Limits &limits)
{
    constexpr std::size_t enough = 4;
    for (Stream &stream : streams_) {
        const bool neighbours = stream.step == 1 || stream.step == -1;
        if (stream.thread != thread || !neighbours || stream.runs == 0 || along(stream.step, chunk, stream.until) < 0)
            continue;
        stream.stores = stream.stores != 0 && distance(stream.stored, chunk) == stream.step ? stream.stores + 1 : 1;
        stream.stored = chunk;
        if (stream.stores < std::min(enough, std::max<std::size_t>(limits.extent, 2)))
            return;
        stream.expects_stores = true;
        const std::size_t good_for = std::max(64 * limits.extent, 4 * stream.window);
        const std::ptrdiff_t end = distance(0, stream.until) + stream.step * static_cast<std::ptrdiff_t>(good_for);
        stream.stores_until = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(end, 0, distance(0, limits.chunks)));
        return;
    }
}

bool Readahead::is_ahead(std::size_t chunk) const
{
    return std::any_of(streams_.begin(), streams_.end(), [&](const Stream &stream) {
        return stream.runs != 0 && along(stream.step, stream.last, chunk) > 0 && along(stream.step, chunk, stream.until) > 0;
    });
}

bool Readahead::in_use(std::size_t first, std::size_t count, const Limits &limits) const
{
    return std::any_of(streams_.begin(), streams_.end(), [&](const Stream &stream) {
        if (stream.runs == 0)
            return false;
        // Extents end where they end, and who goes on looks back a little.
        const std::size_t begin = std::min(stream.last, stream.until);
        const std::size_t end = std::max(stream.last, stream.until) + limits.extent;
        return first < end && begin < first + count + limits.extent;
    });
}

/// Random misses fall into the window of a stream by chance, but not often enough.
void Readahead::spend(const Stream *earner)
{
    constexpr int earned = 8;
    constexpr int most = 64;
    for (Stream &stream : streams_) {
        if (&stream == earner)
            stream.credit = std::min(most, stream.credit + earned);
        else if (stream.runs != 0 && --stream.credit < 0)
            stream = {};
    }
}

Readahead::Plan Readahead::note(pid_t thread, std::size_t chunk, const Limits &limits)
{
    if (limits.most_window == 0)
        return {};
    Stream *stream = find(thread, chunk, limits);
    if (!stream)
        stream = close_up(thread, chunk, limits);
    const bool begins = !stream;
    if (begins)
        stream = &begin(thread, chunk);
    stream->used = ++clock_;
    spend(stream);
    if (begins && !limits.ascending)
        return {};
    if (begins) {
        stream->step = 1;
        stream->window = limits.most_window;
        stream->until = chunk;
    }
    return advance(*stream, chunk, limits);
}

} // namespace ufomem
