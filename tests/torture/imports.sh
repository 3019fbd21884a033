#!/bin/sh
# Whether torture can make everything fail that the library calls and that can fail: imports.sh LIBRARY PROGRAM
# What the library imports from the C library is in the program, in front of the C library's own, or it is named here.
set -eu
library=$1 program=$2

# No system call is in it, or none that fails but for wrong arguments or a full counter.
cannot_fail='
__errno_location __isoc99_sscanf __isoc23_sscanf __sched_cpucount __stack_chk_fail fma memchr memcmp memcpy memmove memset snprintf strcmp strerror
strerrordesc_np strlen strnlen strstr vsnprintf __memcpy_chk __memset_chk __snprintf_chk __vsnprintf_chk
clock_gettime eventfd_write getenv getpid gettid sched_getcpu sched_yield shutdown sysconf uname
pthread_attr_destroy pthread_attr_getstacksize pthread_attr_setstack pthread_detach pthread_join pthread_mutex_lock pthread_mutex_unlock
pthread_self pthread_setcancelstate pthread_setname_np pthread_sigmask sigaddset sigdelset sigemptyset sigfillset sigismember sigpending sigtimedwait'
# The descriptor is closed, whatever is said.
nobody_asks='close fclose'
# When the library is loaded, before anything can be told to fail.
before_main='__cxa_finalize __register_atfork'

names() { awk '{ sub("@.*", "", $NF); print $NF }' | sort -u; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
nm -D --undefined-only "$library" | grep '@GLIBC_' | names >"$folder/imported"
[ -s "$folder/imported" ] || { echo "$library imports nothing from the C library"; exit 1; }
{
    nm -D --defined-only "$program" | names
    printf '%s\n' $cannot_fail $nobody_asks $before_main
} | sort -u >"$folder/known"
missing=$(comm -23 "$folder/imported" "$folder/known")
if [ -n "$missing" ]; then
    echo "the library calls what torture cannot make fail; put it into inject/, or say in this file why it cannot fail:"
    echo "$missing"
    exit 1
fi
echo "$(comm -12 "$folder/imported" "$folder/known" | wc -l) functions of the C library"
