// SPDX-License-Identifier: MIT
#include "sequence.hpp"

#include <algorithm>
#include <cmath>

// The loops here are the speed of a scan: they are written so that compilers vectorise them.

namespace ufomem {
namespace {

/// Chunks are whole pages, and the element sizes that are allowed divide a page: what is loaded always begins and ends between elements.
ElementRange whole_elements(const Geometry &geometry, ByteRange data)
{
    return {data.offset / geometry.element_size(), data.length / geometry.element_size()};
}

/// Unsigned arithmetic wraps around; the low bits do not depend on the width that it is done in.
template <class Element> void fill(ElementRange elements, std::int64_t from, std::int64_t step, std::byte *out)
{
    auto *const element = reinterpret_cast<Element *>(out);
    const auto first = static_cast<std::uint64_t>(from) + elements.first * static_cast<std::uint64_t>(step);
    const auto difference = static_cast<Element>(step);
    auto value = static_cast<Element>(first);
    for (std::size_t i = 0; i < elements.count; ++i) {
        element[i] = value;
        value = static_cast<Element>(value + difference);
    }
}

/// Indices are exact as doubles: an array has fewer than 2^53 elements.
template <class Element> [[gnu::always_inline]] inline void fill_real(ElementRange elements, double from, double step, std::byte *out)
{
    auto *element = reinterpret_cast<Element *>(out);
    while (elements.count != 0) {
        const int count = static_cast<int>(std::min<std::size_t>(elements.count, 1U << 20)); // vectors convert 32-bit integers
        const auto first = static_cast<double>(elements.first);
        for (int i = 0; i < count; ++i)
            element[i] = static_cast<Element>(std::fma(first + i, step, from));
        element += count;
        elements.first += static_cast<std::size_t>(count);
        elements.count -= static_cast<std::size_t>(count);
    }
}

[[gnu::always_inline]] inline void fill_any_real(std::size_t element_size, ElementRange elements, double from, double step, std::byte *out)
{
    if (element_size == sizeof(float))
        fill_real<float>(elements, from, step, out);
    else
        fill_real<double>(elements, from, step, out);
}

#ifdef __x86_64__
// Without these instructions fma() is a call for each element.
[[gnu::target("avx2,fma")]] void fill_with_fma(std::size_t element_size, ElementRange elements, double from, double step, std::byte *out)
{
    fill_any_real(element_size, elements, from, step, out);
}
#endif

} // namespace

Status IntSequence::check(std::size_t element_size)
{
    if (element_size == 1 || element_size == 2 || element_size == 4 || element_size == 8)
        return {};
    return fail(Code::invalid, "a sequence of integers has elements of 1, 2, 4 or 8 bytes, not of %zu; correct ufo_config_set_elements", element_size);
}

Status IntSequence::load(const Geometry &geometry, ByteRange data, std::byte *out)
{
    const ElementRange elements = whole_elements(geometry, data);
    switch (geometry.element_size()) {
    case 1:
        fill<std::uint8_t>(elements, from_, step_, out);
        break;
    case 2:
        fill<std::uint16_t>(elements, from_, step_, out);
        break;
    case 4:
        fill<std::uint32_t>(elements, from_, step_, out);
        break;
    default:
        fill<std::uint64_t>(elements, from_, step_, out);
        break;
    }
    return {};
}

Status RealSequence::check(std::size_t element_size)
{
    if (element_size == sizeof(float) || element_size == sizeof(double))
        return {};
    return fail(Code::invalid, "a sequence of reals has elements of 4 bytes (float) or 8 (double), not of %zu; correct ufo_config_set_elements", element_size);
}

Status RealSequence::load(const Geometry &geometry, ByteRange data, std::byte *out)
{
    const ElementRange elements = whole_elements(geometry, data);
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        fill_with_fma(geometry.element_size(), elements, from_, step_, out);
        return {};
    }
#endif
    fill_any_real(geometry.element_size(), elements, from_, step_, out);
    return {};
}

} // namespace ufomem
