/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <fcntl.h>
#include <sys/mman.h>

size_t resident_bytes(const volatile void *start, size_t length)
{
    size_t page = page_size();
    uintptr_t begin = (uintptr_t)start & ~(page - 1);
    uintptr_t end = ((uintptr_t)start + length + page - 1) & ~(page - 1);
    size_t resident = 0;
    unsigned char present[4096];
    while (begin < end) {
        size_t step = end - begin < sizeof present * page ? end - begin : sizeof present * page;
        if (mincore((void *)begin, step, present) != 0)
            return (size_t)-1;
        for (size_t i = 0; i < step / page; i++)
            resident += (present[i] & 1) ? page : 0;
        begin += step;
    }
    return resident;
}

/* No stdio: the samplers run beside the threads whose memory they measure. */
static size_t status_number(const char *name)
{
    char text[8192];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    const char *field = strstr(text, name);
    return field ? (size_t)strtoull(field + strlen(name), NULL, 10) : 0;
}

static size_t status_bytes(const char *name) { return status_number(name) * KIB; }

size_t process_resident(void) { return status_bytes("RssAnon:") + status_bytes("RssShmem:"); }

size_t process_threads(void) { return status_number("Threads:"); }

size_t process_rss(void) { return status_bytes("VmRSS:"); }

size_t process_peak(void) { return status_bytes("VmHWM:"); }

bool process_peak_reset(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, "5", 1) == 1;
    close(fd);
    return done;
}

/*
 * Far below everything else, as the kernel puts a mapping into the highest gap that is large enough: what a test unmaps, and the library has not mapped again yet, would be
 * just right for one of the sanitizers' own, or of another thread's malloc.
 */
void *place_apart(void)
{
    static uintptr_t next = UINT64_C(0x7ea000000000); /* where ThreadSanitizer has memory of programs */
    return (void *)(next += 64 * MIB);
}
