// SPDX-License-Identifier: MIT
// Java over the flat C interface: class org.ufomem.internal.Flat, of static methods.  Objects and addresses are `long`; a status that is no
// success, and a constructor's NULL, throw.  The public classes of package org.ufomem are written by hand over it.

%{
#include "callbacks.hpp"
#include "elements.hpp"
#include "errors.hpp"
%}

%pragma(java) jniclasscode=%{
  static {
    NativeLibrary.load();
    if (ufo_version() != FlatConstants.UFO_VERSION)
      throw new UnsatisfiedLinkError("libufomem-jni.so is of another version than the jar; install both from one release");
  }
%}

// Constants that javac knows.
%include <enumtypeunsafe.swg>
%javaconst(1);

// ---------------------------------------------------------------------------------------------------------------------
// Numbers: 64 bits are `long`, also unsigned ones.
// ---------------------------------------------------------------------------------------------------------------------
%apply long long { size_t, uint64_t };
%apply int { uint32_t };

// ---------------------------------------------------------------------------------------------------------------------
// Objects and addresses
// ---------------------------------------------------------------------------------------------------------------------
%define UFO_ADDRESS(TYPE...)
%typemap(jni) TYPE "jlong"
%typemap(jtype) TYPE "long"
%typemap(jstype) TYPE "long"
%typemap(javain) TYPE "$javainput"
%typemap(javaout) TYPE { return $jnicall; }
%typemap(in) TYPE "$1 = ($1_ltype)(intptr_t)$input;"
%typemap(out) TYPE "$result = (jlong)(intptr_t)$1;"
%enddef

UFO_ADDRESS(void *)
UFO_ADDRESS(const void *)
UFO_ADDRESS(ufo *)
UFO_ADDRESS(const ufo *)
UFO_ADDRESS(ufo_core *)
UFO_ADDRESS(const ufo_core *)
UFO_ADDRESS(ufo_config *)
UFO_ADDRESS(const ufo_config *)
UFO_ADDRESS(ufo_core_config *)
UFO_ADDRESS(const ufo_core_config *)
UFO_ADDRESS(ufo_client *)
UFO_ADDRESS(ufo_server *)
UFO_ADDRESS(const ufo_server *)
UFO_ADDRESS(ufo_server_config *)
UFO_ADDRESS(const ufo_server_config *)

%define UFO_CONSTRUCTOR(TYPE, FUNCTION)
%typemap(out) TYPE *FUNCTION {
    $result = (jlong)(intptr_t)$1;
    if (!$1)
        ufomem::java::throw_failed_constructor(jenv);
}
%enddef

UFO_CONSTRUCTOR(ufo, ufo_new)
UFO_CONSTRUCTOR(ufo_core, ufo_core_new)
UFO_CONSTRUCTOR(ufo_core, ufo_core_default)
UFO_CONSTRUCTOR(ufo_config, ufo_config_new)
UFO_CONSTRUCTOR(ufo_core_config, ufo_core_config_new)
UFO_CONSTRUCTOR(ufo_client, ufo_client_connect)
UFO_CONSTRUCTOR(ufo_server, ufo_server_new)
UFO_CONSTRUCTOR(ufo_server_config, ufo_server_config_new)

// ---------------------------------------------------------------------------------------------------------------------
// Errors: made into an exception within the call, since the sentence belongs to the thread's last failure.
// ---------------------------------------------------------------------------------------------------------------------
%typemap(jni) ufo_status "void"
%typemap(jtype) ufo_status "void"
%typemap(jstype) ufo_status "void"
%typemap(javaout) ufo_status { $jnicall; }
%typemap(out) ufo_status {
    if ($1 != UFO_OK)
        ufomem::java::throw_status(jenv, $1);
}
// Where a status is an argument it is a number.
%typemap(jni) ufo_status status "jint"
%typemap(jtype) ufo_status status "int"
%typemap(jstype) ufo_status status "int"
%typemap(javain) ufo_status status "$javainput"
%typemap(in) ufo_status status "$1 = (ufo_status)$input;"

// ---------------------------------------------------------------------------------------------------------------------
// Paths: bytes, as the system has them; Java's own conversion is to modified UTF-8.
// ---------------------------------------------------------------------------------------------------------------------
%typemap(jni) const char *path "jbyteArray"
%typemap(jtype) const char *path "byte[]"
%typemap(jstype) const char *path "byte[]"
%typemap(javain) const char *path "$javainput"
%typemap(in) const char *path (std::string bytes) {
    if ($input) {
        bytes = ufomem::java::string_of(jenv, $input);
        $1 = (char *)bytes.c_str();
    }
}
%typemap(freearg) const char *path ""

// ---------------------------------------------------------------------------------------------------------------------
// Callbacks: below, by hand.  No log in Java: it may be called on threads that answer faults, and who enters Java waits for the collector.
// ---------------------------------------------------------------------------------------------------------------------
%ignore ufo_core_config_set_log;
%ignore ufo_config_set_populate;
%ignore ufo_config_set_writeback;
// Their failure is an exception already.
%ignore ufo_last_error;
%ignore ufo_last_status;
%ignore ufo_last_callback_code;

// ---------------------------------------------------------------------------------------------------------------------
// Figures, and where chunks' state stands
// ---------------------------------------------------------------------------------------------------------------------
%typemap(javafinalize) SWIGTYPE ""
// What a residency tells of addresses.
UFO_ADDRESS(uint32_t *)
UFO_ADDRESS(unsigned char *)
%immutable;
%ignore ufo_residency::struct_size;
%ignore ufo_residency::owner;
%extend ufo_residency {
    ufo_residency()
    {
        ufo_residency *residency = new ufo_residency();
        residency->struct_size = sizeof *residency;
        return residency;
    }
}
%ignore ufo_stats::struct_size;
%ignore ufo_core_stats::struct_size;
%ignore ufo_server_stats::struct_size;
%extend ufo_stats {
    ufo_stats()
    {
        ufo_stats *stats = new ufo_stats();
        stats->struct_size = sizeof *stats;
        return stats;
    }
}
%extend ufo_core_stats {
    ufo_core_stats()
    {
        ufo_core_stats *stats = new ufo_core_stats();
        stats->struct_size = sizeof *stats;
        return stats;
    }
}
%extend ufo_server_stats {
    ufo_server_stats()
    {
        ufo_server_stats *stats = new ufo_server_stats();
        stats->struct_size = sizeof *stats;
        return stats;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What C has no function for
// ---------------------------------------------------------------------------------------------------------------------
%typemap(in, numinputs=0) JNIEnv *env "$1 = jenv;"

// A function pointer of native code: populate in any thread.
%inline %{
ufo_status set_populate_native(ufo_config *config, void *populate, void *user_data, void *free_fn)
{
    return ufo_config_set_populate(config, (ufo_populate_fn)populate, user_data, (ufo_free_fn)free_fn);
}

ufo_status set_writeback_native(ufo_config *config, void *writeback, void *user_data, void *free_fn)
{
    return ufo_config_set_writeback(config, (ufo_writeback_fn)writeback, user_data, (ufo_free_fn)free_fn);
}
%}

%typemap(jtype) jobject callback "ElementCallback"
%typemap(jstype) jobject callback "ElementCallback"
%typemap(javaout) jobject buffer_over { return $jnicall; }
%typemap(jtype) jobject buffer_over "java.nio.ByteBuffer"
%typemap(jstype) jobject buffer_over "java.nio.ByteBuffer"

%inline %{
ufo_status set_populate(JNIEnv *env, ufo_config *config, jobject callback, jint element_size)
{
    return ufomem::java::set_populate(env, config, callback, element_size);
}

ufo_status set_writeback(JNIEnv *env, ufo_config *config, jobject callback, jint element_size)
{
    return ufomem::java::set_writeback(env, config, callback, element_size);
}

jobject buffer_over(JNIEnv *env, void *address, jlong bytes)
{
    return env->NewDirectByteBuffer(address, bytes);
}
%}

// One element, or a run of them, by type.
%define UFO_ELEMENTS(Name, element, array)
%inline %{
element get_##Name(JNIEnv *env, ufo *region, jlong index) { return ufomem::java::get<element>(env, region, index); }
void set_##Name(JNIEnv *env, ufo *region, jlong index, element value) { ufomem::java::set(env, region, index, value); }
void read_##Name##s(JNIEnv *env, ufo *region, jlong first, array to, jint offset, jint count)
{
    ufomem::java::read<element>(env, region, first, to, offset, count);
}
void write_##Name##s(JNIEnv *env, ufo *region, jlong first, array from, jint offset, jint count)
{
    ufomem::java::write<element>(env, region, first, from, offset, count);
}
%}
%enddef

UFO_ELEMENTS(byte, jbyte, jbyteArray)
UFO_ELEMENTS(int, jint, jintArray)
UFO_ELEMENTS(long, jlong, jlongArray)
UFO_ELEMENTS(float, jfloat, jfloatArray)
UFO_ELEMENTS(double, jdouble, jdoubleArray)
