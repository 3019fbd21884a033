/* SPDX-License-Identifier: MIT */
/*
 * Loads and stores at random places of an array that no machine has the memory for: each place keeps what was stored there, and its
 * neighbour what was computed.
 *
 *     sparse [TEBIBYTES 64] [TOUCHES 5000, or fewer where pages are dear]
 */
#include "scale/scale.h"

enum { BUDGET = 16 * 1024 * 1024 };

int main(int argc, char **argv)
{
    begin_scale(argc);
    ufo_core *core = new_core(BUDGET);
    /* Half of the address space that a process has; a quarter where the library maps everything twice, less beside shadow memory. */
    size_t tebibytes = size_argument(argc, argv, 1, UNDER_SANITIZER ? 1 : uses_protect(core) ? 32 : 64);
    size_t touches = size_argument(argc, argv, 2, rounds_for(5000, 1500));
    size_t count = tebibytes * TIB / 8, chunk = 64 * KIB / 8, chunks = count / chunk;
    ufo *region = mixed_region(core, count, chunk);
    volatile uint64_t *array = ufo_data(region);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < touches; i++) {
            /* One place in each of as many equal parts, so that no two share a chunk. */
            size_t part = chunks / touches, place = (i * part + mixed(i) % part) * chunk + mixed(i) % (chunk - 1);
            uint64_t expected = pass == 0 ? mixed(place) : ~mixed(place);
            if (array[place] != expected || array[place + 1] != mixed(place + 1))
                fail_msg("pass %d, element %zu is %#llx, not %#llx", pass, place, (unsigned long long)array[place],
                         (unsigned long long)expected);
            if (pass == 0)
                array[place] = ~expected;
        }
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    printf("%zu TiB, %zu places, each loaded twice and stored once; %zu MiB resident in all\n", tebibytes, touches,
           process_resident() / MIB);
    ufo_core_free(core);
    return 0;
}
