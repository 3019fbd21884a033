// SPDX-License-Identifier: MIT
// Elements to and from Java, one or many.  Callbacks may run inside: no array of Java is held on to while the library is called.
#pragma once

#include "errors.hpp"

#include <algorithm>
#include <cstddef>
#include <jni.h>
#include <ufomem/ufo.h>

namespace ufomem::java {

template <class Element> Element get(JNIEnv *env, ufo *region, jlong index)
{
    Element value{};
    if (ufo_status status = ufo_read(region, static_cast<std::size_t>(index), 1, &value); status != UFO_OK)
        throw_status(env, status);
    return value;
}

template <class Element> void set(JNIEnv *env, ufo *region, jlong index, Element value)
{
    if (ufo_status status = ufo_write(region, static_cast<std::size_t>(index), 1, &value); status != UFO_OK)
        throw_status(env, status);
}

// clang-format off
inline void copy_out(JNIEnv *e, jbyteArray to, jint at, jint n, const jbyte *from) { e->SetByteArrayRegion(to, at, n, from); }
inline void copy_out(JNIEnv *e, jintArray to, jint at, jint n, const jint *from) { e->SetIntArrayRegion(to, at, n, from); }
inline void copy_out(JNIEnv *e, jlongArray to, jint at, jint n, const jlong *from) { e->SetLongArrayRegion(to, at, n, from); }
inline void copy_out(JNIEnv *e, jfloatArray to, jint at, jint n, const jfloat *from) { e->SetFloatArrayRegion(to, at, n, from); }
inline void copy_out(JNIEnv *e, jdoubleArray to, jint at, jint n, const jdouble *from) { e->SetDoubleArrayRegion(to, at, n, from); }
inline void copy_in(JNIEnv *e, jbyteArray from, jint at, jint n, jbyte *to) { e->GetByteArrayRegion(from, at, n, to); }
inline void copy_in(JNIEnv *e, jintArray from, jint at, jint n, jint *to) { e->GetIntArrayRegion(from, at, n, to); }
inline void copy_in(JNIEnv *e, jlongArray from, jint at, jint n, jlong *to) { e->GetLongArrayRegion(from, at, n, to); }
inline void copy_in(JNIEnv *e, jfloatArray from, jint at, jint n, jfloat *to) { e->GetFloatArrayRegion(from, at, n, to); }
inline void copy_in(JNIEnv *e, jdoubleArray from, jint at, jint n, jdouble *to) { e->GetDoubleArrayRegion(from, at, n, to); }
// clang-format on

/// Elements in between, small enough to stay in the first-level cache.
template <class Element> struct Scratch {
    static constexpr jint count = 16 * 1024 / sizeof(Element);
    Element elements[count];
};

/// Calls `move(index, offset, n, scratch)` for pieces of the range until one is not UFO_OK, which is thrown, or has thrown by itself.
template <class Element, class Move> void in_pieces(JNIEnv *env, jlong first, jint offset, jint count, Move move)
{
    Scratch<Element> scratch;
    while (count > 0) {
        const jint n = std::min(count, scratch.count);
        if (ufo_status status = move(static_cast<std::size_t>(first), offset, n, scratch.elements); status != UFO_OK)
            throw_status(env, status);
        if (env->ExceptionCheck())
            return;
        first += n;
        offset += n;
        count -= n;
    }
}

template <class Element, class Array>
void read(JNIEnv *env, ufo *region, jlong first, Array to, jint offset, jint count)
{
    // All at once: neighbours then come by one request to the source.
    if (ufo_status status = ufo_touch(region, static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        status != UFO_OK)
        return throw_status(env, status);
    in_pieces<Element>(env, first, offset, count, [&](std::size_t index, jint at, jint n, Element *scratch) {
        const ufo_status status = ufo_read(region, index, static_cast<std::size_t>(n), scratch);
        if (status == UFO_OK)
            copy_out(env, to, at, n, scratch);
        return status;
    });
}

template <class Element, class Array>
void write(JNIEnv *env, ufo *region, jlong first, Array from, jint offset, jint count)
{
    in_pieces<Element>(env, first, offset, count, [&](std::size_t index, jint at, jint n, Element *scratch) {
        copy_in(env, from, at, n, scratch);
        return env->ExceptionCheck() ? UFO_OK : ufo_write(region, index, static_cast<std::size_t>(n), scratch);
    });
}

} // namespace ufomem::java
