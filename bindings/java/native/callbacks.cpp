// SPDX-License-Identifier: MIT
#include "callbacks.hpp"

#include <mutex>
#include <vector>

namespace ufomem::java {

namespace {

JavaVM *machine;
jclass callback_class;
jmethodID run_method;

constexpr jint version = JNI_VERSION_10;
/// What the library is told when the callback could not even be called; Java's own codes are positive.
constexpr std::int32_t not_called = -1;

/// The calling thread's environment; null if it is not a thread of Java.
JNIEnv *environment()
{
    void *env = nullptr;
    return machine->GetEnv(&env, version) == JNI_OK ? static_cast<JNIEnv *>(env) : nullptr;
}

/// References whose last user was no thread of Java.  They wait here for one: a thread of the library that attached itself would wait
/// for the garbage collector, which may be waiting for a thread whose fault the library has to answer.
class Orphans {
  public:
    void take(jobject reference)
    {
        const std::lock_guard guard(lock_);
        references_.push_back(reference);
    }

    void release(JNIEnv *env)
    {
        std::vector<jobject> mine;
        {
            const std::lock_guard guard(lock_);
            mine.swap(references_);
        }
        for (jobject reference : mine)
            env->DeleteGlobalRef(reference);
    }

  private:
    std::mutex lock_;
    std::vector<jobject> references_;
};

Orphans &orphans()
{
    static Orphans &all = *new Orphans; // outlives static destructors, as the library's threads do
    return all;
}

struct Callback {
    jobject object;
    jint element_size;
};

std::int32_t run(void *user_data, std::size_t first, std::size_t count, void *memory, bool writeback)
{
    const auto *callback = static_cast<const Callback *>(user_data);
    JNIEnv *env = environment();
    if (!env || env->ExceptionCheck())
        return not_called;
    const auto bytes = static_cast<jlong>(count) * callback->element_size;
    jobject buffer = env->NewDirectByteBuffer(memory, bytes);
    std::int32_t code = not_called;
    if (buffer)
        code = env->CallStaticIntMethod(callback_class, run_method, callback->object, static_cast<jlong>(first), buffer,
                                        static_cast<jboolean>(writeback));
    // Java has caught everything that it could catch; no exception may cross the library's frames.
    if (env->ExceptionCheck()) {
        env->ExceptionClear();
        code = not_called;
    }
    env->DeleteLocalRef(buffer); // one call of the library may mean thousands of callbacks
    return code;
}

std::int32_t populate(void *user_data, std::size_t first, std::size_t count, void *out)
{
    return run(user_data, first, count, out, false);
}

std::int32_t writeback(void *user_data, std::size_t first, std::size_t count, const void *data)
{
    return run(user_data, first, count, const_cast<void *>(data), true); // Java makes the buffer read-only
}

void release(void *user_data)
{
    auto *callback = static_cast<Callback *>(user_data);
    if (JNIEnv *env = environment())
        env->DeleteGlobalRef(callback->object);
    else
        orphans().take(callback->object);
    delete callback;
}

/// Null if there is no memory for the reference.
Callback *hold(JNIEnv *env, jobject object, jint element_size)
{
    orphans().release(env);
    jobject reference = env->NewGlobalRef(object);
    return reference ? new Callback{reference, element_size} : nullptr;
}

} // namespace

bool prepare_callbacks(JNIEnv *env)
{
    if (env->GetJavaVM(&machine) != JNI_OK)
        return false;
    jclass found = env->FindClass("org/ufomem/internal/ElementCallback");
    if (!found)
        return false;
    callback_class = static_cast<jclass>(env->NewGlobalRef(found));
    env->DeleteLocalRef(found);
    if (!callback_class)
        return false;
    run_method = env->GetStaticMethodID(callback_class, "run",
                                        "(Lorg/ufomem/internal/ElementCallback;JLjava/nio/ByteBuffer;Z)I");
    return run_method;
}

ufo_status set_populate(JNIEnv *env, ufo_config *config, jobject object, jint element_size)
{
    Callback *callback = hold(env, object, element_size);
    if (!callback)
        return UFO_ERR_NOMEM;
    if (ufo_status status = ufo_config_set_populate(config, populate, callback, release); status != UFO_OK)
        return status;
    return ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER);
}

ufo_status set_writeback(JNIEnv *env, ufo_config *config, jobject object, jint element_size)
{
    Callback *callback = hold(env, object, element_size);
    return callback ? ufo_config_set_writeback(config, writeback, callback, release) : UFO_ERR_NOMEM;
}

} // namespace ufomem::java
