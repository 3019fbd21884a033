// SPDX-License-Identifier: MIT
#include "errors.hpp"

#include <cstring>

namespace ufomem::java {

namespace {
jclass errors_class;
jmethodID raise_method;
} // namespace

bool prepare_errors(JNIEnv *env)
{
    jclass found = env->FindClass("org/ufomem/internal/Errors");
    if (!found)
        return false;
    errors_class = static_cast<jclass>(env->NewGlobalRef(found));
    env->DeleteLocalRef(found);
    if (!errors_class)
        return false;
    raise_method = env->GetStaticMethodID(errors_class, "raise", "(I[BI)V");
    return raise_method;
}

void throw_status(JNIEnv *env, ufo_status status)
{
    if (env->ExceptionCheck())
        return;
    // Bytes, for Java to decode: a path in the sentence need not be UTF-8, let alone the JVM's own kind of it.
    const char *sentence = ufo_last_error();
    const auto length = static_cast<jsize>(std::strlen(sentence));
    jbyteArray bytes = env->NewByteArray(length);
    if (!bytes)
        return; // OutOfMemoryError is pending
    env->SetByteArrayRegion(bytes, 0, length, reinterpret_cast<const jbyte *>(sentence));
    env->CallStaticVoidMethod(errors_class, raise_method, jint{status}, bytes, jint{ufo_last_callback_code()});
    env->DeleteLocalRef(bytes);
}

void throw_failed_constructor(JNIEnv *env) { throw_status(env, ufo_last_status()); }

std::string string_of(JNIEnv *env, jbyteArray bytes)
{
    std::string string(static_cast<std::size_t>(env->GetArrayLength(bytes)), '\0');
    env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(string.size()), reinterpret_cast<jbyte *>(string.data()));
    return string;
}

} // namespace ufomem::java
