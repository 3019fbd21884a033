/* SPDX-License-Identifier: MIT */
/* A source in C, for Test130Native: addresses of its functions, and what they were called for. */
#include <jni.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

static _Atomic(int) frees;

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    int64_t *elements = out;
    if (first > 1 << 20)
        return 17;
    for (size_t i = 0; i < count; i++)
        elements[i] = (int64_t)(intptr_t)user_data * (int64_t)(first + i);
    return 0;
}

static void release(void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&frees, 1);
}

JNIEXPORT jlong JNICALL Java_Test130Native_populate(JNIEnv *env, jclass test)
{
    (void)env, (void)test;
    return (jlong)(intptr_t)populate;
}

JNIEXPORT jlong JNICALL Java_Test130Native_release(JNIEnv *env, jclass test)
{
    (void)env, (void)test;
    return (jlong)(intptr_t)release;
}

JNIEXPORT jint JNICALL Java_Test130Native_frees(JNIEnv *env, jclass test)
{
    (void)env, (void)test;
    return atomic_load(&frees);
}
