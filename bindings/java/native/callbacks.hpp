// SPDX-License-Identifier: MIT
// Callbacks from the library into Java.
//
// Regions with a Java callback have the policy UFO_POPULATE_CALLER: the library calls only on a thread that is inside one of its own calls,
// which is a thread of Java.  The object that stands for the callback is held by a global reference until the library's free_fn.
#pragma once

#include <jni.h>
#include <ufomem/ufo.h>

namespace ufomem::java {

/// Looks up what calling takes; called when the library is loaded.  @return whether all was found, else an exception is pending
bool prepare_callbacks(JNIEnv *env);

/// `callback`: an org.ufomem.internal.ElementCallback; `element_size` in bytes, as in the config.
ufo_status set_populate(JNIEnv *env, ufo_config *config, jobject callback, jint element_size);
ufo_status set_writeback(JNIEnv *env, ufo_config *config, jobject callback, jint element_size);

} // namespace ufomem::java
