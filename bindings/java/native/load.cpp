// SPDX-License-Identifier: MIT
// What the JVM calls when it loads the library.
#include "callbacks.hpp"
#include "errors.hpp"

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *machine, void *)
{
    void *env = nullptr;
    if (machine->GetEnv(&env, JNI_VERSION_10) != JNI_OK)
        return JNI_ERR;
    auto *jni = static_cast<JNIEnv *>(env);
    return ufomem::java::prepare_errors(jni) && ufomem::java::prepare_callbacks(jni) ? JNI_VERSION_10 : JNI_ERR;
}
