/* SPDX-License-Identifier: MIT */
#include "support/support.h"

/* Where the guarded access of this thread returns to; NULL outside one. */
static _Thread_local sigjmp_buf *volatile target;

static void on_fault(int signal_number)
{
    if (target)
        siglongjmp(*target, signal_number);
    /* Nobody expected it: the access is made again and ends the program, with a core file that shows where. */
    signal(signal_number, SIG_DFL);
}

void guard_install(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

int guarded_read(const volatile void *address, uint8_t *value)
{
    sigjmp_buf here;
    sigjmp_buf *const outer = target; /* a populate callback may guard as well, inside the access that called it */
    int signal_number = sigsetjmp(here, 1);
    if (signal_number == 0) {
        target = &here;
        *value = *(const volatile uint8_t *)address;
    }
    target = outer;
    return signal_number;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("address"), no_sanitize("thread")))
#endif
int guarded_peek(const volatile void *address)
{
    sigjmp_buf here;
    sigjmp_buf *const outer = target;
    int signal_number = sigsetjmp(here, 1);
    if (signal_number == 0) {
        target = &here;
        (void)*(const volatile uint8_t *)address;
    }
    target = outer;
    return signal_number;
}

int guarded_write(volatile void *address, uint8_t value)
{
    sigjmp_buf here;
    sigjmp_buf *const outer = target;
    int signal_number = sigsetjmp(here, 1);
    if (signal_number == 0) {
        target = &here;
        *(volatile uint8_t *)address = value;
    }
    target = outer;
    return signal_number;
}
