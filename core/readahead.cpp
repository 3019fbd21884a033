// SPDX-License-Identifier: MIT
#include "readahead.hpp"

#include <algorithm>

namespace ufomem {
namespace {

std::ptrdiff_t distance(std::size_t from, std::size_t to) { return static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(from); }

} // namespace

/// Whether a miss is the next one of a stream: somewhere in what was asked for ahead, or right behind that.
bool Readahead::follows(const Stream &stream, std::size_t chunk, const Limits &limits)
{
    const std::ptrdiff_t ahead = distance(stream.last, chunk);
    if (stream.step == 0 || ahead == 0)
        return false;
    if (stream.step == 1 || stream.step == -1) {
        const std::ptrdiff_t reach = stream.step * distance(stream.last, stream.until) + static_cast<std::ptrdiff_t>(limits.extent);
        return stream.step * ahead > 0 && stream.step * ahead <= std::max<std::ptrdiff_t>(reach, 1);
    }
    return ahead % stream.step == 0 && ahead / stream.step > 0 && ahead / stream.step <= static_cast<std::ptrdiff_t>(stream.window) + 1;
}

Readahead::Stream *Readahead::find(pid_t thread, std::size_t chunk, const Limits &limits)
{
    for (Stream &stream : streams_)
        if (stream.thread == thread && follows(stream, chunk, limits))
            return &stream;
    return nullptr;
}

/// A miss that follows nothing: a neighbour of one such before makes a stream at once, a step only if it is seen twice.
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
            stream.until = chunk;
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
    // A miss at the end means that all of the window was used, and was too short.
    const bool at_the_end = stream.window == 0 || stream.step * distance(stream.until, chunk) >= 0;
    if (at_the_end)
        stream.window = std::min(limits.most_window, std::max<std::size_t>(neighbours ? limits.extent : 1, 2 * stream.window));
    ++stream.runs;
    stream.last = chunk;

    const std::ptrdiff_t from = at_the_end ? distance(0, chunk) + stream.step : distance(0, stream.until);
    const std::ptrdiff_t last = distance(0, chunk) + stream.step * static_cast<std::ptrdiff_t>(stream.window);
    const std::ptrdiff_t end = distance(0, limits.chunks);
    Plan plan;
    plan.sequential = neighbours;
    plan.step = stream.step;
    stream.until = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(from, 0, end));
    if (from < 0 || from >= end || stream.step * (last - from) < 0)
        return plan;
    plan.first = static_cast<std::size_t>(from);
    plan.count = static_cast<std::size_t>((last - from) / stream.step + 1);
    const std::size_t room = static_cast<std::size_t>(stream.step > 0 ? (end - 1 - from) / stream.step + 1 : from / -stream.step + 1);
    plan.count = std::min(plan.count, room);
    stream.until = static_cast<std::size_t>(std::max<std::ptrdiff_t>(from + stream.step * static_cast<std::ptrdiff_t>(plan.count), 0));
    return plan;
}

Readahead::Plan Readahead::note(pid_t thread, std::size_t chunk, const Limits &limits)
{
    if (limits.most_window == 0)
        return {};
    Stream *stream = find(thread, chunk, limits);
    const bool begins = !stream;
    if (begins)
        stream = &begin(thread, chunk);
    stream->used = ++clock_;
    const bool neighbours = stream->step == 1 || stream->step == -1;
    return begins && !(neighbours && stream->last != chunk) ? Plan{} : advance(*stream, chunk, limits);
}

} // namespace ufomem
