// SPDX-License-Identifier: MIT
// A failed call becomes a Java exception that is pending when the call returns.
#pragma once

#include <jni.h>
#include <string>
#include <ufomem/ufo.h>

namespace ufomem::java {

/// Looks up what throwing takes; called when the library is loaded.  @return whether all was found, else an exception is pending
bool prepare_errors(JNIEnv *env);

/// Throws what org.ufomem.internal.Errors makes of the calling thread's last failure.
void throw_status(JNIEnv *env, ufo_status status);

/// The same for a constructor that returned NULL.
void throw_failed_constructor(JNIEnv *env);

/// The bytes of an array.
std::string string_of(JNIEnv *env, jbyteArray bytes);

} // namespace ufomem::java
